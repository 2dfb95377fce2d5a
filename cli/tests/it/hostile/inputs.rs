//! Every format that is read: a small sound file, and what makes it unsound.

/// A format.
#[derive(Clone, Copy)]
pub(crate) struct Input {
    /// The name of its file.
    pub(crate) file: &'static str,
    /// A sound file.
    pub(crate) text: &'static str,
    /// The command that reads it and would write below `out`.
    pub(crate) arguments: &'static [&'static str],
    /// Whether it may be compressed.
    pub(crate) is_unpacked: bool,
    /// Where a line of a million columns is put: 1, the first, or 2; 0 where lines of other kinds are
    /// left out, so that only what remains can be refused.
    pub(crate) wide_line: usize,
    /// What stands in the message about a bomb.
    pub(crate) bomb: &'static str,
    /// The requests that it holds, if it is a trace.
    pub(crate) requests: Option<u64>,
    /// What is replaced, by what, and the line that is told.
    pub(crate) hostile: &'static [(&'static str, &'static [u8], u32)],
}

const LIMIT: &str = "--unpack-limit 200GiB";

pub(crate) const INPUTS: [Input; 10] = [
    Input {
        file: "azure.csv",
        text: "HashOwner,HashApp,HashFunction,Trigger,1,2\no,a,f,http,3,2\no,a,g,queue,0,7\n",
        arguments: &trace("azure-functions-2019=azure.csv"),
        is_unpacked: true,
        wide_line: 2,
        bomb: LIMIT,
        requests: Some(12),
        hostile: &[
            ("0,7", b"0,NaN", 3),
            ("0,7", b"0,-7", 3),
            ("0,7", b"0,4294967296", 3),
            ("0,7", b"0,18446744073709551616", 3),
            ("0,7", b"0", 3),
            ("0,7", b"0,7,7", 3),
            ("a,g", b"a,f", 3),
            ("a,g", b"a,\xff\xfe", 3),
            ("a,g", b"a,\0", 3),
            (",1,2", b",2,1", 1),
            ("Trigger,1,2", b"Trigger", 1),
        ],
    },
    Input {
        file: "events.csv",
        text: "app,func,end_timestamp,duration\na,f,10.5,0.25\na,g,11,1\n",
        arguments: &trace("azure-functions-2021=events.csv"),
        is_unpacked: true,
        wide_line: 2,
        bomb: LIMIT,
        requests: Some(2),
        hostile: &[
            ("11,1", b"NaN,1", 3),
            ("11,1", b"inf,1", 3),
            ("11,1", b"11,-1", 3),
            ("11,1", b"11,1e300", 3),
            ("11,1", b"9223372036854775808,1", 3),
            ("a,g", b"a,\xff\xfe", 3),
            ("a,g", b"a", 3),
            ("end_timestamp", b"func", 1),
        ],
    },
    Input {
        file: "resize.csv",
        text: "Timestamp [ms],Invocations, Avg Exec time per Invocation,Provisioned CPU [Mhz],\
            Provisioned Memory [mb], Avg cpu usage per Invocation [Mhz], Avg mem usage per Invocation [mb]\n\
            60000,3,80,100,256,1,1\n120000,2,90,100,256,1,1\n",
        arguments: &trace("opendc=resize.csv"),
        is_unpacked: true,
        wide_line: 2,
        bomb: LIMIT,
        requests: Some(5),
        hostile: &[
            ("120000,2", b"120000,NaN", 3),
            ("120000,2", b"120000,-2", 3),
            ("120000,2", b"120000,4294967296", 3),
            ("120000,2", b"60000,2", 3),
            ("120000,2", b"99999999999999999999,2", 3),
            ("2,90", b"2,-90", 3),
            ("2,90", b"2,\xff", 3),
        ],
    },
    Input {
        file: "requests.csv",
        text: "time_worker,time_frontend,requestID,clusterName,funcName,podID,userID,totalCost_worker,\
            workerCost,runtimeCost,totalCost_frontend\n\
            100,101,aa,1,7,pool22-300-128-01,3,2,0,2,6\n104.5,,bb,1,7,pool22-300-128-01,3,0.5,0,0.5,\n",
        arguments: &trace("huawei-2025=requests.csv"),
        is_unpacked: true,
        wide_line: 2,
        bomb: LIMIT,
        requests: Some(2),
        hostile: &[
            ("104.5", b"NaN", 3),
            ("104.5", b"1e300", 3),
            ("3,0.5", b"3,-0.5", 3),
            ("3,0.5", b"3,1e300", 3),
            ("bb,1,7", b"bb,1,\xff", 3),
            ("bb,1,7", b"bb,1", 3),
        ],
    },
    Input {
        file: "log.csv",
        text: "t,d,f,c\n1,0.5,a,true\n2,0.25,b,false\n",
        arguments: &[
            "simulate",
            "--trace",
            "request-log=log.csv",
            "--set",
            "trace.request-log.time=t",
            "--set",
            "trace.request-log.duration=d",
            "--set",
            "trace.request-log.function=f",
            "--set",
            "trace.request-log.cold=c",
            "--format",
            "json",
        ],
        is_unpacked: true,
        wide_line: 2,
        bomb: "a row of more than 1048576 bytes",
        requests: Some(2),
        hostile: &[
            ("2,0.25", b"NaN,0.25", 3),
            ("2,0.25", b"2,-0.25", 3),
            ("2,0.25", b"2,1e300", 3),
            ("2,0.25", b"-99999999999,0.25", 3),
            ("b,false", b"\xff,false", 3),
            ("b,false", b"b,perhaps", 3),
            ("b,false", b"\"b,false", 3),
            ("t,d", b"t,t", 1),
        ],
    },
    Input {
        file: "inits.csv",
        text: "runtime,init_ms\npython313,90;91;92\npython313,95;96\n",
        arguments: &["calibrate", "inits.csv", "--out", "out"],
        is_unpacked: true,
        wide_line: 2,
        bomb: LIMIT,
        requests: None,
        hostile: &[
            ("95;96", b"95;NaN", 3),
            ("95;96", b"-95", 3),
            ("95;96", b"1e400", 3),
            ("95;96", b"95,96", 3),
        ],
    },
    Input {
        file: "events.json",
        text: "{\"type\":\"platform.report\",\"time\":\"2026-10-02T10:00:00Z\",\"record\":{\"requestId\":\"a\",\
            \"metrics\":{\"durationMs\":5.0,\"initDurationMs\":150.0}}}\n\
            {\"type\":\"platform.report\",\"time\":\"2026-10-02T10:01:00Z\",\"record\":{\"requestId\":\"b\",\
            \"metrics\":{\"durationMs\":6.0,\"initDurationMs\":160.0}}}\n",
        arguments: &["calibrate", "events.json", "--out", "out"],
        is_unpacked: true,
        wide_line: 0,
        bomb: LIMIT,
        requests: None,
        hostile: &[
            ("160.0}}}", b"160.0}}", 2),
            ("6.0", b"NaN", 2),
            ("6.0", b"1e999", 2),
        ],
    },
    Input {
        file: "hello.jsonl",
        text: "{\"schema\":\"frostline/measurement/1\",\"version\":\"0.1.0\",\"target\":{\"kind\":\"runtime-api\",\
            \"label\":\"hello\"},\"seed\":1,\"conditions\":[{\"cache\":\"warm\",\"resources\":\"unlimited\"}]}\n\
            {\"condition\":0,\"run\":0,\"order\":0,\"outcome\":\"ready\",\"phases\":{\"ready_ns\":8000000}}\n\
            {\"condition\":0,\"run\":1,\"order\":1,\"outcome\":\"ready\",\"phases\":{\"ready_ns\":9000000}}\n",
        arguments: &["calibrate", "hello.jsonl", "--out", "out"],
        is_unpacked: true,
        wide_line: 2,
        bomb: "hello.jsonl:",
        requests: None,
        hostile: &[
            ("9000000", b"NaN", 3),
            ("9000000", b"-1", 3),
            ("9000000", b"18446744073709551616", 3),
            ("\"condition\":0,\"run\":1", b"\"condition\":7,\"run\":1", 3),
            ("9000000}}", b"9000000", 3),
            ("\"run\":1", b"\"\xff\":1", 3),
        ],
    },
    Input {
        file: "shop.profile.toml",
        text: "schema = \"frostline/profile/1\"\nname = \"shop\"\nmanaged-runtime = true\n[source]\n\
            title = \"a\"\ndate = \"2026-11-20\"\n[phase.code]\nn = 300\n\
            log-normal = { median = \"400 ms\", p99 = \"900 ms\" }\n",
        arguments: &["calibrate", "--explain", "shop.profile.toml"],
        is_unpacked: true,
        wide_line: 1,
        bomb: "shop.profile.toml:",
        requests: None,
        hostile: &[
            ("400 ms", b"NaN ms", 9),
            ("400 ms", b"-400 ms", 9),
            ("400 ms", b"1e300 s", 9),
            ("400 ms", b"\xff", 9),
            ("n = 300", b"n = -1", 8),
            ("n = 300", b"n = 300\nn = 300", 9),
        ],
    },
    Input {
        file: "shop.toml",
        text: "[run]\nduration = \"1 h\"\n[[function]]\nname = \"f\"\nmemory = \"512 MiB\"\n\
            duration.constant = \"10 ms\"\narrivals.poisson = { rate = \"0.1 /s\" }\n",
        arguments: &["simulate", "shop.toml", "--out", "out", "--format", "json"],
        is_unpacked: false,
        wide_line: 1,
        bomb: "",
        requests: None,
        hostile: &[
            ("0.1 /s", b"NaN /s", 7),
            ("0.1 /s", b"-1 /s", 7),
            ("1 h", b"99999999999 d", 2),
            ("\"f\"", b"\"\xff\"", 4),
            ("512 MiB", b"1e999 MiB", 5),
            (
                "[[function]]\n",
                b"[[function]]\nname = \"f\"\n[[function]]\n",
                6,
            ),
            ("1 h\"", b"1 h", 2),
        ],
    },
];

/// The arguments that simulate over a trace.
const fn trace(of: &'static str) -> [&'static str; 7] {
    [
        "simulate", "--trace", of, "--out", "out", "--format", "json",
    ]
}

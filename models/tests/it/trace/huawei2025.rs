//! The reader of the Huawei Public Cloud Trace 2025.

use frostline_models::arrival::{Arrivals, Recorded};
use frostline_models::init::Phase;
use frostline_models::law::Law;
use frostline_models::trace::huawei2025::{ColdStarts, Kind, Reader};
use frostline_models::trace::{Table, Trace, TraceError};
use frostline_models::units::{Memory, SimDuration, SimTime};
use proptest::prelude::*;

const REQUESTS: &str = "time_worker,time_frontend,requestID,clusterName,funcName,podID,userID,\
    totalCost_worker,workerCost,runtimeCost,totalCost_frontend\n";
const COLD: &str = "day,time,clusterName,funcName,userID,requestID,totalCost_cold_start,\
    podAllocationCost,deployCodeCost,deployDependencyCost,schedulingCost,podID\n";

fn parse(cold: &[&[u8]], requests: &[&[u8]]) -> Result<Trace, TraceError> {
    let mut known = ColdStarts::default();
    for mut lines in cold.iter().copied() {
        known.read(Table {
            name: "cold.csv",
            lines: &mut lines,
        })?;
    }
    let mut reader = Reader::new(known);
    for mut lines in requests.iter().copied() {
        reader.requests(Table {
            name: "requests.csv",
            lines: &mut lines,
        })?;
    }
    reader.finish("folder")
}

fn recorded(trace: &Trace, function: usize) -> &Recorded {
    match &trace.functions[function].arrivals {
        Arrivals::Recorded(recorded) => recorded,
        other => panic!("requests gave {other:?}"),
    }
}

#[test]
fn requests_and_cold_starts_are_joined_by_their_identifiers() {
    let cold = format!(
        "{COLD}30,10.5,1,7,3,aa,2,0.5,0.25,1,0.25,pool22-300-128-01\n\
         30,10.5,1,7,3,aa,4,1.5,0.25,2,0.25,pool22-300-128-02\r\n\
         29,10.5,1,7,3,zz,1,0,0.25,0.5,0.25,pool22-300-128-03\n"
    );
    let one = format!(
        "{REQUESTS}100,101,aa,1,7,pool22-300-128-01,3,2,0,2,6\n\
         104.5,,bb,1,7,pool22-300-128-01,3,0.5,0,0.5,\n"
    );
    let two = format!("{REQUESTS}98,98,cc,1,8,pool9-600-512-01,3,1,0,1,1\n");
    let trace = parse(&[cold.as_bytes()], &[one.as_bytes(), two.as_bytes()]).unwrap();
    let names: Vec<_> = trace.functions.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["7---3---pool22-300-128", "8---3---pool9-600-512"]);
    // The first arrival is at 101 s less 6 s.
    let times = [0, 9_000_000_000].map(SimTime);
    assert_eq!(recorded(&trace, 0).times().to_vec(), times);
    assert_eq!(
        recorded(&trace, 1).times().to_vec(),
        [SimTime(2_000_000_000)]
    );
    let spans = [2_000_000_000, 500_000_000].map(SimDuration);
    assert_eq!(
        recorded(&trace, 0).replayed_durations().unwrap().to_vec(),
        spans
    );
    let flags = recorded(&trace, 0).cold().unwrap();
    assert_eq!((flags.is_cold(0), flags.is_cold(1)), (true, false));
    assert_eq!(trace.functions[0].memory, Some(Memory(128)));
    assert_eq!(trace.functions[1].memory, Some(Memory(512)));
    assert_eq!((trace.requests(), trace.duration.0), (3, 9_500_000_000));

    let quarter = Law::Constant(SimDuration::from_millis(250));
    let law = |values: [u64; 3]| {
        let points = [0.0, 0.5, 1.0]
            .into_iter()
            .zip(values.map(SimDuration::from_millis));
        Law::empirical(&points.collect::<Vec<_>>()).unwrap()
    };
    let expected = [
        (Phase::Placement, law([0, 500, 1_500])),
        (Phase::Network, quarter.clone()),
        (Phase::Fetch, quarter),
        (Phase::Code, law([500, 1_000, 2_000])),
    ];
    assert_eq!(trace.functions[0].init.as_ref().unwrap().phases(), expected);
    assert_eq!(trace.functions[1].init, None);
    assert_eq!(
        trace.assumptions[3..]
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>(),
        [
            "1 of 3 requests have no values of the frontend and arrive at the worker's timestamp less its total cost.",
            "init follows the recorded cold starts: podAllocation is placement, scheduling network, deployCode fetch, deployDependency code; phases are independent.",
            "1 of 2 requests with cold starts are not in the tables of requests; only their phases count.",
            "1 of 2 functions have no recorded cold start and take the init of the function defaults.",
        ]
    );
    let alone = parse(&[], &[two.as_bytes()]).unwrap();
    assert!(recorded(&alone, 0).cold().is_none());
    let last = alone.assumptions.last().unwrap();
    assert!(
        last.starts_with("there is no table of cold starts"),
        "{last}"
    );
}

#[test]
fn malformed_tables_are_refused_with_their_place() {
    let sound = format!("{COLD}30,1,1,7,3,aa,2,0.5,0.25,1,0.25,p-300-128-01\n");
    let row = "1,1,aa,1,7,p-300-128-01,3,2,0,2,6\n";
    for (rows, message) in [
        (
            "1,2\n",
            "requests.csv:2: 2 values in the row, expected 11, one for each column of the header",
        ),
        (
            "1,NaN,aa,1,7,p-300-128-01,3,2,0,2,6\n",
            "requests.csv:2, column 2: found `NaN`, expected a number in s below 2⁶³ ns",
        ),
        (
            "1,1,aa,1,7,p-300-128-01,3,-2,0,2,6\n",
            "requests.csv:2, column 8: found `-2`, expected a duration in s from 0 to 73 years",
        ),
        (
            "1,1,aa,1,7,p-300-128-01,3,2,0,2,\n",
            "requests.csv:2, column 11: found ``, expected a duration in s from 0 to 73 years",
        ),
        (
            "1,-9.2e9,aa,1,7,p-300-128-01,3,2,0,2,1e9\n",
            "requests.csv:2, column 2: found `-9.2e9`, expected a time whose distance from the arrival is below 2⁶³ ns",
        ),
        (
            "1,1,aa,1,7,p-300-128,3,2,0,2,6\n",
            "requests.csv:2, column 6: found `p-300-128`, expected a pod such as pool22-300-128-0000618412",
        ),
        (
            "1,1,,1,7,p-300-128-1,3,2,0,2,6\n",
            "requests.csv:2, column 3: found ``, expected a name of 1 to 1000 bytes without blanks, quotes and slashes",
        ),
        (
            &format!("{row}{row}"),
            "requests.csv:3, column 3: the request `aa` stands here a second time, expected one row a request",
        ),
        (
            "",
            "folder:1: cold starts without requests, which do not say how many were served warm, expected a table of requests (time_worker,time_frontend,requestID,…)",
        ),
    ] {
        let text = format!("{REQUESTS}{rows}");
        let error = parse(&[sound.as_bytes()], &[text.as_bytes()]).expect_err(rows);
        assert_eq!(error.to_string(), message);
    }
    for value in ["-1", "nan", "", "1e99", "inf", "1 s"] {
        let text = format!("{COLD}30,1,1,7,3,aa,2,0.5,0.25,{value},0.25,p-300-128-01\n");
        let error = parse(&[text.as_bytes()], &[]).expect_err(value);
        assert_eq!((error.line, error.column), (2, Some(10)), "{error}");
    }
    let nothing = parse(&[], &[]).expect_err("there is no table").to_string();
    assert!(
        nothing.starts_with("folder:1: no request, expected"),
        "{nothing}"
    );
    let empty = parse(&[b""], &[]).expect_err("it is empty").to_string();
    assert!(empty.starts_with("cold.csv:1: an empty file"), "{empty}");
    assert_eq!(Kind::of_header(REQUESTS), Some(Kind::Requests));
    assert_eq!(Kind::of_header(COLD), Some(Kind::ColdStarts));
    assert_eq!(Kind::of_header("requestID,cost\n"), None);
}

proptest! {
    #[test]
    fn damaged_tables_never_panic(damage in proptest::collection::vec((any::<bool>(), 0_usize..400, any::<u8>()), 0..6)) {
        let mut tables = [
            format!("{COLD}30,1,1,7,3,aa,2,0.5,0.25,1,0.25,p-300-128-01\n").into_bytes(),
            format!("{REQUESTS}1,1,aa,1,7,p-300-128-01,3,2,0,2,6\n").into_bytes(),
        ];
        for (which, place, byte) in damage {
            let text = &mut tables[usize::from(which)];
            let place = place % text.len();
            text[place] = byte;
        }
        if let Ok(trace) = parse(&[&tables[0]], &[&tables[1]]) {
            prop_assert!(trace.requests() >= 1 && trace.duration.0 > 0);
        }
    }
}

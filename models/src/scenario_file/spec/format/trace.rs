//! Recorded arrivals: a table for each format of traces.

use super::super::Kind::{Choice, Count, Table, Text};
use super::super::{Kind, TableSpec, alternative, optional, required};

const PLACEMENT_DOC: &str = "Where in its minute an invocation falls: \"uniform\" (exact order statistics, the default), \"equidistant\" or \"minute-start\".";

static PLACEMENT: Kind = Choice(&["uniform", "equidistant", "minute-start"]);
static TIME_UNIT: Kind = Choice(&["ns", "us", "ms", "s"]);

pub(super) static TRACE: TableSpec = TableSpec {
    name: "trace",
    doc: "Recorded arrivals; the key is the format.",
    example: "trace.azure-functions-2019 = { path = \"azure-functions-2019\" }",
    keys: &[
        alternative(
            "azure-functions-2019",
            &Table(&AZURE_DAYS),
            "Counts a minute of the Azure Functions trace of 2019.",
        ),
        alternative(
            "azure-functions-2021",
            &Table(&TRACE_FILE),
            "Invocations of the Azure Functions trace of 2021.",
        ),
        alternative("opendc", &Table(&TRACE_FILE), "An OpenDC serverless trace."),
        alternative(
            "huawei-2025",
            &Table(&TRACE_FILE),
            "The Huawei Cloud trace of 2025.",
        ),
        alternative(
            "request-log",
            &Table(&REQUEST_LOG),
            "Any table of requests with a column of times.",
        ),
        alternative(
            "frostline",
            &Table(&FROSTLINE),
            "A trace that `frostline trace convert` wrote.",
        ),
    ],
};

static FROSTLINE: TableSpec = TableSpec {
    name: "frostline",
    doc: "Where a converted trace lies; placement and columns were settled when it was converted.",
    example: "{ path = \"day.fltrace\" }",
    keys: &[required(
        "path",
        &Text,
        "The file, relative to the scenario.",
    )],
};

static AZURE_DAYS: TableSpec = TableSpec {
    name: "azure-days",
    doc: "Where the files of the Azure Functions trace of 2019 lie, and which day of them is meant.",
    example: "{ path = \"azure\", day = 3 }",
    keys: &[
        required(
            "path",
            &Text,
            "The folder of the files, or the file of a day's invocations, relative to the scenario.",
        ),
        optional(
            "day",
            &Count(1, 99),
            "The day of a folder with several: 3 for the files with `.d03.` in their names.",
        ),
        optional("placement", &PLACEMENT, PLACEMENT_DOC),
    ],
};

static TRACE_FILE: TableSpec = TableSpec {
    name: "trace-file",
    doc: "Where a trace lies and how it is read.",
    example: "{ path = \"trace\" }",
    keys: &[
        required(
            "path",
            &Text,
            "The trace's file or folder, relative to the scenario.",
        ),
        optional("placement", &PLACEMENT, PLACEMENT_DOC),
    ],
};

static REQUEST_LOG: TableSpec = TableSpec {
    name: "request-log",
    doc: "Where a request log lies and what its columns are.",
    example: "{ path = \"requests.csv\", time = \"timestamp\" }",
    keys: &[
        required("path", &Text, "The log, relative to the scenario."),
        required("time", &Text, "The column with the time of arrival."),
        optional(
            "end",
            &Text,
            "The column with the time of the response. Without `duration`, durations are its difference from `time`.",
        ),
        optional(
            "duration",
            &Text,
            "The column with the duration, without any wait for an instance to start.",
        ),
        optional(
            "function",
            &Text,
            "The column with the function's name; without it all requests are those of one function, `requests`.",
        ),
        optional(
            "cold",
            &Text,
            "The column that says whether the start was cold: true or false, 1 or 0, yes or no, cold or warm. It is compared with the simulation request by request.",
        ),
        optional(
            "time-unit",
            &TIME_UNIT,
            "The unit of times that are plain numbers; \"s\" by default.",
        ),
        optional(
            "duration-unit",
            &TIME_UNIT,
            "The unit of durations; that of times by default.",
        ),
    ],
};

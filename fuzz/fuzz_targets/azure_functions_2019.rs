//! Any bytes are either a trace or an error with its line, never a panic.
#![no_main]

use std::io::Cursor;

use frostline_models::arrival::Placement;
use frostline_models::trace::azure2019::{Table, Tables, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|files: [&[u8]; 3]| {
    let [mut invocations, mut durations, mut memory] = files.map(Cursor::new);
    let tables = Tables {
        invocations: Table {
            name: "invocations.csv",
            lines: &mut invocations,
        },
        durations: Some(Table {
            name: "durations.csv",
            lines: &mut durations,
        }),
        memory: Some(Table {
            name: "memory.csv",
            lines: &mut memory,
        }),
    };
    let _ = read(tables, Placement::Uniform);
});

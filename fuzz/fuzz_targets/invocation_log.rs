//! Any bytes are either a log or an error with its file, never a panic, in whatever format they are
//! said to be.
#![no_main]

use frostline_models::invocation_log::{self, Format};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (kind, mut bytes) = input;
    let format = Format::ALL.get(usize::from(kind)).copied();
    match invocation_log::read("fuzz", &mut bytes, format) {
        Ok(log) => assert!(!log.is_empty()),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});

//! `frostline_fuzz::measurement` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| frostline_fuzz::measurement(bytes));

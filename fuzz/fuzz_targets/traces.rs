//! `frostline_fuzz::traces` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| frostline_fuzz::traces(bytes));

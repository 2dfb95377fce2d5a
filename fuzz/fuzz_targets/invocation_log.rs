//! `frostline_fuzz::invocation_log` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| frostline_fuzz::invocation_log(bytes));

//! `frostline_fuzz::compact_trace` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| frostline_fuzz::compact_trace(bytes));

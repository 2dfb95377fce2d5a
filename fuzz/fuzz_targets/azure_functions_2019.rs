//! `frostline_fuzz::azure_functions_2019` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| frostline_fuzz::azure_functions_2019(bytes));

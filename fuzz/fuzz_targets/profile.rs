//! Any text is either a profile that survives a file or a list of mistakes, never a panic.
#![no_main]

use frostline_models::profile::Profile;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match Profile::parse("fuzz.profile.toml", text) {
        Ok(profile) => assert_eq!(Profile::parse("copy", &profile.to_toml()), Ok(profile)),
        Err(diagnostics) => assert!(!diagnostics.errors.is_empty()),
    }
});

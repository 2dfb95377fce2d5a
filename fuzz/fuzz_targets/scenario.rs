//! Any text is either a scenario or a list of mistakes, never a panic.
#![no_main]

use frostline_models::scenario_file::{NoResources, ScenarioFile};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let settled =
        ScenarioFile::parse("fuzz.toml", text).and_then(|file| file.resolve(&mut NoResources));
    match settled {
        Ok(scenario) => assert!(!scenario.functions.is_empty()),
        Err(diagnostics) => assert!(!diagnostics.errors.is_empty()),
    }
});

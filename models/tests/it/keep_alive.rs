//! Keep-alive presets and maximum ages in scenario files.

use frostline_models::keepalive::KeepAlive;
use frostline_models::law::Law;
use frostline_models::scenario::Scenario;
use frostline_models::scenario_file::{NoResources, ScenarioFile};
use frostline_models::units::SimDuration;

const SOUND: &str = r#"[run]
duration = "1 h"

[platform]
# platform

[[function]]
name = "checkout"
duration.constant = "120 ms"
arrivals.poisson = { rate = "3 /s" }
# function
"#;

fn resolve(text: &str) -> Scenario {
    let file = ScenarioFile::parse("s.toml", text).expect("sound syntax");
    file.resolve(&mut NoResources).expect("a sound scenario")
}

#[test]
fn keep_alive_presets_bring_what_was_measured() {
    let with = |platform: &str, function: &str| {
        let text = SOUND
            .replace("# platform", platform)
            .replace("# function", function);
        resolve(&text)
    };
    let minutes = |count: u64| KeepAlive::Fixed(SimDuration::from_secs(60 * count));
    let platform = with("keep-alive.preset = \"aws-lambda@2019-08\"", "");
    assert_eq!(platform.functions[0].keep_alive, minutes(10));
    assert_eq!(platform.functions[0].maximum_age, None);

    let function = with(
        "keep-alive.preset = \"aws-lambda@2019-08\"",
        "keep-alive.preset = \"azure-functions@2019-08\"",
    );
    assert_eq!(function.functions[0].keep_alive, minutes(20));
    let doubts = |scenario: &Scenario| {
        let sentences = scenario.unverified.iter();
        sentences.filter(|text| text.contains("idle")).count()
    };
    assert_eq!(doubts(&function), 0);
    let unverified = with("", "keep-alive.preset = \"google-cloud-run\"");
    assert_eq!(unverified.functions[0].keep_alive, minutes(15));
    assert_eq!(doubts(&unverified), 1, "{:?}", unverified.unverified);
}

#[test]
fn a_maximum_age_can_be_lifted() {
    let text = SOUND.replace("# platform", "instances.max-age.constant = \"2 h\"");
    let aged = resolve(&text);
    let two_hours = Law::Constant(SimDuration::from_secs(7200));
    assert_eq!(aged.functions[0].maximum_age, Some(two_hours));
    let mut file = ScenarioFile::parse("s.toml", &text).expect("sound syntax");
    file.set("function.checkout.max-age=none").expect("a word");
    let lifted = file.resolve(&mut NoResources).expect("a sound scenario");
    assert_eq!(lifted.functions[0].maximum_age, None);
    file.set("function.checkout.max-age.constant=3 h")
        .expect("a kind in place of the word");
    let again = file.resolve(&mut NoResources).expect("a sound scenario");
    let three_hours = Law::Constant(SimDuration::from_secs(10_800));
    assert_eq!(again.functions[0].maximum_age, Some(three_hours));
}

#[test]
fn an_unknown_preset_is_told_with_all_there_are() {
    let told = |platform: &str| {
        let file = ScenarioFile::parse("s.toml", &SOUND.replace("# platform", platform));
        let told = file.expect("sound syntax").resolve(&mut NoResources);
        told.expect_err("no such preset").to_string()
    };
    let year = told("keep-alive.preset = \"aws-lambda@2019\"");
    assert!(year.contains("there is no keep-alive preset `aws-lambda@2019`"));
    assert!(year.contains("did you mean \"aws-lambda@2019-06\"?"));
    assert!(year.contains("`azure-functions@2021-01`") && year.contains("`openwhisk@1fae641`"));
    let platform = told("preset = \"azure-functions\"");
    let help = "write `keep-alive.preset = \"azure-functions@2021-01\"`";
    assert!(platform.contains(help), "{platform}");
}

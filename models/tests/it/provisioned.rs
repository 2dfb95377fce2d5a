//! Provisioned concurrency as scenario files write it.

use frostline_models::scenario_file::{NoResources, ScenarioFile};

use crate::scenario::{SOUND, resolve};

/// A whole number is short for a fixed number of provisioned instances, also where it is set.
#[test]
fn provisioned_has_a_shorthand() {
    let with = |line: &str| SOUND.replace("arrivals.poisson", &format!("{line}\narrivals.poisson"));
    let short = resolve(&with("provisioned = 5")).unwrap();
    assert_eq!(short.functions[0].provisioned.instances, 5);
    assert_eq!(short, resolve(&with("provisioned.fixed = 5")).unwrap());
    let mut file = ScenarioFile::parse("s.toml", &with("provisioned = 5")).unwrap();
    file.set("function.checkout.provisioned.fixed=7").unwrap();
    let set = file.resolve(&mut NoResources).unwrap();
    assert_eq!(set.functions[0].provisioned.instances, 7);
    file.set("function.checkout.provisioned=3").unwrap();
    let set = file.resolve(&mut NoResources).unwrap();
    assert_eq!(set.functions[0].provisioned.instances, 3);
    let told = resolve(&with("provisioned = -1")).unwrap_err();
    assert!(told.contains("must be a whole number"), "{told}");
    let told = resolve(&with("provisioned = \"five\"")).unwrap_err();
    assert!(told.contains("provisioned"), "{told}");
}

/// Monday 2026-01-05 starts at midnight in Berlin: eight o'clock is eight hours later. Over the night of
/// 2026-03-29 clocks go forward, so eight o'clock comes seven hours after midnight.
#[test]
fn schedules_follow_the_clocks_of_their_time_zone() {
    let schedule = |start: &str| {
        let action = |hour: u32, capacity: u32| {
            format!(
                "{{ cron = \"0 {hour} * * *\", time-zone = \"Europe/Berlin\", start = \"{start}\", \
                 capacity = {capacity} }}"
            )
        };
        let table = format!(
            "provisioned.schedule = {{ initial = 2, actions = [{}, {}] }}\narrivals.poisson",
            action(8, 20),
            action(18, 1)
        );
        let text = SOUND
            .replace("arrivals.poisson", &table)
            .replace("\"1 h\"", "\"24 h\"");
        let scenario = resolve(&text).unwrap();
        let provisioned = &scenario.functions[0].provisioned;
        assert_eq!((provisioned.instances, provisioned.most()), (2, 20));
        let scaling = provisioned.scaling.as_ref().unwrap();
        let bounds = scaling.bounds.iter();
        bounds
            .map(|bounds| (bounds.from.0 / 3_600_000_000_000, bounds.min, bounds.max))
            .collect::<Vec<_>>()
    };
    assert_eq!(schedule("2026-01-05"), [(0, 2, 2), (8, 20, 20), (18, 1, 1)]);
    assert_eq!(schedule("2026-03-29"), [(0, 2, 2), (7, 20, 20), (17, 1, 1)]);
}

#[test]
fn target_tracking_is_read_and_its_mistakes_are_told() {
    let with = |table: &str| {
        let line = format!("provisioned.target-tracking = {table}\narrivals.poisson");
        resolve(&SOUND.replace("arrivals.poisson", &line))
    };
    let scenario = with("{ min = 2, max = 40, utilisation = \"60 %\", low-points = 15 }").unwrap();
    let scaling = scenario.functions[0].provisioned.scaling.clone().unwrap();
    let tracking = scaling.tracking.unwrap();
    assert!((tracking.target - 0.6).abs() < 1e-12);
    assert_eq!((tracking.high_points, tracking.low_points), (3, 15));
    assert_eq!((scaling.bounds[0].min, scaling.bounds[0].max), (2, 40));
    let doubt = |text: &String| text.contains("smaller steps");
    assert!(
        scenario.unverified.iter().any(doubt),
        "{:?}",
        scenario.unverified
    );
    for (table, told) in [
        ("{ min = 2 }", "max"),
        ("{ min = 2, max = 1 }", "cannot both hold"),
        ("{ min = 2, max = 9, utilisation = \"95 %\" }", "10 to 90 %"),
        (
            "{ min = 2, max = 9, actions = [{ cron = \"0 8 * * *\" }] }",
            "changes nothing",
        ),
        (
            "{ min = 2, max = 9, actions = [{ cron = \"8\", max = 3 }] }",
            "cron",
        ),
    ] {
        let found = with(table).unwrap_err();
        assert!(found.contains(told), "{table}: {found}");
    }
}

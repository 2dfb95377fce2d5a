//! Provisioned concurrency that changes: by schedule, and by target tracking.

use frostline_models::arrival::{Arrivals, Recorded};
use frostline_models::autoscaling::{Bounds, Scaling, TargetTracking};
use frostline_models::init::{Init, Phase};
use frostline_models::scenario::{Function, Provisioned, Scenario, WarmUp};
use frostline_models::units::{Quota, SimDuration, SimTime};
use frostline_sim::Kernels;
use frostline_sim::outcome::Period;

use crate::setup::{alone, constant, periods, poisson, run, run_with};

const MINUTE: u64 = 60_000_000_000;

fn bounds(minute: u64, min: u32, max: u32) -> Bounds {
    Bounds {
        from: SimDuration(minute * MINUTE),
        min,
        max,
    }
}

fn scaled(function: Function, scaling: Scaling, minutes: u64) -> Scenario {
    let mut scenario = alone(function, 60 * minutes, 2);
    scenario.functions[0].provisioned = Provisioned {
        instances: scaling.bounds[0].min,
        allocate_at_start: false,
        scaling: Some(scaling),
    };
    scenario.run.warm_up = WarmUp::Fixed(SimDuration::ZERO);
    scenario.platform.provisioning.pace = Quota {
        count: 1_000_000_000,
        per: SimDuration(1),
    };
    scenario
}

fn only(scenario: &Scenario) -> Period {
    let outcome = run(scenario, 5);
    periods(&outcome, 0).next().unwrap().clone()
}

fn instance_minutes(period: &Period) -> f64 {
    frostline_models::math::wide_to_f64(period.provisioned_ns) / 6e10
}

/// One request a second until `minutes`, each so many milliseconds long.
fn steady(milliseconds: u64, minutes: u64) -> Function {
    let times: Vec<SimTime> = (0..60 * minutes)
        .map(|second| SimTime(second * 1_000_000_000))
        .collect();
    let arrivals = Arrivals::Recorded(Recorded::at(times).unwrap());
    Function::new("f", arrivals, constant(milliseconds))
}

/// Two instances, ten from minute 10 to 40, none afterwards: 2 · 10 + 10 · 30.
#[test]
fn a_schedule_allocates_and_gives_up() {
    let scaling = Scaling {
        bounds: vec![bounds(0, 2, 2), bounds(10, 10, 10), bounds(40, 0, 0)],
        tracking: None,
    };
    let mut scenario = scaled(steady(2_500, 60), scaling, 60);
    let period = only(&scenario);
    // Those that are busy at minute 40 serve to their end.
    assert!(
        (instance_minutes(&period) - 320.0).abs() < 0.2,
        "{}",
        instance_minutes(&period)
    );
    // Three run at once: with two provisioned a third is on demand, later none or all are.
    let counts = &period.counts;
    assert_eq!(counts.invocations, 3_600);
    assert!(
        (200 + 1_200 - 5..=200 + 1_200 + 5).contains(&counts.spillovers),
        "{counts:?}"
    );
    // A minute's delay before the allocation, and half a minute of init: the instances are paid for
    // from when they are asked for, and take requests later.
    scenario.platform.provisioning.delay = SimDuration::from_secs(60);
    scenario.functions[0].init = Init::new(vec![(Phase::Code, constant(30_000))]);
    let late = only(&scenario);
    assert!(
        (instance_minutes(&late) - 312.0).abs() < 0.2,
        "{}",
        instance_minutes(&late)
    );
    assert!(
        late.counts.spillovers > counts.spillovers + 25,
        "{:?}",
        late.counts
    );
    // Eight inits are billed at the rate of provisioned concurrency.
    let more = late.billed_provisioned_ms + 2_500 * u128::from(late.counts.spillovers);
    let less = period.billed_provisioned_ms + 2_500 * u128::from(counts.spillovers);
    assert_eq!(more - less, 8 * 30_000);
}

/// By hand: 8.2 of 10 are busy, so after three minutes there shall be ⌈8.2 / 0.7⌉ = 12, of which
/// 68 % are busy, between 63 and 70 %. When nothing comes any more, they stay: no points, no alarm.
#[test]
fn target_tracking_scales_out_and_never_in_when_idle() {
    let tracking = TargetTracking {
        target: 0.7,
        high_points: 3,
        low_points: 3,
        scale_out_cooldown: SimDuration::ZERO,
        scale_in_cooldown: SimDuration::ZERO,
        largest_step_in: 0.1,
    };
    let scaling = Scaling {
        bounds: vec![bounds(0, 10, 40)],
        tracking: Some(tracking),
    };
    let scenario = scaled(steady(8_200, 20), scaling.clone(), 60);
    let minutes = instance_minutes(&only(&scenario));
    assert!(
        (minutes - (10.0 * 3.0 + 12.0 * 57.0)).abs() < 1e-6,
        "{minutes}"
    );

    // With 1.2 of 10 busy the third point makes the low alarm; steps of one, until ⌈1.2 / 0.7⌉ = 2 or
    // the bound. Minute by minute 10 10 10 9 8 7 6 5 …: each is paid for five minutes at the least.
    let scaling = Scaling {
        bounds: vec![bounds(0, 5, 40), bounds(1, 5, 40)],
        ..scaling
    };
    let mut scenario = scaled(steady(1_200, 20), scaling, 20);
    scenario.functions[0].provisioned.instances = 10;
    let minutes = instance_minutes(&only(&scenario));
    let expected = f64::from(10 * 3 + 9 + 8 + 7 + 6 + 5 * 13);
    assert!((minutes - expected).abs() < 0.1, "{minutes} for {expected}");
    scenario.platform.provisioning.minimum = SimDuration::from_secs(300);
    let charged = instance_minutes(&only(&scenario));
    // Those that went after 3 and 4 minutes are charged for 5.
    assert!(
        (charged - minutes - 3.0).abs() < 0.1,
        "{charged} for {minutes}"
    );
}

/// All or nothing: none of what was asked for together takes requests before all have started.
#[test]
fn instances_can_become_visible_together() {
    let scaling = Scaling {
        bounds: vec![bounds(0, 0, 0), bounds(1, 20, 20)],
        tracking: None,
    };
    let mut scenario = scaled(steady(500, 30), scaling, 30);
    scenario.platform.provisioning.pace = Quota {
        count: 1,
        per: SimDuration::from_secs(30),
    };
    let one_by_one = only(&scenario);
    scenario.platform.provisioning.all_or_nothing = true;
    let together = only(&scenario);
    // The last of twenty is asked for 570 s after the first.
    assert_eq!(one_by_one.counts.spillovers, 60);
    assert_eq!(together.counts.spillovers, 60 + 570);
}

/// Provisioned instances take their share of the account's concurrency for as long as there are any.
#[test]
fn what_is_provisioned_is_taken_from_the_account() {
    let scaling = Scaling {
        bounds: vec![bounds(0, 0, 0), bounds(10, 6, 6), bounds(20, 0, 0)],
        tracking: None,
    };
    let mut scenario = scaled(steady(7_500, 30), scaling, 30);
    scenario.platform.account_concurrency = Some(8);
    assert_eq!(only(&scenario).counts.throttles, 0);
    // Six provisioned and two on demand serve eight at once. Were theirs taken for good, two would be
    // left before and after.
    let mut other = Function::new("other", poisson(0.01), constant(1));
    other.reserved = Some(2);
    scenario.functions.push(other);
    let throttled = only(&scenario).counts.throttles;
    assert!(throttled > 0, "six are left for eight at once");
}

#[test]
fn threads_and_kernels_do_not_matter() {
    let scaling = Scaling {
        bounds: vec![bounds(0, 3, 30), bounds(15, 5, 30)],
        tracking: Some(TargetTracking {
            target: 0.6,
            high_points: 3,
            low_points: 5,
            scale_out_cooldown: SimDuration::from_secs(60),
            scale_in_cooldown: SimDuration::from_secs(120),
            largest_step_in: 0.2,
        }),
    };
    let function = Function::new("f", poisson(9.0), constant(800));
    let mut scenario = scaled(function, scaling, 40);
    scenario.platform.provisioning.delay = SimDuration::from_secs(90);
    let fastest = run_with(&scenario, 3, Kernels::Fastest);
    assert_eq!(fastest, run_with(&scenario, 3, Kernels::EventOnly));
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(2)
        .build()
        .unwrap();
    assert_eq!(
        fastest,
        pool.install(|| run_with(&scenario, 3, Kernels::Fastest))
    );
    let period = periods(&fastest, 0).next().unwrap();
    assert!(period.counts.spillovers > 100, "{:?}", period.counts);
}

//! Crossovers with always-on hosts, against the figures that people quote.

use frostline_models::price::always_on::{
    Fleet, Gateway, Host, Served, Serverless, crossover, provisioned_break_even,
};
use frostline_models::price::{PriceBook, PriceSettings};
use frostline_models::scenario::Architecture::{self, Arm64, X86_64};
use frostline_models::units::Memory;
use proptest::prelude::*;

fn serverless(architecture: Architecture, free_tier: bool, gateway: Gateway) -> Serverless {
    Serverless {
        settings: PriceSettings {
            region: "us-east-1".to_owned(),
            free_tier,
            managed_init_billed: true,
        },
        gateway,
        functions: vec![Served {
            share: 1.0,
            architecture,
            memory: Memory(128),
            ephemeral_storage: Memory(512),
            snapshot: false,
            cold_ratio: 0.0,
            duration_ms: 100.0,
            billed_ms: 100.0,
            billed_provisioned_ms: 0.0,
            provisioned_instances: 0.0,
            response_bytes: 0.0,
        }],
    }
}

fn one(host: &str) -> Fleet {
    Fleet {
        host: Host::parse(host, "us-east-1", X86_64).expect("the host is known"),
        slots: 1e9,
        minimum: 1,
        peak_to_mean: 1.0,
        load_balancer: false,
        public_ipv4: false,
        disk_gb: 0.0,
    }
}

fn millions(serverless: &Serverless, fleet: &Fleet) -> f64 {
    let found = crossover(serverless, fleet).expect("the region is known");
    found.requests_per_month.expect("there is a crossover") / 1e6
}

/// A 128 MB function of 100 ms costs 4.08334e-7 USD a request, so that a host of V USD a month is as
/// dear as V/4.08334e-7 requests. Computed by hand for the hosts that the claim could be about; only a
/// t4g.small gives its 30 million.
#[test]
fn thirty_million_requests_are_a_t4g_small() {
    let plain = serverless(X86_64, false, Gateway::None);
    let free = serverless(X86_64, true, Gateway::None);
    let arm = serverless(Arm64, false, Gateway::None);
    for (host, expected, with_free_tier, on_arm) in [
        ("aws-ec2:t4g.nano", 7.5, 16.3, 8.4),
        ("aws-ec2:t3.micro", 18.6, 35.4, 20.7),
        ("aws-ec2:t4g.micro", 15.0, 31.7, 16.7),
        ("aws-ec2:t4g.small", 30.03, 46.9, 33.5),
        ("aws-ec2:t3.small", 37.2, 54.0, 41.4),
        ("aws-fargate:0.25,512 MiB", 22.1, 38.9, 24.6),
        ("aws-fargate:1,2 GiB", 88.3, 105.0, 98.3),
    ] {
        let fleet = one(host);
        for (serverless, expected) in [(&plain, expected), (&free, with_free_tier), (&arm, on_arm)]
        {
            let found = millions(serverless, &fleet);
            assert!((found / expected - 1.0).abs() < 0.006, "{host}: {found}");
        }
    }
}

/// 7.592 USD for a t3.micro over 1.408 334 USD a million with an HTTP API, 3.908 334 with a REST API;
/// 0.64 USD for 8 GB of disk and 3.65 USD for an address make it 11.88 USD.
#[test]
fn gateway_disk_and_address_move_the_crossover() {
    let mut fleet = one("aws-ec2:t3.micro");
    let with = |gateway| serverless(X86_64, false, gateway);
    for (gateway, expected) in [(Gateway::HttpApi, 5.39), (Gateway::RestApi, 1.943)] {
        let found = millions(&with(gateway), &fleet);
        assert!(
            (found / expected - 1.0).abs() < 0.001,
            "{gateway:?}: {found}"
        );
    }
    fleet.disk_gb = 8.0;
    fleet.public_ipv4 = true;
    let found = millions(&with(Gateway::None), &fleet);
    assert!((found / 29.1 - 1.0).abs() < 0.001, "{found}");
    fleet.minimum = 2;
    let doubled = millions(&with(Gateway::None), &fleet);
    assert!((doubled / found - 2.0).abs() < 1e-9, "{doubled}");
}

/// A load balancer is 16.425 USD a month and 0.008/25/3600 USD a request.
#[test]
fn a_load_balancer_is_charged_by_the_hour_and_by_connection() {
    let mut fleet = one("aws-ec2:t3.micro");
    fleet.load_balancer = true;
    let expected = (7.592 + 16.425) / (0.408_334 - 0.008 / 25.0 / 3600.0 * 1e6);
    let found = millions(&serverless(X86_64, false, Gateway::None), &fleet);
    assert!(
        (found / expected - 1.0).abs() < 1e-4,
        "{found} for {expected}"
    );
}

/// 2 vCPUs at 20 % are 0.4, at 128/1769 vCPU a request 5 at once; 1.6 GB would be 12.
#[test]
fn a_host_holds_what_its_cpu_and_memory_hold() {
    let small = Host::parse("aws-ec2:t4g.small", "us-east-1", Arm64).unwrap();
    let slots = |mib| small.slots(Memory(mib));
    assert!((slots(128) - 5.0).abs() < 1e-9, "{}", slots(128));
    assert!((slots(4096) - 1.0).abs() < 1e-9, "too small is slow");
    let large = Host::parse("aws-ec2:c7g.large", "us-east-1", Arm64).unwrap();
    assert!(
        (large.slots(Memory(1024)) - 3.0).abs() < 1e-9,
        "3.45 by CPU, 3.2 by memory"
    );
}

/// Where the peak is ten times the mean, a t4g.small serves 5/10 requests at once on average, 13.1
/// million a month for 12.264 USD: 0.93 USD a million, and the serverless side takes 0.41.
#[test]
fn bursts_can_make_serverless_cheaper_at_any_traffic() {
    let mut fleet = one("aws-ec2:t4g.small");
    fleet.slots = 5.0;
    let serverless = serverless(X86_64, false, Gateway::None);
    let steady = crossover(&serverless, &fleet).unwrap();
    assert_eq!(steady.hosts, 1);
    assert!(steady.stays_from.is_some(), "{steady:?}");
    fleet.peak_to_mean = 10.0;
    let bursty = crossover(&serverless, &fleet).unwrap();
    assert_eq!(bursty.requests_per_month, None, "{bursty:?}");
    assert_eq!(bursty.usd_month, None);
}

/// With two requests at once and a peak of 1.5 a host serves 35.04 million a month: from 30.03 to
/// 35.04 million one host is cheaper, then the second one is not until 60.07 million.
#[test]
fn the_next_host_can_turn_the_crossover_back() {
    let mut fleet = one("aws-ec2:t4g.small");
    fleet.slots = 2.0;
    fleet.peak_to_mean = 1.5;
    let found = crossover(&serverless(X86_64, false, Gateway::None), &fleet).unwrap();
    let first = found.requests_per_month.unwrap() / 1e6;
    assert!((first - 30.03).abs() < 0.01, "{first}");
    let stays = found.stays_from.unwrap() / 1e6;
    // The n-th host starts at 35.04 (n − 1) million and pays from 30.03 n million on: dearer at its
    // start while 30.03 n > 35.04 (n − 1), that is up to the sixth.
    assert!((stays - 6.0 * 30.034).abs() < 0.05, "{stays}");
}

#[test]
fn provisioned_concurrency_pays_above_60_percent() {
    for architecture in [X86_64, Arm64] {
        let found = provisioned_break_even("us-east-1", architecture).unwrap();
        assert!((found - 0.6).abs() < 0.000_1, "{found}");
    }
}

#[test]
fn an_unknown_host_is_told_with_what_to_type() {
    let told = |text| Host::parse(text, "us-east-1", X86_64).unwrap_err();
    let typo = told("aws-ec2:t4g.smal");
    assert!(typo.to_string().contains("one of c7g.large"), "{typo}");
    assert_eq!(typo.help, "--against aws-ec2:t4g.small");
    for wrong in [
        "t4g.small",
        "",
        "aws-fargate:1",
        "cloud-run:0,1 GiB",
        "aws-fargate:NaN,1 GiB",
    ] {
        assert!(told(wrong).help.starts_with("--against"), "{wrong}");
    }
    let elsewhere = Host::parse("aws-ec2:t4g.small", "mars-1", X86_64).unwrap_err();
    assert_eq!(elsewhere.help, "--region us-east-1");
}

/// 1 vCPU and 512 MiB of Cloud Run cost (0.000018 + 0.5 · 0.000002) · 2,628,000 s = 49.93 USD.
#[test]
fn cloud_run_is_priced_by_the_second() {
    let host = Host::parse("cloud-run:1,512 MiB", "us-east-1", X86_64).unwrap();
    assert!((host.month_usd - 49.932).abs() < 1e-9, "{}", host.month_usd);
    assert_eq!(host.source, PriceBook::builtin().cloud_run().source);
}

/// A quarter of the requests takes 400 ms of 1024 MiB, the others 100 ms of 128 MiB: 100 and 75 ms of
/// each request's 175 in flight, so the mean is (100 · 1024 + 75 · 128)/175 = 640 MiB. What is kept is
/// paid whatever the traffic.
#[test]
fn several_functions_are_weighed_by_their_requests() {
    let mut mixed = serverless(X86_64, false, Gateway::None);
    mixed.functions[0].share = 0.75;
    let mut large = mixed.functions[0];
    large.share = 0.25;
    large.memory = Memory(1024);
    large.duration_ms = 400.0;
    large.billed_ms = 480.0;
    large.provisioned_instances = 0.5;
    mixed.functions.push(large);
    assert!((mixed.duration_ms() - 175.0).abs() < 1e-9);
    assert_eq!(mixed.memory_in_flight(), Memory(640));
    let gb_s = 0.75e6 * 0.0125 + 0.25e6 * 0.48;
    let rates = PriceBook::builtin()
        .lambda("us-east-1")
        .unwrap()
        .architecture(X86_64);
    let kept = 0.5 * 730.0 * 3600.0 * rates.provisioned_gb_s;
    let expected = gb_s * 16.666_7e-6 + 0.2 + kept;
    let found = mixed.month(1e6).unwrap().total();
    assert!((found - expected).abs() < 1e-9, "{found} for {expected}");
}

proptest! {
    /// Just below the crossover the hosts are dearer, just above they are not.
    #[test]
    fn both_sides_cost_the_same_at_the_crossover(
        mib in 128_u32..4096,
        duration_ms in 1.0..2000.0,
        slots in 1_u8..40,
        minimum in 1_u32..4,
        peak_to_mean in 1.0..3.0,
        free_tier: bool,
        load_balancer: bool,
    ) {
        let mut serverless = serverless(X86_64, free_tier, Gateway::HttpApi);
        serverless.functions[0].memory = Memory(mib);
        serverless.functions[0].duration_ms = duration_ms;
        serverless.functions[0].billed_ms = duration_ms;
        let mut fleet = one("aws-ec2:t3.small");
        fleet.slots = f64::from(slots);
        fleet.minimum = minimum;
        fleet.peak_to_mean = peak_to_mean;
        fleet.load_balancer = load_balancer;
        let network = &PriceBook::builtin().hosting("us-east-1").unwrap().network;
        let gain = |requests: f64| {
            let fleet = fleet.month(network, requests, duration_ms).total();
            serverless.month(requests).unwrap().total() - fleet
        };
        let found = crossover(&serverless, &fleet).unwrap();
        if let Some(requests) = found.requests_per_month {
            prop_assert!(gain(requests * (1.0 - 1e-6)) < 1e-9);
            prop_assert!(gain(requests * (1.0 + 1e-9)) > -1e-3 * found.usd_month.unwrap());
        }
        if let Some(requests) = found.stays_from {
            for factor in [1.001, 1.7, 11.3, 97.0] {
                prop_assert!(gain(requests * factor) > -1e-6);
            }
        }
    }
}

//! The bill, against published figures.

use frostline_models::price::{Bill, MONTH_S, PriceBook, PriceSettings, Usage, bill};
use frostline_models::scenario::Architecture::{self, Arm64, X86_64};
use frostline_models::scenario::PackageKind::{Image, Zip};
use frostline_models::units::{Memory, SimDuration};
use proptest::prelude::*;

const GIB: f64 = 1_073_741_824.0;

fn settings(free_tier: bool) -> PriceSettings {
    PriceSettings {
        region: "us-east-1".to_owned(),
        free_tier,
        managed_init_billed: true,
    }
}

/// A month of a function of this memory with nothing used.
fn month(architecture: Architecture, mib: u32) -> Usage {
    Usage {
        architecture,
        memory: Memory(mib),
        ephemeral_storage: Memory(512),
        invocations: 0.0,
        billed_ms: 0.0,
        billed_provisioned_ms: 0.0,
        provisioned_instance_ms: 0.0,
        response_bytes: 0.0,
        snapshot: false,
        cold_starts: 0.0,
        span_s: MONTH_S,
    }
}

fn one(usage: Usage, free_tier: bool) -> Bill {
    bill(&settings(free_tier), &[usage]).expect("the region is known")[0]
}

fn assert_close(found: f64, expected: f64, relative: f64) {
    let error = (found - expected).abs();
    assert!(
        error <= relative * expected.abs() + 1e-18,
        "found {found}, expected {expected}"
    );
}

/// 512 MB for 200 ms are 0.1 GB-s; the much-quoted 0.0000017 USD is their price without the request.
#[test]
fn a_single_invocation_costs_what_is_quoted() {
    for (architecture, expected) in [(X86_64, 1.666_67e-6), (Arm64, 1.333_34e-6)] {
        let mut usage = month(architecture, 512);
        usage.invocations = 1.0;
        usage.billed_ms = 200.0;
        let bill = one(usage, false);
        assert_close(bill.compute, expected, 1e-12);
        assert_close(bill.requests, 2e-7, 1e-12);
        assert_close(bill.total, expected + 2e-7, 1e-12);
    }
    let mut small = month(X86_64, 128);
    small.invocations = 30e6;
    small.billed_ms = 30e6 * 100.0;
    // 4.08334e-7 a request; a t4g.small at 0.0168 USD/h is the same at 30.03 M requests a month.
    assert_close(one(small, false).total / 30e6, 4.083_34e-7, 1e-6);
    assert_close(0.0168 * 730.0 / 4.083_34e-7, 30.03e6, 1e-3);
}

/// Provisioned concurrency is cheaper above 60.0 % utilisation: keeping/(on demand − on provisioned).
#[test]
fn provisioned_concurrency_breaks_even_at_60_percent() {
    for architecture in [X86_64, Arm64] {
        let cost = |utilisation: f64, provisioned: bool| {
            let mut usage = month(architecture, 1024);
            let busy_ms = MONTH_S * 1e3 * utilisation;
            if provisioned {
                usage.billed_provisioned_ms = busy_ms;
                usage.provisioned_instance_ms = MONTH_S * 1e3;
            } else {
                usage.billed_ms = busy_ms;
            }
            one(usage, false).total
        };
        assert!(cost(0.599, true) > cost(0.599, false));
        assert!(cost(0.601, true) < cost(0.601, false));
    }
}

/// Infracost's golden files: 10 TB at 0.09 is 921.60, the next 40 TB at 0.085 are 3,481.60, and 5,800
/// GB at 0.07 are 406; Lambda's tiers end at 6 and 15 billion GB-s (7.5 and 18.75 on Arm).
#[test]
fn tiers_are_marginal() {
    let prices = PriceBook::builtin().lambda("us-east-1").unwrap();
    let egress = |gb| prices.egress.gb.cost(gb);
    assert_close(egress(10_240.0), 921.60, 1e-12);
    assert_close(egress(51_200.0) - egress(10_240.0), 3_481.60, 1e-12);
    assert_close(egress(57_000.0) - egress(51_200.0), 406.0, 1e-9);
    let compute = |gb_s| prices.architecture(X86_64).gb_s.cost(gb_s);
    assert_close(compute(6e9), 100_000.2, 1e-12);
    assert_close(compute(15e9) - compute(6e9), 135_000.0, 1e-12);
    assert_close(compute(16e9) - compute(15e9), 13_333.4, 1e-9);
    let arm = |gb_s| prices.architecture(Arm64).gb_s.cost(gb_s);
    assert_close(arm(7.5e9), 100_000.5, 1e-12);
    assert_close(arm(18.75e9) - arm(7.5e9), 135_001.125, 1e-9);
    assert_close(prices.egress.gb.average(0.0), 0.09, 1e-12);
}

#[test]
fn functions_share_the_tiers_of_their_architecture() {
    let mut big = month(X86_64, 1024);
    big.billed_ms = 9e12;
    let mut small = month(X86_64, 2048);
    small.billed_ms = 1.5e12;
    let mut arm = month(Arm64, 1024);
    arm.billed_ms = 3e12;
    let bills = bill(&settings(false), &[big, small, arm]).unwrap();
    // 12 billion GB-s: 6 at the first price, 6 at the second; the second function has a quarter.
    let total = 6e9 * 16.666_7e-6 + 6e9 * 15e-6;
    assert_close(bills[0].compute + bills[1].compute, total, 1e-12);
    assert_close(bills[1].compute, total / 4.0, 1e-12);
    assert_close(bills[2].compute, 3e9 * 13.333_4e-6, 1e-12);
}

#[test]
fn a_span_is_charged_as_a_piece_of_its_month() {
    let mut day = month(X86_64, 1024);
    day.span_s = 86_400.0;
    day.invocations = 1e6;
    day.billed_ms = 1e12;
    let bill = one(day, false);
    let in_month = 1e9 * MONTH_S / 86_400.0;
    let prices = PriceBook::builtin().lambda("us-east-1").unwrap();
    let expected = prices.architecture(X86_64).gb_s.cost(in_month);
    assert_close(bill.monthly(day.span_s).compute, expected, 1e-12);
    assert!(bill.compute < 1e9 * 16.666_7e-6);
    day.span_s = 0.0;
    assert!(one(day, true).total.is_finite());
}

#[test]
fn the_free_tier_is_shared_and_leaves_out_provisioned_functions() {
    let mut usage = month(X86_64, 1024);
    usage.invocations = 1e6;
    usage.billed_ms = 4e8;
    usage.response_bytes = 100.0 * GIB;
    assert_close(one(usage, true).total, 0.0, 0.0);
    let twice = bill(&settings(true), &[usage, usage]).unwrap();
    assert_close(twice[0].requests, 0.1, 1e-12);
    assert_close(
        twice[0].compute + twice[1].compute,
        4e5 * 16.666_7e-6,
        1e-12,
    );
    assert_close(twice[0].egress + twice[1].egress, 9.0, 1e-12);
    usage.provisioned_instance_ms = 1.0;
    assert_close(one(usage, true).requests, 0.2, 1e-12);
    assert_close(one(usage, true).compute, 4e5 * 16.666_7e-6, 1e-12);
    // 128 MB × 100 ms: with the free tier a t4g.micro (6.13 USD) is reached at 31.7 M requests.
    let mut small = month(X86_64, 128);
    small.invocations = 31.7e6;
    small.billed_ms = 3.17e9;
    assert_close(one(small, true).total, 0.0084 * 730.0, 0.01);
}

#[test]
fn disk_and_snapshots_are_other() {
    let mut usage = month(X86_64, 2048);
    usage.ephemeral_storage = Memory(1536);
    usage.billed_ms = 1e9;
    assert_close(one(usage, false).other, 1e6 * 3.09e-8, 1e-12);
    usage.ephemeral_storage = Memory(512);
    usage.snapshot = true;
    usage.cold_starts = 1000.0;
    let expected = 2.0 * (MONTH_S * 1.504_6e-6 + 1000.0 * 1.397_998e-4);
    assert_close(one(usage, false).other, expected, 1e-12);
}

/// AWS's own example: 250.06 ms with an init of 100.77 ms are billed 351 ms since 2025-08-01.
#[test]
fn the_init_of_managed_zip_functions_is_billed_since_a_date() {
    let now = settings(false);
    let before = PriceSettings {
        managed_init_billed: false,
        ..settings(false)
    };
    assert!(now.bills_init(Zip, true, false) && !before.bills_init(Zip, true, false));
    assert!(before.bills_init(Image, true, false) && before.bills_init(Zip, false, false));
    assert!(!now.bills_init(Image, false, true));
    let prices = PriceBook::builtin().lambda("us-east-1").unwrap();
    let billed = |us: u64| prices.billed(SimDuration(us * 1000)).as_millis_f64();
    assert_close(billed(250_060), 251.0, 0.0);
    assert_close(billed(250_060 + 100_770), 351.0, 0.0);
    assert_close(billed(351_000), 351.0, 0.0);
}

#[test]
fn provisioned_instances_are_charged_for_five_minutes_at_least() {
    let prices = PriceBook::builtin().lambda("us-east-1").unwrap();
    for architecture in [X86_64, Arm64] {
        let charged = |s| {
            let kept = SimDuration::from_secs(s);
            prices
                .architecture(architecture)
                .provisioned_charged_ms(kept)
        };
        assert_close(charged(1), 300_000.0, 0.0);
        assert_close(charged(301), 301_000.0, 0.0);
    }
}

#[test]
fn an_unknown_region_names_the_known_ones() {
    let error = PriceBook::builtin().lambda("eu-west-1").unwrap_err();
    assert_eq!(
        error.to_string(),
        "no prices for the region `eu-west-1`; the price book has us-east-1"
    );
    assert_eq!(
        PriceBook::builtin().regions().collect::<Vec<_>>(),
        ["us-east-1"]
    );
}

#[test]
fn every_table_of_a_price_book_says_where_it_comes_from() {
    let text = include_str!("../../src/pricing.toml");
    let tables = text.matches("\n[").count();
    for key in ["source", "as-of", "confidence"] {
        let lines: Vec<&str> = text.lines().filter(|line| line.starts_with(key)).collect();
        assert_eq!(lines.len(), tables, "{key}");
        // Without any one of them the book is refused.
        for index in 0..tables {
            let mut seen = 0;
            let without: Vec<&str> = text
                .lines()
                .filter(|line| {
                    let matches = line.starts_with(key);
                    seen += usize::from(matches);
                    !(matches && seen == index + 1)
                })
                .collect();
            let error = PriceBook::parse(&without.join("\n")).unwrap_err();
            assert!(error.to_string().contains(key), "{error}");
        }
    }
    assert!(PriceBook::parse("[aws").is_err());
}

proptest! {
    /// No part is negative, parts add up, and more use never costs less.
    #[test]
    fn a_bill_adds_up_and_grows_with_use(
        mib in 128_u32..10_240,
        invocations in 0.0..1e10,
        mean_ms in 1.0..1e5,
        more in 1.0..3.0,
        free_tier: bool,
    ) {
        let mut usage = month(Arm64, mib);
        usage.invocations = invocations;
        usage.billed_ms = invocations * mean_ms;
        usage.response_bytes = invocations * 1e3;
        let less = one(usage, free_tier);
        usage.invocations *= more;
        usage.billed_ms *= more;
        usage.response_bytes *= more;
        let most = one(usage, free_tier);
        let parts = [less.requests, less.compute, less.provisioned, less.egress, less.other];
        prop_assert!(parts.iter().all(|part| *part >= 0.0));
        prop_assert!((parts.iter().sum::<f64>() - less.total).abs() <= 1e-9 * less.total);
        prop_assert!(most.total >= less.total * (1.0 - 1e-12));
    }
}

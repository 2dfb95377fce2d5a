//! Theorems on the pool beyond single formulas: structure, optimality, spill-over.

use frostline_models::keepalive::{KeepAlive, Reuse};
use frostline_models::math::{count_to_f64, to_f64};
use frostline_models::queueing::gap::GapLaw;
use frostline_models::queueing::provisioned::cold_probability;
use frostline_models::record::Outcome;
use frostline_models::scenario::{Scenario, WarmUp};
use frostline_models::units::SimDuration;
use proptest::prelude::*;
use proptest::sample::select;

use crate::brute::tape;
use crate::setup::{
    alive, alone, assert_ratio, cold, constant, fates, markov, pairs, periods, run,
};

/// The number of busy instances as a step function: (instant, value from then on).
fn occupancy(scenario: &Scenario, seed: u64) -> Vec<(u64, i64)> {
    let mut changes: Vec<(u64, i64)> = Vec::new();
    for request in tape(scenario, seed) {
        changes.push((request.arrival, 1));
        changes.push((request.arrival + request.duration, -1));
    }
    changes.sort_unstable();
    let mut busy = 0;
    let steps = changes.into_iter().map(|(instant, change)| {
        busy += change;
        (instant, busy)
    });
    std::iter::once((0, 0)).chain(steps).collect()
}

/// The supremum of a step function over the span from `from` up to, but without, `to`.
fn supremum(steps: &[(u64, i64)], from: u64, to: u64) -> i64 {
    let ends = steps.iter().skip(1).map(|step| step.0).chain([u64::MAX]);
    let during = steps.iter().zip(ends);
    let values = during.filter(|(step, end)| step.0 < to && *end > from);
    values.map(|(step, _)| step.1).max().unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// With most-recent reuse and no init, whatever arrivals and services: the instances alive at
    /// t are the most that were busy at once in [t − T, t], and an arrival is cold exactly when as
    /// many are busy as ever were in [t − T, t).
    #[test]
    fn alive_is_the_running_maximum_of_busy(
        seed in 0_u64..100_000,
        load in select(vec![0.3, 3.0]),
        is_renewal in any::<bool>(),
        is_constant in any::<bool>(),
        keep_alive_ms in 1_u64..10_000,
    ) {
        let mut function = markov(load);
        if is_renewal {
            let gap_ms = frostline_models::math::round_to_u64(1000.0 / load);
            function.arrivals = frostline_models::arrival::Arrivals::Renewal(
                frostline_models::law::Law::uniform(
                    SimDuration::ZERO,
                    SimDuration::from_millis(2 * gap_ms),
                ).unwrap(),
            );
        }
        if is_constant {
            function.duration = constant(1_000);
        }
        let kept = SimDuration(keep_alive_ms * 1_000_000 + 3);
        function.keep_alive = KeepAlive::Fixed(kept);
        let mut scenario = alone(function, 60, 1);
        scenario.run.warm_up = WarmUp::Fixed(SimDuration::ZERO);

        let steps = occupancy(&scenario, seed);
        let value_before = |t: u64| supremum(&steps, t.saturating_sub(1), t);
        let fates = fates(&scenario, seed);
        for (request, fate) in tape(&scenario, seed).iter().zip(&fates) {
            let t = request.arrival;
            let most = supremum(&steps, t.saturating_sub(kept.0), t);
            prop_assert_eq!(fate.2 == Outcome::Cold, value_before(t) >= most, "at {} ns", t);
        }

        let end = scenario.run.duration.0;
        let mut breaks: Vec<u64> = steps.iter().flat_map(|s| [s.0, s.0 + kept.0]).collect();
        breaks.retain(|instant| *instant < end);
        breaks.push(end);
        breaks.sort_unstable();
        let expected: u128 = breaks
            .windows(2)
            .filter(|pair| pair[0] < pair[1])
            .map(|pair| {
                let most = supremum(&steps, pair[0].saturating_sub(kept.0), pair[1]);
                u128::from(pair[1] - pair[0]) * u128::try_from(most).unwrap()
            })
            .sum();
        let found: u128 = periods(&run(&scenario, seed), 0).map(|p| p.alive_ns).sum();
        prop_assert_eq!(found, expected);
    }
}

/// The keep-alive at which the gap's hazard is the price of an idle second over that of a cold
/// start is the cheapest: simulated costs agree with theory there and rise on both sides.
#[test]
fn the_hazard_finds_the_cheapest_keep_alive() {
    let (load, best_s) = (5.0, 12.0);
    let law = GapLaw::unlimited(load, 1.0).unwrap();
    let cold_price = 1.0 / law.hazard_per_second(best_s);
    let costs = |seconds: u64| {
        let mut function = markov(load);
        function.keep_alive = KeepAlive::Fixed(SimDuration::from_secs(seconds));
        let mut scenario = alone(function, 20_000, 24);
        // The same span for all, so that they meet the same requests.
        scenario.run.warm_up = WarmUp::Fixed(SimDuration::from_secs(100));
        let outcome = run(&scenario, 95);
        let costs: Vec<(f64, f64)> = pairs(&outcome, alive)
            .iter()
            .zip(pairs(&outcome, cold))
            .map(|((alive_ns, _), (colds, requests))| {
                (alive_ns / 1e9 + cold_price * colds, requests)
            })
            .collect();
        let span = to_f64(seconds);
        let exact = 1.0 + law.mean_idle_s(span) + cold_price * law.cold_probability(span);
        assert_ratio(&format!("cost at {seconds} s"), &costs, exact, 0.1);
        (costs, exact)
    };
    let (best, best_exact) = costs(12);
    for other_s in [4, 36] {
        let (other, exact) = costs(other_s);
        assert!(exact > best_exact, "{exact} at {other_s} s");
        let differences: Vec<(f64, f64)> = other
            .iter()
            .zip(&best)
            .map(|(other, best)| (other.0 - best.0, best.1))
            .collect();
        let what = format!("what {other_s} s cost more");
        assert_ratio(&what, &differences, exact - best_exact, 0.6);
    }
}

/// The busy instances of P provisioned ones with spill-over: p below or at P, m on demand.
struct Spill {
    provisioned: usize,
    /// States with more on demand than this are left out.
    most: usize,
    arrivals: f64,
}

impl Spill {
    /// One step of the chain, time counted in units of a rate above every state's, with arrivals
    /// that would pass `level` on demand leaving the chain, or held back.
    fn step(&self, from: &[Vec<f64>], level: usize, leaves: bool) -> Vec<Vec<f64>> {
        let rate = self.rate();
        let mut to = vec![vec![0.0; self.most + 1]; self.provisioned + 1];
        for p in 0..=self.provisioned {
            for m in 0..=level {
                let share = from[p][m] / rate;
                let mut left = rate;
                if p < self.provisioned {
                    to[p + 1][m] += share * self.arrivals;
                    left -= self.arrivals;
                } else if m < level {
                    to[p][m + 1] += share * self.arrivals;
                    left -= self.arrivals;
                } else if leaves {
                    left -= self.arrivals;
                }
                if p > 0 {
                    to[p - 1][m] += share * count_to_f64(p);
                    left -= count_to_f64(p);
                }
                if m > 0 {
                    to[p][m - 1] += share * count_to_f64(m);
                    left -= count_to_f64(m);
                }
                to[p][m] += share * left;
            }
        }
        to
    }

    fn rate(&self) -> f64 {
        self.arrivals + count_to_f64(self.provisioned + self.most)
    }

    fn mass(states: &[Vec<f64>]) -> f64 {
        states.iter().flatten().sum()
    }

    /// Probability that a request is cold: the rate at which the number on demand falls from m + 1
    /// to m and stays at m or below for longer than the keep-alive, over all m, per arrival. The
    /// matrix exponential is summed by uniformisation.
    fn cold_probability(&self, keep_alive_s: f64) -> f64 {
        let mut stationary = vec![vec![0.0; self.most + 1]; self.provisioned + 1];
        stationary[0][0] = 1.0;
        for _ in 0..6_000 {
            stationary = self.step(&stationary, self.most, false);
        }
        let mut colds = 0.0;
        for level in 0..self.most {
            let mut states = vec![vec![0.0; self.most + 1]; self.provisioned + 1];
            for (state, row) in states.iter_mut().zip(&stationary) {
                state[level] = row[level + 1] * count_to_f64(level + 1);
            }
            let jumps = self.rate() * keep_alive_s;
            let mut weight = libm::exp(-jumps);
            let mut survived = weight * Self::mass(&states);
            for jump in 1..600 {
                states = self.step(&states, level, true);
                weight *= jumps / f64::from(jump);
                survived += weight * Self::mass(&states);
            }
            colds += survived;
        }
        colds / self.arrivals
    }
}

/// Two roads to the same answer: the formula's and the chain summed jump by jump. The simulator is
/// held to the formula among the oracles.
#[test]
fn cold_starts_beside_provisioned_instances_by_another_road() {
    for (instances, load, keep_alive_s) in [(1, 2.0, 2.0), (3, 4.0, 2.0), (5, 4.0, 5.0)] {
        let chain = Spill {
            provisioned: frostline_models::math::index(instances),
            most: 20,
            arrivals: load,
        };
        let found = chain.cold_probability(keep_alive_s);
        let formula = cold_probability(load, 1.0, instances, keep_alive_s).unwrap();
        assert!(
            (found / formula - 1.0).abs() < 1e-6,
            "{instances} provisioned: {found} by the chain, {formula} by the formula"
        );
    }
}

/// Without provisioned instances the chain is the memoryless pool, whose answer is known.
#[test]
fn the_spill_chain_agrees_with_the_gap_law() {
    let chain = Spill {
        provisioned: 0,
        most: 24,
        arrivals: 3.0,
    };
    let exact = GapLaw::unlimited(3.0, 1.0).unwrap().cold_probability(4.0);
    let found = chain.cold_probability(4.0);
    assert!((found / exact - 1.0).abs() < 1e-6, "{found} is not {exact}");
}

/// Cold ratios of the reuse orders at load 1, kept 10 s. Most recent: exact. The others: a prototype
/// of the model ran 3·10⁶ requests each (7.42 %, 7.42 %, 3.70 %, 1.03 %; its standard errors are
/// below a third of those here, which makes the stated false-positive rate some 2·10⁻⁵).
#[test]
fn the_reuse_order_is_a_first_order_effect() {
    let exact = GapLaw::unlimited(1.0, 1.0).unwrap().cold_probability(10.0);
    for (reuse, expected, sharp) in [
        (Reuse::MostRecent, exact, 0.04),
        (Reuse::Oldest, 0.0742, 0.04),
        (Reuse::Newest, 0.0742, 0.04),
        (Reuse::Random, 0.0370, 0.06),
        (Reuse::LeastRecent, 0.0103, 0.12),
    ] {
        let mut function = markov(1.0);
        function.keep_alive = KeepAlive::Fixed(SimDuration::from_secs(10));
        function.reuse = reuse;
        let outcome = run(&alone(function, 30_000, 24), 98);
        assert_ratio(
            &format!("{reuse:?}"),
            &pairs(&outcome, cold),
            expected,
            sharp,
        );
    }
}

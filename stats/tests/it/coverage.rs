//! Do intervals cover the truth as often as they promise?
//!
//! 4,000 repetitions of a true 95 % interval cover 3,800 ± 13.8 times; four deviations, 93.6 to
//! 96.4 %, are left by chance once in 16,000 tests. Seeds are fixed.
use frostline_stats::estimate::{Estimate, Method};
use frostline_stats::replications::{mean, ratio};
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use rand_distr::{Distribution, Poisson, StandardNormal};

fn coverage(truth: f64, mut estimate: impl FnMut(&mut Xoshiro256PlusPlus) -> Estimate) -> f64 {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(20_261_124);
    let mut covered = 0.0;
    for _ in 0..4_000 {
        let found = estimate(&mut rng);
        if found.low.is_some_and(|low| low <= truth) && found.high.is_some_and(|high| truth <= high)
        {
            covered += 1.0;
        }
    }
    covered / 4_000.0
}

#[test]
fn the_interval_of_a_mean_is_exact_for_normal_values() {
    for n in [2, 5, 10] {
        let share = coverage(3.0, |rng| {
            let values: Vec<f64> = (0..n)
                .map(|_| {
                    let noise: f64 = StandardNormal.sample(rng);
                    3.0 + 2.0 * noise
                })
                .collect();
            mean(&values, Method::Replications)
        });
        assert!((0.936..0.964).contains(&share), "{share} for {n} values");
    }
}

/// The delta method is approximate: two more points are allowed below.
#[test]
fn the_interval_of_a_ratio_covers_poisson_counts() {
    let (cold, warm) = (Poisson::new(30.0).unwrap(), Poisson::new(970.0).unwrap());
    let share = coverage(0.03, |rng| {
        let pairs: Vec<(f64, f64)> = (0..10)
            .map(|_| {
                let events: f64 = cold.sample(rng);
                let others: f64 = warm.sample(rng);
                (events, events + others)
            })
            .collect();
        ratio(&pairs, Method::RatioOverReplications)
    });
    assert!((0.916..0.964).contains(&share), "{share}");
}

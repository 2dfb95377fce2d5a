//! Are the parameters of known laws found again inside their 95 % intervals 95 times of 100? Prints the
//! table of `results/calibration`.
#![expect(clippy::print_stdout, reason = "the table is the program's result")]

use frostline_models::math::count_to_f64;
use frostline_models::units::significant;
use frostline_stats::fit::{self, Component, FittedLaw, Observation, Options, Sample, blocks};
use frostline_stats::regression::{Line, QuotaFit, Throttled, staircase};
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus as Rng;

const SEED: u64 = 20_261_124;

/// Repetitions: 4 standard deviations of a true 95 % are ± 1.9 points.
const REPETITIONS: u32 = 2_000;
const OF_MIXTURES: u32 = 1_000;

/// Cut off at this many ms, where the row says so.
const CUT: f64 = 130.0;

fn main() {
    println!(
        "# Coverage of calibrated intervals\n\n\
         Samples are drawn from a known law and fitted again; the share of repetitions in which the 95 % interval \
         of a parameter holds the true value. {REPETITIONS} repetitions a row ({OF_MIXTURES} for mixtures): a true \
         95 % lies between 93.1 and 96.9 % (92.2 and 97.8 %) in all but one of 16,000 rows.\n\n\
         | law | n | observed | covered |\n|---|---:|---|---|"
    );
    for law in laws() {
        let (sizes, repetitions) = match &law {
            FittedLaw::Mixture(_) => ([300, 1_000], OF_MIXTURES),
            _ => ([50, 300], REPETITIONS),
        };
        for size in sizes {
            row(&law, size, repetitions, "exact", Observation::Exact);
        }
    }
    let law = FittedLaw::LogNormal {
        mu: 4.5,
        sigma: 0.35,
    };
    row(&law, 300, REPETITIONS, "cut off at 130 (15 %)", cut);
    row(&law, 300, REPETITIONS, "in cells of ¼ octave", cell);
    println!("\n| estimate | setting | covered |\n|---|---|---:|");
    quantiles();
    slopes();
    quotas();
}

fn laws() -> Vec<FittedLaw> {
    let part = |weight, mu, sigma| Component { weight, mu, sigma };
    vec![
        FittedLaw::Exponential { mean: 80.0 },
        FittedLaw::Gamma {
            shape: 3.0,
            mean: 90.0,
        },
        FittedLaw::Weibull {
            shape: 1.7,
            scale: 120.0,
        },
        FittedLaw::LogNormal {
            mu: 4.5,
            sigma: 0.3,
        },
        FittedLaw::LogLogistic {
            shape: 6.0,
            median: 100.0,
        },
        FittedLaw::Pareto {
            shape: 2.5,
            minimum: 40.0,
        },
        FittedLaw::Mixture(vec![part(0.85, 4.5, 0.12), part(0.15, 5.3, 0.25)]),
    ]
}

fn cut(value: f64) -> Observation {
    if value > CUT {
        Observation::AtLeast(CUT)
    } else {
        Observation::Exact(value)
    }
}

fn cell(value: f64) -> Observation {
    let cell = libm::floor(libm::log2(value) * 4.0);
    Observation::Between {
        low: libm::exp2(cell / 4.0),
        high: libm::exp2((cell + 1.0) / 4.0),
    }
}

/// One row: how often each parameter lies inside its interval.
fn row(law: &FittedLaw, size: usize, repetitions: u32, how: &str, observe: fn(f64) -> Observation) {
    let mut rng = Rng::seed_from_u64(SEED);
    let truth = law.parameters();
    let mut covered = vec![0_u32; truth.len()];
    for _ in 0..repetitions {
        let drawn: Vec<_> = (0..size)
            .map(|_| (observe(law.draw(&mut rng)), 1))
            .collect();
        let options = Options {
            replications: 0,
            seed: SEED,
        };
        let fitted = Sample::new(drawn)
            .ok()
            .and_then(|s| fit::fit(&s, law.family(), options));
        let Some(found) = fitted else { continue };
        for ((times, (_, value)), parameter) in covered.iter_mut().zip(&truth).zip(found.parameters)
        {
            let inside = parameter.low.is_some_and(|low| low <= *value)
                && parameter.high.is_some_and(|high| *value <= high);
            *times += u32::from(inside);
        }
    }
    let shares = truth
        .iter()
        .zip(covered)
        .filter(|((name, _), _)| name != "minimum");
    let shares: Vec<String> = shares
        .map(|((name, _), times)| format!("{name} {} %", percent(times, repetitions)))
        .collect();
    println!(
        "| {} | {size} | {how} | {} |",
        law.family().name(),
        shares.join(", ")
    );
}

fn percent(times: u32, repetitions: u32) -> String {
    significant(100.0 * f64::from(times) / f64::from(repetitions))
}

/// Quantiles of days that drift: by blocks, and as if every start were independent.
fn quantiles() {
    let start = FittedLaw::LogNormal {
        mu: 4.5,
        sigma: 0.2,
    };
    let day = FittedLaw::LogNormal {
        mu: 0.0,
        sigma: 0.1,
    };
    for (probability, z) in [(0.5, 0.0), (0.95, 1.644_853_626_951_472_2)] {
        // Products of log-normals are log-normal.
        let truth = libm::exp(4.5 + z * libm::sqrt(0.2 * 0.2 + 0.1 * 0.1));
        for days in [10, 30, 90] {
            let mut rng = Rng::seed_from_u64(SEED);
            let (mut by_day, mut apart) = (0, 0);
            for seed in 0..REPETITIONS / 2 {
                let values: Vec<Vec<f64>> = (0..days)
                    .map(|_| {
                        let factor = day.draw(&mut rng);
                        (0..40).map(|_| factor * start.draw(&mut rng)).collect()
                    })
                    .collect();
                let mut pooled = values.concat();
                pooled.sort_by(f64::total_cmp);
                let seed = u64::from(seed);
                by_day += holds(
                    blocks::quantile_of_blocks(&values, probability, seed),
                    truth,
                );
                apart += holds(blocks::quantile(&pooled, probability), truth);
            }
            println!(
                "| p{} over days | {days} days of 40, drift 10 % a day | {} % (taken for independent: {} %) |",
                100.0 * probability,
                percent(by_day, REPETITIONS / 2),
                percent(apart, REPETITIONS / 2)
            );
        }
    }
}

fn holds(estimate: Option<frostline_stats::estimate::Estimate>, truth: f64) -> u32 {
    let inside = estimate.is_some_and(|found| {
        found.low.is_some_and(|low| low <= truth) && found.high.is_some_and(|high| truth <= high)
    });
    u32::from(inside)
}

/// Milliseconds for each MB of package, with noise that grows with the size.
fn slopes() {
    let noise = FittedLaw::LogNormal {
        mu: -0.02,
        sigma: 0.2,
    };
    for size in [20, 60, 200_u32] {
        let mut rng = Rng::seed_from_u64(SEED);
        let mut covered = 0;
        for _ in 0..REPETITIONS {
            let points: Vec<(f64, f64)> = (0..size)
                .map(|i| {
                    let x = f64::from(i % 4 * 20 + 5);
                    (x, (50.0 + 3.0 * x) * noise.draw(&mut rng))
                })
                .collect();
            covered += holds(Line::of(&points).map(|line| line.slope), 3.0);
        }
        println!(
            "| ms a MB | {size} starts of 4 sizes | {} % |",
            percent(covered, REPETITIONS)
        );
    }
}

/// The CPU-bound part of a start under quotas of 20 ms periods.
fn quotas() {
    let law = FittedLaw::LogNormal {
        mu: libm::log(200.0),
        sigma: 0.05,
    };
    let repetitions = 300;
    for beta in [0.4, 0.7] {
        let mut rng = Rng::seed_from_u64(SEED);
        let (mut covered, mut errors) = (0, Vec::new());
        for seed in 0..repetitions {
            let mut draw = |share: f64| -> Vec<f64> {
                let wall =
                    |wall: f64| (1.0 - beta) * wall + staircase(beta * wall, share * 20.0, 20.0);
                (0..30).map(|_| wall(law.draw(&mut rng))).collect()
            };
            let base = draw(1.0);
            let throttled: Vec<Throttled> = [0.07, 0.15, 0.3, 0.6]
                .map(|share| Throttled {
                    share,
                    walls: draw(share),
                })
                .into();
            let found = QuotaFit::of(&base, &throttled, 20.0, u64::from(seed));
            errors.extend(found.as_ref().and_then(|fit| fit.hold_out_error));
            covered += holds(found.map(|fit| fit.share), beta);
        }
        let mean = errors.iter().sum::<f64>() / count_to_f64(errors.len());
        println!(
            "| CPU-bound part {beta} | 5 shares of 30 starts | {} % (a share held out is missed by {} % on average) |",
            percent(covered, repetitions),
            significant(100.0 * mean)
        );
    }
}

//! Every law's draws against independent laws. Seeds are fixed; each Kolmogorov–Smirnov test refuses
//! a right sampler once in 20,000 seeds (√n·D above 2.3 has probability 2·e^(−2·2.3²) = 5.1e-5).

use frostline_models::law::Law;
use frostline_models::math::{count_to_f64, to_f64};
use frostline_models::random::{Purpose, StreamKey};
use frostline_models::units::SimDuration;
use rand::rngs::Xoshiro256PlusPlus as Rng;
use rand_distr::Distribution;

const DRAWS: usize = 200_000;
const CRITICAL: f64 = 2.3;

fn ms(milliseconds: u64) -> SimDuration {
    SimDuration::from_millis(milliseconds)
}

fn draws(law: &Law) -> Vec<u64> {
    let mut block = vec![0; DRAWS];
    law.sampler().fill(
        &mut StreamKey::new(5, 0, 1, Purpose::Duration).block(0),
        &mut block,
    );
    block.sort_unstable();
    block
}

/// Draws nanoseconds from a law of `rand_distr`.
type Oracle = Box<dyn Fn(&mut Rng) -> f64>;

/// Every law with its oracle.
fn laws() -> Vec<(&'static str, Law, Oracle)> {
    fn of<D: Distribution<f64> + 'static>(law: D, scale: f64) -> Oracle {
        Box::new(move |rng| law.sample(rng) * scale)
    }
    let log_normal = |median: f64, sigma: f64| {
        of(
            rand_distr::LogNormal::new(libm::log(median), sigma).unwrap(),
            1.0,
        )
    };
    let sigma = libm::log(7.5) / 2.326_347_874_040_841;
    vec![
        (
            "exponential",
            Law::exponential(ms(120)).unwrap(),
            of(rand_distr::Exp::new(1.0).unwrap(), 120e6),
        ),
        (
            "uniform",
            Law::uniform(ms(10), ms(30)).unwrap(),
            of(rand_distr::Uniform::new(10e6, 30e6).unwrap(), 1.0),
        ),
        (
            "log-normal",
            Law::log_normal(ms(120), ms(900)).unwrap(),
            log_normal(120e6, sigma),
        ),
        (
            "gamma, shape above 1",
            Law::gamma(2.3, ms(100)).unwrap(),
            of(rand_distr::Gamma::new(2.3, 100e6 / 2.3).unwrap(), 1.0),
        ),
        (
            "gamma, shape below 1",
            Law::gamma(0.3, ms(100)).unwrap(),
            of(rand_distr::Gamma::new(0.3, 100e6 / 0.3).unwrap(), 1.0),
        ),
        (
            "weibull",
            Law::weibull(0.7, ms(80)).unwrap(),
            of(rand_distr::Weibull::new(80e6, 0.7).unwrap(), 1.0),
        ),
        (
            "pareto",
            Law::pareto(1.5, ms(40)).unwrap(),
            of(rand_distr::Pareto::new(40e6, 1.5).unwrap(), 1.0),
        ),
        (
            "shifted log-normal",
            Law::shifted_log_normal(ms(60), ms(180), ms(960)).unwrap(),
            {
                let above = log_normal(120e6, sigma);
                Box::new(move |rng| 60e6 + above(rng))
            },
        ),
        ("log-logistic", Law::log_logistic(4.0, ms(100)).unwrap(), {
            // The quotient of two exponential draws has the odds of a uniform one.
            let exponential = rand_distr::Exp::new(1.0).unwrap();
            Box::new(move |rng| {
                let odds: f64 = exponential.sample(rng) / exponential.sample(rng);
                100e6 * libm::pow(odds, 0.25)
            })
        }),
    ]
}

#[test]
fn draws_are_distributed_like_those_of_rand_distr() {
    for (name, law, oracle) in laws() {
        let ours = draws(&law);
        let mut rng = StreamKey::new(6, 0, 2, Purpose::Duration).block(0);
        let mut theirs: Vec<f64> = (0..DRAWS).map(|_| oracle(&mut rng)).collect();
        theirs.sort_by(f64::total_cmp);
        let mut greatest = 0_f64;
        let mut place = 0;
        for (rank, value) in ours.iter().enumerate() {
            while place < DRAWS && theirs[place] <= to_f64(*value) {
                place += 1;
            }
            greatest = greatest.max((count_to_f64(place) - count_to_f64(rank)).abs());
        }
        let statistic = greatest / count_to_f64(DRAWS) * (count_to_f64(DRAWS) / 2.0).sqrt();
        assert!(statistic < CRITICAL, "{name}: √n·D is {statistic}");
    }
}

/// The laws that have no twin elsewhere too.
fn all_laws() -> Vec<(&'static str, Law)> {
    let mut laws: Vec<_> = laws()
        .into_iter()
        .map(|(name, law, _)| (name, law))
        .collect();
    let moments = Law::log_normal_from_moments(ms(200), ms(400)).unwrap();
    laws.push(("log-normal by moments", moments));
    let points = [
        (0.0, ms(5)),
        (0.5, ms(120)),
        (0.99, ms(900)),
        (1.0, ms(1_200)),
    ];
    laws.push(("empirical", Law::empirical(&points).unwrap()));
    let parts = vec![
        (3.0, Law::exponential(ms(10)).unwrap()),
        (1.0, Law::gamma(4.0, ms(500)).unwrap()),
    ];
    laws.push(("mixture", Law::mixture(parts).unwrap()));
    laws
}

#[test]
fn survival_and_mean_are_those_of_the_draws() {
    for (name, law) in all_laws() {
        let ours = draws(&law);
        let count = count_to_f64(DRAWS);
        let mut greatest = 0_f64;
        for (rank, value) in ours.iter().enumerate() {
            let below = 1.0 - law.survival(SimDuration(*value));
            greatest = greatest.max((below - count_to_f64(rank) / count).abs());
        }
        assert!(
            greatest * count.sqrt() < CRITICAL,
            "{name}: √n·D is {}",
            greatest * count.sqrt()
        );
        for probability in [0.5, 0.01, 1e-6] {
            let span = law.exceeded_with(probability);
            assert!(law.survival(span) <= probability, "{name} beyond {span}");
        }
        if name != "pareto" {
            let mean = ours.iter().map(|value| to_f64(*value)).sum::<f64>() / count;
            assert!(
                (mean / law.mean_ns() - 1.0).abs() < 0.03,
                "{name}: {mean} ns"
            );
        }
        let doubled = draws(&law.scaled(2.0));
        let ratio = to_f64(doubled[DRAWS / 2]) / to_f64(ours[DRAWS / 2]);
        assert!((ratio - 2.0).abs() < 1e-6, "{name} scaled: {ratio}");
    }
}

/// The bits of every law's draws. A change here is value-breaking: CHANGELOG.
#[test]
fn golden_draws_of_every_law() {
    let digests: Vec<(&str, u64)> = all_laws()
        .into_iter()
        .map(|(name, law)| {
            let digest = draws(&law)
                .iter()
                .fold(0_u64, |d, value| d.rotate_left(7) ^ value);
            (name, digest)
        })
        .collect();
    insta::assert_debug_snapshot!(digests);
}

#[test]
fn impossible_laws_are_refused_with_the_reason() {
    let told = |law: Result<Law, frostline_models::law::LawError>| law.unwrap_err().to_string();
    assert_eq!(
        told(Law::exponential(ms(0))),
        "the mean must be greater than zero"
    );
    assert_eq!(
        told(Law::log_normal(ms(120), ms(90))),
        "the 99th percentile (90 ms) must not be below the median (120 ms)"
    );
    assert!(Law::uniform(ms(2), ms(1)).is_err() && Law::gamma(f64::NAN, ms(1)).is_err());
    assert!(Law::mixture(Vec::new()).is_err() && Law::empirical(&[(0.5, ms(1))]).is_err());
}

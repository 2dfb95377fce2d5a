//! How often the gate's verdicts are wrong and right, over models of noise.
//!
//! A model gives what disturbs run after run; base and change take turns as `frostline gate run` lets
//! them, in an order that a coin draws. The verdict is that of the first pair at which there is one,
//! as in a real gate, or of the last.

use frostline_models::math::{StandardNormal, open_unit, to_f64, unit};
use frostline_stats::gate::{Test, Verdict};
use frostline_stats::replications::mean;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};

/// Standard deviation of the logarithm of one run's CPU time: 3 %, that of the fixtures that were
/// measured (2 to 5 % within a window).
const DEVIATION: f64 = 0.03;

/// What disturbs the runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noise {
    /// Independent, log-normal.
    Independent,
    /// The machine slows down by 0.2 % a run, beside a wave of ± 20 % over 37 runs.
    Drift,
    /// A neighbour comes and goes: twice as long for 15 runs on average, every 60.
    Bursts,
    /// Neighbouring runs are alike: autoregressive with a coefficient of 0.95.
    Autocorrelated,
    /// Student's t with two degrees of freedom: no variance.
    HeavyTails,
    /// One run in ten takes an extra time that is Pareto with a shape of 1.1.
    Stalls,
    /// The second run of a pair is 10 % quicker, whatever it is.
    Order,
    /// Times in whole ticks of 10 ms.
    Ticks,
}

impl Noise {
    /// Every model.
    pub const ALL: [Self; 8] = [
        Self::Independent,
        Self::Drift,
        Self::Bursts,
        Self::Autocorrelated,
        Self::HeavyTails,
        Self::Stalls,
        Self::Order,
        Self::Ticks,
    ];

    /// What it is called in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Independent => "independent, σ = 3 %",
            Self::Drift => "drift, and a wave of ± 20 %",
            Self::Bursts => "bursts of twice the time",
            Self::Autocorrelated => "autocorrelated, 0.95",
            Self::HeavyTails => "heavy tails, t(2)",
            Self::Stalls => "stalls, Pareto 1.1",
            Self::Order => "second run 10 % quicker",
            Self::Ticks => "ticks of 10 ms",
        }
    }
}

/// A machine with noise.
struct Machine {
    noise: Noise,
    random: Xoshiro256PlusPlus,
    run: u64,
    /// The autoregressive state, or whether a neighbour is there.
    state: f64,
}

impl Machine {
    fn new(noise: Noise, seed: u64) -> Self {
        Self {
            noise,
            random: Xoshiro256PlusPlus::seed_from_u64(seed),
            run: 0,
            state: 0.0,
        }
    }

    fn normal(&mut self) -> f64 {
        StandardNormal::default().draw(&mut self.random)
    }

    fn uniform(&mut self) -> f64 {
        unit(self.random.next_u64())
    }

    /// Milliseconds that a run takes which would take `ms` undisturbed.
    fn run(&mut self, ms: f64, second: bool) -> f64 {
        self.run += 1;
        let at = to_f64(self.run);
        let small = DEVIATION * self.normal();
        match self.noise {
            Noise::Independent => ms * libm::exp(small),
            Noise::Drift => {
                let wave = 0.2 * libm::sin(at * std::f64::consts::TAU / 37.0);
                ms * libm::exp(small + 0.002 * at + wave)
            }
            Noise::Bursts => {
                let leaves = if self.state > 0.0 {
                    1.0 / 15.0
                } else {
                    1.0 / 60.0
                };
                if self.uniform() < leaves {
                    self.state = 1.0 - self.state;
                }
                ms * libm::exp(small) * (1.0 + self.state)
            }
            Noise::Autocorrelated => {
                self.state = 0.95 * self.state + small;
                ms * libm::exp(self.state)
            }
            Noise::HeavyTails => {
                // A normal over the root of a mean of two squares: −2·ln U is their sum.
                let squares = -2.0 * libm::log(open_unit(self.random.next_u64()));
                ms * libm::exp(small / (squares / 2.0).sqrt())
            }
            Noise::Stalls => {
                let held_up = if self.uniform() < 0.1 {
                    5.0 * libm::pow(open_unit(self.random.next_u64()), -1.0 / 1.1)
                } else {
                    0.0
                };
                ms * libm::exp(small) + held_up
            }
            Noise::Order => ms * libm::exp(small) * if second { 0.9 } else { 1.0 },
            Noise::Ticks => (ms * libm::exp(small) / 10.0).round() * 10.0,
        }
    }
}

/// A gate, again and again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// What disturbs the runs.
    pub noise: Noise,
    /// The change's true effect: 0.05 takes 5 % longer.
    pub effect: f64,
    /// Share up to which both are the same.
    pub tolerance: f64,
    /// The nominal error.
    pub error: f64,
    /// Pairs at most.
    pub pairs_max: u32,
}

/// How often each verdict came.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rates {
    /// Gates.
    pub gates: u32,
    /// Of which the change was called slower.
    pub slower: u32,
    /// Called faster.
    pub faster: u32,
    /// Called the same.
    pub same: u32,
    /// Pairs, summed.
    pub pairs: u64,
}

impl Rates {
    /// How many had no verdict.
    pub fn unclear(&self) -> u32 {
        self.gates - self.slower - self.faster - self.same
    }

    /// Verdicts that are not true of an effect.
    pub fn wrong(&self, plan: &Plan) -> u32 {
        let (edge, effect) = (1.0 + plan.tolerance, 1.0 + plan.effect);
        let mut wrong = 0;
        if effect <= edge {
            wrong += self.slower;
        }
        if effect >= 1.0 / edge {
            wrong += self.faster;
        }
        if effect > edge || effect < 1.0 / edge {
            wrong += self.same;
        }
        wrong
    }

    /// Pairs of a gate, on average.
    pub fn mean_pairs(&self) -> f64 {
        to_f64(self.pairs) / f64::from(self.gates.max(1))
    }
}

impl Plan {
    /// Runs so many gates.
    ///
    /// # Panics
    /// When tolerance or error make no test.
    pub fn rates(&self, gates: u32) -> Rates {
        let mut rates = Rates {
            gates,
            ..Rates::default()
        };
        for gate in 0..gates {
            let mut machine = Machine::new(self.noise, u64::from(gate) + 20_261_124);
            let mut test = Test::new(self.tolerance, self.error).expect("the plan makes a test");
            for _ in 0..self.pairs_max {
                let (base, change) = self.pair(&mut machine);
                test.add(base, change);
                if test.verdict() != Verdict::Unclear {
                    break;
                }
            }
            rates.pairs += test.pairs();
            match test.verdict() {
                Verdict::Slower => rates.slower += 1,
                Verdict::Faster => rates.faster += 1,
                Verdict::Same => rates.same += 1,
                Verdict::Unclear => {}
            }
        }
        rates
    }

    fn pair(&self, machine: &mut Machine) -> (f64, f64) {
        let (base, change) = (100.0, 100.0 * (1.0 + self.effect));
        if machine.random.next_u64() >> 63 == 0 {
            let first = machine.run(base, false);
            (first, machine.run(change, true))
        } else {
            let first = machine.run(change, false);
            (machine.run(base, true), first)
        }
    }

    /// How often a look at a t interval after every fifth pair calls the change different, at the
    /// level that fits the nominal error: what happens without a sequential test. `paired` says
    /// whether it pairs, or measures all of the base first.
    pub fn naive(&self, gates: u32, paired: bool) -> f64 {
        let mut alarms = 0_u32;
        for gate in 0..gates {
            let mut machine = Machine::new(self.noise, u64::from(gate) + 20_261_124);
            let pairs: Vec<(f64, f64)> = if paired {
                (0..self.pairs_max)
                    .map(|_| self.pair(&mut machine))
                    .collect()
            } else {
                let base: Vec<f64> = (0..self.pairs_max)
                    .map(|_| machine.run(100.0, false))
                    .collect();
                base.into_iter()
                    .map(|base| (base, machine.run(100.0 * (1.0 + self.effect), false)))
                    .collect()
            };
            let looks = (1..=pairs.len()).filter(|n| n % 5 == 0);
            let mut looks = looks.map(|n| {
                let logs: Vec<f64> = pairs[..n]
                    .iter()
                    .map(|(base, change)| libm::log(change / base))
                    .collect();
                let method = frostline_stats::estimate::Method::PairedDifferences;
                let found = mean(&logs, method);
                found.low.is_some_and(|low| low > 0.0) || found.high.is_some_and(|high| high < 0.0)
            });
            alarms += u32::from(looks.any(|alarm| alarm));
        }
        f64::from(alarms) / f64::from(gates)
    }
}

/// The upper end of a 95 % interval of a rate that was seen `events` times in `trials`: the rate at
/// which so few would be seen in one of twenty cases (C. Clopper & E. Pearson, "The use of confidence
/// or fiducial limits illustrated in the case of the binomial", Biometrika 26(4), 1934,
/// <https://doi.org/10.1093/biomet/26.4.404>), one-sided.
pub fn upper_bound(events: u32, trials: u32) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if at_most(events, trials, middle) > 0.05 {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// P(X ≤ events) for a binomial X.
fn at_most(events: u32, trials: u32, rate: f64) -> f64 {
    if events >= trials {
        return 1.0;
    }
    let n = f64::from(trials);
    let mut log_term = n * libm::log1p(-rate);
    let mut sum = libm::exp(log_term);
    for k in 1..=events {
        let k = f64::from(k);
        log_term += libm::log((n - k + 1.0) / k) + libm::log(rate) - libm::log1p(-rate);
        sum += libm::exp(log_term);
    }
    sum
}

/// A count as a share of a whole.
pub fn share(part: u32, whole: u32) -> f64 {
    f64::from(part) / f64::from(whole.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(noise: Noise, effect: f64, error: f64) -> Plan {
        Plan {
            noise,
            effect,
            tolerance: 0.03,
            error,
            pairs_max: 300,
        }
    }

    /// Clopper and Pearson: none of 200 bounds a rate by 1 − 0.05^(1/200) = 1.487 %.
    #[test]
    fn none_of_200_bounds_the_rate() {
        assert!((upper_bound(0, 200) - 0.014_867).abs() < 1e-5);
        assert!((upper_bound(200, 200) - 1.0).abs() < 1e-9);
        assert!((at_most(1, 2, 0.5) - 0.75).abs() < 1e-12);
    }

    /// At an error of 10 %, 300 gates at the very edge of the tolerance are called slower 15 times at
    /// most on average (5 %, one side); 30 are exceeded by chance once in 8,000 (binomial, 1.3·10⁻⁴).
    /// 200 gates of identical programs are called slower or faster 20 times at most on average; 36 are
    /// exceeded once in 5,000 (1.9·10⁻⁴).
    #[test]
    fn errors_stay_below_the_nominal_ones_under_every_noise() {
        for noise in Noise::ALL
            .into_iter()
            .filter(|noise| *noise != Noise::Stalls && *noise != Noise::Ticks)
        {
            let edge = plan(noise, 0.03, 0.1).rates(300);
            assert!(edge.slower <= 30, "{noise:?}: {edge:?}");
        }
        for noise in Noise::ALL {
            let alike = plan(noise, 0.0, 0.1);
            let rates = alike.rates(200);
            assert!(rates.slower + rates.faster <= 36, "{noise:?}: {rates:?}");
        }
    }

    #[test]
    fn what_is_there_is_found() {
        let rates = plan(Noise::Independent, 0.1, 0.01).rates(100);
        assert_eq!(rates.slower, 100, "{rates:?}");
        let rates = plan(Noise::Autocorrelated, -0.1, 0.01).rates(100);
        assert_eq!(rates.faster, 100, "{rates:?}");
        let rates = plan(Noise::Bursts, 0.0, 0.01).rates(100);
        assert!(rates.same >= 95, "{rates:?}");
    }
}

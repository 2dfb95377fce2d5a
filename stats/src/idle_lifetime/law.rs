//! The laws of an idle lifetime, those of `keep-alive` in a scenario.

use serde::Serialize;

/// A law of the time for which an idle instance is kept.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LifetimeLaw {
    /// Always the same.
    Fixed {
        /// The time, in seconds.
        at_s: f64,
    },
    /// Between the two, all equally likely.
    Uniform {
        /// The shortest time, in seconds.
        low_s: f64,
        /// The longest time, in seconds.
        high_s: f64,
    },
    /// At each multiple of a period an instance survives with probability one half.
    Halving {
        /// The period, in seconds.
        period_s: f64,
    },
}

impl LifetimeLaw {
    /// The share of instances that survive being idle for so many seconds.
    pub fn survival(&self, idle_s: f64) -> f64 {
        match *self {
            Self::Fixed { at_s } => f64::from(u8::from(idle_s <= at_s)),
            Self::Uniform { low_s, high_s } if high_s > low_s => {
                ((high_s - idle_s) / (high_s - low_s)).clamp(0.0, 1.0)
            }
            Self::Uniform { high_s, .. } => f64::from(u8::from(idle_s <= high_s)),
            Self::Halving { period_s } => {
                let passed = (idle_s / period_s).ceil() - 1.0;
                libm::exp2(-passed.max(0.0))
            }
        }
    }

    /// How many parameters it has, `early_loss` and `late_survival` included.
    pub(super) fn parameter_count(&self) -> f64 {
        match self {
            Self::Fixed { .. } | Self::Halving { .. } => 3.0,
            Self::Uniform { .. } => 4.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_survives_its_time_itself_and_nothing_beyond() {
        let holds = |law: LifetimeLaw, expected: &[(f64, f64)]| {
            for (idle_s, share) in expected {
                let found = law.survival(*idle_s);
                assert!(
                    (found - share).abs() < 1e-15,
                    "{law:?} at {idle_s} s: {found}"
                );
            }
        };
        let fixed = LifetimeLaw::Fixed { at_s: 600.0 };
        holds(fixed, &[(600.0, 1.0), (600.1, 0.0)]);
        let uniform = LifetimeLaw::Uniform {
            low_s: 300.0,
            high_s: 420.0,
        };
        holds(uniform, &[(300.0, 1.0), (360.0, 0.5), (500.0, 0.0)]);
        let halving = LifetimeLaw::Halving { period_s: 380.0 };
        holds(halving, &[(380.0, 1.0), (381.0, 0.5), (3.5 * 380.0, 0.125)]);
    }
}

//! A law as it is written in a profile: with the parameters a person reads, and the law they make.

use serde::Serialize;

use crate::law::{Law, LawError};
use crate::units::SimDuration;

/// The parameters of a law as a profile spells them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// Always the same.
    Constant(SimDuration),
    /// Exponential by its mean.
    Exponential {
        /// The mean.
        mean: SimDuration,
    },
    /// Log-normal by its median and 99th percentile.
    LogNormal {
        /// The median.
        median: SimDuration,
        /// The 99th percentile.
        p99: SimDuration,
    },
    /// Gamma by its shape and mean.
    Gamma {
        /// The shape k.
        shape: f64,
        /// The mean kθ.
        mean: SimDuration,
    },
    /// Weibull by its shape and scale.
    Weibull {
        /// The shape k.
        shape: f64,
        /// The scale λ.
        scale: SimDuration,
    },
    /// Pareto by its shape and smallest value.
    Pareto {
        /// The shape α.
        shape: f64,
        /// The smallest value.
        minimum: SimDuration,
    },
    /// Log-logistic by its shape and median.
    LogLogistic {
        /// The shape k.
        shape: f64,
        /// The median.
        median: SimDuration,
    },
    /// Log-normal above a smallest value, by the median and 99th percentile of the whole.
    ShiftedLogNormal {
        /// The smallest value.
        shift: SimDuration,
        /// The median.
        median: SimDuration,
        /// The 99th percentile.
        p99: SimDuration,
    },
    /// Points (probability, value) of the quantile function.
    Empirical(Vec<(f64, SimDuration)>),
    /// Weights and their laws.
    Mixture(Vec<(f64, Form)>),
}

/// A law together with how it is written.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct WrittenLaw {
    form: Form,
    #[serde(skip)]
    law: Law,
}

impl WrittenLaw {
    /// The law that these parameters make.
    ///
    /// # Errors
    /// When the parameters make no law.
    pub fn new(form: Form) -> Result<Self, LawError> {
        let law = form.law()?;
        Ok(Self { form, law })
    }

    /// How it is written.
    pub fn form(&self) -> &Form {
        &self.form
    }

    /// The law.
    pub fn law(&self) -> &Law {
        &self.law
    }
}

impl Form {
    /// The kind's name in files and tables.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Constant(_) => "constant",
            Self::Exponential { .. } => "exponential",
            Self::LogNormal { .. } => "log-normal",
            Self::Gamma { .. } => "gamma",
            Self::Weibull { .. } => "weibull",
            Self::Pareto { .. } => "pareto",
            Self::LogLogistic { .. } => "log-logistic",
            Self::ShiftedLogNormal { .. } => "shifted-log-normal",
            Self::Empirical(_) => "empirical",
            Self::Mixture(_) => "mixture",
        }
    }

    fn law(&self) -> Result<Law, LawError> {
        match self {
            Self::Constant(span) => Ok(Law::Constant(*span)),
            Self::LogNormal { median, p99 } => Law::log_normal(*median, *p99),
            Self::Gamma { shape, mean } => Law::gamma(*shape, *mean),
            Self::Weibull { shape, scale } => Law::weibull(*shape, *scale),
            Self::Exponential { mean } => Law::exponential(*mean),
            Self::Pareto { shape, minimum } => Law::pareto(*shape, *minimum),
            Self::LogLogistic { shape, median } => Law::log_logistic(*shape, *median),
            Self::ShiftedLogNormal { shift, median, p99 } => {
                Law::shifted_log_normal(*shift, *median, *p99)
            }
            Self::Empirical(points) => Law::empirical(points),
            Self::Mixture(parts) => {
                let laws: Result<Vec<_>, _> = parts
                    .iter()
                    .map(|(weight, form)| form.law().map(|law| (*weight, law)))
                    .collect();
                Law::mixture(laws?)
            }
        }
    }
}

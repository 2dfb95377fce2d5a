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
    fn law(&self) -> Result<Law, LawError> {
        match self {
            Self::Constant(span) => Ok(Law::Constant(*span)),
            Self::LogNormal { median, p99 } => Law::log_normal(*median, *p99),
            Self::Gamma { shape, mean } => Law::gamma(*shape, *mean),
            Self::Weibull { shape, scale } => Law::weibull(*shape, *scale),
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

//! Laws, regressions and a keep-alive out of samples.

use std::collections::{BTreeMap, BTreeSet};

use frostline_models::init::Phase;
use frostline_models::keepalive::KeepAlive;
use frostline_models::math::{count_to_f64, round_to_u64, word};
use frostline_models::profile::{
    CandidateFit, Coefficient, CpuShare, Form, KeepAliveEvidence, MeasuredPhase, Observed,
    PackageSize, Profile, ProfileWarning, QuantileInterval, WrittenLaw,
};
use frostline_models::units::{Bytes, Memory, SimDuration, significant};
use frostline_stats::estimate::{Estimate, Method};
use frostline_stats::fit::{self, Component, Family, Fit, FittedLaw, Sample, blocks};
use frostline_stats::idle_lifetime::{self, IdleLifetime, LifetimeLaw};
use frostline_stats::regression::{Line, QuotaFit};
use frostline_stats::{batches, replications};

use super::explain::extras;
use super::{CalibrationError, EMPIRICAL_MIN, FEW, Options, PhaseTimes, Samples, TIMES_MIN};

/// Quantiles of a phase that are kept with their intervals.
const SHOWN: [f64; 10] = [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999];

/// Points of an empirical law between its ends.
const EMPIRICAL: [f64; 17] = [
    0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975, 0.99, 0.995, 0.999,
];

/// Laws that get p-values: the best ones, since each costs a few hundred fits.
const WITH_P_VALUES: usize = 2;

/// The standard normal quantile of 0.99.
const Z_99: f64 = 2.326_347_874_040_841;

/// The share of the variance between days above which quantiles drift.
const DRIFT: f64 = 0.3;

pub(super) fn profile(samples: Samples, options: &Options) -> Result<Profile, CalibrationError> {
    let mut doubts = Doubts {
        warnings: samples.warnings.clone(),
        notes: samples.notes.clone(),
    };
    let mut phases = BTreeMap::new();
    for (phase, times) in &samples.phases {
        if let Some(measured) = measured(*phase, times, options, &mut doubts) {
            phases.insert(*phase, measured);
        }
    }
    // The whole stands alone: a phase that is known beside it says more.
    if phases.len() > 1 && phases.remove(&Phase::Total).is_some() {
        doubts
            .notes
            .push("times of the whole start were left out beside those of its phases".to_owned());
    }
    let without_times = phases.is_empty();
    if without_times {
        phases.insert(Phase::Total, MeasuredPhase::new(0, nothing()));
    }
    let mut profile = Profile::new(&samples.name, samples.managed_runtime, phases)
        .expect("there is a phase, and the whole stands alone");
    profile.package_size = package_size(&samples, &mut doubts);
    profile.cpu_share = cpu_share(&samples, options, &mut doubts);
    profile.keep_alive = keep_alive(&samples, options, &mut doubts);
    profile.observed = observed(&samples);
    if without_times {
        let mut seen = extras(&profile);
        seen.extend(doubts.notes);
        let found = found(&samples);
        return Err(CalibrationError::NoTimes { found, seen });
    }
    profile.runtime = samples.runtime;
    profile.package = samples.package;
    profile.architecture = samples.architecture;
    profile.source = samples.source;
    profile.environment = samples.environment;
    profile.warnings = doubts.warnings.into_iter().collect();
    profile.notes = doubts.notes;
    Ok(profile)
}

/// The law of no time, for a profile that is only asked what else is known.
fn nothing() -> WrittenLaw {
    WrittenLaw::new(Form::Constant(SimDuration::ZERO)).expect("a constant is always a law")
}

/// What is doubtful so far.
struct Doubts {
    warnings: BTreeSet<ProfileWarning>,
    notes: Vec<String>,
}

impl Doubts {
    fn note(&mut self, warning: ProfileWarning, sentence: String) {
        self.warnings.insert(warning);
        self.notes.push(sentence);
    }
}

fn found(samples: &Samples) -> String {
    let times: usize = samples
        .phases
        .values()
        .map(|times| times.observations().len())
        .sum();
    match times {
        0 => "no time of an init".to_owned(),
        1 => "a single one".to_owned(),
        several => format!("{several} of several phases"),
    }
}

/// A phase with its law; `None` with fewer than [`TIMES_MIN`] times.
fn measured(
    phase: Phase,
    times: &PhaseTimes,
    options: &Options,
    doubts: &mut Doubts,
) -> Option<MeasuredPhase> {
    let sample = Sample::new(times.observations()).ok()?;
    if sample.n() < TIMES_MIN {
        return None;
    }
    let name = phase.name();
    if sample.n() < FEW {
        let sentence = format!("{name}: {} times say little beyond the median", sample.n());
        doubts.note(ProfileWarning::FewSamples, sentence);
    }
    if !sample.is_complete() {
        let cut = sample.n() - sample.exact_n();
        let sentence = format!(
            "{name}: {cut} of {} times are known only up to a limit or between two",
            sample.n()
        );
        doubts.note(ProfileWarning::CensoredSamples, sentence);
    }
    if let Some(share) = blocks::share_between(&times.blocks).filter(|share| *share > DRIFT) {
        let sentence = format!(
            "{name}: {} % of the variance lies between days; intervals allow for it, a fit to one day would not",
            significant(100.0 * share)
        );
        doubts.note(ProfileWarning::NonStationary, sentence);
    }
    let fits = fits(&sample, options);
    let empirical =
        (sample.exact_n() >= EMPIRICAL_MIN && sample.is_complete()).then(|| empirical(&sample));
    let form = match (empirical.flatten(), fits.first()) {
        (Some(form), _) => form,
        (None, Some(best)) => {
            if let Some(missed) = best.missed() {
                let sentence = format!(
                    "{name}: the {} law misses p{} by {} %",
                    best.family.name(),
                    significant(100.0 * missed.probability),
                    significant(100.0 * missed.relative())
                );
                doubts.note(ProfileWarning::PoorTailFit, sentence);
            }
            form(&best.law)
        }
        // All times are the same, or there are too few for any law.
        (None, None) => Form::Constant(span(sample.quantile(0.5)?)),
    };
    Some(MeasuredPhase {
        samples: sample.n(),
        law: WrittenLaw::new(form).ok()?,
        intervals: intervals(&sample, times, options.seed),
        fits: fits.iter().filter_map(candidate).collect(),
    })
}

/// The laws that the sample allows, the best of them with p-values.
fn fits(sample: &Sample, options: &Options) -> Vec<Fit> {
    let plain = fit::Options {
        replications: 0,
        seed: options.seed,
    };
    let mut fits = fit::all(sample, &Family::ALL, plain);
    for fit in fits.iter_mut().take(WITH_P_VALUES) {
        fit.goodness = fit::goodness(sample, &fit.law, options.replications, options.seed);
    }
    fits
}

fn candidate(fit: &Fit) -> Option<CandidateFit> {
    let errors = fit
        .errors
        .iter()
        .map(|error| (error.probability, rounded(error.relative())));
    Some(CandidateFit {
        law: WrittenLaw::new(form(&fit.law)).ok()?,
        aic: rounded(fit.aic),
        bic: rounded(fit.bic),
        ks: fit.goodness.ks.map(rounded),
        ks_p: fit.goodness.ks_p.map(rounded),
        ad: fit.goodness.ad.map(rounded),
        ad_p: fit.goodness.ad_p.map(rounded),
        errors: errors.collect(),
    })
}

/// The quantiles of a complete sample as a law: its ends, and what lies between and is supported.
fn empirical(sample: &Sample) -> Option<Form> {
    let inner = EMPIRICAL
        .into_iter()
        .filter(|p| *p <= sample.supported_quantile());
    let all = [0.0].into_iter().chain(inner).chain([1.0]);
    let points: Option<Vec<(f64, SimDuration)>> =
        all.map(|p| Some((p, span(sample.quantile(p)?)))).collect();
    points.map(Form::Empirical)
}

fn intervals(sample: &Sample, times: &PhaseTimes, seed: u64) -> Vec<QuantileInterval> {
    let supported = sample.supported_quantile();
    let asked = SHOWN
        .into_iter()
        .filter(|p| *p <= supported && *p >= 1.0 - supported);
    let interval = |probability: f64| {
        let estimate = if sample.is_complete() {
            blocks::quantile_of_blocks(&times.blocks, probability, seed)?
        } else {
            Estimate::point_only(sample.quantile(probability)?, sample.n())
        };
        Some(QuantileInterval {
            probability,
            point: span(estimate.point),
            low: span(estimate.low.unwrap_or(estimate.point)),
            high: span(estimate.high.unwrap_or(estimate.point)),
        })
    };
    asked.filter_map(interval).collect()
}

/// A fitted law, in ms, as a profile writes it.
pub(super) fn form(law: &FittedLaw) -> Form {
    let log_normal = |mu: f64, sigma: f64| Form::LogNormal {
        median: span(libm::exp(mu)),
        p99: span(libm::exp(mu + Z_99 * sigma)),
    };
    match *law {
        FittedLaw::Exponential { mean } => Form::Exponential { mean: span(mean) },
        FittedLaw::Gamma { shape, mean } => Form::Gamma {
            shape,
            mean: span(mean),
        },
        FittedLaw::Weibull { shape, scale } => Form::Weibull {
            shape,
            scale: span(scale),
        },
        FittedLaw::LogNormal { mu, sigma } => log_normal(mu, sigma),
        FittedLaw::ShiftedLogNormal { shift, mu, sigma } => Form::ShiftedLogNormal {
            shift: span(shift),
            median: span(shift + libm::exp(mu)),
            p99: span(shift + libm::exp(mu + Z_99 * sigma)),
        },
        FittedLaw::LogLogistic { shape, median } => Form::LogLogistic {
            shape,
            median: span(median),
        },
        FittedLaw::Pareto { shape, minimum } => Form::Pareto {
            shape,
            minimum: span(minimum),
        },
        FittedLaw::Mixture(ref parts) => {
            let part = |part: &Component| (part.weight, log_normal(part.mu, part.sigma));
            Form::Mixture(parts.iter().map(part).collect())
        }
    }
}

/// Milliseconds as a span.
pub(super) fn span(ms: f64) -> SimDuration {
    SimDuration(round_to_u64(ms * 1e6).min(SimDuration::MAX.0))
}

/// Six significant digits: more would only make files differ between machines.
fn rounded(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

fn coefficient(estimate: &Estimate) -> Coefficient {
    Coefficient {
        point: rounded(estimate.point),
        low: rounded(estimate.low.unwrap_or(estimate.point)).min(rounded(estimate.point)),
        high: rounded(estimate.high.unwrap_or(estimate.point)).max(rounded(estimate.point)),
        n: estimate.n,
    }
}

/// Time for each MB of package, where it predicts sizes that were held out.
fn package_size(samples: &Samples, doubts: &mut Doubts) -> Option<PackageSize> {
    if samples.sizes.is_empty() {
        return None;
    }
    let line = Line::of(&samples.sizes);
    let Some(line) = line.filter(|line| line.is_usable() && line.slope.point > 0.0) else {
        let why = line.map_or_else(
            || "too few sizes were measured".to_owned(),
            |line| match line.hold_out_error {
                None => format!(
                    "{} sizes were measured, at least 3 are needed",
                    line.distinct
                ),
                Some(error) if error > frostline_stats::regression::HOLD_OUT_MAX => {
                    format!(
                        "a size that is held out is missed by {} %",
                        significant(100.0 * error)
                    )
                }
                Some(_) => "no time for each MB can be told from none".to_owned(),
            },
        );
        doubts.note(
            ProfileWarning::NoExtrapolation,
            format!("package size: {why}; other sizes start like the measured one"),
        );
        return None;
    };
    Some(PackageSize {
        reference: Bytes(samples.size_bytes?),
        ms_per_mb: coefficient(&line.slope),
        hold_out_error: line.hold_out_error.map(rounded),
    })
}

/// The CPU-bound part of the code phase, where it predicts shares that were held out.
fn cpu_share(samples: &Samples, options: &Options, doubts: &mut Doubts) -> Option<CpuShare> {
    if samples.throttled.is_empty() {
        return None;
    }
    let period_ms = samples.period_ms?;
    let base = samples.phases.get(&Phase::Code)?.exact();
    let fit = QuotaFit::of(&base, &samples.throttled, period_ms, options.seed)?;
    if !fit.is_usable() {
        let why = match fit.hold_out_error {
            None => "a single CPU share was measured, at least 2 are needed".to_owned(),
            Some(error) => format!(
                "a CPU share that is held out is missed by {} %",
                significant(100.0 * error)
            ),
        };
        doubts.note(
            ProfileWarning::NoExtrapolation,
            format!("CPU share: {why}; other shares start like the unthrottled one"),
        );
        return None;
    }
    Some(CpuShare {
        reference: Memory(1769),
        share: coefficient(&fit.share),
        period: Some(span(period_ms)),
        hold_out_error: fit.hold_out_error.map(rounded),
    })
}

fn keep_alive(
    samples: &Samples,
    options: &Options,
    doubts: &mut Doubts,
) -> Option<KeepAliveEvidence> {
    if samples.idle.is_empty() {
        return None;
    }
    let asked = idle_lifetime::Options {
        replications: options.replications,
        seed: options.seed,
    };
    match idle_lifetime::fit(&samples.idle, asked) {
        Ok(found) => kept(&found),
        Err(error) => {
            doubts.notes.push(format!("keep-alive: {error}"));
            None
        }
    }
}

fn kept(found: &IdleLifetime) -> Option<KeepAliveEvidence> {
    let seconds = |s: f64| span(s * 1e3);
    let kind = match found.fits.first()?.law {
        LifetimeLaw::Fixed { at_s } => KeepAlive::Fixed(seconds(at_s)),
        LifetimeLaw::Uniform { low_s, high_s } => KeepAlive::Uniform {
            low: seconds(low_s),
            high: seconds(high_s),
        },
        LifetimeLaw::Halving { period_s } => KeepAlive::Halving(seconds(period_s)),
    };
    let point = |point: &idle_lifetime::SurvivalPoint| {
        (seconds(point.idle_s), coefficient(&point.survival))
    };
    Some(KeepAliveEvidence {
        samples: found.n,
        reused: found.survived,
        kind,
        survival: found.curve.iter().map(point).collect(),
    })
}

/// What logs say about invocations.
fn observed(samples: &Samples) -> Option<Observed> {
    let sum = |of: fn(&(f64, f64)) -> f64| samples.cold.iter().map(of).sum::<f64>();
    let (cold_starts, invocations) = (sum(|part| part.0), sum(|part| part.1));
    if invocations <= 0.0 {
        return None;
    }
    let joined = batches::pairs(&samples.cold);
    let ratio = replications::ratio(&joined.batches, Method::RatioOverBatches);
    let ratio = coefficient(&ratio);
    let duration = Sample::exact(&samples.warm).ok().and_then(|sample| {
        let law = WrittenLaw::new(match empirical(&sample) {
            Some(form) if sample.n() >= EMPIRICAL_MIN => form,
            _ => form(
                &fit::best(&fits(
                    &sample,
                    &Options {
                        seed: 1,
                        replications: 0,
                        whole_start: false,
                    },
                ))?
                .law,
            ),
        });
        Some((sample.n(), law.ok()?))
    });
    Some(Observed {
        invocations: round_to_u64(invocations),
        cold_starts: round_to_u64(cold_starts),
        cold_ratio: Coefficient {
            low: ratio.low.clamp(0.0, ratio.point),
            high: ratio.high.clamp(ratio.point, 1.0),
            n: word(joined.batches.len()),
            ..ratio
        },
        duration,
    })
}

/// The mean of some times; for notes.
pub(super) fn mean(times: &[f64]) -> f64 {
    times.iter().sum::<f64>() / count_to_f64(times.len())
}

//! A profile as TOML. What [`Profile::parse`] reads back is the same profile.

use std::fmt::{self, Write};

use super::{Coefficient, Form, KeepAliveEvidence, MeasuredPhase, Profile, SCHEMA};
use crate::keepalive::KeepAlive;
use crate::scenario::{Architecture, PackageKind};
use crate::units::SimDuration;

impl Profile {
    /// The profile as the text of a `*.profile.toml` file.
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = write_profile(self, &mut text);
        text
    }
}

fn write_profile(profile: &Profile, out: &mut String) -> fmt::Result {
    writeln!(out, "schema = {}", quoted(SCHEMA))?;
    writeln!(out, "name = {}", quoted(&profile.name))?;
    writeln!(out, "managed-runtime = {}", profile.managed_runtime)?;
    optional(out, "runtime", profile.runtime.as_deref())?;
    let package = profile.package.map(|package| match package {
        PackageKind::Zip => "zip",
        PackageKind::Image => "image",
    });
    optional(out, "package", package)?;
    let architecture = profile.architecture.map(Architecture::name);
    optional(out, "architecture", architecture)?;
    if !profile.warnings.is_empty() {
        let names: Vec<_> = profile.warnings.iter().map(|w| quoted(w.name())).collect();
        writeln!(out, "warnings = [{}]", names.join(", "))?;
    }
    if !profile.notes.is_empty() {
        let notes: Vec<_> = profile.notes.iter().map(|note| quoted(note)).collect();
        writeln!(out, "notes = [\n    {},\n]", notes.join(",\n    "))?;
    }
    writeln!(out, "\n[source]")?;
    writeln!(out, "title = {}", quoted(&profile.source.title))?;
    optional(out, "url", profile.source.url.as_deref())?;
    optional(out, "date", profile.source.date.as_deref())?;
    optional(out, "attribution", profile.source.attribution.as_deref())?;
    if !profile.environment.is_empty() {
        writeln!(out, "\n[environment]")?;
        for (key, value) in &profile.environment {
            writeln!(out, "{} = {}", quoted(key), quoted(value))?;
        }
    }
    for (phase, measured) in &profile.phases {
        writeln!(out, "\n[phase.{}]", phase.name())?;
        writeln!(out, "n = {}", measured.samples)?;
        writeln!(out, "{}", form(measured.law.form()))?;
        write_evidence(out, phase.name(), measured)?;
    }
    if let Some(effect) = profile.package_size {
        writeln!(out, "\n[package-size]")?;
        writeln!(out, "reference = \"{} B\"", effect.reference.0)?;
        writeln!(out, "ms-per-mb = {}", coefficient(effect.ms_per_mb))?;
        number(out, "hold-out-error", effect.hold_out_error)?;
    }
    if let Some(effect) = profile.cpu_share {
        writeln!(out, "\n[cpu-share]")?;
        writeln!(out, "reference = \"{}\"", effect.reference)?;
        writeln!(out, "share = {}", coefficient(effect.share))?;
        if let Some(period) = effect.period {
            writeln!(out, "period = {}", span(period))?;
        }
        number(out, "hold-out-error", effect.hold_out_error)?;
    }
    if let Some(observed) = &profile.observed {
        writeln!(out, "\n[observed]")?;
        writeln!(out, "invocations = {}", observed.invocations)?;
        writeln!(out, "cold-starts = {}", observed.cold_starts)?;
        writeln!(out, "cold-ratio = {}", coefficient(observed.cold_ratio))?;
        if let Some((samples, law)) = &observed.duration {
            writeln!(out, "duration = {{ n = {samples}, {} }}", form(law.form()))?;
        }
    }
    if let Some(kept) = &profile.keep_alive {
        write_keep_alive(out, kept)?;
    }
    Ok(())
}

fn write_keep_alive(out: &mut String, kept: &KeepAliveEvidence) -> fmt::Result {
    writeln!(out, "\n[keep-alive]")?;
    writeln!(out, "n = {}", kept.samples)?;
    writeln!(out, "reused = {}", kept.reused)?;
    match kept.kind {
        KeepAlive::Fixed(time) => writeln!(out, "fixed = {}", span(time))?,
        KeepAlive::Halving(time) => writeln!(out, "halving = {}", span(time))?,
        KeepAlive::None => writeln!(out, "none = true")?,
        KeepAlive::Forever => writeln!(out, "forever = true")?,
        KeepAlive::Uniform { low, high } => {
            writeln!(
                out,
                "uniform = {{ low = {}, high = {} }}",
                span(low),
                span(high)
            )?;
        }
    }
    let ages = kept.survival.iter().map(|(age, share)| {
        let Coefficient {
            point,
            low,
            high,
            n,
        } = share;
        format!("    [{}, {point:?}, {low:?}, {high:?}, {n}],\n", span(*age))
    });
    writeln!(out, "survival = [\n{}]", ages.collect::<String>())
}

fn write_evidence(out: &mut String, phase: &str, measured: &MeasuredPhase) -> fmt::Result {
    if !measured.intervals.is_empty() {
        let rows = measured.intervals.iter().map(|interval| {
            let [point, low, high] = [interval.point, interval.low, interval.high].map(span);
            format!(
                "    [{:?}, {point}, {low}, {high}],\n",
                interval.probability
            )
        });
        writeln!(out, "intervals = [\n{}]", rows.collect::<String>())?;
    }
    for fit in &measured.fits {
        writeln!(out, "\n[[phase.{phase}.fit]]")?;
        writeln!(out, "{}", form(fit.law.form()))?;
        number(out, "aic", Some(fit.aic))?;
        number(out, "bic", Some(fit.bic))?;
        for (key, value) in [
            ("ks", fit.ks),
            ("ks-p", fit.ks_p),
            ("ad", fit.ad),
            ("ad-p", fit.ad_p),
        ] {
            number(out, key, value)?;
        }
        let errors = fit
            .errors
            .iter()
            .map(|(at, error)| format!("[{at:?}, {error:?}]"));
        writeln!(out, "errors = [{}]", errors.collect::<Vec<_>>().join(", "))?;
    }
    Ok(())
}

fn number(out: &mut String, key: &str, value: Option<f64>) -> fmt::Result {
    match value {
        Some(value) => writeln!(out, "{key} = {value:?}"),
        None => Ok(()),
    }
}

fn optional(out: &mut String, key: &str, value: Option<&str>) -> fmt::Result {
    match value {
        Some(value) => writeln!(out, "{key} = {}", quoted(value)),
        None => Ok(()),
    }
}

fn form(form: &Form) -> String {
    match form {
        Form::Constant(value) => format!("constant = {}", span(*value)),
        Form::LogNormal { median, p99 } => {
            let (median, p99) = (span(*median), span(*p99));
            format!("log-normal = {{ median = {median}, p99 = {p99} }}")
        }
        Form::Exponential { mean } => format!("exponential = {{ mean = {} }}", span(*mean)),
        Form::ShiftedLogNormal { shift, median, p99 } => {
            let (shift, median, p99) = (span(*shift), span(*median), span(*p99));
            format!("shifted-log-normal = {{ shift = {shift}, median = {median}, p99 = {p99} }}")
        }
        Form::LogLogistic { shape, median } => {
            let median = span(*median);
            format!("log-logistic = {{ shape = {shape:?}, median = {median} }}")
        }
        Form::Pareto { shape, minimum } => {
            format!(
                "pareto = {{ shape = {shape:?}, minimum = {} }}",
                span(*minimum)
            )
        }
        Form::Gamma { shape, mean } => {
            format!("gamma = {{ shape = {shape:?}, mean = {} }}", span(*mean))
        }
        Form::Weibull { shape, scale } => {
            format!(
                "weibull = {{ shape = {shape:?}, scale = {} }}",
                span(*scale)
            )
        }
        Form::Empirical(points) => {
            let points: Vec<_> = points
                .iter()
                .map(|(probability, value)| format!("[{probability:?}, {}]", span(*value)))
                .collect();
            format!("empirical = {{ quantiles = [{}] }}", points.join(", "))
        }
        Form::Mixture(parts) => {
            let parts: Vec<_> = parts
                .iter()
                .map(|(weight, part)| format!("{{ weight = {weight:?}, {} }}", self::form(part)))
                .collect();
            format!("mixture = [{}]", parts.join(", "))
        }
    }
}

fn coefficient(value: Coefficient) -> String {
    let Coefficient {
        point,
        low,
        high,
        n,
    } = value;
    format!("{{ point = {point:?}, low = {low:?}, high = {high:?}, n = {n} }}")
}

/// A span in milliseconds with every digit, so that it is read back to the nanosecond. Above 10¹⁵ ns
/// (11 days) a decimal fraction would no longer be exact in an `f64`: whole nanoseconds.
fn span(value: SimDuration) -> String {
    let ns = value.0;
    if ns >= 1_000_000_000_000_000 {
        return format!("\"{ns} ns\"");
    }
    let fraction = format!("{:06}", ns % 1_000_000);
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    format!("\"{}{point}{fraction} ms\"", ns / 1_000_000)
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

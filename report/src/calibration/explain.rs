//! A profile as people and scripts read it.

use std::fmt::Write;

use frostline_models::init::Phase;
use frostline_models::keepalive::KeepAlive;
use frostline_models::law::Law;
use frostline_models::math::{count_to_f64, round_to_u64, wide_index};
use frostline_models::profile::{
    CandidateFit, Coefficient, Form, InitRequest, MeasuredPhase, Profile,
};
use frostline_models::units::{Memory, SimDuration, significant};
use serde_json::json;

use crate::text::{count, lay_out, number, wrapped};

/// Quantiles of the table of phases.
const COLUMNS: [f64; 4] = [0.5, 0.9, 0.95, 0.99];

/// Laws that are listed for a phase.
const LISTED: usize = 4;

/// The profile for people, in lines of at most `width` characters; `file` is what the next command names.
pub fn explained(profile: &Profile, file: &str, width: usize) -> String {
    let width = width.max(60);
    let mut text = wrapped(&answer(profile), 2, width);
    text.push_str(&wrapped(&source(profile), 2, width));
    text.push('\n');
    text.push_str(&phases(profile, width));
    for (phase, measured) in profile.measured() {
        text.push('\n');
        text.push_str(&laws(*phase, measured, width));
        text.push_str(&plot(*phase, measured, width));
    }
    let extras = extras(profile);
    if !extras.is_empty() {
        text.push('\n');
    }
    for line in extras {
        text.push_str(&wrapped(&line, 2, width));
    }
    if !profile.warnings.is_empty() || !profile.notes.is_empty() {
        text.push('\n');
    }
    for warning in &profile.warnings {
        text.push_str(&wrapped(
            &format!("warning: {}", sentence(warning.name())),
            9,
            width,
        ));
    }
    for note in &profile.notes {
        text.push_str(&wrapped(&format!("note: {note}"), 6, width));
    }
    text.push('\n');
    let next =
        format!("next: frostline simulate shop.toml --set 'function.NAME.init.profile=\"{file}\"'");
    text.push_str(&wrapped(&next, 6, width));
    text
}

/// The profile for scripts.
pub fn explained_json(profile: &Profile, version: &str, seed: u64) -> serde_json::Value {
    let phases: serde_json::Map<String, serde_json::Value> = profile
        .measured()
        .iter()
        .map(|(phase, measured)| (phase.name().to_owned(), phase_json(measured)))
        .collect();
    json!({
        "schema": "frostline/calibration/1",
        "manifest": { "version": version, "seed": seed },
        "profile": profile,
        "init_ms": whole_json(profile),
        "phases": phases,
    })
}

fn phase_json(measured: &MeasuredPhase) -> serde_json::Value {
    let quantiles: serde_json::Map<String, serde_json::Value> = measured
        .intervals
        .iter()
        .map(|interval| {
            let bounded = interval.low < interval.high;
            let end = |span: SimDuration| bounded.then(|| span.as_millis_f64());
            let value = json!({
                "point": interval.point.as_millis_f64(),
                "low": end(interval.low),
                "high": end(interval.high),
                "level": 0.95,
                "method": if bounded { "quantile" } else { "point-only" },
                "n": measured.samples,
            });
            (label(interval.probability), value)
        })
        .collect();
    json!({
        "n": measured.samples,
        "law": measured.law.form().name(),
        "mean_ms": measured.law.law().mean_ns() / 1e6,
        "quantiles_ms": quantiles,
    })
}

fn whole_json(profile: &Profile) -> serde_json::Value {
    json!({ "mean": whole_mean_ms(profile), "p50_of_phases": whole_median_ms(profile) })
}

fn unthrottled(profile: &Profile) -> Vec<(Phase, Law)> {
    profile.phases(&InitRequest {
        package_size: None,
        memory: Memory(10_240),
    })
}

fn whole_mean_ms(profile: &Profile) -> f64 {
    unthrottled(profile)
        .iter()
        .map(|(_, law)| law.mean_ns() / 1e6)
        .sum()
}

fn whole_median_ms(profile: &Profile) -> f64 {
    unthrottled(profile)
        .iter()
        .map(|(_, law)| quantile_ms(law, 0.5))
        .sum()
}

fn quantile_ms(law: &Law, probability: f64) -> f64 {
    law.exceeded_with(1.0 - probability).as_millis_f64()
}

/// The first line: how long an init takes.
fn answer(profile: &Profile) -> String {
    let phases = unthrottled(profile);
    let names: Vec<&str> = phases.iter().map(|(phase, _)| phase.name()).collect();
    let n = profile
        .measured()
        .values()
        .map(|measured| measured.samples)
        .max()
        .unwrap_or(0);
    if let [(phase, law)] = &phases[..] {
        let supported = 1.0 - 3.0 / frostline_models::math::to_f64(n.max(3));
        let tail = COLUMNS.into_iter().rfind(|p| *p <= supported && *p > 0.5);
        let tail = tail.map_or_else(String::new, |p| {
            format!(", {} {} ms", label(p), number(quantile_ms(law, p)))
        });
        return format!(
            "{}: the {} phase takes {} ms in the median{tail} ({} times)",
            profile.name,
            phase.name(),
            number(quantile_ms(law, 0.5)),
            count(n)
        );
    }
    format!(
        "{}: init takes {} ms on average over its phases {} ({} times)",
        profile.name,
        number(whole_mean_ms(profile)),
        names.join(", "),
        count(n)
    )
}

fn source(profile: &Profile) -> String {
    let mut words = vec![profile.source.title.clone()];
    words.extend(profile.source.date.clone());
    words.extend(profile.runtime.clone());
    words.extend(
        profile
            .architecture
            .map(|architecture| architecture.name().to_owned()),
    );
    words.extend(
        profile
            .environment
            .iter()
            .map(|(key, value)| format!("{key} {value}")),
    );
    words.join("; ")
}

fn label(probability: f64) -> String {
    format!("p{}", significant(100.0 * probability))
}

/// A row a phase: what is simulated, and quantiles with their intervals.
fn phases(profile: &Profile, width: usize) -> String {
    let mut rows = vec![vec!["phase".to_owned(), "n".to_owned(), "law".to_owned()]];
    rows[0].extend(COLUMNS.map(|p| format!("{} ms", label(p))));
    for (phase, measured) in profile.measured() {
        let mut row = vec![phase.name().to_owned(), count(measured.samples)];
        row.push(measured.law.form().name().to_owned());
        for probability in COLUMNS {
            row.push(cell(measured, probability));
        }
        rows.push(row);
    }
    lay_out(&rows, width)
}

/// A quantile of the samples with its half-width; without samples in the file, of the law.
fn cell(measured: &MeasuredPhase, probability: f64) -> String {
    let known = measured
        .intervals
        .iter()
        .find(|i| (i.probability - probability).abs() < 1e-9);
    match known {
        Some(interval) => {
            let ms = SimDuration::as_millis_f64;
            let (point, low, high) = (ms(interval.point), ms(interval.low), ms(interval.high));
            let half = (point - low).max(high - point);
            if half > 0.0 {
                format!("{} ±{}", number(point), number(half))
            } else {
                number(point)
            }
        }
        None if measured.intervals.is_empty() => {
            number(quantile_ms(measured.law.law(), probability))
        }
        None => "-".to_owned(),
    }
}

/// The laws that were considered for a phase.
fn laws(phase: Phase, measured: &MeasuredPhase, width: usize) -> String {
    if measured.fits.is_empty() {
        return String::new();
    }
    let mut header = vec!["law".to_owned()];
    header.extend(["ΔBIC", "KS", "p", "A²", "p"].map(str::to_owned));
    header.extend(COLUMNS.map(|p| format!("{} %", label(p))));
    let mut rows = vec![header];
    let best = &measured.fits[0];
    for fit in measured.fits.iter().take(LISTED) {
        let three = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), significant);
        let mut row = vec![law_name(fit.law.form())];
        row.push(number(fit.bic - best.bic));
        row.extend([
            three(fit.ks),
            three(fit.ks_p),
            three(fit.ad),
            three(fit.ad_p),
        ]);
        row.extend(COLUMNS.map(|p| error(fit, p)));
        rows.push(row);
    }
    let title = format!(
        "laws considered for {}, and how far they miss its quantiles\n",
        phase.name()
    );
    title + &lay_out(&rows, width)
}

fn law_name(form: &Form) -> String {
    match form {
        Form::Mixture(parts) => format!("mixture of {}", parts.len()),
        other => other.name().to_owned(),
    }
}

fn error(fit: &CandidateFit, probability: f64) -> String {
    let found = fit
        .errors
        .iter()
        .find(|error| (error.0 - probability).abs() < 1e-9);
    found.map_or_else(
        || "-".to_owned(),
        |(_, error)| format!("{:+.1}", 100.0 * error),
    )
}

/// Quantiles of the samples (`o`) on a logarithmic axis, their intervals (`─`), and the best law (`x`; `*`
/// where both meet).
fn plot(phase: Phase, measured: &MeasuredPhase, width: usize) -> String {
    let law = measured
        .fits
        .first()
        .map_or(measured.law.law(), |best| best.law.law());
    let rows: Vec<(f64, f64, f64, f64, f64)> = measured
        .intervals
        .iter()
        .map(|i| {
            let ms = SimDuration::as_millis_f64;
            (
                i.probability,
                ms(i.point),
                ms(i.low),
                ms(i.high),
                quantile_ms(law, i.probability),
            )
        })
        .collect();
    let every = rows.iter().flat_map(|row| [row.1, row.2, row.3, row.4]);
    let (low, high) = every.fold((f64::INFINITY, 0.0_f64), |(low, high), ms| {
        (low.min(ms), high.max(ms))
    });
    if rows.len() < 2 || low <= 0.0 || high <= low {
        return String::new();
    }
    let columns = width.saturating_sub(20).clamp(20, 60);
    let place = |ms: f64| {
        let share = libm::log(ms / low) / libm::log(high / low);
        wide_index(round_to_u64(share * count_to_f64(columns - 1))).min(columns - 1)
    };
    let mut text = format!(
        "quantiles of {} in ms: o data, ─ its 95 % interval, x best law, * both\n",
        phase.name()
    );
    for (probability, point, from, to, law) in rows {
        let mut line = vec![' '; columns];
        line[place(from)..=place(to)].fill('─');
        line[place(law)] = 'x';
        line[place(point)] = if place(law) == place(point) { '*' } else { 'o' };
        let line: String = line.into_iter().collect();
        let (label, point) = (label(probability), number(point));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{label:>6}  {point:>8}  {}", line.trim_end());
    }
    text
}

fn between(coefficient: &Coefficient) -> String {
    format!(
        "{} [{}, {}]",
        number(coefficient.point),
        number(coefficient.low),
        number(coefficient.high)
    )
}

/// Regressions, cold ratio, warm durations and keep-alive, a line each.
pub(super) fn extras(profile: &Profile) -> Vec<String> {
    let mut lines = Vec::new();
    let held_out = |error: Option<f64>| {
        error.map_or_else(String::new, |error| {
            format!(
                ", misses what is held out by {} %",
                significant(100.0 * error)
            )
        })
    };
    if let Some(effect) = profile.package_size {
        lines.push(format!(
            "package size: {} ms for each MB above {} MB{}",
            between(&effect.ms_per_mb),
            number(effect.reference.as_gb() * 1e3),
            held_out(effect.hold_out_error)
        ));
    }
    if let Some(effect) = profile.cpu_share {
        let period = effect
            .period
            .map_or_else(String::new, |period| format!(", quota periods of {period}"));
        lines.push(format!(
            "CPU share: {} of the code phase is CPU-bound{period}{}",
            between(&effect.share),
            held_out(effect.hold_out_error)
        ));
    }
    if let Some(seen) = &profile.observed {
        lines.push(format!(
            "cold starts: {} of {} invocations, ratio {}",
            count(seen.cold_starts),
            count(seen.invocations),
            between(&seen.cold_ratio)
        ));
        if let Some((samples, law)) = &seen.duration {
            lines.push(format!(
                "warm duration: {} ms in the median, p99 {} ms ({} times)",
                number(quantile_ms(law.law(), 0.5)),
                number(quantile_ms(law.law(), 0.99)),
                count(*samples)
            ));
        }
    }
    if let Some(kept) = &profile.keep_alive {
        lines.push(format!(
            "keep-alive: {} fits {} idle times best, {} ended in reuse; in a scenario: {}",
            kind_name(kept.kind),
            count(kept.samples),
            count(kept.reused),
            kind_setting(kept.kind)
        ));
        let shown = kept.survival.len().div_ceil(6).max(1);
        let mut points: Vec<String> = kept
            .survival
            .iter()
            .step_by(shown)
            .map(|(age, share)| format!("{age}: {}", significant(share.point)))
            .collect();
        points.dedup();
        if !points.is_empty() {
            lines.push(format!("  share kept after {}", points.join(", ")));
        }
    }
    lines
}

fn kind_name(kind: KeepAlive) -> &'static str {
    match kind {
        KeepAlive::Fixed(_) => "a fixed time",
        KeepAlive::Uniform { .. } => "a uniform time",
        KeepAlive::Halving(_) => "halving",
        KeepAlive::None => "no keep-alive",
        KeepAlive::Forever => "keeping for ever",
    }
}

fn kind_setting(kind: KeepAlive) -> String {
    match kind {
        KeepAlive::Fixed(time) => format!("keep-alive.fixed = \"{time}\""),
        KeepAlive::Uniform { low, high } => {
            format!("keep-alive.uniform = {{ low = \"{low}\", high = \"{high}\" }}")
        }
        KeepAlive::Halving(period) => format!("keep-alive.halving = \"{period}\""),
        KeepAlive::None => "keep-alive.none = true".to_owned(),
        KeepAlive::Forever => "keep-alive.forever = true".to_owned(),
    }
}

/// What a warning means and what to do about it.
fn sentence(name: &str) -> String {
    let text = match name {
        "few-samples" => "few samples: the tail is hardly known; measure more starts",
        "noisy-host" => "noisy host: times are longer than on a quiet machine; measure again there",
        "non-stationary" => {
            "the times drift: an average stands for no particular time; use recent samples"
        }
        "poor-tail-fit" => {
            "the law misses the tail of the samples; measure 200 starts for a table of quantiles"
        }
        "unverified-constant" => "a figure was taken over without measuring it",
        "mixed-conditions" => {
            "what was measured under different conditions is taken together; choose with --where"
        }
        "censored-samples" => {
            "some times are known only up to a limit; the law is fitted to what is known"
        }
        "no-extrapolation" => {
            "a dependence was measured but predicts too poorly to be used; see the notes"
        }
        other => other,
    };
    text.to_owned()
}

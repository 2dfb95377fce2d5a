//! Arrival processes out of their tables.

use croner::Cron;
use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::arrival::{Arrivals, Bursts, Interpolation, Mmpp, Piecewise, Recorded, Sinusoidal};
use crate::diagnostic::Diagnostic;
use crate::units::{Rate, SimDuration, SimTime};

use super::laws::law;
use super::read;
use super::tree::Node;

/// The most instants that the schedules of one scenario may have together.
pub(crate) const SCHEDULED: u64 = 10_000_000;

/// The Monday at whose midnight a run starts when nothing else is said.
const START: Date = jiff::civil::date(2026, 1, 5);

/// What arrivals need to know beside their table.
pub(crate) struct Horizon {
    /// The length of the run.
    pub(crate) duration: SimDuration,
    /// How many more scheduled instants the scenario may have.
    pub(crate) scheduled_left: u64,
}

/// An arrival process; `None` when it is no valid one, which is told here or was by the check.
pub(crate) fn arrivals(
    node: &Node,
    horizon: &mut Horizon,
    errors: &mut Vec<Diagnostic>,
) -> Option<Arrivals> {
    let (kind, entry) = node.table()?.iter().next()?;
    let inner = &entry.node;
    let rate = |key: &str| inner.get(key).and_then(read::rate);
    let span = |key: &str| inner.get(key).and_then(read::duration);
    Some(match kind.as_str() {
        "poisson" => Arrivals::Poisson(rate("rate")?),
        "renewal" => {
            let law = law(inner, errors)?;
            if law.mean_ns() < 1.0 {
                let title = "the time between requests must not be zero";
                errors.push(inner.span.error("scenario::arrivals", title));
                return None;
            }
            Arrivals::Renewal(law)
        }
        "piecewise" => Arrivals::Piecewise(piecewise(inner, errors)?),
        "sinusoidal" => Arrivals::Sinusoidal(Sinusoidal {
            mean: rate("mean")?,
            amplitude: inner.get("amplitude").and_then(read::share)?,
            period: span("period")?,
            peak: span("peak").unwrap_or_default(),
        }),
        "mmpp" => Arrivals::Mmpp(mmpp(inner, errors)?),
        "bursts" => Arrivals::Bursts(Bursts {
            rate: rate("rate")?,
            size: inner.get("size").and_then(read::small_count)?,
            within: span("within")?,
            background: rate("background").unwrap_or_default(),
        }),
        "schedule" => Arrivals::Recorded(schedule(inner, horizon, errors)?),
        _ => return None,
    })
}

fn piecewise(inner: &Node, errors: &mut Vec<Diagnostic>) -> Option<Piecewise> {
    let period = inner.get("period").and_then(read::duration)?;
    let interpolation = match inner.get("interpolation").and_then(Node::text) {
        Some("linear") => Interpolation::Linear,
        _ => Interpolation::Step,
    };
    let mut points: Vec<(SimDuration, Rate)> = Vec::new();
    for item in inner.get("rates")?.items() {
        let [time, rate] = item.items() else {
            return None;
        };
        let at = read::duration(time)?;
        let problem = match points.last() {
            None if at.0 > 0 => Some("the first point must be at \"0 s\"".to_owned()),
            Some((before, _)) if at <= *before => Some(format!(
                "points must rise in time: {at} is not after {before}"
            )),
            _ if at >= period => Some(format!(
                "points must come before the period ({period}) ends"
            )),
            _ => None,
        };
        if let Some(title) = problem {
            errors.push(time.span.error("scenario::point-order", title));
            return None;
        }
        points.push((at, read::rate(rate)?));
    }
    if points.is_empty() {
        let title = "`rates` needs at least one point";
        let error = inner.get("rates")?.span.error("scenario::arrivals", title);
        errors.push(error.help("write `rates = [[\"0 h\", \"1 /s\"]]`"));
        return None;
    }
    Some(Piecewise {
        period,
        points,
        interpolation,
    })
}

fn mmpp(inner: &Node, errors: &mut Vec<Diagnostic>) -> Option<Mmpp> {
    let list = inner.get("states")?;
    if list.items().len() < 2 {
        let title = format!("`states` needs at least two, found {}", list.items().len());
        let error = list.span.error("scenario::arrivals", title);
        errors.push(error.help("for a single rate write `arrivals.poisson = { rate = \"3 /s\" }`"));
        return None;
    }
    let state = |node: &Node| {
        let rate = node.get("rate").and_then(read::rate)?;
        Some((rate, node.get("stay").and_then(read::duration)?))
    };
    let states: Option<Vec<_>> = list.items().iter().map(state).collect();
    Some(Mmpp { states: states? })
}

fn schedule(inner: &Node, horizon: &mut Horizon, errors: &mut Vec<Diagnostic>) -> Option<Recorded> {
    let times: Vec<SimTime> = if let Some(every) = inner.get("every") {
        let step = read::duration(every).filter(|step| step.0 > 0)?;
        let count = horizon.duration.0 / step.0;
        if count > horizon.scheduled_left {
            errors.push(too_many(every));
            return None;
        }
        (1..=count).map(|index| SimTime(index * step.0)).collect()
    } else {
        cron_times(inner, horizon, errors)?
    };
    let count = u64::try_from(times.len()).unwrap_or(u64::MAX);
    horizon.scheduled_left = horizon.scheduled_left.saturating_sub(count);
    // Both kinds of schedule ascend.
    Recorded::at(times).ok()
}

fn too_many(node: &Node) -> Diagnostic {
    let title = format!("the schedules of this scenario have more than {SCHEDULED} instants");
    node.span
        .error("scenario::too-large", title)
        .help("shorten `run.duration`, or use a longer interval")
}

/// The instants of a cron expression within the run.
pub(crate) fn cron_times(
    inner: &Node,
    horizon: &Horizon,
    errors: &mut Vec<Diagnostic>,
) -> Option<Vec<SimTime>> {
    let pattern = inner.get("cron")?;
    let cron = match pattern.text()?.parse::<Cron>() {
        Ok(cron) => cron,
        Err(error) => {
            let title = format!("`{}` is no cron expression: {error}", pattern.value.shown());
            let told = pattern.span.error("scenario::cron", title);
            errors.push(
                told.help("five fields: minute hour day month weekday, as in \"*/5 * * * *\""),
            );
            return None;
        }
    };
    let zone = time_zone(inner, errors)?;
    let date = inner
        .get("start")
        .and_then(read::written)
        .and_then(read::parse_date);
    let start = date.unwrap_or(START).to_zoned(zone).ok()?;
    let origin = start.timestamp().as_nanosecond();
    let mut times = Vec::new();
    for instant in cron.iter_after(start.checked_sub(jiff::Span::new().seconds(1)).ok()?) {
        let since = instant.timestamp().as_nanosecond() - origin;
        let since = u64::try_from(since).unwrap_or(0);
        if since >= horizon.duration.0 {
            break;
        }
        if u64::try_from(times.len()).unwrap_or(u64::MAX) >= horizon.scheduled_left {
            errors.push(too_many(pattern));
            return None;
        }
        times.push(SimTime(since));
    }
    Some(times)
}

/// The time zone of a schedule, from the bundled database and never from the system's.
fn time_zone(inner: &Node, errors: &mut Vec<Diagnostic>) -> Option<TimeZone> {
    let Some(node) = inner.get("time-zone") else {
        return Some(TimeZone::UTC);
    };
    let name = node.text()?;
    if let Ok(zone) = TimeZoneDatabase::bundled().get(name) {
        return Some(zone);
    }
    let title = format!("there is no time zone `{}`", node.value.shown());
    let error = node.span.error("scenario::time-zone", title);
    let database = TimeZoneDatabase::bundled();
    let names: Vec<_> = database.available().collect();
    let near = crate::suggest::nearest(name, names.iter().map(jiff::tz::TimeZoneName::as_str));
    errors.push(match near {
        Some(near) => error.help(format!("did you mean \"{near}\"?")),
        None => error.help("write an IANA name such as \"Europe/Berlin\", or \"UTC\""),
    });
    None
}

//! A log replayed by the engine.

use std::sync::Mutex;

use anyhow::{Context, Result};
use frostline_models::arrival::{Arrivals, Recorded};
use frostline_models::keepalive::{KeepAlive, Reuse};
use frostline_models::law::Law;
use frostline_models::math::{round_to_u64, wide_index};
use frostline_models::record::{Invocation, Outcome};
use frostline_models::scenario::{Function, Scenario, WarmUp};
use frostline_models::units::{SimDuration, SimTime};
use frostline_sim::{Kernels, Observer, Options, simulate};
use frostline_stats::estimate::{Estimate, Method};
use frostline_stats::replications::ratio;

use super::log::Log;

/// The seed of settings that draw at random: uniform and halving keep-alives, random reuse, ages.
const SEED: u64 = 1;

/// Intervals come from batches of this length.
const BATCH_S: f64 = 3600.0;

/// How the platform is taken to behave.
#[derive(Clone, Copy)]
pub(super) struct Setting {
    pub(super) keep_alive: KeepAlive,
    pub(super) reuse: Reuse,
    pub(super) maximum_age: Option<(SimDuration, SimDuration)>,
}

impl Setting {
    /// Most-recent reuse and no maximum age.
    pub(super) fn kept(keep_alive: KeepAlive) -> Self {
        Self {
            keep_alive,
            reuse: Reuse::MostRecent,
            maximum_age: None,
        }
    }
}

/// Recorded cold starts beside simulated ones.
pub(super) struct Agreement {
    pub(super) requests: u64,
    pub(super) agreed: u64,
    pub(super) only_simulated: u64,
    pub(super) only_recorded: u64,
    pub(super) share: Estimate,
}

/// Replays a log and compares request by request.
pub(super) fn agreement(log: &Log, setting: &Setting) -> Result<Agreement> {
    let simulated = simulated(log, setting)?;
    let (mut agreed, mut only_simulated, mut only_recorded) = (0, 0, 0);
    let mut batches: Vec<(f64, f64)> = Vec::new();
    for (request, cold) in log.requests.iter().zip(&simulated) {
        match (request.cold, *cold) {
            (true, false) => only_recorded += 1,
            (false, true) => only_simulated += 1,
            _ => agreed += 1,
        }
        let batch = wide_index(round_to_u64((request.start_s / BATCH_S).floor()));
        while batches.len() <= batch {
            batches.push((0.0, 0.0));
        }
        batches[batch].0 += f64::from(u8::from(request.cold == *cold));
        batches[batch].1 += 1.0;
    }
    Ok(Agreement {
        requests: agreed + only_simulated + only_recorded,
        agreed,
        only_simulated,
        only_recorded,
        share: ratio(&batches, Method::RatioOverBatches),
    })
}

/// Whether each request is cold in the simulation.
fn simulated(log: &Log, setting: &Setting) -> Result<Vec<bool>> {
    let nanos = |seconds: f64| round_to_u64(seconds * 1e9);
    let times: Vec<SimTime> = log
        .requests
        .iter()
        .map(|request| SimTime(nanos(request.start_s)))
        .collect();
    let durations: Vec<SimDuration> = log
        .requests
        .iter()
        .map(|request| SimDuration(nanos(request.end_s) - nanos(request.start_s)))
        .collect();
    let end = times.last().context("the log has no requests")?.0 + 60_000_000_000;
    let recorded = Recorded::at(times)?.with_durations(durations)?;
    let mut function = Function::new("f", Arrivals::Recorded(recorded), Law::ZERO);
    function.keep_alive = setting.keep_alive;
    function.reuse = setting.reuse;
    function.maximum_age = match setting.maximum_age {
        Some((low, high)) => Some(Law::uniform(low, high)?),
        None => None,
    };
    let mut scenario = Scenario::new(vec![function], SimDuration(end), 1);
    scenario.run.warm_up = WarmUp::Fixed(SimDuration::ZERO);
    let records = Records(Mutex::new(vec![false; log.requests.len()]));
    let options = Options {
        seed: SEED,
        kernels: Kernels::EventOnly,
        observer: &records,
    };
    simulate(&scenario, options)?;
    records
        .0
        .into_inner()
        .ok()
        .context("a thread of the simulation failed")
}

/// Whether each request was cold.
struct Records(Mutex<Vec<bool>>);

impl Observer for Records {
    fn wants_records(&self) -> bool {
        true
    }

    fn record(&self, _replication: u32, invocation: &Invocation) {
        if let Ok(mut cold) = self.0.lock()
            && let Some(flag) = cold.get_mut(wide_index(invocation.request))
        {
            *flag = invocation.outcome == Outcome::Cold;
        }
    }
}

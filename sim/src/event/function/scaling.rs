//! Provisioned concurrency that changes during a run.

use frostline_models::autoscaling::{Bounds, Scaling, Tracker};
use frostline_models::math::{slot, wide_to_f64};
use frostline_models::random::Purpose;
use frostline_models::units::SimDuration;
use frostline_stats::timeline::MINUTE_NS;

use super::super::Shared;
use super::super::agenda::{Agenda, Entry};
use super::FunctionState;
use crate::cold::ColdStarts;
use crate::job::Job;
use crate::meter::billed_ms;
use crate::stream::ORIGIN;

/// Who changes the number of provisioned instances of a function, and where that stands.
pub(super) struct Scaler {
    scaling: Scaling,
    tracker: Option<Tracker>,
    inits: ColdStarts,
    delay: SimDuration,
    pace_count: u64,
    pace_per: u64,
    all_or_nothing: bool,
    /// The start of the run, from which the times of bounds count.
    began: u64,
    /// The next bounds to come.
    next_bounds: usize,
    bounds: Bounds,
    /// The capacity that is asked for.
    wanted: u32,
    /// Instances that take requests, and those that were asked for and do not yet.
    ready: u32,
    pending: u32,
    /// Instances asked for so far: the number of the next one's draw.
    asked: u64,
    /// The end of the minute that is going on, and integrals of those that are over.
    minute_ends: u64,
    ready_ns: u128,
    ready_since: u64,
    busy_before_ns: u128,
}

impl Scaler {
    pub(super) fn new(job: &Job<'_>, place: usize) -> Option<Self> {
        let function = &job.scenario.functions[place];
        let scaling = function.provisioned.scaling.clone()?;
        let provisioning = &job.scenario.platform.provisioning;
        Some(Self {
            tracker: scaling.tracking.map(Tracker::new),
            inits: ColdStarts::new(job, function, Purpose::Provisioning),
            delay: provisioning.delay,
            pace_count: provisioning.pace.count,
            pace_per: provisioning.pace.per.0,
            all_or_nothing: provisioning.all_or_nothing,
            began: ORIGIN,
            next_bounds: 1,
            bounds: *scaling.bounds.first()?,
            scaling,
            wanted: function.provisioned.instances,
            ready: 0,
            pending: 0,
            asked: u64::from(function.provisioned.instances),
            minute_ends: job.start + MINUTE_NS,
            ready_ns: 0,
            ready_since: job.start,
            busy_before_ns: 0,
        })
    }

    /// An instance of those that were there at the start, or was asked for then, takes requests.
    pub(super) fn starts_with(&mut self, is_ready: bool) {
        if is_ready {
            self.ready += 1;
        } else {
            self.pending += 1;
        }
    }

    /// When there is something to do next.
    pub(super) fn next_tick(&self) -> u64 {
        let bounds = self.scaling.bounds.get(self.next_bounds);
        let bounds = bounds.map_or(u64::MAX, |bounds| self.began.saturating_add(bounds.from.0));
        bounds.min(self.minute_ends)
    }

    fn count_ready(&mut self, now: u64) {
        self.ready_ns += u128::from(self.ready) * u128::from(now - self.ready_since);
        self.ready_since = now;
    }

    /// Nanoseconds after the request for capacity at which its `number`-th instance is asked for.
    fn asked_after(&self, number: u32) -> u64 {
        let after = u128::from(number) * u128::from(self.pace_per) / u128::from(self.pace_count);
        self.delay
            .0
            .saturating_add(u64::try_from(after).unwrap_or(u64::MAX >> 2))
    }
}

impl FunctionState<'_> {
    /// A provisioned instance has started.
    pub(in crate::event) fn instance_ready(&mut self, now: u64, instance: u32) {
        if self.pool.is_provisioned(instance)
            && let Some(scaler) = &mut self.scaler
        {
            scaler.count_ready(now);
            scaler.ready += 1;
            scaler.pending -= 1;
        }
        self.pool.ready(instance);
    }

    /// The run is over: nobody looks at the number of instances any more.
    pub(in crate::event) fn stop_scaling(&mut self) {
        self.scaler = None;
    }

    /// A minute is over, or new bounds hold.
    pub(in crate::event) fn tick(
        &mut self,
        id: u32,
        now: u64,
        shared: &mut Shared,
        agenda: &mut Agenda,
    ) {
        let Some(mut scaler) = self.scaler.take() else {
            return;
        };
        self.tell_minutes(now);
        while let Some(next) = scaler.scaling.bounds.get(scaler.next_bounds) {
            if scaler.began.saturating_add(next.from.0) > now {
                break;
            }
            scaler.bounds = *next;
            scaler.next_bounds += 1;
            scaler.wanted = next.clamp(scaler.wanted);
        }
        if now == scaler.minute_ends {
            self.end_scaler_minute(now, &mut scaler);
        }
        self.reconcile(id, now, &mut scaler, shared, agenda);
        agenda.push(scaler.next_tick(), Entry::Tick { function: id });
        self.scaler = Some(scaler);
    }

    /// Shows the policy the minute that is over. While instances are being allocated nothing else is
    /// asked for.
    fn end_scaler_minute(&mut self, now: u64, scaler: &mut Scaler) {
        scaler.minute_ends += MINUTE_NS;
        scaler.count_ready(now);
        let ready_ns = std::mem::take(&mut scaler.ready_ns);
        let (integrals, _) = self.pool.integrals(now);
        let busy_ns = integrals.provisioned_busy_ns - scaler.busy_before_ns;
        scaler.busy_before_ns = integrals.provisioned_busy_ns;
        let Some(tracker) = &mut scaler.tracker else {
            return;
        };
        let point =
            (busy_ns > 0 && ready_ns > 0).then(|| wide_to_f64(busy_ns) / wide_to_f64(ready_ns));
        tracker.take(point);
        if scaler.pending == 0
            && let Some(wanted) = tracker.wanted(now, scaler.ready, scaler.bounds)
        {
            scaler.wanted = wanted;
        }
    }

    /// Asks for instances that are missing, and gives up those that are too many.
    fn reconcile(
        &mut self,
        id: u32,
        now: u64,
        scaler: &mut Scaler,
        shared: &mut Shared,
        agenda: &mut Agenda,
    ) {
        let owned = scaler.ready + scaler.pending;
        if scaler.wanted > owned {
            self.allocate(id, now, scaler, scaler.wanted - owned, agenda);
        } else if scaler.wanted < owned && scaler.ready > 0 {
            let gone = (owned - scaler.wanted).min(scaler.ready);
            scaler.count_ready(now);
            self.pool.give_up_provisioned(gone, now);
            scaler.ready -= gone;
        }
        let now_owned = scaler.ready + scaler.pending;
        // Provisioned instances take their share of reserved concurrency, or of the account's.
        if let Some(left) = &mut self.reserved {
            let reserved = self.function.reserved.unwrap_or(0);
            *left = reserved.saturating_sub(u64::from(now_owned));
        } else {
            let pool = shared.pool.saturating_add(u64::from(owned));
            shared.pool = pool.saturating_sub(u64::from(now_owned));
        }
    }

    fn allocate(
        &mut self,
        id: u32,
        now: u64,
        scaler: &mut Scaler,
        count: u32,
        agenda: &mut Agenda,
    ) {
        let asked = |number: u32| now.saturating_add(scaler.asked_after(number));
        let inits: Vec<_> = (0..count)
            .map(|number| scaler.inits.draw(scaler.asked + u64::from(number)))
            .collect();
        let ready = |number: u32, init: u64| asked(number).saturating_add(init);
        let last = (0..count)
            .zip(&inits)
            .map(|(number, cold)| ready(number, cold.init))
            .max()
            .unwrap_or(now);
        for (number, cold) in (0..count).zip(&inits) {
            let ready = if scaler.all_or_nothing {
                last
            } else {
                ready(number, cold.init)
            };
            let instance = self.pool.provision(asked(number), ready);
            // The init of a provisioned instance is billed whether it ever serves or not.
            self.meter.billed_provisioned_ms += u128::from(billed_ms(cold.billed_init));
            agenda.push(
                ready,
                Entry::Ready {
                    function: id,
                    instance,
                },
            );
        }
        scaler.asked += u64::from(count);
        scaler.pending += count;
        self.meter.instances_peak = self.meter.instances_peak.max(self.pool.living());
        debug_assert!(slot(inits.len()) == count, "{count} instances");
    }
}

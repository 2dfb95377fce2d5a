//! The timeline of a function in the event kernel.
//!
//! A minute is ended by the first thing that happens to the function after it, before that happens:
//! until then the state is that of the minute's end. No clock of minutes runs, so a function to which
//! nothing happens costs nothing.

use frostline_models::math::word;

use super::{FunctionState, Seat};
use crate::meter::Integrals;
use crate::minutes::{Minutes, Served};

impl FunctionState<'_> {
    /// Begins the first minute, with so many instances busy.
    pub(super) fn begin_timeline(&mut self, start: u64, run_end: u64, busy: u64) {
        let (_, alive) = self.pool.integrals(start);
        let minutes = Minutes::new(run_end, alive, busy);
        self.minute_ends = minutes.end();
        self.minutes = Some(Box::new(minutes));
    }

    /// The run begins after what was played before it.
    pub(in crate::event) fn start_timeline_over(&mut self, integrals: Integrals, alive: u64) {
        let waiting = word(self.queue.len());
        if let Some(minutes) = &mut self.minutes {
            minutes.start_over(integrals, alive, waiting);
        }
    }

    /// Takes an invocation from before the run, which is counted nowhere, for as long as it runs.
    #[cold]
    #[inline(never)]
    pub(super) fn admit_uncounted(&mut self, is_provisioned: bool) {
        if let Some(minutes) = &mut self.minutes {
            minutes.admitted_uncounted(is_provisioned);
        }
    }

    /// Tells the minutes that are over at `now`.
    #[inline]
    pub(in crate::event) fn tell_minutes(&mut self, now: u64) {
        if now >= self.minute_ends {
            self.end_minutes(now);
        }
    }

    #[cold]
    #[inline(never)]
    fn end_minutes(&mut self, now: u64) {
        while now >= self.minute_ends && !self.is_last_minute() {
            let end = self.minute_ends;
            self.drop_before(end);
            let (integrals, alive) = self.pool.integrals(end);
            let waiting = word(self.queue.len());
            let Some(minutes) = &mut self.minutes else {
                return;
            };
            if let Some(minute) = minutes.close(integrals) {
                self.watcher.minute(self.replication, self.place, &minute);
            }
            let start = minutes.start_of(now);
            if minutes.is_quiet() && waiting == 0 && start > end {
                let (integrals, alive) = self.pool.integrals(start);
                minutes.begin(start, integrals, alive, 0);
            } else {
                minutes.begin(end, integrals, alive, waiting);
            }
            self.minute_ends = minutes.end();
        }
    }

    fn is_last_minute(&self) -> bool {
        self.minutes
            .as_ref()
            .is_none_or(|minutes| minutes.is_last())
    }

    /// Brings the timeline to the end of the run; what is told later belongs to the last minute.
    pub(in crate::event) fn end_run(&mut self, end: u64) {
        self.tell_minutes(end);
        let (integrals, _) = self.pool.integrals(end);
        if let Some(minutes) = &mut self.minutes {
            minutes.end_run(integrals);
            self.minute_ends = u64::MAX;
        }
    }

    /// Tells the last minute.
    pub(in crate::event) fn end_timeline(&mut self) {
        let Some(mut minutes) = self.minutes.take() else {
            return;
        };
        if let Some(minute) = minutes.close(Integrals::default()) {
            self.watcher.minute(self.replication, self.place, &minute);
        }
    }

    /// Takes an invocation into its minute.
    #[cold]
    #[inline(never)]
    pub(super) fn time_served(&mut self, seat: Seat, served: Served, timed_out: bool) {
        let Some(minutes) = &mut self.minutes else {
            return;
        };
        minutes.admitted(seat.is_provisioned);
        minutes.serve(served);
        let is_spillover = !seat.is_provisioned && self.function.provisioned.is_any();
        let counts = minutes.counts();
        counts.requests += 1;
        counts.invocations += 1;
        counts.cold_starts += u64::from(seat.wait.is_some());
        counts.spillovers += u64::from(is_spillover);
        counts.timeouts += u64::from(timed_out);
    }
}

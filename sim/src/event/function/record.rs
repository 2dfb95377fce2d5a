//! The records of a function in the event kernel, where they are wanted.

use frostline_models::record::{Invocation, Outcome};
use frostline_models::units::{SimDuration, SimTime};

use super::{FunctionState, Request, Seat};
use crate::stream::ORIGIN;

impl FunctionState<'_> {
    #[cold]
    pub(super) fn record_served(
        &self,
        now: u64,
        request: &Request,
        seat: Seat,
        served: u64,
        timed_out: bool,
    ) {
        let phases = if seat.is_new {
            self.cold_starts.phases(request.number)
        } else {
            Vec::new()
        };
        self.watcher.record(
            self.replication,
            &Invocation {
                outcome: if seat.wait.is_some() {
                    Outcome::Cold
                } else {
                    Outcome::Warm
                },
                spillover: !seat.is_provisioned && self.function.provisioned.is_any(),
                timed_out,
                queue: SimDuration(now - request.arrival),
                init: SimDuration(seat.wait.unwrap_or(0)),
                phases,
                duration: SimDuration(served),
                ..self.blank_record(request)
            },
        );
    }

    pub(super) fn record_refused(&self, request: &Request, outcome: Outcome, queue: SimDuration) {
        if self.watcher.wants_records() {
            let record = Invocation {
                outcome,
                queue,
                ..self.blank_record(request)
            };
            self.watcher.record(self.replication, &record);
        }
    }

    fn blank_record(&self, request: &Request) -> Invocation {
        Invocation {
            function: self.place,
            request: request.number,
            parent: None,
            attempt: 0,
            arrival: SimTime(request.arrival - ORIGIN),
            outcome: Outcome::Dropped,
            spillover: false,
            timed_out: false,
            queue: SimDuration::ZERO,
            init: SimDuration::ZERO,
            phases: Vec::new(),
            duration: SimDuration::ZERO,
        }
    }
}

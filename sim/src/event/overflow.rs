//! The on-demand side of a function whose provisioned instances stand elsewhere: it is offered the
//! requests that found all of those busy, and nothing else.

use super::{Component, Request};
use crate::job::Job;
use crate::outcome::Period;
use crate::progress::{Cancelled, Watcher};

/// One function without provisioned instances, and its measurement periods so far.
pub(crate) struct Overflow<'a> {
    component: Component<'a>,
    periods: Vec<Period>,
}

impl<'a> Overflow<'a> {
    /// The only function of `job`.
    pub(crate) fn new(job: &Job<'a>, watcher: &'a Watcher<'a>) -> Self {
        let mut component = Component::new(job, &[0], false, watcher);
        component.functions[0].wait_for_offers();
        Self {
            component,
            periods: Vec::new(),
        }
    }

    /// Takes on requests, in order of arrival, and lets everything before the last of them happen.
    /// That one stays for the next call: what leaves at its instant may still be unknown.
    pub(crate) fn offer(
        &mut self,
        requests: impl DoubleEndedIterator<Item = Request> + Clone,
    ) -> Result<(), Cancelled> {
        let Some(last) = requests.clone().next_back() else {
            return Ok(());
        };
        self.component.functions[0].offer(requests);
        self.component.run_until(last.arrival)
    }

    /// Lets everything up to `instant` happen, which is where the kernels stop in a run.
    pub(crate) fn run_until(&mut self, instant: u64) -> Result<(), Cancelled> {
        self.component.run_until(instant)
    }

    /// Ends a measurement period at `now`, up to which everything has happened.
    pub(crate) fn close(&mut self, now: u64) {
        let integrals = self.component.integrals(now);
        let periods = std::slice::from_mut(&mut self.periods);
        self.component.close(now, &integrals, periods);
    }

    /// The measurement periods.
    pub(crate) fn into_periods(self) -> Vec<Period> {
        self.periods
    }
}

//! The thread of one instance: what it is told, what it tells, and its life.

use std::sync::mpsc::{Receiver, Sender};

use crate::clock;
use crate::host::Host;
use crate::target::{Failure, Instance, Report, Setting, Target};

/// What an instance's thread is told.
pub(super) struct Order {
    pub(super) request: u64,
    /// When it was due, on the machine's clock.
    pub(super) due: u64,
}

/// What an instance's thread tells.
pub(super) enum Event {
    /// A provisioned instance can be asked.
    Ready { instance: u64 },
    /// A request was answered, and the instance could take another one at `idle_at`.
    Answered {
        instance: u64,
        request: u64,
        init_ns: u64,
        queue_ns: u64,
        duration_ns: u64,
        idle_at: u64,
    },
    /// A request failed; the instance is gone.
    Failed {
        instance: u64,
        request: Option<u64>,
        failure: Failure,
    },
    /// An instance has ended; what it did for the request that it was started for.
    Ended {
        first: Option<u64>,
        report: Box<Report>,
    },
}

/// The thread of one instance.
pub(super) struct Life<'env> {
    pub(super) instance: u64,
    pub(super) host: &'env Host,
    pub(super) target: &'env dyn Target,
    pub(super) setting: &'env Setting,
    pub(super) payload: &'env [u8],
    pub(super) is_freezing: bool,
    pub(super) tell: Sender<Event>,
}

impl Life<'_> {
    /// Starts the instance, serves until the channel closes, and stops it.
    pub(super) fn live(&self, order: Option<Order>, orders: &Receiver<Order>) {
        let first = order.as_ref().map(|order| order.request);
        let asked = clock::now();
        let started = self
            .target
            .start(self.host, self.setting)
            .and_then(|mut instance| {
                instance.ready()?;
                Ok(instance)
            });
        let mut instance = match started {
            Ok(instance) => instance,
            Err(failure) => return self.failed(first, failure),
        };
        let init_ns = clock::since(asked, clock::now());
        match order {
            Some(order) => {
                if let Err(failure) = self.serve(&mut *instance, &order, init_ns) {
                    return self.failed(Some(order.request), failure);
                }
            }
            None => self.say(Event::Ready {
                instance: self.instance,
            }),
        }
        self.freeze(&mut *instance, true);
        while let Ok(order) = orders.recv() {
            self.freeze(&mut *instance, false);
            if let Err(failure) = self.serve(&mut *instance, &order, 0) {
                return self.failed(Some(order.request), failure);
            }
            self.freeze(&mut *instance, true);
        }
        let report = Box::new(instance.stop());
        self.say(Event::Ended { first, report });
    }

    fn freeze(&self, instance: &mut dyn Instance, frozen: bool) {
        if self.is_freezing {
            instance.freeze(frozen);
        }
    }

    fn serve(
        &self,
        instance: &mut dyn Instance,
        order: &Order,
        init_ns: u64,
    ) -> Result<(), Failure> {
        let handed_at = clock::now();
        let invoked = instance.invoke(self.payload)?;
        self.say(Event::Answered {
            instance: self.instance,
            request: order.request,
            init_ns,
            queue_ns: clock::since(order.due, handed_at).saturating_sub(init_ns),
            duration_ns: invoked.duration_ns,
            idle_at: clock::now(),
        });
        Ok(())
    }

    fn failed(&self, request: Option<u64>, failure: Failure) {
        self.say(Event::Failed {
            instance: self.instance,
            request,
            failure,
        });
    }

    fn say(&self, event: Event) {
        // Nobody listens when the pool has ended early.
        let _ = self.tell.send(event);
    }
}

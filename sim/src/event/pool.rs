//! The instances of one function.

use frostline_models::math::{index, slot};
use frostline_models::units::SimDuration;

use super::order::Available;
use crate::meter::Integrals;

/// An instance, one cache line. Instants are on the engine's clock.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub(super) struct Instance {
    /// When it was asked for.
    born: u64,
    /// When it can serve.
    pub(super) ready_at: u64,
    /// When it last became busy.
    busy_since: u64,
    /// Idle beyond this instant it is gone.
    expires: u64,
    /// After this instant it takes no more requests, and ends when idle.
    retires: u64,
    /// Requests that it serves or that wait for it to start.
    load: u32,
    /// The latest request that it took.
    pub(super) latest_request: u64,
    /// Whether it has served no request yet.
    fresh: bool,
    /// Whether it is among the available ones.
    listed: bool,
    /// Whether it has not started yet, where others may join the first request.
    starting: bool,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Gone,
    OnDemand,
    Provisioned,
}

/// What became of an instance that finished an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Released {
    /// It is a provisioned one.
    Provisioned,
    /// It serves other requests still.
    Busy,
    /// It is idle; its expiry must be set.
    Idle,
    /// It has ended.
    Ended,
}

/// The instances of one function. Expiry is lazy: an idle instance that is past its time is found
/// when it would be chosen or when time is summed up, and then ends at its own instant.
pub(super) struct Pool {
    instances: Vec<Instance>,
    free: Vec<u32>,
    available: Available,
    /// Instances that start and have room for more requests, in order of creation.
    starting: Vec<u32>,
    /// Provisioned instances with room, the latest used last.
    provisioned: Vec<u32>,
    concurrency: u32,
    /// A provisioned instance is paid for at least so long.
    minimum: u64,
    /// Instances that are not known to have ended.
    living: u64,
    finished: Integrals,
}

impl Pool {
    pub(super) fn new(available: Available, concurrency: u32, minimum: SimDuration) -> Self {
        Self {
            instances: Vec::new(),
            free: Vec::new(),
            available,
            starting: Vec::new(),
            provisioned: Vec::new(),
            concurrency,
            minimum: minimum.0,
            living: 0,
            finished: Integrals::default(),
        }
    }

    /// Instances that are not known to have ended: all that live, when none is available.
    pub(super) fn living(&self) -> u64 {
        self.living
    }

    pub(super) fn instance(&self, instance: u32) -> &Instance {
        &self.instances[index(instance)]
    }

    /// A provisioned instance with room.
    #[inline]
    pub(super) fn first_provisioned(&self) -> Option<u32> {
        self.provisioned.last().copied()
    }

    /// The on-demand instance that request number `request` takes at `now`: a ready one in the
    /// platform's order, else one that is starting and has room.
    #[inline]
    pub(super) fn first_on_demand(&mut self, now: u64, request: u64) -> Option<u32> {
        while let Some(instance) = self.available.first(request) {
            let found = &self.instances[index(instance)];
            let ended_at = if found.load == 0 {
                found.expires
            } else {
                found.retires
            };
            if now <= ended_at {
                return Some(instance);
            }
            let idle = found.load == 0;
            self.unlist(instance);
            if idle {
                self.end(instance, ended_at);
            }
        }
        self.starting.first().copied()
    }

    /// Asks for a new instance, with the first request already on it.
    pub(super) fn start(&mut self, now: u64, ready_at: u64, retires: u64, request: u64) -> u32 {
        let instance = self.create(Instance {
            born: now,
            ready_at,
            busy_since: now,
            expires: 0,
            retires,
            load: 1,
            latest_request: request,
            fresh: false,
            listed: false,
            starting: false,
            kind: Kind::OnDemand,
        });
        if self.concurrency > 1 {
            self.instances[index(instance)].starting = true;
            self.starting.push(instance);
        }
        instance
    }

    /// Adds an idle instance that is ready.
    pub(super) fn add_idle(&mut self, now: u64, retires: u64, expires: u64) -> u32 {
        let instance = self.create(Instance {
            born: now,
            ready_at: now,
            busy_since: now,
            expires: expires.min(retires),
            retires,
            load: 0,
            latest_request: 0,
            fresh: false,
            listed: false,
            starting: false,
            kind: Kind::OnDemand,
        });
        self.list(instance);
        instance
    }

    /// Asks for a provisioned instance; it takes requests after [`Pool::ready`].
    pub(super) fn provision(&mut self, now: u64, ready_at: u64) -> u32 {
        self.create(Instance {
            born: now,
            ready_at,
            busy_since: now,
            expires: u64::MAX,
            retires: u64::MAX,
            load: 0,
            latest_request: 0,
            fresh: true,
            listed: false,
            starting: false,
            kind: Kind::Provisioned,
        })
    }

    fn create(&mut self, instance: Instance) -> u32 {
        self.living += 1;
        let number = if let Some(number) = self.free.pop() {
            self.instances[index(number)] = instance;
            number
        } else {
            self.instances.push(instance);
            slot(self.instances.len() - 1)
        };
        if instance.kind == Kind::OnDemand {
            self.available.created(number);
        }
        number
    }

    /// The instance has started.
    pub(super) fn ready(&mut self, instance: u32) {
        let found = &mut self.instances[index(instance)];
        found.starting = false;
        if found.kind == Kind::Provisioned {
            self.provisioned.push(instance);
            return;
        }
        if let Some(place) = self
            .starting
            .iter()
            .position(|starting| *starting == instance)
        {
            self.starting.remove(place);
            self.list(instance);
        }
    }

    /// Puts a request on an instance with room; whether it is the instance's first.
    #[inline]
    pub(super) fn occupy(&mut self, instance: u32, now: u64, request: u64) -> bool {
        let found = &mut self.instances[index(instance)];
        found.latest_request = request;
        if found.load == 0 {
            found.busy_since = now;
        }
        found.load += 1;
        let is_first = std::mem::take(&mut found.fresh);
        let is_full = found.load == self.concurrency;
        if found.kind == Kind::Provisioned {
            if is_full {
                self.provisioned.pop();
            }
        } else if found.starting {
            if is_full {
                self.starting.retain(|starting| *starting != instance);
            }
        } else if is_full {
            self.unlist(instance);
        } else {
            self.available.touch(instance);
        }
        is_first
    }

    /// The instance must not be used after `instant`, at which an invocation on it is cut off. A
    /// provisioned one is reset in place.
    pub(super) fn retire_at(&mut self, instance: u32, instant: u64) {
        let found = &mut self.instances[index(instance)];
        if found.kind == Kind::OnDemand {
            found.retires = found.retires.min(instant - 1);
        }
    }

    /// Since when a busy instance has been busy.
    pub(super) fn busy_since(&self, instance: u32) -> u64 {
        self.instances[index(instance)].busy_since
    }

    /// Whether an instance serves nothing now.
    pub(super) fn is_idle(&self, instance: u32) -> bool {
        self.instances[index(instance)].load == 0
    }

    /// Takes a finished request off an instance at `now`.
    #[inline]
    pub(super) fn release(&mut self, instance: u32, now: u64) -> Released {
        let found = &mut self.instances[index(instance)];
        let was_full = found.load == self.concurrency;
        found.load -= 1;
        let is_provisioned = found.kind == Kind::Provisioned;
        if found.load == 0 {
            let busy = u128::from(now - found.busy_since);
            self.finished.busy_ns += busy;
            if is_provisioned {
                self.finished.provisioned_busy_ns += busy;
            }
        }
        if is_provisioned {
            let (load, is_given_up) = (found.load, found.retires != u64::MAX);
            if is_given_up {
                if load == 0 {
                    self.end_provisioned(instance, now);
                }
            } else if was_full {
                self.provisioned.push(instance);
            }
            return Released::Provisioned;
        }
        let load = found.load;
        if now > found.retires {
            self.unlist(instance);
            if load == 0 {
                self.end(instance, now);
                return Released::Ended;
            }
            return Released::Busy;
        }
        if was_full {
            self.list(instance);
        } else {
            self.available.touch(instance);
        }
        if load == 0 {
            Released::Idle
        } else {
            Released::Busy
        }
    }

    fn list(&mut self, instance: u32) {
        self.instances[index(instance)].listed = true;
        self.available.add(instance);
    }

    fn unlist(&mut self, instance: u32) {
        if std::mem::take(&mut self.instances[index(instance)].listed) {
            self.available.remove(instance);
        }
    }

    /// Sets the instant beyond which an idle instance is gone.
    #[inline]
    pub(super) fn keep_until(&mut self, instance: u32, instant: u64) {
        let found = &mut self.instances[index(instance)];
        found.expires = instant.min(found.retires);
    }

    /// Ends an idle instance that is available.
    pub(super) fn drop_idle(&mut self, instance: u32, now: u64) {
        self.unlist(instance);
        self.end(instance, now);
    }

    /// Whether an instance is a provisioned one.
    pub(super) fn is_provisioned(&self, instance: u32) -> bool {
        self.instances[index(instance)].kind == Kind::Provisioned
    }

    /// Gives up `count` of the provisioned instances that have started: first those that have idled
    /// for longest, at once; then busy ones, which take no more requests and end when they are idle.
    pub(super) fn give_up_provisioned(&mut self, count: u32, now: u64) {
        let mut left = count;
        let listed = std::mem::take(&mut self.provisioned);
        for instance in listed {
            if left > 0 && self.instances[index(instance)].load == 0 {
                self.end_provisioned(instance, now);
                left -= 1;
            } else {
                self.provisioned.push(instance);
            }
        }
        for number in 0..self.instances.len() {
            if left == 0 {
                return;
            }
            let found = &mut self.instances[number];
            let can_go = found.kind == Kind::Provisioned && found.load > 0;
            if can_go && found.retires == u64::MAX {
                found.retires = now;
                left -= 1;
                let instance = slot(number);
                self.provisioned.retain(|listed| *listed != instance);
            }
        }
    }

    fn end_provisioned(&mut self, instance: u32, now: u64) {
        let found = &mut self.instances[index(instance)];
        found.kind = Kind::Gone;
        let age = now - found.born;
        self.finished.alive_ns += u128::from(age);
        self.finished.provisioned_ns += u128::from(age.max(self.minimum));
        self.living -= 1;
        self.free.push(instance);
    }

    fn end(&mut self, instance: u32, now: u64) {
        let found = &mut self.instances[index(instance)];
        found.kind = Kind::Gone;
        self.finished.alive_ns += u128::from(now - found.born);
        self.living -= 1;
        self.free.push(instance);
        self.available.gone(instance);
    }

    /// Integrals up to `now`, and how many instances are alive then.
    pub(super) fn integrals(&self, now: u64) -> (Integrals, u64) {
        let mut sum = self.finished;
        let mut alive = 0;
        for instance in self
            .instances
            .iter()
            .filter(|instance| instance.kind != Kind::Gone)
        {
            let is_idle = instance.load == 0;
            let until = if is_idle {
                instance.expires.min(now)
            } else {
                now
            };
            let age = u128::from(until.saturating_sub(instance.born));
            sum.alive_ns += age;
            alive += u64::from((!is_idle || instance.expires >= now) && instance.born <= now);
            let busy = if is_idle {
                0
            } else {
                u128::from(now - instance.busy_since)
            };
            sum.busy_ns += busy;
            if instance.kind == Kind::Provisioned {
                sum.provisioned_ns += age;
                sum.provisioned_busy_ns += busy;
            }
        }
        (sum, alive)
    }
}

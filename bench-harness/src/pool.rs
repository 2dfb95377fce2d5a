//! A small real platform: instances of a target behind the keep-alive, reuse order and limits of a
//! scenario, asked at given instants.
//!
//! ```text
//!  arrivals ─► dispatcher ── order ──► one thread an instance: start, ready, invoke, freeze, …, stop
//!     │            ▲                       │
//!     │            └─ answered, ended ─────┘
//!     └─ the schedule is kept whatever the answers take (open loop)
//! ```
//!
//! Requests are counted from the instant at which they were due, not from when the dispatcher got to
//! them: a late dispatcher, or a slow instance, shows in the latencies and is told, and cannot hide
//! (Tene's "coordinated omission").
//!
//! **When it is wrong.** Instances share this machine's processors with each other and with the
//! dispatcher, as those of a platform do not: cold starts that come at once slow one another.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{Scope, ScopedJoinHandle};
use std::time::Duration;

use frostline_models::init::Phase;
use frostline_models::keepalive::{KeepAlive, Reuse};
use frostline_models::math::{below, wide_index};
use frostline_models::measurement::{Applied, Noise, Phases};
use frostline_models::record::{Invocation, Outcome, ThrottleReason};
use frostline_models::units::{SimDuration, SimTime};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};

use crate::clock;
use crate::host::Host;
use crate::noise::Counters;
use crate::package::{Package, PackageError};
use crate::target::{Failure, Report, Setting, Target};

mod life;

use life::{Event, Life, Order};

/// Instances at once at the most: each is a process and a thread of this machine.
pub const INSTANCES_MAX: usize = 256;

/// Starts that fail in a row before the pool gives up.
const HOPELESS: u32 = 3;

/// How long the dispatcher sleeps at most before it looks whether somebody wants everything to end.
const PATIENCE: Duration = Duration::from_millis(100);

/// How the pool is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// How long an idle instance is kept.
    pub keep_alive: KeepAlive,
    /// Which idle instance takes a request.
    pub reuse: Reuse,
    /// Instances that are started before the first request and never end; they are asked first.
    pub provisioned: u32,
    /// Requests that may run at once, and for which limit the next one is refused.
    pub limit: Option<(u64, ThrottleReason)>,
    /// Whether idle instances get no processor time, as on AWS Lambda; needs a control group.
    pub freeze: bool,
    /// Names the choices of [`Reuse::Random`] and of keep-alives that are drawn.
    pub seed: u64,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Served {
    /// The record that a simulation makes too. Its init is the sum of the phases that were stamped;
    /// its queue is the rest of the time between the instant at which it was due and the hand-over:
    /// the dispatcher's lateness, thawing the instance, and the pool's own part of a start.
    pub invocation: Invocation,
    /// How late the dispatcher was, in nanoseconds.
    pub lateness_ns: u64,
    /// What went wrong; a sentence.
    pub failure: Option<String>,
}

/// What a pool did.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Replay {
    /// One entry a request, in the order of the arrivals.
    pub served: Vec<Served>,
    /// Instances that were started.
    pub started: u64,
    /// Instances alive at once at the most.
    pub instances_peak: u64,
    /// What was really done to the instances: what the last one that ended says.
    pub applied: Applied,
    /// What others did meanwhile.
    pub noise: Noise,
    /// Doubts of instances, with how many had them.
    pub warnings: BTreeMap<String, u64>,
}

/// Places a package where instances can start in it: a folder stays where it is.
///
/// # Errors
/// When it cannot be read or unpacked.
pub fn placed(host: &Host, package: &Package) -> Result<PathBuf, PackageError> {
    match package {
        Package::Folder(path) => Ok(path.clone()),
        Package::Zip(_) => {
            let folder = host.folder().join("pool-package");
            package.place(&folder)?;
            Ok(folder)
        }
    }
}

/// Asks a pool of real instances at these instants, counted from its first; they must ascend.
/// `progress` hears how many requests were dispatched.
///
/// # Errors
/// [`Failure::Interrupted`], [`Failure::Missing`], or what went wrong when three starts in a row failed.
/// No instance is left then.
pub fn replay(
    host: &Host,
    target: &dyn Target,
    setting: &Setting,
    rules: &Rules,
    (arrivals, payload): (&[SimTime], &[u8]),
    progress: &mut dyn FnMut(u64),
) -> Result<Replay, Failure> {
    let before = Counters::read();
    let own_before = clock::own_cpu_time();
    let mut replay = std::thread::scope(|scope| {
        let (tell, events) = channel();
        let mut pool = Pool {
            scope,
            host,
            target,
            setting,
            rules,
            payload,
            tell,
            workers: BTreeMap::new(),
            idle: Vec::new(),
            busy: 0,
            starting_failed: 0,
            random: Xoshiro256PlusPlus::seed_from_u64(rules.seed),
            origin: 0,
            replay: Replay::default(),
        };
        pool.provision(&events)?;
        pool.origin = clock::now();
        for (number, arrival) in (0_u64..).zip(arrivals) {
            pool.wait_until(pool.origin.saturating_add(arrival.0), &events)?;
            pool.dispatch(number, *arrival)?;
            progress(number + 1);
        }
        while pool.busy > 0 {
            pool.hear(&events, PATIENCE)?;
        }
        pool.end(&events);
        Ok(pool.replay)
    })?;
    let own = clock::since(own_before, clock::own_cpu_time());
    replay.noise = before.until(&Counters::read(), own);
    Ok(replay)
}

/// An idle instance.
#[derive(Debug, Clone, Copy)]
struct Idle {
    instance: u64,
    since: u64,
    /// It ends when it has been idle beyond this instant.
    until: u64,
    provisioned: bool,
}

struct Worker<'scope> {
    /// Closed, it ends the instance.
    orders: Sender<Order>,
    provisioned: bool,
    thread: ScopedJoinHandle<'scope, ()>,
}

struct Pool<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    host: &'env Host,
    target: &'env dyn Target,
    setting: &'env Setting,
    rules: &'env Rules,
    payload: &'env [u8],
    tell: Sender<Event>,
    workers: BTreeMap<u64, Worker<'scope>>,
    idle: Vec<Idle>,
    busy: u64,
    starting_failed: u32,
    random: Xoshiro256PlusPlus,
    /// The instant from which arrivals are counted.
    origin: u64,
    replay: Replay,
}

impl Pool<'_, '_> {
    /// Starts what is provisioned, one after the other, and waits for it.
    fn provision(&mut self, events: &Receiver<Event>) -> Result<(), Failure> {
        for _ in 0..self.rules.provisioned {
            let before = self.idle.len();
            self.start(None)?;
            while self.idle.len() == before {
                self.hear(events, PATIENCE)?;
            }
        }
        Ok(())
    }

    /// Waits until an instant, and meanwhile hears what instances tell and ends those that have been
    /// idle for too long.
    fn wait_until(&mut self, instant: u64, events: &Receiver<Event>) -> Result<(), Failure> {
        loop {
            let now = clock::now();
            self.expire(now.min(instant));
            if now >= instant {
                // What was told before the instant counts before it.
                while let Ok(event) = events.try_recv() {
                    self.take(event)?;
                }
                self.expire(instant);
                return Ok(());
            }
            let left = clock::since(now, instant.min(self.next_expiry().unwrap_or(instant)));
            self.hear(events, Duration::from_nanos(left).min(PATIENCE))?;
        }
    }

    fn next_expiry(&self) -> Option<u64> {
        let ends = self.idle.iter().map(|idle| idle.until.saturating_add(1));
        ends.min()
    }

    /// Ends what has been idle for longer than its keep-alive at an instant.
    fn expire(&mut self, instant: u64) {
        let kept = |idle: &Idle| instant <= idle.until;
        let (stay, go): (Vec<Idle>, Vec<Idle>) = self.idle.iter().copied().partition(kept);
        self.idle = stay;
        for idle in go {
            // Its thread ends the instance when the channel closes; nobody waits for it here.
            self.workers.remove(&idle.instance);
        }
    }

    /// Hears one event, or none within the time.
    fn hear(&mut self, events: &Receiver<Event>, within: Duration) -> Result<(), Failure> {
        if self.host.is_interrupted() {
            return Err(Failure::Interrupted);
        }
        match events.recv_timeout(within) {
            Ok(event) => self.take(event),
            // The pool holds a sender itself, so the channel never closes.
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Ok(()),
        }
    }

    fn take(&mut self, event: Event) -> Result<(), Failure> {
        match event {
            Event::Ready { instance } => self.rest(instance, clock::now()),
            Event::Answered {
                instance,
                request,
                init_ns,
                queue_ns,
                duration_ns,
                idle_at,
            } => {
                self.starting_failed = 0;
                self.busy -= 1;
                let served = &mut self.replay.served[wide_index(request)].invocation;
                served.init = SimDuration(init_ns);
                served.queue = SimDuration(queue_ns);
                served.duration = SimDuration(duration_ns);
                self.rest(instance, idle_at);
            }
            Event::Failed {
                instance,
                request,
                failure,
            } => {
                self.workers.remove(&instance);
                if matches!(failure, Failure::Interrupted | Failure::Missing { .. }) {
                    return Err(failure);
                }
                self.starting_failed += 1;
                match request {
                    Some(request) => {
                        self.busy -= 1;
                        self.replay.served[wide_index(request)].failure = Some(failure.to_string());
                    }
                    None => return Err(failure),
                }
                if self.starting_failed >= HOPELESS {
                    return Err(failure);
                }
            }
            Event::Ended { first, report } => self.note(first, *report),
        }
        Ok(())
    }

    /// An instance is idle from an instant on.
    fn rest(&mut self, instance: u64, since: u64) {
        let Some(worker) = self.workers.get(&instance) else {
            return;
        };
        let provisioned = worker.provisioned;
        if self.rules.keep_alive == KeepAlive::None && !provisioned {
            self.workers.remove(&instance);
            return;
        }
        let kept_ns = if provisioned {
            u64::MAX
        } else {
            self.kept_ns()
        };
        self.idle.push(Idle {
            instance,
            since,
            until: since.saturating_add(kept_ns),
            provisioned,
        });
    }

    /// For how long an instance is kept that is idle from now on.
    fn kept_ns(&mut self) -> u64 {
        match self.rules.keep_alive {
            KeepAlive::Fixed(span) => span.0,
            KeepAlive::Uniform { low, high } => {
                let width = high.0.saturating_sub(low.0).saturating_add(1);
                low.0.saturating_add(below(self.random.next_u64(), width))
            }
            KeepAlive::Halving(period) => {
                // The leading ones of a random word are the coins that it survives.
                let survived = u64::from(self.random.next_u64().leading_ones());
                period.0.saturating_mul(survived + 1)
            }
            KeepAlive::None => 0,
            KeepAlive::Forever => u64::MAX,
        }
    }

    fn note(&mut self, first: Option<u64>, report: Report) {
        if let Some(request) = first {
            let served = &mut self.replay.served[wide_index(request)].invocation;
            served.phases = phases_of(&report.phases);
            if let Some(start) = report.phases.start_ns() {
                let waited = served.init.0.saturating_add(served.queue.0);
                served.init = SimDuration(start.min(waited));
                served.queue = SimDuration(waited - served.init.0);
            }
        }
        for warning in report.warnings {
            *self.replay.warnings.entry(warning).or_default() += 1;
        }
        self.replay.applied = report.applied;
    }

    /// Gives a request to an instance, to a new one where none is idle, or refuses it.
    fn dispatch(&mut self, request: u64, arrival: SimTime) -> Result<(), Failure> {
        let due = self.origin.saturating_add(arrival.0);
        let refused = self
            .rules
            .limit
            .filter(|(most, _)| self.busy >= *most)
            .map(|(_, reason)| reason);
        let chosen = if refused.is_some() {
            None
        } else {
            self.choose()
        };
        let outcome = match (refused, chosen) {
            (Some(reason), _) => Outcome::Throttled(reason),
            (None, Some(_)) => Outcome::Warm,
            (None, None) => Outcome::Cold,
        };
        let on_provisioned = chosen.is_some_and(|idle| idle.provisioned);
        self.replay.served.push(Served {
            invocation: Invocation {
                function: 0,
                request,
                parent: None,
                attempt: 0,
                arrival,
                outcome,
                spillover: refused.is_none() && self.rules.provisioned > 0 && !on_provisioned,
                timed_out: false,
                queue: SimDuration::ZERO,
                init: SimDuration::ZERO,
                phases: Vec::new(),
                duration: SimDuration::ZERO,
            },
            lateness_ns: clock::since(due, clock::now()),
            failure: None,
        });
        match (refused, chosen) {
            (Some(_), _) => return Ok(()),
            (None, Some(idle)) => {
                let worker = self.workers.get(&idle.instance);
                let sent = worker.map(|worker| worker.orders.send(Order { request, due }));
                if !matches!(sent, Some(Ok(()))) {
                    self.replay.served[wide_index(request)].failure =
                        Some("its instance had ended while it was idle".to_owned());
                    return Ok(());
                }
            }
            (None, None) => self.start(Some(Order { request, due }))?,
        }
        self.busy += 1;
        Ok(())
    }

    /// The idle instance that the reuse order gives.
    fn choose(&mut self) -> Option<Idle> {
        let has_provisioned = self.idle.iter().any(|idle| idle.provisioned);
        let candidates =
            (0..self.idle.len()).filter(|&place| self.idle[place].provisioned || !has_provisioned);
        let place = match self.rules.reuse {
            Reuse::MostRecent => candidates.max_by_key(|&place| self.idle[place].since),
            Reuse::LeastRecent => candidates.min_by_key(|&place| self.idle[place].since),
            Reuse::Newest => candidates.max_by_key(|&place| self.idle[place].instance),
            Reuse::Oldest => candidates.min_by_key(|&place| self.idle[place].instance),
            Reuse::Random => {
                let places: Vec<usize> = candidates.collect();
                let count = frostline_models::math::word(places.len());
                let drawn = (count > 0).then(|| below(self.random.next_u64(), count));
                drawn.map(|drawn| places[wide_index(drawn)])
            }
        };
        place.map(|place| self.idle.swap_remove(place))
    }

    /// Starts an instance, for a request or to be there.
    fn start(&mut self, order: Option<Order>) -> Result<(), Failure> {
        if self.workers.len() >= INSTANCES_MAX {
            return Err(Failure::Missing {
                what: format!("more than {INSTANCES_MAX} instances would have to run at once"),
                help: "simulate less traffic, such as --set 'run.duration=10 min'".to_owned(),
            });
        }
        let instance = self.replay.started;
        self.replay.started += 1;
        let (orders, received) = channel();
        let life = Life {
            instance,
            host: self.host,
            target: self.target,
            setting: self.setting,
            payload: self.payload,
            is_freezing: self.rules.freeze,
            tell: self.tell.clone(),
        };
        let provisioned = order.is_none();
        let thread = self.scope.spawn(move || life.live(order, &received));
        let worker = Worker {
            orders,
            provisioned,
            thread,
        };
        self.workers.insert(instance, worker);
        let alive = frostline_models::math::word(self.workers.len());
        self.replay.instances_peak = self.replay.instances_peak.max(alive);
        Ok(())
    }

    /// Ends every instance, and hears what is left to hear.
    fn end(&mut self, events: &Receiver<Event>) {
        for (_, worker) in std::mem::take(&mut self.workers) {
            drop(worker.orders);
            // A thread that panicked has nothing to tell; the scope passes the panic on.
            let _ = worker.thread.join();
        }
        while let Ok(event) = events.try_recv() {
            if let Event::Ended { first, report } = event {
                self.note(first, *report);
            }
        }
    }
}

/// The phases that a profile has, out of what was stamped.
fn phases_of(phases: &Phases) -> Vec<(Phase, SimDuration)> {
    let boot = phases.first_user_open_ns;
    let code = phases
        .ready_ns
        .map(|ready| clock::since(boot.unwrap_or(0), ready));
    let all = [
        (Phase::Fetch, phases.package_ns),
        (Phase::Sandbox, phases.sandbox_ns),
        (Phase::Runtime, boot),
        (Phase::Code, code),
    ];
    all.into_iter()
        .filter_map(|(phase, nanos)| Some((phase, SimDuration(nanos?))))
        .collect()
}

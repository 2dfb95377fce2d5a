//! A second simulator, written to be plainly right: a list of instances that is scanned from end to
//! end for every decision, no heap, no lazy expiry, no arrays of levels. It takes its requests from
//! tapes and shares no code with the engine.

use frostline_models::keepalive::{KeepAlive, Reuse};
use frostline_models::record::{Outcome, ThrottleReason};
use frostline_models::scenario::{Function, Scenario};
use frostline_models::units::Quota;
use frostline_sim::outcome::Counts;

use crate::setup::Fate;

/// One request as the engine's streams give it, whatever becomes of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taped {
    pub(crate) function: usize,
    pub(crate) number: u64,
    pub(crate) arrival: u64,
    pub(crate) duration: u64,
    pub(crate) init: u64,
    pub(crate) first_extra: u64,
}

/// Sums over a run from zero to its end, for one function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sums {
    pub(crate) counts: Counts,
    pub(crate) alive_ns: u128,
    pub(crate) busy_ns: u128,
    pub(crate) peak: u64,
}

struct Instance {
    function: usize,
    provisioned: bool,
    born: u64,
    ready_at: u64,
    was_ready: bool,
    /// Ends of the requests on it, with whether each is counted as concurrency on demand.
    departures: Vec<u64>,
    busy_since: u64,
    idle_since: u64,
    retires: u64,
    /// Place in the order of use.
    used: u64,
    fresh: bool,
    died: Option<u64>,
}

/// A bucket that fills at `count` per `per`, its level counted in 1/`per` of a token.
struct Bucket {
    quota: Quota,
    level: u128,
    seen: u64,
}

impl Bucket {
    fn new(quota: Quota) -> Self {
        let level = u128::from(quota.count) * u128::from(quota.per.0);
        Self {
            quota,
            level,
            seen: 0,
        }
    }

    fn fill(&mut self, now: u64) {
        let most = u128::from(self.quota.count) * u128::from(self.quota.per.0);
        let gain = u128::from(now - self.seen) * u128::from(self.quota.count);
        self.level = most.min(self.level + gain);
        self.seen = now;
    }

    fn has_token(&mut self, now: u64) -> bool {
        self.fill(now);
        self.level >= u128::from(self.quota.per.0)
    }

    fn take(&mut self) {
        self.level -= u128::from(self.quota.per.0);
    }

    fn opens(&self) -> u64 {
        let missing = u128::from(self.quota.per.0).saturating_sub(self.level);
        let wait = missing.div_ceil(u128::from(self.quota.count));
        self.seen + u64::try_from(wait).unwrap()
    }
}

pub(crate) struct Reference<'a> {
    scenario: &'a Scenario,
    instances: Vec<Instance>,
    queues: Vec<Vec<Taped>>,
    scale_up: Vec<Option<Bucket>>,
    rate: Option<Bucket>,
    uses: u64,
    busy_ns: Vec<u128>,
    end: u64,
    pub(crate) fates: Vec<Fate>,
    pub(crate) sums: Vec<Sums>,
}

impl<'a> Reference<'a> {
    /// Runs the requests of the tape, which must ascend by (arrival, function).
    pub(crate) fn run(scenario: &'a Scenario, tape: &[Taped]) -> Self {
        let functions = &scenario.functions;
        let mut this = Self {
            scenario,
            instances: Vec::new(),
            queues: functions.iter().map(|_| Vec::new()).collect(),
            scale_up: functions
                .iter()
                .map(|_| scenario.platform.scale_up.map(Bucket::new))
                .collect(),
            rate: scenario.platform.request_rate.map(Bucket::new),
            uses: 0,
            busy_ns: vec![0; functions.len()],
            end: scenario.run.duration.0,
            fates: Vec::new(),
            sums: vec![Sums::default(); functions.len()],
        };
        for (place, function) in functions.iter().enumerate() {
            for _ in 0..function.provisioned.instances {
                this.start(place, 0, 0, true);
            }
            this.sums[place].peak = this.living(place, 0);
        }
        for request in tape {
            this.advance(request.arrival);
            this.arrive(request);
        }
        this.advance(u64::MAX);
        this.sum_up();
        this.fates.sort_by_key(|fate| (fate.0, fate.1));
        this
    }

    fn function(&self, place: usize) -> &'a Function {
        &self.scenario.functions[place]
    }

    fn start(&mut self, function: usize, now: u64, ready_at: u64, provisioned: bool) -> usize {
        let age = self.function(function).maximum_age.as_ref();
        let age = age.map_or(u64::MAX, |law| {
            frostline_models::math::round_to_u64(law.mean_ns())
        });
        self.uses += 1;
        self.instances.push(Instance {
            function,
            provisioned,
            born: now,
            ready_at,
            was_ready: provisioned,
            departures: Vec::new(),
            busy_since: now,
            idle_since: now,
            retires: if provisioned {
                u64::MAX
            } else {
                now.saturating_add(age)
            },
            used: self.uses,
            fresh: provisioned,
            died: None,
        });
        self.instances.len() - 1
    }

    /// Lets everything up to `now` happen.
    fn advance(&mut self, now: u64) {
        loop {
            let departures = self
                .instances
                .iter()
                .flat_map(|i| i.departures.iter().copied());
            let readies = self
                .instances
                .iter()
                .filter(|i| !i.was_ready)
                .map(|i| i.ready_at);
            let mut next = departures.chain(readies).min().unwrap_or(u64::MAX);
            if self.queues.iter().any(|queue| !queue.is_empty()) {
                let buckets = self.scale_up.iter().flatten().chain(&self.rate);
                let opens = buckets
                    .map(Bucket::opens)
                    .filter(|o| *o > self.clock())
                    .min();
                next = next.min(opens.unwrap_or(u64::MAX));
            }
            if next > now || next == u64::MAX {
                break;
            }
            self.tick(next);
        }
        if now == u64::MAX {
            for place in 0..self.queues.len() {
                self.give_up(place, u64::MAX);
            }
        }
    }

    /// The latest instant at which a bucket was looked at.
    fn clock(&self) -> u64 {
        let buckets = self.scale_up.iter().flatten().chain(&self.rate);
        buckets.map(|bucket| bucket.seen).max().unwrap_or(0)
    }

    /// What happens at this instant, departures first.
    fn tick(&mut self, now: u64) {
        for bucket in self.scale_up.iter_mut().flatten().chain(&mut self.rate) {
            bucket.fill(now);
        }
        for place in 0..self.instances.len() {
            while let Some(at) = self.instances[place]
                .departures
                .iter()
                .position(|d| *d == now)
            {
                self.instances[place].departures.remove(at);
                self.released(place, now);
            }
        }
        for instance in &mut self.instances {
            if !instance.was_ready && instance.ready_at <= now {
                instance.was_ready = true;
                self.uses += 1;
                instance.used = self.uses;
            }
        }
        self.serve_queues(now);
    }

    fn released(&mut self, place: usize, now: u64) {
        self.uses += 1;
        let keep_alive = self.function(self.instances[place].function).keep_alive;
        let instance = &mut self.instances[place];
        instance.used = self.uses;
        if !instance.departures.is_empty() {
            return;
        }
        let from = instance.busy_since.min(self.end);
        self.busy_ns[instance.function] += u128::from(now.min(self.end) - from);
        instance.idle_since = now;
        if instance.provisioned {
            return;
        }
        if now > instance.retires || keep_alive == KeepAlive::None {
            instance.died = Some(now);
        }
    }

    /// The instant after which an idle instance is gone.
    fn expires(&self, instance: &Instance) -> u64 {
        if instance.provisioned {
            return u64::MAX;
        }
        let span = match self.function(instance.function).keep_alive {
            KeepAlive::Fixed(span) => span.0,
            KeepAlive::Forever => u64::MAX,
            other => panic!("{other:?} needs draws that the reference does not have"),
        };
        instance
            .idle_since
            .saturating_add(span)
            .min(instance.retires)
    }

    fn is_alive(&self, instance: &Instance, now: u64) -> bool {
        instance.died.is_none()
            && (!instance.departures.is_empty()
                || !instance.was_ready
                || now <= self.expires(instance))
    }

    fn living(&self, function: usize, now: u64) -> u64 {
        let mine = self.instances.iter().filter(|i| i.function == function);
        frostline_models::math::word(mine.filter(|i| self.is_alive(i, now)).count())
    }

    fn on_demand(&self, function: usize) -> u64 {
        let mine = self.instances.iter().filter(|i| i.function == function);
        let busy = mine.filter(|i| !i.provisioned).map(|i| i.departures.len());
        frostline_models::math::word(busy.sum())
    }

    /// The instance that would take a request now.
    fn choose(&self, function: usize, now: u64) -> Option<usize> {
        let settings = self.function(function);
        let room = frostline_models::math::index(settings.concurrency);
        let candidates = || {
            self.instances.iter().enumerate().filter(move |(_, i)| {
                i.function == function && i.departures.len() < room && self.is_alive(i, now)
            })
        };
        let provisioned = candidates().filter(|(_, i)| i.provisioned);
        if let Some((place, _)) = provisioned.max_by_key(|(_, i)| i.used) {
            return Some(place);
        }
        let ready = candidates().filter(|(_, i)| i.was_ready && now <= i.retires);
        let ready = match settings.reuse {
            Reuse::MostRecent => ready.max_by_key(|(_, i)| i.used),
            Reuse::LeastRecent => ready.min_by_key(|(_, i)| i.used),
            Reuse::Newest => ready.max_by_key(|(place, _)| *place),
            Reuse::Oldest => ready.min_by_key(|(place, _)| *place),
            Reuse::Random => panic!("a random choice needs draws that the reference does not have"),
        };
        let starting = || candidates().find(|(_, i)| !i.was_ready);
        ready.or_else(starting).map(|(place, _)| place)
    }

    fn admit(&mut self, request: &Taped, now: u64) -> Result<(), ThrottleReason> {
        let function = self.function(request.function);
        if let Some(rate) = &mut self.rate
            && !rate.has_token(now)
        {
            return Err(ThrottleReason::FunctionInvocationRateLimitExceeded);
        }
        let chosen = self.choose(request.function, now);
        let is_provisioned = chosen.is_some_and(|place| self.instances[place].provisioned);
        if !is_provisioned {
            self.check_concurrency(request.function)?;
        }
        let (place, wait, extra) = if let Some(place) = chosen {
            let instance = &mut self.instances[place];
            let is_first = std::mem::take(&mut instance.fresh);
            let wait = (!instance.was_ready).then(|| instance.ready_at - now);
            // An instance that becomes ready at this very instant serves at once.
            let wait = wait.filter(|wait| *wait > 0);
            (place, wait, if is_first { request.first_extra } else { 0 })
        } else {
            let living = self.living(request.function, now);
            if function
                .maximum_instances
                .is_some_and(|most| living >= most)
            {
                return Err(ThrottleReason::MaximumInstancesReached);
            }
            if let Some(bucket) = &mut self.scale_up[request.function] {
                if !bucket.has_token(now) {
                    return Err(ThrottleReason::ScaleUpLimitExceeded);
                }
                bucket.take();
            }
            let place = self.start(request.function, now, now + request.init, false);
            // One request an instance: nobody can join it while it starts.
            self.instances[place].was_ready = function.concurrency == 1;
            (place, Some(request.init), request.first_extra)
        };
        if let Some(rate) = &mut self.rate {
            rate.take();
        }
        self.serve(request, now, place, wait, extra);
        Ok(())
    }

    fn check_concurrency(&self, function: usize) -> Result<(), ThrottleReason> {
        let provisioned = |f: &Function| u64::from(f.provisioned.instances);
        let functions = &self.scenario.functions;
        if let Some(reserved) = functions[function].reserved {
            let limit = reserved.saturating_sub(provisioned(&functions[function]));
            if self.on_demand(function) >= limit {
                return Err(ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded);
            }
        } else if let Some(account) = self.scenario.platform.account_concurrency {
            let claims = functions
                .iter()
                .map(|f| f.reserved.unwrap_or(provisioned(f)));
            let limit = account.saturating_sub(claims.sum());
            let sharers = (0..functions.len()).filter(|f| functions[*f].reserved.is_none());
            if sharers.map(|f| self.on_demand(f)).sum::<u64>() >= limit {
                return Err(ThrottleReason::ConcurrentInvocationLimitExceeded);
            }
        }
        Ok(())
    }

    fn serve(&mut self, request: &Taped, now: u64, place: usize, wait: Option<u64>, extra: u64) {
        let function = self.function(request.function);
        let timeout = function.timeout.map_or(u64::MAX, |timeout| timeout.0);
        let wanted = request.duration + extra;
        let served = wanted.min(timeout);
        let departs = now + wait.unwrap_or(0) + served;
        self.uses += 1;
        let instance = &mut self.instances[place];
        if instance.departures.is_empty() {
            instance.busy_since = now;
        }
        instance.departures.push(departs);
        instance.used = self.uses;
        if wanted > served && !instance.provisioned {
            instance.retires = instance.retires.min(departs - 1);
        }
        let spills = !instance.provisioned && function.provisioned.instances > 0;
        let outcome = if wait.is_some() {
            Outcome::Cold
        } else {
            Outcome::Warm
        };
        let living = self.living(request.function, now);
        let sums = &mut self.sums[request.function];
        sums.peak = sums.peak.max(living);
        sums.counts.requests += 1;
        sums.counts.invocations += 1;
        sums.counts.cold_starts += u64::from(wait.is_some());
        sums.counts.spillovers += u64::from(spills);
        sums.counts.timeouts += u64::from(wanted > served);
        self.fates.push((
            frostline_models::math::slot(request.function),
            request.number,
            outcome,
            spills,
            wanted > served,
            now - request.arrival,
            wait.unwrap_or(0),
            served,
        ));
    }

    fn refused(&mut self, request: &Taped, outcome: Outcome, queue: u64) {
        let sums = &mut self.sums[request.function];
        sums.counts.requests += 1;
        match outcome {
            Outcome::Dropped => sums.counts.dropped += 1,
            _ => sums.counts.throttles += 1,
        }
        self.fates.push((
            frostline_models::math::slot(request.function),
            request.number,
            outcome,
            false,
            false,
            queue,
            0,
            0,
        ));
    }

    fn arrive(&mut self, request: &Taped) {
        let now = request.arrival;
        self.give_up(request.function, now);
        let admitted = if self.queues[request.function].is_empty() {
            self.admit(request, now)
        } else {
            Err(ThrottleReason::ConcurrentInvocationLimitExceeded)
        };
        let Err(reason) = admitted else { return };
        let waiting = frostline_models::math::word(self.queues[request.function].len());
        if waiting < self.function(request.function).queue.length {
            self.queues[request.function].push(*request);
        } else {
            self.refused(request, Outcome::Throttled(reason), 0);
        }
    }

    fn give_up(&mut self, function: usize, now: u64) {
        let wait = self.function(function).queue.wait.0;
        while self.queues[function]
            .first()
            .is_some_and(|request| request.arrival + wait < now)
        {
            let request = self.queues[function].remove(0);
            self.refused(&request, Outcome::Dropped, wait);
        }
    }

    /// Who has waited longest comes first; a function whose head cannot run lets others pass.
    fn serve_queues(&mut self, now: u64) {
        for function in 0..self.queues.len() {
            self.give_up(function, now);
        }
        let mut stuck = vec![false; self.queues.len()];
        loop {
            let heads = self.queues.iter().enumerate().filter(|(f, _)| !stuck[*f]);
            let heads = heads.filter_map(|(f, queue)| Some((queue.first()?.arrival, f)));
            let Some((_, function)) = heads.min() else {
                break;
            };
            let request = self.queues[function][0];
            if self.admit(&request, now).is_ok() {
                self.queues[function].remove(0);
            } else {
                stuck[function] = true;
            }
        }
    }

    /// Adds up lives; everything has departed by now.
    fn sum_up(&mut self) {
        for instance in &self.instances {
            let died = instance.died.unwrap_or_else(|| self.expires(instance));
            let lived = died.min(self.end) - instance.born.min(self.end);
            self.sums[instance.function].alive_ns += u128::from(lived);
        }
        for (sums, busy_ns) in self.sums.iter_mut().zip(&self.busy_ns) {
            sums.busy_ns = *busy_ns;
        }
    }
}

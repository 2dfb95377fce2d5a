//! The timeline: what both kernels add up about a function minute by minute, where that is wanted.
//!
//! A minute is told when it is over, and only if something happened in it, so a function that is
//! seldom invoked costs little and nothing is held for the minutes to come.

use frostline_models::math::{round_to_u64, to_f64, wide_index, word};
use frostline_stats::histogram::{Distribution, Histogram};
use frostline_stats::timeline::{MINUTE_NS, Minute, Spread};

use crate::meter::Integrals;
use crate::stream::ORIGIN;

/// Values of a minute that are kept one by one, for exact quantiles; beyond, a histogram counts them.
const EXACT: usize = 1_024;

/// Thousandths: the quantiles of a minute.
const QUANTILES: [u64; 3] = [500, 900, 990];

/// The minute of a function that is going on.
pub(crate) struct Minutes {
    start: u64,
    /// Where the minute ends; `u64::MAX` once the run is over.
    end: u64,
    run_end: u64,
    /// Integrals when the minute began, and when the run ended.
    began: Integrals,
    ended: Option<Integrals>,
    /// Whether the minute must be told even if nothing is decided in it.
    is_active: bool,
    row: Minute,
    /// Requests that run now.
    on_demand: u64,
    provisioned: u64,
    /// Invocations whose latency is their duration, and the durations and latencies of the others.
    undelayed: Sample,
    delayed: [Sample; 2],
    sorted: Vec<u64>,
}

/// A served invocation, in nanoseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Served {
    pub(crate) duration: u64,
    pub(crate) latency: u64,
    /// What it waited for its instance to start, if it did.
    pub(crate) init: Option<u64>,
}

impl Minutes {
    /// The minutes of a run that ends at `run_end` and starts with `alive` instances, so many of them
    /// busy.
    pub(crate) fn new(run_end: u64, alive: u64, busy: u64) -> Self {
        let mut minutes = Self {
            start: ORIGIN,
            end: ORIGIN,
            run_end,
            began: Integrals::default(),
            ended: None,
            is_active: false,
            row: Minute::default(),
            on_demand: busy,
            provisioned: 0,
            undelayed: Sample::default(),
            delayed: [Sample::default(), Sample::default()],
            sorted: Vec::new(),
        };
        minutes.begin(ORIGIN, Integrals::default(), alive, 0);
        minutes
    }

    /// Forgets what was played before the run, but for who still runs, and begins the first minute.
    pub(crate) fn start_over(&mut self, now: Integrals, alive: u64, waiting: u64) {
        self.row = Minute::default();
        self.began = now;
        self.undelayed = Sample::default();
        self.delayed = [Sample::default(), Sample::default()];
        self.begin(ORIGIN, now, alive, waiting);
    }

    /// Where the minute ends.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// Whether this is the last minute of the run.
    pub(crate) fn is_last(&self) -> bool {
        self.end >= self.run_end
    }

    /// The start of the minute that holds `instant`, at the latest the run's last.
    pub(crate) fn start_of(&self, instant: u64) -> u64 {
        let since = instant.min(self.run_end - 1) - ORIGIN;
        ORIGIN + since - since % MINUTE_NS
    }

    /// Whether nothing runs.
    pub(crate) fn is_quiet(&self) -> bool {
        self.on_demand + self.provisioned == 0
    }

    /// Begins the minute at `start`, at which `alive` instances live and `waiting` requests wait.
    pub(crate) fn begin(&mut self, start: u64, now: Integrals, alive: u64, waiting: u64) {
        let idle_before_ns = self.row.idle_before_ns + (now.alive_ns - self.began.alive_ns);
        self.start = start;
        self.end = (start + MINUTE_NS).min(self.run_end);
        self.began = now;
        self.is_active = !self.is_quiet() || waiting > 0;
        self.row = Minute {
            number: (start - ORIGIN) / MINUTE_NS,
            span_ns: self.end - start,
            concurrent_max: self.on_demand + self.provisioned,
            on_demand_max: self.on_demand,
            provisioned_max: self.provisioned,
            queue_max: waiting,
            instances_max: alive,
            idle_before_ns,
            ..Minute::default()
        };
    }

    /// Notes the integrals at the end of the run. Who is served later counts in this minute.
    pub(crate) fn end_run(&mut self, now: Integrals) {
        debug_assert!(
            self.is_last(),
            "the last minute is the one at {}",
            self.start
        );
        self.ended = Some(now);
        self.end = u64::MAX;
    }

    /// Ends the minute, with the integrals at its end; the minute if there is something to tell. The
    /// next has to begin.
    pub(crate) fn close(&mut self, now: Integrals) -> Option<Minute> {
        let now = self.ended.unwrap_or(now);
        let kept = self.row.idle_before_ns + (now.alive_ns - self.began.alive_ns);
        let is_told = self.is_active || self.row.counts.requests > 0 || self.is_last() && kept > 0;
        if !is_told {
            return None;
        }
        let mut row = std::mem::take(&mut self.row);
        row.alive_ns = now.alive_ns - self.began.alive_ns;
        row.busy_ns = now.busy_ns - self.began.busy_ns;
        self.began = now;
        [row.duration, row.latency] =
            spreads(&mut self.undelayed, &mut self.delayed, &mut self.sorted);
        Some(row)
    }

    /// The counts of the minute.
    pub(crate) fn counts(&mut self) -> &mut crate::outcome::Counts {
        &mut self.row.counts
    }

    /// Takes an invocation into the distributions.
    #[inline]
    pub(crate) fn serve(&mut self, served: Served) {
        if let Some(init) = served.init {
            self.row.init_sum_ns += u128::from(init);
            self.row.init_max_ns = self.row.init_max_ns.max(init);
        }
        if served.latency == served.duration {
            self.undelayed.add(&[served.duration]);
        } else {
            self.delayed[0].add(&[served.duration]);
            self.delayed[1].add(&[served.latency]);
        }
    }

    /// Takes warm invocations that nothing delayed into the distributions.
    pub(crate) fn serve_undelayed(&mut self, durations: &[u64]) {
        self.undelayed.add(durations);
    }

    /// A request was given an instance.
    #[inline]
    pub(crate) fn admitted(&mut self, is_provisioned: bool) {
        if is_provisioned {
            self.provisioned += 1;
            self.row.provisioned_invocations += 1;
        } else {
            self.on_demand += 1;
        }
        if self.ended.is_none() {
            let row = &mut self.row;
            row.on_demand_max = row.on_demand_max.max(self.on_demand);
            row.provisioned_max = row.provisioned_max.max(self.provisioned);
            row.concurrent_max = row.concurrent_max.max(self.on_demand + self.provisioned);
        }
    }

    /// A request from before the run was given an instance.
    pub(crate) fn admitted_uncounted(&mut self, is_provisioned: bool) {
        let invocations = self.row.provisioned_invocations;
        self.admitted(is_provisioned);
        self.row.provisioned_invocations = invocations;
    }

    /// So many requests run on demand now, and at the most since the last call.
    pub(crate) fn running(&mut self, now: u64, at_most: u64) {
        self.on_demand = now;
        self.row.on_demand_max = self.row.on_demand_max.max(at_most);
        self.row.concurrent_max = self.row.concurrent_max.max(at_most);
    }

    /// A request left its instance.
    #[inline]
    pub(crate) fn departed(&mut self, is_provisioned: bool) {
        if is_provisioned {
            self.provisioned -= 1;
        } else {
            self.on_demand -= 1;
        }
    }

    /// An instance was started and makes so many.
    pub(crate) fn started(&mut self, alive: u64) {
        if self.ended.is_none() {
            self.row.instances_max = self.row.instances_max.max(alive);
        }
    }

    /// A request was put into the queue and makes so many.
    pub(crate) fn queued(&mut self, waiting: usize) {
        self.is_active = true;
        self.row.queue_max = self.row.queue_max.max(word(waiting));
    }
}

/// Values of a minute.
#[derive(Default)]
struct Sample {
    /// The values, as long as they are few.
    exact: Vec<u64>,
    /// All of them, when they are many.
    coarse: Option<Box<Histogram>>,
    count: u64,
    sum: u128,
    min: u64,
    max: u64,
}

impl Sample {
    #[inline]
    fn add(&mut self, values: &[u64]) {
        if self.count == 0 {
            self.min = u64::MAX;
        }
        for &value in values {
            self.sum += u128::from(value);
            self.min = self.min.min(value);
            self.max = self.max.max(value);
        }
        self.count += word(values.len());
        if self.count <= word(EXACT) {
            self.exact.extend_from_slice(values);
            return;
        }
        let coarse = self.coarse.get_or_insert_default();
        for value in self.exact.drain(..).chain(values.iter().copied()) {
            coarse.record(value);
        }
    }

    fn is_exact(&self) -> bool {
        self.count <= word(EXACT)
    }

    fn clear(&mut self) {
        self.exact.clear();
        (self.count, self.sum, self.min, self.max) = (0, 0, 0, 0);
    }

    /// The values in cells.
    fn binned(&mut self) -> Distribution {
        if self.count == 0 {
            return Distribution::default();
        }
        let coarse = self.coarse.get_or_insert_default();
        for value in self.exact.drain(..) {
            coarse.record(value);
        }
        coarse.drain()
    }
}

/// How the durations and the latencies of a minute are spread; the samples are empty afterwards.
fn spreads(
    undelayed: &mut Sample,
    delayed: &mut [Sample; 2],
    sorted: &mut Vec<u64>,
) -> [Spread; 2] {
    let is_exact = undelayed.is_exact() && delayed[0].is_exact();
    let quantiles = if is_exact {
        let mut warm = None;
        delayed.each_ref().map(|late| {
            // Where nothing was delayed, latencies are durations.
            if let Some(quantiles) = warm.filter(|_| late.count == 0) {
                return quantiles;
            }
            sorted.clear();
            sorted.extend_from_slice(&undelayed.exact);
            sorted.extend_from_slice(&late.exact);
            sorted.sort_unstable();
            *warm.insert(QUANTILES.map(|thousandths| quantile(sorted, thousandths)))
        })
    } else {
        let warm = undelayed.binned();
        delayed.each_mut().map(|late| {
            let mut all = late.binned();
            all.merge(&warm);
            QUANTILES.map(|thousandths| {
                let found = all.quantile_ns(to_f64(thousandths) / 1e3);
                round_to_u64(found.unwrap_or_default())
            })
        })
    };
    let spreads = delayed
        .each_ref()
        .map(|late| match (undelayed.count, late.count) {
            (0, 0) => (0, 0, 0),
            (_, 0) => (undelayed.sum, undelayed.min, undelayed.max),
            (0, _) => (late.sum, late.min, late.max),
            _ => (
                undelayed.sum + late.sum,
                undelayed.min.min(late.min),
                undelayed.max.max(late.max),
            ),
        });
    for sample in delayed.iter_mut().chain([undelayed]) {
        sample.clear();
    }
    let [durations, latencies] = quantiles;
    [(spreads[0], durations), (spreads[1], latencies)].map(|((sum_ns, min_ns, max_ns), found)| {
        // A cell of the histogram may reach beyond the values in it.
        let [p50_ns, p90_ns, p99_ns] = found.map(|value| value.clamp(min_ns, max_ns));
        Spread {
            sum_ns,
            min_ns,
            max_ns,
            p50_ns,
            p90_ns,
            p99_ns,
        }
    })
}

/// A quantile of sorted values by definition R-7, in integers, rounded down; nil without values.
fn quantile(sorted: &[u64], thousandths: u64) -> u64 {
    let Some(last) = word(sorted.len()).checked_sub(1) else {
        return 0;
    };
    let rank = last * thousandths;
    let low = sorted[wide_index(rank / 1_000)];
    let high = sorted[wide_index(rank.div_ceil(1_000))];
    let part = u128::from(high - low) * u128::from(rank % 1_000) / 1_000;
    low + u64::try_from(part).expect("because a part is at most the whole")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(values: &[u64]) -> Sample {
        let mut sample = Sample::default();
        // In pieces, as a kernel hands them over.
        for piece in values.chunks(300) {
            sample.add(piece);
        }
        sample
    }

    #[test]
    fn few_values_have_exact_quantiles() {
        let mut warm = sample(&[40, 10, 30]);
        let mut cold = [sample(&[20]), sample(&[520])];
        let [durations, latencies] = spreads(&mut warm, &mut cold, &mut Vec::new());
        let expected = Spread {
            sum_ns: 100,
            min_ns: 10,
            max_ns: 40,
            p50_ns: 25,
            p90_ns: 37,
            p99_ns: 39,
        };
        assert_eq!(durations, expected);
        assert_eq!((latencies.p50_ns, latencies.max_ns), (35, 520));
        assert_eq!(
            warm.count + cold[0].count,
            0,
            "nothing is left for the next minute"
        );
        let [none, _] = spreads(&mut warm, &mut cold, &mut Vec::new());
        assert_eq!(none, Spread::default());
    }

    #[test]
    fn many_values_have_quantiles_within_half_a_percent() {
        let values: Vec<u64> = (1..=10_000).map(|value| value * 1_000).collect();
        let mut cold = [Sample::default(), Sample::default()];
        let [durations, latencies] = spreads(&mut sample(&values), &mut cold, &mut Vec::new());
        assert_eq!(durations, latencies);
        assert_eq!(durations.sum_ns, 50_005_000_000);
        for (found, exact) in [(durations.p50_ns, 5e6), (durations.p99_ns, 9.9e6)] {
            assert!(
                (to_f64(found) / exact - 1.0).abs() < 0.005,
                "{found} for {exact}"
            );
        }
    }
}

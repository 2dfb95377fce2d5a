//! Arrival processes, drawn exactly.

mod counts;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use frostline_models::arrival::{Arrivals, Bursts, Interpolation, Mmpp, Piecewise, Sinusoidal};
use frostline_models::law::Sampler;
use frostline_models::math::{StandardExponential, round_to_u64, to_f64, unit};
use frostline_models::units::{Rate, SimTime};
use rand::Rng;
use rand::rngs::Xoshiro256PlusPlus;

use self::counts::CountProcess;
use super::ORIGIN;

/// A source of instants of arrival.
pub(super) trait ArrivalProcess: Send {
    /// Fills the block with the next instants, ascending; fewer than asked for means that the
    /// process has ended. Infinite processes go on beyond the end of the run.
    fn fill(&mut self, rng: &mut Xoshiro256PlusPlus, block: &mut [u64]) -> usize;
}

/// The process that `arrivals` describes.
pub(super) fn of(arrivals: &Arrivals) -> Box<dyn ArrivalProcess> {
    match arrivals {
        Arrivals::Poisson(rate) => Box::new(Poisson::new(*rate)),
        Arrivals::Renewal(law) => Box::new(Renewal {
            clock: ORIGIN,
            gaps: law.sampler(),
        }),
        Arrivals::Piecewise(rates) => Box::new(Rescaled::new(PiecewiseSegments::new(rates))),
        Arrivals::Sinusoidal(rate) => Box::new(Thinned::new(*rate)),
        Arrivals::Mmpp(process) => Box::new(Rescaled::new(MmppSegments::new(process))),
        Arrivals::Bursts(bursts) => Box::new(BurstProcess::new(*bursts)),
        Arrivals::Recorded(recorded) => Box::new(RecordedTimes {
            times: Arc::clone(recorded.times()),
            next: 0,
        }),
        Arrivals::Counts(counts) => Box::new(CountProcess::new(counts.clone())),
    }
}

/// Mean gap of a rate in nanoseconds, infinite when nothing comes.
fn mean_gap_ns(rate: Rate) -> f64 {
    1e9 / rate.as_per_second()
}

struct Poisson {
    clock: u64,
    mean_ns: f64,
    exponential: StandardExponential,
}

impl Poisson {
    fn new(rate: Rate) -> Self {
        Self {
            clock: ORIGIN,
            mean_ns: mean_gap_ns(rate),
            exponential: StandardExponential::default(),
        }
    }
}

impl ArrivalProcess for Poisson {
    fn fill(&mut self, rng: &mut Xoshiro256PlusPlus, block: &mut [u64]) -> usize {
        if !self.mean_ns.is_finite() {
            return 0;
        }
        let mut clock = self.clock;
        for instant in block.iter_mut() {
            clock = clock.saturating_add(round_to_u64(self.exponential.draw(rng) * self.mean_ns));
            *instant = clock;
        }
        self.clock = clock;
        block.len()
    }
}

struct Renewal {
    clock: u64,
    gaps: Sampler,
}

impl ArrivalProcess for Renewal {
    fn fill(&mut self, rng: &mut Xoshiro256PlusPlus, block: &mut [u64]) -> usize {
        self.gaps.fill(rng, block);
        for instant in block.iter_mut() {
            // A gap of zero would make a process that never ends.
            self.clock = self.clock.saturating_add((*instant).max(1));
            *instant = self.clock;
        }
        block.len()
    }
}

/// A stretch of time over which the rate is a straight line.
#[derive(Clone, Copy)]
struct Segment {
    /// Length in nanoseconds.
    length_ns: f64,
    /// Requests per nanosecond at the start.
    from: f64,
    /// Requests per nanosecond at the end.
    to: f64,
}

/// Endless segments of a rate.
trait Segments: Send {
    fn next(&mut self, rng: &mut Xoshiro256PlusPlus) -> Segment;
    /// Whether any segment has a positive rate.
    fn is_alive(&self) -> bool;
}

/// A Poisson process with a piecewise linear rate by rescaled time: unit exponentials are spent on
/// the area under the rate (Çinlar, "Introduction to Stochastic Processes", 1975, ch. 4.7).
struct Rescaled<S> {
    segments: S,
    exponential: StandardExponential,
    segment: Option<Segment>,
    /// Start of the segment.
    start: u64,
    /// Nanoseconds into the segment.
    offset_ns: f64,
}

impl<S: Segments> Rescaled<S> {
    fn new(segments: S) -> Self {
        Self {
            segments,
            exponential: StandardExponential::default(),
            segment: None,
            start: ORIGIN,
            offset_ns: 0.0,
        }
    }

    fn next_instant(&mut self, rng: &mut Xoshiro256PlusPlus) -> u64 {
        let mut area = self.exponential.draw(rng);
        loop {
            let segment = match self.segment {
                Some(segment) => segment,
                None => *self.segment.insert(self.segments.next(rng)),
            };
            let slope = (segment.to - segment.from) / segment.length_ns;
            let rate = segment.from + slope * self.offset_ns;
            let left = f64::midpoint(rate, segment.to) * (segment.length_ns - self.offset_ns);
            if area < left {
                // The root of rate·d + slope·d²/2 = area that stays exact when the slope is nil;
                // IEEE 754 rounds square roots the same way everywhere.
                let root = (rate * rate + 2.0 * slope * area).max(0.0).sqrt();
                self.offset_ns += 2.0 * area / (rate + root);
                return self.start.saturating_add(round_to_u64(self.offset_ns));
            }
            area -= left;
            self.start = self.start.saturating_add(round_to_u64(segment.length_ns));
            self.offset_ns = 0.0;
            self.segment = None;
            if self.start >= 2 * ORIGIN {
                return u64::MAX;
            }
        }
    }
}

impl<S: Segments> ArrivalProcess for Rescaled<S> {
    fn fill(&mut self, rng: &mut Xoshiro256PlusPlus, block: &mut [u64]) -> usize {
        if !self.segments.is_alive() {
            return 0;
        }
        let mut latest = 0;
        for (filled, instant) in block.iter_mut().enumerate() {
            // Rounding at the end of a segment may not reverse two arrivals.
            latest = self.next_instant(rng).max(latest);
            if latest == u64::MAX {
                return filled;
            }
            *instant = latest;
        }
        block.len()
    }
}

struct PiecewiseSegments {
    segments: Vec<Segment>,
    next: usize,
}

impl PiecewiseSegments {
    fn new(rates: &Piecewise) -> Self {
        let per_ns = |rate: Rate| rate.as_per_second() / 1e9;
        let segments = rates
            .points
            .iter()
            .enumerate()
            .map(|(place, (from, rate))| {
                let (to, next) = match rates.points.get(place + 1) {
                    Some((to, next)) => (*to, *next),
                    None => (rates.period, rates.points[0].1),
                };
                let end = match rates.interpolation {
                    Interpolation::Step => *rate,
                    Interpolation::Linear => next,
                };
                Segment {
                    length_ns: to_f64(to.0 - from.0),
                    from: per_ns(*rate),
                    to: per_ns(end),
                }
            });
        Self {
            segments: segments.collect(),
            next: 0,
        }
    }
}

impl Segments for PiecewiseSegments {
    fn next(&mut self, _: &mut Xoshiro256PlusPlus) -> Segment {
        let segment = self.segments[self.next];
        self.next = (self.next + 1) % self.segments.len();
        segment
    }

    fn is_alive(&self) -> bool {
        self.segments
            .iter()
            .any(|segment| segment.from + segment.to > 0.0)
    }
}

struct MmppSegments {
    /// (requests per nanosecond, mean stay in nanoseconds).
    states: Vec<(f64, f64)>,
    next: usize,
    exponential: StandardExponential,
}

impl MmppSegments {
    fn new(process: &Mmpp) -> Self {
        let states = process.states.iter();
        Self {
            states: states
                .map(|(rate, stay)| (rate.as_per_second() / 1e9, to_f64(stay.0)))
                .collect(),
            next: 0,
            exponential: StandardExponential::default(),
        }
    }
}

impl Segments for MmppSegments {
    fn next(&mut self, rng: &mut Xoshiro256PlusPlus) -> Segment {
        let (rate, stay) = self.states[self.next];
        self.next = (self.next + 1) % self.states.len();
        // At least a nanosecond, so that time goes on.
        let length_ns = (self.exponential.draw(rng) * stay).max(1.0);
        Segment {
            length_ns,
            from: rate,
            to: rate,
        }
    }

    fn is_alive(&self) -> bool {
        self.states.iter().any(|state| state.0 > 0.0)
    }
}

/// A Poisson process with a sinusoidal rate by thinning (Lewis & Shedler, "Simulation of
/// nonhomogeneous Poisson processes by thinning", Naval Research Logistics 26, 1979,
/// <https://doi.org/10.1002/nav.3800260304>).
struct Thinned {
    clock: u64,
    rate: Sinusoidal,
    fastest_gap_ns: f64,
    exponential: StandardExponential,
}

impl Thinned {
    fn new(rate: Sinusoidal) -> Self {
        Self {
            clock: ORIGIN,
            rate,
            fastest_gap_ns: mean_gap_ns(rate.mean) / (1.0 + rate.amplitude),
            exponential: StandardExponential::default(),
        }
    }
}

impl ArrivalProcess for Thinned {
    fn fill(&mut self, rng: &mut Xoshiro256PlusPlus, block: &mut [u64]) -> usize {
        if !self.fastest_gap_ns.is_finite() {
            return 0;
        }
        let turn = std::f64::consts::TAU / to_f64(self.rate.period.0);
        let peak = to_f64(self.rate.peak.0);
        for instant in block.iter_mut() {
            loop {
                let gap = round_to_u64(self.exponential.draw(rng) * self.fastest_gap_ns);
                self.clock = self.clock.saturating_add(gap);
                let phase = (to_f64(self.clock - ORIGIN) - peak) * turn;
                let relative = 1.0 + self.rate.amplitude * libm::cos(phase);
                if unit(rng.next_u64()) * (1.0 + self.rate.amplitude) < relative {
                    break;
                }
            }
            *instant = self.clock;
        }
        block.len()
    }
}

struct BurstProcess {
    bursts: Bursts,
    exponential: StandardExponential,
    /// Requests of bursts that have begun.
    pending: BinaryHeap<Reverse<u64>>,
    next_burst: Option<u64>,
    next_single: Option<u64>,
}

impl BurstProcess {
    fn new(bursts: Bursts) -> Self {
        Self {
            bursts,
            exponential: StandardExponential::default(),
            pending: BinaryHeap::new(),
            next_burst: None,
            next_single: None,
        }
    }

    fn after(&self, rng: &mut Xoshiro256PlusPlus, instant: u64, rate: Rate) -> u64 {
        let gap_ns = mean_gap_ns(rate);
        if !gap_ns.is_finite() {
            return u64::MAX;
        }
        instant.saturating_add(round_to_u64(self.exponential.draw(rng) * gap_ns))
    }

    fn next_instant(&mut self, rng: &mut Xoshiro256PlusPlus) -> u64 {
        let first_burst = self.next_burst;
        let mut burst = first_burst.unwrap_or_else(|| self.after(rng, ORIGIN, self.bursts.rate));
        let first_single = self.next_single;
        let single =
            first_single.unwrap_or_else(|| self.after(rng, ORIGIN, self.bursts.background));
        let mut next = self
            .pending
            .peek()
            .map_or(single, |request| request.0.min(single));
        while burst <= next && burst < 2 * ORIGIN {
            for _ in 0..self.bursts.size {
                let offset = unit(rng.next_u64()) * to_f64(self.bursts.within.0);
                self.pending
                    .push(Reverse(burst.saturating_add(round_to_u64(offset))));
            }
            burst = self.after(rng, burst, self.bursts.rate);
            next = self
                .pending
                .peek()
                .map_or(single, |request| request.0.min(single));
        }
        self.next_burst = Some(burst);
        if next == single {
            self.next_single = Some(self.after(rng, single, self.bursts.background));
        } else {
            self.pending.pop();
            self.next_single = Some(single);
        }
        next
    }
}

impl ArrivalProcess for BurstProcess {
    fn fill(&mut self, rng: &mut Xoshiro256PlusPlus, block: &mut [u64]) -> usize {
        for (filled, instant) in block.iter_mut().enumerate() {
            *instant = self.next_instant(rng);
            if *instant >= 2 * ORIGIN {
                return filled;
            }
        }
        block.len()
    }
}

struct RecordedTimes {
    times: Arc<[SimTime]>,
    next: usize,
}

impl ArrivalProcess for RecordedTimes {
    fn fill(&mut self, _: &mut Xoshiro256PlusPlus, block: &mut [u64]) -> usize {
        let times = &self.times[self.next..];
        for (instant, time) in block.iter_mut().zip(times) {
            *instant = ORIGIN + time.0;
        }
        let filled = times.len().min(block.len());
        self.next += filled;
        filled
    }
}

//! One pass over the requests of every function.

use frostline_models::arrival::Arrivals;
use frostline_models::math::{to_f64, wide_index};
use frostline_models::trace::Trace;
use frostline_models::units::{NANOS_PER_SECOND, SimDuration};
use frostline_stats::histogram::Histogram;

use super::{HOURS, MOST_MINUTES};

const MINUTE_NS: u64 = 60 * NANOS_PER_SECOND;
const HOUR_NS: u64 = 60 * MINUTE_NS;

/// Functions with fewer requests say nothing about the variation of gaps.
const FEWEST_FOR_VARIATION: u64 = 3;

/// Functions with fewer requests say nothing about the dispersion of counts.
const FEWEST_FOR_DISPERSION: u64 = 10;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Measured {
    /// Requests of each function.
    pub(super) counts: Vec<u64>,
    /// Requests of all functions in each minute; empty where it is not known.
    pub(super) minutes: Vec<u64>,
    /// Requests of all functions by hour of the day.
    pub(super) hours: Vec<u64>,
    /// Times between consecutive requests of a function.
    pub(super) gaps: Histogram,
    pub(super) longest_gap: Option<SimDuration>,
    /// Coefficients of variation of the gaps.
    pub(super) variation: Vec<f64>,
    pub(super) dispersion_minute: Vec<f64>,
    pub(super) dispersion_hour: Vec<f64>,
    /// For each keep-alive.
    pub(super) cold: Vec<Bounds>,
    /// The longest interval in which requests are counted.
    pub(super) resolution: SimDuration,
}

/// Cold starts between which the truth lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Bounds {
    pub(super) at_least: u64,
    pub(super) at_most: u64,
}

/// Requests that fall somewhere in an interval, or one at an instant.
#[derive(Debug, Clone, Copy)]
struct Cell {
    start: u64,
    /// Zero for an instant.
    width: u64,
    count: u64,
    /// When the last of them has left, where it is known.
    busy_until: u64,
}

/// Sums over the gaps of a function.
#[derive(Debug, Default)]
struct GapSums {
    n: u64,
    sum: f64,
    squares: f64,
}

/// Counts in consecutive windows of a function.
#[derive(Debug)]
struct Windows {
    length: u64,
    /// How many there are in the span.
    number: f64,
    current: u64,
    count: u64,
    squares: f64,
    total: u64,
}

impl Measured {
    pub(super) fn of(trace: &Trace, keep_alives: &[SimDuration]) -> Self {
        let minutes = trace.duration.0.div_ceil(MINUTE_NS);
        let mut measured = Self {
            minutes: vec![0; wide_index(if minutes > MOST_MINUTES { 0 } else { minutes })],
            hours: vec![0; HOURS],
            cold: vec![Bounds::default(); keep_alives.len()],
            ..Self::default()
        };
        for function in &trace.functions {
            measured.function(&function.arrivals, trace.duration, keep_alives);
        }
        if measured.resolution.0 > MINUTE_NS {
            measured.minutes.clear();
        }
        measured
    }

    fn function(&mut self, arrivals: &Arrivals, span: SimDuration, keep_alives: &[SimDuration]) {
        let mut pass = Pass::new(span);
        match arrivals {
            Arrivals::Counts(counts) => {
                let width = counts.interval.0;
                self.resolution = self.resolution.max(counts.interval);
                for (interval, count) in counts.cells() {
                    let start = u64::from(interval) * width;
                    let cell = Cell {
                        start,
                        width,
                        count: u64::from(count),
                        busy_until: start,
                    };
                    pass.cell(cell, self, keep_alives);
                }
            }
            Arrivals::Recorded(requests) => {
                let durations = requests.durations();
                for (index, time) in requests.times().iter().enumerate() {
                    let duration = durations.map_or(0, |spans| spans[index].0);
                    let cell = Cell {
                        start: time.0,
                        width: 0,
                        count: 1,
                        busy_until: time.0.saturating_add(duration),
                    };
                    pass.cell(cell, self, keep_alives);
                }
            }
            _ => {}
        }
        pass.finish(self);
    }
}

/// The pass over one function.
struct Pass {
    total: u64,
    last: Option<Cell>,
    gaps: GapSums,
    minute: Windows,
    hour: Windows,
    widest: u64,
}

impl Pass {
    fn new(span: SimDuration) -> Self {
        Self {
            total: 0,
            last: None,
            gaps: GapSums::default(),
            minute: Windows::new(MINUTE_NS, span),
            hour: Windows::new(HOUR_NS, span),
            widest: 0,
        }
    }

    fn cell(&mut self, cell: Cell, all: &mut Measured, keep_alives: &[SimDuration]) {
        self.total += cell.count;
        self.widest = self.widest.max(cell.width);
        self.minute.add(cell.start, cell.count);
        self.hour.add(cell.start, cell.count);
        if let Some(minute) = all.minutes.get_mut(wide_index(cell.start / MINUTE_NS)) {
            *minute += cell.count;
        }
        all.hours[wide_index(cell.start / HOUR_NS) % HOURS] += cell.count;

        let within = cell.width / cell.count.max(1);
        self.gap(within, cell.count - 1, all);
        if let Some(last) = self.last {
            let from = last.start + last.width - last.width / last.count / 2;
            self.gap((cell.start + within / 2).saturating_sub(from), 1, all);
        }
        for (keep_alive, bounds) in keep_alives.iter().zip(&mut all.cold) {
            bounds.add(self.last, cell, keep_alive.0);
        }
        let busy_until = self.last.map_or(0, |last| last.busy_until);
        self.last = Some(Cell {
            busy_until: cell.busy_until.max(busy_until),
            ..cell
        });
    }

    fn gap(&mut self, nanos: u64, times: u64, all: &mut Measured) {
        if times == 0 {
            return;
        }
        all.gaps.record_many(nanos, times);
        let longest = all.longest_gap.get_or_insert(SimDuration::ZERO);
        *longest = (*longest).max(SimDuration(nanos));
        let (nanos, n) = (to_f64(nanos), to_f64(times));
        self.gaps.n += times;
        self.gaps.sum += n * nanos;
        self.gaps.squares += n * nanos * nanos;
    }

    fn finish(mut self, all: &mut Measured) {
        all.counts.push(self.total);
        if self.total >= FEWEST_FOR_VARIATION {
            all.variation.push(self.gaps.variation());
        }
        if self.total >= FEWEST_FOR_DISPERSION {
            if self.widest <= MINUTE_NS {
                all.dispersion_minute.extend(self.minute.dispersion());
            }
            if self.widest <= HOUR_NS {
                all.dispersion_hour.extend(self.hour.dispersion());
            }
        }
    }
}

impl Bounds {
    /// A cell after another one, or the first.
    fn add(&mut self, last: Option<Cell>, cell: Cell, keep_alive: u64) {
        // Inside an interval longer than the keep-alive the requests may be that far apart.
        let apart = cell.width.checked_div(keep_alive).unwrap_or(cell.count);
        self.at_most += apart.min(cell.count - 1);
        let Some(last) = last else {
            // Who knows whether an instance was there when the recording began.
            self.at_least += u64::from(cell.start > keep_alive);
            self.at_most += 1;
            return;
        };
        let idle_from = last.busy_until.max(last.start);
        if cell.width == 0 {
            let is_cold = cell.start.saturating_sub(idle_from) > keep_alive;
            self.at_least += u64::from(is_cold);
            self.at_most += u64::from(is_cold);
            return;
        }
        let shortest = cell.start.saturating_sub(last.start + last.width);
        let longest = cell.start + cell.width - last.start;
        self.at_least += u64::from(shortest >= keep_alive);
        self.at_most += u64::from(longest > keep_alive);
    }
}

impl GapSums {
    fn variation(&self) -> f64 {
        let n = to_f64(self.n).max(1.0);
        let mean = self.sum / n;
        if mean <= 0.0 {
            return 0.0;
        }
        let ratio = self.squares / n / (mean * mean) - 1.0;
        // What rounding leaves of equal gaps is no variation.
        if ratio < 1e-12 { 0.0 } else { ratio.sqrt() }
    }
}

impl Windows {
    fn new(length: u64, span: SimDuration) -> Self {
        Self {
            length,
            number: to_f64(span.0.div_ceil(length)),
            current: 0,
            count: 0,
            squares: 0.0,
            total: 0,
        }
    }

    fn add(&mut self, at: u64, count: u64) {
        let window = at / self.length;
        if window != self.current {
            self.close();
            self.current = window;
        }
        self.count += count;
    }

    fn close(&mut self) {
        self.total += self.count;
        self.squares += to_f64(self.count) * to_f64(self.count);
        self.count = 0;
    }

    /// Variance over mean; `None` for a single window.
    fn dispersion(&mut self) -> Option<f64> {
        self.close();
        let mean = to_f64(self.total) / self.number;
        let variance = (self.squares / self.number - mean * mean).max(0.0);
        (self.number > 1.0 && mean > 0.0).then(|| variance / mean)
    }
}

#[cfg(test)]
mod tests {
    use frostline_models::arrival::{Counts, Placement};

    use super::*;

    #[test]
    fn bounds_hold_for_every_place_inside_the_minutes() {
        let minute = SimDuration::from_secs(60);
        let cells = [(0, 1), (6, 2), (12, 1), (60, 3)];
        let counts = Counts::new(minute, Placement::Uniform, cells);
        let mut measured = Measured {
            hours: vec![0; HOURS],
            cold: vec![Bounds::default()],
            ..Measured::default()
        };
        let span = SimDuration::from_secs(7200);
        let five = [SimDuration::from_secs(300)];
        measured.function(&Arrivals::Counts(counts), span, &five);
        // Minutes 0 to 6 and 6 to 12 are 5 to 7 apart, 12 to 60 surely more; the first is unknown.
        assert_eq!(
            measured.cold,
            [Bounds {
                at_least: 3,
                at_most: 4
            }]
        );
        assert_eq!(measured.counts, [7]);
        assert_eq!(measured.hours[..2], [4, 3]);
        assert_eq!(
            measured.longest_gap,
            Some(SimDuration::from_secs(60 * 48 - 20))
        );
        assert_eq!(measured.variation.len(), 1);
        assert!(measured.variation[0] > 1.0);
    }
}

//! Departures: those due in a window are sorted and merged with its arrivals, the others wait.

use frostline_models::math::{index, slot, wide_index, word};

/// Sets smaller than this are left to the library's sort.
const SMALL: usize = 48;

/// A bucket with more than this is too full for the insertion pass: arrivals were very uneven.
const FULLEST: u32 = 64;

/// Departures that were not replayed yet, and the space in which a window is put together.
pub(super) struct Departures {
    pending: Vec<u64>,
    still_pending: Vec<u64>,
    due: Vec<u64>,
    sorted: Vec<u64>,
    buckets: Vec<u32>,
    events: Vec<u64>,
    /// Everything up to this instant was merged already.
    merged_until: u64,
}

impl Departures {
    /// Nothing yet, everything up to `start` merged.
    pub(super) fn new(start: u64) -> Self {
        Self {
            pending: Vec::new(),
            still_pending: Vec::new(),
            due: Vec::new(),
            sorted: Vec::new(),
            buckets: Vec::new(),
            events: Vec::new(),
            merged_until: start,
        }
    }

    /// The departures beyond the last window.
    pub(super) fn pending(&self) -> &[u64] {
        &self.pending
    }

    /// The window's events up to and including `until`, as instant × 2 + (1 for an arrival): in order
    /// of time, departures before arrivals.
    pub(super) fn merge(&mut self, arrivals: &[u64], durations: &[u64], until: u64) -> &[u64] {
        self.partition(arrivals, durations, until);
        self.sort_due(until);
        self.merged_until = until;
        merge(arrivals, &self.due, &mut self.events);
        &self.events
    }

    /// Splits old and new departures into those due by `until` and those that stay pending, without
    /// a branch on the data.
    fn partition(&mut self, arrivals: &[u64], durations: &[u64], until: u64) {
        let most = self.pending.len() + arrivals.len();
        self.due.resize(most, 0);
        self.still_pending.resize(most, 0);
        let (mut due, mut kept) = (0, 0);
        let mut put = |departure: u64| {
            self.due[due] = departure;
            self.still_pending[kept] = departure;
            let is_due = usize::from(departure <= until);
            due += is_due;
            kept += 1 - is_due;
        };
        for &departure in &self.pending {
            put(departure);
        }
        for (arrival, duration) in arrivals.iter().zip(durations) {
            put(arrival + duration);
        }
        self.due.truncate(due);
        self.still_pending.truncate(kept);
        std::mem::swap(&mut self.pending, &mut self.still_pending);
    }

    /// Sorts the due departures by buckets of time with an insertion pass.
    fn sort_due(&mut self, until: u64) {
        let count = self.due.len();
        if count < SMALL {
            self.due.sort_unstable();
            return;
        }
        let start = self.merged_until;
        let span = until - start;
        let wanted_bits = (2 * count).next_power_of_two().ilog2();
        let shift = (u64::BITS - span.leading_zeros()).saturating_sub(wanted_bits);
        let bucket_of = |departure: u64| wide_index(departure.saturating_sub(start) >> shift);
        self.buckets.clear();
        self.buckets.resize(bucket_of(until) + 1, 0);
        for &departure in &self.due {
            self.buckets[bucket_of(departure)] += 1;
        }
        let (mut before, mut fullest) = (0, 0);
        for bucket in &mut self.buckets {
            let size = *bucket;
            fullest = fullest.max(size);
            *bucket = before;
            before += size;
        }
        if fullest > FULLEST {
            self.due.sort_unstable();
            return;
        }
        debug_assert_eq!(before, slot(count));
        self.sorted.resize(count, 0);
        for &departure in &self.due {
            let place = &mut self.buckets[bucket_of(departure)];
            self.sorted[index(*place)] = departure;
            *place += 1;
        }
        insertion_pass(&mut self.sorted);
        std::mem::swap(&mut self.due, &mut self.sorted);
    }
}

/// Finishes an almost sorted array.
fn insertion_pass(values: &mut [u64]) {
    for place in 1..values.len() {
        let value = values[place];
        let mut hole = place;
        while hole > 0 && values[hole - 1] > value {
            values[hole] = values[hole - 1];
            hole -= 1;
        }
        values[hole] = value;
    }
}

/// Merges from both ends at once: two independent chains of comparisons keep the processor busy.
fn merge(arrivals: &[u64], departures: &[u64], events: &mut Vec<u64>) {
    events.resize(arrivals.len() + departures.len(), 0);
    let (mut front_a, mut front_d, mut front) = (0, 0, 0);
    let (mut back_a, mut back_d, mut back) = (arrivals.len(), departures.len(), events.len());
    while front_a + 1 < back_a && front_d + 1 < back_d {
        let (arrival, departure) = (arrivals[front_a], departures[front_d]);
        let from_d = departure <= arrival;
        events[front] = if from_d {
            departure << 1
        } else {
            arrival << 1 | 1
        };
        front_d += usize::from(from_d);
        front_a += usize::from(!from_d);
        front += 1;

        let (arrival, departure) = (arrivals[back_a - 1], departures[back_d - 1]);
        let from_a = arrival >= departure;
        back -= 1;
        events[back] = if from_a {
            arrival << 1 | 1
        } else {
            departure << 1
        };
        back_a -= usize::from(from_a);
        back_d -= usize::from(!from_a);
    }
    let (arrivals, departures) = (&arrivals[front_a..back_a], &departures[front_d..back_d]);
    merge_rest(arrivals, departures, &mut events[front..back]);
}

/// Merges what one side leaves over.
fn merge_rest(arrivals: &[u64], departures: &[u64], events: &mut [u64]) {
    debug_assert_eq!(word(events.len()), word(arrivals.len() + departures.len()));
    let (mut a, mut d) = (0, 0);
    for event in events {
        let from_d = d < departures.len() && (a == arrivals.len() || departures[d] <= arrivals[a]);
        if from_d {
            *event = departures[d] << 1;
            d += 1;
        } else {
            *event = arrivals[a] << 1 | 1;
            a += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A small generator, so that the test needs no stream.
    fn words(seed: u64) -> impl FnMut() -> u64 {
        let mut state = seed;
        move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            state >> 33
        }
    }

    #[test]
    fn windows_come_out_in_order_whatever_the_spacing() {
        for (count, spread) in [(3, 10), (500, 4), (2_000, 1_000_000), (2_000, 1)] {
            let mut word = words(count);
            let mut clock = 1 << 61;
            let arrivals: Vec<u64> = (0..count)
                .map(|_| {
                    clock += word() % spread;
                    clock
                })
                .collect();
            let durations: Vec<u64> = (0..count).map(|_| 1 + word() % (spread * 50)).collect();
            let mut departures = Departures::new(1 << 61);
            let half = arrivals.len() / 2;
            let mut seen: Vec<u64> = Vec::new();
            for range in [0..half, half..arrivals.len()] {
                let until = arrivals[range.end - 1];
                seen.extend(departures.merge(&arrivals[range.clone()], &durations[range], until));
            }
            let last = *arrivals.last().unwrap();
            let mut expected: Vec<u64> = arrivals.iter().map(|arrival| arrival << 1 | 1).collect();
            let ends = arrivals
                .iter()
                .zip(&durations)
                .map(|(arrival, span)| arrival + span);
            expected.extend(ends.clone().filter(|end| *end <= last).map(|end| end << 1));
            expected.sort_unstable();
            assert_eq!(seen, expected, "{count} requests at most {spread} ns apart");
            assert_eq!(
                departures.pending().len(),
                ends.filter(|end| *end > last).count()
            );
        }
    }
}

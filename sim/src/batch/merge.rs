//! Departures: those due in a window are sorted and merged with its arrivals, the others wait.

use frostline_models::math::{below, index, slot, wide_index, word};

/// Sets smaller than this are left to the library's sort.
const SMALL: usize = 48;

/// Departures that show how far all are out of order, and the moves a departure, in the mean, that
/// putting them in order may take without buckets.
const SAMPLE: usize = 256;
const MOVES: usize = 2;

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

    /// Sorts the due departures. Where few requests run at once they are almost in order already;
    /// elsewhere buckets of time take about one departure each, and two passes settle what shares
    /// a bucket.
    fn sort_due(&mut self, until: u64) {
        let count = self.due.len();
        let sample = &self.due[..count.min(SAMPLE)];
        let falls = sample.windows(2).filter(|pair| pair[1] < pair[0]).count();
        if 4 * falls <= sample.len() && insertion_pass(&mut self.due, MOVES * count) {
            return;
        }
        if count < SMALL {
            self.due.sort_unstable();
            return;
        }
        let start = self.merged_until;
        let width = (until - start) / word(count) + 1;
        // A multiplication in place of the division by a bucket's width, rounded down.
        let buckets_per_ns = u64::MAX / width;
        let bucket_of =
            |departure: u64| wide_index(below(departure.saturating_sub(start), buckets_per_ns));
        self.buckets.clear();
        self.buckets.resize(bucket_of(until) + 1, 0);
        let mut fullest = 0;
        for &departure in &self.due {
            let size = &mut self.buckets[bucket_of(departure)];
            *size += 1;
            fullest = fullest.max(*size);
        }
        if fullest > FULLEST {
            self.due.sort_unstable();
            return;
        }
        let mut before = 0;
        for bucket in &mut self.buckets {
            before += std::mem::replace(bucket, before);
        }
        debug_assert_eq!(before, slot(count));
        self.sorted.resize(count, 0);
        for &departure in &self.due {
            let place = &mut self.buckets[bucket_of(departure)];
            self.sorted[index(*place)] = departure;
            *place += 1;
        }
        exchange_pass(&mut self.sorted);
        // A bucket holds few enough for whatever it takes.
        insertion_pass(&mut self.sorted, usize::MAX);
        std::mem::swap(&mut self.due, &mut self.sorted);
    }
}

/// Carries the largest value so far along, without a branch on the data: afterwards few values are
/// out of order.
fn exchange_pass(values: &mut [u64]) {
    let Some((first, rest)) = values.split_first_mut() else {
        return;
    };
    let mut hole = first;
    for value in rest {
        let (low, high) = ((*hole).min(*value), (*hole).max(*value));
        *hole = low;
        *value = high;
        hole = value;
    }
}

/// Finishes an almost sorted array; gives up, false, when it takes more than so many moves.
fn insertion_pass(values: &mut [u64], most: usize) -> bool {
    let mut moves = 0;
    for place in 1..values.len() {
        let value = values[place];
        let mut hole = place;
        while hole > 0 && values[hole - 1] > value {
            values[hole] = values[hole - 1];
            hole -= 1;
        }
        if hole < place {
            values[hole] = value;
            moves += place - hole;
            if moves > most {
                return false;
            }
        }
    }
    true
}

/// Merges from both ends at once: two independent chains of comparisons keep the processor busy.
fn merge(arrivals: &[u64], departures: &[u64], events: &mut Vec<u64>) {
    events.resize(arrivals.len() + departures.len(), 0);
    let (mut arrivals, mut departures, mut events) = (arrivals, departures, events.as_mut_slice());
    loop {
        // So many steps from both ends leave something on either side, whatever they take.
        let steps = arrivals.len().min(departures.len()) / 2;
        if steps == 0 {
            break;
        }
        let (from_front, rest) = events.split_at_mut(steps);
        let (middle, from_back) = rest.split_at_mut(rest.len() - steps);
        let (mut front_a, mut front_d) = (0, 0);
        let (mut back_a, mut back_d) = (arrivals.len() - 1, departures.len() - 1);
        for step in 0..steps {
            let (arrival, departure) = (arrivals[front_a], departures[front_d]);
            let from_d = departure <= arrival;
            from_front[step] = event_of(arrival, departure, from_d);
            front_d += usize::from(from_d);
            front_a += usize::from(!from_d);

            let (arrival, departure) = (arrivals[back_a], departures[back_d]);
            let from_d = departure > arrival;
            from_back[steps - 1 - step] = event_of(arrival, departure, from_d);
            back_d -= usize::from(from_d);
            back_a -= usize::from(!from_d);
        }
        arrivals = &arrivals[front_a..=back_a];
        departures = &departures[front_d..=back_d];
        events = middle;
    }
    merge_rest(arrivals, departures, events);
}

/// An event as instant × 2 + (1 for an arrival).
#[inline]
fn event_of(arrival: u64, departure: u64, is_departure: bool) -> u64 {
    let instant = if is_departure { departure } else { arrival };
    instant << 1 | u64::from(!is_departure)
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

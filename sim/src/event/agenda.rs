//! The agenda: what will happen when, except arrivals, which come from their streams.

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// An invocation on this instance ends.
    Departure { function: u32, instance: u32 },
    /// This instance has started.
    Ready { function: u32, instance: u32 },
    /// A limit may have room for this function's queue.
    Wake { function: u32 },
    /// The number of this function's provisioned instances is looked at.
    Tick { function: u32 },
}

const READY: u64 = 1 << 62;
const WAKE: u64 = 2 << 62;
const TICK: u64 = 3 << 62;

/// Later than every entry.
const NEVER: u128 = u128::MAX;

/// Entries that are kept sorted, because they come soon.
const SOON: usize = 32;

/// The agenda: what comes soon in a sorted array, everything later in a heap. Where little is under
/// way the array holds it all, and the next entry is always its last element.
///
/// An entry is (instant, what) packed into one integer, so that one comparison orders by time, then
/// kind (departures first), then function, then instance: the documented tie rule.
#[derive(Debug)]
pub(crate) struct Agenda {
    /// Descending; none is later than the first of the heap.
    soon: Vec<u128>,
    later: Heap,
}

impl Default for Agenda {
    fn default() -> Self {
        Self {
            soon: Vec::with_capacity(SOON + 1),
            later: Heap::default(),
        }
    }
}

impl Agenda {
    /// The instant of the next entry; `u64::MAX` when there is none.
    #[inline]
    pub(crate) fn next_instant(&self) -> u64 {
        self.soon.last().map_or(u64::MAX, |key| instant_of(*key))
    }

    /// Plans an entry.
    #[inline]
    pub(crate) fn push(&mut self, instant: u64, entry: Entry) {
        let key = pack(instant, entry);
        if key > self.later.first() {
            self.later.push(key);
            return;
        }
        let mut hole = self.soon.len();
        self.soon.push(key);
        while hole > 0 && self.soon[hole - 1] < key {
            self.soon[hole] = self.soon[hole - 1];
            hole -= 1;
        }
        self.soon[hole] = key;
        if self.soon.len() > SOON {
            self.spill();
        }
    }

    /// Takes the next entry.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<(u64, Entry)> {
        let key = self.soon.pop()?;
        if self.soon.is_empty() {
            self.refill();
        }
        Some(unpack(key))
    }

    /// Moves the later half of what comes soon to the heap.
    #[cold]
    fn spill(&mut self) {
        for key in self.soon.drain(..SOON / 2) {
            self.later.push(key);
        }
    }

    /// Fetches what comes soon from the heap.
    #[cold]
    fn refill(&mut self) {
        while self.soon.len() < SOON / 2 && self.later.first() < NEVER {
            let key = self.later.pop();
            self.soon.push(key);
        }
        self.soon.reverse();
    }
}

/// A 4-ary heap of integers.
#[derive(Debug)]
struct Heap {
    /// The heap, followed by at least four `NEVER`s, so that every family has four children.
    keys: Vec<u128>,
    len: usize,
}

impl Default for Heap {
    fn default() -> Self {
        Self {
            keys: vec![NEVER; 64],
            len: 0,
        }
    }
}

impl Heap {
    /// The smallest key; `NEVER` when there is none.
    #[inline]
    fn first(&self) -> u128 {
        self.keys[0]
    }

    #[inline]
    fn push(&mut self, key: u128) {
        let hole = self.len;
        self.len += 1;
        if self.len + 4 > self.keys.len() {
            self.keys.resize(2 * self.keys.len(), NEVER);
        }
        self.rise(hole, key);
    }

    /// Takes the smallest key: the hole sinks to the bottom along the smallest children, then the
    /// last element rises from there, which it seldom has to.
    #[inline]
    fn pop(&mut self) -> u128 {
        debug_assert!(self.len > 0, "nothing to take");
        self.len -= 1;
        let top = self.keys[0];
        let last = std::mem::replace(&mut self.keys[self.len], NEVER);
        let mut hole = 0;
        loop {
            let first = 4 * hole + 1;
            if first >= self.len {
                break;
            }
            let (smallest, child) = smallest(&self.keys[first..first + 4]);
            self.keys[hole] = child;
            hole = first + smallest;
        }
        if self.len > 0 {
            self.rise(hole, last);
        }
        top
    }

    /// Lets `key` rise from a hole to where it belongs.
    #[inline]
    fn rise(&mut self, mut hole: usize, key: u128) {
        while hole > 0 {
            let parent = (hole - 1) / 4;
            if self.keys[parent] <= key {
                break;
            }
            self.keys[hole] = self.keys[parent];
            hole = parent;
        }
        self.keys[hole] = key;
    }
}

#[inline]
fn pack(instant: u64, entry: Entry) -> u128 {
    let word = match entry {
        Entry::Departure { function, instance } => u64::from(function) << 32 | u64::from(instance),
        Entry::Ready { function, instance } => {
            READY | u64::from(function) << 32 | u64::from(instance)
        }
        Entry::Wake { function } => WAKE | u64::from(function) << 32,
        Entry::Tick { function } => TICK | u64::from(function) << 32,
    };
    u128::from(instant) << 64 | u128::from(word)
}

#[inline]
fn unpack(key: u128) -> (u64, Entry) {
    let low_32 = |word: u128| u32::try_from(word & 0xffff_ffff).expect("because it is masked");
    let instant = instant_of(key);
    let function = low_32(key >> 32) & 0x3fff_ffff;
    let instance = low_32(key);
    let entry = match (key >> 62) & 3 {
        0 => Entry::Departure { function, instance },
        1 => Entry::Ready { function, instance },
        2 => Entry::Wake { function },
        _ => Entry::Tick { function },
    };
    (instant, entry)
}

/// The place and value of the smallest of four, by a tournament without branches.
#[inline]
fn smallest(children: &[u128]) -> (usize, u128) {
    let place_01 = usize::from(children[1] < children[0]);
    let place_23 = 2 + usize::from(children[3] < children[2]);
    let (left, right) = (children[place_01], children[place_23]);
    if right < left {
        (place_23, right)
    } else {
        (place_01, left)
    }
}

#[inline]
fn instant_of(key: u128) -> u64 {
    u64::try_from(key >> 64).expect("because 64 bits are left")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_in_order_of_time_kind_and_id() {
        let mut agenda = Agenda::default();
        let entries = [
            (5, Entry::Wake { function: 0 }),
            (
                5,
                Entry::Departure {
                    function: 1,
                    instance: 0,
                },
            ),
            (
                5,
                Entry::Departure {
                    function: 0,
                    instance: 7,
                },
            ),
            (
                5,
                Entry::Ready {
                    function: 0,
                    instance: 1,
                },
            ),
            (
                5,
                Entry::Departure {
                    function: 0,
                    instance: 3,
                },
            ),
            (4, Entry::Wake { function: 9 }),
        ];
        for (instant, entry) in entries {
            agenda.push(instant, entry);
        }
        assert_eq!(agenda.next_instant(), 4);
        let order: Vec<_> = std::iter::from_fn(|| agenda.pop()).collect();
        assert_eq!(order, [5, 4, 2, 1, 3, 0].map(|place: usize| entries[place]));
        assert_eq!(agenda.next_instant(), u64::MAX);
    }

    #[test]
    fn the_heap_sorts() {
        let mut agenda = Agenda::default();
        let mut state = 1_u64;
        for _ in 0..5_000 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            agenda.push(state >> 40, Entry::Wake { function: 0 });
        }
        let order: Vec<u64> = std::iter::from_fn(|| agenda.pop())
            .map(|entry| entry.0)
            .collect();
        assert!(order.is_sorted() && order.len() == 5_000);
    }
}

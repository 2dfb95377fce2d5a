//! The agenda: what will happen when, except arrivals, which come from their streams.

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    /// An invocation on this instance ends.
    Departure { function: u32, instance: u32 },
    /// This instance has started.
    Ready { function: u32, instance: u32 },
    /// A limit may have room for this function's queue.
    Wake { function: u32 },
}

const READY: u64 = 1 << 62;
const WAKE: u64 = 2 << 62;

/// Beyond the last entry: later than everything.
const NEVER: u128 = u128::MAX;

/// A 4-ary heap of (instant, entry) packed into one integer, so that one comparison orders by time,
/// then kind (departures first), then function, then instance: the documented tie rule.
#[derive(Debug)]
pub(super) struct Agenda {
    /// The heap, followed by at least four `NEVER`s, so that every family has four children.
    heap: Vec<u128>,
    len: usize,
}

impl Default for Agenda {
    fn default() -> Self {
        Self {
            heap: vec![NEVER; 64],
            len: 0,
        }
    }
}

fn pack(instant: u64, entry: Entry) -> u128 {
    let word = match entry {
        Entry::Departure { function, instance } => u64::from(function) << 32 | u64::from(instance),
        Entry::Ready { function, instance } => {
            READY | u64::from(function) << 32 | u64::from(instance)
        }
        Entry::Wake { function } => WAKE | u64::from(function) << 32,
    };
    u128::from(instant) << 64 | u128::from(word)
}

fn unpack(key: u128) -> (u64, Entry) {
    let low_32 = |word: u128| u32::try_from(word & 0xffff_ffff).expect("because it is masked");
    let instant = instant_of(key);
    let function = low_32(key >> 32) & 0x3fff_ffff;
    let instance = low_32(key);
    let entry = match (key >> 62) & 3 {
        0 => Entry::Departure { function, instance },
        1 => Entry::Ready { function, instance },
        _ => Entry::Wake { function },
    };
    (instant, entry)
}

impl Agenda {
    /// The instant of the next entry; `u64::MAX` when there is none.
    #[inline]
    pub(super) fn next_instant(&self) -> u64 {
        instant_of(self.heap[0])
    }

    /// Plans an entry.
    #[inline]
    pub(super) fn push(&mut self, instant: u64, entry: Entry) {
        let key = pack(instant, entry);
        let hole = self.len;
        self.len += 1;
        if self.len + 4 > self.heap.len() {
            self.heap.resize(2 * self.heap.len(), NEVER);
        }
        self.rise(hole, key);
    }

    /// Takes the next entry: the hole sinks to the bottom along the smallest children, then the last
    /// element rises from there, which it seldom has to.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<(u64, Entry)> {
        self.len = self.len.checked_sub(1)?;
        let top = self.heap[0];
        let last = std::mem::replace(&mut self.heap[self.len], NEVER);
        let mut hole = 0;
        loop {
            let first = 4 * hole + 1;
            if first >= self.len {
                break;
            }
            let (smallest, child) = smallest(&self.heap[first..first + 4]);
            self.heap[hole] = child;
            hole = first + smallest;
        }
        if self.len > 0 {
            self.rise(hole, last);
        }
        Some(unpack(top))
    }

    /// Lets `key` rise from a hole to where it belongs.
    #[inline]
    fn rise(&mut self, mut hole: usize, key: u128) {
        while hole > 0 {
            let parent = (hole - 1) / 4;
            if self.heap[parent] <= key {
                break;
            }
            self.heap[hole] = self.heap[parent];
            hole = parent;
        }
        self.heap[hole] = key;
    }
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

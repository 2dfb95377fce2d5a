//! An endless row of instances, each request on the first that is free.

use frostline_models::math::{index, slot, word};
use frostline_models::random::Purpose;

use super::Place;
use crate::cold::ColdStarts;
use crate::event::Request;
use crate::event::agenda::{Agenda, Entry};
use crate::job::Job;
use crate::limit::RateWatch;
use crate::progress::{Cancelled, Watcher};
use crate::stream::RequestStream;

/// The row, and the requests that come to it.
pub(super) struct Row {
    stream: RequestStream,
    arrivals: Vec<u64>,
    durations: Vec<u64>,
    /// The next request of the buffers, and the number of their first.
    taken: usize,
    first_number: u64,
    rate: Option<RateWatch>,
    first_extra: Option<ColdStarts>,
    timeout: u64,
    agenda: Agenda,
    /// When the latest request of each place leaves.
    departs: Vec<u64>,
    free: FreePlaces,
    placed: Vec<Placed>,
}

/// A request and its place in the row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed {
    pub(super) request: Request,
    /// Its place, from 0.
    pub(super) level: u32,
    /// What a provisioned instance at this place serves it for.
    pub(super) served: u64,
    /// Whether the function's timeout cuts it off there.
    pub(super) timed_out: bool,
}

impl Row {
    pub(super) fn new(job: &Job<'_>) -> Self {
        let function = &job.scenario.functions[0];
        let quota = job.scenario.platform.request_rate;
        let has_extra = function.first_invocation != frostline_models::law::Law::ZERO;
        Self {
            stream: RequestStream::new(job, function),
            arrivals: Vec::new(),
            durations: Vec::new(),
            taken: 0,
            first_number: 0,
            rate: quota.map(|quota| RateWatch::new(quota, job.sharers)),
            first_extra: has_extra.then(|| ColdStarts::new(job, function, Purpose::Init)),
            timeout: function.timeout.map_or(u64::MAX, |timeout| timeout.0),
            agenda: Agenda::default(),
            departs: Vec::new(),
            free: FreePlaces::default(),
            placed: Vec::new(),
        }
    }

    /// Places the next requests that arrive before `boundary`; `None` when there are no more.
    pub(super) fn next(
        &mut self,
        boundary: u64,
        watcher: &Watcher<'_>,
    ) -> Result<Option<&[Placed]>, Cancelled> {
        if self.taken == self.arrivals.len() {
            self.refill(watcher)?;
        }
        let waiting = &self.arrivals[self.taken..];
        let within = waiting.partition_point(|arrival| *arrival < boundary);
        if within == 0 {
            return Ok(None);
        }
        self.placed.clear();
        for place in self.taken..self.taken + within {
            let placed = self.place(Request {
                number: self.first_number + word(place),
                arrival: self.arrivals[place],
                duration: self.durations[place],
            });
            self.placed.push(placed);
        }
        self.taken += within;
        Ok(Some(&self.placed))
    }

    fn refill(&mut self, watcher: &Watcher<'_>) -> Result<(), Cancelled> {
        watcher.advance(word(self.arrivals.len()))?;
        self.arrivals.clear();
        self.durations.clear();
        self.taken = 0;
        self.first_number = self
            .stream
            .append_block(&mut self.arrivals, &mut self.durations);
        if let Some(rate) = &mut self.rate {
            rate.see(&self.arrivals);
        }
        Ok(())
    }

    #[inline]
    fn place(&mut self, request: Request) -> Placed {
        while self.agenda.next_instant() <= request.arrival {
            if let Some((_, Entry::Departure { instance, .. })) = self.agenda.pop() {
                self.free.add(instance);
            }
        }
        let (level, is_first) = match self.free.take_first() {
            Some(level) => (level, false),
            None => (slot(self.departs.len()), true),
        };
        let mut wanted = request.duration;
        if is_first {
            self.departs.push(0);
            // Fresh instances are used in the order of the row, whatever their number.
            if let Some(extra) = &self.first_extra {
                wanted = wanted.saturating_add(extra.first_extra(request.number));
            }
        }
        let served = wanted.min(self.timeout);
        let departs = request.arrival.saturating_add(served);
        self.departs[index(level)] = departs;
        self.agenda.push(
            departs,
            Entry::Departure {
                function: 0,
                instance: level,
            },
        );
        Placed {
            request,
            level,
            served,
            timed_out: wanted > served,
        }
    }

    /// Whether the requests came so fast that the account's rate limit could have been reached.
    pub(super) fn reached_rate_limit(&self) -> bool {
        self.rate.as_ref().is_some_and(|rate| rate.share() > 1.0)
    }

    /// Places that are busy beyond `now`, and for how long.
    pub(super) fn remaining(&self, now: u64) -> impl Iterator<Item = (u32, u64)> {
        (0..)
            .zip(&self.departs)
            .filter(move |(_, departs)| **departs > now)
            .map(move |(level, departs)| (level, departs - now))
    }

    /// Takes what requests still do beyond `now` off what their places did.
    pub(super) fn take_back_remaining(&self, now: u64, places: &mut [Place]) {
        for (level, rest) in self.remaining(now) {
            places[index(level)].busy_ns -= u128::from(rest);
        }
    }
}

/// The free ones among the places that were ever taken: a bit each, and one for every 64 of them.
#[derive(Debug, Default)]
struct FreePlaces {
    places: Vec<u64>,
    words: Vec<u64>,
}

impl FreePlaces {
    #[inline]
    fn add(&mut self, place: u32) {
        let place = index(place);
        if place >= 64 * self.places.len() {
            self.places.resize(place / 64 + 1, 0);
            self.words.resize(place / 4096 + 1, 0);
        }
        self.places[place / 64] |= 1 << (place % 64);
        self.words[place / 4096] |= 1 << (place / 64 % 64);
    }

    /// Takes the first free place.
    #[inline]
    fn take_first(&mut self) -> Option<u32> {
        let top = self.words.iter().position(|word| *word != 0)?;
        let word = 64 * top + index(self.words[top].trailing_zeros());
        let bits = &mut self.places[word];
        let place = 64 * word + index(bits.trailing_zeros());
        *bits &= *bits - 1;
        if *bits == 0 {
            self.words[top] &= self.words[top] - 1;
        }
        Some(slot(place))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use frostline_models::math::wide_index;

    use super::*;

    #[test]
    fn the_first_free_place_is_that_of_a_sorted_set() {
        let mut free = FreePlaces::default();
        let mut model = BTreeSet::new();
        let mut state = 7_u64;
        for _ in 0..50_000 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            if state >> 63 == 0 {
                assert_eq!(free.take_first(), model.pop_first());
                continue;
            }
            let place = slot(wide_index(state >> 40 & 0x3fff));
            if model.insert(place) {
                free.add(place);
            }
        }
    }
}

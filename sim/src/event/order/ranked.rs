//! A set of instances ordered by age, as a three-level bit set over ranks.
//!
//! An instance gets the next rank when it is created. When the ranks run out, those of instances
//! that are gone are squeezed out, so the space follows the number of living instances.

use frostline_models::math::{index, slot, word};

const NONE: u32 = u32::MAX;
const SMALLEST: usize = 1024;

/// Instances ordered by age.
#[derive(Debug, Default)]
pub(in crate::event) struct Ranked {
    /// Instance of each rank; `NONE` when it is gone.
    instances: Vec<u32>,
    /// Rank of each instance.
    ranks: Vec<u32>,
    living: usize,
    /// Bits of the available ranks, of the non-empty words among them, and so on.
    levels: [Vec<u64>; 3],
}

impl Ranked {
    pub(super) fn created(&mut self, instance: u32) {
        if self.instances.len() == self.levels[0].len() * 64 {
            self.squeeze();
        }
        if self.ranks.len() <= index(instance) {
            self.ranks.resize(index(instance) + 1, NONE);
        }
        self.ranks[index(instance)] = slot(self.instances.len());
        self.instances.push(instance);
        self.living += 1;
    }

    pub(super) fn gone(&mut self, instance: u32) {
        self.instances[index(self.ranks[index(instance)])] = NONE;
        self.living -= 1;
    }

    #[inline]
    pub(super) fn add(&mut self, instance: u32) {
        let mut bit = index(self.ranks[index(instance)]);
        for level in &mut self.levels {
            level[bit / 64] |= 1 << (bit % 64);
            bit /= 64;
        }
    }

    #[inline]
    pub(super) fn remove(&mut self, instance: u32) {
        let mut bit = index(self.ranks[index(instance)]);
        for level in &mut self.levels {
            level[bit / 64] &= !(1 << (bit % 64));
            if level[bit / 64] != 0 {
                break;
            }
            bit /= 64;
        }
    }

    #[inline]
    pub(super) fn highest(&self) -> Option<u32> {
        let [ranks, words, tops] = &self.levels;
        let top = tops.iter().rposition(|bits| *bits != 0)?;
        let middle = top * 64 + index(tops[top].ilog2());
        let low = middle * 64 + index(words[middle].ilog2());
        Some(self.instances[low * 64 + index(ranks[low].ilog2())])
    }

    #[inline]
    pub(super) fn lowest(&self) -> Option<u32> {
        let [ranks, words, tops] = &self.levels;
        let top = tops.iter().position(|bits| *bits != 0)?;
        let middle = top * 64 + index(tops[top].trailing_zeros());
        let low = middle * 64 + index(words[middle].trailing_zeros());
        Some(self.instances[low * 64 + index(ranks[low].trailing_zeros())])
    }

    /// Gives the living new ranks in the same order, with as much room again.
    fn squeeze(&mut self) {
        let available = |bits: &[u64], rank: usize| bits[rank / 64] >> (rank % 64) & 1 == 1;
        let old = std::mem::take(&mut self.instances);
        let bits = std::mem::take(&mut self.levels[0]);
        let room = (2 * self.living).next_power_of_two().max(SMALLEST);
        for (level, count) in self
            .levels
            .iter_mut()
            .zip([room, room / 64, room.div_ceil(4096)])
        {
            *level = vec![0; count.div_ceil(64)];
        }
        debug_assert!(word(room) <= 1 << 32, "{room} ranks");
        for (rank, instance) in old.into_iter().enumerate() {
            if instance == NONE {
                continue;
            }
            self.ranks[index(instance)] = slot(self.instances.len());
            self.instances.push(instance);
            if available(&bits, rank) {
                self.add(instance);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_set_agrees_with_a_sorted_map_through_squeezes() {
        let mut ranked = Ranked::default();
        // Age → (instance, available).
        let mut model: BTreeMap<u64, (u32, bool)> = BTreeMap::new();
        let mut free: Vec<u32> = (0..300).rev().collect();
        let mut state = 3_u64;
        for age in 0..20_000 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            if free.is_empty() || state >> 62 == 0 {
                let victim = model.keys().copied().nth(index(slot(model.len() / 2)));
                if let Some((instance, available)) = victim.and_then(|age| model.remove(&age)) {
                    if available {
                        ranked.remove(instance);
                    }
                    ranked.gone(instance);
                    free.push(instance);
                }
            } else if let Some(instance) = free.pop() {
                ranked.created(instance);
                let available = state >> 61 & 1 == 1;
                if available {
                    ranked.add(instance);
                }
                model.insert(age, (instance, available));
            }
            let listed = || model.values().filter(|entry| entry.1).map(|entry| entry.0);
            assert_eq!(ranked.lowest(), listed().next());
            assert_eq!(ranked.highest(), listed().next_back());
        }
    }
}

//! A doubly linked list threaded through the instance numbers.

use frostline_models::math::index;

const NONE: u32 = u32::MAX;

/// Instances in order of last use, the latest in front.
#[derive(Debug)]
pub(in crate::event) struct Linked {
    /// (towards the front, towards the back) of each listed instance.
    links: Vec<(u32, u32)>,
    front: u32,
    back: u32,
}

impl Default for Linked {
    fn default() -> Self {
        Self {
            links: Vec::new(),
            front: NONE,
            back: NONE,
        }
    }
}

impl Linked {
    #[inline]
    pub(super) fn front(&self) -> Option<u32> {
        (self.front != NONE).then_some(self.front)
    }

    #[inline]
    pub(super) fn back(&self) -> Option<u32> {
        (self.back != NONE).then_some(self.back)
    }

    #[inline]
    pub(super) fn push_front(&mut self, instance: u32) {
        if self.links.len() <= index(instance) {
            self.links.resize(index(instance) + 1, (NONE, NONE));
        }
        self.links[index(instance)] = (NONE, self.front);
        if self.front == NONE {
            self.back = instance;
        } else {
            self.links[index(self.front)].0 = instance;
        }
        self.front = instance;
    }

    #[inline]
    pub(super) fn remove(&mut self, instance: u32) {
        let (before, after) = self.links[index(instance)];
        if before == NONE {
            self.front = after;
        } else {
            self.links[index(before)].1 = after;
        }
        if after == NONE {
            self.back = before;
        } else {
            self.links[index(after)].0 = before;
        }
    }
}

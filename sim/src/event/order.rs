//! Which available instance takes an invocation.

mod linked;
mod ranked;

use frostline_models::keepalive::Reuse;
use frostline_models::math::{below, index, slot, word};
use frostline_models::random::StreamKey;

use self::linked::Linked;
use self::ranked::Ranked;

/// The instances of a function that can take an invocation, in the platform's order.
pub(super) enum Available {
    /// The latest comes first, and is full when taken.
    Stack(Vec<u32>),
    /// The latest comes first.
    MostRecent(Linked),
    /// The latest comes last.
    LeastRecent(Linked),
    /// The youngest comes first.
    Newest(Ranked),
    /// The oldest comes first.
    Oldest(Ranked),
    /// Any may come, decided by the request's own word.
    Random {
        instances: Vec<u32>,
        places: Vec<u32>,
        key: StreamKey,
    },
}

impl Available {
    /// No instances, in this order; `key` is the stream that decides a random choice.
    pub(super) fn new(reuse: Reuse, concurrency: u32, key: StreamKey) -> Self {
        match reuse {
            Reuse::MostRecent if concurrency == 1 => Self::Stack(Vec::new()),
            Reuse::MostRecent => Self::MostRecent(Linked::default()),
            Reuse::LeastRecent => Self::LeastRecent(Linked::default()),
            Reuse::Newest => Self::Newest(Ranked::default()),
            Reuse::Oldest => Self::Oldest(Ranked::default()),
            Reuse::Random => Self::Random {
                instances: Vec::new(),
                places: Vec::new(),
                key,
            },
        }
    }

    /// Notes that an instance was created, before it is first added.
    pub(super) fn created(&mut self, instance: u32) {
        if let Self::Newest(ranked) | Self::Oldest(ranked) = self {
            ranked.created(instance);
        }
    }

    /// Notes that an instance is gone, after it was removed.
    pub(super) fn gone(&mut self, instance: u32) {
        if let Self::Newest(ranked) | Self::Oldest(ranked) = self {
            ranked.gone(instance);
        }
    }

    /// The instance that request number `request` would take.
    #[inline]
    pub(super) fn first(&self, request: u64) -> Option<u32> {
        match self {
            Self::Stack(stack) => stack.last().copied(),
            Self::MostRecent(linked) => linked.front(),
            Self::LeastRecent(linked) => linked.back(),
            Self::Newest(ranked) => ranked.highest(),
            Self::Oldest(ranked) => ranked.lowest(),
            Self::Random { instances, key, .. } => {
                let count = word(instances.len());
                (count > 0).then(|| {
                    let choice = below(key.word(request), count);
                    instances[frostline_models::math::wide_index(choice)]
                })
            }
        }
    }

    /// Adds an instance that was not available.
    #[inline]
    pub(super) fn add(&mut self, instance: u32) {
        match self {
            Self::Stack(stack) => stack.push(instance),
            Self::MostRecent(linked) | Self::LeastRecent(linked) => linked.push_front(instance),
            Self::Newest(ranked) | Self::Oldest(ranked) => ranked.add(instance),
            Self::Random {
                instances, places, ..
            } => {
                if places.len() <= index(instance) {
                    places.resize(index(instance) + 1, 0);
                }
                places[index(instance)] = slot(instances.len());
                instances.push(instance);
            }
        }
    }

    /// Removes an instance that was available.
    #[inline]
    pub(super) fn remove(&mut self, instance: u32) {
        match self {
            Self::Stack(stack) => {
                let top = stack.pop();
                debug_assert_eq!(top, Some(instance), "only the latest is taken from a stack");
            }
            Self::MostRecent(linked) | Self::LeastRecent(linked) => linked.remove(instance),
            Self::Newest(ranked) | Self::Oldest(ranked) => ranked.remove(instance),
            Self::Random {
                instances, places, ..
            } => {
                let place = places[index(instance)];
                instances.swap_remove(index(place));
                if let Some(moved) = instances.get(index(place)) {
                    places[index(*moved)] = place;
                }
            }
        }
    }

    /// Notes that an available instance was just used.
    #[inline]
    pub(super) fn touch(&mut self, instance: u32) {
        if let Self::MostRecent(linked) | Self::LeastRecent(linked) = self {
            linked.remove(instance);
            linked.push_front(instance);
        }
    }
}

//! Named random streams.
//!
//! Every draw of the simulator belongs to a stream that is named by (seed, replication, entity, [`Purpose`]). One purpose has one stream,
//! so a change of policy never shifts another draw (common random numbers). The bits come from
//! [`rand::rngs::Xoshiro256PlusPlus`], a fixed, named algorithm; its state is filled from the keyed hash below, once per block of a
//! stream, so any block can be generated without the ones before it.

use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;

/// What a stream is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]

pub enum Purpose {
    /// Instants of arrival.
    Arrival,
    /// Durations of invocations.
    Duration,
    /// Init phases; the phase is part of the key.
    Init,
    /// The extra time of an instance's first invocation.
    FirstInvocation,
    /// Which idle instance takes an invocation.
    Routing,
    /// How long an idle instance is kept.
    KeepAlive,
    /// How old an instance may become.
    MaximumAge,
    /// The state of the pool when the run starts.
    InitialPool,
    /// Durations of provisioned starts.
    Provisioning,
    /// Synthetic traces.
    Synthesis,
}

/// The name of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamKey {
    key: u64,
}

impl StreamKey {
    /// The stream of `purpose` that belongs to `entity` (a function's stable id) in one replication.
    pub fn new(seed: u64, replication: u32, entity: u64, purpose: Purpose) -> Self {
        let purpose = u64::from(u8::from(purpose));
        let key = mix(mix(mix(mix(seed) ^ u64::from(replication)) ^ entity) ^ purpose);
        Self { key }
    }

    /// The sub-stream `index` of this stream.
    #[must_use]
    pub fn at(self, index: u64) -> Self {
        Self {
            key: mix(self.key ^ mix(index)),
        }
    }

    /// A generator for block `index` of this stream: the same bits whichever blocks were drawn before.
    pub fn block(self, index: u64) -> Xoshiro256PlusPlus {
        Xoshiro256PlusPlus::seed_from_u64(self.at(index).key)
    }

    /// One uniform word that is a function of (stream, index): for draws that belong to a request, whoever else draws.
    pub fn word(self, index: u64) -> u64 {
        self.at(index).key
    }
}

impl From<Purpose> for u8 {
    fn from(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Arrival => 1,
            Purpose::Duration => 2,
            Purpose::Init => 3,
            Purpose::FirstInvocation => 4,
            Purpose::Routing => 5,
            Purpose::KeepAlive => 6,
            Purpose::MaximumAge => 7,
            Purpose::InitialPool => 8,
            Purpose::Provisioning => 9,
            Purpose::Synthesis => 10,
        }
    }
}

/// A stable 64-bit id of a name: FNV-1a and a final mix. A function keeps its streams when others are added or removed.
pub fn entity_id(name: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in name.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    mix(hash)
}

/// Stafford's variant 13 of the 64-bit finalizer over a Weyl step: the output function of `SplitMix64`
/// (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014, <https://doi.org/10.1145/2660193.2660195>).
fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn streams_are_stable_and_apart() {
        let key = StreamKey::new(7, 0, entity_id("checkout"), Purpose::Arrival);
        let golden: Vec<u64> = (0..3).map(|_| key.block(0).next_u64()).collect();
        assert_eq!(
            golden[0], golden[1],
            "a block starts over each time it is asked for"
        );
        let others = [
            StreamKey::new(8, 0, entity_id("checkout"), Purpose::Arrival),
            StreamKey::new(7, 1, entity_id("checkout"), Purpose::Arrival),
            StreamKey::new(7, 0, entity_id("cart"), Purpose::Arrival),
            StreamKey::new(7, 0, entity_id("checkout"), Purpose::Duration),
            key.at(1),
        ];
        for other in others {
            assert_ne!(other.block(0).next_u64(), golden[0]);
        }
    }
}

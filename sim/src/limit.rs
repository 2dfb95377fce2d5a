//! Limits: token buckets, exactly, in integers.

use frostline_models::math::{to_f64, word};
use frostline_models::units::Quota;

/// A token bucket in its virtual-scheduling form (ITU-T I.371, the generic cell rate algorithm): one
/// instant instead of a level. Time is counted in nanoseconds × `count`, so that the spacing of
/// tokens is a whole number whatever the quota.
#[derive(Debug, Clone)]
pub(crate) struct TokenBucket {
    /// Tokens in a full bucket.
    count: u128,
    /// Nanoseconds × count between two tokens.
    spacing: u128,
    /// The instant at which the bucket would be full again.
    full_at: u128,
}

impl TokenBucket {
    /// A full bucket.
    pub(crate) fn new(quota: Quota) -> Self {
        Self {
            count: u128::from(quota.count),
            spacing: u128::from(quota.per.0),
            full_at: 0,
        }
    }

    /// Takes a token at `now` if there is one.
    pub(crate) fn take(&mut self, now: u64) -> bool {
        if now < self.next_token_at() {
            return false;
        }
        self.full_at = self.full_at.max(u128::from(now) * self.count) + self.spacing;
        true
    }

    /// The first instant at which a token can be taken.
    pub(crate) fn next_token_at(&self) -> u64 {
        let tolerance = (self.count - 1) * self.spacing;
        let earliest = self.full_at.saturating_sub(tolerance).div_ceil(self.count);
        u64::try_from(earliest).unwrap_or(u64::MAX)
    }
}

/// Watches whether a stream of requests stays so far below a quota that its bucket, shared with
/// others, cannot run dry. It measures how fast each stretch of requests comes; it never limits.
#[derive(Debug, Clone)]
pub(crate) struct RateWatch {
    quota: Quota,
    stretch: u64,
    seen: u64,
    began: u64,
    shortest_ns: u64,
}

impl RateWatch {
    /// A watch over stretches that are short enough for `sharers` streams to share the quota.
    pub(crate) fn new(quota: Quota, sharers: u64) -> Self {
        let stretch = quota.count / (2 * sharers.max(1));
        Self {
            quota,
            stretch,
            seen: 0,
            began: 0,
            shortest_ns: u64::MAX,
        }
    }

    /// Looks at the next requests.
    pub(crate) fn see(&mut self, arrivals: &[u64]) {
        if self.stretch == 0 {
            self.seen += word(arrivals.len());
            return;
        }
        for &arrival in arrivals {
            if self.seen == self.stretch {
                self.shortest_ns = self.shortest_ns.min(arrival - self.began);
                self.seen = 0;
            }
            if self.seen == 0 {
                self.began = arrival;
            }
            self.seen += 1;
        }
    }

    /// The share of the quota that the fastest stretch would use up if it went on; nil when there
    /// was not even one whole stretch. As long as the shares of all sharers sum to at most 1, their
    /// bucket cannot run dry: in a span Δ each has at most 2 stretches + share · rate · Δ requests.
    /// A quota of fewer than two requests a sharer leaves no room for that argument: it counts as
    /// used up by the first request.
    pub(crate) fn share(&self) -> f64 {
        if self.stretch == 0 {
            return if self.seen == 0 { 0.0 } else { f64::INFINITY };
        }
        if self.shortest_ns == u64::MAX {
            return 0.0;
        }
        to_f64(self.stretch) * to_f64(self.quota.per.0)
            / (to_f64(self.shortest_ns.max(1)) * to_f64(self.quota.count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use frostline_models::units::SimDuration;

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let mut bucket = TokenBucket::new(Quota {
            count: 3,
            per: SimDuration(10),
        });
        let start = 1_000;
        assert!((0..3).all(|_| bucket.take(start)));
        assert!(!bucket.take(start), "the fourth must wait");
        assert_eq!(bucket.next_token_at(), start + 4, "10/3 ns, rounded up");
        assert!(!bucket.take(start + 3));
        assert!(bucket.take(start + 4));
        assert_eq!(
            bucket.next_token_at(),
            start + 7,
            "20/3 ns: rounding does not add up"
        );
        let taken = (start + 4..start + 10_000)
            .filter(|now| bucket.take(*now))
            .count();
        assert!(
            (2_998..=3_000).contains(&taken),
            "{taken} tokens in 10,000 ns"
        );
    }

    #[test]
    fn an_idle_bucket_does_not_hold_more_than_its_size() {
        let mut bucket = TokenBucket::new(Quota {
            count: 2,
            per: SimDuration(10),
        });
        assert!(bucket.take(1_000_000) && bucket.take(1_000_000));
        assert!(!bucket.take(1_000_000));
    }
}

//! Cold starts when the number of instances is limited: to c, with loss or with a queue.
//!
//! Below c the busy count moves as without a limit, so the gap an arrival finds at n < c busy
//! instances has the law Gₙ of [`GapLaw`]; the limit only changes how often n is found. Poisson
//! arrivals, exponential service and init that takes no time, as there.

use super::gap::{GapLaw, LARGEST_LOAD};
use super::{erlang_b, erlang_c};

/// At most c instances; arrivals that find all busy are refused (M/M/c/c).
#[derive(Debug, Clone, PartialEq)]
pub struct Loss {
    /// Probability that a request is refused: Erlang B, for any law of service.
    pub throttled: f64,
    /// The gap an accepted request finds; its [`GapLaw::cold_probability`] is P(cold | accepted).
    pub accepted: GapLaw,
}

/// At most c instances; arrivals that find all busy wait, first come first served (M/M/c).
#[derive(Debug, Clone, PartialEq)]
pub struct Queue {
    /// Probability that a request waits: Erlang C.
    pub waits: f64,
    /// Mean wait in seconds over all requests: P(wait)/(cμ − λ).
    pub mean_wait_s: f64,
    /// The gap that a request which need not wait finds.
    immediate: GapLaw,
}

impl Loss {
    /// `None` unless λ, the mean service and c are positive and the load is at most
    /// [`LARGEST_LOAD`].
    pub fn new(arrivals_per_second: f64, mean_service_s: f64, instances: u32) -> Option<Self> {
        let occupancy = below_limit(arrivals_per_second, mean_service_s, instances)?;
        let load = arrivals_per_second * mean_service_s;
        Some(Self {
            throttled: erlang_b(instances, load),
            accepted: GapLaw::from_occupancy(arrivals_per_second, mean_service_s, &occupancy),
        })
    }
}

impl Queue {
    /// `None` unless λ, the mean service and c are positive, the load is below c and at most
    /// [`LARGEST_LOAD`].
    pub fn new(arrivals_per_second: f64, mean_service_s: f64, instances: u32) -> Option<Self> {
        let load = arrivals_per_second * mean_service_s;
        if load >= f64::from(instances) {
            return None;
        }
        let occupancy = below_limit(arrivals_per_second, mean_service_s, instances)?;
        let waits = erlang_c(instances, load);
        Some(Self {
            waits,
            mean_wait_s: waits * mean_service_s / (f64::from(instances) - load),
            immediate: GapLaw::from_occupancy(arrivals_per_second, mean_service_s, &occupancy),
        })
    }

    /// Probability that a request is cold with this keep-alive. One that waits takes an instance
    /// the moment it is free, so it never is.
    pub fn cold_probability(&self, keep_alive_s: f64) -> f64 {
        (1.0 - self.waits) * self.immediate.cold_probability(keep_alive_s)
    }
}

/// P(N = n | N < c): the Poisson law cut off at c, in both models.
fn below_limit(arrivals_per_second: f64, mean_service_s: f64, instances: u32) -> Option<Vec<f64>> {
    let load = arrivals_per_second * mean_service_s;
    let valid = arrivals_per_second > 0.0 && mean_service_s > 0.0 && load <= LARGEST_LOAD;
    if !valid || instances == 0 {
        return None;
    }
    let mut weights = Vec::new();
    for n in (0..instances).map(f64::from) {
        // In logarithms: e^(−a) underflows above a = 745. Weights relative to that of the mode, or
        // a limit far below the load would leave nothing.
        let top = load.min(f64::from(instances - 1));
        let weight = libm::exp(
            (n - top) * libm::log(load) - libm::lgamma(n + 1.0) + libm::lgamma(top + 1.0),
        );
        if n > load && weight < 1e-18 {
            break;
        }
        weights.push(weight);
    }
    let total: f64 = weights.iter().sum();
    Some(weights.into_iter().map(|weight| weight / total).collect())
}

//! Exact results of queueing theory on cold starts: fast answers, and the oracle of the simulator.
//!
//! Symbols: arrivals are Poisson with rate λ (per second); the service time S has mean 1/μ (s); the
//! load is a = λ/μ, the mean number of busy instances when none is refused; T is the keep-alive (s),
//! counted from when an instance becomes idle; the most recently idle instance is reused first.

pub mod gap;
pub mod limited;
pub mod provisioned;

/// Probability that all `servers` are busy when arrivals that find them so are lost (Erlang B), for
/// an offered load of `load` servers; any law of service.
///
/// B₀ = 1, Bₙ = a·Bₙ₋₁/(n + a·Bₙ₋₁). Wrong when refused requests come back. Jagerman, "Some
/// properties of the Erlang loss function", Bell System Technical Journal 53(3), 1974,
/// <https://doi.org/10.1002/j.1538-7305.1974.tb02756.x>.
pub fn erlang_b(servers: u32, load: f64) -> f64 {
    (1..=servers).fold(1.0, |blocking, n| {
        load * blocking / (f64::from(n) + load * blocking)
    })
}

/// Probability that an arrival waits in an M/M/c queue (Erlang C): c·B/(c − a·(1 − B)); 1 when the
/// load is not below the number of servers.
pub fn erlang_c(servers: u32, load: f64) -> f64 {
    let count = f64::from(servers);
    if load >= count {
        return 1.0;
    }
    let blocking = erlang_b(servers, load);
    count * blocking / (count - load * (1.0 - blocking))
}

/// Load, in servers, of the `rank`-th of ordered servers (from 1), each of which takes what those
/// before it refuse: a·(Bᵣ₋₁ − Bᵣ). With `rank` provisioned instances, the last of them works this
/// share of the time, whatever the law of service. 0 for rank 0.
pub fn load_of_server(rank: u32, load: f64) -> f64 {
    let Some(before) = rank.checked_sub(1) else {
        return 0.0;
    };
    let blocking = erlang_b(before, load);
    load * (blocking - load * blocking / (f64::from(rank) + load * blocking))
}

/// The number of provisioned instances that costs least: the largest P whose last instance works at
/// least `break_even` of the time, [`load_of_server`] ≥ `break_even` (price of a provisioned hour
/// over what an hour of work saves on demand). Loads fall with rank. At most `most`.
pub fn provisioned_instances(load: f64, break_even: f64, most: u32) -> u32 {
    let mut blocking = 1.0;
    for rank in 1..=most {
        let next = load * blocking / (f64::from(rank) + load * blocking);
        if load * (blocking - next) < break_even {
            return rank - 1;
        }
        blocking = next;
    }
    most
}

/// Probability that an arrival is cold when services are short beside 1/λ and T: e^(−λT).
pub fn light_traffic(arrivals_per_second: f64, keep_alive_s: f64) -> f64 {
    libm::exp(-arrivals_per_second * keep_alive_s)
}

/// One instance that refuses arrivals while busy or starting.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SingleInstance {
    /// Probability that an accepted request is cold: e^(−λT), for any laws of service and init.
    pub cold: f64,
    /// Probability that a request is refused: λE/(1 + λE) with E = E S + e^(−λT)·E I.
    pub throttled: f64,
}

/// [`SingleInstance`] with services of mean `mean_service_s` and init of mean `mean_init_s`.
pub fn single_instance(
    arrivals_per_second: f64,
    mean_service_s: f64,
    mean_init_s: f64,
    keep_alive_s: f64,
) -> SingleInstance {
    let cold = light_traffic(arrivals_per_second, keep_alive_s);
    let offered = arrivals_per_second * (mean_service_s + cold * mean_init_s);
    SingleInstance {
        cold,
        throttled: offered / (1.0 + offered),
    }
}

/// Mean (s) and second moment (s²) of a span.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// The mean in seconds.
    pub mean_s: f64,
    /// The mean of the square in seconds squared.
    pub square_s2: f64,
}

/// One instance with a queue before it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SingleQueue {
    /// Probability that a request is cold.
    pub cold: f64,
    /// Probability that a request waits in the queue.
    pub waits: f64,
    /// Mean time in the queue in seconds, over all requests.
    pub mean_wait_s: f64,
}

/// M/G/1 whose first service after an idle spell takes longer, here by an init I with probability
/// q = e^(−λT): S₁ = S + I·Bernoulli(q). With ρ = λE S: P(idle) = (1 − ρ)/(1 − ρ + λE S₁), and
/// the mean wait is λE S²/(2(1 − ρ)) + λ(E S₁² − E S²)/(2(1 − ρ + λE S₁)). `None` unless ρ < 1.
/// Welch, "On a generalized M/G/1 queuing process in which the first customer of each busy period
/// receives exceptional service", Operations Research 12(5), 1964, <https://doi.org/10.1287/opre.12.5.736>.
pub fn single_queue(
    arrivals_per_second: f64,
    service: Moments,
    init: Moments,
    keep_alive_s: f64,
) -> Option<SingleQueue> {
    let lambda = arrivals_per_second;
    let spare = 1.0 - lambda * service.mean_s;
    if spare <= 0.0 {
        return None;
    }
    let q = light_traffic(lambda, keep_alive_s);
    // Init and service are independent, so E(S + I)² − E S² = 2·E S·E I + E I².
    let first_mean_s = service.mean_s + q * init.mean_s;
    let extra_square_s2 = q * (2.0 * service.mean_s * init.mean_s + init.square_s2);
    let cycle = spare + lambda * first_mean_s;
    let idle = spare / cycle;
    Some(SingleQueue {
        cold: idle * q,
        waits: 1.0 - idle,
        mean_wait_s: lambda * service.square_s2 / (2.0 * spare)
            + lambda * extra_square_s2 / (2.0 * cycle),
    })
}

#[cfg(test)]
mod tests;

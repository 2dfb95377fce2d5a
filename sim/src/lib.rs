//! The simulated platform: a scenario and a seed in, exact integer totals out.
//!
//! Functions that share nothing run apart and in parallel, each on the fastest kernel that its
//! settings allow; functions that would have met at a shared limit run again under one clock.
//!
//! ```text
//!                        ┌─ RequestStream: keyed random streams, in blocks ─┐
//! Scenario, seed ─► Job ─┤  (the same requests whatever the policy)         │
//!                        └──────────────────────┬───────────────────────────┘
//!                   one request an instance,    │    requests an instance, limits, queues,
//!                   most recent reuse,          │    reuse orders, provisioned instances,
//!                   limits not reached          │    records of every request
//!                          ┌────────────────────┴────────────────────┐
//!                    batch kernel ── a limit or timeout was met ──► event kernel
//!                   idle pool = last[n]                      one event after the other
//!                          └────────────────────┬────────────────────┘
//!                      never met at a shared limit? ── no ──► event kernel, all functions
//!                                               ▼
//!                         outcome::SimulationOutcome: totals and distributions
//! ```
//!
//! # Example
//!
//! ```
//! use frostline_models::{arrival::Arrivals, law::Law, queueing::gap::GapLaw};
//! use frostline_models::scenario::{Function, Scenario};
//! use frostline_models::units::{Rate, SimDuration};
//! use frostline_sim::{Kernels, Options, Unobserved, simulate};
//!
//! // Five requests a second that take a second each; instances are kept for ten minutes.
//! let arrivals = Arrivals::Poisson(Rate::per_second(5.0).ok_or("a rate")?);
//! let function = Function::new("f", arrivals, Law::exponential(SimDuration::from_secs(1))?);
//! let scenario = Scenario::new(vec![function], SimDuration::from_secs(500_000), 1);
//! let options = Options { seed: 1, kernels: Kernels::Fastest, observer: &Unobserved };
//! let outcome = simulate(&scenario, options)?;
//!
//! let counts = outcome.functions[0].replications[0].counts;
//! assert_eq!(counts.requests, counts.invocations);
//! let expected = 5.0 * 500_000.0 * GapLaw::unlimited(5.0, 1.0).ok_or("a load")?.cold_probability(600.0);
//! let colds = f64::from(u32::try_from(counts.cold_starts)?);
//! assert!((colds / expected - 1.0).abs() < 0.2, "{colds} cold starts, {expected} in theory");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Guarantees
//! * A result is a function of (scenario, seed): the same bits for any number of threads, in debug
//!   and release builds, on every platform. No I/O, no clock, no environment.
//! * Both kernels give the same bits where both apply, and agree request by request with a
//!   reference simulator that shares no code with them (`tests/it/brute.rs`).
//! * Time is integer nanoseconds and totals are integer sums. At one instant departures come before
//!   arrivals, and lower numbers first.
//! * Every request is counted once: `requests = invocations + throttles + dropped`.
//! * A change of policy shifts no draw: the duration and init of request i are functions of i, and a
//!   function's streams belong to its name.
//! * Memory grows with the requests under way, never with those that are over.
//!
//! # Limits
//! * A run is at most 73 years long, and one component (functions that meet) runs on one thread.
//! * No retries, hosts or shared memory: a refused request is gone.
//! * Automatic warm-up is exact for the unlimited pool of one request an instance, and a rule of
//!   thumb behind queues and limits.
mod batch;
mod cold;
mod event;
mod job;
mod limit;
mod meter;
mod plan;
mod progress;
mod run;
mod stream;

pub use frostline_stats::outcome;
pub use progress::{Cancelled, Observer, Unobserved};
pub use run::{Kernels, Options, simulate};

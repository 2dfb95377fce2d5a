//! The simulated platform: a scenario in, integer totals and distributions out.
//!
//! ```text
//!              ┌─► batch: windows of arrivals and departures, merged, replayed over last[n] ─┐
//!  stream ─────┤                                                                             ├─► outcome
//!  (requests)  └─► event: one event after the other, under one clock ────────────────────────┘
//!                          ▲
//!     run: functions apart first, together where shared limits could have met
//! ```
//!
//! # Example
//!
//! ```
//! use frostline_models::arrival::Arrivals;
//! use frostline_models::law::Law;
//! use frostline_models::scenario::{Function, Scenario};
//! use frostline_models::units::{Rate, SimDuration};
//! use frostline_sim::{Kernels, Options, Unobserved, simulate};
//!
//! let arrivals = Arrivals::Poisson(Rate::parse("3 /s")?);
//! let function = Function::new("checkout", arrivals, Law::Constant(SimDuration::from_millis(120)));
//! let scenario = Scenario::new(vec![function], SimDuration::parse("2 h")?, 2);
//!
//! let options = Options { seed: 1, kernels: Kernels::Fastest, observer: &Unobserved };
//! let outcome = simulate(&scenario, options).expect("nobody cancels");
//! let counts = &outcome.functions[0].replications[0].counts;
//! assert_eq!(counts.requests, counts.invocations);
//! assert!(counts.cold_starts < 10, "one instance and sometimes a second: {counts:?}");
//! # Ok::<(), frostline_models::units::QuantityError>(())
//! ```
//!
//! # Guarantees
//!
//! * A result is a function of (scenario, seed): the same bits for any number of threads.
//! * The kernels agree bit for bit where both apply.
//! * Memory does not grow with the number of invocations.
//! * At one nanosecond, departures come before arrivals, then lower ids.
//! * A change of policy shifts no draw: compared configurations meet the same requests.
//!
//! # Limits
//!
//! * The clock has nanoseconds; a duration takes at least one.
//! * An invocation cut off by its timeout ends its instance. (AWS Lambda resets the environment in
//!   place and runs init again inside the next invocation.)
//! * Functions under one clock run on one thread.
//! * Where an instance takes several requests at once, its busy time is billed when it becomes idle.

mod batch;
mod cold;
mod event;
mod job;
mod limit;
mod meter;
mod minutes;
mod plan;
mod progress;
pub mod provisioned;
mod run;
mod stream;
mod warm_up;

pub use frostline_stats::{outcome, timeline};
pub use progress::{Cancelled, Observer, Unobserved};
pub use run::{Kernels, Options, simulate, simulate_each, simulate_more, span_of};

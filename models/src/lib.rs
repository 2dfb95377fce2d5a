//! Vocabulary and mathematics of cold starts.
//!
//! One thing has one name, in code, files, tables and documents:
//!
//! | word | meaning |
//! |---|---|
//! | *invocation* | one request to a function that ran |
//! | *instance* | one execution environment (sandbox) |
//! | *cold start* | an invocation that had to wait for an instance to start |
//! | *init* | everything from asking for an instance until it can take a request, in phases |
//! | *warm* | served by an instance that was ready |
//! | *keep-alive* | how long an idle instance is kept |
//! | *provisioned concurrency* | instances kept started and paid for |
//! | *spillover* | an invocation that found all provisioned instances busy |
//! | *throttle* | a request refused for a limit |
//! | *scenario* | what is simulated |
//! | *trace* | recorded arrivals |
//! | *profile* | a calibrated init model |
//! | *replication* | the same scenario on other random streams |
//!
//! ```text
//!  scenario.toml ─► scenario_file ─► scenario ◄── preset, profile, price, trace
//!                    │ diagnostic      │
//!                    ▼                 ▼
//!               all mistakes      init · law · arrival · keepalive · units
//!                                      │
//!                      random, math ◄──┘        queueing: the exact answers
//! ```
//!
//! # Example
//!
//! ```
//! use frostline_models::scenario_file::{NoResources, ScenarioFile};
//!
//! let text = r#"
//!     [run]
//!     duration = "1 h"
//!     [[function]]
//!     name = "checkout"
//!     duration.exponential = { mean = "120 ms" }
//!     arrivals.poisson = { rate = "3 /s" }
//! "#;
//! let scenario = ScenarioFile::parse("shop.toml", text)
//!     .and_then(|file| file.resolve(&mut NoResources))
//!     .expect("the text is a valid scenario");
//! assert_eq!(scenario.functions[0].name, "checkout");
//!
//! let typo = ScenarioFile::parse("shop.toml", &text.replace("3 /s", "3 per s"))
//!     .and_then(|file| file.resolve(&mut NoResources))
//!     .expect_err("the rate has no unit that is known");
//! assert_eq!(typo.errors.len(), 1);
//! ```
//!
//! # Guarantees
//!
//! * A [`scenario::Scenario`] is valid by construction; the engine cannot fail on it.
//! * No clock, no environment, no I/O: files are read by whoever implements
//!   [`scenario_file::Resources`].
//! * The hot laws give the same bits on every machine and in every feature graph ([`math`]).
//!
//! # Limits
//!
//! * Prices and presets are those of AWS Lambda; prices are known for us-east-1 only.
//! * Init phases are independent of one another and of the load on a host.

pub mod arrival;
pub mod autoscaling;
pub mod diagnostic;
pub mod init;
pub mod invocation_log;
pub mod keepalive;
pub mod law;
pub mod math;
pub mod measurement;
pub mod metric;
pub mod packed;
pub mod preset;
pub mod price;
pub mod profile;
pub mod queueing;
pub mod random;
pub mod record;
mod runtime_table;
pub mod scenario;
pub mod scenario_file;
mod suggest;
pub mod trace;
pub mod units;

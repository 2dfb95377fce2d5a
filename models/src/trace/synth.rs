//! Synthetic traces after the published marginals of Azure Functions 2019.
//!
//! [`Synthesis::new`] decides what each function is: its app and owner, its trigger, how many
//! invocations it makes, when, for how long, and in how much memory. [`Tables`] prints it in the layout
//! of the released trace, one row at a time, so that memory holds one function's minutes and no more.
//!
//! ```text
//!  N functions ─► triggers (published shares) ─┬─► timers: periods ────────────► counts ─┐
//!  M invocations                               └─► others: log-normal rates,    exact    ├─► apps, owners
//!                                                  location solved for the sum ─► counts ─┘
//!  counts ─► minutes: even, sessions, steady or on and off, over the day and the week
//!         └► mean duration: log-normal, less for busy functions ─► percentiles; memory an app: Burr XII
//! ```
//!
//! * *Rates*: for each trigger min(cap, e^(μ+σz)), σ = 3.6, at least one invocation; z are normal
//!   quantiles of one random point in each of n equal parts of (0, 1), which keeps the shape for few
//!   functions; μ is solved so that the trigger makes its share of what the timers leave. The sum over
//!   all functions and days is M, exactly.
//! * *Durations*: the mean of a function is log-normal and correlated with its rate. Left alone, the
//!   product of the two would keep tens of thousands of invocations in flight in the busiest function;
//!   the mean is therefore cut at 200 in flight.
//!
//! Where it is wrong: the functions of an app have similar rates but are called independently of each
//! other; there are no chains of calls, no trends and no failures; the percentiles of durations are those of
//! single invocations, where the released trace has them of averages over 30 s; sample counts of memory
//! are rough. In the table of a day stand the functions that were invoked on it.
//!
//! ```
//! use frostline_models::trace::synth::{Recipe, Synthesis};
//!
//! let recipe = Recipe { functions: 20, invocations: 100_000, days: 1, seed: 1 };
//! let synthesis = Synthesis::new(recipe)?;
//! let mut printer = synthesis.printer();
//! let minutes: u64 = (0..20)
//!     .flat_map(|function| printer.cells(function).to_vec())
//!     .map(u64::from)
//!     .sum();
//! assert_eq!(minutes, 100_000);
//! # Ok::<(), frostline_models::trace::synth::RecipeError>(())
//! ```

use rand::Rng;
use rand::rngs::Xoshiro256PlusPlus;

use self::minutes::Minutes;
use self::published::{
    APP_SIZES, DURATION_LN_S, DURATION_SPREAD, IN_FLIGHT_MAX, LARGEST_OVER_MEAN, LONGEST_S,
    MEMORY_BURR, MEMORY_SPREAD, NEW_OWNER, RATE_SIGMA, RATE_WITH_DURATION, TIMER, TIMER_SHARE_MAX,
    TRIGGERS, WITHIN_APP,
};
use self::timers::Timer;
use super::MOST_FUNCTIONS;
use crate::math::{
    StandardNormal, below, count_to_f64, exp, index, ln, normal_quantile, open_unit, round_to_u64,
    slot, to_f64, unit, wide_index, word,
};
use crate::random::{Purpose, StreamKey};

mod minutes;
mod published;
mod rates;
mod tables;
mod timers;

pub use self::tables::{Printer, Tables};

/// The most days of a trace: file names have two digits.
pub const MOST_DAYS: u32 = 99;

/// The most invocations of a trace: a hundred days of the size of the real one. No minute of a function
/// can then exceed 32 bits.
pub const MOST_INVOCATIONS: u64 = 100_000_000_000;

/// Minutes of a day.
const MINUTES_A_DAY: u32 = 1440;

/// Seconds of a day.
const DAY_S: u64 = 86_400;

/// What a synthetic trace shall be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipe {
    /// Functions of the whole trace.
    pub functions: u64,
    /// Invocations of all functions over all days.
    pub invocations: u64,
    /// Days, a set of tables each.
    pub days: u32,
    /// Names the random streams.
    pub seed: u64,
}

/// Why a recipe gives no trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecipeError {
    /// No functions, or too many.
    #[error("{found} functions, expected 1 to {MOST_FUNCTIONS}")]
    Functions {
        /// How many were asked for.
        found: u64,
    },
    /// No days, or too many.
    #[error("{found} days, expected 1 to {MOST_DAYS}")]
    Days {
        /// How many were asked for.
        found: u32,
    },
    /// Fewer invocations than functions: every function of a trace is invoked.
    #[error("{found} invocations for {functions} functions, expected at least one each")]
    TooFewInvocations {
        /// How many were asked for.
        found: u64,
        /// Functions.
        functions: u64,
    },
    /// More than [`MOST_INVOCATIONS`].
    #[error("{found} invocations, expected at most {MOST_INVOCATIONS}")]
    TooManyInvocations {
        /// How many were asked for.
        found: u64,
    },
}

/// A synthetic trace, decided but not yet printed.
#[derive(Debug, Clone)]
pub struct Synthesis {
    recipe: Recipe,
    streams: Streams,
    functions: Vec<Function>,
    apps: Vec<App>,
}

/// What is decided about a function.
#[derive(Debug, Clone, Copy)]
struct Function {
    trigger: usize,
    /// Invocations over all days; at least one.
    count: u64,
    calls: Calls,
    app: u32,
    /// Mean duration in ms.
    mean_ms: f64,
    /// σ of the log-normal law of its durations.
    spread: f64,
}

/// When a function is called.
#[derive(Debug, Clone, Copy)]
enum Calls {
    Timer(Timer),
    Minutes(Minutes),
}

/// An app: consecutive functions that share memory.
#[derive(Debug, Clone, Copy)]
struct App {
    owner: u32,
    functions: (u32, u32),
    /// Mean memory in MB.
    mean_mb: f64,
    /// σ of the log-normal law of its memory over time.
    spread: f64,
}

/// What a stream of random numbers is for.
#[derive(Debug, Clone, Copy)]
enum Draw {
    Order,
    Rate,
    Timer,
    Pattern,
    Minutes,
    Duration,
    App,
    Memory,
    OwnerName,
    AppName,
    FunctionName,
}

/// The random streams of a trace.
#[derive(Debug, Clone, Copy)]
struct Streams(StreamKey);

impl Streams {
    fn key(self, draw: Draw) -> StreamKey {
        let place = match draw {
            Draw::Order => 1,
            Draw::Rate => 2,
            Draw::Timer => 3,
            Draw::Pattern => 4,
            Draw::Minutes => 5,
            Draw::Duration => 6,
            Draw::App => 7,
            Draw::Memory => 8,
            Draw::OwnerName => 9,
            Draw::AppName => 10,
            Draw::FunctionName => 11,
        };
        self.0.at(place)
    }

    fn of(self, draw: Draw, entity: usize) -> Xoshiro256PlusPlus {
        self.key(draw).block(word(entity))
    }
}

impl Recipe {
    fn check(&self) -> Result<(), RecipeError> {
        if !(1..=word(MOST_FUNCTIONS)).contains(&self.functions) {
            return Err(RecipeError::Functions {
                found: self.functions,
            });
        }
        if !(1..=MOST_DAYS).contains(&self.days) {
            return Err(RecipeError::Days { found: self.days });
        }
        if self.invocations < self.functions {
            return Err(RecipeError::TooFewInvocations {
                found: self.invocations,
                functions: self.functions,
            });
        }
        if self.invocations > MOST_INVOCATIONS {
            return Err(RecipeError::TooManyInvocations {
                found: self.invocations,
            });
        }
        Ok(())
    }

    fn span_s(&self) -> u64 {
        u64::from(self.days) * DAY_S
    }
}

impl Synthesis {
    /// Decides a trace.
    ///
    /// # Errors
    /// [`RecipeError`] when the recipe exceeds the limits or names fewer invocations than functions.
    pub fn new(recipe: Recipe) -> Result<Self, RecipeError> {
        recipe.check()?;
        let streams = Streams(StreamKey::new(recipe.seed, 0, 0, Purpose::Synthesis));
        let (called, apps) = grouped(called(&recipe, streams), streams);
        let mut functions = Vec::with_capacity(called.len());
        let logarithm = |count: u64| ln(to_f64(count));
        let n = count_to_f64(called.len());
        let mean = called.iter().map(|call| logarithm(call.1)).sum::<f64>() / n;
        let variance = called
            .iter()
            .map(|call| (logarithm(call.1) - mean) * (logarithm(call.1) - mean))
            .sum::<f64>()
            / n;
        let sigma = libm::sqrt(variance).max(1e-9);
        for (place, (trigger, count, timer)) in called.into_iter().enumerate() {
            let per_minute = to_f64(count) / (to_f64(recipe.span_s()) / 60.0);
            let calls = timer.map_or_else(
                || {
                    Calls::Minutes(Minutes::draw(
                        per_minute,
                        &mut streams.of(Draw::Pattern, place),
                    ))
                },
                Calls::Timer,
            );
            let z = (logarithm(count) - mean) / sigma;
            let (mean_ms, spread) =
                duration(z, per_minute / 60.0, &mut streams.of(Draw::Duration, place));
            functions.push(Function {
                trigger,
                count,
                calls,
                app: slot(apps.partition_point(|app| index(app.functions.1) <= place)),
                mean_ms,
                spread,
            });
        }
        Ok(Self {
            recipe,
            streams,
            functions,
            apps,
        })
    }

    /// The recipe.
    pub fn recipe(&self) -> Recipe {
        self.recipe
    }

    /// Prints the tables, function after function.
    pub fn printer(&self) -> Printer<'_> {
        Printer::new(self)
    }
}

/// Trigger, count and timer of a function.
type Called = (usize, u64, Option<Timer>);

/// What each function is called by and how often, in the order of triggers.
fn called(recipe: &Recipe, streams: Streams) -> Vec<Called> {
    let shares = TRIGGERS.map(|trigger| trigger.functions);
    let sizes = rates::apportion(recipe.functions, &shares);
    let timers = timers_of(recipe, sizes[TIMER], streams);
    let by_timers: u64 = timers
        .iter()
        .map(|timer| timer.count(recipe.span_s()))
        .sum();
    let others = recipe.functions - sizes[TIMER];
    // One for each function, the rest by the published shares.
    let rest = recipe.invocations - by_timers - others;
    let mut shares = TRIGGERS.map(|trigger| trigger.invocations);
    for (place, size) in sizes.iter().enumerate() {
        if *size == 0 || place == TIMER {
            shares[place] = 0.0;
        }
    }
    let totals = rates::apportion(rest, &shares);
    let cap = LARGEST_OVER_MEAN * to_f64(recipe.invocations) / to_f64(recipe.functions);
    let mut called = Vec::with_capacity(wide_index(recipe.functions));
    for (trigger, size) in sizes.iter().enumerate() {
        if trigger == TIMER {
            let timed = timers
                .iter()
                .map(|timer| (trigger, timer.count(recipe.span_s()), Some(*timer)));
            called.extend(timed);
            continue;
        }
        let mut rng = streams.of(Draw::Rate, trigger);
        let normals: Vec<f64> = strata(*size, &mut rng).map(normal_quantile).collect();
        let counts = rates::counts(totals[trigger] + size, &normals, RATE_SIGMA, cap);
        called.extend(counts.into_iter().map(|count| (trigger, count, None)));
    }
    called
}

/// The timers, slowed by the smallest factor with which they keep to their share.
fn timers_of(recipe: &Recipe, size: u64, streams: Streams) -> Vec<Timer> {
    let share = round_to_u64(TIMER_SHARE_MAX * to_f64(recipe.invocations)).max(size);
    let most = share.min(recipe.invocations - (recipe.functions - size));
    let places: Vec<f64> = strata(size, &mut streams.of(Draw::Rate, TIMER)).collect();
    let slowed = |slower: f64| -> Vec<Timer> {
        places
            .iter()
            .enumerate()
            .map(|(place, at)| {
                let mut rng = streams.of(Draw::Timer, place);
                Timer::new(*at, slower, recipe.span_s(), &mut rng)
            })
            .collect()
    };
    let fits = |timers: &[Timer]| {
        let sum: u64 = timers
            .iter()
            .map(|timer| timer.count(recipe.span_s()))
            .sum();
        sum <= most
    };
    let timers = slowed(1.0);
    if fits(&timers) {
        return timers;
    }
    // With a period of the whole span and more a timer fires once.
    let (mut low, mut high) = (0.0, ln(2.0 * to_f64(recipe.span_s())));
    for _ in 0..40 {
        let middle = f64::midpoint(low, high);
        if fits(&slowed(exp(middle))) {
            high = middle;
        } else {
            low = middle;
        }
    }
    slowed(exp(high))
}

/// One uniform point in each of `size` equal parts of (0, 1), ascending.
fn strata<R: Rng>(size: u64, rng: &mut R) -> impl Iterator<Item = f64> {
    (0..size).map(move |part| (to_f64(part) + open_unit(rng.next_u64())) / to_f64(size))
}

/// Groups functions into apps, those of similar rates together, and brings the apps into random order.
fn grouped(called: Vec<Called>, streams: Streams) -> (Vec<Called>, Vec<App>) {
    let normal = StandardNormal::default();
    let mut rng = streams.of(Draw::Order, 0);
    let own = libm::sqrt(1.0 - WITHIN_APP * WITHIN_APP) * RATE_SIGMA;
    let mut keyed: Vec<(f64, Called)> = called
        .into_iter()
        .map(|call| {
            (
                WITHIN_APP * ln(to_f64(call.1)) + own * normal.draw(&mut rng),
                call,
            )
        })
        .collect();
    keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut groups = Vec::new();
    let mut left = keyed.as_slice();
    while !left.is_empty() {
        let size = app_size(&mut streams.of(Draw::App, groups.len()));
        let (group, rest) = left.split_at(index(size).min(left.len()));
        groups.push(group);
        left = rest;
    }
    let mut rng = streams.of(Draw::Order, 1);
    for last in (1..groups.len()).rev() {
        let other = wide_index(below(rng.next_u64(), word(last + 1)));
        groups.swap(last, other);
    }
    let mut apps = Vec::with_capacity(groups.len());
    let mut called = Vec::with_capacity(keyed.len());
    let mut owner = 0;
    for group in groups {
        let mut rng = streams.of(Draw::Memory, apps.len());
        if !apps.is_empty() && unit(rng.next_u64()) < NEW_OWNER {
            owner += 1;
        }
        let from = slot(called.len());
        called.extend(group.iter().map(|function| function.1));
        apps.push(App {
            owner,
            functions: (from, slot(called.len())),
            mean_mb: burr(open_unit(rng.next_u64())),
            spread: log_uniform(MEMORY_SPREAD, &mut rng),
        });
    }
    (called, apps)
}

/// How many functions an app has: by the published shares, and log-uniform inside a class.
fn app_size<R: Rng>(rng: &mut R) -> u32 {
    let mut left = unit(rng.next_u64());
    for (smallest, largest, share) in APP_SIZES {
        if left < share {
            let ends = (f64::from(smallest), f64::from(largest) + 1.0);
            let size = round_to_u64(libm::floor(log_uniform(ends, rng)));
            return u32::try_from(size)
                .unwrap_or(largest)
                .clamp(smallest, largest);
        }
        left -= share;
    }
    1
}

/// The quantile of the Burr XII law: λ·((1−p)^(−1/k) − 1)^(1/c).
fn burr(probability: f64) -> f64 {
    let (c, k, scale) = MEMORY_BURR;
    let inner = exp(-ln(1.0 - probability) / k) - 1.0;
    scale * exp(ln(inner.max(1e-300)) / c)
}

/// Mean in ms and spread of a function whose log-rate lies `z` standard deviations from the mean.
fn duration<R: Rng>(z: f64, per_second: f64, rng: &mut R) -> (f64, f64) {
    let normal = StandardNormal::default();
    let (mean, sigma) = DURATION_LN_S;
    let own = libm::sqrt(1.0 - RATE_WITH_DURATION * RATE_WITH_DURATION);
    let z = RATE_WITH_DURATION * z + own * normal.draw(rng);
    let longest = LONGEST_S.0.min(IN_FLIGHT_MAX / per_second);
    let mean_s = exp(mean + sigma * z).min(longest);
    let (median, sigma, least, most) = DURATION_SPREAD;
    let spread = median * exp(sigma * normal.draw(rng));
    (1e3 * mean_s, spread.clamp(least, most))
}

/// A number between two positive ones, its logarithm uniform.
fn log_uniform<R: Rng>((low, high): (f64, f64), rng: &mut R) -> f64 {
    low * exp(ln(high / low) * unit(rng.next_u64()))
}

//! What is published about Azure Functions in July 2019, and what had to be chosen beside it.
//!
//! Unless a constant says otherwise its source is M. Shahrad et al., "Serverless in the Wild", USENIX
//! ATC 2020 (<https://www.usenix.org/conference/atc20/presentation/shahrad>), read 2026-11-24; the
//! section or figure is named. *Certain* means that the number stands in the paper's text; *sample*
//! that it was measured on the sample of 500 functions of the released trace (480 minutes, CC-BY-4.0);
//! *chosen* that it is our assumption.

/// A kind of trigger: its name in the trace, its share of functions and of invocations.
pub(super) struct Trigger {
    pub(super) name: &'static str,
    pub(super) functions: f64,
    pub(super) invocations: f64,
}

/// Figure 2. Certain for event, queue and timer; HTTP and orchestration are known to the percent; the
/// split of what remains between storage and others is from memory of the figure.
pub(super) const TRIGGERS: [Trigger; 7] = [
    Trigger {
        name: "http",
        functions: 0.550,
        invocations: 0.359,
    },
    Trigger {
        name: "queue",
        functions: 0.152,
        invocations: 0.335,
    },
    Trigger {
        name: "event",
        functions: 0.022,
        invocations: 0.247,
    },
    Trigger {
        name: "orchestration",
        functions: 0.069,
        invocations: 0.023,
    },
    Trigger {
        name: "timer",
        functions: 0.156,
        invocations: 0.020,
    },
    Trigger {
        name: "storage",
        functions: 0.028,
        invocations: 0.007,
    },
    Trigger {
        name: "others",
        functions: 0.022,
        invocations: 0.010,
    },
];

/// The place of timers among [`TRIGGERS`].
pub(super) const TIMER: usize = 4;

/// Standard deviation of the natural logarithm of a function's rate. Chosen so that the published
/// figures on apps come near at the trace's own size, 20,000 invocations a function and day, where 41 %
/// of the functions are then called at most once an hour and 84 % at most once a minute. Rates span 7
/// orders of magnitude in a day and 8 in two weeks (section 3.3: more than 8, certain).
pub(super) const RATE_SIGMA: f64 = 3.6;

/// The largest rate as a multiple of the mean one. Sample: 315 (a function with 63 % of all
/// invocations); 500 makes the largest of 50,000 functions with 10⁹ invocations 10⁷ a day.
pub(super) const LARGEST_OVER_MEAN: f64 = 500.0;

/// Periods of timers in seconds and their weights. 95 % fire at most once a minute (section 3.2,
/// certain); the shares among the periods are those of the sample's 247 timers, rounded.
pub(super) const TIMER_PERIODS: [(f64, f64); 18] = [
    (86_400.0, 13.0),
    (14_400.0, 1.0),
    (7_200.0, 1.5),
    (3_600.0, 12.0),
    (1_800.0, 3.5),
    (1_200.0, 1.5),
    (900.0, 8.0),
    (600.0, 8.0),
    (300.0, 24.0),
    (240.0, 3.0),
    (180.0, 4.5),
    (120.0, 4.0),
    (60.0, 11.0),
    (30.0, 2.5),
    (20.0, 0.5),
    (10.0, 1.2),
    (5.0, 0.6),
    (1.0, 0.2),
];

/// Timers make at most this share of all invocations; where their periods would give more, all are
/// slowed by one factor. Published: 2 %, sample: 3.5 %; the bound is chosen.
pub(super) const TIMER_SHARE_MAX: f64 = 0.1;

/// Share of timers that fire at second 0 of a minute; the others have any second. Chosen after the
/// sample, where about half of the timers now and then fall into the minute before or after.
pub(super) const TIMER_ON_THE_MINUTE: f64 = 0.5;

/// A timer fires up to this long after it is due, in seconds. Chosen as above.
pub(super) const TIMER_LAG_S: f64 = 20.0;

/// Share of functions that follow people's day. With [`AMPLITUDES`] and [`PEAK_MINUTE`] the platform's
/// trough comes to about half of its peak, the "constant baseline of roughly 50 %" of section 3.3. The
/// share, the range and the hour are chosen.
pub(super) const FOLLOWS_THE_DAY: f64 = 2.0 / 3.0;

/// Relative amplitude of the day's cosine of such a function: uniform in this range.
pub(super) const AMPLITUDES: (f64, f64) = (0.3, 0.9);

/// The minute of the day (UTC) of the highest rate, and the standard deviation between functions.
pub(super) const PEAK_MINUTE: (f64, f64) = (900.0, 120.0);

/// What such a function makes on days 6 and 7 of the week, relative to the others. The weekly pattern
/// is published (figure 4) without a number; the recording began on a Monday, 15 July 2019.
pub(super) const WEEKEND: f64 = 0.7;

/// Natural logarithm of a function's mean duration in seconds: mean and standard deviation of a normal
/// law (figure 7, certain).
pub(super) const DURATION_LN_S: (f64, f64) = (-0.38, 2.36);

/// Correlation of the logarithms of rate and mean duration: busy functions are short. Sample: −0.32.
pub(super) const RATE_WITH_DURATION: f64 = -0.32;

/// A function's mean number of invocations in flight is at most this: its mean duration is cut where
/// rate × duration would exceed it. Sample: 13 at the most; the bound is chosen.
pub(super) const IN_FLIGHT_MAX: f64 = 200.0;

/// Longest mean and longest single duration in seconds: the default and the largest timeout of the
/// consumption plan (learn.microsoft.com, "Azure Functions scale and hosting", from memory).
pub(super) const LONGEST_S: (f64, f64) = (300.0, 600.0);

/// Spread of a function's durations: σ of a log-normal law, itself log-normal with this median and σ,
/// held between the last two. Sample: a median of 0.53 for ln(p75/p25), which is 1.35 σ, and of 1.41
/// for ln(p99/p50), which is 2.33 σ.
pub(super) const DURATION_SPREAD: (f64, f64, f64, f64) = (0.5, 0.9, 0.02, 2.2);

/// Mean memory of an app in MB: Burr XII with shapes c and k and scale λ (figure 8, certain).
pub(super) const MEMORY_BURR: (f64, f64, f64) = (11.652, 0.221, 107.083);

/// Spread of an app's memory over time: σ of a log-normal law, log-uniform in this range. Chosen so
/// that maxima come near the published ones: half of the apps below 170 MB, 90 % below 400 MB.
pub(super) const MEMORY_SPREAD: (f64, f64) = (0.03, 0.2);

/// Functions of an app: (smallest, largest, share). 54 % have one, 95 % at most 10, 0.04 % more than
/// 100 (section 3.1, certain); the shares between are read off figure 1 by M. Shilkov,
/// <https://mikhail.io/2020/05/serverless-in-the-wild-azure-functions-usage-stats/>, read 2026-11-24.
/// "In excess of 2,000" is cut at 400.
pub(super) const APP_SIZES: [(u32, u32, f64); 7] = [
    (1, 1, 0.54),
    (2, 2, 0.16),
    (3, 3, 0.10),
    (4, 5, 0.08),
    (6, 10, 0.07),
    (11, 100, 0.0496),
    (101, 400, 0.0004),
];

/// How alike the rates of an app's functions are: functions are put into apps in the order of
/// w·ln(rate) + √(1−w²)·σ·noise with this w. Chosen to come near the published apps (section 3.3,
/// certain): 45 % are called at most once an hour (33 % here, at the trace's own size), 81 % at most
/// once a minute (77 %), and the busiest 18.6 % make 99.6 % of all invocations (99.7 %).
pub(super) const WITHIN_APP: f64 = 0.95;

/// Share of apps that begin a new owner; the others belong to the owner of the app before. Chosen: the
/// number of owners is not published.
pub(super) const NEW_OWNER: f64 = 0.6;

/// Share of functions other than timers that are called at even intervals, by machines. Chosen after
/// the sample, where a quarter of them have inter-arrival times with a CV below 0.4.
pub(super) const REGULAR: f64 = 0.25;

/// Share of seldom called functions (below two a minute) whose requests come one by one; the others'
/// come in sessions. Chosen, like the next two, so that the CV of inter-arrival times resembles the
/// sample's; 40 % of the apps have one above 1 (section 3.4, certain).
pub(super) const ONE_BY_ONE: f64 = 0.35;

/// Mean requests of a session, log-uniform in this range.
pub(super) const SESSION_SIZE: (f64, f64) = (2.0, 30.0);

/// Mean time between the requests of a session in minutes, log-uniform in this range.
pub(super) const SESSION_GAP_MINUTES: (f64, f64) = (0.05, 3.0);

/// Share of the other functions that come and go, with fewer and with more than ten requests a minute.
/// Sample: the CV of counts a minute exceeds 0.7 for three quarters and for a sixth of them.
pub(super) const COMES_AND_GOES: (f64, f64) = (0.6, 0.2);

/// Share of minutes in which such a function is on, log-uniform in this range.
pub(super) const ON_SHARE: (f64, f64) = (0.05, 0.8);

/// Mean minutes for which it stays on. Chosen.
pub(super) const ON_MINUTES: f64 = 20.0;

/// What it makes while off, relative to on. Chosen.
pub(super) const OFF_LEVEL: f64 = 0.02;

/// CV of a steady function's rate from minute to minute, log-uniform in this range. Sample: 0.02 to 0.43
/// between the first and the third quartile of the functions with more than ten requests a minute.
pub(super) const NOISE: (f64, f64) = (0.02, 0.4);

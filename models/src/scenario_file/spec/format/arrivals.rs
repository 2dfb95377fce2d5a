//! The arrival processes.

use super::super::Kind::{
    Choice, Count, Date, Duration, List, Pair, PositiveDuration, Rate, Share, Table, Text,
};
use super::super::{TableSpec, alternative, optional, required};
use super::LAW_KIND;

/// Arrival processes.
pub(super) static ARRIVALS: TableSpec = TableSpec {
    name: "arrivals",
    doc: "When requests come.",
    example: "arrivals.poisson = { rate = \"3 /s\" }",
    keys: &[
        alternative(
            "poisson",
            &Table(&POISSON),
            "A Poisson process with a constant rate.",
        ),
        alternative(
            "renewal",
            &LAW_KIND,
            "Independent times between requests, all of one law.",
        ),
        alternative(
            "piecewise",
            &Table(&PIECEWISE),
            "A Poisson process whose rate is a step or a polygon, repeated with a period.",
        ),
        alternative(
            "sinusoidal",
            &Table(&SINUSOIDAL),
            "A Poisson process whose rate is a sine: mean · (1 + amplitude · cos(2π (t − peak)/period)).",
        ),
        alternative(
            "mmpp",
            &Table(&MMPP),
            "A Markov-modulated Poisson process: exponential stays in states that each have a rate, in a circle.",
        ),
        alternative(
            "bursts",
            &Table(&BURSTS),
            "A Poisson process of bursts over a Poisson background.",
        ),
        alternative(
            "schedule",
            &Table(&SCHEDULE),
            "Known instants: a cron expression or a fixed interval.",
        ),
    ],
};

static POISSON: TableSpec = TableSpec {
    name: "poisson",
    doc: "A Poisson process.",
    example: "poisson = { rate = \"3 /s\" }",
    keys: &[required("rate", &Rate, "Requests per time.")],
};

static PIECEWISE: TableSpec = TableSpec {
    name: "piecewise",
    doc: "A rate by the time of the period.",
    example: "piecewise = { period = \"24 h\", rates = [[\"0 h\", \"1 /s\"], [\"8 h\", \"5 /s\"]] }",
    keys: &[
        required(
            "period",
            &PositiveDuration,
            "After this time the points start over.",
        ),
        optional(
            "interpolation",
            &Choice(&["step", "linear"]),
            "\"step\", the default: a rate holds until the next point; \"linear\": a straight line to it.",
        ),
        required(
            "rates",
            &List(&Pair(&Duration, &Rate), 10_000),
            "Points [time, rate], rising in time from zero.",
        ),
    ],
};

static SINUSOIDAL: TableSpec = TableSpec {
    name: "sinusoidal",
    doc: "A rate that is a sine.",
    example: "sinusoidal = { mean = \"5 /s\", amplitude = 0.8, period = \"24 h\", peak = \"15 h\" }",
    keys: &[
        required("mean", &Rate, "The mean rate."),
        required("amplitude", &Share, "Amplitude relative to the mean."),
        required("period", &PositiveDuration, "One cycle."),
        optional(
            "peak",
            &Duration,
            "When in the cycle the rate is highest; at its start by default.",
        ),
    ],
};

static MMPP: TableSpec = TableSpec {
    name: "mmpp",
    doc: "A Markov-modulated Poisson process.",
    example: "mmpp = { states = [{ rate = \"1 /s\", stay = \"10 min\" }, { rate = \"20 /s\", stay = \"1 min\" }] }",
    keys: &[required(
        "states",
        &List(&Table(&MMPP_STATE), 1000),
        "The states, at least two; the run starts in the first.",
    )],
};

static MMPP_STATE: TableSpec = TableSpec {
    name: "mmpp-state",
    doc: "A state of a Markov-modulated Poisson process.",
    example: "{ rate = \"1 /s\", stay = \"10 min\" }",
    keys: &[
        required("rate", &Rate, "Requests per time in this state."),
        required("stay", &PositiveDuration, "Mean of the exponential stay."),
    ],
};

static BURSTS: TableSpec = TableSpec {
    name: "bursts",
    doc: "A Poisson process of bursts.",
    example: "bursts = { rate = \"6 /h\", size = 50, within = \"2 s\" }",
    keys: &[
        required("rate", &Rate, "Bursts per time."),
        required("size", &Count(1, 1_000_000), "Requests in a burst."),
        required(
            "within",
            &Duration,
            "The span over which a burst's requests fall, uniformly.",
        ),
        optional(
            "background",
            &Rate,
            "Rate of the single requests between bursts; none by default.",
        ),
    ],
};

static SCHEDULE: TableSpec = TableSpec {
    name: "schedule",
    doc: "Known instants.",
    example: "schedule = { cron = \"*/5 * * * *\" }",
    keys: &[
        alternative(
            "cron",
            &Text,
            "A cron expression of five fields, or six with seconds in front.",
        ),
        alternative(
            "every",
            &PositiveDuration,
            "A fixed interval; the first request comes after one.",
        ),
        optional(
            "time-zone",
            &Text,
            "The IANA time zone of the cron expression; \"UTC\" by default.",
        ),
        optional(
            "start",
            &Date,
            "The day at whose midnight the run starts; 2026-01-05, a Monday, by default.",
        ),
    ],
};

//! The laws of durations.

use super::super::Kind::{Duration, List, Pair, Share, Table};
use super::super::{Kind, TableSpec, alternative, optional, required};

static SHAPE: Kind = Kind::Number(0.01, 1000.0);

/// Laws of durations.
pub(super) static LAW: TableSpec = TableSpec {
    name: "law",
    doc: "A law of durations.",
    example: "constant = \"1 s\"",
    keys: &[
        alternative("constant", &Duration, "Always the same."),
        alternative("exponential", &Table(&EXPONENTIAL), "Exponential."),
        alternative("uniform", &Table(&UNIFORM), "Uniform between the two."),
        alternative(
            "log-normal",
            &Table(&LOG_NORMAL),
            "Log-normal, by median and 99th percentile or by mean and standard deviation.",
        ),
        alternative("gamma", &Table(&GAMMA), "Gamma."),
        alternative(
            "weibull",
            &Table(&WEIBULL),
            "Weibull: P(T > t) = exp(−(t/scale)^shape).",
        ),
        alternative(
            "pareto",
            &Table(&PARETO),
            "Pareto: P(T > t) = (minimum/t)^shape.",
        ),
        alternative(
            "empirical",
            &Table(&EMPIRICAL),
            "A table of quantiles, linear between its points.",
        ),
        alternative(
            "mixture",
            &List(&Table(&PART), 10_000),
            "A weighted choice among laws.",
        ),
    ],
};

static EXPONENTIAL: TableSpec = TableSpec {
    name: "exponential",
    doc: "An exponential law.",
    example: "exponential = { mean = \"2 s\" }",
    keys: &[required("mean", &Duration, "The mean.")],
};

pub(super) static UNIFORM: TableSpec = TableSpec {
    name: "uniform",
    doc: "Between the two.",
    example: "uniform = { low = \"5 min\", high = \"7 min\" }",
    keys: &[
        required("low", &Duration, "The lower end."),
        required("high", &Duration, "The upper end."),
    ],
};

static LOG_NORMAL: TableSpec = TableSpec {
    name: "log-normal",
    doc: "A log-normal law: { median, p99 } or { mean, standard-deviation }.",
    example: "log-normal = { median = \"120 ms\", p99 = \"900 ms\" }",
    keys: &[
        optional("median", &Duration, "The median."),
        optional("p99", &Duration, "The 99th percentile."),
        optional("mean", &Duration, "The mean."),
        optional("standard-deviation", &Duration, "The standard deviation."),
    ],
};

static GAMMA: TableSpec = TableSpec {
    name: "gamma",
    doc: "A gamma law.",
    example: "gamma = { shape = 2.0, mean = \"100 ms\" }",
    keys: &[
        required("shape", &SHAPE, "The shape."),
        required("mean", &Duration, "The mean."),
    ],
};

static WEIBULL: TableSpec = TableSpec {
    name: "weibull",
    doc: "A Weibull law.",
    example: "weibull = { shape = 0.8, scale = \"100 ms\" }",
    keys: &[
        required("shape", &SHAPE, "The shape."),
        required("scale", &Duration, "The scale."),
    ],
};

static PARETO: TableSpec = TableSpec {
    name: "pareto",
    doc: "A Pareto law (type I).",
    example: "pareto = { shape = 2.5, minimum = \"50 ms\" }",
    keys: &[
        required(
            "shape",
            &SHAPE,
            "The shape; the mean is infinite at 1 and below.",
        ),
        required("minimum", &Duration, "The smallest value."),
    ],
};

static EMPIRICAL: TableSpec = TableSpec {
    name: "empirical",
    doc: "A table of quantiles.",
    example: "empirical = { quantiles = [[0.5, \"120 ms\"], [0.99, \"900 ms\"]] }",
    keys: &[required(
        "quantiles",
        &List(&Pair(&Share, &Duration), 10_000),
        "Points [probability, value], rising.",
    )],
};

static PART: TableSpec = TableSpec {
    name: "mixture-part",
    doc: "A part of a mixture: its weight and its law.",
    example: "{ weight = 0.9, constant = \"1 s\" }",
    keys: &[
        required(
            "weight",
            &Kind::Number(1e-12, 1e12),
            "The weight; weights need not sum to 1.",
        ),
        alternative("constant", &Duration, "Always the same."),
        alternative("exponential", &Table(&EXPONENTIAL), "Exponential."),
        alternative("uniform", &Table(&UNIFORM), "Uniform between the two."),
        alternative("log-normal", &Table(&LOG_NORMAL), "Log-normal."),
        alternative("gamma", &Table(&GAMMA), "Gamma."),
        alternative("weibull", &Table(&WEIBULL), "Weibull."),
        alternative("pareto", &Table(&PARETO), "Pareto."),
        alternative("empirical", &Table(&EMPIRICAL), "A table of quantiles."),
        alternative(
            "mixture",
            &List(&Table(&PART), 10_000),
            "A weighted choice among laws.",
        ),
    ],
};

//! Length, replications, warm-up and precision.

use super::super::Kind::{Count, Duration, List, OrWords, PositiveDuration, Share, Table, Text};
use super::super::{TableSpec, optional, required};

pub(super) static RUN: TableSpec = TableSpec {
    name: "run",
    doc: "Length, replications and warm-up.",
    example: "run.duration = \"24 h\"",
    keys: &[
        optional(
            "duration",
            &PositiveDuration,
            "The simulated span. Required, unless a trace gives its length.",
        ),
        optional(
            "replications",
            &Count(1, 100_000),
            "Independent repetitions with other random streams; 10 by default, 1 for a trace.",
        ),
        optional(
            "warm-up",
            &OrWords(&["auto", "none", "previous-day"], &Duration),
            "What is left out of the estimates at the start: \"auto\" (keep-alive, longest service and longest init where the pool is memoryless, what MSER-5 finds elsewhere), a duration, or \"none\", the default for a trace. With \"previous-day\" the trace's last day (all of a shorter one) is played once before it, uncounted, so that the pool is not empty at the start.",
        ),
        optional(
            "precision",
            &Table(&PRECISION),
            "Replications are added until the estimates are this precise.",
        ),
    ],
};

static PRECISION: TableSpec = TableSpec {
    name: "precision",
    doc: "Replications are added until every named estimate has a half width of at most this share of its true value, all of them together with 95 % confidence.",
    example: "run.precision = { relative = \"5 %\" }",
    keys: &[
        required(
            "relative",
            &Share,
            "Half width of the interval over the true value, more than 0 and less than 1.",
        ),
        optional(
            "metrics",
            &List(&Text, 20),
            "Paths of the JSON output, of all functions together; [\"cold_ratio\", \"latency_ms.mean\", \"latency_ms.p99\", \"cost_usd.total\"] by default.",
        ),
        optional(
            "max-replications",
            &Count(2, 100_000),
            "Where it ends if they are not; 1000 by default.",
        ),
    ],
};

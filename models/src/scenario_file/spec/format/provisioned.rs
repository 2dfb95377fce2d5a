//! Provisioned concurrency: fixed, scheduled, or following utilisation.

use super::super::Kind::{Choice, Count, Date, Duration, List, Share, Table, Text};
use super::super::{TableSpec, alternative, optional, required};

pub(super) static PROVISIONED: TableSpec = TableSpec {
    name: "provisioned",
    doc: "Provisioned concurrency.",
    example: "provisioned.fixed = 5",
    keys: &[
        alternative(
            "fixed",
            &Count(0, 1_000_000),
            "Instances kept started; `provisioned = 5` is short for it.",
        ),
        alternative(
            "schedule",
            &Table(&PROVISIONED_SCHEDULE),
            "A number that changes at known times.",
        ),
        alternative(
            "target-tracking",
            &Table(&TARGET_TRACKING),
            "A number that follows utilisation, as Application Auto Scaling does it.",
        ),
        optional(
            "allocate",
            &Choice(&["before", "at-start"]),
            "\"before\", the default: they are there when the run starts; \"at-start\": they are asked for then.",
        ),
    ],
};

static PROVISIONED_SCHEDULE: TableSpec = TableSpec {
    name: "provisioned-schedule",
    doc: "Provisioned concurrency at known times.",
    example: "schedule = { initial = 2, actions = [{ cron = \"0 8 * * 1-5\", time-zone = \"Europe/Berlin\", capacity = 20 }] }",
    keys: &[
        optional(
            "initial",
            &Count(0, 1_000_000),
            "Instances before the first action; none by default.",
        ),
        required(
            "actions",
            &List(&Table(&SCALING_ACTION), 1_000),
            "What changes when.",
        ),
    ],
};

static SCALING_ACTION: TableSpec = TableSpec {
    name: "scaling-action",
    doc: "A scheduled action.",
    example: "{ cron = \"0 8 * * 1-5\", time-zone = \"Europe/Berlin\", capacity = 20 }",
    keys: &[
        required(
            "cron",
            &Text,
            "A cron expression of five fields, or six with seconds in front.",
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
        optional(
            "capacity",
            &Count(0, 1_000_000),
            "Short for `min` and `max` of the same.",
        ),
        optional(
            "min",
            &Count(0, 1_000_000),
            "Instances at the least from then on.",
        ),
        optional(
            "max",
            &Count(0, 1_000_000),
            "Instances at the most from then on.",
        ),
    ],
};

static TARGET_TRACKING: TableSpec = TableSpec {
    name: "target-tracking",
    doc: "Provisioned concurrency that follows its utilisation.",
    example: "target-tracking = { min = 2, max = 50, utilisation = \"70 %\" }",
    keys: &[
        required(
            "min",
            &Count(0, 1_000_000),
            "Instances at the least, and at the start.",
        ),
        required("max", &Count(0, 1_000_000), "Instances at the most."),
        optional(
            "utilisation",
            &Share,
            "The utilisation to keep, 10 to 90 %; 70 % by default.",
        ),
        optional(
            "high-points",
            &Count(1, 1_000),
            "Minutes above it in a row before more are asked for; 3 by default.",
        ),
        optional(
            "low-points",
            &Count(1, 1_000),
            "Minutes below 0.9 times it in a row before some are given up; 3 by default, 15 in other services of AWS.",
        ),
        optional(
            "scale-out-cooldown",
            &Duration,
            "No more are asked for within this time; none by default.",
        ),
        optional(
            "scale-in-cooldown",
            &Duration,
            "None are given up within this time; none by default.",
        ),
        optional(
            "step-in",
            &Share,
            "The largest part that is given up at once; 10 % by default.",
        ),
        optional(
            "actions",
            &List(&Table(&SCALING_ACTION), 1_000),
            "Scheduled actions that change `min` and `max`.",
        ),
    ],
};

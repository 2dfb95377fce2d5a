//! What the harness adds to what it measures.

use std::ffi::OsString;

use frostline_models::math::{round_to_u64, slot, to_f64};
use frostline_models::measurement::{Overhead, TargetKind};
use frostline_stats::quantile::point_of;

use crate::clock;
use crate::host::Host;
use crate::target::{CommandTarget, Setting, Target, Until, Words};

/// Starts of a program that does nothing.
const STARTS: u32 = 15;

/// Readings of the clock in a row.
const READINGS: u32 = 1000;

/// Starts `true` again and again; `None` where there is no such program.
pub(super) fn measure(host: &Host) -> Option<Overhead> {
    let nothing = CommandTarget {
        command: Words {
            program: OsString::from("true"),
            ..Words::default()
        },
        until: Until::Exit,
        kind: TargetKind::Command,
    };
    let setting = Setting::default();
    let mut spawn = Vec::new();
    let mut notice = Vec::new();
    for _ in 0..STARTS {
        let Ok(mut instance) = nothing.start(host, &setting) else {
            break;
        };
        if instance.ready().is_ok() {
            let phases = instance.stop().phases;
            spawn.extend(phases.sandbox_ns.map(to_f64));
            notice.extend(phases.ready_ns.map(to_f64));
        }
    }
    let n = slot(spawn.len());
    Some(Overhead {
        spawn_ns: median(spawn)?,
        notice_ns: median(notice)?,
        clock_ns: clock_cost(),
        n,
    })
}

fn median(mut values: Vec<f64>) -> Option<u64> {
    values.sort_by(f64::total_cmp);
    point_of(&values, 0.5).map(round_to_u64)
}

fn clock_cost() -> u64 {
    let began = clock::now();
    for _ in 0..READINGS {
        std::hint::black_box(clock::now());
    }
    clock::since(began, clock::now()) / u64::from(READINGS)
}

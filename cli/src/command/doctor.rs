//! `frostline doctor`: what this machine can measure, and what a killed measurement left on it.

use std::fmt::Write;

use anyhow::Context;
use frostline_bench_harness::doctor::{Check, examine};
use frostline_bench_harness::{Host, HostOptions, cleanup};

use super::{Common, Format};
use crate::exit::{FINE, Failure};
use crate::output;

/// Tell what this machine can do for `measure`, and how to fix the rest.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  frostline doctor --clean")]
pub(crate) struct Doctor {
    /// Remove what killed measurements left: processes, control groups, temporary folders.
    #[arg(long)]
    clean: bool,
}

impl Doctor {
    pub(crate) fn run(self, common: &Common) -> Result<u8, Failure> {
        let temporary = std::env::temp_dir();
        if self.clean {
            let cleaned = cleanup::clean(&temporary).context("cannot clean up")?;
            let (processes, groups, folders) = (cleaned.processes, cleaned.groups, cleaned.folders);
            return finish(
                common,
                &match common.format {
                    Format::Text => format!(
                        "removed: {processes} processes, {groups} control groups, {folders} folders\n"
                    ),
                    Format::Json => format!(
                        "{}\n",
                        serde_json::json!({
                            "schema": "frostline/clean/1",
                            "processes": processes, "groups": groups, "folders": folders,
                        })
                    ),
                },
            );
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let host = Host::open(&HostOptions::new(temporary, path))
            .context("cannot open the machine for measuring")?;
        let checks = examine(&host);
        finish(
            common,
            &match common.format {
                Format::Text => text(&checks),
                Format::Json => json(&checks),
            },
        )
    }
}

fn finish(common: &Common, told: &str) -> Result<u8, Failure> {
    if let Some(folder) = &common.out {
        output::write(&folder.join("doctor.txt"), told)?;
    }
    output::print(told)?;
    Ok(FINE)
}

fn text(checks: &[Check]) -> String {
    let mut text = String::new();
    for check in checks {
        let mark = if check.is_fine { "fine" } else { "lacks" };
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{:<11} {mark:<6} {}", check.name, check.state);
        if !check.fix.is_empty() {
            let _ = writeln!(text, "{:<18} help: {}", "", check.fix);
        }
    }
    text
}

fn json(checks: &[Check]) -> String {
    let checks: Vec<_> = checks
        .iter()
        .map(|check| {
            serde_json::json!({
                "name": check.name, "fine": check.is_fine, "state": check.state, "fix": check.fix,
            })
        })
        .collect();
    format!(
        "{}\n",
        serde_json::json!({ "schema": "frostline/doctor/1", "checks": checks })
    )
}

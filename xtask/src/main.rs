//! The project's own chores: `cargo xtask tidy`, `cargo xtask runtimes`, `cargo xtask results NAME`.
#![expect(
    clippy::print_stdout,
    reason = "a chore reports to the person who runs it"
)]

mod reference;
mod results;
mod runtimes;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

/// The project's own chores.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Checks the invariants of the source tree that a program can check.
    Tidy,
    /// Writes the table of built-in runtimes from the measurements.
    Runtimes {
        /// The folder of the data sets.
        #[arg(long, env = "FROSTLINE_DATA")]
        data: PathBuf,
    },
    /// Writes the key reference and the schema of scenario files, `docs/scenario.md` and
    /// `examples/scenario.schema.json`, from their description in `frostline-models`.
    Reference,
    /// Regenerates what lies under `results/`.
    Results {
        /// Which one; every one when absent.
        name: Option<String>,
        /// The most invocations of a day of `growth`: `1e7` makes a short form of it.
        #[arg(long, value_name = "INVOCATIONS", requires = "name")]
        largest: Option<String>,
    },
}

fn main() -> Result<ExitCode> {
    let root = project_root()?;
    match Arguments::parse().chore {
        Chore::Tidy => {
            let faults = tidy::check(&root)?;
            for fault in &faults {
                println!("{fault}");
            }
            if faults.is_empty() {
                println!("tidy");
                return Ok(ExitCode::SUCCESS);
            }
            println!("{} faults", faults.len());
            return Ok(ExitCode::FAILURE);
        }
        Chore::Runtimes { data } => {
            let rows = runtimes::write(&root, &data)?;
            println!("wrote {rows} rows to {}", runtimes::TABLE);
        }
        Chore::Reference => {
            for (file, text) in reference::documents()? {
                std::fs::write(root.join(file), text).with_context(|| file.to_owned())?;
                println!("wrote {file}");
            }
        }
        Chore::Results { name, largest } => {
            for written in results::write(&root, name.as_deref(), largest.as_deref())? {
                println!("wrote {written}");
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The folder of the workspace: the one above this crate.
fn project_root() -> Result<PathBuf> {
    let crate_folder = std::env::var_os("CARGO_MANIFEST_DIR")
        .context("start this through `cargo xtask`: CARGO_MANIFEST_DIR is not set")?;
    let root = Path::new(&crate_folder)
        .parent()
        .context("this crate lies inside the workspace")?;
    Ok(root.to_owned())
}

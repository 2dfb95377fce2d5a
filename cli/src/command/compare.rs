//! `frostline compare`: what differs between scenarios, by how much, and how sure that is.

use std::path::{Path, PathBuf};

use frostline_models::metric::estimated;
use frostline_models::units::parse_share;
use frostline_report::comparison::{Question, Scope, USUAL_METRICS};

use super::paired::{Bench, Named};
use super::scenario::{self, Changes};
use super::{Common, Format, WIDTH};
use crate::exit::{FINE, Failure};
use crate::output;

const EXAMPLES: &str = "\
--precision is of the differences here: replications are added until each is known to this share
of the first scenario's value.

Examples:
  frostline compare today.toml tomorrow.toml
  frostline compare shop.toml --with 'function.checkout.memory=1 GiB' --metric p99 --metric cost";

/// Compare scenarios under common random numbers: paired differences and what they say.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Compare {
    /// The scenario files; the others are compared with the first. Functions are matched by name.
    #[arg(value_name = "SCENARIO", required = true)]
    scenarios: Vec<PathBuf>,
    /// Compare with the first scenario after this change, as in `--set`; may be given several times.
    #[arg(long, value_name = "PATH=VALUE")]
    with: Vec<String>,
    /// Compare this metric: `cold_ratio`, `p99`, `latency_ms.mean`, `cost`; may be given several times.
    /// Default: cold ratio, mean and p99 latency, and cost a month.
    #[arg(long, value_name = "METRIC")]
    metric: Vec<String>,
    /// A difference up to this share of the first scenario's value counts as the same.
    #[arg(long, value_name = "SHARE", default_value = "1 %")]
    same_within: String,
    #[command(flatten)]
    changes: Changes,
    /// Check a promise in each scenario, beside those of their files: `checkout: p99 <= 300 ms`.
    #[arg(long, value_name = "ASSERT")]
    slo: Vec<String>,
}

impl Compare {
    pub(crate) fn run(self, common: &Common) -> Result<u8, Failure> {
        let question = self.question()?;
        let mut all = self.settle(common)?;
        let bench = Bench::new(common)?;
        let (comparison, _) = bench.compare(&mut all, question)?;
        if let Some(folder) = &common.out {
            output::write(&folder.join("comparison.json"), &comparison.to_json())?;
        }
        output::print(&match common.format {
            Format::Text => comparison.to_text(WIDTH),
            Format::Json => comparison.to_json(),
        })?;
        Ok(FINE)
    }

    fn question(&self) -> Result<Question, Failure> {
        let same_within = parse_share(&self.same_within).map_err(|error| {
            Failure::usage(format!("--same-within: {error}"), "--same-within '1 %'")
        })?;
        let metrics = if self.metric.is_empty() {
            USUAL_METRICS.map(str::to_owned).to_vec()
        } else {
            let metric = |name: &String| match estimated(name) {
                Ok(path) => Ok(path.to_owned()),
                Err(error) => {
                    let help = error.help.unwrap_or_else(|| "--metric p99".to_owned());
                    Err(Failure::usage(format!("--metric: {}", error.title), help))
                }
            };
            self.metric.iter().map(metric).collect::<Result<_, _>>()?
        };
        Ok(Question {
            metrics,
            same_within,
            precision: None,
            scope: Scope::EachFunction,
        })
    }

    /// The scenarios, all with the same length and number of replications.
    fn settle(&self, common: &Common) -> Result<Vec<Named>, Failure> {
        if self.scenarios.len() + self.with.len() < 2 {
            return Err(Failure::usage(
                "found one scenario, expected something to compare it with",
                "name a second file, or a change: --with 'function.checkout.memory=1 GiB'",
            ));
        }
        let first = &self.scenarios[0];
        let mut wanted: Vec<(String, &Path, Changes)> = Vec::new();
        let names = names(&self.scenarios);
        for (name, path) in names.into_iter().zip(&self.scenarios) {
            wanted.push((name, path, self.changes.clone()));
        }
        for change in &self.with {
            wanted.push((change.clone(), first, self.changes.and_set(change)));
        }
        let mut settled = Vec::with_capacity(wanted.len());
        for (_, path, changes) in &wanted {
            settled.push(scenario::settle(Some(path), changes, &self.slo)?);
        }
        let most = settled.iter().map(|scenario| scenario.run.replications);
        let most = most.max().unwrap_or(1);
        let (span, precision) = (settled[0].run.duration, settled[0].run.precision.clone());
        let mut all = Vec::with_capacity(settled.len());
        for ((name, ..), mut scenario) in wanted.into_iter().zip(settled) {
            if scenario.run.duration != span {
                let what = format!(
                    "{name} runs for {}, {} for {span}; runs of the same length can be compared",
                    scenario.run.duration,
                    first.display()
                );
                return Err(Failure::usage(what, format!("--set 'run.duration={span}'")));
            }
            scenario.run.replications = most;
            scenario.run.precision.clone_from(&precision);
            all.push(Named::new(name, scenario, common)?);
        }
        Ok(all)
    }
}

/// Names of files without their folders; where two are alike, the later ones are numbered.
fn names(paths: &[PathBuf]) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(paths.len());
    for path in paths {
        let file = path.file_name().map_or_else(
            || path.display().to_string(),
            |name| name.to_string_lossy().into_owned(),
        );
        let mut name = file.clone();
        let mut number = 2;
        while names.contains(&name) {
            name = format!("{file} ({number})");
            number += 1;
        }
        names.push(name);
    }
    names
}

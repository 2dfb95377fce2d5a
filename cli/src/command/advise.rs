//! `frostline advise`: what to do about cold starts, ranked by what a dollar saves.

use std::path::PathBuf;

use frostline_models::scenario::Scenario;
use frostline_report::advice::{Advice, LeftOut, METRICS, Need, WhatIf, fit};
use frostline_report::comparison::{Candidate, Question, Scope};
use frostline_report::summary::Summary;

use self::what_if::{Proposal, Written};
use super::paired::{Bench, Named};
use super::scenario::{self, Changes};
use super::{Common, Format, WIDTH};
use crate::exit::{FINE, Failure};
use crate::output;

mod what_if;

const EXAMPLES: &str = "\
--precision is of the differences here: replications are added until each is known to this share
of the scenario's own value.

Examples:
  frostline advise shop.toml
  frostline advise shop.toml --function checkout --needs state --format json";

/// Advise what to do about cold starts: what-ifs as paired simulations, ranked by effect per dollar.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Advise {
    /// The scenario file.
    #[arg(value_name = "SCENARIO")]
    scenario: PathBuf,
    /// The function to change. Default: the one whose cold starts wait longest in all.
    #[arg(long, value_name = "NAME")]
    function: Option<String>,
    /// What the work needs that no scenario says: state in memory, or a GPU.
    #[arg(long, value_name = "WHAT", value_parser = ["state", "gpu"])]
    needs: Vec<String>,
    #[command(flatten)]
    changes: Changes,
    /// Keep in mind a promise, beside those of the scenario: `checkout: p99 <= 300 ms`.
    #[arg(long, value_name = "ASSERT")]
    slo: Vec<String>,
}

impl Advise {
    pub(crate) fn run(self, common: &Common) -> Result<u8, Failure> {
        let path = self.scenario.as_path();
        let base = scenario::settle(Some(path), &self.changes, &self.slo)?;
        let file = scenario::written(path, &self.changes)?;
        let bench = Bench::new(common)?;
        let mut all = vec![Named::new(file_name(&self.scenario), base.clone(), common)?];
        let first = bench.summaries(&mut all)?.remove(0);
        let place = self.place(&base, &first, &file)?;
        let written = Written::new(&file, &base.functions[place].name);
        let (proposals, mut left_out) = what_if::proposals(&written, &base, &first, place);
        let mut what_ifs: Vec<WhatIf> = Vec::new();
        all[0].scenario = base.clone();
        for Proposal { what_if, set } in proposals {
            let changes = set
                .iter()
                .fold(self.changes.clone(), |changes, set| changes.and_set(set));
            match scenario::settle(Some(path), &changes, &self.slo) {
                Ok(scenario) => {
                    all.push(Named::new(what_if.kind.to_owned(), scenario, common)?);
                    what_ifs.push(what_if);
                }
                Err(failure) => left_out.push(LeftOut {
                    kind: what_if.kind,
                    why: format!("the scenario does not allow it: {}", told(&failure)),
                }),
            }
        }
        if what_ifs.is_empty() {
            return Err(Failure::usage(
                "nothing can be changed about this function",
                "name a runtime, a package size or a memory in the scenario",
            ));
        }
        let function = base.functions[place].name.as_str();
        let advice = self.advised(&bench, all, function, what_ifs, left_out)?;
        if let Some(folder) = &common.out {
            output::write(&folder.join("advice.json"), &advice.to_json())?;
        }
        output::print(&match common.format {
            Format::Text => advice.to_text(&self.scenario.display().to_string(), WIDTH),
            Format::Json => advice.to_json(),
        })?;
        Ok(FINE)
    }

    fn advised(
        &self,
        bench: &Bench<'_>,
        mut all: Vec<Named>,
        function: &str,
        what_ifs: Vec<WhatIf>,
        left_out: Vec<LeftOut>,
    ) -> Result<Advice, Failure> {
        let question = Question {
            metrics: METRICS.map(str::to_owned).to_vec(),
            // However small, a difference that is certain is ranked.
            same_within: 0.0,
            precision: None,
            scope: Scope::Together,
        };
        let (comparison, summaries) = bench.compare(&mut all, question)?;
        let candidates: Vec<Candidate<'_>> = all
            .iter()
            .zip(&summaries)
            .map(|(named, summary)| named.candidate(summary))
            .collect();
        let needs: Vec<Need> = self
            .needs
            .iter()
            .map(|need| match need.as_str() {
                "gpu" => Need::Gpu,
                _ => Need::State,
            })
            .collect();
        let checks = fit(&candidates[0], &needs);
        Advice::new(
            function,
            &candidates,
            what_ifs,
            left_out,
            &comparison,
            checks,
        )
        .map_err(|error| {
            Failure::usage(error.to_string(), "--set 'platform.price.region=us-east-1'")
        })
    }

    /// The function to change: the one that was named, or whose cold starts wait longest in all.
    fn place(
        &self,
        scenario: &Scenario,
        summary: &Summary,
        file: &frostline_models::scenario_file::ScenarioFile,
    ) -> Result<usize, Failure> {
        let is_written = |name: &str| what_if::is_written(file, name);
        if let Some(wanted) = &self.function {
            let functions = scenario.functions.iter();
            let place = functions.enumerate().find(|(_, f)| f.name == *wanted);
            return match place {
                Some((place, _)) if is_written(wanted) => Ok(place),
                Some(_) => Err(unwritten(wanted)),
                None => Err(Failure::usage(
                    format!("found `--function {wanted}`, expected one of the scenario's"),
                    format!("--function {}", scenario.functions[0].name),
                )),
            };
        }
        let waited = |place: usize| {
            let function = &summary.functions[place];
            let mean = function.estimates.init_ms.mean;
            let cold = frostline_models::math::to_f64(function.counts.cold_starts);
            cold * mean.map_or(0.0, |mean| mean.point)
        };
        let written = (0..scenario.functions.len())
            .filter(|place| is_written(&scenario.functions[*place].name));
        written
            .max_by(|one, two| waited(*one).total_cmp(&waited(*two)).then(two.cmp(one)))
            .ok_or_else(|| unwritten(&scenario.functions[0].name))
    }
}

/// A function that only the trace knows cannot be changed apart from the others.
fn unwritten(name: &str) -> Failure {
    Failure::usage(
        format!("the scenario file has no `[[function]]` that could be changed, such as `{name}`"),
        format!("add to the file: [[function]] with name = \"{name}\""),
    )
}

/// The first thing that is wrong, in a line.
fn told(failure: &Failure) -> String {
    match failure {
        Failure::Input(diagnostics) => diagnostics
            .errors
            .first()
            .map_or_else(String::new, |error| error.title.clone()),
        Failure::Usage { what, .. } | Failure::Interrupted(what) => what.clone(),
        Failure::Fault(error) => error.to_string(),
    }
}

fn file_name(path: &std::path::Path) -> String {
    path.file_name().map_or_else(
        || path.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    )
}

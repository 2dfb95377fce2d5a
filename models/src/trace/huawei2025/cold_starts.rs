//! The tables of cold starts: which requests met one, and how long its phases took.

use std::collections::BTreeMap;

use super::super::columns::Places;
use super::super::instant::TimeUnit;
use super::super::lines::Lines;
use super::super::{MOST_FUNCTIONS, Table, TraceError, weighted};
use super::pod::key;
use crate::init::{Init, Phase};
use crate::units::SimDuration;

/// The most cold starts that are read: all five regions have 11.9 million in 31 days.
pub const MOST_COLD_STARTS: u64 = 20_000_000;

/// The columns that are read; the first three as in the requests.
const COLUMNS: [&str; 8] = [
    "funcName",
    "userID",
    "podID",
    "requestID",
    "podAllocationCost",
    "deployCodeCost",
    "deployDependencyCost",
    "schedulingCost",
];
const ID: usize = 3;

/// The phases of the last four columns.
const PHASES: [Phase; 4] = [Phase::Placement, Phase::Fetch, Phase::Code, Phase::Network];

/// Cold starts that were read.
#[derive(Debug, Default)]
pub struct ColdStarts {
    /// Identifiers of requests, and whether a request with it was read.
    requests: BTreeMap<Box<str>, bool>,
    /// How long each phase took, by function.
    phases: BTreeMap<Vec<u8>, [Vec<SimDuration>; PHASES.len()]>,
    total: u64,
}

/// Whether a request met a cold start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Met {
    No,
    First,
    /// It did, but another with its identifier was read before.
    Again,
}

impl ColdStarts {
    /// Reads a table of cold starts; there may be several, of a day each.
    ///
    /// # Errors
    /// [`TraceError`] when the table is empty, misses a column, has a truncated or overlong line, a
    /// name or pod that is none, or a cost that is no number, negative or too large; when there are
    /// more than [`MOST_COLD_STARTS`].
    pub fn read(&mut self, table: Table<'_>) -> Result<(), TraceError> {
        let Table { name, lines } = table;
        let mut lines = Lines::new(name, lines);
        let places = Places::find(lines.header()?, COLUMNS)?;
        let mut function = Vec::new();
        while let Some(row) = lines.next()? {
            let fields = places.fields(row)?;
            key(
                &places,
                row,
                [fields[0], fields[1], fields[2]],
                &mut function,
            )?;
            let id = places.name(row, ID, fields[ID])?;
            let mut costs = [SimDuration::ZERO; PHASES.len()];
            for (column, cost) in (ID + 1..).zip(&mut costs) {
                *cost = places.duration(row, column, fields[column], TimeUnit::Seconds)?;
            }
            if self.total == MOST_COLD_STARTS || self.phases.len() > MOST_FUNCTIONS {
                let what = "too many cold starts".to_owned();
                let expected = format!("at most {MOST_COLD_STARTS} of {MOST_FUNCTIONS} functions");
                return Err(row.error(None, what, &expected));
            }
            self.total += 1;
            if !self.requests.contains_key(id) {
                self.requests.insert(id.into(), false);
            }
            if !self.phases.contains_key(&function) {
                self.phases.insert(function.clone(), Default::default());
            }
            for (phases, cost) in self
                .phases
                .get_mut(&function)
                .into_iter()
                .flatten()
                .zip(costs)
            {
                phases.push(cost);
            }
        }
        Ok(())
    }

    /// Whether none was read.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// Notes a request.
    pub(super) fn meet(&mut self, id: &str) -> Met {
        match self.requests.get_mut(id) {
            None => Met::No,
            Some(true) => Met::Again,
            Some(seen) => {
                *seen = true;
                Met::First
            }
        }
    }

    /// The init of a function's pods; each function's is taken once.
    pub(super) fn init_of(&mut self, key: &[u8]) -> Option<Init> {
        let costs = self.phases.remove(key)?;
        let mut phases = Vec::with_capacity(PHASES.len());
        for (phase, costs) in PHASES.into_iter().zip(costs) {
            let costs = costs.into_iter().map(|cost| (cost, 1)).collect();
            phases.push((phase, weighted::law(costs)?));
        }
        Some(Init::new(phases))
    }

    /// Says what cold starts there were; `unknown` of `all` functions have none.
    pub(super) fn assume(&self, unknown: usize, all: usize, sentences: &mut Vec<String>) {
        if self.is_empty() {
            sentences.push(
                "there is no table of cold starts; init is that of the function defaults."
                    .to_owned(),
            );
            return;
        }
        sentences.push(
            "init follows the recorded cold starts: podAllocation is placement, scheduling network, \
             deployCode fetch, deployDependency code; phases are independent."
                .to_owned(),
        );
        let unmet = self.requests.values().filter(|seen| !**seen).count();
        if unmet > 0 {
            sentences.push(format!(
                "{unmet} of {} requests with cold starts are not in the tables of requests; only their phases count.",
                self.requests.len()
            ));
        }
        if unknown > 0 {
            sentences.push(format!(
                "{unknown} of {all} functions have no recorded cold start and take the init of the function defaults."
            ));
        }
    }
}

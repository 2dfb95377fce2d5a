//! Reader of the Huawei Public Cloud Trace 2025: single requests, and cold starts in four phases.
//!
//! Source: Huawei Public Cloud Trace 2025, SIR Lab
//! (<https://github.com/sir-lab/data-release/blob/main/README_data_release_2025.md>), described in
//! A. Joosen et al., "Serverless Cold Starts and Where to Find Them", `EuroSys` 2025
//! (<https://arxiv.org/abs/2410.06145>); read 2026-11-24.
//!
//! | table | columns that are read |
//! |---|---|
//! | requests | `time_worker time_frontend requestID funcName podID userID totalCost_worker totalCost_frontend` |
//! | cold starts | `funcName userID requestID podID podAllocationCost deployCodeCost deployDependencyCost schedulingCost` |
//!
//! Tables are recognised by their header ([`Kind::of_header`]); times are in seconds. A function is
//! what the authors call so: name, user and pool, `funcName---userID---pool`.
//!
//! * *Arrivals*: the documentation does not say which end of a request its timestamp marks. In its own
//!   example the frontend, which sees a request first, has the later one; so they are taken for ends.
//!   A request arrives at `time_frontend` less `totalCost_frontend`, and where the frontend has no
//!   values at `time_worker` less `totalCost_worker`.
//! * *Duration*: `totalCost_worker`, the time for which the pod was busy.
//! * *Memory*: the limit in the pod's name (`pool22-300-128-0000618412`: 300 millicores, 128 MB).
//! * *Cold starts*: a request is cold when its identifier stands in a table of cold starts. It may
//!   stand there several times: one request may start several pods.
//! * *Init*: each phase by the quantiles of all cold starts of the function. `podAllocationCost` is
//!   placement, `schedulingCost` (networking, routing and scheduling) is network, `deployCodeCost`
//!   (download and unpack) is fetch. `deployDependencyCost` is code: it loads what the function brings
//!   along and depends on the function, not the host. Phases are drawn independently.
//!
//! ```
//! use frostline_models::trace::Table;
//! use frostline_models::trace::huawei2025::{ColdStarts, Reader};
//!
//! let mut rows = "time_worker,time_frontend,requestID,funcName,podID,userID,totalCost_worker,\
//!                 totalCost_frontend\n5.5,5.6,ab12,1,pool22-300-128-0000618412,7,0.5,0.7\n".as_bytes();
//! let mut reader = Reader::new(ColdStarts::default());
//! reader.requests(Table { name: "requests.csv", lines: &mut rows })?;
//! let trace = reader.finish("requests.csv")?;
//! assert_eq!(trace.functions[0].name, "1---7---pool22-300-128");
//! # Ok::<(), frostline_models::trace::TraceError>(())
//! ```

use super::columns::{Places, has_all};
use super::instant::TimeUnit;
use super::lines::Lines;
use super::requests::{Recording, Request, Requests};
use super::{Table, Trace, TraceError, TraceFunction};
use crate::arrival::Arrivals;
use crate::units::SimDuration;

mod cold_starts;
mod pod;

use cold_starts::Met;
pub use cold_starts::{ColdStarts, MOST_COLD_STARTS};
use pod::{key, memory_of};

/// The name of the format in scenario files and on the command line.
pub const FORMAT: &str = "huawei-2025";

/// The columns of the requests that are read.
const COLUMNS: [&str; 8] = [
    "funcName",
    "userID",
    "podID",
    "requestID",
    "time_worker",
    "totalCost_worker",
    "time_frontend",
    "totalCost_frontend",
];
const FUNCTION: usize = 0;
const USER: usize = 1;
const POD: usize = 2;
const ID: usize = 3;
const WORKER_TIME: usize = 4;
const WORKER_COST: usize = 5;
const FRONTEND_TIME: usize = 6;
const FRONTEND_COST: usize = 7;

/// The tables of the trace that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A row a request.
    Requests,
    /// A row a cold start.
    ColdStarts,
}

impl Kind {
    /// Recognises a table by its first line; `None` when it is neither.
    pub fn of_header(line: &str) -> Option<Self> {
        if has_all(line, ["requestID", "totalCost_worker"]) {
            Some(Self::Requests)
        } else if has_all(line, ["requestID", "totalCost_cold_start"]) {
            Some(Self::ColdStarts)
        } else {
            None
        }
    }
}

/// Reads tables of requests, one after the other.
#[derive(Debug)]
pub struct Reader {
    cold_starts: ColdStarts,
    requests: Requests,
    /// Requests of which the frontend has no values.
    without_frontend: u64,
    key: Vec<u8>,
}

impl Reader {
    /// Starts with the cold starts that are known, if any.
    pub fn new(cold_starts: ColdStarts) -> Self {
        Self {
            cold_starts,
            requests: Requests::default(),
            without_frontend: 0,
            key: Vec::new(),
        }
    }

    /// Reads a table of requests.
    ///
    /// # Errors
    /// [`TraceError`] when the table is empty, misses a column, has a truncated or overlong line, a
    /// name or pod that is none, a value that is no number, or a duration that is negative; when a
    /// request that met a cold start stands there twice; when there is more than the limits of
    /// [the readers](super).
    pub fn requests(&mut self, table: Table<'_>) -> Result<(), TraceError> {
        let Table { name, lines } = table;
        let mut lines = Lines::new(name, lines);
        let places = Places::find(lines.header()?, COLUMNS)?;
        while let Some(row) = lines.next()? {
            let fields = places.fields(row)?;
            key(
                &places,
                row,
                [fields[FUNCTION], fields[USER], fields[POD]],
                &mut self.key,
            )?;
            let id = places.name(row, ID, fields[ID])?;
            let cold = match self.cold_starts.meet(id) {
                Met::No => false,
                Met::First => true,
                Met::Again => {
                    let what = format!("the request `{id}` stands here a second time");
                    return Err(row.error(Some(places.place(ID)), what, "one row a request"));
                }
            };
            let cost = |column| places.duration(row, column, fields[column], TimeUnit::Seconds);
            let duration = cost(WORKER_COST)?;
            let unknown = fields[FRONTEND_TIME].is_empty() && fields[FRONTEND_COST].is_empty();
            let (end, whole) = if unknown {
                self.without_frontend += 1;
                (WORKER_TIME, duration)
            } else {
                (FRONTEND_TIME, cost(FRONTEND_COST)?)
            };
            let end_ns = places.time(row, end, fields[end], TimeUnit::Seconds)?;
            let Some(time_ns) = end_ns.checked_sub_unsigned(whole.0) else {
                let expected = "a time whose distance from the arrival is below 2⁶³ ns";
                return Err(places.wrong(row, end, fields[end], expected));
            };
            let request = Request {
                time_ns,
                duration,
                cold,
            };
            self.requests
                .push(&self.key, request)
                .map_err(|(what, expected)| row.error(None, what.to_owned(), &expected))?;
            self.requests.extend_to(end_ns);
        }
        Ok(())
    }

    /// The trace of all requests that were read. Errors name `folder`.
    ///
    /// # Errors
    /// [`TraceError`] when there is no request: cold starts alone do not say how many requests met a
    /// warm instance.
    pub fn finish(mut self, folder: &str) -> Result<Trace, TraceError> {
        if self.requests.total() == 0 {
            let found = if self.cold_starts.is_empty() {
                "no request"
            } else {
                "cold starts without requests, which do not say how many were served warm"
            };
            return Err(TraceError {
                file: folder.to_owned(),
                line: 1,
                column: None,
                what: found.to_owned(),
                expected: "a table of requests (time_worker,time_frontend,requestID,…)".to_owned(),
            });
        }
        let zero_ns = self.requests.earliest_ns();
        let duration = self.requests.span_from(zero_ns);
        let recording = Recording {
            durations: true,
            cold: !self.cold_starts.is_empty(),
        };
        let total = self.requests.total();
        let mut functions = Vec::new();
        for (key, recorded) in self.requests.recorded(zero_ns, recording) {
            functions.push(TraceFunction {
                init: self.cold_starts.init_of(&key),
                memory: memory_of(&key),
                name: String::from_utf8_lossy(&key).into_owned(),
                trigger: None,
                arrivals: Arrivals::Recorded(recorded),
                duration: None,
            });
        }
        let mut assumptions = vec![
            "timestamps are those of ends: a request arrives at the frontend's less its total cost; time zero is the first arrival.".to_owned(),
            "durations are totalCost_worker, the time in the pod.".to_owned(),
            "memory is the limit in the pod's name, a MB as a MiB, between 128 and 10240 MiB."
                .to_owned(),
        ];
        if self.without_frontend > 0 {
            assumptions.push(format!(
                "{} of {total} requests have no values of the frontend and arrive at the worker's timestamp less its total cost.",
                self.without_frontend
            ));
        }
        let unknown = functions.iter().filter(|function| function.init.is_none());
        self.cold_starts
            .assume(unknown.count(), functions.len(), &mut assumptions);
        debug_assert!(duration > SimDuration::ZERO);
        Ok(Trace {
            format: FORMAT.to_owned(),
            duration,
            functions,
            assumptions,
        })
    }
}

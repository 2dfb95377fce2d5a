//! A recorded log, request by request.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use frostline_stats::idle_lifetime::Observation;

/// A log of one day.
pub(super) struct Log {
    /// The day, from the file's name.
    pub(super) day: String,
    /// Its requests by time of arrival.
    pub(super) requests: Vec<Request>,
}

/// A request as the client recorded it.
pub(super) struct Request {
    /// Arrival, in seconds after the first one.
    pub(super) start_s: f64,
    /// The response's arrival.
    pub(super) end_s: f64,
    /// Which container served it.
    pub(super) container: String,
    /// Whether it met a cold start.
    pub(super) cold: bool,
}

/// What is known of a container when a request comes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Container {
    /// When it was first seen.
    pub(super) born_s: f64,
    /// When it last answered.
    pub(super) free_s: f64,
}

impl Log {
    pub(super) fn read(folder: &Path, file: &str) -> Result<Self> {
        let path = folder.join(file);
        let mut reader = csv::Reader::from_path(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let headers = reader.headers()?.clone();
        let place = |name: &str| {
            let found = headers.iter().position(|header| header == name);
            found.with_context(|| format!("{file} has no column `{name}`"))
        };
        let (start, end) = (place("client_start_time")?, place("client_end_time")?);
        let (container, cold) = (place("container_id")?, place("is_cold")?);
        let mut requests = Vec::new();
        for record in reader.records() {
            let record = record?;
            requests.push(Request {
                start_s: record[start].parse()?,
                end_s: record[end].parse()?,
                container: record[container].to_owned(),
                cold: &record[cold] == "True",
            });
        }
        requests.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
        let origin = requests.first().map_or(0.0, |first| first.start_s);
        for request in &mut requests {
            request.start_s -= origin;
            request.end_s -= origin;
        }
        let day = file.trim_start_matches("requests_");
        Ok(Self {
            day: day.trim_end_matches(".csv").to_owned(),
            requests,
        })
    }

    /// Shows each request with the containers seen before it.
    pub(super) fn walk(&self, mut see: impl FnMut(&Request, &BTreeMap<&str, Container>)) {
        let mut containers: BTreeMap<&str, Container> = BTreeMap::new();
        for request in &self.requests {
            see(request, &containers);
            let born_s = containers
                .get(request.container.as_str())
                .map_or(request.start_s, |known| known.born_s);
            let free_s = request.end_s;
            containers.insert(&request.container, Container { born_s, free_s });
        }
    }

    /// How long the container used last had been idle at each request that found none busy, and
    /// whether the request was warm.
    pub(super) fn idle_gaps(&self) -> Vec<Observation> {
        let mut gaps = Vec::new();
        self.walk(|request, containers| {
            let gap = |container: &Container| request.start_s - container.free_s;
            let shortest = containers.values().map(gap).min_by(f64::total_cmp);
            if let Some(idle_s) = shortest.filter(|gap| *gap >= 0.0) {
                gaps.push(Observation {
                    idle_s,
                    survived: !request.cold,
                });
            }
        });
        gaps
    }
}

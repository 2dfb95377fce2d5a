//! `run.precision`: how precise estimates shall be.

use crate::metric::estimated;
use crate::scenario::Precision;

use super::read;
use super::settle::Settling;
use super::tree::Node;

impl Settling<'_> {
    /// The precision that `node` asks for; mistakes are noted.
    pub(crate) fn precision(&mut self, node: &Node) -> Option<Precision> {
        let share = node.get("relative")?;
        let relative = read::share(share)?;
        if relative <= 0.0 || relative >= 1.0 {
            let title = "`run.precision.relative` must be more than 0 and less than 1".to_owned();
            let error = share.span.error("scenario::value", title);
            self.errors.push(error.help("write for example \"5 %\""));
            return None;
        }
        let mut metrics = Vec::new();
        for item in node.get("metrics").map_or(&[][..], Node::items) {
            match estimated(item.text()?) {
                Ok(metric) => metrics.push(metric.to_owned()),
                Err(error) => {
                    let told = item.span.error("scenario::metric", error.title);
                    self.errors.push(match error.help {
                        Some(help) => told.help(help),
                        None => told,
                    });
                }
            }
        }
        if metrics.is_empty() {
            metrics = Precision::METRICS.map(str::to_owned).to_vec();
        }
        let most = node.get("max-replications").and_then(read::small_count);
        Some(Precision {
            relative,
            metrics,
            most_replications: most.unwrap_or(Precision::MOST_REPLICATIONS),
        })
    }
}

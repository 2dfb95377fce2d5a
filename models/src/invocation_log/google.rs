//! Google Cloud: time series of distributions (`startup_latencies`), and whose request log an entry is.

use serde_json::Value;

use super::source::amount_of;
use super::{Format, InitHistogram, InvocationLog, Omission};

/// Cells of one distribution at most: Cloud Monitoring allows 200 (Google, "Value types", read 2026-10).
const CELLS_MAX: usize = 10_000;

/// Cloud Run's entries name a revision of Cloud Run; others with an `httpRequest` are taken for those of
/// a queue proxy, which uses the same words.
pub(super) fn request_format(entry: &Value) -> Format {
    let kind = entry.pointer("/resource/type").and_then(Value::as_str);
    match kind {
        Some("cloud_run_revision") => Format::CloudRun,
        _ => Format::Knative,
    }
}

/// The distributions of a list of time series, or of one.
pub(super) fn read_series(document: &Value, log: &mut InvocationLog) {
    let list = document.get("timeSeries").and_then(Value::as_array);
    let series: Vec<&Value> = list.map_or_else(|| vec![document], |list| list.iter().collect());
    for series in series {
        let metric = series
            .pointer("/metric/type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let points = series.get("points").and_then(Value::as_array);
        for point in points.into_iter().flatten() {
            log.records += 1;
            if !metric.is_empty() && !metric.ends_with("startup_latencies") {
                log.omit(Omission::OtherRecord);
                continue;
            }
            let value = point.pointer("/value/distributionValue");
            match value.and_then(cells) {
                Some(cells) if !cells.is_empty() => log.histograms.push(InitHistogram {
                    function: series
                        .pointer("/resource/labels/service_name")
                        .and_then(Value::as_str)
                        .map(str::to_owned),
                    cells,
                }),
                _ => log.omit(Omission::NoTime),
            }
        }
    }
}

/// The cells of a distribution that hold something: (low, high, count) in ms.
fn cells(distribution: &Value) -> Option<Vec<(f64, f64, u64)>> {
    let counts = distribution.get("bucketCounts")?.as_array()?;
    let options = distribution.get("bucketOptions")?;
    let number = |kind: &str, key: &str| options.get(kind)?.get(key).and_then(amount_of);
    let bounds: Vec<f64> = if let Some(explicit) = options.pointer("/explicitBuckets/bounds") {
        explicit.as_array()?.iter().filter_map(amount_of).collect()
    } else if let Some(growth) = number("exponentialBuckets", "growthFactor") {
        let scale = number("exponentialBuckets", "scale")?;
        let finite = number("exponentialBuckets", "numFiniteBuckets")?;
        steps(finite)?
            .map(|step| scale * libm::pow(growth, step))
            .collect()
    } else {
        let width = number("linearBuckets", "width")?;
        let offset = number("linearBuckets", "offset").unwrap_or(0.0);
        let finite = number("linearBuckets", "numFiniteBuckets")?;
        steps(finite)?.map(|step| offset + width * step).collect()
    };
    Some(joined(&bounds, counts))
}

/// 0 to n, the edges of n cells.
fn steps(finite: f64) -> Option<impl Iterator<Item = f64>> {
    let finite = crate::math::wide_index(crate::math::round_to_u64(finite));
    (finite <= CELLS_MAX).then(|| (0..=finite).map(crate::math::count_to_f64))
}

/// Counts beside their bounds: below the first, between two, above the last.
pub(super) fn joined(bounds: &[f64], counts: &[Value]) -> Vec<(f64, f64, u64)> {
    let rising = bounds.windows(2).all(|pair| pair[0] < pair[1]);
    let positive = bounds
        .iter()
        .all(|bound| bound.is_finite() && *bound >= 0.0);
    if !rising || !positive {
        return Vec::new();
    }
    let cells = counts.iter().take(bounds.len() + 1).enumerate();
    cells
        .filter_map(|(index, count)| {
            let count = crate::math::round_to_u64(amount_of(count)?);
            let low = index.checked_sub(1).map_or(0.0, |below| bounds[below]);
            let high = bounds.get(index).copied().unwrap_or(f64::INFINITY);
            (count > 0 && low < high).then_some((low, high, count))
        })
        .collect()
}

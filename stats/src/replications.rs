//! Estimates from independent or batched observations.
use crate::estimate::{Estimate, LEVEL, Method};
use crate::histogram::Distribution;

fn spread(point: f64, values: &[f64], method: Method) -> Estimate {
    let n = u32::try_from(values.len()).map_or(f64::MAX, f64::from);
    if values.len() < 2 {
        return Estimate::point_only(point, 1);
    }
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0);
    let half = 2.0 * libm::sqrt(variance / n);
    Estimate {
        point,
        low: Some(point - half),
        high: Some(point + half),
        level: LEVEL,
        method,
        n: u64::try_from(values.len()).unwrap_or(u64::MAX),
    }
}

/// Mean.
pub fn mean(values: &[f64], method: Method) -> Estimate {
    let n = u32::try_from(values.len().max(1)).map_or(f64::MAX, f64::from);
    spread(values.iter().sum::<f64>() / n, values, method)
}

/// Ratio of sums.
pub fn ratio(pairs: &[(f64, f64)], method: Method) -> Estimate {
    let top = pairs.iter().map(|p| p.0).sum::<f64>();
    let bottom = pairs.iter().map(|p| p.1).sum::<f64>();
    if top == 0.0 {
        return Estimate {
            low: None,
            high: Some(3.0 / bottom),
            method: Method::UpperBound,
            ..Estimate::point_only(0.0, 1)
        };
    }
    let each = pairs.iter().map(|p| p.0 / p.1).collect::<Vec<_>>();
    spread(top / bottom, &each, method)
}

/// Pooled quantile.
pub fn quantile(
    pooled: &Distribution,
    parts: &[Distribution],
    probability: f64,
    method: Method,
) -> Option<Estimate> {
    let point = pooled.quantile_ns(probability)?;
    let each = parts
        .iter()
        .filter_map(|part| part.quantile_ns(probability))
        .collect::<Vec<_>>();
    Some(spread(point, &each, method))
}

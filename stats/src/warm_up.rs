//! How much of the beginning of a run to discard when no theorem says it.

use crate::number::count;

/// Observations averaged into one before the rule is applied.
const GROUP: usize = 5;

/// What MSER-5 advises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Truncation {
    /// Observations to discard, a multiple of 5.
    pub discard: usize,
    /// Whether the cut lies in the first third. If not, the run is too short to tell warm-up from
    /// drift, and should be made longer.
    pub settled: bool,
}

/// MSER-5: the cut d that minimises the squared standard error of what remains,
/// Σ(Yⱼ − Ȳ)²/(k − d)² over the means Yⱼ of groups of 5, d at most k/2; the earliest one on ties.
///
/// `None` for fewer than 10 observations. White, "An effective truncation heuristic for bias
/// reduction in simulation output", Simulation 69(6), 1997,
/// <https://doi.org/10.1177/003754979706900601>.
pub fn mser5(observations: &[f64]) -> Option<Truncation> {
    let groups: Vec<f64> = observations
        .chunks_exact(GROUP)
        .map(|group| group.iter().sum::<f64>() / count(GROUP))
        .collect();
    let k = groups.len();
    if k < 2 {
        return None;
    }
    // Welford's recurrence from the end, so that each cut costs one step and nothing cancels.
    let (mut mean, mut squares) = (0.0, 0.0);
    let mut best = (f64::INFINITY, 0);
    for (index, value) in groups.iter().enumerate().rev() {
        let remaining = count(k - index);
        let difference = value - mean;
        mean += difference / remaining;
        squares += difference * (value - mean);
        let score = squares / (remaining * remaining);
        if index <= k / 2 && score <= best.0 {
            best = (score, index);
        }
    }
    Some(Truncation {
        discard: best.1 * GROUP,
        settled: best.1 * 3 <= k,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transient_is_cut_and_nothing_more() {
        let observations: Vec<f64> = (0..1_000)
            .map(|i| if i < 100 { 50.0 } else { f64::from(i % 7) })
            .collect();
        let found = mser5(&observations).unwrap();
        // The groups repeat every 35 observations; the cut may favour a phase of that cycle.
        assert!((100..=135).contains(&found.discard), "{found:?}");
        assert!(found.settled);
    }

    #[test]
    fn a_level_series_loses_nothing_and_a_trend_is_not_settled() {
        let level = mser5(&[1.0; 100]).unwrap();
        assert_eq!((level.discard, level.settled), (0, true));
        let trend: Vec<f64> = (0..300)
            .map(|i| f64::from(i) * f64::from(i))
            .rev()
            .collect();
        assert!(!mser5(&trend).unwrap().settled);
        assert_eq!(mser5(&[1.0; 9]), None);
    }
}

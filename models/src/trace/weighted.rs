//! The law of durations that each stand for some invocations.

use crate::law::Law;
use crate::math::{index, round_to_u64, slot, to_f64, wide_index};
use crate::units::SimDuration;

/// The most points of the quantile function.
const LAW_POINTS: u32 = 401;

/// A law by the quantiles of the durations, each as often as its weight says: exact up to 401,
/// at 401 evenly spaced probabilities beyond. `None` when all weights are zero.
pub(super) fn law(mut durations: Vec<(SimDuration, u32)>) -> Option<Law> {
    durations.retain(|(_, weight)| *weight > 0);
    durations.sort_unstable();
    let (first, last) = (durations.first()?.0, durations.last()?.0);
    if first == last {
        return Some(Law::Constant(first));
    }
    let mut total = 0_u64;
    let below: Vec<u64> = durations
        .iter()
        .map(|(_, weight)| {
            total += u64::from(*weight);
            total
        })
        .collect();
    let at = |rank: u64| {
        let place = below.partition_point(|end| *end <= rank);
        durations[place.min(durations.len() - 1)].0.0
    };
    let points = slot(wide_index(total).min(index(LAW_POINTS)));
    let steps = u64::from(points - 1);
    let point = |number: u32| {
        let number = u64::from(number);
        let scaled = u128::from(total - 1) * u128::from(number);
        let rank = u64::try_from(scaled / u128::from(steps)).unwrap_or(total - 1);
        let over = u64::try_from(scaled % u128::from(steps)).unwrap_or(0);
        let low = at(rank);
        let gap = to_f64(at(rank + u64::from(over > 0)) - low);
        let value = low + round_to_u64(gap * to_f64(over) / to_f64(steps));
        (to_f64(number) / to_f64(steps), SimDuration(value))
    };
    let points: Vec<_> = (0..points).map(point).collect();
    Law::empirical(&points).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_count_as_repetitions() {
        let law_of = |values: &[(u64, u32)]| {
            let values = values
                .iter()
                .map(|(ns, weight)| (SimDuration(*ns), *weight));
            law(values.collect())
        };
        assert_eq!(law_of(&[]), None);
        assert_eq!(law_of(&[(9, 0)]), None);
        assert_eq!(
            law_of(&[(9, 3), (7, 0)]),
            Some(Law::Constant(SimDuration(9)))
        );
        let apart = law_of(&[(30, 1), (10, 1), (10, 1), (20, 1), (30, 1)]);
        assert_eq!(law_of(&[(30, 2), (10, 2), (20, 1)]), apart);
        let points = [(0.0, 10), (0.25, 10), (0.5, 20), (0.75, 30), (1.0, 30)];
        let points = points.map(|(probability, ns)| (probability, SimDuration(ns)));
        assert_eq!(apart, Law::empirical(&points).ok());
        let many = law_of(&[(0, u32::MAX), (4_000, u32::MAX)]).unwrap();
        assert!((many.mean_ns() - 2_000.0).abs() < 10.0, "{many:?}");
    }
}

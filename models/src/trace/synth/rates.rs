//! How many invocations each function makes: a capped log-normal law whose location is solved so that
//! the sum is exact.

use crate::math::{count_to_f64, exp, ln, round_to_u64, to_f64, wide_index, word};

/// Splits `total` by shares, to whole numbers that sum to it: each is rounded down, and those with the
/// largest remainders get what is left. Shares need not sum to one; where all are zero, the first gets
/// everything.
pub(super) fn apportion(total: u64, shares: &[f64]) -> Vec<u64> {
    let sum: f64 = shares.iter().sum();
    if shares.is_empty() || sum <= 0.0 {
        return shares
            .iter()
            .enumerate()
            .map(|(index, _)| if index == 0 { total } else { 0 })
            .collect();
    }
    let exact: Vec<f64> = shares
        .iter()
        .map(|share| to_f64(total) * (share / sum))
        .collect();
    let mut parts: Vec<u64> = exact
        .iter()
        .map(|part| round_to_u64(libm::floor(*part)))
        .collect();
    let mut order: Vec<usize> = (0..shares.len()).collect();
    order.sort_by(|a, b| {
        let left = |index: &usize| exact[*index] - libm::floor(exact[*index]);
        left(b).total_cmp(&left(a)).then(a.cmp(b))
    });
    settle(&mut parts, &order, total);
    parts
}

/// Counts of at least one each that sum to `total` (at least as many as there are `normals`): the
/// rounded values of min(cap, e^(μ + σ·z)), with μ such that they fit.
pub(super) fn counts(total: u64, normals: &[f64], sigma: f64, cap: f64) -> Vec<u64> {
    if normals.is_empty() {
        return Vec::new();
    }
    let n = count_to_f64(normals.len());
    // A cap that the total cannot respect gives way.
    let cap = cap.max(2.0 * to_f64(total) / n);
    let value = |mu: f64, z: f64| exp(mu + sigma * z).clamp(1.0, cap);
    let (mut low, mut high) = (-200.0, ln(to_f64(total.max(1))) + 10.0 * sigma);
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        let sum: f64 = normals.iter().map(|z| value(middle, *z)).sum();
        if sum < to_f64(total) {
            low = middle;
        } else {
            high = middle;
        }
    }
    let exact: Vec<f64> = normals.iter().map(|z| value(low, *z)).collect();
    let mut parts: Vec<u64> = exact
        .iter()
        .map(|part| round_to_u64(libm::floor(*part)))
        .collect();
    // What rounding left goes to the largest first, where it matters least.
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by(|a, b| exact[*b].total_cmp(&exact[*a]).then(a.cmp(b)));
    settle(&mut parts, &order, total);
    parts
}

/// Makes the sum right by going round in `order`; no part falls below one that was not below it.
fn settle(parts: &mut [u64], order: &[usize], total: u64) {
    let sum: u64 = parts.iter().sum();
    let rounds = word(order.len());
    if sum < total {
        let missing = total - sum;
        for part in parts.iter_mut() {
            *part += missing / rounds;
        }
        for index in order.iter().take(wide_index(missing % rounds)) {
            parts[*index] += 1;
        }
        return;
    }
    let mut excess = sum - total;
    for index in order {
        let spare = parts[*index].saturating_sub(1).min(excess);
        parts[*index] -= spare;
        excess -= spare;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::normal_quantile;

    #[test]
    fn shares_become_whole_numbers_with_the_right_sum() {
        assert_eq!(apportion(10, &[0.5, 0.25, 0.25]), [5, 3, 2]);
        assert_eq!(apportion(1, &[0.55, 0.45]), [1, 0]);
        assert_eq!(apportion(0, &[1.0, 1.0]), [0, 0]);
        assert_eq!(apportion(7, &[0.0, 0.0]), [7, 0]);
    }

    #[test]
    fn counts_sum_to_the_total_and_spread() {
        let normals: Vec<f64> = (0..1000_u32)
            .map(|index| normal_quantile((f64::from(index) + 0.5) / 1000.0))
            .collect();
        for total in [1_000, 1_001, 20_000, 20_000_000, 100_000_000_000] {
            let counts = counts(total, &normals, 3.6, 0.5 * to_f64(total));
            assert_eq!(counts.iter().sum::<u64>(), total);
            assert!(counts.iter().all(|count| *count >= 1));
            assert!(counts.is_sorted());
        }
        assert_eq!(counts(5, &[0.3], 3.6, 1.0), [5]);
    }
}

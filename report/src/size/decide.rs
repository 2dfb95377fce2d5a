//! Which setting is the best that keeps every promise, and whether that is certain.
//!
//! What must be certain is the decision, not each number. A candidate is ruled out when it certainly
//! breaks a promise, or when one that certainly keeps them all is better, or worse by no more than is
//! called the same, by the differences of the two under common random numbers. The decision is
//! certain when nobody else is left.
//!
//! **Confidence.** Each look at the data makes a statement for every candidate and promise, and one
//! for every comparison of candidates. With m of them each is made at 1 − α/m (Bonferroni), so that
//! all hold together with 1 − α. The j-th look may use α = (1 − confidence)/(j (j + 1)), which sums to
//! 1 − confidence over all looks, however many there are: stopping when the decision is certain does
//! not make it less so. Who is ruled out stays so (as in the procedure of Kim & Nelson, "A fully
//! sequential procedure for indifference-zone selection in simulation", ACM TOMACS 11(3), 2001,
//! <https://doi.org/10.1145/502109.502111>).

use frostline_models::math::{count_to_f64, to_f64, word};
use frostline_stats::paired;

use super::Goal;
use super::candidate::{Candidate, Standing, needed};
use crate::verdict::Verdict;

/// How a decision is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules {
    /// What is made as small as possible.
    pub goal: Goal,
    /// The probability with which the decision is right, at the least.
    pub confidence: f64,
    /// Differences up to this share are called the same.
    pub same_within: f64,
}

/// What one look at the candidates says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// This candidate is the best that keeps every promise, for certain.
    Certain {
        /// Its place among the candidates.
        best: usize,
    },
    /// Every candidate breaks a promise, for certain; this one is nearest.
    CannotBeMet {
        /// Its place among the candidates.
        nearest: usize,
    },
    /// Others may be better, or nobody certainly keeps the promises.
    Unclear {
        /// The best of those who certainly keep every promise; if there is none, of those who may.
        best: usize,
        /// Whether that one certainly keeps every promise.
        keeps: bool,
        /// Those who may be better.
        rivals: Vec<usize>,
        /// Replications that it takes in all, by estimate; `None` where that cannot be told.
        needed: Option<u64>,
    },
}

impl Decision {
    /// The candidate that it speaks of.
    pub fn best(&self) -> usize {
        match self {
            Self::Certain { best } | Self::Unclear { best, .. } => *best,
            Self::CannotBeMet { nearest } => *nearest,
        }
    }
}

/// Looks at the candidates for the `look`-th time, from 1. Those who are still open must have the same
/// number of replications.
///
/// # Panics
/// When there are no candidates.
pub fn decide(candidates: &mut [Candidate], rules: Rules, look: u32) -> Decision {
    assert!(!candidates.is_empty(), "nothing to decide between");
    let statements = statements(candidates);
    let spent = (1.0 - rules.confidence) / (f64::from(look) * (f64::from(look) + 1.0));
    let level = 1.0 - spent / count_to_f64(statements.max(1));
    let mut judged: Vec<(Verdict, Option<u64>)> = Vec::with_capacity(candidates.len());
    for candidate in candidates.iter_mut() {
        let verdict = candidate.judged(level);
        if candidate.standing == Standing::Open && verdict.0 == Verdict::Fail {
            candidate.standing = Standing::Breaks;
        }
        judged.push(verdict);
    }
    let open: Vec<usize> = (0..candidates.len())
        .filter(|place| candidates[*place].standing == Standing::Open)
        .collect();
    if open.is_empty() {
        return Decision::CannotBeMet {
            nearest: nearest(candidates),
        };
    }
    let keeping = open
        .iter()
        .filter(|place| judged[**place].0 == Verdict::Pass);
    let Some(best) = best_of(candidates, keeping.copied(), rules.goal) else {
        let needs = open.iter().filter_map(|place| judged[*place].1);
        let best = best_of(candidates, open.iter().copied(), rules.goal).unwrap_or(open[0]);
        return Decision::Unclear {
            best,
            keeps: false,
            needed: needs.min(),
            rivals: open.into_iter().filter(|place| *place != best).collect(),
        };
    };
    let mut rivals = Vec::new();
    let mut needed_most = Some(0);
    for place in open.into_iter().filter(|place| *place != best) {
        let compared = compare(candidates, best, place, rules, level);
        if compared.is_beaten {
            candidates[place].standing = Standing::Beaten;
            continue;
        }
        // It is out as soon as it is beaten or breaks a promise.
        let until_judged = match judged[place].0 {
            Verdict::Unclear => judged[place].1,
            Verdict::Pass | Verdict::Fail => None,
        };
        let needs = [compared.needed, until_judged].into_iter().flatten().min();
        needed_most = needed_most.zip(needs).map(|(most, needs)| most.max(needs));
        rivals.push(place);
    }
    if rivals.is_empty() {
        return Decision::Certain { best };
    }
    Decision::Unclear {
        best,
        keeps: true,
        rivals,
        needed: needed_most,
    }
}

/// A statement for each candidate and promise, and one for each comparison with the best.
fn statements(candidates: &[Candidate]) -> usize {
    let promises: usize = candidates.iter().map(|one| one.evidence.len()).sum();
    promises + candidates.len() - 1
}

/// Of these candidates the one whose point is lowest; of equal ones the cheapest, then the smallest.
fn best_of(
    candidates: &[Candidate],
    places: impl Iterator<Item = usize>,
    goal: Goal,
) -> Option<usize> {
    let rank = |place: usize| {
        let candidate = &candidates[place];
        let cost = Candidate::mean_of(&candidate.costs);
        let first = match goal {
            Goal::LeastCost => cost,
            Goal::LeastCold => Candidate::mean_of(&candidate.colds),
        };
        (first, cost, candidate.provisioned)
    };
    places.min_by(|left, right| {
        let (left, right) = (rank(*left), rank(*right));
        let points = left.0.total_cmp(&right.0);
        points
            .then(left.1.total_cmp(&right.1))
            .then(left.2.cmp(&right.2))
    })
}

/// The one that misses the promises by the least; of equal ones the cheapest.
fn nearest(candidates: &[Candidate]) -> usize {
    let rank = |place: &usize| {
        let candidate = &candidates[*place];
        (candidate.excess(), Candidate::mean_of(&candidate.costs))
    };
    let places = 0..candidates.len();
    let nearest = places.min_by(|left, right| {
        let (left, right) = (rank(left), rank(right));
        left.0.total_cmp(&right.0).then(left.1.total_cmp(&right.1))
    });
    nearest.unwrap_or(0)
}

/// What the differences between the best and another say.
struct Compared {
    /// Whether the other is certainly no better by more than is called the same.
    is_beaten: bool,
    needed: Option<u64>,
}

fn compare(
    candidates: &[Candidate],
    best: usize,
    other: usize,
    rules: Rules,
    level: f64,
) -> Compared {
    let values = |place: usize| match rules.goal {
        Goal::LeastCost => &candidates[place].costs,
        Goal::LeastCold => &candidates[place].colds,
    };
    let (first, second) = (values(best), values(other));
    let unclear = Compared {
        is_beaten: false,
        needed: None,
    };
    // Without a price nothing can be compared.
    let Ok(compared) = paired::compare(first, second, 0.0) else {
        return unclear;
    };
    let difference = compared.difference.at_level(level);
    let Some(high) = difference.high else {
        return unclear;
    };
    let scale = match rules.goal {
        Goal::LeastCost => Candidate::mean_of(first),
        Goal::LeastCold => {
            let colds = candidates.iter().map(|one| Candidate::mean_of(&one.colds));
            colds.fold(0.0, f64::max)
        }
    };
    let same = rules.same_within * scale;
    let have = word(first.len());
    Compared {
        is_beaten: high <= same,
        // One that is cheaper is not ruled out by its cost, however often it is run.
        needed: needed(&difference, same, have)
            .filter(|_| difference.point <= same)
            .map(|needed| needed.max(have + 1)),
    }
}

/// How many replications to go on to: what is needed, but at most three times as many as there are,
/// since the estimate is rough; `None` when it is out of reach.
pub fn next_total(have: u64, needed: Option<u64>, most: u64) -> Option<u64> {
    if have >= most || needed.is_some_and(|needed| to_f64(needed) > 3.0 * to_f64(most)) {
        return None;
    }
    let wanted = needed.unwrap_or(2 * have).saturating_add(have / 4);
    Some(wanted.clamp(have + have.div_ceil(4), 3 * have).min(most))
}

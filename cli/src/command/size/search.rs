//! Which numbers of provisioned instances are tried, and how often.

use std::collections::BTreeSet;

use frostline_models::math::{round_to_u64, slot};
use frostline_models::scenario::Scenario;
use frostline_report::size::{
    Candidate, Change, Decision, FunctionSize, Rules, Sized, decide, next_total,
};
use frostline_sim::outcome::{FunctionOutcome, RunSpan};
use frostline_sim::provisioned::{places, simulate_each_number};
use frostline_sim::{Cancelled, Options, span_of};

/// Up to so many numbers are all tried at once.
const ALL: u32 = 32;

/// Numbers that are tried between two neighbours of which one may be the best.
const BETWEEN: u32 = 8;

/// Of larger ranges, as many numbers where little spills over, and where much does.
const FINE: u32 = 24;
const COARSE: u32 = 4;

/// What AWS advises to provision, as a multiple of the most that run at once ("Configuring
/// provisioned concurrency for a function", AWS Lambda Developer Guide, read 2026-10).
const PEAK_RULE: f64 = 1.1;

/// The search for one function.
pub(super) struct Search<'a> {
    scenario: &'a Scenario,
    options: Options<'a>,
    rules: Rules,
    most_replications: u32,
    /// Replications of those who are still open.
    have: u32,
    /// Ascending by number; a candidate and its outcome.
    candidates: Vec<Candidate>,
    outcomes: Vec<FunctionOutcome>,
}

impl<'a> Search<'a> {
    /// The search over a scenario of one function.
    pub(super) fn new(
        scenario: &'a Scenario,
        options: Options<'a>,
        rules: Rules,
        most_replications: u32,
    ) -> Self {
        Self {
            scenario,
            options,
            rules,
            most_replications,
            have: scenario.run.replications,
            candidates: Vec::new(),
            outcomes: Vec::new(),
        }
    }

    /// Sizes the function.
    pub(super) fn run(mut self) -> Result<FunctionSize, Cancelled> {
        let span = span_of(self.scenario, self.options)?;
        let now = self.scenario.functions[0].provisioned.instances;
        let (peak, tail) = self.peak(span)?;
        let most = peak.min(self.largest());
        let advised = small(round_to_u64((PEAK_RULE * f64::from(peak)).ceil()));
        let rule = advised.min(self.largest());
        let mut numbers = first_numbers(most, tail);
        numbers.extend([now, rule]);
        self.add(span, &numbers)?;
        let decision = self.decided(span)?;
        let best = self.candidates[decision.best()].provisioned;
        let changed = self.changed(best)?;
        let place = |number: u32| {
            self.candidates
                .iter()
                .position(|one| one.provisioned == number)
        };
        let is_there = "because it was added";
        Ok(FunctionSize::new(&Sized {
            scenario: self.scenario,
            promises: &self.scenario.slos,
            goal: self.rules.goal,
            now: place(now).expect(is_there),
            peak_rule: place(rule).expect(is_there),
            candidates: &self.candidates,
            decision: &decision,
            changed,
        }))
    }

    /// Looks, refines and adds replications until the decision is certain or out of reach.
    fn decided(&mut self, span: RunSpan) -> Result<Decision, Cancelled> {
        let mut look = 0;
        loop {
            look += 1;
            let decision = decide(&mut self.candidates, self.rules, look);
            if !self.candidates[decision.best()].has_requests() {
                return Ok(decision);
            }
            let between = self.beside(decision.best());
            if !between.is_empty() {
                self.add(span, &between)?;
                continue;
            }
            let Decision::Unclear { needed, .. } = &decision else {
                return Ok(decision);
            };
            let most = u64::from(self.most_replications);
            let Some(total) = next_total(u64::from(self.have), *needed, most) else {
                return Ok(decision);
            };
            let total = u32::try_from(total).unwrap_or(self.most_replications);
            self.extend(span, total)?;
        }
    }

    /// The most that run at once, and the number beyond which less than a fifth spills over.
    fn peak(&self, span: RunSpan) -> Result<(u32, u32), Cancelled> {
        let replications = 0..self.have;
        let rows = places(self.scenario, self.options, span, replications.clone())?;
        if let Some(rows) = rows {
            let longest = rows.iter().map(Vec::len).max().unwrap_or(0);
            let requests = |place: usize| {
                let each = rows.iter().filter_map(|row| row.get(place));
                each.map(|one| one.requests).sum::<u64>()
            };
            let all: u64 = (0..longest).map(requests).sum();
            let mut beyond = 0;
            let mut tail = longest;
            while tail > 0 && 5 * beyond <= all {
                tail -= 1;
                beyond += requests(tail);
            }
            return Ok((slot(longest), slot(tail)));
        }
        let outcome = simulate_each_number(self.scenario, self.options, span, &[0], replications)?;
        let runs = outcome.iter().flat_map(|one| &one.replications);
        let periods = runs.flat_map(|run| &run.periods);
        let peak = periods
            .map(|period| period.instances_peak)
            .max()
            .unwrap_or(0);
        let peak = u32::try_from(peak).unwrap_or(u32::MAX);
        Ok((peak, peak / 2))
    }

    /// The most instances that the function may have provisioned.
    fn largest(&self) -> u32 {
        let function = &self.scenario.functions[0];
        let limits = [
            function
                .reserved
                .or(self.scenario.platform.account_concurrency),
            function.maximum_instances,
        ];
        let least = limits.into_iter().flatten().min();
        least.map_or(u32::MAX, |least| u32::try_from(least).unwrap_or(u32::MAX))
    }

    /// Numbers that were not tried, on both sides of the best.
    fn beside(&self, best: usize) -> Vec<u32> {
        let number = |place: usize| self.candidates[place].provisioned;
        let mut found = Vec::new();
        if let Some(below) = best.checked_sub(1) {
            found.extend(between(number(below), number(best)));
        }
        if best + 1 < self.candidates.len() {
            found.extend(between(number(best), number(best + 1)));
        }
        found
    }

    /// Tries numbers that were not tried.
    fn add(&mut self, span: RunSpan, numbers: &[u32]) -> Result<(), Cancelled> {
        let known: BTreeSet<u32> = self.candidates.iter().map(|one| one.provisioned).collect();
        let new: BTreeSet<u32> = numbers.iter().copied().collect();
        let new: Vec<u32> = new.difference(&known).copied().collect();
        let outcomes = simulate_each_number(self.scenario, self.options, span, &new, 0..self.have)?;
        for (number, outcome) in new.into_iter().zip(outcomes) {
            let candidate = self.candidate(number, &outcome, span);
            let place = self
                .candidates
                .partition_point(|one| one.provisioned < number);
            self.candidates.insert(place, candidate);
            self.outcomes.insert(place, outcome);
        }
        Ok(())
    }

    /// Adds replications to those who are still open.
    fn extend(&mut self, span: RunSpan, total: u32) -> Result<(), Cancelled> {
        let open: Vec<usize> = (0..self.candidates.len())
            .filter(|place| self.candidates[*place].is_open())
            .collect();
        let numbers: Vec<u32> = open
            .iter()
            .map(|place| self.candidates[*place].provisioned)
            .collect();
        let more = self.have..total;
        let more = simulate_each_number(self.scenario, self.options, span, &numbers, more)?;
        for (place, more) in open.into_iter().zip(more) {
            self.outcomes[place].replications.extend(more.replications);
            let number = self.candidates[place].provisioned;
            let renewed = self.candidate(number, &self.outcomes[place], span);
            let known = self.candidates[place].clone();
            self.candidates[place] = known.renewed(renewed);
        }
        self.have = total;
        Ok(())
    }

    fn candidate(&self, number: u32, outcome: &FunctionOutcome, span: RunSpan) -> Candidate {
        let mut scenario = self.scenario.clone();
        scenario.functions[0].provisioned.instances = number;
        Candidate::new(&scenario, &self.scenario.slos, outcome, span)
    }

    /// What the recommendation does when the world is otherwise.
    fn changed(&self, best: u32) -> Result<Vec<(Change, Candidate)>, Cancelled> {
        let replications = 0..self.scenario.run.replications;
        let each = Change::ALL.into_iter().map(|change| {
            let mut scenario = change.of(self.scenario);
            scenario.functions[0].provisioned.instances = best;
            let span = span_of(&scenario, self.options)?;
            let numbers = [best];
            let replications = replications.clone();
            let outcomes =
                simulate_each_number(&scenario, self.options, span, &numbers, replications)?;
            let candidate = Candidate::new(&scenario, &scenario.slos, &outcomes[0], span);
            Ok((change, candidate))
        });
        each.collect()
    }
}

/// The numbers to begin with: all, or many where little spills over and few where much does.
fn first_numbers(most: u32, tail: u32) -> Vec<u32> {
    if most <= ALL {
        return (0..=most).collect();
    }
    let tail = tail.min(most - 1);
    let spread = |from: u32, to: u32, count: u32| {
        let step = f64::from(to - from) / f64::from(count);
        (0..=count).map(move |n| from + small(round_to_u64(step * f64::from(n))))
    };
    let mut numbers: Vec<u32> = spread(0, tail, COARSE)
        .chain(spread(tail, most, FINE))
        .collect();
    numbers.dedup();
    numbers
}

fn small(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// Evenly spaced numbers between two, without them.
fn between(low: u32, high: u32) -> Vec<u32> {
    let gap = high.saturating_sub(low);
    let count = gap.saturating_sub(1).min(BETWEEN);
    let step = f64::from(gap) / f64::from(count + 1);
    let mut found: Vec<u32> = (1..=count)
        .map(|n| low + small(round_to_u64(step * f64::from(n))))
        .filter(|number| *number > low && *number < high)
        .collect();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_small_numbers_are_tried_and_large_ranges_are_spread() {
        assert_eq!(first_numbers(3, 1), [0, 1, 2, 3]);
        let many = first_numbers(1_000, 800);
        assert!(many.len() <= 30 && many.is_sorted(), "{many:?}");
        assert_eq!((many[0], many[many.len() - 1]), (0, 1_000));
        assert!(many.contains(&800));
    }

    #[test]
    fn gaps_close() {
        assert_eq!(between(4, 5), Vec::<u32>::new());
        assert_eq!(between(4, 6), [5]);
        assert_eq!(between(0, 9), [1, 2, 3, 4, 5, 6, 7, 8]);
        let far = between(0, 900);
        assert_eq!(far.len(), 8);
        assert!(far.windows(2).all(|pair| pair[1] - pair[0] == 100));
    }
}

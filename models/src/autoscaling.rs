//! Provisioned concurrency that changes while time goes by: scheduled actions and target tracking, as
//! AWS's Application Auto Scaling does both.
//!
//! **Scheduled actions** set the least and the most capacity from an instant on; the capacity is moved
//! into these bounds.
//!
//! **Target tracking** looks once a minute at the utilisation of the minute that is over, the mean
//! share of provisioned instances that were busy. Two alarms watch it:
//!
//! ```text
//! high  the last 3 points all above the target             ─► capacity = ⌈capacity · u / target⌉
//! low   the last n points all below 0.9 times the target   ─► the same, by small steps
//! ```
//!
//! A minute without a request has no point at all, and an alarm fires on points only. **So an idle
//! function is never scaled in**: its alarms have insufficient data. (AWS Lambda Developer Guide,
//! "Managing provisioned concurrency with Application Auto Scaling"; Application Auto Scaling User
//! Guide, "Target tracking scaling policies"; read 2026-10.) How many points the low alarm needs is
//! documented as 3 for Lambda and as 15 for other services: it is a parameter. How small a step in is,
//! is not documented: a parameter too.

use std::collections::VecDeque;

use serde::Serialize;

use crate::units::SimDuration;

/// How provisioned concurrency changes over a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scaling {
    /// Bounds of the capacity; the first holds from the start, the others ascend in time.
    pub bounds: Vec<Bounds>,
    /// Who moves the capacity within the bounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking: Option<TargetTracking>,
}

/// Bounds of the capacity from an instant on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Bounds {
    /// Since the start of the run.
    pub from: SimDuration,
    /// Instances at the least.
    pub min: u32,
    /// Instances at the most, no fewer.
    pub max: u32,
}

impl Bounds {
    /// The capacity moved into the bounds.
    pub fn clamp(&self, capacity: u32) -> u32 {
        capacity.clamp(self.min, self.max)
    }
}

impl Scaling {
    /// The most instances that it may ask for.
    pub fn most(&self) -> u32 {
        self.bounds
            .iter()
            .map(|bounds| bounds.max)
            .max()
            .unwrap_or(0)
    }
}

/// A target-tracking policy.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TargetTracking {
    /// The utilisation to keep, from 0.1 to 0.9.
    pub target: f64,
    /// Points above the target that the high alarm needs.
    pub high_points: u32,
    /// Points below 0.9 times the target that the low alarm needs.
    pub low_points: u32,
    /// After scaling out no more is asked for during this time.
    pub scale_out_cooldown: SimDuration,
    /// After scaling in or out nothing is given up during this time.
    pub scale_in_cooldown: SimDuration,
    /// The largest part of the capacity that is given up at once, at least one instance.
    pub largest_step_in: f64,
}

impl TargetTracking {
    /// The share of the target below which the low alarm counts a point.
    pub const LOW_SHARE: f64 = 0.9;
}

/// The state of a policy's alarms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Alarm {
    /// Neither fires.
    Ok,
    /// Utilisation is too high.
    High,
    /// Utilisation is too low.
    Low,
    /// No minute that the alarms look at has a point.
    InsufficientData,
}

/// A policy at work.
#[derive(Debug, Clone)]
pub struct Tracker {
    policy: TargetTracking,
    /// The latest points, as many as the slower alarm looks at.
    points: VecDeque<Option<f64>>,
    /// When it last scaled.
    scaled_out_at: Option<u64>,
    scaled_at: Option<u64>,
}

impl Tracker {
    /// A policy before the first minute.
    pub fn new(policy: TargetTracking) -> Self {
        Self {
            policy,
            points: VecDeque::new(),
            scaled_out_at: None,
            scaled_at: None,
        }
    }

    /// Takes the point of the minute that is over; `None` when nothing was asked of the function.
    pub fn take(&mut self, utilisation: Option<f64>) -> Alarm {
        let kept = self.policy.high_points.max(self.policy.low_points);
        self.points.push_back(utilisation);
        while self.points.len() > crate::math::index(kept) {
            self.points.pop_front();
        }
        self.alarm()
    }

    /// The state of the alarms.
    pub fn alarm(&self) -> Alarm {
        let last = |count: u32| self.points.iter().rev().take(crate::math::index(count));
        let fires = |count: u32, breaches: &dyn Fn(f64) -> bool| {
            last(count).len() == crate::math::index(count)
                && last(count).all(|point| point.is_some_and(breaches))
        };
        let low = TargetTracking::LOW_SHARE * self.policy.target;
        if fires(self.policy.high_points, &|point| point > self.policy.target) {
            Alarm::High
        } else if fires(self.policy.low_points, &|point| point < low) {
            Alarm::Low
        } else if last(self.policy.high_points).all(Option::is_none) {
            Alarm::InsufficientData
        } else {
            Alarm::Ok
        }
    }

    /// The capacity that it asks for at `now` (nanoseconds), when `capacity` is allocated; `None` when
    /// it asks for nothing.
    pub fn wanted(&mut self, now: u64, capacity: u32, bounds: Bounds) -> Option<u32> {
        let point = (*self.points.back()?)?;
        let cools = |since: Option<u64>, cooldown: SimDuration| {
            since.is_some_and(|since| now < since.saturating_add(cooldown.0))
        };
        // What is a whole number but for rounding stays that.
        let fitting = (f64::from(capacity) * point / self.policy.target - 1e-9).ceil();
        let fitting = u32::try_from(crate::math::round_to_u64(fitting)).unwrap_or(u32::MAX);
        match self.alarm() {
            Alarm::High if !cools(self.scaled_out_at, self.policy.scale_out_cooldown) => {
                let wanted = bounds.clamp(fitting.max(capacity));
                (wanted > capacity).then(|| {
                    self.scaled_out_at = Some(now);
                    self.scaled_at = Some(now);
                    wanted
                })
            }
            Alarm::Low if !cools(self.scaled_at, self.policy.scale_in_cooldown) => {
                let part = f64::from(capacity) * self.policy.largest_step_in;
                let step =
                    u32::try_from(crate::math::round_to_u64(part.floor())).unwrap_or(u32::MAX);
                let least = capacity.saturating_sub(step.max(1));
                let wanted = bounds.clamp(fitting.max(least).min(capacity));
                (wanted < capacity).then(|| {
                    self.scaled_at = Some(now);
                    wanted
                })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: TargetTracking = TargetTracking {
        target: 0.7,
        high_points: 3,
        low_points: 3,
        scale_out_cooldown: SimDuration::ZERO,
        scale_in_cooldown: SimDuration::ZERO,
        largest_step_in: 0.1,
    };

    const BOUNDS: Bounds = Bounds {
        from: SimDuration::ZERO,
        min: 2,
        max: 100,
    };

    /// Minutes with their points, and what happens after each when everything asked for is there a
    /// minute later.
    fn played(policy: TargetTracking, points: &[Option<f64>], start: u32) -> Vec<(Alarm, u32)> {
        let mut tracker = Tracker::new(policy);
        let mut capacity = start;
        let minutes = (1_u64..).zip(points);
        minutes
            .map(|(minute, point)| {
                let alarm = tracker.take(*point);
                let wanted = tracker.wanted(minute * 60_000_000_000, capacity, BOUNDS);
                capacity = wanted.unwrap_or(capacity);
                (alarm, capacity)
            })
            .collect()
    }

    /// By hand. Target 0.7, so low is below 0.63. Twenty instances at 0.84: the third point makes the
    /// alarm, and ⌈20 · 0.84 / 0.7⌉ = 24. Between 0.63 and 0.7 nothing moves. At 0.5 the third point
    /// makes the low alarm: ⌈24 · 0.5 / 0.7⌉ = 18, but a step in is at most 2 of 24, then 2 of 22.
    #[test]
    fn alarms_follow_the_documented_sequence() {
        let some = |points: &[f64]| points.iter().copied().map(Some).collect::<Vec<_>>();
        let points = some(&[0.84, 0.84, 0.84, 0.69, 0.64, 0.5, 0.5, 0.5, 0.5]);
        assert_eq!(
            played(POLICY, &points, 20),
            [
                (Alarm::Ok, 20),
                (Alarm::Ok, 20),
                (Alarm::High, 24),
                (Alarm::Ok, 24),
                (Alarm::Ok, 24),
                (Alarm::Ok, 24),
                (Alarm::Ok, 24),
                (Alarm::Low, 22),
                (Alarm::Low, 20),
            ]
        );
    }

    /// With fifteen points the low alarm takes a quarter of an hour; one point at the target in
    /// between, and it starts over.
    #[test]
    fn the_low_alarm_takes_its_points_in_a_row() {
        let policy = TargetTracking {
            low_points: 15,
            ..POLICY
        };
        let mut points = vec![Some(0.1); 15];
        assert_eq!(played(policy, &points, 20)[13], (Alarm::Ok, 20));
        assert_eq!(played(policy, &points, 20)[14], (Alarm::Low, 18));
        points[7] = Some(0.65);
        points.extend([Some(0.1); 8]);
        let capacity: Vec<u32> = played(policy, &points, 20)
            .iter()
            .map(|one| one.1)
            .collect();
        assert_eq!((capacity[21], capacity[22]), (20, 18));
    }

    /// The trap: without requests there are no points, without points no alarm, and nothing is given
    /// up however long it idles.
    #[test]
    fn an_idle_function_is_never_scaled_in() {
        let mut points = vec![Some(0.65); 3];
        points.extend([None; 600]);
        let played = played(POLICY, &points, 50);
        assert_eq!(played[4], (Alarm::Ok, 50), "one point is left to look at");
        assert!(
            played[5..]
                .iter()
                .all(|one| *one == (Alarm::InsufficientData, 50)),
            "{:?}",
            &played[..8]
        );
    }

    #[test]
    fn cooldowns_and_bounds_hold() {
        let policy = TargetTracking {
            scale_out_cooldown: SimDuration::from_secs(180),
            ..POLICY
        };
        let points = [Some(1.0); 8];
        let capacity: Vec<u32> = played(policy, &points, 40)
            .iter()
            .map(|one| one.1)
            .collect();
        // ⌈40 / 0.7⌉ = 58, three minutes later ⌈58 / 0.7⌉ = 83.
        assert_eq!(capacity, [40, 40, 58, 58, 58, 83, 83, 83]);
        let most: Vec<u32> = played(POLICY, &points, 90)
            .iter()
            .map(|one| one.1)
            .collect();
        assert_eq!(most, [90, 90, 100, 100, 100, 100, 100, 100]);
        let least = played(POLICY, &[Some(0.0); 6], 3);
        assert_eq!(least[5], (Alarm::Low, 2));
    }
}

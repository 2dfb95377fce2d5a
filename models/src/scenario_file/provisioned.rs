//! Provisioned concurrency out of its table.

use super::arrivals::cron_times;
use super::functions::Scope;
use super::read;
use super::settle::Settling;
use super::tree::Node;
use crate::autoscaling::{Bounds, Scaling, TargetTracking};
use crate::scenario::Provisioned;
use crate::units::{SimDuration, SimTime};

/// Points that AWS's documentation of Lambda says both alarms need.
const POINTS: u32 = 3;

/// The part of the capacity that is given up at once: an assumption within "smaller steps".
const STEP_IN: f64 = 0.1;

const STEP_IN_DOUBT: &str = "target tracking gives up at most 10 % of the capacity at once (AWS says \
     \"smaller steps\" and gives no figure; `step-in` replaces it)";

/// What an action changes.
struct Action {
    at: SimTime,
    min: Option<u32>,
    max: Option<u32>,
}

impl Settling<'_> {
    /// Provisioned concurrency, and how it changes.
    pub(crate) fn provisioned_instances(&mut self, scope: &Scope<'_>) -> Provisioned {
        let fixed = scope.inner("provisioned", "fixed");
        let scaling = if let Some(node) = scope.inner("provisioned", "schedule") {
            let initial = node.get("initial").and_then(read::small_count).unwrap_or(0);
            let first = Bounds {
                from: SimDuration::ZERO,
                min: initial,
                max: initial,
            };
            self.scaling(node, first, None)
        } else if let Some(node) = scope.inner("provisioned", "target-tracking") {
            self.target_tracking(node)
        } else {
            None
        };
        let first = scaling.as_ref().and_then(|scaling| scaling.bounds.first());
        let at_start = first.map(|bounds| bounds.min);
        Provisioned {
            instances: at_start
                .or_else(|| fixed.and_then(read::small_count))
                .unwrap_or(0),
            allocate_at_start: scope.inner("provisioned", "allocate").and_then(Node::text)
                == Some("at-start"),
            scaling,
        }
    }

    fn target_tracking(&mut self, node: &Node) -> Option<Scaling> {
        let count = |key: &str| node.get(key).and_then(read::small_count);
        let span = |key: &str| node.get(key).and_then(read::duration);
        let share = |key: &str| node.get(key).and_then(read::share);
        let tracking = TargetTracking {
            target: share("utilisation").unwrap_or(0.7),
            high_points: count("high-points").unwrap_or(POINTS),
            low_points: count("low-points").unwrap_or(POINTS),
            scale_out_cooldown: span("scale-out-cooldown").unwrap_or(SimDuration::ZERO),
            scale_in_cooldown: span("scale-in-cooldown").unwrap_or(SimDuration::ZERO),
            largest_step_in: share("step-in").unwrap_or(STEP_IN),
        };
        if !(0.1..=0.9).contains(&tracking.target)
            && let Some(wrong) = node.get("utilisation")
        {
            let title = format!("expected 10 to 90 %, found {}", wrong.value.shown());
            let error = wrong.span.error("scenario::provisioned", title);
            self.errors
                .push(error.help("write `utilisation = \"70 %\"`"));
        }
        if node.get("step-in").is_none() {
            self.unverified.insert(STEP_IN_DOUBT.to_owned());
        }
        let first = Bounds {
            from: SimDuration::ZERO,
            min: count("min")?,
            max: count("max")?,
        };
        self.scaling(node, first, Some(tracking))
    }

    /// Bounds over time: the first, and what the actions of `node` make of them.
    fn scaling(
        &mut self,
        node: &Node,
        first: Bounds,
        tracking: Option<TargetTracking>,
    ) -> Option<Scaling> {
        let mut actions = Vec::new();
        let listed = node.get("actions").map_or(&[][..], Node::items);
        for action in listed {
            let count = |key: &str| action.get(key).and_then(read::small_count);
            let capacity = count("capacity");
            let (min, max) = (count("min").or(capacity), count("max").or(capacity));
            if min.is_none() && max.is_none() {
                let error = action.span.error(
                    "scenario::provisioned",
                    "the action changes nothing".to_owned(),
                );
                self.errors
                    .push(error.help("write `capacity = 20`, or `min` and `max`"));
                continue;
            }
            let times = cron_times(action, &self.horizon, &mut self.errors)?;
            let spent = u64::try_from(times.len()).unwrap_or(u64::MAX);
            self.horizon.scheduled_left = self.horizon.scheduled_left.saturating_sub(spent);
            actions.extend(times.into_iter().map(|at| Action { at, min, max }));
        }
        // Of actions at one instant the later in the list comes last.
        actions.sort_by_key(|action| action.at);
        let mut bounds = vec![first];
        let mut latest = first;
        for action in actions {
            latest.from = SimDuration(action.at.0);
            latest.min = action.min.unwrap_or(latest.min);
            latest.max = action.max.unwrap_or(latest.max);
            bounds.push(latest);
        }
        if let Some(wrong) = bounds.iter().find(|bounds| bounds.min > bounds.max) {
            let title = format!(
                "at least {} and at most {} instances cannot both hold",
                wrong.min, wrong.max
            );
            self.errors
                .push(node.span.error("scenario::provisioned", title));
            return None;
        }
        Some(Scaling { bounds, tracking })
    }
}

//! What an instance's start takes: the function's own words over its profile or runtime over the
//! platform's preset.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::init::{Init, Phase};
use crate::law::Law;
use crate::preset::PhaseRequest;
use crate::profile::{self, InitRequest, Profile};
use crate::scenario::{Architecture, PackageKind};
use crate::units::Memory;

use super::functions::Scope;
use super::settle::Settling;
use super::tree::Node;
use super::{laws, read};

/// How a function starts.
pub(crate) struct Start {
    /// The phases.
    pub(crate) init: Init,
    /// Whether the vendor manages the runtime.
    pub(crate) managed_runtime: bool,
    /// Whether instances start from a snapshot.
    pub(crate) snapshot: bool,
}

/// The phases that a snapshot makes unnecessary.
const IN_SNAPSHOT: [Phase; 4] = [Phase::Fetch, Phase::Sandbox, Phase::Runtime, Phase::Code];

impl Settling<'_> {
    /// How a function starts; `None` when that cannot be settled, which is told. An init that a trace
    /// recorded is the whole of it, extensions included.
    pub(crate) fn start(
        &mut self,
        scope: &Scope<'_>,
        memory: Memory,
        architecture: Architecture,
        package: PackageKind,
        recorded: Option<&Init>,
    ) -> Option<Start> {
        let snapshot = scope.inner("snapshot", "snap-start").is_some();
        if let Some(init) = recorded {
            return Some(Start {
                init: init.clone(),
                managed_runtime: true,
                snapshot,
            });
        }
        let profile = match (scope.inner("init", "profile"), scope.get("runtime")) {
            (Some(node), _) => Some(self.profile(node)?),
            (None, Some(node)) => Some(self.runtime(node, architecture, package)?),
            (None, None) => None,
        };
        let managed_runtime = profile
            .as_ref()
            .is_none_or(|profile| profile.managed_runtime());
        let start = |init| Start {
            init,
            managed_runtime,
            snapshot,
        };
        if let Some(node) = scope.inner("init", "total") {
            return laws::law(node, &mut self.errors).map(|law| start(Init::total(law)));
        }
        let size = scope.inner("package", "size").and_then(read::bytes);
        let measured = profile.as_ref().map(|profile| {
            profile.phases(&InitRequest {
                package_size: size,
                memory,
            })
        });
        let total = measured
            .iter()
            .flatten()
            .find(|(phase, _)| *phase == Phase::Total);
        if let Some((_, law)) = total {
            return Some(start(Init::total(law.clone())));
        }
        let request = PhaseRequest {
            vpc: scope.get("vpc").and_then(read::flag).unwrap_or(false),
            package,
            package_size: size,
            snapshot,
            bare: profile.is_none(),
        };
        // The presets' constants make valid laws; were one not to, its phases would be missing.
        let mut laws: BTreeMap<Phase, Law> = self
            .preset
            .phases(&request)
            .unwrap_or_default()
            .into_iter()
            .collect();
        let mut assumed: Vec<Phase> = laws.keys().copied().collect();
        for (phase, law) in measured.into_iter().flatten() {
            if !(snapshot && IN_SNAPSHOT.contains(&phase)) {
                assumed.retain(|known| *known != phase);
                laws.insert(phase, law);
            }
        }
        for phase in Phase::ALL {
            if let Some(node) = scope.inner("init", phase.name()) {
                assumed.retain(|known| *known != phase);
                laws.insert(phase, laws::law(node, &mut self.errors)?);
            }
        }
        let doubts = self.preset.unverified_used(&assumed, package);
        self.unverified.extend(doubts);
        let mut phases: Vec<(Phase, Law)> = laws.into_iter().collect();
        if !snapshot {
            for extension in scope.get("extensions").map_or(&[][..], Node::items) {
                let law = laws::law(extension.get("init")?, &mut self.errors)?;
                phases.push((Phase::Code, law));
            }
        }
        Some(start(Init::new(phases)))
    }

    fn runtime(
        &mut self,
        node: &Node,
        architecture: Architecture,
        package: PackageKind,
    ) -> Option<Arc<Profile>> {
        let name = node.text()?;
        let key = format!("builtin {name} {} {package:?}", architecture.name());
        if let Some(known) = self.profiles.get(&key) {
            return known.clone();
        }
        let read = match profile::builtin(name, package, architecture) {
            Ok(profile) => Some(Arc::new(profile)),
            Err(unknown) => {
                let title = if unknown.measured_as.is_empty() {
                    format!("unknown runtime `{}`", node.value.shown())
                } else {
                    let measured = unknown.measured_as.join(", ");
                    format!("the runtime `{name}` was measured only as {measured}")
                };
                let mut error = node.span.error("scenario::unknown-runtime", title);
                if let Some(near) = unknown.suggestions.first() {
                    error = error.help(format!("did you mean \"{near}\"?"));
                }
                self.errors.push(
                    error.help("or say what the start takes: `init.total.constant = \"250 ms\"`"),
                );
                None
            }
        };
        self.profiles.insert(key, read.clone());
        read
    }

    fn profile(&mut self, node: &Node) -> Option<Arc<Profile>> {
        let path = node.text()?;
        let key = format!("file {path}");
        if let Some(known) = self.profiles.get(&key) {
            return known.clone();
        }
        let read = self.resources.profile(path);
        let profile = match read.map(|text| Profile::parse(path, &text)) {
            Ok(Ok(profile)) => Some(Arc::new(profile)),
            Ok(Err(told)) => {
                let first = self.sources.len();
                self.sources.extend(told.sources);
                self.errors.extend(told.errors.into_iter().map(|mut error| {
                    for label in &mut error.labels {
                        label.source += first;
                    }
                    error
                }));
                None
            }
            Err(why) => {
                let title = format!("the profile `{}` cannot be read: {why}", node.value.shown());
                self.errors
                    .push(node.span.error("scenario::profile", title));
                None
            }
        };
        self.profiles.insert(key, profile.clone());
        profile
    }
}

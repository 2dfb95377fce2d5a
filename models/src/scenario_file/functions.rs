//! A function out of its layers: itself, whom it is like, the defaults, the trace.

use crate::arrival::Arrivals;
use crate::law::Law;
use crate::profile::FULL_VCPU_MIB;
use crate::scenario::{Architecture, Function, InitialPool, PackageKind, Provisioned, Queue};
use crate::trace::TraceFunction;
use crate::units::{Bytes, Memory, SimDuration};

use super::settle::Settling;
use super::tree::{Node, Span};
use super::{arrivals, laws, read};

/// Where a function's keys come from, nearest first.
pub(crate) struct Scope<'n> {
    layers: Vec<&'n Node>,
}

impl<'n> Scope<'n> {
    /// A scope of tables, nearest first; the last may be the file's defaults.
    pub(crate) fn new(layers: Vec<&'n Node>) -> Self {
        Self { layers }
    }

    /// The nearest value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&'n Node> {
        self.layers.iter().find_map(|layer| layer.get(key))
    }

    /// The value of a key of a table that is a key.
    pub(crate) fn inner(&self, table: &str, key: &str) -> Option<&'n Node> {
        self.get(table)?.get(key)
    }

    /// The nearest value of a key before the file's defaults: what a trace yields to.
    pub(crate) fn own(&self, key: &str, defaults: Option<&Node>) -> Option<&'n Node> {
        self.layers
            .iter()
            .filter(|layer| !defaults.is_some_and(|defaults| std::ptr::eq(**layer, defaults)))
            .find_map(|layer| layer.get(key))
    }

    /// The place of the function itself.
    pub(crate) fn span<'s>(&'s self, root: &'s Node) -> &'s Span {
        self.layers.first().map_or(&root.span, |layer| &layer.span)
    }
}

/// The memory side of a function's speed.
struct Cpu {
    bound: f64,
    /// f(memory)/f(measured-at), the factor of CPU-bound time.
    slowdown: f64,
}

impl Cpu {
    /// `t = d·((1 − b) + b·f(memory)/f(measured-at))` with `f(m) = 1/min(threads, m/1769)`: AWS gives
    /// CPU in proportion to memory, one vCPU at 1769 MiB (AWS Lambda Developer Guide, 2022).
    fn read(node: &Node, memory: Memory) -> Option<Self> {
        let measured = node
            .get("measured-at")
            .map_or(Some(Memory(1769)), read::memory)?;
        let threads = node.get("threads").map_or(Some(1), read::small_count)?;
        let speed = |size: Memory| (f64::from(size.0) / FULL_VCPU_MIB).min(f64::from(threads));
        Some(Self {
            bound: node.get("bound").and_then(read::share)?,
            slowdown: speed(measured) / speed(memory),
        })
    }
}

impl Settling<'_> {
    /// A function; `None` when it cannot be one, which is told.
    pub(crate) fn function(
        &mut self,
        scope: &Scope<'_>,
        root: &Node,
        recorded: Option<&TraceFunction>,
    ) -> Option<Function> {
        let defaults = root.get("function-defaults");
        let name = recorded.map_or_else(
            || scope.layers.first()?.get("name").and_then(Node::text),
            |recorded| Some(&recorded.name),
        );
        let memory = scope
            .own("memory", defaults)
            .and_then(read::memory)
            .or(recorded.and_then(|recorded| recorded.memory))
            .or_else(|| scope.get("memory").and_then(read::memory))
            .unwrap_or(Memory(128));
        let architecture = match scope.get("architecture").and_then(Node::text) {
            Some("arm64") => Architecture::Arm64,
            _ => Architecture::X86_64,
        };
        let package = match scope.inner("package", "kind").and_then(Node::text) {
            Some("image") => PackageKind::Image,
            _ => PackageKind::Zip,
        };
        let (duration, first_invocation) = self.durations(scope, root, memory, recorded);
        let arrivals = self.function_arrivals(scope, root, recorded);
        let recorded_init = recorded.and_then(|recorded| recorded.init.as_ref());
        let recorded_init = recorded_init.filter(|_| {
            let own = |key| scope.own(key, defaults);
            own("runtime").or_else(|| own("init")).is_none()
        });
        let start = self.start(scope, memory, architecture, package, recorded_init);
        let (provisioned, reserved) = self.provisioned(scope);
        let (keep_alive, maximum_age) =
            self.lifetime(scope.get("keep-alive"), scope.get("max-age"));
        let count = |table: &str, key: &str| scope.inner(table, key).and_then(read::count);
        let small = |table: &str, key: &str| {
            let found = scope.inner(table, key).and_then(read::small_count);
            found.unwrap_or(0)
        };
        let start = start?;
        Some(Function {
            name: name?.to_owned(),
            architecture,
            memory,
            ephemeral_storage: scope
                .get("ephemeral-storage")
                .and_then(read::memory)
                .unwrap_or(Memory(512)),
            package,
            managed_runtime: start.managed_runtime,
            snapshot: start.snapshot,
            init: start.init,
            duration: duration?,
            first_invocation,
            response: scope
                .inner("response", "size")
                .and_then(read::bytes)
                .unwrap_or(Bytes(0)),
            timeout: scope.get("timeout").and_then(read::duration),
            concurrency: scope
                .get("concurrency")
                .and_then(read::small_count)
                .unwrap_or(1),
            provisioned,
            reserved,
            maximum_instances: scope.get("max-instances").and_then(read::count),
            queue: Queue {
                length: count("queue", "length").unwrap_or(0),
                wait: scope
                    .inner("queue", "wait")
                    .and_then(read::duration)
                    .unwrap_or(SimDuration::ZERO),
            },
            arrivals: arrivals?,
            keep_alive: keep_alive.unwrap_or(self.defaults.keep_alive),
            maximum_age,
            reuse: scope
                .get("reuse")
                .and_then(laws::reuse)
                .unwrap_or(self.defaults.reuse),
            initial: InitialPool {
                idle: small("initial", "idle"),
                busy: small("initial", "busy"),
            },
        })
    }

    /// Duration and extra time of the first invocation, at this memory size. What the trace
    /// recorded it recorded at its memory: it is not scaled.
    fn durations(
        &mut self,
        scope: &Scope<'_>,
        root: &Node,
        memory: Memory,
        recorded: Option<&TraceFunction>,
    ) -> (Option<Law>, Law) {
        let cpu = scope.get("cpu").and_then(|node| Cpu::read(node, memory));
        let scaled = |law: Law, bound: Option<f64>| match &cpu {
            Some(cpu) => {
                let bound = bound.unwrap_or(cpu.bound);
                law.scaled(1.0 - bound + bound * cpu.slowdown)
            }
            None => law,
        };
        let defaults = root.get("function-defaults");
        let own = scope.own("duration", defaults);
        let of_trace = recorded.and_then(TraceFunction::duration_law);
        let duration = match (own, of_trace, scope.get("duration")) {
            (None, Some(law), _) => Some(law),
            (Some(node), _, _) | (None, None, Some(node)) => {
                let law = laws::law(node, &mut self.errors);
                law.map(|law| scaled(law, None))
            }
            (None, None, None) => {
                self.missing(scope, root, "duration", "duration.constant = \"100 ms\"");
                None
            }
        };
        let first = scope
            .get("first-invocation")
            .and_then(|node| laws::law(node, &mut self.errors));
        let first = first.map_or(Law::ZERO, |law| scaled(law, Some(1.0)));
        (duration, first)
    }

    fn function_arrivals(
        &mut self,
        scope: &Scope<'_>,
        root: &Node,
        recorded: Option<&TraceFunction>,
    ) -> Option<Arrivals> {
        let node = scope.get("arrivals");
        match (recorded, node) {
            (Some(_), Some(node)) => {
                let title = "`arrivals` cannot stand beside a trace that records them";
                let error = node.span.error("scenario::two-kinds", title);
                self.errors
                    .push(error.help("remove `arrivals`, or give the function another name"));
                None
            }
            (Some(recorded), None) => {
                let overridden = scope.own("duration", root.get("function-defaults"));
                Some(match (&recorded.arrivals, overridden) {
                    (Arrivals::Recorded(requests), Some(_)) => {
                        Arrivals::Recorded(requests.clone().with_drawn_durations())
                    }
                    (arrivals, _) => arrivals.clone(),
                })
            }
            (None, Some(node)) => arrivals::arrivals(node, &mut self.horizon, &mut self.errors),
            (None, None) => {
                self.missing(
                    scope,
                    root,
                    "arrivals",
                    "arrivals.poisson = { rate = \"3 /s\" }",
                );
                None
            }
        }
    }

    fn missing(&mut self, scope: &Scope<'_>, root: &Node, key: &str, example: &str) {
        // The function's name is the best place there is for what is not there.
        let name = scope.layers.first().and_then(|layer| layer.get("name"));
        let span = name.map_or(scope.span(root), |name| &name.span).clone();
        let shown = name.map_or_else(String::new, |name| format!(" `{}`", name.value.shown()));
        // A misspelt key has been told already, with the right one.
        if !self.misspelt.contains(key) {
            let title = format!("the function{shown} has no `{key}`");
            let error = span.error("scenario::missing-key", title);
            self.errors.push(error.help(format!("write `{example}`")));
        }
    }

    fn provisioned(&mut self, scope: &Scope<'_>) -> (Provisioned, Option<u64>) {
        let fixed = scope.inner("provisioned", "fixed");
        let provisioned = self.provisioned_instances(scope);
        let most = provisioned.most();
        let settings = ["schedule", "target-tracking"];
        let scaling = settings
            .iter()
            .find_map(|key| scope.inner("provisioned", key));
        let reserved = scope.get("reserved").and_then(read::count);
        let limits = [
            ("reserved", reserved),
            (
                "max-instances",
                scope.get("max-instances").and_then(read::count),
            ),
        ];
        for (key, limit) in limits {
            if let (Some(limit), Some(place)) = (limit, fixed.or(scaling))
                && u64::from(most) > limit
            {
                let title =
                    format!("{most} provisioned instances are more than `{key}` allows ({limit})");
                let error = place.span.error("scenario::provisioned", title);
                self.errors
                    .push(error.help(format!("provision less, or write `{key} = {most}`")));
            }
        }
        (provisioned, reserved)
    }
}

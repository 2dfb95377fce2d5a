//! From the tree to the settled scenario.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::arrival::Placement;
use crate::diagnostic::{Diagnostic, Diagnostics, Source};
use crate::math::to_f64;
use crate::metric::Assertion;
use crate::preset::Preset;
use crate::profile::Profile;
use crate::scenario::{Function, Platform, Run, Scenario, TraceSource, WarmUp};
use crate::suggest::nearest;
use crate::trace::Trace;
use crate::units::SimDuration;

use super::arrivals::{Horizon, SCHEDULED};
use super::check::check;
use super::functions::Scope;
use super::platform::Defaults;
use super::spec::{Kind, SCENARIO};
use super::tree::{Node, Span, Table, Value};
use super::{Resources, TraceRequest, read};

/// More arrivals than this nobody can wait for.
const MOST_ARRIVALS: f64 = 1e12;

/// What settling needs and gathers on its way.
pub(crate) struct Settling<'a> {
    /// Reads profiles and traces.
    pub(crate) resources: &'a mut dyn Resources,
    /// The texts so far: the file, the assignments, then the profiles that have mistakes.
    pub(crate) sources: Vec<Source>,
    /// The mistakes so far.
    pub(crate) errors: Vec<Diagnostic>,
    /// The preset in force.
    pub(crate) preset: &'static Preset,
    /// The platform's settings that functions may override.
    pub(crate) defaults: Defaults,
    /// Profiles by path, each read once; `None` for one that could not be.
    pub(crate) profiles: BTreeMap<String, Option<Arc<Profile>>>,
    /// What arrivals need to know.
    pub(crate) horizon: Horizon,
    /// Keys that were misspelt somewhere: that they are missing need not be told too.
    pub(crate) misspelt: BTreeSet<String>,
    /// The unverified constants that take part.
    pub(crate) unverified: BTreeSet<String>,
}

/// Checks and settles a tree.
pub(crate) fn settle(
    root: &Table,
    sources: &[Source],
    resources: &mut dyn Resources,
) -> Result<Scenario, Diagnostics> {
    let mut errors = Vec::new();
    let whole = Node {
        span: Span {
            source: 0,
            range: 0..0,
        },
        value: Value::Table(root.clone()),
    };
    check(&whole, &Kind::Table(&SCENARIO), "", &mut errors);
    if errors
        .iter()
        .any(|error| error.code == "scenario::too-large")
    {
        // Settling takes time with the size of the file: one that is refused for it gets none.
        let sources = sources.to_vec();
        return Err(Diagnostics { sources, errors }.sorted());
    }
    let misspelt = misspelt(&errors);
    let mut settling = Settling {
        resources,
        sources: sources.to_vec(),
        errors,
        preset: Preset::newest(),
        defaults: Defaults::default(),
        profiles: BTreeMap::new(),
        horizon: Horizon {
            duration: SimDuration::ZERO,
            scheduled_left: SCHEDULED,
        },
        misspelt,
        unverified: BTreeSet::new(),
    };
    let scenario = settling.scenario(&whole);
    match scenario {
        Some(scenario) if settling.errors.is_empty() => Ok(scenario),
        _ => {
            if settling.errors.is_empty() {
                // The check and the readers disagree; say so rather than fail without a word.
                let title = "the scenario could not be settled, for a reason that was not told";
                settling
                    .errors
                    .push(whole.span.error("scenario::unsettled", title));
            }
            let told = Diagnostics {
                sources: settling.sources,
                errors: settling.errors,
            };
            Err(told.sorted())
        }
    }
}

impl Settling<'_> {
    fn scenario(&mut self, root: &Node) -> Option<Scenario> {
        let platform = self.platform(root.get("platform"));
        let trace = root.get("trace").and_then(|node| self.trace(node));
        let run = self.run(root, trace.as_ref());
        self.horizon.duration = run.as_ref().map_or(SimDuration::ZERO, |run| run.duration);
        let functions = self.functions(root, trace.as_ref());
        let slos = self.slos(root, &functions);
        if let (Some(run), true) = (&run, self.errors.is_empty()) {
            self.bounded(root, run, &functions);
            self.reserved_fit(root, &platform, &functions);
        }
        Some(Scenario {
            run: run?,
            platform,
            functions,
            slos,
            unverified: std::mem::take(&mut self.unverified).into_iter().collect(),
        })
    }

    fn run(&mut self, root: &Node, trace: Option<&Trace>) -> Option<Run> {
        let node = root.get("run");
        let get = |key: &str| node.and_then(|node| node.get(key));
        let given = get("duration").map(read::duration);
        let duration = match (given, trace) {
            (Some(given), _) => given,
            (None, Some(trace)) => Some(trace.duration),
            (None, None) if root.get("trace").is_some() => None,
            (None, None) => {
                let span = node.map_or(&root.span, |node| &node.span);
                let error = span.error("scenario::missing-key", "`run.duration` is missing");
                self.errors
                    .push(error.help("write `run.duration = \"24 h\"`"));
                None
            }
        };
        let recorded = root.get("trace").is_some();
        let warm_up = match get("warm-up") {
            Some(node) => self.warm_up(node, recorded),
            None if recorded => WarmUp::Fixed(SimDuration::ZERO),
            None => WarmUp::Auto,
        };
        if let (WarmUp::Fixed(span), Some(duration)) = (warm_up, duration)
            && span >= duration
            && let Some(node) = get("warm-up")
        {
            let title = format!("the warm-up ({span}) must be shorter than the run ({duration})");
            self.errors.push(node.span.error("scenario::value", title));
        }
        let replications = get("replications").and_then(read::small_count);
        let precision = get("precision").and_then(|node| self.precision(node));
        if let (Some(1), true, Some(node)) =
            (replications, precision.is_some(), get("replications"))
        {
            let title = "a precision needs two replications at the least, found 1";
            let error = node.span.error("scenario::value", title);
            self.errors
                .push(error.help("leave out `run.replications`: it is 10 then"));
        }
        // A precision needs replications, of a trace too: its placement and services are drawn anew.
        let usual = if recorded && precision.is_none() {
            1
        } else {
            10
        };
        Some(Run {
            duration: duration?,
            replications: replications.unwrap_or(usual),
            precision,
            warm_up,
            trace: trace.map(|trace| TraceSource {
                format: trace.format.clone(),
                assumptions: trace.assumptions.clone(),
            }),
        })
    }

    fn warm_up(&mut self, node: &Node, recorded: bool) -> WarmUp {
        match node.text() {
            Some("none") => WarmUp::Fixed(SimDuration::ZERO),
            Some("previous-day") if recorded => WarmUp::PreviousDay,
            Some("previous-day") => {
                let title = "only a trace has a previous day";
                let error = node.span.error("scenario::value", title);
                self.errors.push(error.help("write \"auto\""));
                WarmUp::Auto
            }
            _ => read::duration(node).map_or(WarmUp::Auto, WarmUp::Fixed),
        }
    }

    fn trace(&mut self, node: &Node) -> Option<Trace> {
        let (format, entry) = node.table()?.iter().next()?;
        let inner = &entry.node;
        let path = inner.get("path").and_then(Node::text)?;
        let placement = match inner.get("placement").and_then(Node::text) {
            Some("equidistant") => Placement::Equidistant,
            Some("minute-start") => Placement::MinuteStart,
            _ => Placement::Uniform,
        };
        let options = inner
            .table()?
            .iter()
            .filter(|(key, _)| !matches!(key.as_str(), "path" | "placement"))
            .filter_map(|(key, entry)| Some((key.clone(), option(&entry.node)?)));
        let request = TraceRequest {
            format: format.clone(),
            path: path.to_owned(),
            placement,
            options: options.collect(),
        };
        match self.resources.trace(&request) {
            Ok(trace) => Some(trace),
            Err(why) => {
                let span = &inner.get("path")?.span;
                let title = format!("the trace `{path}` cannot be read: {why}");
                self.errors.push(span.error("scenario::trace", title));
                None
            }
        }
    }

    fn functions(&mut self, root: &Node, trace: Option<&Trace>) -> Vec<Function> {
        let written = root.get("function").map_or(&[][..], Node::items);
        let defaults = root.get("function-defaults");
        let names = self.names(written);
        let mut functions = Vec::new();
        let mut recorded_names = BTreeSet::new();
        for recorded in trace.map_or(&[][..], |trace| &trace.functions) {
            recorded_names.insert(recorded.name.as_str());
            let own = names
                .get(recorded.name.as_str())
                .map(|index| &written[*index]);
            let scope = self.scope(own, written, &names, defaults);
            functions.extend(self.function(&scope, root, Some(recorded)));
        }
        for node in written {
            let name = node.get("name").and_then(Node::text).unwrap_or_default();
            if recorded_names.contains(name) {
                continue;
            }
            let scope = self.scope(Some(node), written, &names, defaults);
            functions.extend(self.function(&scope, root, None));
        }
        let none = root
            .get("function")
            .is_none_or(|node| matches!(&node.value, Value::Array(items) if items.is_empty()));
        if none && root.get("trace").is_none() {
            let error = root
                .span
                .error("scenario::missing-key", "the scenario has no function");
            self.errors
                .push(error.help("add a `[[function]]` with name, duration and arrivals"));
        }
        functions
    }

    /// Functions by name; names must differ.
    fn names<'n>(&mut self, written: &'n [Node]) -> BTreeMap<&'n str, usize> {
        let mut names = BTreeMap::new();
        for (index, node) in written.iter().enumerate() {
            let Some(name_node) = node.get("name") else {
                if node.table().is_some() {
                    let error = node
                        .span
                        .error("scenario::missing-key", "a function needs a name");
                    self.errors.push(error.help("write `name = \"checkout\"`"));
                }
                continue;
            };
            let Some(name) = name_node.text() else {
                continue;
            };
            let Some(first) = names.insert(name, index) else {
                continue;
            };
            let title = format!("two functions have the name `{}`", name_node.value.shown());
            let error = name_node.span.error("scenario::duplicate-name", title);
            let earlier = written[first].get("name").unwrap_or(name_node).span.clone();
            let error = error.with(earlier.source, earlier.range, "the first one");
            self.errors
                .push(error.help("give each function a name of its own"));
        }
        names
    }

    /// Where a function's keys come from: itself, whom it is like, the defaults.
    fn scope<'n>(
        &mut self,
        own: Option<&'n Node>,
        written: &'n [Node],
        names: &BTreeMap<&str, usize>,
        defaults: Option<&'n Node>,
    ) -> Scope<'n> {
        let mut layers: Vec<&'n Node> = Vec::new();
        let mut next = own;
        while let Some(node) = next {
            if layers.iter().any(|layer| std::ptr::eq(*layer, node)) {
                self.errors.push(cycle(&layers, node));
                break;
            }
            if layers.len() >= 32 {
                let title = "a chain of `like` may have 32 functions at the most";
                self.errors
                    .push(node.span.error("scenario::too-deep", title));
                break;
            }
            layers.push(node);
            next = node.get("like").and_then(|like| {
                let name = like.text()?;
                let found = names.get(name).map(|index| &written[*index]);
                if found.is_none() {
                    let title = format!("there is no function `{}`", like.value.shown());
                    let error = like.span.error("scenario::unknown-function", title);
                    self.errors
                        .push(near_name(error, name, names.keys().copied()));
                }
                found
            });
        }
        layers.extend(defaults);
        Scope::new(layers)
    }

    fn slos(&mut self, root: &Node, functions: &[Function]) -> Vec<Assertion> {
        let mut slos = Vec::new();
        for item in root.get("slo").map_or(&[][..], Node::items) {
            let Some(node) = item.get("assert") else {
                continue;
            };
            let Some(text) = node.text() else {
                continue;
            };
            match Assertion::parse(text) {
                Ok(slo) => {
                    if let Some(name) = slo.function.as_deref() {
                        self.known_function(name, node, text, root, functions);
                    }
                    slos.push(slo);
                }
                Err(error) => {
                    let span = within(&node.span, text, error.range.clone(), &self.sources);
                    let told = span.error("scenario::slo", error.title);
                    self.errors.push(match error.help {
                        Some(help) => told.help(help),
                        None => told,
                    });
                }
            }
        }
        slos
    }

    /// An assertion must be about a function that is there. One with mistakes of its own is missing
    /// among the settled ones, but is written.
    fn known_function(
        &mut self,
        name: &str,
        node: &Node,
        text: &str,
        root: &Node,
        functions: &[Function],
    ) {
        let written = root.get("function").map_or(&[][..], Node::items);
        let mut names: BTreeSet<&str> = functions
            .iter()
            .map(|function| function.name.as_str())
            .collect();
        let written = written.iter().filter_map(|node| node.get("name"));
        names.extend(written.filter_map(Node::text));
        // Where no function has a name, that is told already.
        if names.is_empty() || names.contains(name) {
            return;
        }
        let at = text.find(name).unwrap_or(0);
        let span = within(&node.span, text, at..at + name.len(), &self.sources);
        let title = format!("there is no function `{name}`");
        let error = span.error("scenario::unknown-function", title);
        self.errors
            .push(near_name(error, name, names.iter().copied()));
    }

    /// A run that nobody can wait for is refused.
    fn bounded(&mut self, root: &Node, run: &Run, functions: &[Function]) {
        let seconds = run.duration.as_secs_f64();
        let expected: f64 = functions
            .iter()
            .map(|function| function.arrivals.mean_per_second(run.duration) * seconds)
            .sum::<f64>()
            * to_f64(u64::from(run.replications));
        if expected > MOST_ARRIVALS {
            let run_node = root.get("run");
            let node = run_node.and_then(|run| run.get("duration")).or(run_node);
            let span = node.map_or(&root.span, |node| &node.span);
            let title =
                format!("the run expects {expected:.1e} requests, at most 1e12 are possible");
            let error = span.error("scenario::too-large", title);
            self.errors
                .push(error.help("shorten `run.duration`, or lower a rate"));
        }
    }

    /// What is reserved must be there to be given.
    fn reserved_fit(&mut self, root: &Node, platform: &Platform, functions: &[Function]) {
        let Some(account) = platform.account_concurrency else {
            return;
        };
        let reserved = functions
            .iter()
            .map(|function| function.reserved.unwrap_or(0))
            .fold(0_u64, u64::saturating_add);
        if reserved <= account {
            return;
        }
        let written = root.get("function").map_or(&[][..], Node::items);
        let last = written.iter().rev().find_map(|node| node.get("reserved"));
        let node = last.or_else(|| root.get("function-defaults")?.get("reserved"));
        let span = node.map_or(&root.span, |node| &node.span);
        let title =
            format!("{reserved} are reserved, but the account has a concurrency of only {account}");
        let error = span.error("scenario::reserved", title);
        self.errors.push(error.help(format!(
            "reserve less, or write `platform.limits.account = {reserved}`"
        )));
    }
}

/// An option of a trace as text: that of a text or a count.
fn option(node: &Node) -> Option<String> {
    let text = node.text().map(str::to_owned);
    text.or_else(|| read::count(node).map(|count| count.to_string()))
}

/// The keys that were meant by unknown ones.
fn misspelt(errors: &[Diagnostic]) -> BTreeSet<String> {
    errors
        .iter()
        .filter(|error| error.code == "scenario::unknown-key")
        .filter_map(|error| error.help.first()?.strip_prefix("did you mean `"))
        .filter_map(|help| help.strip_suffix("`?"))
        .map(str::to_owned)
        .collect()
}

/// The chain of a cycle of `like`, from the function where it closes.
fn cycle(layers: &[&Node], back: &Node) -> Diagnostic {
    let start = layers
        .iter()
        .position(|layer| std::ptr::eq(*layer, back))
        .unwrap_or(0);
    let name = |node: &Node| {
        node.get("name")
            .map_or_else(String::new, |n| n.value.shown())
    };
    // Whoever meets the cycle first, it is told the same way: from its earliest function on.
    let mut ring: Vec<&Node> = layers[start..].to_vec();
    let first = (0..ring.len())
        .min_by_key(|index| ring[*index].span.range.start)
        .unwrap_or(0);
    ring.rotate_left(first);
    let mut chain: Vec<String> = ring.iter().map(|node| name(node)).collect();
    chain.push(name(ring[0]));
    let like = ring[0].get("like").unwrap_or(ring[0]);
    let title = format!(
        "functions are like each other in a circle: {}",
        chain.join(" → ")
    );
    like.span
        .error("scenario::like-cycle", title)
        .help("remove one `like` of the circle")
}

fn near_name<'a>(
    error: Diagnostic,
    name: &str,
    names: impl Iterator<Item = &'a str>,
) -> Diagnostic {
    let names: Vec<&str> = names.take(1000).collect();
    match nearest(name, names.iter().copied()) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None if names.len() <= 10 => {
            error.help(format!("there is {}", super::check::listed(&names)))
        }
        None => error,
    }
}

/// A part of a string's text as a place in its source: inside the quotes where the text stands there
/// unchanged, else the whole value.
fn within(span: &Span, text: &str, part: std::ops::Range<usize>, sources: &[Source]) -> Span {
    let whole = sources
        .get(span.source)
        .and_then(|source| source.text.get(span.range.clone()))
        .unwrap_or_default();
    match whole.find(text) {
        Some(at) if !part.is_empty() => Span {
            source: span.source,
            range: span.range.start + at + part.start..span.range.start + at + part.end,
        },
        _ => span.clone(),
    }
}

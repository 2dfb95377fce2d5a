//! Which changes may be tried on a function, and why the others may not.

use frostline_models::init::Phase;
use frostline_models::keepalive::KeepAlive;
use frostline_models::price::MONTH_S;
use frostline_models::price::always_on::{Gateway, Served, Serverless};
use frostline_models::profile::builtin;
use frostline_models::queueing::erlang_b;
use frostline_models::scenario::{Function, PackageKind, Scenario};
use frostline_models::scenario_file::{Node, ScenarioFile};
use frostline_models::units::{Bytes, Memory, SimDuration, significant};
use frostline_report::advice::{LeftOut, Priced, WhatIf};
use frostline_report::summary::Summary;

/// Managed runtimes that are not about to be retired (AWS Lambda Developer Guide, Lambda runtimes,
/// 2026), newest first.
const MANAGED: [&str; 9] = [
    "nodejs24.x",
    "nodejs22.x",
    "python3.14",
    "python3.13",
    "java25",
    "java21",
    "ruby3.4",
    "dotnet10",
    "dotnet8",
];

/// What a language is compiled ahead of time with, by the start of its runtimes' names.
const NATIVE: [(&str, &str); 5] = [
    ("java", "graalvm_java23_on_provided_al2023"),
    ("dotnet", "dotnet10_aot_on_provided_al2023"),
    ("nodejs", "rust_on_provided_al2023"),
    ("python", "rust_on_provided_al2023"),
    ("ruby", "rust_on_provided_al2023"),
];

/// The runtimes that `SnapStart` restores: Java 11 and newer, Python 3.12 and newer, .NET 8 and newer
/// (AWS Lambda Developer Guide, `SnapStart`, 2024-11).
const SNAPSHOTS: [&str; 10] = [
    "java11",
    "java17",
    "java21",
    "java25",
    "python3.12",
    "python3.13",
    "python3.14",
    "dotnet8",
    "dotnet9",
    "dotnet10",
];

/// MiB at which a function has a whole virtual CPU (AWS Lambda Developer Guide, Memory, 2022).
const FULL_CPU_MIB: u32 = 1769;
/// The largest memory of a function in MiB (AWS Lambda Developer Guide, Lambda quotas, 2022).
const LARGEST_MIB: u32 = 10_240;
/// Share of the invocations that find all provisioned instances busy, at the most.
const SPILL: f64 = 0.01;

/// A change to try: what is told of it, and the assignments that simulate it.
pub(super) struct Proposal {
    pub(super) what_if: WhatIf,
    pub(super) set: Vec<String>,
}

/// What the file says about the function.
pub(super) struct Written<'a> {
    file: &'a ScenarioFile,
    name: &'a str,
    /// The function's path: `function.checkout`.
    path: String,
}

/// Whether the file names a function, so that it can be changed.
pub(super) fn is_written(file: &ScenarioFile, name: &str) -> bool {
    file.get(&path_of(name)).is_some()
}

fn path_of(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !name.is_empty() && name.chars().all(is_plain) {
        format!("function.{name}")
    } else if name.contains('"') {
        format!("function.'{name}'")
    } else {
        format!("function.\"{name}\"")
    }
}

impl<'a> Written<'a> {
    pub(super) fn new(file: &'a ScenarioFile, name: &'a str) -> Self {
        Self {
            file,
            name,
            path: path_of(name),
        }
    }

    /// The value of a key: the function's own, of whom it is like, or the defaults'.
    fn get(&self, key: &str) -> Option<&'a Node> {
        let mut name = self.name.to_owned();
        for _ in 0..32 {
            let path = path_of(&name);
            if let Some(node) = self.file.get(&format!("{path}.{key}")) {
                return Some(node);
            }
            match self.file.get(&format!("{path}.like")).and_then(Node::text) {
                Some(like) => like.clone_into(&mut name),
                None => break,
            }
        }
        self.file.get(&format!("function-defaults.{key}"))
    }

    fn text(&self, key: &str) -> Option<&'a str> {
        self.get(key).and_then(Node::text)
    }

    fn assigned(&self, key: &str, value: &str) -> String {
        format!("{}.{key}={value}", self.path)
    }
}

/// The function that is changed, and what is known about it.
struct Subject<'a> {
    written: &'a Written<'a>,
    scenario: &'a Scenario,
    function: &'a Function,
    /// Instances that are busy in the mean.
    load: f64,
}

type Tried = Result<Proposal, String>;

/// Every change, possible or not.
pub(super) fn proposals(
    written: &Written<'_>,
    scenario: &Scenario,
    summary: &Summary,
    place: usize,
) -> (Vec<Proposal>, Vec<LeftOut>) {
    let subject = Subject {
        written,
        scenario,
        function: &scenario.functions[place],
        load: summary.functions[place].estimates.instances.mean_busy.point,
    };
    let mut proposals = Vec::new();
    let mut left_out = Vec::new();
    let tried: [(&'static str, Tried); 9] = [
        ("smaller-package", subject.smaller_package()),
        ("other-runtime", subject.other_runtime()),
        ("native-image", subject.native_image()),
        ("more-memory", subject.more_memory()),
        ("snapshot", subject.snapshot()),
        ("no-vpc", subject.no_vpc()),
        ("pings", subject.pings()),
        ("provisioned", subject.provisioned()),
        ("many-requests", subject.many_requests()),
    ];
    for (kind, tried) in tried {
        match tried {
            Ok(proposal) => proposals.push(proposal),
            Err(why) => left_out.push(LeftOut { kind, why }),
        }
    }
    (proposals, left_out)
}

fn proposal(kind: &'static str, what: String, set: Vec<String>) -> Proposal {
    Proposal {
        what_if: WhatIf {
            kind,
            what,
            set: set.clone(),
            assumptions: Vec::new(),
            priced: Priced::Simulated,
        },
        set,
    }
}

impl Proposal {
    fn assuming(mut self, sentence: &str) -> Self {
        self.what_if.assumptions.push(sentence.to_owned());
        self
    }
}

impl Subject<'_> {
    /// Why the phases of an init cannot be changed one by one.
    fn phases(&self) -> Result<(), String> {
        if self.written.get("init.total").is_some() {
            return Err("the init is given as a whole (init.total), not by its phases".to_owned());
        }
        if self.function.snapshot {
            return Err("instances start from a snapshot, which holds it already".to_owned());
        }
        Ok(())
    }

    fn smaller_package(&self) -> Tried {
        self.phases()?;
        if self.function.package == PackageKind::Image {
            return Err(
                "a container image is loaded lazily, so that its size hardly matters".to_owned(),
            );
        }
        let written = self.written.text("package.size");
        let Some(size) = written.and_then(|text| Bytes::parse(text).ok()) else {
            return Err("the scenario does not say how large the package is (package.size)".into());
        };
        let megabytes = |bytes: u64| {
            format!(
                "{} MB",
                significant(frostline_models::math::to_f64(bytes) / 1e6)
            )
        };
        let half = megabytes(size.0 / 2);
        let what = format!("a package of {half} instead of {}", megabytes(size.0));
        let set = self.written.assigned("package.size", &half);
        let made = proposal("smaller-package", what, vec![set]);
        Ok(made.assuming("what is left out of the package is not missed, and init.code stays"))
    }

    /// The runtime that the file names, of those that decide the init.
    fn runtime(&self) -> Result<String, String> {
        self.phases()?;
        if self.written.get("init.profile").is_some() {
            return Err("the init comes from a profile, which holds for its own runtime".into());
        }
        let Some(runtime) = self.written.text("runtime") else {
            return Err("the scenario names no runtime".to_owned());
        };
        Ok(runtime.to_owned())
    }

    fn init_ms(&self, runtime: &str) -> Option<f64> {
        let function = self.function;
        let profile = builtin(runtime, function.package, function.architecture).ok()?;
        let law = profile.measured().get(&Phase::Runtime)?;
        Some(law.law.law().mean_ns() / 1e6)
    }

    fn other_runtime(&self) -> Tried {
        let now = self.runtime()?;
        let Some(ours) = self.init_ms(&now) else {
            return Err(format!("the runtime {now} was not measured"));
        };
        let measured = MANAGED
            .into_iter()
            .filter_map(|name| Some((name, self.init_ms(name)?)));
        let best = measured.min_by(|one, two| one.1.total_cmp(&two.1));
        let Some((name, ms)) = best.filter(|(_, ms)| *ms < ours) else {
            return Err(format!("no managed runtime starts faster than {now}"));
        };
        let what = format!("{name} instead of {now}");
        let made = proposal(
            "other-runtime",
            what,
            vec![self.written.assigned("runtime", name)],
        );
        Ok(made.assuming(&format!(
            "a rewrite changes neither init.code nor durations; {name} starts in {} ms in the mean, \
             {now} in {}",
            significant(ms),
            significant(ours)
        )))
    }

    fn native_image(&self) -> Tried {
        let now = self.runtime()?;
        let compiler = NATIVE.iter().find(|(start, _)| now.starts_with(start));
        let Some((_, native)) = compiler else {
            return Err(format!("{now} is native already"));
        };
        let (Some(ours), Some(ms)) = (self.init_ms(&now), self.init_ms(native)) else {
            return Err(format!("{native} was not measured in this package"));
        };
        if ms >= ours {
            return Err(format!("{native} starts no faster than {now}"));
        }
        let what = format!("a native image, {native}, instead of {now}");
        let made = proposal(
            "native-image",
            what,
            vec![self.written.assigned("runtime", native)],
        );
        Ok(made.assuming("compiling ahead of time changes neither init.code nor durations"))
    }

    fn more_memory(&self) -> Tried {
        let now = self.function.memory.0;
        if now >= LARGEST_MIB {
            return Err("it has the most memory that there is".to_owned());
        }
        let cpu = self.written.get("cpu");
        if cpu.and_then(|cpu| cpu.get("threads")).is_none() && now >= FULL_CPU_MIB {
            return Err(format!(
                "at {} a single thread has all the CPU that it can use",
                self.function.memory
            ));
        }
        let more = now.saturating_mul(2).min(LARGEST_MIB);
        let what = format!("{more} MiB instead of {now} MiB, with its faster CPU");
        let memory = self.written.assigned("memory", &format!("{more} MiB"));
        if cpu.is_some() {
            return Ok(proposal("more-memory", what, vec![memory]));
        }
        let bound = format!("{{ bound = 1.0, measured-at = \"{now} MiB\" }}");
        let set = vec![memory, self.written.assigned("cpu", &bound)];
        Ok(proposal("more-memory", what, set).assuming(
            "all of the duration is work of the CPU (the scenario has no `cpu`), so this is the most \
             that memory can do; the runtime's init does not depend on it",
        ))
    }

    fn snapshot(&self) -> Tried {
        let now = self.runtime()?;
        let plain = |text: &str| text.replace(['.', '-', '_'], "").to_lowercase();
        if !SNAPSHOTS.iter().any(|known| plain(known) == plain(&now)) {
            return Err(format!(
                "SnapStart restores Java 11, Python 3.12, .NET 8 and newer, not {now}"
            ));
        }
        if self.function.package == PackageKind::Image {
            return Err("SnapStart takes no container images".to_owned());
        }
        if self.function.provisioned.instances > 0 {
            return Err("SnapStart and provisioned concurrency exclude each other".to_owned());
        }
        if self.function.ephemeral_storage.0 > 512 {
            return Err("SnapStart takes no more than 512 MiB of /tmp".to_owned());
        }
        let set = self.written.assigned("snapshot.snap-start", "{}");
        let made = proposal("snapshot", "SnapStart".to_owned(), vec![set]);
        Ok(made.assuming(
            "what the restore takes is the preset's default, which nobody has verified; init.code is \
             in the snapshot",
        ))
    }

    fn no_vpc(&self) -> Tried {
        if !self.written.get("vpc").is_some_and(|node| {
            matches!(
                node.value,
                frostline_models::scenario_file::Value::Boolean(true)
            )
        }) {
            return Err("the function is in no VPC".to_owned());
        }
        let phases = self.function.init.phases();
        if !phases.iter().any(|(phase, _)| *phase == Phase::Network) {
            return Err(format!(
                "a VPC costs nothing at start on {}: since September 2019 its interface is made when \
                 the function is",
                self.scenario.platform.preset
            ));
        }
        let set = self.written.assigned("vpc", "false");
        Ok(proposal("no-vpc", "no VPC".to_owned(), vec![set]))
    }

    fn pings(&self) -> Tried {
        if self.function.provisioned.instances > 0 {
            return Err("provisioned instances are warm already".to_owned());
        }
        let shortest = match self.function.keep_alive {
            KeepAlive::Fixed(span) => span,
            KeepAlive::Uniform { low, .. } => low,
            KeepAlive::Forever => return Err("instances are kept forever already".to_owned()),
            KeepAlive::Halving(_) | KeepAlive::None => {
                return Err("no ping comes surely before an idle instance ends".to_owned());
            }
        };
        // A ping that comes with a little to spare.
        let interval = SimDuration(shortest.0 - shortest.0 / 10);
        if interval == SimDuration::ZERO {
            return Err("idle instances are not kept, so that pings keep none".to_owned());
        }
        let each_month = MONTH_S / interval.as_secs_f64();
        let pings = Serverless {
            settings: self.scenario.platform.price.clone(),
            gateway: Gateway::None,
            functions: vec![Served {
                share: 1.0,
                architecture: self.function.architecture,
                memory: self.function.memory,
                ephemeral_storage: Memory(512),
                snapshot: false,
                cold_ratio: 0.0,
                duration_ms: 1.0,
                billed_ms: 1.0,
                billed_provisioned_ms: 0.0,
                provisioned_instances: 0.0,
                response_bytes: 0.0,
            }],
        };
        let Ok(bill) = pings.month(each_month) else {
            return Err("the price book does not know the region".to_owned());
        };
        let what = format!("a ping every {interval}");
        let set = vec![self.written.assigned("provisioned.fixed", "1")];
        let mut made = proposal("pings", what, set).assuming(
            "simulated as one instance that never expires; the pings alone are priced, 1 ms each, and \
             that one may meet a request or an instance reach its greatest age is left out",
        );
        // That it is simulated as a provisioned instance is no advice to make it one.
        made.what_if.set.clear();
        made.what_if.priced = Priced::Added {
            usd_month: bill.total(),
        };
        Ok(made)
    }

    fn provisioned(&self) -> Tried {
        if self.function.snapshot {
            return Err("SnapStart and provisioned concurrency exclude each other".to_owned());
        }
        let per_instance = f64::from(self.function.concurrency.max(1));
        let load = self.load / per_instance;
        let enough = (1..=10_000_u32).find(|servers| erlang_b(*servers, load) <= SPILL);
        let Some(instances) = enough else {
            return Err("more than 10,000 instances would be needed".to_owned());
        };
        let now = self.function.provisioned.instances;
        if now >= instances {
            return Err(format!(
                "{now} are provisioned already, and {instances} would serve 99 % of the mean load"
            ));
        }
        let what = format!("provisioned concurrency of {instances} instead of {now}");
        let set = self
            .written
            .assigned("provisioned.fixed", &instances.to_string());
        let made = proposal("provisioned", what, vec![set]);
        Ok(made.assuming(&format!(
            "for 99 % of the mean load ({} busy, Erlang B); where the load changes over the day, a \
             schedule costs less",
            significant(load)
        )))
    }

    fn many_requests(&self) -> Tried {
        if self.scenario.platform.preset.starts_with("aws-lambda") && self.function.concurrency == 1
        {
            return Err("AWS Lambda gives an instance one request at a time".to_owned());
        }
        let now = self.function.concurrency;
        let more = now.saturating_mul(2).max(8);
        let what = format!("{more} requests an instance at once instead of {now}");
        let set = self.written.assigned("concurrency", &more.to_string());
        let made = proposal("many-requests", what, vec![set]);
        Ok(made.assuming("requests on one instance do not slow each other down"))
    }
}

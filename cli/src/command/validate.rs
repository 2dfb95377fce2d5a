//! `frostline validate`: a real pool and the simulation, given the same requests.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use frostline_bench_harness::package::{Package, PackageError};
use frostline_bench_harness::plan::Cell;
use frostline_bench_harness::pool::{self, Replay, Rules};
use frostline_bench_harness::target::{Failure as TargetFailure, Setting, Target};
use frostline_bench_harness::{Host, HostOptions};
use frostline_models::arrival::{Arrivals, Recorded};
use frostline_models::init::{Init, Phase};
use frostline_models::keepalive::KeepAlive;
use frostline_models::measurement::{Condition, Isolation, Resources, TargetDescription};
use frostline_models::record::{Invocation, ThrottleReason};
use frostline_models::scenario::{Function, Scenario, WarmUp};
use frostline_models::units::{SimDuration, SimTime, parse_share};
use frostline_report::validation::{
    Circumstances, Criteria, MeasuredSide, ValidationReport, Verdict,
};
use frostline_sim::{Cancelled, Kernels, Observer, Options};

use super::measure::options::{self, IsolationName, TargetOptions};
use super::measure::{Kind, targets};
use super::scenario::{self, Changes};
use super::{Common, Format, WIDTH};
use crate::exit::{FINE, Failure, SLO_FAILED, UNCLEAR};
use crate::output;
use crate::progress::{Interrupt, Progress};

/// Simulated runs of the same requests, unless the scenario is asked for another number.
const REPLICATIONS: u32 = 100;

/// Requests at most: each is sent in real time.
const REQUESTS_MAX: usize = 1_000_000;

const EXAMPLES: &str = "\
Examples:
  frostline validate shop.toml -- python3 -m awslambdaric app.handler
  frostline validate shop.toml --package . --speed 60 --out validated \\
      -- python3 -m awslambdaric app.handler
  frostline validate --kind http shop.toml -- node server.js

The scenario's init must be calibrated on this machine:
  frostline measure runtime-api --out cold -- python3 -m awslambdaric app.handler
  frostline calibrate cold/measurements.jsonl --whole-start --out app.profile.toml";

/// Replay a scenario's requests on a real local pool and compare with the simulation.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Validate {
    /// The scenario: its arrivals, keep-alive, reuse order and limits hold for both sides.
    #[arg(value_name = "SCENARIO", required_unless_present = "trace")]
    scenario: Option<PathBuf>,
    /// The command and its arguments.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
    #[command(flatten)]
    changes: Changes,
    /// How the target is started and asked.
    #[arg(long, value_enum, default_value = "runtime-api")]
    kind: Kind,
    #[command(flatten)]
    target: TargetOptions,
    /// Which function of the scenario, where there are several.
    #[arg(long, value_name = "NAME")]
    function: Option<String>,
    /// Let requests come this many times as fast and keep instances for as much less: idle time is
    /// shortened, inits and durations are not.
    #[arg(long, value_name = "FACTOR", default_value = "1")]
    speed: String,
    /// The function's package, a folder or a zip; the command starts inside.
    #[arg(long, value_name = "PATH")]
    package: Option<PathBuf>,
    /// Memory and CPU of an instance, as `measure` takes them.
    #[arg(long, value_name = "NAME", default_value = "unlimited")]
    resources: String,
    /// How instances are kept apart.
    #[arg(long, value_enum, value_name = "LEVEL", default_value = "namespaces")]
    isolation: IsolationName,
    /// Give idle instances no processor time, as AWS Lambda does; needs control groups.
    #[arg(long)]
    freeze: bool,
    /// What an invocation is given: a text, or `@FILE`.
    #[arg(long, value_name = "TEXT", default_value = "{}")]
    payload: String,
    /// A further variable of the target's environment; nothing is inherited.
    #[arg(long, value_name = "NAME=VALUE")]
    env: Vec<String>,
    /// The share of the requests on which both sides must agree whether they were cold.
    #[arg(long, value_name = "SHARE", default_value = "98 %")]
    agreement: String,
    /// How far off the median latency of cold requests may be.
    #[arg(long, value_name = "SHARE", default_value = "10 %")]
    within: String,
    /// Exit with 3 when both sides are apart, with 4 when that is unclear.
    #[arg(long)]
    check: bool,
}

impl Validate {
    pub(crate) fn run(self, common: &Common) -> Result<u8, Failure> {
        let interrupt = Interrupt::listen()?;
        interrupt.listen_to_termination()?;
        let criteria = Criteria {
            agreement: share("--agreement", &self.agreement)?,
            within: share("--within", &self.within)?,
        };
        let plan = self.plan(common, &interrupt)?;
        let replay = self.measured(common, &interrupt, &plan)?;
        let (simulated, simulated_peaks) = simulated(&plan.scenario, common, &interrupt)?;
        let manifest = scenario::manifest(&plan.scenario, common)?;
        let function = &plan.scenario.functions[0];
        let circumstances = Circumstances {
            manifest,
            function: function.name.clone(),
            speed: plan.speed,
            keep_alive: plan.rules.keep_alive.longest(),
            simulated_peaks,
            assumptions: plan.assumptions,
        };
        let measured = measured_side(replay, plan.target.describe());
        let report = ValidationReport::new(measured, &simulated, criteria, circumstances);
        if let Some(folder) = &common.out {
            output::write(&folder.join("validation.json"), &report.to_json())?;
        }
        output::print(&match common.format {
            Format::Text => report.to_text(WIDTH, next(&report)),
            Format::Json => report.to_json(),
        })?;
        Ok(match report.verdict {
            Verdict::Apart if self.check => SLO_FAILED,
            Verdict::Unclear if self.check => UNCLEAR,
            _ => FINE,
        })
    }
}

/// What both sides are given.
struct Plan {
    target: Box<dyn Target>,
    package: Option<Package>,
    /// One function with the very requests, as the simulation gets them.
    scenario: Scenario,
    arrivals: Vec<SimTime>,
    rules: Rules,
    speed: f64,
    assumptions: Vec<String>,
}

impl Validate {
    fn plan(&self, common: &Common, interrupt: &Interrupt) -> Result<Plan, Failure> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        // Before anything runs: what the command lacks is told first.
        let package = self.package.as_deref().map(Package::at).transpose();
        let package = package.map_err(|error| unplaced(&error))?;
        let cells = [Cell {
            condition: Condition::default(),
            package: package.clone(),
        }];
        let target = targets::of(self.kind, &self.command, &self.target, &cells, &path)?;
        let mut scenario = scenario::settle(self.scenario.as_deref(), &self.changes, &[])?;
        if scenario.run.precision.is_some() {
            return Err(Failure::usage(
                "a real pool is run once: no precision can be asked for",
                "without --precision and `run.precision`",
            ));
        }
        let function = self.chosen(&scenario)?;
        check_supported(&function)?;
        scenario.functions = vec![function];
        let drawn = arrivals_of(&scenario, common, interrupt)?;
        let speed = self.speed()?;
        let faster = |nanos: u64| {
            frostline_models::math::round_to_u64(frostline_models::math::to_f64(nanos) / speed)
        };
        let arrivals: Vec<SimTime> = drawn.iter().map(|time| SimTime(faster(time.0))).collect();
        let mut assumptions = simplify(&mut scenario, &arrivals, faster)?;
        if self.changes.has_no_replications() {
            scenario.run.replications = REPLICATIONS;
        }
        let function = &scenario.functions[0];
        if let Arrivals::Recorded(_) = &function.arrivals
            && scenario.run.trace.is_some()
        {
            assumptions.push(
                "durations of the recording are left out: the real function has its own, and the \
                 simulation draws from the scenario's law."
                    .to_owned(),
            );
        }
        let rules = Rules {
            keep_alive: function.keep_alive,
            reuse: function.reuse,
            provisioned: function.provisioned.instances,
            limit: limit(&scenario),
            freeze: self.freeze,
            seed: common.seed,
        };
        Ok(Plan {
            target,
            package,
            scenario,
            arrivals,
            rules,
            speed,
            assumptions,
        })
    }

    fn chosen(&self, scenario: &Scenario) -> Result<Function, Failure> {
        let names = || {
            let names = scenario
                .functions
                .iter()
                .map(|function| function.name.as_str());
            names.take(20).collect::<Vec<_>>().join(", ")
        };
        let found = match (&self.function, scenario.functions.as_slice()) {
            (None, [only]) => Some(only),
            (None, _) => None,
            (Some(name), functions) => functions.iter().find(|function| function.name == *name),
        };
        found.cloned().ok_or_else(|| {
            let first = scenario.functions.first();
            let first = first.map_or("NAME", |function| function.name.as_str());
            let what = match &self.function {
                Some(name) => format!("no function `{name}`, expected one of {}", names()),
                None => format!("a pool runs one function, the scenario has {}", names()),
            };
            Failure::usage(what, format!("--function {first}"))
        })
    }

    fn speed(&self) -> Result<f64, Failure> {
        let speed = self.speed.replace('_', "").parse::<f64>().ok();
        speed
            .filter(|speed| (1.0..=1e6).contains(speed))
            .ok_or_else(|| {
                Failure::usage(
                    format!(
                        "--speed: found `{}`, expected a number from 1 to 1e6",
                        self.speed
                    ),
                    "--speed 60",
                )
            })
    }

    fn measured(
        &self,
        common: &Common,
        interrupt: &Interrupt,
        plan: &Plan,
    ) -> Result<Replay, Failure> {
        let resources = options::resources(std::slice::from_ref(&self.resources))?;
        let resources = resources.first().copied().unwrap_or(Resources::Unlimited);
        let payload = options::payload(&self.payload)?;
        let isolation = Isolation::from(self.isolation);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut host_options = HostOptions::new(std::env::temp_dir(), &path);
        host_options.own_process = true;
        host_options.interrupt = interrupt.flag();
        host_options.isolation = match resources {
            Resources::Unlimited => isolation,
            _ => isolation.max(Isolation::Cgroup),
        };
        let host = Host::open(&host_options).context("cannot open the machine for measuring")?;
        let package = plan.package.as_ref();
        let package = package.map(|package| pool::placed(&host, package));
        let timeout = plan.scenario.functions[0].timeout;
        let setting = Setting {
            resources,
            isolation,
            package: package.transpose().map_err(|error| unplaced(&error))?,
            environment: options::environment(&self.env)?,
            timeout: timeout.map_or(Duration::from_secs(30), |span| Duration::from_nanos(span.0)),
            ..Setting::default()
        };
        let progress = Progress::named("sending", common.quiet, interrupt.clone());
        let total = frostline_models::math::word(plan.arrivals.len());
        let replay = pool::replay(
            &host,
            &*plan.target,
            &setting,
            &plan.rules,
            (&plan.arrivals, &payload),
            &mut |done| progress.show(done, total),
        );
        progress.finish();
        replay.map_err(|failure| match failure {
            TargetFailure::Interrupted => Failure::Interrupted(
                "no result; every instance was ended, and nothing was written".to_owned(),
            ),
            TargetFailure::Missing { what, help } => Failure::usage(what, help),
            TargetFailure::Target { .. } => Failure::usage(
                format!("three starts in a row failed: {failure}"),
                "run the command by hand, or `frostline measure` it",
            ),
        })
    }
}

fn unplaced(error: &PackageError) -> Failure {
    Failure::usage(error.to_string(), "--package takes a folder or a zip")
}

/// What a local pool cannot do yet is told, all of it at once.
fn check_supported(function: &Function) -> Result<(), Failure> {
    let mut unsupported = Vec::new();
    if function.concurrency > 1 {
        unsupported.push("several requests an instance (`concurrency`)");
    }
    if function.queue.length > 0 {
        unsupported.push("a queue (`queue.length`)");
    }
    if unsupported.is_empty() {
        return Ok(());
    }
    Err(Failure::usage(
        format!(
            "the function `{}` has what a local pool of processes does not: {}",
            function.name,
            unsupported.join(", ")
        ),
        "--set 'function.NAME.concurrency=1' and the like",
    ))
}

/// When the scenario's requests come: what its first replication draws.
fn arrivals_of(
    scenario: &Scenario,
    common: &Common,
    interrupt: &Interrupt,
) -> Result<Vec<SimTime>, Failure> {
    let mut once = scenario.clone();
    once.run.replications = 1;
    let (mut runs, _) = simulated(&once, common, interrupt)?;
    let run = runs.pop().unwrap_or_default();
    let arrivals: Vec<SimTime> = run.iter().map(|invocation| invocation.arrival).collect();
    if arrivals.is_empty() || arrivals.len() > REQUESTS_MAX {
        return Err(Failure::usage(
            format!(
                "the scenario has {} requests, expected 1 to {REQUESTS_MAX}",
                arrivals.len()
            ),
            "--set 'run.duration=10 min'",
        ));
    }
    Ok(arrivals)
}

/// Leaves out of the scenario what a local pool has not got, and says so.
fn simplify(
    scenario: &mut Scenario,
    arrivals: &[SimTime],
    faster: impl Fn(u64) -> u64,
) -> Result<Vec<String>, Failure> {
    let mut assumptions = Vec::new();
    let recorded = Recorded::at(arrivals.to_vec())
        .map_err(|error| anyhow::anyhow!("the requests drawn do not ascend: {error}"))?;
    scenario.run.duration = SimDuration(faster(scenario.run.duration.0).max(1));
    scenario.run.warm_up = WarmUp::Fixed(SimDuration::ZERO);
    scenario.run.precision = None;
    scenario.slos.clear();
    scenario.platform.scale_up = None;
    scenario.platform.request_rate = None;
    let function = &mut scenario.functions[0];
    function.arrivals = Arrivals::Recorded(recorded);
    function.maximum_age = None;
    let shorter = |span: SimDuration| SimDuration(faster(span.0));
    function.keep_alive = match function.keep_alive {
        KeepAlive::Fixed(span) => KeepAlive::Fixed(shorter(span)),
        KeepAlive::Uniform { low, high } => KeepAlive::Uniform {
            low: shorter(low),
            high: shorter(high),
        },
        KeepAlive::Halving(period) => KeepAlive::Halving(shorter(period)),
        KeepAlive::None | KeepAlive::Forever => function.keep_alive,
    };
    let elsewhere = [Phase::Placement, Phase::Network];
    let (gone, kept): (Vec<_>, Vec<_>) = function
        .init
        .phases()
        .iter()
        .cloned()
        .partition(|(phase, _)| elsewhere.contains(phase));
    if !gone.is_empty() {
        let names: Vec<&str> = gone.iter().map(|(phase, _)| phase.name()).collect();
        assumptions.push(format!(
            "this machine has no phase of {}: it is left out of the simulated init.",
            names.join(" or ")
        ));
        function.init = Init::new(kept);
    }
    assumptions.push(
        "maximum age, scale-up and request-rate limits are left out on both sides.".to_owned(),
    );
    Ok(assumptions)
}

/// How many requests may run at once, and for which limit the next one is refused.
fn limit(scenario: &Scenario) -> Option<(u64, ThrottleReason)> {
    let function = &scenario.functions[0];
    let limits = [
        (
            function.reserved,
            ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded,
        ),
        (
            scenario.platform.account_concurrency,
            ThrottleReason::ConcurrentInvocationLimitExceeded,
        ),
        (
            function.maximum_instances,
            ThrottleReason::MaximumInstancesReached,
        ),
    ];
    let limits = limits.into_iter();
    limits
        .filter_map(|(most, reason)| Some((most?, reason)))
        .min_by_key(|(most, _)| *most)
}

/// Every request of every replication, in order, and how many instances each had at the most.
fn simulated(
    scenario: &Scenario,
    common: &Common,
    interrupt: &Interrupt,
) -> Result<(Vec<Vec<Invocation>>, Vec<u64>), Failure> {
    let watch = Watch {
        progress: Progress::new(common.quiet, interrupt.clone()),
        records: Mutex::default(),
    };
    let options = Options {
        seed: common.seed,
        kernels: Kernels::Fastest,
        observer: &watch,
    };
    let pool = scenario::pool(common)?;
    let outcome = pool.install(|| frostline_sim::simulate(scenario, options));
    watch.progress.finish();
    let outcome = outcome.map_err(|Cancelled| {
        Failure::Interrupted("no result, nothing was sent or the prediction is missing".to_owned())
    })?;
    let peaks = outcome.functions[0].replications.iter().map(|replication| {
        let periods = replication.periods.iter();
        periods
            .map(|period| period.instances_peak)
            .max()
            .unwrap_or(0)
    });
    let records = watch
        .records
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    let runs = records.into_values().map(|mut run| {
        run.sort_by_key(|invocation| invocation.request);
        run
    });
    Ok((runs.collect(), peaks.collect()))
}

/// Progress, and the requests of each replication.
struct Watch {
    progress: Progress,
    records: Mutex<BTreeMap<u32, Vec<Invocation>>>,
}

impl Watch {
    fn with(&self, replication: u32, what: impl FnOnce(&mut Vec<Invocation>)) {
        let records = self.records.lock();
        // What a panic left behind belongs to a run that has no result.
        let mut records = records.unwrap_or_else(PoisonError::into_inner);
        what(records.entry(replication).or_default());
    }
}

impl Observer for Watch {
    fn progress(&self, done: u64, expected: u64) {
        self.progress.progress(done, expected);
    }

    fn is_cancelled(&self) -> bool {
        self.progress.is_cancelled()
    }

    fn wants_records(&self) -> bool {
        true
    }

    fn record(&self, replication: u32, invocation: &Invocation) {
        self.with(replication, |run| run.push(invocation.clone()));
    }

    fn begins(&self, replication: u32, _function: u32) {
        self.with(replication, Vec::clear);
    }
}

fn measured_side(replay: Replay, target: TargetDescription) -> MeasuredSide {
    let mut side = MeasuredSide {
        target,
        invocations: Vec::with_capacity(replay.served.len()),
        lateness_ns: Vec::with_capacity(replay.served.len()),
        failures: Vec::new(),
        instances_peak: replay.instances_peak,
        applied: replay.applied,
        noise: replay.noise,
        warnings: replay
            .warnings
            .into_iter()
            .map(|(warning, count)| match count {
                1 => warning,
                several => format!("{warning} ({several} instances)"),
            })
            .collect(),
    };
    for served in replay.served {
        if let Some(failure) = served.failure {
            side.failures.push((served.invocation.request, failure));
        }
        side.lateness_ns.push(served.lateness_ns);
        side.invocations.push(served.invocation);
    }
    side
}

fn share(option: &str, text: &str) -> Result<f64, Failure> {
    parse_share(text)
        .map_err(|error| Failure::usage(format!("{option}: {error}"), format!("{option} '10 %'")))
}

/// What to type next.
fn next(report: &ValidationReport) -> &'static str {
    match report.verdict {
        Verdict::Agrees => {
            "next: frostline simulate with the same scenario tells the rest: SLOs, cost, other \
             keep-alives"
        }
        Verdict::Unclear => {
            "next: a longer run or a larger --speed gives more cold starts, and so narrower intervals"
        }
        Verdict::Apart => {
            "next: frostline measure and calibrate --whole-start on this machine, under the same \
             --resources and --isolation, and with the scenario's durations as `measure` shows them"
        }
    }
}

//! `frostline cost`: the monthly bill, and from which traffic on always-on hosts are cheaper.

use std::path::PathBuf;

use frostline_models::price::PriceSettings;
use frostline_models::price::always_on::{Fleet, Gateway, Host, Served, Serverless, UnknownHost};
use frostline_models::scenario::Architecture;
use frostline_models::scenario::Scenario;
use frostline_models::units::{Bytes, Memory, QuantityError, SimDuration};
use frostline_report::cost::{
    BusyMinutes, CostManifest, CostReport, Question, Traffic, serverless_of,
};
use frostline_sim::timeline::Minute;
use frostline_sim::{Cancelled, Kernels, Observer, Options};

use super::scenario::{self, Changes};
use super::{Common, Format, WIDTH};
use crate::exit::{FINE, Failure};
use crate::output;
use crate::progress::{Interrupt, Progress};

const EXAMPLES: &str = "\
Examples:
  frostline cost --memory '512 MiB' --duration '200 ms'
  frostline cost --memory '128 MiB' --duration '100 ms' --against aws-ec2:t4g.small
  frostline cost --memory '1 GiB' --duration '80 ms' --gateway http-api --requests 50e6 \\
    --against 'aws-fargate:0.5,1 GiB' --redundancy 2 --load-balancer --peak-to-mean 4
  frostline cost shop.toml --against aws-ec2:t4g.small";

/// What a function or a scenario costs a month, line by line, and against hosts that run all the time.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Cost {
    /// A scenario, simulated for its traffic, durations, cold starts and peaks.
    #[arg(value_name = "SCENARIO", required_unless_present_any = ["memory", "trace"])]
    scenario: Option<PathBuf>,
    #[command(flatten)]
    changes: Changes,
    #[command(flatten)]
    function: FunctionArguments,
    /// Requests a month that the bill is for. Default: the scenario's; without one, those of the first
    /// crossover, or 10 million.
    #[arg(long, value_name = "N")]
    requests: Option<String>,
    /// Compare with hosts that run all the time: `aws-ec2:TYPE`, `aws-fargate:VCPUS,MEMORY`,
    /// `cloud-run:VCPUS,MEMORY` (instance-based). May be given several times.
    #[arg(long, value_name = "HOST")]
    against: Vec<String>,
    /// What stands before the functions.
    #[arg(long, value_name = "KIND", default_value = "none", value_parser = ["none", "http-api", "rest-api"])]
    gateway: String,
    /// Take off the monthly free tier.
    #[arg(long)]
    free_tier: bool,
    /// Hosts at the least.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    redundancy: u32,
    /// The busiest moment's traffic over the mean one's: hosts are there for the peak. Default: the
    /// scenario's busiest minute over its mean; without a scenario 1.
    #[arg(long, value_name = "RATIO")]
    peak_to_mean: Option<String>,
    /// Requests that a host serves at once. Default: what its CPU and memory hold.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    slots: Option<u32>,
    /// A load balancer before the hosts.
    #[arg(long)]
    load_balancer: bool,
    /// A public IPv4 address for each host.
    #[arg(long)]
    public_ipv4: bool,
    /// Disk of each host: `8 GB`.
    #[arg(long, value_name = "SIZE", default_value = "0 B")]
    disk: String,
    /// Region of AWS in the price book. Default: the scenario's, or us-east-1.
    #[arg(long, value_name = "NAME")]
    region: Option<String>,
}

/// One function without a scenario.
#[derive(Debug, clap::Args)]
struct FunctionArguments {
    /// Memory size: `128 MiB`.
    #[arg(long, value_name = "SIZE", conflicts_with_all = ["scenario", "trace"], requires = "duration")]
    memory: Option<String>,
    /// Mean duration of an invocation at this memory: `100 ms`.
    #[arg(long, value_name = "TIME", requires = "memory")]
    duration: Option<String>,
    /// CPU architecture.
    #[arg(long, value_name = "NAME", default_value = "x86_64", requires = "memory", value_parser = ["x86_64", "arm64"])]
    architecture: String,
    /// Mean init of a cold start; billed with its share of the invocations.
    #[arg(long, value_name = "TIME", default_value = "0 s", requires = "memory")]
    init: String,
    /// Share of the invocations that are cold.
    #[arg(long, value_name = "SHARE", default_value = "0 %", requires = "memory")]
    cold_ratio: String,
    /// Size of a response that leaves the region.
    #[arg(long, value_name = "SIZE", default_value = "0 B", requires = "memory")]
    response: String,
}

/// The serverless side, whatever it came from.
struct Side {
    name: String,
    digest: Option<String>,
    serverless: Serverless,
    traffic: Option<Traffic>,
    assumptions: Vec<String>,
}

impl Cost {
    pub(crate) fn run(self, common: &Common) -> Result<u8, Failure> {
        let side = if self.function.memory.is_some() {
            self.one_function()?
        } else {
            self.simulated(common)?
        };
        let manifest = CostManifest {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            scenario: side.digest.clone(),
            seed: common.seed,
        };
        let report = CostReport::new(&self.question(side)?, manifest)
            .map_err(|error| Failure::usage(error.to_string(), "--region us-east-1"))?;
        if let Some(folder) = &common.out {
            output::write(&folder.join("cost.json"), &report.to_json())?;
            output::write(&folder.join("curve.csv"), &report.curve_csv())?;
        }
        output::print(&match common.format {
            Format::Text => report.to_text(WIDTH),
            Format::Json => report.to_json(),
        })?;
        Ok(FINE)
    }

    fn question(&self, side: Side) -> Result<Question, Failure> {
        let asked = self.requests.as_deref().map(requests).transpose()?;
        let own = side.traffic.as_ref();
        let fleets = self.fleets(&side.serverless, own)?;
        Ok(Question {
            name: side.name,
            requests: asked.or(own.map(|traffic| traffic.requests_per_month.point)),
            serverless: side.serverless,
            fleets,
            traffic: side.traffic,
            assumptions: side.assumptions,
        })
    }

    fn gateway(&self) -> Gateway {
        match self.gateway.as_str() {
            "http-api" => Gateway::HttpApi,
            "rest-api" => Gateway::RestApi,
            _ => Gateway::None,
        }
    }

    /// The function that the arguments describe.
    fn one_function(&self) -> Result<Side, Failure> {
        let FunctionArguments {
            memory,
            duration,
            architecture,
            init,
            cold_ratio,
            response,
        } = &self.function;
        let memory = Memory::parse(memory.as_deref().unwrap_or_default());
        let memory = quantity("--memory", memory, "--memory '128 MiB'")?;
        let duration = time("--duration", duration.as_deref().unwrap_or_default())?;
        let init = time("--init", init)?;
        let cold_ratio = frostline_models::units::parse_share(cold_ratio);
        let cold_ratio = quantity("--cold-ratio", cold_ratio, "--cold-ratio '0.5 %'")?;
        let response = quantity("--response", Bytes::parse(response), "--response '4 kB'")?;
        let architecture = match architecture.as_str() {
            "arm64" => Architecture::Arm64,
            _ => Architecture::X86_64,
        };
        let duration_ms = duration.as_millis_f64();
        // The platform rounds each invocation up to a whole millisecond.
        let billed = |span: SimDuration| frostline_models::math::to_f64(span.0.div_ceil(1_000_000));
        let cold = SimDuration(duration.0.saturating_add(init.0));
        let billed_ms = billed(duration) * (1.0 - cold_ratio) + billed(cold) * cold_ratio;
        let mut assumptions = Vec::new();
        if cold_ratio <= 0.0 {
            assumptions.push("no cold starts; --cold-ratio and --init add them.".to_owned());
        }
        let region = self.region.as_deref().unwrap_or("us-east-1");
        Ok(Side {
            name: format!("{memory} for {duration} on {}", architecture.name()),
            digest: None,
            serverless: Serverless {
                settings: PriceSettings {
                    region: region.to_owned(),
                    free_tier: self.free_tier,
                    managed_init_billed: true,
                },
                gateway: self.gateway(),
                functions: vec![Served {
                    share: 1.0,
                    architecture,
                    memory,
                    ephemeral_storage: Memory(512),
                    snapshot: false,
                    cold_ratio,
                    duration_ms,
                    billed_ms,
                    billed_provisioned_ms: 0.0,
                    provisioned_instances: 0.0,
                    response_bytes: frostline_models::math::to_f64(response.0),
                }],
            },
            traffic: None,
            assumptions,
        })
    }

    /// What the scenario's simulation says.
    fn simulated(&self, common: &Common) -> Result<Side, Failure> {
        let interrupt = Interrupt::listen()?;
        let mut scenario = scenario::settle(self.scenario.as_deref(), &self.changes, &[])?;
        let price = &mut scenario.platform.price;
        price.free_tier |= self.free_tier;
        if let Some(region) = &self.region {
            price.region.clone_from(region);
        }
        let manifest = scenario::manifest(&scenario, common)?;
        let watch = Watch {
            progress: Progress::new(common.quiet, interrupt),
            busy: BusyMinutes::default(),
        };
        let options = Options {
            seed: common.seed,
            kernels: Kernels::Fastest,
            observer: &watch,
        };
        let pool = scenario::pool(common)?;
        let outcome = pool.install(|| scenario::simulated(&scenario, options, &manifest));
        watch.progress.finish();
        let (outcome, _) = outcome.map_err(|Cancelled| {
            Failure::Interrupted("no result, the simulation had not ended".to_owned())
        })?;
        let Some((serverless, traffic)) =
            serverless_of(&scenario, &outcome, &watch.busy, self.gateway())
        else {
            return Err(Failure::usage(
                "nothing ran after the warm-up, so there is nothing to bill".to_owned(),
                "--set 'run.duration=24 h'",
            ));
        };
        Ok(Side {
            name: name_of(&scenario),
            digest: Some(manifest.scenario),
            serverless,
            assumptions: traffic.assumptions(),
            traffic: Some(traffic),
        })
    }

    fn fleets(
        &self,
        serverless: &Serverless,
        traffic: Option<&Traffic>,
    ) -> Result<Vec<Fleet>, Failure> {
        let peak_to_mean = match (&self.peak_to_mean, traffic) {
            (Some(text), _) => number("--peak-to-mean", text, 1.0, 1e6)?,
            (None, Some(traffic)) => traffic.peak_to_mean,
            (None, None) => 1.0,
        };
        let disk = quantity("--disk", Bytes::parse(&self.disk), "--disk '8 GB'")?;
        let first = serverless.functions.first();
        let architecture = first.map_or(Architecture::X86_64, |served| served.architecture);
        let region = &serverless.settings.region;
        let fleet = |name: &String| {
            let host = Host::parse(name, region, architecture)
                .map_err(|error: UnknownHost| Failure::usage(error.to_string(), error.help))?;
            let held = host.slots(serverless.memory_in_flight());
            Ok(Fleet {
                slots: self.slots.map_or(held, f64::from),
                host,
                minimum: self.redundancy,
                peak_to_mean,
                load_balancer: self.load_balancer,
                public_ipv4: self.public_ipv4,
                disk_gb: disk.as_gb(),
            })
        };
        self.against.iter().map(fleet).collect()
    }
}

/// Progress, and the minutes on their way into the question.
struct Watch {
    progress: Progress,
    busy: BusyMinutes,
}

impl Observer for Watch {
    fn progress(&self, done: u64, expected: u64) {
        self.progress.progress(done, expected);
    }

    fn is_cancelled(&self) -> bool {
        self.progress.is_cancelled()
    }

    fn wants_timeline(&self) -> bool {
        true
    }

    fn minute(&self, replication: u32, function: u32, minute: &Minute) {
        self.busy.add(replication, function, minute);
    }

    fn begins(&self, replication: u32, function: u32) {
        self.busy.begins(replication, function);
    }
}

/// `checkout`, or `checkout and 3 other functions`.
fn name_of(scenario: &Scenario) -> String {
    match scenario.functions.as_slice() {
        [] => "nothing".to_owned(),
        [only] => only.name.clone(),
        [first, others @ ..] => format!("{} and {} more functions", first.name, others.len()),
    }
}

fn quantity<T>(option: &str, read: Result<T, QuantityError>, help: &str) -> Result<T, Failure> {
    read.map_err(|error| Failure::usage(format!("{option}: {error}"), help))
}

fn time(option: &str, text: &str) -> Result<SimDuration, Failure> {
    quantity(
        option,
        SimDuration::parse(text),
        &format!("{option} '100 ms'"),
    )
}

/// A plain number between the two, `1e9` and `50_000` included.
fn number(option: &str, text: &str, low: f64, high: f64) -> Result<f64, Failure> {
    let number = text.replace('_', "").parse::<f64>().ok();
    number
        .filter(|value| (low..=high).contains(value))
        .ok_or_else(|| {
            Failure::usage(
                format!("{option}: found `{text}`, expected a number from {low} to {high}"),
                format!("{option} {low}"),
            )
        })
}

fn requests(text: &str) -> Result<f64, Failure> {
    number("--requests", text, 1.0, 1e12)
}

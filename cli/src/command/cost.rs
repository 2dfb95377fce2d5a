//! `frostline cost`: the monthly bill, and from which traffic on always-on hosts are cheaper.

use frostline_models::price::PriceSettings;
use frostline_models::price::always_on::{Fleet, Gateway, Host, Served, Serverless, UnknownHost};
use frostline_models::scenario::Architecture;
use frostline_models::units::{Bytes, Memory, QuantityError, SimDuration};
use frostline_report::cost::{CostManifest, CostReport, Question};

use super::{Common, Format};
use crate::exit::{FINE, Failure};
use crate::output;

/// The widest line of a table: what every terminal has.
const WIDTH: usize = 80;

const EXAMPLES: &str = "\
Examples:
  frostline cost --memory '512 MiB' --duration '200 ms'
  frostline cost --memory '128 MiB' --duration '100 ms' --against aws-ec2:t4g.small
  frostline cost --memory '1 GiB' --duration '80 ms' --gateway http-api --requests 50e6 \\
    --against 'aws-fargate:0.5,1 GiB' --redundancy 2 --load-balancer --peak-to-mean 4";

/// What a function costs a month, line by line, and against hosts that run all the time.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Cost {
    /// Memory size: `128 MiB`.
    #[arg(long, value_name = "SIZE")]
    memory: String,
    /// Mean duration of an invocation at this memory: `100 ms`.
    #[arg(long, value_name = "TIME")]
    duration: String,
    /// CPU architecture.
    #[arg(long, value_name = "NAME", default_value = "x86_64", value_parser = ["x86_64", "arm64"])]
    architecture: String,
    /// Mean init of a cold start; billed with its share of the invocations.
    #[arg(long, value_name = "TIME", default_value = "0 s")]
    init: String,
    /// Share of the invocations that are cold.
    #[arg(long, value_name = "SHARE", default_value = "0 %")]
    cold_ratio: String,
    /// Size of a response that leaves the region.
    #[arg(long, value_name = "SIZE", default_value = "0 B")]
    response: String,
    /// Requests a month that the bill is for. Default: those of the first crossover, or 10 million.
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
    /// The busiest moment's traffic over the mean one's: hosts are there for the peak.
    #[arg(long, value_name = "RATIO", default_value = "1")]
    peak_to_mean: String,
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
    /// Region of AWS in the price book.
    #[arg(long, value_name = "NAME", default_value = "us-east-1")]
    region: String,
}

impl Cost {
    pub(crate) fn run(self, common: &Common) -> Result<u8, Failure> {
        let question = self.question()?;
        let manifest = CostManifest {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            scenario: None,
            seed: common.seed,
        };
        let report = CostReport::new(&question, manifest)
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

    fn question(&self) -> Result<Question, Failure> {
        let memory = quantity(
            "--memory",
            Memory::parse(&self.memory),
            "--memory '128 MiB'",
        )?;
        let duration = time("--duration", &self.duration)?;
        let init = time("--init", &self.init)?;
        let cold_ratio = frostline_models::units::parse_share(&self.cold_ratio);
        let cold_ratio = quantity("--cold-ratio", cold_ratio, "--cold-ratio '0.5 %'")?;
        let response = quantity(
            "--response",
            Bytes::parse(&self.response),
            "--response '4 kB'",
        )?;
        let architecture = match self.architecture.as_str() {
            "arm64" => Architecture::Arm64,
            _ => Architecture::X86_64,
        };
        let duration_ms = duration.as_millis_f64();
        // The platform rounds each invocation up to a whole millisecond.
        let billed = |span: SimDuration| frostline_models::math::to_f64(span.0.div_ceil(1_000_000));
        let cold = SimDuration(duration.0.saturating_add(init.0));
        let billed_ms = billed(duration) * (1.0 - cold_ratio) + billed(cold) * cold_ratio;
        let serverless = Serverless {
            settings: PriceSettings {
                region: self.region.clone(),
                free_tier: self.free_tier,
                managed_init_billed: true,
            },
            gateway: match self.gateway.as_str() {
                "http-api" => Gateway::HttpApi,
                "rest-api" => Gateway::RestApi,
                _ => Gateway::None,
            },
            functions: vec![Served {
                share: 1.0,
                architecture,
                memory,
                duration_ms,
                billed_ms,
                billed_provisioned_ms: 0.0,
                response_bytes: frostline_models::math::to_f64(response.0),
            }],
            kept_usd_month: 0.0,
        };
        let fleets = self.fleets(&serverless, architecture)?;
        let mut assumptions = Vec::new();
        if cold_ratio <= 0.0 {
            assumptions.push("no cold starts; --cold-ratio and --init add them.".to_owned());
        }
        Ok(Question {
            name: format!("{memory} for {duration} on {}", architecture.name()),
            requests: self.requests.as_deref().map(requests).transpose()?,
            serverless,
            fleets,
            assumptions,
        })
    }

    fn fleets(
        &self,
        serverless: &Serverless,
        architecture: Architecture,
    ) -> Result<Vec<Fleet>, Failure> {
        let peak_to_mean = number("--peak-to-mean", &self.peak_to_mean, 1.0, 1e6)?;
        let disk = quantity("--disk", Bytes::parse(&self.disk), "--disk '8 GB'")?;
        let fleet = |name: &String| {
            let host = Host::parse(name, &self.region, architecture)
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

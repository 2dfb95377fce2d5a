//! The cost of serving requests: the bill line by line, and from which traffic on always-on hosts
//! are cheaper.
//!
//! A crossover is a number only together with its assumptions, so each comes with them and with what
//! it becomes when one of them is changed.

mod chart;
mod simulated;
mod text;

pub use simulated::{BusyMinutes, Traffic, serverless_of};

use frostline_models::price::always_on::{
    Crossover, Fleet, Gateway, Served, Serverless, crossover, provisioned_break_even,
};
use frostline_models::price::{PriceBook, PriceSource, UnknownRegion};
use frostline_models::scenario::Architecture;
use serde::Serialize;

/// The name and version of the JSON layout.
pub const SCHEMA: &str = "frostline/cost/1";

/// The traffic of the curve, in requests a month: three points a decade.
const CURVE: [f64; 13] = [
    1e5, 2.15e5, 4.64e5, 1e6, 2.15e6, 4.64e6, 1e7, 2.15e7, 4.64e7, 1e8, 2.15e8, 4.64e8, 1e9,
];

/// What somebody wants to know.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The serverless side.
    pub serverless: Serverless,
    /// What it is called: `128 MiB for 100 ms`, or the scenario's name.
    pub name: String,
    /// The requests a month of the bill; those of the first crossover, or else 10 million, if absent.
    pub requests: Option<f64>,
    /// The hosts to compare with.
    pub fleets: Vec<Fleet>,
    /// The traffic of the scenario that was simulated, if one was.
    pub traffic: Option<Traffic>,
    /// What was assumed about the serverless side, in plain sentences.
    pub assumptions: Vec<String>,
}

/// What it takes to make the same numbers again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CostManifest {
    /// Version of Frostline.
    pub version: String,
    /// Digest of the settled scenario; absent when the question was asked without one.
    pub scenario: Option<String>,
    /// The seed of all random streams.
    pub seed: u64,
}

/// What serving costs, and against what.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CostReport {
    /// Name and version of this layout: [`SCHEMA`].
    pub schema: &'static str,
    /// What it takes to make the same numbers again.
    pub manifest: CostManifest,
    /// What is served.
    pub name: String,
    /// One request, where there are no tiers and no free tier.
    pub request: RequestCost,
    /// The traffic of the scenario that was simulated, if one was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traffic: Option<Traffic>,
    /// Requests of the month that the bill is for.
    pub requests_per_month: f64,
    /// The month's bill, line by line: first the serverless side, then each kind of host.
    pub bill: Vec<Line>,
    /// One entry a kind of host.
    pub crossover: Vec<CrossoverEntry>,
    /// Both sides over traffic from 10⁵ to 10⁹ requests a month.
    pub curve: Vec<CurvePoint>,
    /// The share of time that a provisioned instance must be busy to be cheaper than on demand.
    pub provisioned_break_even: f64,
    /// What was assumed, in plain sentences.
    pub assumptions: Vec<String>,
    /// Where the prices come from.
    pub sources: Vec<SourceEntry>,
}

/// The price of one request in USD, at the first tier.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RequestCost {
    /// Memory times billed time in GB-seconds.
    pub gb_seconds: f64,
    /// What they cost.
    pub compute_usd: f64,
    /// The fee for the invocation.
    pub fee_usd: f64,
    /// The gateway.
    pub gateway_usd: f64,
    /// Data sent.
    pub egress_usd: f64,
    /// All of it.
    pub total_usd: f64,
}

/// A line of the bill.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// `serverless`, or the host's name.
    pub side: String,
    /// What is paid for.
    pub item: &'static str,
    /// How much of it.
    pub quantity: f64,
    /// In which unit.
    pub unit: &'static str,
    /// USD a month.
    pub usd_month: f64,
}

/// A crossover with its assumptions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CrossoverEntry {
    /// The host: `aws-ec2:t4g.small`.
    pub against: String,
    /// The fewest requests a month at which the hosts are not dearer; `null` when they always are.
    pub requests_per_month: Option<f64>,
    /// The same as requests a second on average.
    pub requests_per_second: Option<f64>,
    /// From here on they stay so.
    pub stays_from: Option<f64>,
    /// What both sides cost there, in USD a month.
    pub usd_month: Option<f64>,
    /// Hosts there.
    pub hosts: u32,
    /// Requests that a host serves at once.
    pub slots: f64,
    /// Hosts at the least.
    pub minimum_hosts: u32,
    /// The peak's traffic over the mean's.
    pub peak_to_mean: f64,
    /// Whether a load balancer stands before them.
    pub load_balancer: bool,
    /// Whether each has a public IPv4 address.
    pub public_ipv4: bool,
    /// Disk of each in GB.
    pub disk_gb: f64,
    /// What the crossover becomes when one assumption is changed.
    pub changed: Vec<Changed>,
}

/// A crossover with one assumption changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Changed {
    /// Which one.
    pub assumption: &'static str,
    /// The crossover then; `null` when the hosts are always dearer.
    pub requests_per_month: Option<f64>,
}

/// Both sides at one traffic.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CurvePoint {
    /// Requests a month.
    pub requests_per_month: f64,
    /// The serverless side in USD a month.
    pub serverless_usd: f64,
    /// The always-on side in USD a month, one entry a kind of host.
    pub hosts_usd: Vec<f64>,
}

/// Where prices come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceEntry {
    /// Which prices.
    pub prices: String,
    /// Title or address.
    pub source: String,
    /// The day they are of.
    pub as_of: String,
}

impl CostReport {
    /// Answers a question.
    ///
    /// # Errors
    /// When the price book does not know the region.
    pub fn new(question: &Question, manifest: CostManifest) -> Result<Self, UnknownRegion> {
        let entries = question
            .fleets
            .iter()
            .map(|fleet| entry(&question.serverless, fleet))
            .collect::<Result<Vec<_>, _>>()?;
        let first = entries.iter().find_map(|entry| entry.requests_per_month);
        let requests = question.requests.or(first).unwrap_or(1e7);
        let region = &question.serverless.settings.region;
        let architecture = question.serverless.functions.first();
        let architecture = architecture.map_or(Architecture::X86_64, |f| f.architecture);
        Ok(Self {
            schema: SCHEMA,
            manifest,
            name: question.name.clone(),
            request: one_request(&question.serverless)?,
            traffic: question.traffic.clone(),
            requests_per_month: requests,
            bill: lines(question, requests)?,
            crossover: entries,
            curve: curve(question)?,
            provisioned_break_even: provisioned_break_even(region, architecture)?,
            assumptions: assumptions(question),
            sources: sources(question)?,
        })
    }

    /// The curve as a table: requests a month, then USD a month of each side.
    pub fn curve_csv(&self) -> String {
        let mut text = String::from("requests_per_month,serverless_usd_month");
        for entry in &self.crossover {
            // A host's name may hold a comma.
            text.extend([format!(",\"{} usd_month\"", entry.against)]);
        }
        text.push('\n');
        for point in &self.curve {
            text.extend([format!(
                "{},{}",
                point.requests_per_month, point.serverless_usd
            )]);
            for usd in &point.hosts_usd {
                text.extend([format!(",{usd}")]);
            }
            text.push('\n');
        }
        text
    }

    /// The JSON that scripts rely on, indented, with a newline at its end.
    ///
    /// # Panics
    /// Never: every key is a string and every number that is not finite becomes `null`.
    pub fn to_json(&self) -> String {
        crate::json::pretty(self)
    }
}

/// What one request costs before tiers and free tier come in.
fn one_request(serverless: &Serverless) -> Result<RequestCost, UnknownRegion> {
    let mut plain = serverless.clone();
    plain.settings.free_tier = false;
    for function in &mut plain.functions {
        function.provisioned_instances = 0.0;
        function.snapshot = false;
    }
    let bill = plain.month(1.0)?;
    Ok(RequestCost {
        gb_seconds: gb_seconds(serverless, 1.0),
        compute_usd: bill.functions.compute,
        fee_usd: bill.functions.requests,
        gateway_usd: bill.gateway,
        egress_usd: bill.functions.egress,
        total_usd: bill.total(),
    })
}

fn gb_seconds(serverless: &Serverless, requests: f64) -> f64 {
    let parts = serverless.functions.iter().map(|function| {
        let billed_ms = function.billed_ms + function.billed_provisioned_ms;
        function.share * function.memory.as_gb() * billed_ms / 1e3
    });
    requests * parts.sum::<f64>()
}

fn entry(serverless: &Serverless, fleet: &Fleet) -> Result<CrossoverEntry, UnknownRegion> {
    let Crossover {
        requests_per_month,
        stays_from,
        hosts,
        usd_month,
    } = crossover(serverless, fleet)?;
    let month_s = frostline_models::price::MONTH_S;
    Ok(CrossoverEntry {
        against: fleet.host.name.clone(),
        requests_per_month,
        requests_per_second: requests_per_month.map(|requests| requests / month_s),
        stays_from,
        usd_month,
        hosts,
        slots: fleet.slots,
        minimum_hosts: fleet.minimum,
        peak_to_mean: fleet.peak_to_mean,
        load_balancer: fleet.load_balancer,
        public_ipv4: fleet.public_ipv4,
        disk_gb: fleet.disk_gb,
        changed: changed(serverless, fleet)?,
    })
}

/// The assumptions that people forget, each changed alone; those that are as asked already are left
/// out.
fn changed(serverless: &Serverless, fleet: &Fleet) -> Result<Vec<Changed>, UnknownRegion> {
    let mut found = Vec::new();
    let mut ask = |assumption, serverless: &Serverless, fleet: &Fleet| {
        let requests_per_month = crossover(serverless, fleet)?.requests_per_month;
        found.push(Changed {
            assumption,
            requests_per_month,
        });
        Ok::<(), UnknownRegion>(())
    };
    if !serverless.settings.free_tier {
        let mut other = serverless.clone();
        other.settings.free_tier = true;
        ask("with the monthly free tier", &other, fleet)?;
    }
    let on_arm = |f: &Served| f.architecture == Architecture::Arm64;
    if !serverless.functions.iter().all(on_arm) {
        let mut other = serverless.clone();
        for function in &mut other.functions {
            function.architecture = Architecture::Arm64;
        }
        ask("functions on arm64", &other, fleet)?;
    }
    for (gateway, assumption) in [
        (Gateway::HttpApi, "an HTTP API before the functions"),
        (Gateway::RestApi, "a REST API before the functions"),
        (Gateway::None, "no API gateway before the functions"),
    ] {
        if gateway != serverless.gateway {
            let mut other = serverless.clone();
            other.gateway = gateway;
            ask(assumption, &other, fleet)?;
        }
    }
    if fleet.minimum < 2 {
        let mut other = fleet.clone();
        other.minimum = 2;
        ask("two hosts for redundancy", serverless, &other)?;
        if !fleet.load_balancer {
            other.load_balancer = true;
            ask("two hosts and a load balancer", serverless, &other)?;
        }
    }
    if !fleet.public_ipv4 {
        let mut other = fleet.clone();
        other.public_ipv4 = true;
        ask("a public IPv4 address for each host", serverless, &other)?;
    }
    if fleet.peak_to_mean < 3.0 {
        let mut other = fleet.clone();
        other.peak_to_mean = 3.0;
        ask("a peak of 3 times the mean", serverless, &other)?;
    }
    if fleet.peak_to_mean < 10.0 {
        let mut other = fleet.clone();
        other.peak_to_mean = 10.0;
        ask("a peak of 10 times the mean", serverless, &other)?;
    }
    Ok(found)
}

fn lines(question: &Question, requests: f64) -> Result<Vec<Line>, UnknownRegion> {
    let serverless = &question.serverless;
    let bill = serverless.month(requests)?;
    let sent: f64 = serverless
        .functions
        .iter()
        .map(|function| requests * function.share * function.response_bytes / 1_073_741_824.0)
        .sum();
    let mut lines = Vec::new();
    let mut add = |side: &str, item, quantity: f64, unit, usd_month: f64, always: bool| {
        if always || usd_month > 0.0 {
            lines.push(Line {
                side: side.to_owned(),
                item,
                quantity,
                unit,
                usd_month,
            });
        }
    };
    let side = "serverless";
    let functions = &bill.functions;
    let gb_s = gb_seconds(serverless, requests);
    add(side, "compute", gb_s, "GB-s", functions.compute, true);
    add(
        side,
        "requests",
        requests,
        "requests",
        functions.requests,
        true,
    );
    add(side, "gateway", requests, "requests", bill.gateway, false);
    add(
        side,
        "provisioned",
        1.0,
        "month",
        functions.provisioned,
        false,
    );
    add(side, "egress", sent, "GB", functions.egress, false);
    let other = "disk and snapshots";
    add(side, other, 1.0, "month", functions.other, false);
    add(side, "total", 1.0, "month", bill.total(), true);
    let network = &PriceBook::builtin()
        .hosting(&serverless.settings.region)?
        .network;
    for fleet in &question.fleets {
        let bill = fleet.month(network, requests, serverless.duration_ms());
        let side = fleet.host.name.as_str();
        let hosts = f64::from(bill.hosts);
        add(side, "hosts", hosts, "hosts", bill.machines, true);
        add(
            side,
            "public IPv4",
            hosts,
            "addresses",
            bill.addresses,
            false,
        );
        add(side, "disk", hosts * fleet.disk_gb, "GB", bill.disks, false);
        add(
            side,
            "load balancer",
            1.0,
            "balancer",
            bill.load_balancer,
            false,
        );
        // What is sent is sent from anywhere.
        add(side, "egress", sent, "GB", functions.egress, false);
        let total = bill.total() + functions.egress;
        add(side, "total", 1.0, "month", total, true);
    }
    Ok(lines)
}

fn curve(question: &Question) -> Result<Vec<CurvePoint>, UnknownRegion> {
    let serverless = &question.serverless;
    let network = &PriceBook::builtin()
        .hosting(&serverless.settings.region)?
        .network;
    let point = |requests: f64| {
        let bill = serverless.month(requests)?;
        let duration_ms = serverless.duration_ms();
        let hosts = |fleet: &Fleet| fleet.month(network, requests, duration_ms).total();
        let fleets = question.fleets.iter();
        Ok(CurvePoint {
            requests_per_month: requests,
            serverless_usd: bill.total(),
            hosts_usd: fleets
                .map(|fleet| hosts(fleet) + bill.functions.egress)
                .collect(),
        })
    };
    CURVE.into_iter().map(point).collect()
}

fn assumptions(question: &Question) -> Vec<String> {
    let mut sentences = question.assumptions.clone();
    sentences
        .push("list prices on demand, a month of 730 h, no taxes, no savings plans.".to_owned());
    if question.serverless.settings.free_tier {
        sentences.push("the monthly free tier is taken off.".to_owned());
    }
    if question.fleets.is_empty() {
        return sentences;
    }
    sentences.push(
        "a request takes as long on a host as in the function, and hosts are there for the peak \
         all month."
            .to_owned(),
    );
    for fleet in &question.fleets {
        sentences.push(format!(
            "a host {} serves at once {}: what its sustained CPU ({} vCPU) and 80 % of its \
             memory ({} GB) hold at the function's m/1769 vCPU and m MiB, unless --slots says it.",
            fleet.host.name,
            if fleet.slots > 1.0 {
                format!("{} requests", fleet.slots)
            } else {
                "one request".to_owned()
            },
            fleet.host.vcpus * fleet.host.sustained,
            fleet.host.memory_gb
        ));
    }
    let sends = |served: &Served| served.response_bytes > 0.0;
    if question.serverless.functions.iter().any(sends) {
        sentences.push("data sent costs the same from hosts.".to_owned());
    }
    if question.fleets.iter().any(|fleet| fleet.load_balancer) {
        sentences.push("every request is a new connection of the load balancer.".to_owned());
    }
    sentences.push("nobody is paid to run the hosts.".to_owned());
    sentences
}

fn sources(question: &Question) -> Result<Vec<SourceEntry>, UnknownRegion> {
    let region = question.serverless.settings.region.as_str();
    let book = PriceBook::builtin();
    let hosting = book.hosting(region)?;
    let mut entries = Vec::new();
    let mut add = |prices: &str, source: &PriceSource| {
        entries.push(SourceEntry {
            prices: prices.to_owned(),
            source: source.source.clone(),
            as_of: source.as_of.clone(),
        });
    };
    add("AWS Lambda", &book.lambda(region)?.source);
    add("API Gateway", &hosting.gateway.source);
    for fleet in &question.fleets {
        add(&fleet.host.name, &fleet.host.source);
    }
    if !question.fleets.is_empty() {
        add("load balancer, addresses, disks", &hosting.network.source);
    }
    Ok(entries)
}

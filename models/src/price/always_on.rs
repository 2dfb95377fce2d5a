//! Always-on hosts: what they cost, what they hold, and from which traffic on they are cheaper than
//! paying for each request.
//!
//! ```text
//! serverless(N) = bill of N requests a month + gateway
//! always on(N)  = hosts(N) · (host + address + disk) + load balancer
//! hosts(N)      = max(minimum, ⌈peak-to-mean · N/month · duration / requests at once on a host⌉)
//! ```
//!
//! The crossover N* solves serverless(N*) = always on(N*). Where one host suffices it is
//! V/(m/1024 · d · r + q + g), with V what the host costs a month, m the memory in MiB, d the billed
//! seconds, r the price of a GB-s, q that of a request and g the gateway's. It is a number only
//! together with its assumptions, so [`Fleet`] and [`Serverless`] name them all.
//!
//! **Assumptions.** A host serves a request in the time that the function takes. How many it serves
//! at once ([`Host::slots`]) follows from the CPU and the memory that the function has on AWS Lambda:
//! m/1769 vCPU (AWS Lambda Developer Guide, "Configure Lambda function memory", read 2026-10) and
//! m MiB each, of the host's sustained CPU and of 80 % of its memory, the rest being the system's.
//! Hosts are there for the peak all month long. A load balancer is charged for one new connection a
//! request, 25 a second for each capacity unit (Elastic Load Balancing pricing, read 2026-09).

use super::book::hosting::{GatewayPrices, NetworkPrices};
use super::{
    Bill, MONTH_S, PriceBook, PriceSettings, PriceSource, Usage, account::bill, book::UnknownRegion,
};
use crate::scenario::Architecture;
use crate::suggest::nearest;
use crate::units::Memory;

/// Memory for which AWS Lambda gives one vCPU, in MiB.
const MIB_PER_VCPU: f64 = 1769.0;

/// The share of a host's memory that requests may have: an assumption, the rest is the system's.
const USABLE_MEMORY: f64 = 0.8;

/// New connections a second for one capacity unit of a load balancer.
const CONNECTIONS_PER_CAPACITY_UNIT: f64 = 25.0;

/// Hours of a month.
const MONTH_H: f64 = MONTH_S / 3600.0;

/// Requests a month beyond which nobody looks for a crossover.
const MOST_REQUESTS: f64 = 1e12;

/// Hosts beyond which nobody looks for a crossover: the prices of both sides are straight lines then.
const MOST_HOSTS: u32 = 10_000;

/// A host that runs all the time.
#[derive(Debug, Clone, PartialEq)]
pub struct Host {
    /// As it is named on the command line: `aws-ec2:t4g.small`.
    pub name: String,
    /// USD for a month of 730 h.
    pub month_usd: f64,
    /// Virtual CPUs.
    pub vcpus: f64,
    /// Memory in GB of 1024 MiB.
    pub memory_gb: f64,
    /// The share of each CPU that may be used without end.
    pub sustained: f64,
    /// Where the price comes from.
    pub source: PriceSource,
}

/// A host without a price.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("found the host `{found}`, expected {expected}")]
pub struct UnknownHost {
    /// What was written.
    pub found: String,
    /// What is known.
    pub expected: String,
    /// The text to type.
    pub help: String,
}

impl Host {
    /// Reads `aws-ec2:TYPE`, `aws-fargate:VCPUS,MEMORY` or `cloud-run:VCPUS,MEMORY` (instance-based
    /// billing), priced in a region of AWS and for an architecture, or in Cloud Run's tier 1.
    ///
    /// # Errors
    /// [`UnknownHost`] when the price book has no such host, or none at all in the region.
    pub fn parse(
        text: &str,
        region: &str,
        architecture: Architecture,
    ) -> Result<Self, UnknownHost> {
        let book = PriceBook::builtin();
        let wrong = |expected: &str, help: &str| UnknownHost {
            found: text.to_owned(),
            expected: expected.to_owned(),
            help: help.to_owned(),
        };
        let hosting = book
            .hosting(region)
            .map_err(|error| wrong(&error.to_string(), "--region us-east-1"))?;
        let (kind, what) = text.split_once(':').unwrap_or((text, ""));
        match kind {
            "aws-ec2" => {
                let types = &hosting.machines.types;
                let Some(found) = types.get(what) else {
                    let known = types.keys().map(String::as_str);
                    let near = nearest(what, known.clone()).unwrap_or("t4g.small");
                    return Err(wrong(
                        &format!("one of {}", known.collect::<Vec<_>>().join(", ")),
                        &format!("--against aws-ec2:{near}"),
                    ));
                };
                Ok(Self {
                    name: text.to_owned(),
                    month_usd: found.hour * MONTH_H,
                    vcpus: found.vcpus,
                    memory_gb: found.memory_gb,
                    sustained: found.sustained,
                    source: hosting.machines.source.clone(),
                })
            }
            "aws-fargate" | "cloud-run" => {
                let Some((vcpus, memory)) = size(what) else {
                    return Err(wrong(
                        "vCPUs and memory, such as `0.25,512 MiB`",
                        &format!("--against '{kind}:0.25,512 MiB'"),
                    ));
                };
                let (hour, source) = if kind == "aws-fargate" {
                    let prices = &hosting.fargate;
                    let (vcpu_hour, gb_hour) = prices.hour(architecture);
                    (vcpus * vcpu_hour + memory.as_gb() * gb_hour, &prices.source)
                } else {
                    let prices = book.cloud_run();
                    let second = vcpus * prices.vcpu_s + memory.as_gb() * prices.gib_s;
                    (second * 3600.0, &prices.source)
                };
                Ok(Self {
                    name: text.to_owned(),
                    month_usd: hour * MONTH_H,
                    vcpus,
                    memory_gb: memory.as_gb(),
                    sustained: 1.0,
                    source: source.clone(),
                })
            }
            _ => Err(wrong(
                "`aws-ec2:TYPE`, `aws-fargate:VCPUS,MEMORY` or `cloud-run:VCPUS,MEMORY`",
                "--against aws-ec2:t4g.small",
            )),
        }
    }

    /// How many requests of a function with this memory it serves at once, at least 1: a host that
    /// is too small for one serves it slowly rather than not at all.
    pub fn slots(&self, memory: Memory) -> f64 {
        let by_cpu = self.vcpus * self.sustained / (f64::from(memory.0) / MIB_PER_VCPU);
        let by_memory = self.memory_gb * USABLE_MEMORY / memory.as_gb();
        libm::floor(by_cpu.min(by_memory)).max(1.0)
    }
}

/// `0.25,512 MiB`: vCPUs up to 64 and memory.
fn size(text: &str) -> Option<(f64, Memory)> {
    let (vcpus, memory) = text.split_once(',')?;
    let vcpus = vcpus.trim().parse::<f64>().ok()?;
    let memory = Memory::parse(memory.trim()).ok()?;
    (vcpus > 0.0 && vcpus <= 64.0).then_some((vcpus, memory))
}

/// What stands before the functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gateway {
    /// Nothing that costs: function URLs, or invocations from inside.
    None,
    /// API Gateway's HTTP API.
    HttpApi,
    /// API Gateway's REST API.
    RestApi,
}

impl Gateway {
    fn cost(self, prices: &GatewayPrices, requests: f64) -> f64 {
        match self {
            Self::None => 0.0,
            Self::HttpApi => prices.http.cost(requests),
            Self::RestApi => requests * prices.rest_request,
        }
    }
}

/// The serverless side: functions, paid by the request.
#[derive(Debug, Clone, PartialEq)]
pub struct Serverless {
    /// Region and free tier.
    pub settings: PriceSettings,
    /// What stands before the functions.
    pub gateway: Gateway,
    /// The functions, at least one.
    pub functions: Vec<Served>,
}

/// A function's part of the requests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Served {
    /// Its share of all requests, in [0, 1]; the shares add up to 1.
    pub share: f64,
    /// CPU architecture.
    pub architecture: Architecture,
    /// Memory size.
    pub memory: Memory,
    /// Temporary disk.
    pub ephemeral_storage: Memory,
    /// Whether instances start from a snapshot, which is kept and restored for money.
    pub snapshot: bool,
    /// The share of its invocations that are cold, in [0, 1].
    pub cold_ratio: f64,
    /// Mean duration of an invocation in ms.
    pub duration_ms: f64,
    /// Mean time of an invocation in ms that is billed on demand: the duration, and its share of
    /// billed init.
    pub billed_ms: f64,
    /// Mean time of an invocation in ms that is billed at the rate of provisioned concurrency.
    pub billed_provisioned_ms: f64,
    /// Provisioned instances that are kept all month, whatever the traffic.
    pub provisioned_instances: f64,
    /// Bytes of a response.
    pub response_bytes: f64,
}

/// The serverless side's bill of a month in USD.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ServerlessBill {
    /// What the functions cost, what is kept included.
    pub functions: Bill,
    /// What the gateway costs.
    pub gateway: f64,
}

impl ServerlessBill {
    /// All of it.
    pub fn total(&self) -> f64 {
        self.functions.total + self.gateway
    }
}

impl Serverless {
    /// The bill of a month with so many requests.
    ///
    /// # Errors
    /// When the price book has no such region.
    pub fn month(&self, requests: f64) -> Result<ServerlessBill, UnknownRegion> {
        let usages: Vec<Usage> = self
            .functions
            .iter()
            .map(|function| function.usage(requests))
            .collect();
        let functions: Bill = bill(&self.settings, &usages)?.into_iter().sum();
        let prices = &PriceBook::builtin().hosting(&self.settings.region)?.gateway;
        Ok(ServerlessBill {
            functions,
            gateway: self.gateway.cost(prices, requests),
        })
    }

    /// Mean duration of an invocation in ms.
    pub fn duration_ms(&self) -> f64 {
        let parts = self.functions.iter();
        parts
            .map(|function| function.share * function.duration_ms)
            .sum()
    }

    /// Mean memory of the requests in flight: each counts for as long as it lasts.
    pub fn memory_in_flight(&self) -> Memory {
        let in_flight = |function: &Served| function.share * function.duration_ms;
        let total: f64 = self.functions.iter().map(in_flight).sum();
        let weighted: f64 = self
            .functions
            .iter()
            .map(|function| in_flight(function) * f64::from(function.memory.0))
            .sum();
        let largest = self
            .functions
            .iter()
            .map(|function| function.memory.0)
            .max();
        let mean = if total > 0.0 {
            crate::math::round_to_u64(weighted / total)
        } else {
            u64::from(largest.unwrap_or(128))
        };
        Memory(u32::try_from(mean).unwrap_or(u32::MAX).max(1))
    }
}

impl Served {
    /// Takes in a function that is billed alike: shares and instances add up, and what an invocation
    /// takes becomes the mean over both.
    pub fn join(&mut self, other: &Self) {
        let share = self.share + other.share;
        let mean = |own: f64, others: f64| {
            if share > 0.0 {
                (own * self.share + others * other.share) / share
            } else {
                0.0
            }
        };
        *self = Self {
            share,
            cold_ratio: mean(self.cold_ratio, other.cold_ratio),
            duration_ms: mean(self.duration_ms, other.duration_ms),
            billed_ms: mean(self.billed_ms, other.billed_ms),
            billed_provisioned_ms: mean(self.billed_provisioned_ms, other.billed_provisioned_ms),
            provisioned_instances: self.provisioned_instances + other.provisioned_instances,
            response_bytes: mean(self.response_bytes, other.response_bytes),
            ..*self
        };
    }

    fn usage(&self, requests: f64) -> Usage {
        let invocations = requests * self.share;
        Usage {
            architecture: self.architecture,
            memory: self.memory,
            ephemeral_storage: self.ephemeral_storage,
            invocations,
            billed_ms: invocations * self.billed_ms,
            billed_provisioned_ms: invocations * self.billed_provisioned_ms,
            provisioned_instance_ms: self.provisioned_instances * MONTH_S * 1e3,
            response_bytes: invocations * self.response_bytes,
            snapshot: self.snapshot,
            cold_starts: invocations * self.cold_ratio,
            span_s: MONTH_S,
        }
    }
}

/// The always-on side: equal hosts that are there for the peak.
#[derive(Debug, Clone, PartialEq)]
pub struct Fleet {
    /// What a host is.
    pub host: Host,
    /// Requests that a host serves at once; greater than zero.
    pub slots: f64,
    /// Hosts at the least: 2 for redundancy.
    pub minimum: u32,
    /// The busiest moment's traffic over the mean one's, at least 1.
    pub peak_to_mean: f64,
    /// Whether a load balancer stands before them.
    pub load_balancer: bool,
    /// Whether each has a public IPv4 address.
    pub public_ipv4: bool,
    /// Disk of each in GB.
    pub disk_gb: f64,
}

/// The always-on side's bill of a month in USD.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FleetBill {
    /// How many hosts.
    pub hosts: u32,
    /// What they cost.
    pub machines: f64,
    /// Their public addresses.
    pub addresses: f64,
    /// Their disks.
    pub disks: f64,
    /// The load balancer, its capacity units included.
    pub load_balancer: f64,
}

impl FleetBill {
    /// All of it.
    pub fn total(&self) -> f64 {
        self.machines + self.addresses + self.disks + self.load_balancer
    }
}

impl Fleet {
    /// Requests a month that so many hosts can serve at the peak, each taking `duration_ms`.
    fn capacity(&self, hosts: u32, duration_ms: f64) -> f64 {
        let at_once = f64::from(hosts) * self.slots / self.peak_to_mean;
        at_once * MONTH_S * 1e3 / duration_ms.max(1e-6)
    }

    /// Hosts for so many requests a month; at most `u32::MAX`.
    pub fn hosts(&self, requests: f64, duration_ms: f64) -> u32 {
        let wanted = libm::ceil(requests / self.capacity(1, duration_ms) * (1.0 - 1e-12));
        let wanted = crate::math::round_to_u64(wanted.min(f64::from(u32::MAX)));
        u32::try_from(wanted).unwrap_or(u32::MAX).max(self.minimum)
    }

    /// The bill of a month with so many requests.
    pub fn month(&self, network: &NetworkPrices, requests: f64, duration_ms: f64) -> FleetBill {
        self.with_hosts(network, self.hosts(requests, duration_ms), requests)
    }

    fn with_hosts(&self, network: &NetworkPrices, hosts: u32, requests: f64) -> FleetBill {
        let each = f64::from(hosts);
        let switched = |on: bool| f64::from(u8::from(on));
        let units = requests / MONTH_S / CONNECTIONS_PER_CAPACITY_UNIT;
        let balancer_hour =
            network.load_balancer_hour + units * network.load_balancer_capacity_unit_hour;
        FleetBill {
            hosts,
            machines: each * self.host.month_usd,
            addresses: switched(self.public_ipv4) * each * network.public_ipv4_hour * MONTH_H,
            disks: each * self.disk_gb * network.disk_gb_month,
            load_balancer: switched(self.load_balancer) * balancer_hour * MONTH_H,
        }
    }
}

/// Where the two sides cost the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crossover {
    /// The fewest requests a month at which the hosts are not dearer; `None` when there are none up to
    /// 10¹² requests or 10,000 hosts.
    pub requests_per_month: Option<f64>,
    /// From here on they stay so: further hosts, which come in steps, are not dearer for a while.
    pub stays_from: Option<f64>,
    /// Hosts at the crossover.
    pub hosts: u32,
    /// What both sides cost there, in USD a month.
    pub usd_month: Option<f64>,
}

/// Finds the crossover.
///
/// # Errors
/// When the price book has no such region.
pub fn crossover(serverless: &Serverless, fleet: &Fleet) -> Result<Crossover, UnknownRegion> {
    let network = &PriceBook::builtin()
        .hosting(&serverless.settings.region)?
        .network;
    let gain = |requests: f64, hosts: u32| -> Result<f64, UnknownRegion> {
        let hosts = fleet.with_hosts(network, hosts, requests);
        let serverless = serverless.month(requests)?;
        Ok(serverless.total() - serverless.functions.egress - hosts.total())
    };
    let duration_ms = serverless.duration_ms();
    let mut first = None;
    let mut last = None;
    let mut from = 0.0;
    for hosts in fleet.minimum.max(1)..=MOST_HOSTS {
        let to = fleet.capacity(hosts, duration_ms).min(MOST_REQUESTS);
        let starts_dearer = gain(from, hosts)? < 0.0;
        if gain(to, hosts)? >= 0.0 && starts_dearer {
            let found = root(from, to, |requests| gain(requests, hosts))?;
            first = first.or(Some((found, hosts)));
            last = Some(found);
        } else if starts_dearer {
            last = None;
        } else if first.is_none() {
            first = Some((from, hosts));
            last = Some(from);
        }
        if to >= MOST_REQUESTS {
            break;
        }
        from = to;
    }
    let usd_month = match first {
        Some((requests, _)) => Some(serverless.month(requests)?.total()),
        None => None,
    };
    Ok(Crossover {
        requests_per_month: first.map(|found| found.0),
        stays_from: last,
        hosts: first.map_or(0, |found| found.1),
        usd_month,
    })
}

/// Bisection between a negative and a positive end, to a part in 10¹² of the interval.
fn root<E>(
    mut low: f64,
    mut high: f64,
    function: impl Fn(f64) -> Result<f64, E>,
) -> Result<f64, E> {
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if function(middle)? < 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok(high)
}

/// The utilisation above which provisioned concurrency is cheaper than on demand: what keeping an
/// instance costs, over what each busy second saves.
///
/// # Errors
/// When the price book has no such region.
pub fn provisioned_break_even(
    region: &str,
    architecture: Architecture,
) -> Result<f64, UnknownRegion> {
    let prices = PriceBook::builtin()
        .lambda(region)?
        .architecture(architecture);
    let saved = prices.gb_s.average(0.0) - prices.provisioned_duration_gb_s;
    Ok(prices.provisioned_gb_s / saved)
}

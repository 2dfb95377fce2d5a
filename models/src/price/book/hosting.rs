//! Prices of what runs all the time: machines, containers, and what stands before them.

use std::collections::BTreeMap;

use toml::de::DeValue;

use super::table::{Table, number};
use super::{PriceBookError, PriceSource, Tiers};
use crate::scenario::Architecture;

/// Prices of one region of AWS. Amounts are USD.
#[derive(Debug, Clone, PartialEq)]
pub struct HostingPrices {
    /// Virtual machines (EC2).
    pub machines: MachinePrices,
    /// Containers without machines of one's own (Fargate).
    pub fargate: FargatePrices,
    /// Load balancer, addresses, disks.
    pub network: NetworkPrices,
    /// What turns HTTP requests into invocations.
    pub gateway: GatewayPrices,
}

/// Virtual machines by name.
#[derive(Debug, Clone, PartialEq)]
pub struct MachinePrices {
    /// Where the figures come from.
    pub source: PriceSource,
    /// The types that are known, by name: `t4g.small`.
    pub types: BTreeMap<String, MachineType>,
}

/// A type of virtual machine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MachineType {
    /// USD an hour, on demand.
    pub hour: f64,
    /// Virtual CPUs.
    pub vcpus: f64,
    /// Memory in GB of 1024 MiB.
    pub memory_gb: f64,
    /// The share of each CPU that may be used without end, in (0, 1]: below 1 for burstable types.
    pub sustained: f64,
}

/// Prices of Fargate.
#[derive(Debug, Clone, PartialEq)]
pub struct FargatePrices {
    /// Where the figures come from.
    pub source: PriceSource,
    /// USD for a vCPU and hour on x86.
    pub x86_64_vcpu_hour: f64,
    /// USD for a GB and hour on x86.
    pub x86_64_gb_hour: f64,
    /// USD for a vCPU and hour on Arm.
    pub arm64_vcpu_hour: f64,
    /// USD for a GB and hour on Arm.
    pub arm64_gb_hour: f64,
}

/// Prices of what machines need to be reached.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkPrices {
    /// Where the figures come from.
    pub source: PriceSource,
    /// USD an hour for an application load balancer.
    pub load_balancer_hour: f64,
    /// USD for one of its capacity units and hour.
    pub load_balancer_capacity_unit_hour: f64,
    /// USD an hour for a public IPv4 address.
    pub public_ipv4_hour: f64,
    /// USD for a GB of disk (gp3) and month.
    pub disk_gb_month: f64,
}

/// Prices of API Gateway.
#[derive(Debug, Clone, PartialEq)]
pub struct GatewayPrices {
    /// Where the figures come from.
    pub source: PriceSource,
    /// USD for a request to a REST API, first tier.
    pub rest_request: f64,
    /// USD for a request to an HTTP API, by requests of the month.
    pub http: Tiers,
}

/// Prices of Google Cloud Run with instance-based billing.
#[derive(Debug, Clone, PartialEq)]
pub struct CloudRunPrices {
    /// Where the figures come from.
    pub source: PriceSource,
    /// USD for a vCPU and second.
    pub vcpu_s: f64,
    /// USD for a GiB and second.
    pub gib_s: f64,
}

impl FargatePrices {
    /// USD an hour for a vCPU and for a GB.
    pub fn hour(&self, architecture: Architecture) -> (f64, f64) {
        match architecture {
            Architecture::X86_64 => (self.x86_64_vcpu_hour, self.x86_64_gb_hour),
            Architecture::Arm64 => (self.arm64_vcpu_hour, self.arm64_gb_hour),
        }
    }
}

impl HostingPrices {
    pub(super) fn read(region: &Table<'_>) -> Result<Self, PriceBookError> {
        let machines = region.table("ec2")?;
        let fargate = region.table("fargate")?;
        let network = region.table("network")?;
        let gateway = region.table("api-gateway")?;
        Ok(Self {
            machines: MachinePrices::read(&machines)?,
            fargate: FargatePrices {
                source: fargate.source()?,
                x86_64_vcpu_hour: fargate.number("x86_64-vcpu-hour")?,
                x86_64_gb_hour: fargate.number("x86_64-gb-hour")?,
                arm64_vcpu_hour: fargate.number("arm64-vcpu-hour")?,
                arm64_gb_hour: fargate.number("arm64-gb-hour")?,
            },
            network: NetworkPrices {
                source: network.source()?,
                load_balancer_hour: network.number("load-balancer-hour")?,
                load_balancer_capacity_unit_hour: network
                    .number("load-balancer-capacity-unit-hour")?,
                public_ipv4_hour: network.number("public-ipv4-hour")?,
                disk_gb_month: network.number("disk-gb-month")?,
            },
            gateway: GatewayPrices {
                source: gateway.source()?,
                rest_request: gateway.number("rest-request")?,
                http: gateway.tiers("http-tiers")?,
            },
        })
    }
}

impl MachinePrices {
    fn read(table: &Table<'_>) -> Result<Self, PriceBookError> {
        const EXPECTED: &str = "[USD an hour, vCPUs, GiB, sustained share up to 1], all above zero";
        let mut types = BTreeMap::new();
        for key in table.entries.keys() {
            let name = key.get_ref().as_ref();
            // Machines have a family and a size; the other keys say where the figures come from.
            if !name.contains('.') {
                continue;
            }
            let items = table.value(name).and_then(DeValue::as_array);
            let numbers: Vec<f64> = items
                .into_iter()
                .flatten()
                .filter_map(|item| number(item.get_ref()))
                .collect();
            match numbers[..] {
                [hour, vcpus, memory_gb, sustained]
                    if numbers
                        .iter()
                        .all(|value| value.is_finite() && *value > 0.0)
                        && sustained <= 1.0 =>
                {
                    let found = MachineType {
                        hour,
                        vcpus,
                        memory_gb,
                        sustained,
                    };
                    types.insert(name.to_owned(), found);
                }
                _ => return Err(table.wrong(name, EXPECTED)),
            }
        }
        Ok(Self {
            source: table.source()?,
            types,
        })
    }
}

impl CloudRunPrices {
    pub(super) fn read(table: &Table<'_>) -> Result<Self, PriceBookError> {
        Ok(Self {
            source: table.source()?,
            vcpu_s: table.number("instance-vcpu-s")?,
            gib_s: table.number("instance-gib-s")?,
        })
    }
}

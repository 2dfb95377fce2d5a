//! The conditions under which a target is started.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::math::round_to_u64;
use crate::units::parse_share;

/// One cell of the plan. Fields left out of a file have their default: a warm page cache, no limits,
/// one start at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Condition {
    /// What the page cache holds when the target starts.
    pub cache: Cache,
    /// Limit of reading from the disk, in bytes a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_bytes_per_second: Option<u64>,
    /// Memory and processor time.
    pub resources: Resources,
    /// Bytes of the package as it is delivered: the zip, or the folder's files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package_bytes: Option<u64>,
    /// The package's name, where several were measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// Files of no use that were added to the package, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub padding_bytes: Option<u64>,
    /// Modules of no use that were added to the package and that the runtime loads as it starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modules: Option<u32>,
    /// How the target is kept apart from the machine.
    pub isolation: Isolation,
    /// Instances started at once.
    pub concurrent: u32,
}

impl Default for Condition {
    fn default() -> Self {
        Self {
            cache: Cache::default(),
            disk_bytes_per_second: None,
            resources: Resources::default(),
            package_bytes: None,
            package: None,
            padding_bytes: None,
            modules: None,
            isolation: Isolation::default(),
            concurrent: 1,
        }
    }
}

/// What the page cache holds of the files that the target opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cache {
    /// Everything: the files were read just before.
    #[default]
    Warm,
    /// Nothing, but what other processes keep mapped.
    Evicted,
    /// The package is placed anew for each start; the rest is as it was.
    Fresh,
}

impl Cache {
    /// The name in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Warm => "warm",
            Self::Evicted => "evicted",
            Self::Fresh => "fresh",
        }
    }
}

/// How a target is kept apart from the machine. Each level includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Isolation {
    /// A session of its own, a scrubbed environment with the vendor's variables, a private
    /// temporary folder.
    #[default]
    Process,
    /// A control group of its own with the highest CPU weight.
    Cgroup,
    /// Mount and network namespaces of its own: a read-only package, only the loopback network.
    Namespaces,
    /// A container made by an OCI runtime.
    Container,
}

impl Isolation {
    /// The name in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Cgroup => "cgroup",
            Self::Namespaces => "namespaces",
            Self::Container => "container",
        }
    }
}

/// Memory and processor time, as platforms give them. In files and on the command line a text:
/// `lambda:512`, `lambda-throttled-init:512`, `cloudrun:1,boost`, `k8s:500m,256MiB`, `unlimited`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Resources {
    /// No limits.
    #[default]
    Unlimited,
    /// AWS Lambda: a memory limit, an unthrottled init, and MiB/1769 vCPU from the first request for
    /// an invocation.
    Lambda {
        /// Memory in MiB.
        mib: u32,
    },
    /// The same, but with the quota during init too: what many assume, for contrast.
    LambdaThrottledInit {
        /// Memory in MiB.
        mib: u32,
    },
    /// Google Cloud Run: a CPU quota, higher during the start with startup CPU boost.
    CloudRun {
        /// Thousandths of a CPU.
        millicpu: u32,
        /// Whether startup CPU boost is on.
        boost: bool,
    },
    /// Kubernetes: CPU and memory limits of a container.
    Kubernetes {
        /// Thousandths of a CPU.
        millicpu: u32,
        /// Memory in MiB.
        mib: u32,
    },
}

/// Resources that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found `{found}`")]
pub struct ResourcesError {
    /// What would have been accepted.
    pub expected: &'static str,
    /// The text that was found.
    pub found: String,
}

impl Resources {
    /// Reads `lambda:512`, `lambda-throttled-init:512`, `cloudrun:1,boost`, `k8s:500m,256MiB` or
    /// `unlimited`.
    ///
    /// # Errors
    /// [`ResourcesError`] when the text is none of these, or a number is out of its range.
    pub fn parse(text: &str) -> Result<Self, ResourcesError> {
        let error = |expected| ResourcesError {
            expected,
            found: text.to_owned(),
        };
        let (kind, settings) = text.split_once(':').unwrap_or((text, ""));
        match kind.trim() {
            "unlimited" if settings.is_empty() => Ok(Self::Unlimited),
            "lambda" => lambda_mib(settings)
                .map(|mib| Self::Lambda { mib })
                .ok_or_else(|| error("`lambda:MB` with 128 to 10240, such as `lambda:512`")),
            "lambda-throttled-init" => lambda_mib(settings)
                .map(|mib| Self::LambdaThrottledInit { mib })
                .ok_or_else(|| error("`lambda-throttled-init:MB` with 128 to 10240")),
            "cloudrun" => cloud_run(settings)
                .ok_or_else(|| error("`cloudrun:CPU` or `cloudrun:CPU,boost` with 0.08 to 8 CPUs")),
            "k8s" => kubernetes(settings)
                .ok_or_else(|| error("`k8s:CPU,MEMORY`, such as `k8s:500m,256MiB`")),
            _ => Err(error(
                "lambda:MB, lambda-throttled-init:MB, cloudrun:CPU[,boost], k8s:CPU,MEMORY or \
                 unlimited",
            )),
        }
    }

    /// The memory limit in MiB, if there is one.
    pub fn memory_mib(self) -> Option<u32> {
        match self {
            Self::Unlimited | Self::CloudRun { .. } => None,
            Self::Lambda { mib }
            | Self::LambdaThrottledInit { mib }
            | Self::Kubernetes { mib, .. } => Some(mib),
        }
    }
}

impl fmt::Display for Resources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unlimited => f.write_str("unlimited"),
            Self::Lambda { mib } => write!(f, "lambda:{mib}"),
            Self::LambdaThrottledInit { mib } => write!(f, "lambda-throttled-init:{mib}"),
            Self::CloudRun { millicpu, boost } => {
                let boost = if *boost { ",boost" } else { "" };
                write!(f, "cloudrun:{}{boost}", f64::from(*millicpu) / 1000.0)
            }
            Self::Kubernetes { millicpu, mib } => write!(f, "k8s:{millicpu}m,{mib}MiB"),
        }
    }
}

impl Serialize for Resources {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Resources {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// The sizes that AWS Lambda sells (AWS, "Lambda quotas", page read 2026-10: 128 MB to 10,240 MB in
/// steps of 1 MB). Certain.
fn lambda_mib(text: &str) -> Option<u32> {
    let number = text.trim().trim_end_matches("MiB").trim_end_matches("MB");
    let mib = number.trim().parse().ok()?;
    (128..=10_240).contains(&mib).then_some(mib)
}

fn cloud_run(text: &str) -> Option<Resources> {
    let (cpu, boost) = match text.split_once(',') {
        Some((cpu, "boost")) => (cpu, true),
        Some(_) => return None,
        None => (text, false),
    };
    // Cloud Run sells 0.08 to 8 CPUs (Google, "Configure CPU limits for services", read 2026-10).
    let millicpu = millicpu(cpu).filter(|cpu| (80..=8000).contains(cpu))?;
    Some(Resources::CloudRun { millicpu, boost })
}

fn kubernetes(text: &str) -> Option<Resources> {
    let (cpu, memory) = text.split_once(',')?;
    let memory = memory.trim();
    let (number, factor) = ["MiB", "Mi", "MB", "M"]
        .iter()
        .find_map(|unit| memory.strip_suffix(unit).map(|number| (number, 1)))
        .or_else(|| {
            ["GiB", "Gi", "GB", "G"]
                .iter()
                .find_map(|unit| memory.strip_suffix(unit).map(|number| (number, 1024)))
        })
        .unwrap_or((memory, 1));
    let mib = number.trim().parse::<u32>().ok()?.checked_mul(factor)?;
    let millicpu = millicpu(cpu).filter(|cpu| (10..=1_024_000).contains(cpu))?;
    (4..=1_048_576)
        .contains(&mib)
        .then_some(Resources::Kubernetes { millicpu, mib })
}

/// `500m` or `0.5` as thousandths.
fn millicpu(text: &str) -> Option<u32> {
    let text = text.trim();
    if let Some(number) = text.strip_suffix('m') {
        return number.parse().ok();
    }
    // A number of CPUs is a share of a thousand of them.
    let cpus = text.parse::<f64>().ok()?;
    let share = parse_share(&format!("{}", cpus / 1_000_000.0)).ok()?;
    u32::try_from(round_to_u64(share * 1e9)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_read_and_printed() {
        for (text, shown) in [
            ("unlimited", "unlimited"),
            ("lambda:512", "lambda:512"),
            ("lambda:512MB", "lambda:512"),
            ("lambda-throttled-init:128", "lambda-throttled-init:128"),
            ("cloudrun:1,boost", "cloudrun:1,boost"),
            ("cloudrun:0.5", "cloudrun:0.5"),
            ("cloudrun:250m", "cloudrun:0.25"),
            ("k8s:500m,256MiB", "k8s:500m,256MiB"),
            ("k8s:2,1Gi", "k8s:2000m,1024MiB"),
        ] {
            let read = Resources::parse(text).unwrap();
            assert_eq!(read.to_string(), shown);
            assert_eq!(Resources::parse(shown), Ok(read));
        }
        for wrong in [
            "",
            "lambda",
            "lambda:64",
            "lambda:x",
            "lambda:20000",
            "cloudrun:9",
            "cloudrun:-1",
            "cloudrun:1,fast",
            "k8s:500m",
            "k8s:1m,1GiB",
            "azure:1",
            "unlimited:1",
            "cloudrun:NaN",
        ] {
            assert!(Resources::parse(wrong).is_err(), "`{wrong}`");
        }
    }
}

//! What a platform gives an instance: memory, and processor time before and after readiness.

use std::time::Duration;

use frostline_models::measurement::Resources;
use frostline_models::profile::FULL_VCPU_MIB;

use crate::cgroup::Quota;

/// The period of AWS Lambda's CPU quota. Measured from inside functions by several people (throttling
/// in steps of 20 ms), not documented by AWS; harness study, 2026-11. Likely.
const LAMBDA_PERIOD: Duration = Duration::from_millis(20);

/// The kernel's default period, which Kubernetes keeps (Kubernetes, "Control CPU Management Policies":
/// `cpuCFSQuotaPeriod` is 100 ms, read 2026-10). Certain for Kubernetes, assumed for Cloud Run.
const KUBERNETES_PERIOD: Duration = Duration::from_millis(100);

/// The limits of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Allotment {
    /// Bytes of memory at most.
    pub(crate) memory: Option<u64>,
    /// Processor time until readiness.
    pub(crate) init: Option<Quota>,
    /// Processor time from readiness on.
    pub(crate) ready: Option<Quota>,
}

impl Allotment {
    pub(crate) fn of(resources: Resources) -> Self {
        let memory = resources.memory_mib().map(|mib| u64::from(mib) << 20);
        let (init, ready) = match resources {
            Resources::Unlimited => (None, None),
            Resources::Lambda { mib } => (None, Some(lambda(mib))),
            Resources::LambdaThrottledInit { mib } => (Some(lambda(mib)), Some(lambda(mib))),
            Resources::CloudRun { millicpu, boost } => {
                let quota = |millicpu| Quota {
                    millicpu,
                    period: KUBERNETES_PERIOD,
                };
                let during_start = if boost { boosted(millicpu) } else { millicpu };
                (Some(quota(during_start)), Some(quota(millicpu)))
            }
            Resources::Kubernetes { millicpu, .. } => {
                let quota = Quota {
                    millicpu,
                    period: KUBERNETES_PERIOD,
                };
                (Some(quota), Some(quota))
            }
        };
        Self {
            memory,
            init,
            ready,
        }
    }

    /// Whether a control group is needed for it.
    pub(crate) fn is_limited(self) -> bool {
        self != Self::default()
    }
}

/// MiB/1769 vCPU. The init of a function on demand is not throttled: its duration is the same at 128
/// and at 1,024 MB (lambda-perf, 15,000 inits of June to August 2026, read 2026-11).
fn lambda(mib: u32) -> Quota {
    let share = f64::from(mib) / FULL_VCPU_MIB * 1000.0;
    let millicpu = frostline_models::math::round_to_u64(share);
    Quota {
        millicpu: u32::try_from(millicpu).unwrap_or(u32::MAX),
        period: LAMBDA_PERIOD,
    }
}

/// CPUs during the start with startup CPU boost: up to 1 CPU becomes 2, 2 become 4, and 4 and more
/// become 8 (Google Cloud, "Configure CPU limits for services: startup CPU boost", read 2026-10).
fn boosted(millicpu: u32) -> u32 {
    match millicpu {
        0..=1000 => 2000,
        1001..=2000 => 4000,
        _ => 8000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millicpus(text: &str) -> (Option<u64>, Option<u32>, Option<u32>) {
        let allotment = Allotment::of(Resources::parse(text).unwrap());
        let cpu = |quota: Option<Quota>| quota.map(|quota| quota.millicpu);
        (allotment.memory, cpu(allotment.init), cpu(allotment.ready))
    }

    #[test]
    fn each_platform_gives_what_it_gives() {
        let mib = |mib: u64| Some(mib << 20);
        assert_eq!(millicpus("unlimited"), (None, None, None));
        assert_eq!(millicpus("lambda:512"), (mib(512), None, Some(289)));
        assert_eq!(
            millicpus("lambda-throttled-init:1769"),
            (mib(1769), Some(1000), Some(1000))
        );
        assert_eq!(
            millicpus("cloudrun:1,boost"),
            (None, Some(2000), Some(1000))
        );
        assert_eq!(millicpus("cloudrun:0.5"), (None, Some(500), Some(500)));
        assert_eq!(
            millicpus("k8s:500m,256MiB"),
            (mib(256), Some(500), Some(500))
        );
        assert!(!Allotment::of(Resources::Unlimited).is_limited());
    }
}

//! The group of an instance with its limits, as far as the machine allows.

use frostline_models::measurement::{Isolation, Outcome, Resources};

use crate::allotment::Allotment;
use crate::cache;
use crate::cgroup::{Family, Group};
use crate::host::Host;
use crate::target::{Failure, Report, Setting};

/// Makes the group, and notes what was applied and what was not.
///
/// # Errors
/// When the system refuses the group itself.
pub(super) fn group(
    host: &Host,
    setting: &Setting,
    name: &str,
    report: &mut Report,
) -> Result<Option<Group>, Failure> {
    let allotment = Allotment::of(setting.resources);
    let wanted = setting.isolation >= Isolation::Cgroup || allotment.is_limited();
    let Some(family) = host.family().filter(|_| wanted) else {
        warn_without_group(setting, report);
        return Ok(None);
    };
    let group = family.group(name).map_err(|error| {
        Failure::new(
            Outcome::NotStarted,
            format!("cannot make its control group: {error}"),
        )
    })?;
    limit(&group, family, setting, allotment, report);
    Ok(Some(group))
}

fn limit(
    group: &Group,
    family: &Family,
    setting: &Setting,
    allotment: Allotment,
    report: &mut Report,
) {
    let applied = &mut report.applied;
    let warnings = &mut report.warnings;
    if let Some(bytes) = allotment.memory {
        match group.limit_memory(bytes) {
            Ok(()) => applied.memory_bytes = Some(bytes),
            Err(error) => warnings.push(format!("Memory is not limited: {error}.")),
        }
    }
    if let Some(quota) = allotment.init {
        match group.limit_cpu(Some(quota)) {
            Ok(()) => {
                applied.init_millicpu = Some(quota.millicpu);
                let keeps = allotment.ready == allotment.init;
                applied.ready_millicpu = keeps.then_some(quota.millicpu);
            }
            Err(error) => warnings.push(format!("The CPU is not limited: {error}.")),
        }
    }
    if let Some(quota) = allotment.ready.or(allotment.init) {
        applied.period_ns = u64::try_from(quota.period.as_nanos()).ok();
    }
    if let Some(rate) = setting.disk_bytes_per_second {
        let package = setting.package.as_deref().unwrap_or(host_root());
        let limited = cache::disk_of(package)
            .ok_or_else(|| std::io::Error::other("the package is on no disk"))
            .and_then(|disk| group.limit_reading(disk, rate));
        match limited {
            Ok(()) => applied.disk_bytes_per_second = Some(rate),
            Err(error) => warnings.push(format!("Reading is not limited: {error}.")),
        }
    }
    if !family.has("memory") && allotment.memory.is_none() {
        warnings.push("Memory is not measured as a whole: no such controller.".to_owned());
    }
}

fn host_root() -> &'static std::path::Path {
    std::path::Path::new("/")
}

fn warn_without_group(setting: &Setting, report: &mut Report) {
    if setting.resources != Resources::Unlimited {
        let told = format!(
            "The limits of `{}` are not applied: there is no control group.",
            setting.resources
        );
        report.warnings.push(told);
    }
    if setting.disk_bytes_per_second.is_some() {
        let told = "Reading is not limited: there is no control group.";
        report.warnings.push(told.to_owned());
    }
}

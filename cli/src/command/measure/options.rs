//! The options of `frostline measure`: lists that are crossed, and how to measure.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;
use frostline_bench_harness::measure::{Method, Stop};
use frostline_bench_harness::package::Package;
use frostline_bench_harness::plan::{Cell, Factors};
use frostline_models::measurement::{Cache, Isolation, Resources};
use frostline_models::units::{Bytes, SimDuration, parse_share};

use crate::exit::Failure;

/// Conditions at most: a plan of more is a mistake.
const CELLS_MAX: usize = 1000;

/// Bytes of a payload at most; the service takes 6 MB.
const PAYLOAD_MAX: u64 = 6_291_556;

/// What is varied. A list for an option crosses it with the others.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Conditions (a list crosses them)")]
pub(in crate::command) struct Conditions {
    /// What the page cache holds at the start: `warm`, `evicted`, or the package `fresh` each time.
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "warm"
    )]
    cache: Vec<CacheName>,
    /// Memory and CPU: `unlimited`, `lambda:MB`, `lambda-throttled-init:MB`,
    /// `cloudrun:CPU[,boost]`, `k8s:mCPU,MB`.
    #[arg(long, value_name = "LIST", default_value = "unlimited")]
    resources: Vec<String>,
    /// Limit of reading from the disk a second: `50 MB`, or `none`.
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "none"
    )]
    disk: Vec<String>,
    /// The function's package, a folder or a zip; the command starts inside. For `oci` the container's
    /// files, also as --rootfs.
    #[arg(
        long,
        visible_alias = "rootfs",
        value_name = "LIST",
        value_delimiter = ','
    )]
    package: Vec<PathBuf>,
    /// Files of no use that are added to the package: `20 MB`.
    #[arg(long, value_name = "LIST", value_delimiter = ',', requires = "package")]
    padding: Vec<String>,
    /// Modules of no use that are added to the package and loaded as the runtime starts (Python,
    /// Node.js): `0,100`.
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "0",
          requires = "package", value_parser = clap::value_parser!(u32).range(0..=20_000))]
    modules: Vec<u32>,
    /// How the target is kept apart; what the machine forbids is told.
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "namespaces"
    )]
    isolation: Vec<IsolationName>,
    /// Instances that start at once.
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "1",
          value_parser = clap::value_parser!(u32).range(1..=256))]
    concurrent: Vec<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CacheName {
    Warm,
    Evicted,
    Fresh,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::command) enum IsolationName {
    Process,
    Cgroup,
    Namespaces,
}

impl From<CacheName> for Cache {
    fn from(name: CacheName) -> Self {
        match name {
            CacheName::Warm => Self::Warm,
            CacheName::Evicted => Self::Evicted,
            CacheName::Fresh => Self::Fresh,
        }
    }
}

impl From<IsolationName> for Isolation {
    fn from(name: IsolationName) -> Self {
        match name {
            IsolationName::Process => Self::Process,
            IsolationName::Cgroup => Self::Cgroup,
            IsolationName::Namespaces => Self::Namespaces,
        }
    }
}

impl Conditions {
    /// Every combination.
    ///
    /// # Errors
    /// What is wrong with a value.
    pub(in crate::command) fn cells(&self) -> Result<Vec<Cell>, Failure> {
        let fresh = self.cache.contains(&CacheName::Fresh);
        if fresh && self.package.is_empty() {
            return Err(Failure::usage(
                "`--cache fresh` places the package anew for each start, and there is none",
                "add `--package DIR` or `--package FILE.zip`",
            ));
        }
        let packages = self.packages()?;
        let factors = Factors {
            caches: self.cache.iter().map(|name| (*name).into()).collect(),
            disks: self
                .disk
                .iter()
                .map(|text| disk(text))
                .collect::<Result<_, _>>()?,
            resources: resources(&self.resources)?,
            packages,
            paddings: self.paddings()?,
            modules: self.modules.clone(),
            isolations: self.isolation.iter().map(|name| (*name).into()).collect(),
            concurrents: self.concurrent.clone(),
        };
        let sizes = [
            factors.caches.len(),
            factors.disks.len(),
            factors.resources.len(),
            factors.packages.len(),
            factors.paddings.len(),
            factors.modules.len(),
            factors.isolations.len(),
            factors.concurrents.len(),
        ];
        let count = sizes
            .iter()
            .fold(1_usize, |all, size| all.saturating_mul(*size));
        if count > CELLS_MAX {
            return Err(Failure::usage(
                format!("the lists give {count} conditions, {CELLS_MAX} are the most"),
                "shorten a list",
            ));
        }
        factors.cross().map_err(|error| {
            let help = "`--package` takes a folder or a zip that can be read";
            Failure::usage(error.to_string(), help)
        })
    }

    /// The same with one package, for the one of two sides that has its own.
    ///
    /// # Errors
    /// What is wrong with a value.
    pub(in crate::command) fn cells_with(&self, package: &Path) -> Result<Vec<Cell>, Failure> {
        let own = Self {
            package: vec![package.to_owned()],
            ..self.clone()
        };
        own.cells()
    }

    /// The most isolation that any condition asks for.
    pub(in crate::command) fn most_isolation(&self) -> Isolation {
        let levels = self.isolation.iter().map(|name| Isolation::from(*name));
        let most = levels.max().unwrap_or_default();
        let limited = self.resources != ["unlimited"] || self.disk != ["none"];
        if limited {
            most.max(Isolation::Cgroup)
        } else {
            most
        }
    }

    fn packages(&self) -> Result<Vec<Option<Package>>, Failure> {
        if self.package.is_empty() {
            return Ok(vec![None]);
        }
        let packages = self.package.iter().map(|path| {
            Package::at(path).map(Some).map_err(|error| {
                let help = "`--package` takes a folder or a zip";
                Failure::usage(error.to_string(), help)
            })
        });
        packages.collect()
    }

    fn paddings(&self) -> Result<Vec<u64>, Failure> {
        if self.padding.is_empty() {
            return Ok(vec![0]);
        }
        self.padding
            .iter()
            .map(|text| size(text, "--padding"))
            .collect()
    }
}

/// `none`, or a size a second.
fn disk(text: &str) -> Result<Option<u64>, Failure> {
    let text = text.trim();
    if text == "none" {
        return Ok(None);
    }
    let rate = size(text.trim_end_matches("/s"), "--disk")?;
    if rate < 4096 {
        return Err(Failure::usage(
            format!("`--disk {text}` is less than a page a second"),
            "--disk \"50 MB\"",
        ));
    }
    Ok(Some(rate))
}

/// A size of at most 10 GB; a bare 0 needs no unit.
fn size(text: &str, option: &str) -> Result<u64, Failure> {
    if text.trim() == "0" {
        return Ok(0);
    }
    let help = format!("{option} \"20 MB\"");
    let Bytes(bytes) =
        Bytes::parse(text).map_err(|error| Failure::usage(error.to_string(), &help))?;
    if bytes > 10_000_000_000 {
        return Err(Failure::usage(format!("`{text}` is more than 10 GB"), help));
    }
    Ok(bytes)
}

/// Resources have commas of their own: `cloudrun:1,boost,lambda:512` are two.
pub(in crate::command) fn resources(texts: &[String]) -> Result<Vec<Resources>, Failure> {
    let mut whole: Vec<String> = Vec::new();
    for text in texts {
        for (position, part) in text.split(',').enumerate() {
            let begins = part.trim() == "unlimited" || part.contains(':') || position == 0;
            match whole.last_mut() {
                Some(last) if !begins => {
                    last.push(',');
                    last.push_str(part);
                }
                _ => whole.push(part.to_owned()),
            }
        }
    }
    let read = whole.iter().map(|text| {
        Resources::parse(text.trim())
            .map_err(|error| Failure::usage(error.to_string(), "--resources lambda:512"))
    });
    read.collect()
}

/// What is started.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Target")]
pub(in crate::command) struct TargetOptions {
    /// Ready when it has written a line that holds this text.
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["until_exit", "until_marker"])]
    pub(in crate::command) until_line: Option<String>,
    /// Ready when it has ended with status 0; the default of commands.
    #[arg(long, conflicts_with = "until_marker")]
    pub(in crate::command) until_exit: bool,
    /// Ready when it has written to the descriptor that `$FROSTLINE_READY_FD` names.
    #[arg(long)]
    pub(in crate::command) until_marker: bool,
    /// The value of _HANDLER for `runtime-api`. Default: the command's last word.
    #[arg(long, value_name = "NAME")]
    pub(in crate::command) handler: Option<String>,
    /// The port of an `http` target that cannot be told one by $PORT.
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(in crate::command) port: Option<u16>,
    /// The path that an `http` target is asked for.
    #[arg(long, value_name = "PATH", default_value = "/")]
    pub(in crate::command) path: String,
    /// What the target is called in files and tables. Default: the command without its folders.
    #[arg(long, value_name = "TEXT")]
    pub(in crate::command) label: Option<String>,
}

/// How often it is measured.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Method")]
pub(in crate::command) struct MethodOptions {
    /// Runs of each condition. Default: as many as --precision needs.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    runs: Option<u32>,
    /// Stop when the median is known to ± this share, and the 90th percentile to twice as much.
    #[arg(
        long,
        value_name = "SHARE",
        default_value = "5 %",
        conflicts_with = "runs"
    )]
    precision: String,
    /// Runs of each condition at most, with --precision.
    #[arg(long, value_name = "N", default_value_t = 100,
          value_parser = clap::value_parser!(u32).range(10..=100_000))]
    max_runs: u32,
    /// Let the runtime measure its imports, in one further run a condition (Python, Node.js).
    #[arg(long)]
    imports: bool,
    #[command(flatten)]
    start: StartOptions,
}

/// How each start goes on.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Method")]
pub(in crate::command) struct StartOptions {
    /// Runs of each condition that are discarded first.
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(1..=1000))]
    warm_up: u32,
    /// How long a target may take to be ready, or to answer.
    #[arg(long, value_name = "DURATION", default_value = "30 s")]
    timeout: String,
    /// Invocations of each instance.
    #[arg(long, value_name = "N", default_value_t = 2,
          value_parser = clap::value_parser!(u32).range(0..=10_000))]
    invocations: u32,
    /// What an invocation is given: a text, or `@FILE`.
    #[arg(long, value_name = "TEXT", default_value = "{}")]
    payload: String,
    /// A further variable of the target's environment; nothing is inherited.
    #[arg(long, value_name = "NAME=VALUE")]
    env: Vec<String>,
}

impl MethodOptions {
    /// How to measure.
    ///
    /// # Errors
    /// What is wrong with a value.
    pub(in crate::command) fn settle(&self, seed: u64) -> Result<Method, Failure> {
        let stop = match self.runs {
            Some(runs) => Stop::Runs(runs),
            None => Stop::Precision {
                share: self.precision()?,
                runs_max: self.max_runs,
            },
        };
        self.start.method(stop, self.imports, seed)
    }

    fn precision(&self) -> Result<f64, Failure> {
        let help = "--precision \"5 %\"";
        let share = parse_share(&self.precision)
            .map_err(|error| Failure::usage(error.to_string(), help))?;
        if share <= 0.0 {
            return Err(Failure::usage(
                "a precision of 0 needs runs without end",
                help,
            ));
        }
        Ok(share)
    }
}

impl StartOptions {
    /// How to measure, for as long as `stop` says.
    ///
    /// # Errors
    /// What is wrong with a value.
    pub(in crate::command) fn method(
        &self,
        stop: Stop,
        imports: bool,
        seed: u64,
    ) -> Result<Method, Failure> {
        let SimDuration(nanos) = SimDuration::parse(&self.timeout)
            .map_err(|error| Failure::usage(error.to_string(), "--timeout \"30 s\""))?;
        if nanos == 0 || nanos > SimDuration::from_secs(24 * 3600).0 {
            return Err(Failure::usage(
                format!("`--timeout {}` is not between 1 ns and 24 h", self.timeout),
                "--timeout \"30 s\"",
            ));
        }
        Ok(Method {
            warm_up_runs: self.warm_up,
            stop,
            timeout: Duration::from_nanos(nanos),
            invocations: self.invocations,
            payload: self.payload()?,
            environment: self.environment()?,
            imports,
            seed,
        })
    }

    fn payload(&self) -> Result<Vec<u8>, Failure> {
        payload(&self.payload)
    }

    fn environment(&self) -> Result<Vec<(OsString, OsString)>, Failure> {
        environment(&self.env)
    }
}

/// What an invocation is given: the text itself, or the file that `@FILE` names.
///
/// # Errors
/// When the file cannot be read or is too large.
pub(in crate::command) fn payload(text: &str) -> Result<Vec<u8>, Failure> {
    let Some(file) = text.strip_prefix('@') else {
        return Ok(text.as_bytes().to_vec());
    };
    let cannot = |error: std::io::Error| {
        let what = format!("cannot read the payload {file}: {error}");
        Failure::usage(what, "--payload '{\"key\": \"value\"}' or --payload @FILE")
    };
    let size = std::fs::metadata(file).map_err(cannot)?.len();
    if size > PAYLOAD_MAX {
        return Err(Failure::usage(
            format!("the payload {file} has {size} bytes, {PAYLOAD_MAX} are the most"),
            "use a smaller file",
        ));
    }
    std::fs::read(file).map_err(cannot)
}

/// Variables as `NAME=VALUE`.
///
/// # Errors
/// When one has no name.
pub(in crate::command) fn environment(
    texts: &[String],
) -> Result<Vec<(OsString, OsString)>, Failure> {
    let pairs = texts.iter().map(|text| {
        let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
        let (name, value) = pair.ok_or_else(|| {
            let what = format!("found `--env {text}`, expected a name and a value");
            Failure::usage(what, "--env NAME=VALUE")
        })?;
        Ok((OsString::from(name), OsString::from(value)))
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_keep_their_own_commas() {
        let read = |texts: &[&str]| {
            let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            resources(&texts).map(|list| list.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        let two = read(&["cloudrun:1,boost,lambda:512"]).expect("both are resources");
        assert_eq!(two, ["cloudrun:1,boost", "lambda:512"]);
        let three = read(&["unlimited,k8s:500m,256MiB", "lambda:128"]).expect("three resources");
        assert_eq!(three, ["unlimited", "k8s:500m,256MiB", "lambda:128"]);
        assert!(read(&["lambda:512,boost"]).is_err());
        assert!(read(&["fast"]).is_err());
    }

    #[test]
    fn a_disk_limit_is_a_size_a_second() {
        assert_eq!(disk("50 MB").ok(), Some(Some(50_000_000)));
        assert_eq!(disk("50 MB/s").ok(), Some(Some(50_000_000)));
        assert_eq!(disk("none").ok(), Some(None));
        assert!(disk("50").is_err() && disk("1 B").is_err());
    }
}

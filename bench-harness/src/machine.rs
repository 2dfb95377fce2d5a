//! The kind of machine that measures, without its name.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use frostline_models::math::slot;
use frostline_models::measurement::Machine;

use crate::host::Host;
use crate::observe;

/// Programs whose version matters, with what makes them tell it.
pub(crate) const PROGRAMS: [(&str, &str); 14] = [
    ("python3", "--version"),
    ("python", "--version"),
    ("node", "--version"),
    ("java", "-version"),
    ("ruby", "--version"),
    ("php", "--version"),
    ("dotnet", "--version"),
    ("bash", "--version"),
    ("curl", "--version"),
    ("runc", "--version"),
    ("crun", "--version"),
    ("criu", "--version"),
    ("wasmtime", "--version"),
    ("bun", "--version"),
];

/// Describes the machine; `package` lies on the file system that is named, and of `programs` those
/// that are known tell their versions.
pub(crate) fn describe(host: &Host, package: &Path, programs: &[&OsStr]) -> Machine {
    let names = rustix::system::uname();
    let kernel = format!(
        "{} {}",
        names.sysname().to_string_lossy(),
        names.release().to_string_lossy()
    );
    Machine {
        kernel,
        architecture: names.machine().to_string_lossy().into_owned(),
        cpu: cpu_model(),
        cores: std::thread::available_parallelism().map_or(1, |cores| slot(cores.get())),
        memory_bytes: memory(),
        cgroups: host.cgroup_version().to_owned(),
        file_system: observe::file_system(package),
        runtimes: programs
            .iter()
            .filter_map(|program| version(program, host.path()))
            .collect(),
    }
}

fn cpu_model() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        matches!(key.trim(), "model name" | "Model" | "cpu model").then(|| value.trim().to_owned())
    });
    model.unwrap_or_default()
}

fn memory() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = total.and_then(|total| total.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

/// The version of a program that is known to tell one.
pub(crate) fn version(program: &OsStr, path: &OsStr) -> Option<(String, String)> {
    let name = Path::new(program).file_name()?.to_str()?;
    let (_, argument) = PROGRAMS.iter().find(|(known, _)| {
        let rest = name.strip_prefix(known);
        // `python3.11` is `python3`, `nodemon` is not `node`.
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })?;
    let output = Command::new(program)
        .arg(argument)
        .env("PATH", path)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let told = if output.stdout.is_empty() {
        output.stderr
    } else {
        output.stdout
    };
    let text = String::from_utf8_lossy(&told);
    let line = text.lines().find(|line| !line.trim().is_empty())?;
    let words = line
        .split_whitespace()
        .map(|word| word.trim_matches(['"', ',']));
    let number = words
        .map(|word| word.trim_start_matches('v'))
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    Some((name.to_owned(), number.chars().take(40).collect()))
}

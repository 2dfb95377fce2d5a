//! What this machine can do for a measurement, and what to do about the rest.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use frostline_models::measurement::Isolation;

use crate::cache::Closure;
use crate::clock;
use crate::host::Host;
use crate::machine;
use crate::noise::Counters;
use crate::punctual;
use crate::target::find_program;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What.
    pub name: &'static str,
    /// Whether it is as it should be.
    pub is_fine: bool,
    /// What was found.
    pub state: String,
    /// What to do about it; empty where nothing is to be done.
    pub fix: String,
}

/// Programs that targets need, each with how to get it.
const TOOLS: [(&str, &str); 9] = [
    ("python3", "apt-get install python3"),
    ("node", "apt-get install nodejs"),
    ("java", "apt-get install default-jre-headless"),
    ("bash", "apt-get install bash"),
    ("curl", "apt-get install curl"),
    ("wasmtime", "cargo install wasmtime-cli"),
    ("runc", "apt-get install runc"),
    ("crun", "apt-get install crun"),
    (
        "criu",
        "apt-get install criu (kernels after 6.5 need 4.0 or later)",
    ),
];

/// Looks at the machine. It takes a quarter of a second.
pub fn examine(host: &Host) -> Vec<Check> {
    let mut checks = vec![
        cgroups(host),
        namespaces(host),
        eviction(host),
        clock_check(),
        punctuality(),
        noise(),
    ];
    for (tool, fix) in TOOLS {
        checks.push(program(tool, fix, host.path()));
    }
    checks
}

fn check(name: &'static str, is_fine: bool, state: String, fix: &str) -> Check {
    let fix = if is_fine {
        String::new()
    } else {
        fix.to_owned()
    };
    Check {
        name,
        is_fine,
        state,
        fix,
    }
}

fn cgroups(host: &Host) -> Check {
    let family = host.family();
    let lacking: Vec<&str> = ["cpu", "memory", "io", "freezer"]
        .into_iter()
        .filter(|controller| !family.is_some_and(|family| family.has(controller)))
        .collect();
    let state = match (family, lacking.as_slice()) {
        (None, _) => host.obstacles().join(" "),
        (Some(_), []) => format!("{}, with all controllers", host.cgroup_version()),
        (Some(_), _) => format!("{}, without {}", host.cgroup_version(), lacking.join(", ")),
    };
    let fix = "run as root, or: systemd-run --user --scope -p Delegate=yes frostline …";
    check("cgroups", lacking.is_empty(), state, fix)
}

fn namespaces(host: &Host) -> Check {
    let is_fine = host.isolation() >= Isolation::Namespaces;
    let state = if is_fine {
        "mounts and a loopback network of its own".to_owned()
    } else {
        host.obstacles().join(" ")
    };
    check("namespaces", is_fine, state, "run as root")
}

/// Writes a file, evicts it, and looks whether it is gone from memory.
fn eviction(host: &Host) -> Check {
    let path = host.folder().join("eviction");
    let written = fs::write(&path, vec![1; 1 << 20]);
    let closure = Closure::new([path.clone()], true);
    closure.evict();
    let left = closure.residency().resident_bytes;
    let _ = fs::remove_file(&path);
    let kind = crate::observe::file_system(host.folder());
    let is_fine = written.is_ok() && left == 0;
    let state = format!("{left} bytes of 1 MiB stay in memory on {kind}");
    check(
        "eviction",
        is_fine,
        state,
        "set TMPDIR to a folder on a disk",
    )
}

fn clock_check() -> Check {
    let source = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    let source = fs::read_to_string(source).unwrap_or_default();
    let began = clock::now();
    for _ in 0..1000 {
        std::hint::black_box(clock::now());
    }
    let cost = clock::since(began, clock::now()) / 1000;
    let state = format!("{}, {cost} ns a reading", source.trim());
    check(
        "clock",
        cost < 1000,
        state,
        "choose the clock source tsc or kvm-clock",
    )
}

/// Whether threads that stamp run as soon as they are woken.
fn punctuality() -> Check {
    let possible = punctual::is_possible();
    let state = match &possible {
        Ok(()) => "stamps are taken at real-time priority".to_owned(),
        Err(error) => format!("stamps wait for their turn on a busy machine: {error}"),
    };
    check("punctuality", possible.is_ok(), state, "run as root")
}

/// Others' use of the processors during a quarter of a second.
fn noise() -> Check {
    let before = Counters::read();
    std::thread::sleep(std::time::Duration::from_millis(250));
    let noise = before.until(&Counters::read(), 0);
    let (busy, steal) = (
        noise.others_busy.unwrap_or(0.0),
        noise.steal_share.unwrap_or(0.0),
    );
    let state = format!("{busy:.2} processors busy, {:.1} % stolen", steal * 100.0);
    let is_fine = busy < 0.5 && steal < 0.05;
    check(
        "noise",
        is_fine,
        state,
        "stop other programs, or measure longer and compare in one plan",
    )
}

fn program(name: &'static str, fix: &str, path: &OsStr) -> Check {
    let Some(found) = find_program(OsStr::new(name), path) else {
        return check(name, false, "not there".to_owned(), fix);
    };
    let version = machine::version(Path::new(&found).as_os_str(), path);
    let state = version.map_or_else(|| "version unknown".to_owned(), |(_, version)| version);
    check(name, true, state, fix)
}

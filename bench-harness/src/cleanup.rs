//! What a harness that was killed has left: its processes, control groups and temporary folders.
//!
//! Everything that a harness makes carries its process id and start time in its name, so that what
//! belongs to a living harness is told from what belongs to none. Namespaces and mounts need no
//! cleaning: they end with their last process.

use std::fs;
use std::io;
use std::path::Path;

use rustix::process::{Pid, Signal};

use crate::cgroup::{Hierarchies, mount_points, remove_tree};
use crate::host::{MARK, PREFIX};
use crate::reaper;

/// What was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cleaned {
    /// Processes that were killed.
    pub processes: usize,
    /// Control groups.
    pub groups: usize,
    /// Temporary folders.
    pub folders: usize,
}

/// Removes what dead harnesses have left; `temporary` is the machine's folder for temporary files.
///
/// # Errors
/// When the mounts or the folder cannot be listed, or a folder cannot be removed.
pub fn clean(temporary: &Path) -> io::Result<Cleaned> {
    let mut cleaned = Cleaned::default();
    for process in reaper::processes() {
        if mark_of(process.pid).is_some_and(|name| is_abandoned(&name)) {
            kill(process.pid);
            cleaned.processes += 1;
        }
    }
    // Also where nothing of use here is mounted: container runtimes make groups everywhere. And also
    // below the group that was delegated to whoever is no administrator.
    let tops = mount_points();
    let delegated = Hierarchies::detect()?.delegated();
    for top in tops.iter().chain(&delegated) {
        let groups = fs::read_dir(top).into_iter().flatten().flatten();
        for group in groups {
            if is_abandoned(&group.file_name().to_string_lossy()) {
                cleaned.processes += kill_members(&group.path());
                remove_tree(&group.path());
                cleaned.groups += 1;
            }
        }
    }
    for entry in fs::read_dir(temporary)?.flatten() {
        if is_abandoned(&entry.file_name().to_string_lossy()) {
            fs::remove_dir_all(entry.path())?;
            cleaned.folders += 1;
        }
    }
    Ok(cleaned)
}

/// The name of the harness that a process belongs to.
fn mark_of(pid: i32) -> Option<String> {
    let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
    let text = String::from_utf8_lossy(&environment);
    text.split('\0').find_map(|entry| {
        let value = entry.strip_prefix(MARK)?.strip_prefix('=')?;
        Some(value.split('/').next().unwrap_or_default().to_owned())
    })
}

/// Whether a name is that of a harness, `frostline-<pid>-<start>-<number>`, that no longer runs.
fn is_abandoned(name: &str) -> bool {
    let Some(rest) = name.strip_prefix(PREFIX) else {
        return false;
    };
    let numbers: Vec<u64> = rest
        .split('-')
        .map_while(|part| part.parse().ok())
        .collect();
    let &[pid, began, _] = numbers.as_slice() else {
        return false;
    };
    let Ok(pid) = i32::try_from(pid) else {
        return false;
    };
    let stat = procfs::process::Process::new(pid).and_then(|process| process.stat());
    !stat.is_ok_and(|stat| stat.starttime == began && stat.state != 'Z')
}

/// Kills the members of a group and of the groups in it.
fn kill_members(folder: &Path) -> usize {
    let inside = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut killed: usize = inside
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| kill_members(&entry.path()))
        .sum();
    // A frozen process does not die.
    let _ = fs::write(folder.join("freezer.state"), "THAWED");
    let members = fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
    for pid in members.lines().filter_map(|line| line.parse().ok()) {
        kill(pid);
        killed += 1;
    }
    killed
}

fn kill(pid: i32) {
    if let Some(pid) = Pid::from_raw(pid) {
        let _ = rustix::process::kill_process(pid, Signal::KILL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_dead_harnesses_are_abandoned() {
        let me = procfs::process::Process::myself().unwrap().stat().unwrap();
        assert!(!is_abandoned(&format!(
            "frostline-{}-{}-0",
            me.pid, me.starttime
        )));
        // The same process id, but another start: the number was used again.
        assert!(is_abandoned(&format!(
            "frostline-{}-{}-0",
            me.pid,
            me.starttime + 1
        )));
        for other in [
            "frostline",
            "frostline-1",
            "frostline-notes-of-mine",
            "systemd-1-2-3",
        ] {
            assert!(!is_abandoned(other), "{other}");
        }
    }
}

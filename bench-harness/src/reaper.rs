//! Ending processes, with everything that they started, and only those.
//!
//! A target may fork, leave its session, scrub its environment and ignore `SIGTERM`. It cannot leave
//! its control group; where there is none, its processes are found by descent, session and mark.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitOptions};

use crate::cgroup::Group;

/// How often survivors are looked for before they are given up: about two seconds.
const ROUNDS: u32 = 400;

/// Waits for a child and forgets how it ended.
pub(crate) fn wait(pid: Pid) {
    let _ = rustix::process::waitpid(Some(pid), WaitOptions::empty());
}

/// Kills everything that belongs to an instance, until nothing of it is left. The instance's first
/// process stays a zombie, for its status to be taken.
pub(crate) fn kill_instance(first: Pid, group: Option<&Group>, mark: &OsStr) {
    let mut known = BTreeSet::from([first.as_raw_nonzero().get()]);
    for _ in 0..ROUNDS {
        if let Some(group) = group {
            group.kill();
            known.extend(group.members().iter().map(|pid| pid.as_raw_nonzero().get()));
        }
        let table = processes();
        extend_by_descent(&mut known, first, &table);
        known.extend(
            table
                .iter()
                .filter(|p| is_marked(p.pid, mark))
                .map(|p| p.pid),
        );
        let alive: Vec<i32> = table
            .iter()
            .filter(|process| known.contains(&process.pid) && process.state != b'Z')
            .map(|process| process.pid)
            .collect();
        if alive.is_empty() {
            reap_orphans(&known, first, &table);
            return;
        }
        for pid in alive.into_iter().filter_map(Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        }
        thread::sleep(Duration::from_millis(1));
        reap_orphans(&known, first, &table);
    }
}

/// Kills every process whose environment holds an entry that begins so.
pub(crate) fn kill_marked(mark: &OsStr) -> usize {
    let mut killed = BTreeSet::new();
    for _ in 0..ROUNDS {
        let marked: Vec<i32> = processes()
            .iter()
            .filter(|process| process.state != b'Z' && is_marked(process.pid, mark))
            .map(|process| process.pid)
            .collect();
        if marked.is_empty() {
            break;
        }
        for pid in marked {
            killed.insert(pid);
            if let Some(pid) = Pid::from_raw(pid) {
                let _ = rustix::process::kill_process(pid, Signal::KILL);
            }
        }
        thread::sleep(Duration::from_millis(2));
    }
    killed.len()
}

/// A line of the process table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    pub(crate) parent: i32,
    pub(crate) session: i32,
    pub(crate) state: u8,
}

/// Every process of the machine.
pub(crate) fn processes() -> Vec<Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read(entry.path().join("stat")).ok()?;
            process_of(pid, &stat)
        })
        .collect()
}

/// Reads `/proc/PID/stat`; the name in it may hold blanks and parentheses.
fn process_of(pid: i32, stat: &[u8]) -> Option<Process> {
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = std::str::from_utf8(stat.get(end + 2..)?).ok()?;
    let mut words = rest.split_ascii_whitespace();
    let state = *words.next()?.as_bytes().first()?;
    let parent = words.next()?.parse().ok()?;
    let session = words.nth(1)?.parse().ok()?;
    Some(Process {
        pid,
        parent,
        session,
        state,
    })
}

/// Adds the children of known processes, their children, and whoever shares the session that the
/// first one made.
fn extend_by_descent(known: &mut BTreeSet<i32>, first: Pid, table: &[Process]) {
    let session = first.as_raw_nonzero().get();
    loop {
        let before = known.len();
        let found = table
            .iter()
            .filter(|process| process.session == session || known.contains(&process.parent))
            .map(|process| process.pid);
        known.extend(found.collect::<Vec<_>>());
        if known.len() == before {
            return;
        }
    }
}

fn is_marked(pid: i32, mark: &OsStr) -> bool {
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    environment
        .split(|byte| *byte == 0)
        .any(|entry| entry.starts_with(mark.as_bytes()))
}

/// Takes the status of dead processes that were left to this one.
fn reap_orphans(known: &BTreeSet<i32>, first: Pid, table: &[Process]) {
    let me = rustix::process::getpid().as_raw_nonzero().get();
    let orphans = table
        .iter()
        .filter(|process| process.parent == me && known.contains(&process.pid))
        .filter_map(|process| Pid::from_raw(process.pid))
        .filter(|pid| *pid != first);
    for pid in orphans {
        let _ = rustix::process::waitpid(Some(pid), WaitOptions::NOHANG);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_table_survives_names_with_parentheses() {
        let stat = b"12 (a) b) c) S 3 12 9 0 -1";
        let expected = Process {
            pid: 12,
            parent: 3,
            session: 9,
            state: b'S',
        };
        assert_eq!(process_of(12, stat), Some(expected));
        assert_eq!(process_of(12, b"12 (a"), None);
        assert!(processes().iter().any(|process| process.pid > 0));
    }

    #[test]
    fn descent_follows_children_and_the_session() {
        let process = |pid, parent, session| Process {
            pid,
            parent,
            session,
            state: b'S',
        };
        let table = [
            process(10, 1, 10),
            process(11, 10, 10),
            process(12, 11, 12),
            process(13, 1, 10),
            process(14, 1, 14),
        ];
        let first = Pid::from_raw(10).unwrap();
        let mut known = BTreeSet::from([10]);
        extend_by_descent(&mut known, first, &table);
        assert_eq!(known, BTreeSet::from([10, 11, 12, 13]));
    }
}

//! Control groups: v1, v2, and both at once.
//!
//! Only what the harness needs, as reads and writes of files: a weight, a quota, limits of memory
//! and reading, counters, freezing and killing. The libraries that do this bring a message bus along.
//!
//! ```text
//!  frostline-<pid>-<start>          the family of one harness, highest CPU weight
//!  ├── harness                      the harness itself, where it may move
//!  └── <n>                          one group an instance
//! ```
//!
//! A name says which harness made a group, so that [`cleanup`](crate::cleanup) can tell those of a
//! harness that was killed.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use rustix::process::Pid;

mod hierarchy;
mod limit;

pub(crate) use hierarchy::{Hierarchies, Kind, mount_points};
pub(crate) use limit::Quota;

/// Processes and threads of an instance at most: enough for any runtime, too few to hurt a machine.
/// AWS Lambda allows 1,024 (AWS, "Lambda quotas", read 2026-10).
const TASKS_MAX: u32 = 4096;

/// The groups of one harness.
#[derive(Debug)]
pub(crate) struct Family {
    hierarchies: Hierarchies,
    name: String,
    /// Where the harness was before it moved: (list of members, of the old group).
    homes: Vec<PathBuf>,
}

/// A group of one instance, in every hierarchy that is of use.
#[derive(Debug)]
pub(crate) struct Group {
    /// (which controllers, folder).
    folders: Vec<(Kind, PathBuf)>,
}

impl Family {
    /// Makes the family's groups.
    ///
    /// # Errors
    /// When no hierarchy can be written, with the reason.
    pub(crate) fn found(name: &str) -> io::Result<Self> {
        let hierarchies = Hierarchies::detect()?.writable(name)?;
        Ok(Self {
            hierarchies,
            name: name.to_owned(),
            homes: Vec::new(),
        })
    }

    /// `v1`, `v2` or `hybrid`.
    pub(crate) fn version(&self) -> &'static str {
        self.hierarchies.version()
    }

    /// Gives the harness itself the same weight as its targets, so that its stamps are not late.
    pub(crate) fn adopt_harness(&mut self) {
        let Some((kind, base)) = self.hierarchies.of("cpu") else {
            return;
        };
        let group = Group {
            folders: vec![(kind.clone(), base.join(&self.name).join("harness"))],
        };
        let Some(home) = hierarchy::own_members(kind, base) else {
            return;
        };
        let moved = group
            .make()
            .and_then(|()| group.add(rustix::process::getpid()));
        if moved.is_ok() {
            self.homes.push(home);
        }
    }

    /// A new group in every hierarchy of the family.
    ///
    /// # Errors
    /// When a folder cannot be made.
    pub(crate) fn group(&self, name: &str) -> io::Result<Group> {
        let folders = self
            .hierarchies
            .all()
            .map(|(kind, base)| (kind.clone(), base.join(&self.name).join(name)));
        let group = Group {
            folders: folders.collect(),
        };
        group.make().inspect_err(|_| group.remove())?;
        Ok(group)
    }

    /// The path of a group inside an instance's, from the top of every hierarchy: for a container.
    pub(crate) fn inside(&self, name: &str) -> String {
        let below = self.hierarchies.of("cpu").and_then(|(kind, base)| {
            let top = hierarchy::top_of(kind)?;
            base.strip_prefix(top).ok().map(Path::to_owned)
        });
        let path = Path::new("/").join(below.unwrap_or_default());
        let path = path.join(&self.name).join(name).join("container");
        path.to_string_lossy().into_owned()
    }

    /// Whether a controller is at hand.
    pub(crate) fn has(&self, controller: &str) -> bool {
        self.hierarchies.of(controller).is_some()
    }
}

impl Drop for Family {
    fn drop(&mut self) {
        let pid = rustix::process::getpid().to_string();
        for home in &self.homes {
            // Without its old group the harness stays where it is, and the folder with it.
            let _ = fs::write(home, &pid);
        }
        for (_, base) in self.hierarchies.all() {
            remove_tree(&base.join(&self.name));
        }
    }
}

impl Group {
    fn make(&self) -> io::Result<()> {
        for (kind, folder) in &self.folders {
            fs::create_dir_all(folder)?;
            if kind.has("cpu") {
                let (file, weight) = kind.weight();
                fs::write(folder.join(file), weight)?;
            }
            if kind.has("pids") {
                // A safety net: without it the instance still runs.
                let _ = fs::write(folder.join("pids.max"), TASKS_MAX.to_string());
            }
        }
        Ok(())
    }

    fn add(&self, pid: Pid) -> io::Result<()> {
        self.folders
            .iter()
            .try_for_each(|(_, folder)| fs::write(folder.join(MEMBERS), pid.to_string()))
    }

    /// The lists of members, open for a process that will write itself into them.
    ///
    /// # Errors
    /// When one cannot be opened.
    pub(crate) fn doors(&self) -> io::Result<Vec<File>> {
        self.folders
            .iter()
            .map(|(_, folder)| OpenOptions::new().write(true).open(folder.join(MEMBERS)))
            .collect()
    }

    fn of(&self, controller: &str) -> Option<(&Kind, &Path)> {
        self.folders
            .iter()
            .find(|(kind, _)| kind.has(controller))
            .map(|(kind, folder)| (kind, folder.as_path()))
    }

    /// Every process in the group.
    pub(crate) fn members(&self) -> Vec<Pid> {
        let mut members: Vec<Pid> = self
            .folders
            .iter()
            .flat_map(|(_, folder)| members_below(folder))
            .collect();
        members.sort_unstable_by_key(|pid| pid.as_raw_nonzero());
        members.dedup();
        members
    }

    /// Asks the kernel to kill every member. Where it has no such call, the caller kills them.
    pub(crate) fn kill(&self) {
        let _ = self.freeze(false);
        for (_, folder) in self.folders.iter().filter(|(kind, _)| kind.is_v2()) {
            let _ = fs::write(folder.join("cgroup.kill"), "1");
        }
    }

    /// Removes the folders; members must be gone.
    pub(crate) fn remove(&self) {
        for (_, folder) in &self.folders {
            remove_tree(folder);
        }
    }
}

/// Every process in a group and the groups in it.
fn members_below(folder: &Path) -> Vec<Pid> {
    let text = fs::read_to_string(folder.join(MEMBERS)).unwrap_or_default();
    let pids = text.lines().filter_map(|line| line.trim().parse().ok());
    let mut members: Vec<Pid> = pids.filter_map(Pid::from_raw).collect();
    let inside = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in inside {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            members.extend(members_below(&entry.path()));
        }
    }
    members
}

/// The list of a group's processes.
const MEMBERS: &str = "cgroup.procs";

/// Removes a group with the groups in it. A group empties a moment after its last process, so that
/// the first try may come too early.
pub(crate) fn remove_tree(folder: &Path) {
    let inside = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in inside {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_tree(&entry.path());
        }
    }
    for attempt in 0..50 {
        match fs::remove_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy && attempt < 49 => {
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            _ => return,
        }
    }
}

//! Which hierarchies of control groups there are, and where a harness may make its own.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The controllers that are of use here.
const WANTED: [&str; 7] = ["cpu", "cpuacct", "memory", "blkio", "io", "freezer", "pids"];

/// A hierarchy's version and controllers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Version 1: one hierarchy a controller, or a few.
    V1(Vec<String>),
    /// Version 2: one hierarchy for all.
    V2(Vec<String>),
}

impl Kind {
    pub(crate) fn is_v2(&self) -> bool {
        matches!(self, Self::V2(_))
    }

    /// Whether the hierarchy has a controller. Every v2 hierarchy counts CPU time and can freeze.
    pub(crate) fn has(&self, controller: &str) -> bool {
        match self {
            Self::V1(names) => {
                let name = if controller == "io" {
                    "blkio"
                } else {
                    controller
                };
                names.iter().any(|own| own == name)
            }
            Self::V2(names) => {
                let built_in = matches!(controller, "cpuacct" | "freezer");
                built_in || names.iter().any(|own| own == controller)
            }
        }
    }

    /// The file and the text of the highest CPU weight.
    pub(crate) fn weight(&self) -> (&'static str, &'static str) {
        if self.is_v2() {
            ("cpu.weight", "10000")
        } else {
            ("cpu.shares", "262144")
        }
    }
}

/// The hierarchies of the machine, each with the folder below which groups are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hierarchies(Vec<(Kind, PathBuf)>);

impl Hierarchies {
    /// Reads what is mounted.
    ///
    /// # Errors
    /// When the list of mounts cannot be read.
    pub(crate) fn detect() -> io::Result<Self> {
        let mounts = fs::read_to_string("/proc/self/mountinfo")?;
        Ok(Self::from_mounts(&mounts))
    }

    /// Those of a text like `/proc/self/mountinfo`. A controller belongs to one hierarchy.
    pub(crate) fn from_mounts(mounts: &str) -> Self {
        let mut found: Vec<(Kind, PathBuf)> = Vec::new();
        for line in mounts.lines() {
            let Some((before, after)) = line.split_once(" - ") else {
                continue;
            };
            let (Some(place), Some(kind)) = (before.split(' ').nth(4), after.split(' ').next())
            else {
                continue;
            };
            let place = PathBuf::from(place);
            let kind = match kind {
                "cgroup" => {
                    let options = after.rsplit(' ').next().unwrap_or_default();
                    let wanted = options.split(',').filter(|name| WANTED.contains(name));
                    Kind::V1(wanted.map(str::to_owned).collect())
                }
                "cgroup2" => {
                    let file = place.join("cgroup.controllers");
                    let text = fs::read_to_string(file).unwrap_or_default();
                    let wanted = text.split_whitespace().filter(|name| WANTED.contains(name));
                    Kind::V2(wanted.map(str::to_owned).collect())
                }
                _ => continue,
            };
            let useless = matches!(&kind, Kind::V1(names) if names.is_empty());
            if !useless && !found.iter().any(|(other, _)| *other == kind) {
                found.push((kind, place));
            }
        }
        Self(found)
    }

    /// The hierarchies in which a folder of this name can be made, which is made. Administrators
    /// make it at the top; others below the group that was delegated to them.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn writable(self, name: &str) -> io::Result<Self> {
        let mut usable = Vec::new();
        let mut reason = io::Error::new(io::ErrorKind::NotFound, "no control groups are mounted");
        for (kind, top) in self.0 {
            let own = own_group(&kind, &top);
            for base in std::iter::once(top).chain(own) {
                match found(&kind, &base, name) {
                    Ok(kind) => {
                        usable.push((kind, base));
                        break;
                    }
                    Err(error) => reason = error,
                }
            }
        }
        let controls_cpu = usable.iter().any(|(kind, _)| kind.has("cpu"));
        if !controls_cpu {
            let created = usable.iter().map(|(_, base)| base.join(name));
            created.for_each(|folder| super::remove_tree(&folder));
            return Err(reason);
        }
        Ok(Self(usable))
    }

    /// `v1`, `v2`, `hybrid` or `none`.
    pub(crate) fn version(&self) -> &'static str {
        let v1 = self.0.iter().any(|(kind, _)| !kind.is_v2());
        let v2 = self.0.iter().any(|(kind, _)| kind.is_v2());
        match (v1, v2) {
            (true, true) => "hybrid",
            (true, false) => "v1",
            (false, true) => "v2",
            (false, false) => "none",
        }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&Kind, &Path)> {
        self.0.iter().map(|(kind, base)| (kind, base.as_path()))
    }

    /// The groups that this process is in, where they are not the topmost.
    pub(crate) fn delegated(&self) -> Vec<PathBuf> {
        let own = self.0.iter().map(|(kind, top)| own_group(kind, top));
        own.flatten().collect()
    }

    /// The hierarchy that has a controller.
    pub(crate) fn of(&self, controller: &str) -> Option<(&Kind, &Path)> {
        self.all().find(|(kind, _)| kind.has(controller))
    }
}

/// Every place where control groups are mounted, of use here or not.
pub(crate) fn mount_points() -> Vec<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let groups = mounts.lines().filter(|line| {
        let kind = line
            .split_once(" - ")
            .and_then(|(_, after)| after.split(' ').next());
        matches!(kind, Some("cgroup" | "cgroup2"))
    });
    let places = groups.filter_map(|line| line.split(' ').nth(4));
    places.map(PathBuf::from).collect()
}

/// Where a hierarchy is mounted.
pub(super) fn top_of(kind: &Kind) -> Option<PathBuf> {
    let all = Hierarchies::detect().ok()?;
    let found = all.0.into_iter().find(|(own, _)| match (own, kind) {
        (Kind::V1(own), Kind::V1(names)) => own == names,
        (Kind::V2(_), Kind::V2(_)) => true,
        _ => false,
    });
    found.map(|(_, top)| top)
}

/// Makes the family's folder below `base`, with every controller that can be had for its children.
fn found(kind: &Kind, base: &Path, name: &str) -> io::Result<Kind> {
    let folder = base.join(name);
    fs::create_dir(&folder)?;
    let kind = match kind {
        Kind::V1(_) => kind.clone(),
        Kind::V2(names) => {
            let handed_down = names
                .iter()
                .filter(|name| enable(base, name).is_ok() && enable(&folder, name).is_ok());
            Kind::V2(handed_down.cloned().collect())
        }
    };
    if kind.has("cpu") {
        let (file, weight) = kind.weight();
        if let Err(error) = fs::write(folder.join(file), weight) {
            super::remove_tree(&folder);
            return Err(error);
        }
    }
    Ok(kind)
}

/// Hands a controller down to the groups in `folder`.
fn enable(folder: &Path, controller: &str) -> io::Result<()> {
    let file = folder.join("cgroup.subtree_control");
    let enabled = fs::read_to_string(&file)?;
    if enabled.split_whitespace().any(|name| name == controller) {
        return Ok(());
    }
    fs::write(file, format!("+{controller}"))
}

/// The folder of the group that this process is in, if it is not the top.
fn own_group(kind: &Kind, top: &Path) -> Option<PathBuf> {
    let text = fs::read_to_string("/proc/self/cgroup").ok()?;
    let path = text.lines().find_map(|line| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        let same = match kind {
            Kind::V1(names) => controllers
                .split(',')
                .any(|name| names.iter().any(|n| n == name)),
            Kind::V2(_) => controllers.is_empty(),
        };
        same.then_some(path)
    })?;
    let inside = path.trim_start_matches('/');
    (!inside.is_empty()).then(|| top.join(inside))
}

/// The list of members of the group that this process is in.
pub(super) fn own_members(kind: &Kind, base: &Path) -> Option<PathBuf> {
    let folder = own_group(kind, base).unwrap_or_else(|| base.to_owned());
    let file = folder.join(super::MEMBERS);
    file.is_file().then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hierarchies_are_found_among_the_mounts() {
        let hybrid = "\
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
36 31 0:33 / /sys/fs/cgroup/devices rw,relatime - cgroup cgroup rw,devices
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
41 31 0:38 / /nowhere/unified rw,relatime - cgroup2 cgroup2 rw
";
        let found = Hierarchies::from_mounts(hybrid);
        assert_eq!(found.version(), "hybrid");
        let place = |controller| found.of(controller).map(|(_, path)| path.to_owned());
        let cpu = Some(PathBuf::from("/sys/fs/cgroup/cpu,cpuacct"));
        assert_eq!(place("cpu"), cpu);
        assert_eq!(place("cpuacct"), cpu);
        assert_eq!(
            place("memory"),
            Some(PathBuf::from("/sys/fs/cgroup/memory"))
        );
        assert_eq!(place("blkio"), None);
        assert_eq!(found.0.len(), 3);
        assert_eq!(Hierarchies::from_mounts("").version(), "none");
    }

    #[test]
    fn controllers_are_handed_down_in_version_2() {
        let top = tempfile::tempdir().unwrap();
        fs::write(top.path().join("cgroup.subtree_control"), "cpu memory\n").unwrap();
        let kind = Kind::V2(vec!["cpu".to_owned(), "io".to_owned()]);
        // In a plain folder the new group has no list of controllers, so none can be handed down.
        let made = found(&kind, top.path(), "frostline-1-2").unwrap();
        assert_eq!(made, Kind::V2(Vec::new()));
        assert!(enable(top.path(), "memory").is_ok());
        enable(top.path(), "io").unwrap();
        let written = fs::read_to_string(top.path().join("cgroup.subtree_control")).unwrap();
        assert_eq!(written, "+io");
        assert!(made.has("freezer") && made.has("cpuacct") && !made.has("cpu"));
    }
}

//! Which files a target opens.
//!
//! With the rights of an administrator and mounts of the target's own, the kernel tells every opening
//! (fanotify on the target's mounts, which nobody else uses). Otherwise what is known is what is
//! mapped when the target is ready, its program and its package: files that were read and closed
//! again are missing then, which is said.

use std::collections::BTreeSet;
use std::ffi::CString;
use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use walkdir::WalkDir;

use crate::reaper::Process;

/// File systems whose pages can be dropped from memory.
const ON_DISK: [&str; 10] = [
    "ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "overlay", "erofs", "squashfs", "zfs",
];

/// Bytes of an event of fanotify: length, version, reserved, length of this part, mask, descriptor,
/// process.
const EVENT: usize = 24;

/// A queue of openings on every mount of a disk.
#[derive(Debug)]
pub(crate) struct Watch {
    queue: Arc<OwnedFd>,
}

impl Watch {
    /// A queue, where the system allows it.
    pub(crate) fn new() -> Option<Self> {
        let queue = Arc::new(crate::spawn::open_watch().ok()?);
        Some(Self { queue })
    }

    /// The queue, with the mount points that the target must put it on.
    pub(crate) fn with_points(&self) -> (Arc<OwnedFd>, Vec<CString>) {
        (Arc::clone(&self.queue), mount_points())
    }

    /// Every file that was opened so far.
    pub(crate) fn drain(&self) -> BTreeSet<PathBuf> {
        let mut files = BTreeSet::new();
        let mut buffer = [0; EVENT * 256];
        while let Ok(count @ 1..) = rustix::io::read(&*self.queue, &mut buffer) {
            for event in buffer[..count].chunks_exact(EVENT) {
                let mut descriptor = [0; 4];
                descriptor.copy_from_slice(&event[16..20]);
                let descriptor = i32::from_ne_bytes(descriptor);
                let Some(file) = crate::spawn::watched_file(descriptor) else {
                    continue;
                };
                let link = format!("/proc/self/fd/{}", file.as_raw_fd());
                if let Ok(path) = fs::read_link(link)
                    && path.is_file()
                {
                    files.insert(path);
                }
            }
        }
        files
    }
}

fn mount_points() -> Vec<CString> {
    let mounts = procfs::process::Process::myself()
        .and_then(|me| me.mountinfo())
        .map(|mounts| mounts.0)
        .unwrap_or_default();
    mounts
        .into_iter()
        .filter(|mount| ON_DISK.contains(&mount.fs_type.as_str()))
        .filter_map(|mount| {
            CString::new(mount.mount_point.into_os_string().into_encoded_bytes()).ok()
        })
        .collect()
}

/// The type of the file system that holds a path.
pub(crate) fn file_system(path: &Path) -> String {
    let mounts = procfs::process::Process::myself()
        .and_then(|me| me.mountinfo())
        .map(|mounts| mounts.0)
        .unwrap_or_default();
    mounts
        .into_iter()
        .filter(|mount| path.starts_with(&mount.mount_point))
        .max_by_key(|mount| mount.mount_point.components().count())
        .map_or_else(String::new, |mount| mount.fs_type)
}

/// What some processes have mapped, their programs and libraries among it.
pub(crate) fn mapped(processes: &[Process]) -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::new();
    for process in processes {
        let maps = fs::read_to_string(format!("/proc/{}/maps", process.pid)).unwrap_or_default();
        let paths = maps
            .lines()
            .filter_map(|line| line.find('/').map(|at| PathBuf::from(&line[at..])))
            .filter(|path| path.is_file());
        files.extend(paths);
    }
    files
}

/// The files of a folder.
pub(crate) fn files_in(folder: &Path) -> impl Iterator<Item = PathBuf> {
    WalkDir::new(folder)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
}

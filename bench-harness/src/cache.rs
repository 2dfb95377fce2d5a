//! The page cache: what of a target's files is in memory when it starts.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use frostline_models::measurement::Residency;
use rustix::fs::Advice;

/// The files that a target opens.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Closure {
    files: BTreeSet<PathBuf>,
    /// Whether every opening was seen, or only what was mapped and the package.
    pub(crate) complete: bool,
}

/// Bytes of all files of a closure at most: more is a mistake, such as a target that reads a disk.
const BYTES_MAX: u64 = 8 << 30;

impl Closure {
    pub(crate) fn new(files: impl IntoIterator<Item = PathBuf>, complete: bool) -> Self {
        let mut bytes = 0;
        let regular = files.into_iter().filter(|file| {
            let Ok(metadata) = fs::metadata(file) else {
                return false;
            };
            bytes += metadata.len();
            metadata.is_file() && bytes <= BYTES_MAX
        });
        Self {
            files: regular.collect(),
            complete,
        }
    }

    /// Adds the files of another one.
    pub(crate) fn join(&mut self, other: Self) {
        self.complete = other.complete && (self.complete || self.is_empty());
        self.files.extend(other.files);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Drops its pages from memory. Pages that somebody has mapped stay.
    pub(crate) fn evict(&self) {
        for file in self.files.iter().filter_map(|path| File::open(path).ok()) {
            // Pages that were never written to the disk cannot be dropped.
            let _ = rustix::fs::fdatasync(&file);
            let _ = rustix::fs::fadvise(&file, 0, None, Advice::DontNeed);
        }
    }

    /// Reads everything.
    pub(crate) fn warm(&self) {
        let mut buffer = vec![0; 1 << 20];
        for mut file in self.files.iter().filter_map(|path| File::open(path).ok()) {
            while file.read(&mut buffer).is_ok_and(|count| count > 0) {}
        }
    }

    /// How much of it is in memory.
    pub(crate) fn residency(&self) -> Residency {
        let page = rustix::param::page_size();
        let size = u64::try_from(page).unwrap_or(4096);
        let mut residency = Residency::default();
        for path in &self.files {
            let Ok(file) = File::open(path) else { continue };
            let bytes = file.metadata().map_or(0, |metadata| metadata.len());
            let pages = crate::spawn::resident_pages(&file, bytes, page).unwrap_or(0);
            residency.files += 1;
            residency.bytes += bytes;
            residency.resident_bytes += (pages * size).min(bytes);
        }
        residency
    }
}

/// The disk that holds a path, as (major, minor). A partition has its disk's, because limits are the
/// disk's.
pub(crate) fn disk_of(path: &Path) -> Option<(u32, u32)> {
    let device = fs::metadata(path).ok()?.dev();
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let entry = format!("/sys/dev/block/{major}:{minor}");
    let entry = fs::canonicalize(entry).ok()?;
    if !entry.join("partition").exists() {
        return Some((major, minor));
    }
    let text = fs::read_to_string(entry.parent()?.join("dev")).ok()?;
    let (major, minor) = text.trim().split_once(':')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_in_memory_and_what_was_evicted_is_not() {
        let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
        let path = folder.path().join("data");
        fs::write(&path, vec![7; 1 << 20]).unwrap();
        let closure = Closure::new([path, PathBuf::from("/nowhere")], true);
        closure.warm();
        let warm = closure.residency();
        assert_eq!((warm.files, warm.bytes), (1, 1 << 20));
        assert_eq!(warm.resident_bytes, 1 << 20);
        closure.evict();
        let kind = crate::observe::file_system(folder.path());
        if kind != "tmpfs" {
            assert_eq!(closure.residency().resident_bytes, 0, "on {kind}");
        }
    }
}

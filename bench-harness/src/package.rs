//! The package of a function: a folder or a zip, placed where the target finds it.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};
use walkdir::WalkDir;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

mod modules;

pub(crate) use modules::environment as modules_environment;

/// Bytes of an unpacked package at most: AWS Lambda allows 250 MB for a zip and 10 GB for an image
/// (AWS, "Lambda quotas", read 2026-10).
const BYTES_MAX: u64 = 10 << 30;

/// Files of a package at most.
const FILES_MAX: usize = 1_000_000;

/// Bytes of one file of padding.
const PADDING_FILE: u64 = 1 << 20;

/// Where padding lies in a package.
const PADDING_FOLDER: &str = "frostline-padding";

/// A package as its author delivers it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Package {
    /// A folder.
    Folder(PathBuf),
    /// A zip.
    Zip(PathBuf),
}

/// A package that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// There is nothing of that name, or nothing that is a package.
    #[error("`{}` is neither a folder nor a zip", path.display())]
    NoPackage {
        /// The path.
        path: PathBuf,
    },
    /// It could not be read or placed.
    #[error("cannot place the package {}: {source}", path.display())]
    Place {
        /// The path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Package {
    /// What lies at a path.
    ///
    /// # Errors
    /// [`PackageError::NoPackage`] when it is neither a folder nor a zip.
    pub fn at(path: &Path) -> Result<Self, PackageError> {
        let none = || PackageError::NoPackage {
            path: path.to_owned(),
        };
        let path = fs::canonicalize(path).map_err(|_| none())?;
        if path.is_dir() {
            return Ok(Self::Folder(path));
        }
        let mut magic = [0; 4];
        let read = File::open(&path).and_then(|mut file| file.read_exact(&mut magic));
        if read.is_ok() && magic == *b"PK\x03\x04" {
            return Ok(Self::Zip(path));
        }
        Err(none())
    }

    /// The path.
    pub fn path(&self) -> &Path {
        match self {
            Self::Folder(path) | Self::Zip(path) => path,
        }
    }

    /// Its bytes as it is delivered: of the zip, or of the folder's files.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn bytes(&self) -> Result<u64, PackageError> {
        match self {
            Self::Zip(path) => fs::metadata(path)
                .map(|metadata| metadata.len())
                .map_err(|source| self.failed(source)),
            Self::Folder(path) => Ok(WalkDir::new(path)
                .into_iter()
                .filter_map(Result::ok)
                .filter_map(|entry| entry.metadata().ok())
                .filter(fs::Metadata::is_file)
                .map(|metadata| metadata.len())
                .sum()),
        }
    }

    /// The same with padding, made in a folder.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub(crate) fn padded(
        &self,
        bytes: u64,
        modules: u32,
        folder: &Path,
    ) -> Result<Self, PackageError> {
        let made = folder.join(format!("padded-{bytes}-{modules}"));
        let result = match self {
            Self::Folder(path) => copy(path, &made)
                .and_then(|()| pad_folder(&made, bytes, modules))
                .map(|()| Self::Folder(made)),
            Self::Zip(path) => fs::copy(path, &made)
                .and_then(|_| pad_zip(&made, bytes, modules))
                .map(|()| Self::Zip(made)),
        };
        result.map_err(|source| self.failed(source))
    }

    /// Places it in a folder that does not exist yet: copies or unpacks it.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub(crate) fn place(&self, folder: &Path) -> Result<(), PackageError> {
        let placed = match self {
            Self::Folder(path) => copy(path, folder),
            Self::Zip(path) => unpack(path, folder),
        };
        placed.map_err(|source| self.failed(source))
    }

    fn failed(&self, source: io::Error) -> PackageError {
        PackageError::Place {
            path: self.path().to_owned(),
            source,
        }
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in WalkDir::new(from).follow_links(false) {
        let entry = entry.map_err(io::Error::other)?;
        let inside = entry.path().strip_prefix(from).map_err(io::Error::other)?;
        let place = to.join(inside);
        let kind = entry.file_type();
        if kind.is_dir() {
            fs::create_dir_all(&place)?;
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(entry.path())?, &place)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), &place)?;
        }
    }
    Ok(())
}

fn unpack(zip: &Path, folder: &Path) -> io::Result<()> {
    let mut archive =
        ZipArchive::new(BufReader::new(File::open(zip)?)).map_err(io::Error::other)?;
    if archive.len() > FILES_MAX {
        return Err(too_large(&format!("{} files", archive.len())));
    }
    fs::create_dir_all(folder)?;
    let mut left = BYTES_MAX;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(io::Error::other)?;
        let Some(inside) = entry.enclosed_name() else {
            let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
            let told = format!("`{name}` lies outside of the package");
            return Err(io::Error::new(io::ErrorKind::InvalidData, told));
        };
        let place = folder.join(inside);
        if entry.is_dir() {
            fs::create_dir_all(&place)?;
            continue;
        }
        if let Some(parent) = place.parent() {
            fs::create_dir_all(parent)?;
        }
        let mode = entry.unix_mode();
        let mut file = File::create(&place)?;
        // What the directory of the archive says about sizes may be a lie.
        let copied = io::copy(&mut (&mut entry).take(left.saturating_add(1)), &mut file)?;
        left = left
            .checked_sub(copied)
            .ok_or_else(|| too_large("more than 10 GiB"))?;
        if let Some(mode) = mode {
            fs::set_permissions(&place, fs::Permissions::from_mode(mode & 0o777 | 0o400))?;
        }
    }
    Ok(())
}

fn too_large(what: &str) -> io::Error {
    let told = format!("{what}; a package has at most {FILES_MAX} files and 10 GiB");
    io::Error::new(io::ErrorKind::FileTooLarge, told)
}

fn pad_folder(folder: &Path, bytes: u64, modules: u32) -> io::Result<()> {
    let mut write = |name: &str, contents: &[u8]| {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, contents)
    };
    padding(bytes, &mut write)?;
    modules::write(modules, &mut write)
}

fn pad_zip(zip: &Path, bytes: u64, modules: u32) -> io::Result<()> {
    let file = File::options().read(true).write(true).open(zip)?;
    let mut writer = ZipWriter::new_append(file).map_err(io::Error::other)?;
    // It cannot be compressed, and nobody would send it longer than it is.
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    let mut write = |name: &str, contents: &[u8]| {
        writer.start_file(name, options).map_err(io::Error::other)?;
        writer.write_all(contents)
    };
    padding(bytes, &mut write)?;
    modules::write(modules, &mut write)?;
    writer.finish().map_err(io::Error::other)?;
    Ok(())
}

/// Files of random bytes, the same in every package.
fn padding(bytes: u64, mut write: impl FnMut(&str, &[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(bytes);
    let mut left = bytes;
    let mut number = 0;
    while left > 0 {
        let size = left.min(PADDING_FILE);
        let mut contents = vec![0; usize::try_from(size).map_err(io::Error::other)?];
        random.fill_bytes(&mut contents);
        write(&format!("{PADDING_FOLDER}/{number:05}.bin"), &contents)?;
        left -= size;
        number += 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with a program and a module.
    fn source() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("lib")).unwrap();
        fs::write(folder.path().join("lib/app.py"), "x = 1\n").unwrap();
        fs::write(folder.path().join("bootstrap"), "#!/bin/sh\n").unwrap();
        let executable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(folder.path().join("bootstrap"), executable).unwrap();
        folder
    }

    fn zipped(names: &[&str], at: &Path) {
        let mut writer = ZipWriter::new(File::create(at).unwrap());
        for name in names {
            let options = SimpleFileOptions::default().unix_permissions(0o755);
            writer.start_file(*name, options).unwrap();
            writer.write_all(b"contents").unwrap();
        }
        writer.finish().unwrap();
    }

    #[test]
    fn a_folder_is_copied_with_its_permissions_and_padding() {
        let (source, work) = (source(), tempfile::tempdir().unwrap());
        let package = Package::at(source.path()).unwrap();
        assert_eq!(package.bytes().unwrap(), 16);
        let padded = package.padded(3 << 20, 2, work.path()).unwrap();
        let grown = padded.bytes().unwrap() - 16;
        assert!((3 << 20..(3 << 20) + 20_000).contains(&grown), "{grown}");
        let placed = work.path().join("placed");
        padded.place(&placed).unwrap();
        let mode = fs::metadata(placed.join("bootstrap"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o755);
        assert!(placed.join("frostline-padding/00002.bin").is_file());
        assert!(placed.join("frostline-modules/m00001.py").is_file());
        assert!(placed.join("frostline-modules/m00001.js").is_file());
    }

    #[test]
    fn a_zip_is_unpacked_with_its_permissions_and_padding() {
        let work = tempfile::tempdir().unwrap();
        let zip = work.path().join("a.zip");
        zipped(&["bootstrap", "lib/app.py"], &zip);
        let package = Package::at(&zip).unwrap();
        let padded = package.padded(1 << 20, 0, work.path()).unwrap();
        let grown = padded.bytes().unwrap() - package.bytes().unwrap();
        assert!((1 << 20..(1 << 20) + 4096).contains(&grown), "{grown}");
        let placed = work.path().join("placed");
        padded.place(&placed).unwrap();
        assert_eq!(fs::read(placed.join("lib/app.py")).unwrap(), b"contents");
        let mode = fs::metadata(placed.join("bootstrap"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o755);
        assert_eq!(
            fs::metadata(placed.join("frostline-padding/00000.bin"))
                .unwrap()
                .len(),
            1 << 20
        );
    }

    #[test]
    fn a_zip_that_reaches_outside_is_refused() {
        let work = tempfile::tempdir().unwrap();
        let zip = work.path().join("evil.zip");
        zipped(&["../evil"], &zip);
        let package = Package::at(&zip).unwrap();
        let told = package
            .place(&work.path().join("in"))
            .unwrap_err()
            .to_string();
        assert!(told.contains("outside of the package"), "{told}");
        assert!(!work.path().join("evil").exists());
        assert!(Package::at(&work.path().join("none")).is_err());
    }
}

//! Opening files that may be compressed: told by their first bytes, not by their names, and unpacked
//! within limits, since a few kB can hold a text that no disk would.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::MultiGzDecoder;
use frostline_models::units::Bytes;
use lzma_rust2::XzReader;

use bounded::{Bounded, Counted};
use zstd::Zstd;

mod bounded;
mod zstd;

/// Bytes that are read from a file at once.
const BLOCK: usize = 1 << 16;

/// Bytes at the start of a file or of its unpacked content that tell what it is; those of a tar
/// archive stand at 257.
const HEAD: u64 = 4096;

/// The most that decoding may refer back to, in bytes: what `zstd` takes without `--long`, and twice
/// what `xz -9` writes.
const LARGEST_WINDOW: u32 = 128 << 20;

/// What a file unpacks to at most unless another limit is asked for: the largest public table of
/// requests has some 10 GB.
const MOST_UNPACKED: u64 = 64 << 30;

/// Unpacked bytes for each packed one at most, beyond [`RATIO_FREE`], unless a limit is asked for. A
/// day of Azure Functions 2019, most of whose cells are zero, packs 30 to 1.
const MOST_RATIO: u64 = 500;

/// Unpacked bytes that may have any ratio: a small table of zeros is no attack.
const RATIO_FREE: u64 = 64 << 20;

/// How far files are unpacked.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Unpacking {
    /// Read compressed files that unpack to at most this much each, however small they are. Default:
    /// 64 GiB, and 500 times the file's own size.
    #[arg(long, value_name = "SIZE", value_parser = Bytes::parse)]
    unpack_limit: Option<Bytes>,
    /// Shared among copies, since each of a command's parts may have its own.
    #[arg(skip)]
    was_met: Arc<AtomicBool>,
}

impl Unpacking {
    /// Opens a file, unpacking what is compressed.
    ///
    /// # Errors
    /// When it cannot be opened, or is an archive or of a compression that is not read.
    pub(crate) fn open(&self, path: &Path) -> Result<Box<dyn BufRead>, String> {
        let cannot = |error| format!("cannot open {}: {error}", path.display());
        if path.is_dir() {
            return Err(format!("{} is a folder, expected a file", path.display()));
        }
        let (file, packed_bytes) = Counted::new(File::open(path).map_err(cannot)?);
        let file = Peeked::new(Box::new(file));
        let packing = Packing::of(&file.head);
        let plain = match packing {
            None => file,
            Some(packing) => {
                let file = BufReader::with_capacity(BLOCK, file);
                let Some(decoder) = packing.decoder(file) else {
                    return Err(not_read(path, packing.name(), packing.command()));
                };
                Peeked::new(Box::new(Bounded {
                    decoder,
                    packing: packing.name(),
                    packed_bytes,
                    unpacked_bytes: 0,
                    limit: self.unpack_limit.map(|limit| limit.0),
                    was_met: Arc::clone(&self.was_met),
                }))
            }
        };
        if is_tar(&plain.head) {
            return Err(not_read(path, "a tar archive", "tar -xf"));
        }
        Ok(Box::new(BufReader::with_capacity(BLOCK, plain)))
    }

    /// What to type where a file met the limit; `None` where none did.
    pub(crate) fn help(&self) -> Option<String> {
        let help = "if the file is what it should be, unpack it, or give a limit of your own: \
            --unpack-limit 200GiB";
        self.was_met.load(Relaxed).then(|| help.to_owned())
    }
}

/// How a file is compressed, or that it is an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    Gzip,
    Zstd,
    Bzip2,
    Xz,
    /// One whose files have to be taken out first.
    Other {
        name: &'static str,
        command: &'static str,
    },
}

/// The first bytes of files that are not plain.
const MARKS: [(&[u8], Packing); 12] = [
    // RFC 1952, section 2.3.1.
    (&[0x1f, 0x8b], Packing::Gzip),
    // RFC 8878, sections 3.1.1 and 3.1.2; of skippable frames the sixteenth suffices: pzstd writes it.
    (&[0x28, 0xb5, 0x2f, 0xfd], Packing::Zstd),
    (&[0x50, 0x2a, 0x4d, 0x18], Packing::Zstd),
    (b"BZh", Packing::Bzip2),
    // The .xz file format 1.2.1, section 2.1.1.1.
    (&[0xfd, b'7', b'z', b'X', b'Z', 0], Packing::Xz),
    (b"PK\x03\x04", Packing::other("a zip archive", "unzip")),
    (b"Rar!\x1a\x07", Packing::other("a RAR archive", "unrar x")),
    (
        &[b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c],
        Packing::other("a 7z archive", "7z x"),
    ),
    (
        &[0x04, 0x22, 0x4d, 0x18],
        Packing::other("compressed with LZ4", "lz4 -d"),
    ),
    (b"LZIP", Packing::other("compressed with lzip", "lzip -d")),
    (
        &[0x1f, 0x9d],
        Packing::other("compressed with compress", "uncompress"),
    ),
    (b"PAR1", Packing::other("a Parquet file", "")),
];

impl Packing {
    const fn other(name: &'static str, command: &'static str) -> Self {
        Self::Other { name, command }
    }

    /// What the first bytes of a file tell.
    fn of(head: &[u8]) -> Option<Self> {
        let found = MARKS.iter().find(|(mark, _)| head.starts_with(mark));
        found.map(|(_, packing)| *packing)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Other { name, .. } => name,
        }
    }

    /// The command that unpacks it.
    fn command(self) -> &'static str {
        match self {
            Self::Other { command, .. } => command,
            _ => "",
        }
    }

    /// The unpacked bytes; `None` where no decoder is at hand.
    fn decoder(self, file: BufReader<Peeked>) -> Option<Box<dyn Read>> {
        Some(match self {
            Self::Gzip => Box::new(MultiGzDecoder::new(file)),
            Self::Zstd => Box::new(Zstd::new(file, u64::from(LARGEST_WINDOW))),
            Self::Bzip2 => Box::new(MultiBzDecoder::new(file)),
            // The limit is in KiB, and counts some state beside the window.
            Self::Xz => Box::new(XzReader::new_mem_limit(
                file,
                true,
                LARGEST_WINDOW / 1024 + 1024,
            )),
            Self::Other { .. } => return None,
        })
    }
}

/// Whether unpacked bytes are a tar archive (POSIX.1-1988, `ustar`).
fn is_tar(head: &[u8]) -> bool {
    head.get(257..262) == Some(b"ustar")
}

fn not_read(path: &Path, what: &str, command: &str) -> String {
    let shown = path.display();
    let first = if command.is_empty() {
        String::new()
    } else {
        format!(", unpacked first: {command} {shown}")
    };
    format!(
        "{shown} is {what}, expected a text that is plain or compressed with gzip, zstd, bzip2 or xz{first}"
    )
}

/// A reader whose first bytes are known. Where they cannot be read, the reader fails where they end, so
/// that whoever counts lines tells the place.
struct Peeked {
    head: Vec<u8>,
    taken: usize,
    failed: Option<io::Error>,
    rest: Box<dyn Read>,
}

impl Peeked {
    fn new(mut rest: Box<dyn Read>) -> Self {
        let mut head = Vec::new();
        let failed = (&mut rest).take(HEAD).read_to_end(&mut head).err();
        Self {
            head,
            taken: 0,
            failed,
            rest,
        }
    }
}

impl Read for Peeked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut left = &self.head[self.taken..];
        if !left.is_empty() {
            let count = left.read(buffer)?;
            self.taken += count;
            return Ok(count);
        }
        match self.failed.take() {
            Some(error) => Err(error),
            None => self.rest.read(buffer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text of this many equal lines.
    fn lines(count: usize) -> Vec<u8> {
        b"0,0,0,0,0,0,0\n".repeat(count)
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut packed = Vec::new();
        let level = flate2::Compression::best();
        let mut encoder = flate2::read::GzEncoder::new(text, level);
        encoder.read_to_end(&mut packed).unwrap();
        packed
    }

    fn zstd(text: &[u8]) -> Vec<u8> {
        ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Fastest)
    }

    fn bzip2(text: &[u8]) -> Vec<u8> {
        let mut packed = Vec::new();
        let level = bzip2::Compression::best();
        let mut encoder = bzip2::read::BzEncoder::new(text, level);
        encoder.read_to_end(&mut packed).unwrap();
        packed
    }

    fn xz(text: &[u8]) -> Vec<u8> {
        let options = lzma_rust2::XzOptions::default();
        let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
        io::Write::write_all(&mut encoder, text).unwrap();
        encoder.finish().unwrap()
    }

    /// Damages of each compression.
    const DAMAGES: usize = 400;

    type Encoder = (&'static str, fn(&[u8]) -> Vec<u8>);

    const ENCODERS: [Encoder; 4] = [("gzip", gzip), ("zstd", zstd), ("bzip2", bzip2), ("xz", xz)];

    /// What a file of these bytes unpacks to, or why not.
    fn unpacked(bytes: &[u8], unpacking: &Unpacking) -> Result<Vec<u8>, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let mut text = Vec::new();
        unpacking
            .open(file.path())?
            .read_to_end(&mut text)
            .map_err(|error| error.to_string())?;
        Ok(text)
    }

    #[test]
    fn every_compression_is_told_by_its_first_bytes_and_members_follow_one_another() {
        let (one, two) = (lines(20_000), lines(3));
        for (name, encode) in ENCODERS {
            assert_eq!(Packing::of(&encode(&one)).unwrap().name(), name);
            let twice = [encode(&one), encode(b""), encode(&two)].concat();
            let both = [one.clone(), two.clone()].concat();
            assert_eq!(unpacked(&twice, &Unpacking::default()), Ok(both), "{name}");
        }
        assert_eq!(unpacked(&two, &Unpacking::default()), Ok(two));
    }

    #[test]
    fn what_is_cut_or_changed_is_an_error_that_names_the_compression() {
        // Digits that do not repeat, so that there are many packed bytes to cut.
        let text: String = (0..20_000_u32)
            .map(|n| n.wrapping_mul(2_654_435_761).to_string())
            .collect();
        for (name, encode) in ENCODERS {
            let packed = encode(text.as_bytes());
            for length in [7, packed.len() / 2, packed.len() - 1] {
                let told = unpacked(&packed[..length], &Unpacking::default()).unwrap_err();
                assert!(told.starts_with(name), "{told}");
            }
            let mut changed = packed.clone();
            changed[packed.len() / 2] ^= 0x10;
            let told = unpacked(&changed, &Unpacking::default()).unwrap_err();
            assert!(told.starts_with(name), "{told}");
        }
    }

    #[test]
    fn a_limit_is_kept_to_the_byte_and_takes_the_place_of_the_ratio() {
        let text = lines(100_000);
        let length = u64::try_from(text.len()).unwrap();
        for (name, encode) in ENCODERS {
            let packed = encode(&text);
            let limited = |bytes| Unpacking {
                unpack_limit: Some(Bytes(bytes)),
                ..Unpacking::default()
            };
            let enough = limited(length);
            assert_eq!(unpacked(&packed, &enough).as_ref(), Ok(&text), "{name}");
            assert_eq!(enough.help(), None);
            let short = limited(length - 1);
            let told = unpacked(&packed, &short).unwrap_err();
            let expected = format!("{name}: unpacks to more than {} bytes", length - 1);
            assert!(told.starts_with(&expected), "{told}");
            assert!(short.help().unwrap().contains("--unpack-limit"));
        }
    }

    /// Changed, doubled and missing bytes, from a seeded generator: an error or a text, never a panic.
    #[test]
    fn damaged_bytes_are_refused_or_read() {
        let mut state = 7_u64;
        let mut below = |limit: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % limit
        };
        let text: Vec<u8> = (0..3_000)
            .map(|_| b"0123456789,\n"[below(12).min(below(12))])
            .collect();
        for (_, encode) in ENCODERS {
            let packed = encode(&text);
            for _ in 0..DAMAGES {
                let mut damaged = packed.clone();
                for _ in 0..=below(4) {
                    let at = below(damaged.len());
                    match below(4) {
                        0 => damaged.truncate(at.max(8)),
                        1 => damaged.insert(at, damaged[at]),
                        _ => damaged[at] ^= 1 << below(8),
                    }
                }
                let limited = Unpacking {
                    unpack_limit: Some(Bytes(1 << 24)),
                    ..Unpacking::default()
                };
                let _ = unpacked(&damaged, &limited);
            }
        }
    }

    #[test]
    fn skipped_frames_hold_nothing() {
        let skipped = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
        let packed = [&skipped[..], &zstd(b"a\n"), &skipped, &zstd(b"b\n")].concat();
        let unpacking = Unpacking::default();
        assert_eq!(unpacked(&packed, &unpacking), Ok(b"a\nb\n".to_vec()));
        let told = unpacked(&skipped[..9], &unpacking).unwrap_err();
        assert!(told.contains("zstd: "), "{told}");
    }

    #[test]
    fn windows_beyond_the_limit_are_refused_before_they_are_allocated() {
        // A frame without content size whose window descriptor says 1 TiB (RFC 8878, 3.1.1.1.2).
        let frame = [0x28, 0xb5, 0x2f, 0xfd, 0, 30 << 3, 1, 0, 0];
        let told = unpacked(&frame, &Unpacking::default()).unwrap_err();
        assert!(told.contains("more than 128 MiB"), "{told}");
        let mut options = lzma_rust2::XzOptions::default();
        options.lzma_options.dict_size = 1 << 20;
        let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
        io::Write::write_all(&mut encoder, b"a\n").unwrap();
        let mut packed = encoder.finish().unwrap();
        // The property of the filter LZMA2 in the block header: 40 is 4 GiB less a byte. The header's
        // own CRC-32 comes after it.
        let header = 12..24;
        assert_eq!(packed[header.clone()][2..4], [0x21, 1]);
        packed[header.start + 4] = 40;
        let mut crc = flate2::Crc::new();
        crc.update(&packed[12..20]);
        packed[20..24].copy_from_slice(&crc.sum().to_le_bytes());
        let told = unpacked(&packed, &Unpacking::default()).unwrap_err();
        assert!(told.contains("more than 128 MiB"), "{told}");
    }

    #[test]
    fn archives_are_named_with_the_command_that_unpacks_them() {
        let mut tar = vec![0; 512];
        tar[257..262].copy_from_slice(b"ustar");
        let packed = xz(&tar);
        for (bytes, told) in [
            (&tar[..], "is a tar archive"),
            (&packed, "unpacked first: tar -xf"),
            (b"PK\x03\x04...", "unzip"),
            (b"Rar!\x1a\x07\x01\x00", "is a RAR archive"),
            (b"PAR1", "is a Parquet file"),
        ] {
            let error = unpacked(bytes, &Unpacking::default()).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
    }
}

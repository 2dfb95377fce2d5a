//! Opening files that may be compressed: told by their first bytes, not by their names.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use flate2::read::MultiGzDecoder;

/// The first two bytes of a gzip file (RFC 1952, section 2.3.1).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Bytes that are read from a file at once.
const BLOCK: usize = 1 << 16;

/// Opens a file; gzip is told by its first bytes, not by its name.
pub(crate) fn open(path: &Path) -> Result<Box<dyn BufRead>, String> {
    let cannot = |error| format!("cannot open {}: {error}", path.display());
    let mut file = BufReader::with_capacity(BLOCK, File::open(path).map_err(cannot)?);
    if file.fill_buf().map_err(cannot)?.starts_with(&GZIP_MAGIC) {
        let unpacked = MultiGzDecoder::new(file);
        return Ok(Box::new(BufReader::with_capacity(BLOCK, unpacked)));
    }
    Ok(Box::new(file))
}

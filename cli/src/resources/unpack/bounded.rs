//! Readers that count: how many bytes were read, and how many they became.

use std::cell::Cell;
use std::io::{self, ErrorKind, Read};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use super::{MOST_RATIO, MOST_UNPACKED, RATIO_FREE};

/// A reader that counts its bytes where others can see.
pub(super) struct Counted<R> {
    inner: R,
    bytes: Rc<Cell<u64>>,
}

impl<R> Counted<R> {
    pub(super) fn new(inner: R) -> (Self, Rc<Cell<u64>>) {
        let bytes = Rc::new(Cell::new(0));
        let counted = Self {
            inner,
            bytes: Rc::clone(&bytes),
        };
        (counted, bytes)
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.bytes.set(self.bytes.get() + length(count));
        Ok(count)
    }
}

/// The output of a decoder, which ends in an error beyond the limits.
pub(super) struct Bounded {
    pub(super) decoder: Box<dyn Read>,
    /// How the file is compressed, for messages.
    pub(super) packing: &'static str,
    /// Bytes of the file that were read.
    pub(super) packed_bytes: Rc<Cell<u64>>,
    pub(super) unpacked_bytes: u64,
    /// The limit that was asked for.
    pub(super) limit: Option<u64>,
    /// Set when a limit was met.
    pub(super) was_met: Arc<AtomicBool>,
}

impl Bounded {
    /// Which limit is exceeded.
    fn excess(&self) -> Option<String> {
        let limit = self.limit.unwrap_or(MOST_UNPACKED);
        if self.unpacked_bytes > limit {
            return Some(format!("unpacks to more than {limit} bytes, the limit"));
        }
        let packed = self.packed_bytes.get();
        let is_dense = self.unpacked_bytes > packed.saturating_mul(MOST_RATIO);
        if self.limit.is_none() && self.unpacked_bytes > RATIO_FREE && is_dense {
            return Some(format!(
                "{packed} bytes unpack to more than {MOST_RATIO} times as many, the limit beyond {} MiB",
                RATIO_FREE >> 20
            ));
        }
        None
    }
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let named = |error: io::Error| {
            let what = if error.kind() == ErrorKind::OutOfMemory {
                "needs a window of more than 128 MiB".to_owned()
            } else {
                error.to_string()
            };
            io::Error::new(error.kind(), format!("{}: {what}", self.packing))
        };
        let count = self.decoder.read(buffer).map_err(named)?;
        self.unpacked_bytes += length(count);
        if let Some(excess) = self.excess() {
            self.was_met.store(true, Relaxed);
            let what = format!("{}: {excess}", self.packing);
            return Err(io::Error::new(ErrorKind::FileTooLarge, what));
        }
        Ok(count)
    }
}

fn length(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

//! Rows on their way from the engine, which tells them in any order, to a file, which has one.
//!
//! Each function of each replication has a chunk: bytes in memory, and beyond a share of the limit,
//! stretches of one unnamed file in the folder of results, which the system removes whatever happens
//! to the process. A chunk can be thrown away, when what was told turns out not to hold.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use frostline_models::math::index;

/// Bytes that all chunks together keep in memory.
const MEMORY: usize = 64 << 20;

/// Bytes that one chunk keeps in memory.
const SHARE_MAX: usize = 1 << 16;
const SHARE_MIN: usize = 256;

/// The chunks of all functions and replications.
pub(super) struct Spool {
    folder: PathBuf,
    replications: u32,
    share: usize,
    chunks: Vec<Mutex<Chunk>>,
    file: Mutex<Option<File>>,
    /// Why the file could not be written, if so.
    failure: Mutex<Option<io::Error>>,
    has_failed: AtomicBool,
}

#[derive(Debug, Default)]
struct Chunk {
    /// Stretches of the file: where, and how many bytes.
    stretches: Vec<(u64, usize)>,
    rest: Vec<u8>,
}

impl Spool {
    /// Empty chunks, with what does not fit into memory in `folder`.
    pub(super) fn new(folder: PathBuf, functions: usize, replications: u32) -> Self {
        let chunks = functions * index(replications);
        Self {
            folder,
            replications,
            share: (MEMORY / chunks.max(1)).clamp(SHARE_MIN, SHARE_MAX),
            chunks: (0..chunks).map(|_| Mutex::default()).collect(),
            file: Mutex::new(None),
            failure: Mutex::new(None),
            has_failed: AtomicBool::new(false),
        }
    }

    fn chunk(&self, replication: u32, function: u32) -> MutexGuard<'_, Chunk> {
        let place = index(function) * index(self.replications) + index(replication);
        locked(&self.chunks[place])
    }

    /// Adds a row, whose bytes `write` appends.
    pub(super) fn push(&self, replication: u32, function: u32, write: impl FnOnce(&mut Vec<u8>)) {
        let mut chunk = self.chunk(replication, function);
        write(&mut chunk.rest);
        if chunk.rest.len() < self.share {
            return;
        }
        match self.store(&chunk.rest) {
            Ok(at) => {
                let length = chunk.rest.len();
                chunk.stretches.push((at, length));
            }
            Err(error) => {
                locked(&self.failure).get_or_insert(error);
                self.has_failed.store(true, Ordering::Relaxed);
            }
        }
        chunk.rest.clear();
    }

    /// Throws the rows of a chunk away.
    pub(super) fn clear(&self, replication: u32, function: u32) {
        *self.chunk(replication, function) = Chunk::default();
    }

    /// Whether rows were lost.
    pub(super) fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Relaxed)
    }

    /// Why rows were lost, if they were.
    pub(super) fn take_failure(&self) -> Option<io::Error> {
        locked(&self.failure).take()
    }

    /// Appends bytes to the file; where they begin.
    fn store(&self, bytes: &[u8]) -> io::Result<u64> {
        let mut file = locked(&self.file);
        let file = match &mut *file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile_in(&self.folder)?),
        };
        let at = file.seek(SeekFrom::End(0))?;
        file.write_all(bytes)?;
        Ok(at)
    }

    /// Reads all chunks, by function, then replication: `read` gets whole rows.
    ///
    /// # Errors
    /// When the file cannot be read, or as `read`.
    pub(super) fn read(
        &self,
        mut read: impl FnMut(u32, u32, &[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut bytes = Vec::new();
        for (place, chunk) in (0..).zip(&self.chunks) {
            let (function, replication) = (place / self.replications, place % self.replications);
            let chunk = locked(chunk);
            for &(at, length) in &chunk.stretches {
                bytes.resize(length, 0);
                if let Some(file) = &mut *locked(&self.file) {
                    file.seek(SeekFrom::Start(at))?;
                    file.read_exact(&mut bytes)?;
                }
                read(replication, function, &bytes)?;
            }
            read(replication, function, &chunk.rest)?;
        }
        Ok(())
    }
}

/// A thread that panicked ends the run; its rows are read by nobody.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Appends a number in the base-128 form of Protocol Buffers (LEB128): small ones take a byte.
pub(super) fn pack(mut value: u128, bytes: &mut Vec<u8>) {
    while let Ok(byte) = u8::try_from(value & 0x7f) {
        value >>= 7;
        if value == 0 {
            bytes.push(byte);
            return;
        }
        bytes.push(byte | 0x80);
    }
}

/// Takes a number off the front.
pub(super) fn unpack(bytes: &mut &[u8]) -> u128 {
    let mut value = 0;
    let mut shift = 0;
    while let Some((byte, rest)) = bytes.split_first() {
        *bytes = rest;
        value |= u128::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            break;
        }
    }
    value
}

/// As [`unpack`], of a number that had 64 bits.
pub(super) fn unpack_word(bytes: &mut &[u8]) -> u64 {
    u64::try_from(unpack(bytes)).expect("because it was packed as one")
}

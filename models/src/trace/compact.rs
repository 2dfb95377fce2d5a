//! The compact form of a trace: everything that a [`Trace`](super::Trace) holds in few bytes,
//! written once and read at a fraction of the time that tables of text take.
//!
//! # Layout, version 1
//!
//! ```text
//! 89 46 4c 54 52 0d 0a 1a   the mark (as PNG's: it does not survive a change of line ends)
//! 01                        the version
//! ┌ length      4 bytes     bytes of the content that follow, 1 to 65,536
//! │ content
//! └ checksum    4 bytes     of mark, version and all content up to here
//! …                         more blocks
//! 00 00 00 00   checksum    the end
//! ```
//!
//! All numbers have their lowest byte first. The checksum is CRC-32 (RFC 1952, section 8), which goes
//! on from block to block: a block that is damaged, missing or in another's place is found before
//! anything of it is used. A *number* of the content is in LEB128 ([`crate::packed`]), a *word* takes
//! 8 bytes, a *text* is the number of its bytes and UTF-8. The content is:
//!
//! | what | how |
//! |---|---|
//! | format, recorded span | text, number of nanoseconds |
//! | assumptions | their number, texts |
//! | functions | their number, then one after the other |
//! | all requests | number, for comparison |
//!
//! | of a function | how |
//! |---|---|
//! | name | text |
//! | what is there | a byte: 1 trigger, 2 duration, 4 memory, 8 init, 16 single requests (else counts) |
//! | trigger | number of an earlier one, or the next number and the text |
//! | duration | law |
//! | memory | number of MiB |
//! | init | number of phases, then the place of each in [`Phase::ALL`](crate::init::Phase::ALL) and its law |
//! | counts | number of nanoseconds an interval, a byte for the placement (0 uniform, 1 equidistant, 2 minute-start), number of cells; of a cell 2 · (count − 1) + (1 if intervals without requests lie before it, whose number less 1 follows) |
//! | single requests | their number, a byte (1 durations, 2 replayed, 4 cold starts), nanoseconds since the one before, durations, a bit each for cold starts from the lowest on |
//!
//! A law is a byte for its kind and its parameters as words: 0 constant, 1 exponential, 2 uniform,
//! 3 log-normal (median, σ), 4 gamma, 5 Weibull, 6 Pareto, 7 log-logistic (shape, scale), 8 shifted
//! log-normal. 9 is a table of quantiles: the number of an earlier list of probabilities, or the next
//! number, how many and words; then the nanoseconds of the first value, and what each adds. 10 is a
//! mixture: how many, then a word for the weight and a law.
//!
//! ```
//! use frostline_models::arrival::Placement;
//! use frostline_models::trace::{Table, azure2019, compact};
//!
//! let mut rows = "HashOwner,HashApp,HashFunction,Trigger,1,2,3\no,a,f,http,0,2,1\n".as_bytes();
//! let invocations = Table { name: "invocations.csv", lines: &mut rows };
//! let tables = azure2019::Tables { invocations, durations: None, memory: None };
//! let trace = azure2019::read(tables, Placement::Uniform)?;
//! let mut bytes = Vec::new();
//! compact::write(&trace, &mut bytes)?;
//! let again = compact::read(Table { name: "day.fltrace", lines: &mut bytes.as_slice() })?;
//! assert_eq!(again, trace);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod blocks;
mod checksum;
mod laws;
mod reader;
mod writer;

pub use reader::read;
pub use writer::write;

/// The name of the format in scenario files and on the command line.
pub const FORMAT: &str = "frostline";

/// How a file begins.
pub const MARK: [u8; 8] = *b"\x89FLTR\r\n\x1a";

/// The version of the layout that is written, and the only one that is read.
pub const VERSION: u8 = 1;

/// The most cells of all functions: as many minutes have [`super::MOST_FUNCTIONS`] in a day.
pub const MOST_CELLS: u64 = 1_440_000_000;

/// The most points of all laws together.
pub const MOST_POINTS: u64 = 100_000_000;

/// The most assumptions.
const MOST_ASSUMPTIONS: u64 = 1_000;

/// The longest assumption, in bytes.
const LONGEST_ASSUMPTION: usize = 10_000;

/// The most phases of an init: more than there are kinds of.
const MOST_PHASES: u64 = 64;

/// What is there of a function.
const TRIGGER: u8 = 1;
const DURATION: u8 = 2;
const MEMORY: u8 = 4;
const INIT: u8 = 8;
const RECORDED: u8 = 16;

/// What is there of single requests.
const DURATIONS: u8 = 1;
const REPLAYED: u8 = 2;
const COLD: u8 = 4;

/// The kinds of laws whose length varies.
const QUANTILES: u8 = 9;
const MIXTURE: u8 = 10;

/// A compact trace that could not be read: where, what stands there, and what should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}, byte {byte}: {what}, expected {expected}")]
pub struct CompactError {
    /// The file, as the caller named it.
    pub file: String,
    /// The place in the unpacked file, from 0.
    pub byte: u64,
    /// What was found, a lower-case fragment.
    pub what: String,
    /// What would have been accepted.
    pub expected: String,
}

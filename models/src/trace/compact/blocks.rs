//! Content in blocks that each carry a checksum.

use std::io::{self, BufRead, ErrorKind, Write};

use super::checksum::Checksum;
use super::{CompactError, MARK, VERSION};
use crate::math::{wide_index, word};

/// The most bytes of a block's content.
const BLOCK: usize = 1 << 16;

const MORE: u8 = 0x80;
const BITS: u32 = 7;

/// Writes content.
pub(super) struct BlockWriter<'a> {
    sink: &'a mut dyn Write,
    buffer: Vec<u8>,
    checksum: Checksum,
}

impl<'a> BlockWriter<'a> {
    pub(super) fn new(sink: &'a mut dyn Write) -> io::Result<Self> {
        let head = head();
        sink.write_all(&head)?;
        Ok(Self {
            sink,
            buffer: Vec::with_capacity(BLOCK),
            checksum: Checksum::of(&head),
        })
    }

    #[inline]
    pub(super) fn byte(&mut self, byte: u8) -> io::Result<()> {
        self.buffer.push(byte);
        if self.buffer.len() == BLOCK {
            self.flush()?;
        }
        Ok(())
    }

    /// A number in LEB128.
    #[inline]
    pub(super) fn number(&mut self, mut number: u64) -> io::Result<()> {
        while number >= u64::from(MORE) {
            self.byte(number.to_le_bytes()[0] | MORE)?;
            number >>= BITS;
        }
        self.byte(number.to_le_bytes()[0])
    }

    /// Eight bytes.
    pub(super) fn word(&mut self, word: u64) -> io::Result<()> {
        word.to_le_bytes()
            .into_iter()
            .try_for_each(|byte| self.byte(byte))
    }

    pub(super) fn text(&mut self, text: &str) -> io::Result<()> {
        self.number(word(text.len()))?;
        text.bytes().try_for_each(|byte| self.byte(byte))
    }

    /// Writes what is left, and the end.
    pub(super) fn finish(mut self) -> io::Result<()> {
        if !self.buffer.is_empty() {
            self.flush()?;
        }
        self.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.checksum.add(&self.buffer);
        let length = crate::math::slot(self.buffer.len());
        self.sink.write_all(&length.to_le_bytes())?;
        self.sink.write_all(&self.buffer)?;
        self.buffer.clear();
        self.sink.write_all(&self.checksum.value().to_le_bytes())
    }
}

/// Reads content; nothing of a block is given out before its checksum was compared.
pub(super) struct BlockReader<'a> {
    file: &'a str,
    reader: &'a mut dyn BufRead,
    buffer: Vec<u8>,
    place: usize,
    /// Where in the file the buffer's first byte stands.
    start: u64,
    /// How many bytes of the file were read.
    read: u64,
    checksum: Checksum,
}

impl<'a> BlockReader<'a> {
    /// # Errors
    /// When the file does not begin as it should, or has another version.
    pub(super) fn new(file: &'a str, reader: &'a mut dyn BufRead) -> Result<Self, CompactError> {
        let mut blocks = Self {
            file,
            reader,
            buffer: Vec::new(),
            place: 0,
            start: 0,
            read: 0,
            checksum: Checksum::of(&head()),
        };
        let mut mark = [0; MARK.len()];
        let is_whole = blocks.fill(&mut mark);
        if mark != MARK {
            blocks.read = 0;
            let what = "something else than a compact trace".to_owned();
            return Err(blocks.error_behind(what, "a file of `frostline trace convert`"));
        }
        is_whole?;
        let mut version = [0];
        blocks.fill(&mut version)?;
        if version != [VERSION] {
            blocks.read -= 1;
            let what = format!("version {} of the compact form", version[0]);
            return Err(blocks.error_behind(what, &format!("version {VERSION}")));
        }
        Ok(blocks)
    }

    #[inline]
    pub(super) fn byte(&mut self) -> Result<u8, CompactError> {
        if self.place == self.buffer.len() {
            self.next_block()?;
        }
        // A block that was read is not empty.
        let byte = self.buffer.get(self.place).copied().unwrap_or_default();
        self.place += 1;
        Ok(byte)
    }

    /// A number in LEB128.
    ///
    /// # Errors
    /// When it exceeds 64 bits.
    #[inline]
    pub(super) fn number(&mut self) -> Result<u64, CompactError> {
        let first = self.byte()?;
        if first & MORE == 0 {
            return Ok(u64::from(first));
        }
        let mut number = u64::from(first & !MORE);
        let mut shift = BITS;
        loop {
            let byte = self.byte()?;
            let bits = u64::from(byte & !MORE);
            if shift >= u64::BITS || bits << shift >> shift != bits {
                return Err(self.error("a number of more than 64 bits", "a smaller one"));
            }
            number |= bits << shift;
            if byte & MORE == 0 {
                return Ok(number);
            }
            shift += BITS;
        }
    }

    /// A number that must not exceed `most`; `what` says what it counts.
    pub(super) fn number_up_to(&mut self, most: u64, what: &str) -> Result<u64, CompactError> {
        let number = self.number()?;
        if number <= most {
            return Ok(number);
        }
        Err(self.error(&format!("{number} {what}"), &format!("at most {most}")))
    }

    /// Eight bytes.
    pub(super) fn word(&mut self) -> Result<u64, CompactError> {
        let mut bytes = [0; 8];
        for byte in &mut bytes {
            *byte = self.byte()?;
        }
        Ok(u64::from_le_bytes(bytes))
    }

    /// A text of at most `longest` bytes without control characters.
    pub(super) fn text(&mut self, longest: usize, what: &str) -> Result<String, CompactError> {
        let length = self.number_up_to(word(longest), &format!("bytes of {what}"))?;
        let mut bytes = Vec::with_capacity(wide_index(length));
        for _ in 0..length {
            bytes.push(self.byte()?);
        }
        let text = String::from_utf8(bytes).ok();
        text.filter(|text| !text.contains(char::is_control))
            .ok_or_else(|| self.error(&format!("{what} that is no text"), "UTF-8, printable"))
    }

    /// That the content ends here, and the file too.
    pub(super) fn finish(mut self) -> Result<(), CompactError> {
        if self.place < self.buffer.len() {
            return Err(self.error("more content", "the end of it"));
        }
        if self.block()? {
            return Err(self.error("a further block", "the end of the content"));
        }
        let rest = self.reader.fill_buf().map(<[u8]>::is_empty);
        match rest {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.error_behind("more bytes".to_owned(), "the end of the file")),
            Err(error) => Err(self.unreadable(&error)),
        }
    }

    /// An error at the place that was read last.
    #[cold]
    pub(super) fn error(&self, what: &str, expected: &str) -> CompactError {
        CompactError {
            file: self.file.to_owned(),
            byte: self.start + word(self.place),
            what: what.to_owned(),
            expected: expected.to_owned(),
        }
    }

    #[cold]
    fn next_block(&mut self) -> Result<(), CompactError> {
        if self.block()? {
            return Ok(());
        }
        let what = "the end of the content".to_owned();
        Err(self.error_behind(what, "more of it"))
    }

    /// Reads a block; `false` for the end.
    fn block(&mut self) -> Result<bool, CompactError> {
        let mut length = [0; 4];
        self.fill(&mut length)?;
        let length = crate::math::index(u32::from_le_bytes(length));
        if length > BLOCK {
            self.read -= 4;
            let what = format!("a block of {length} bytes");
            return Err(self.error_behind(what, &format!("at most {BLOCK}")));
        }
        self.start = self.read;
        self.place = 0;
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.resize(length, 0);
        self.fill(&mut buffer)?;
        self.buffer = buffer;
        self.checksum.add(&self.buffer);
        let mut told = [0; 4];
        self.fill(&mut told)?;
        let (told, found) = (u32::from_le_bytes(told), self.checksum.value());
        if told != found {
            self.read -= 4;
            let what = format!("content with the checksum {found:08x} before it");
            return Err(self.error_behind(what, &format!("{told:08x}: the file is damaged")));
        }
        Ok(length > 0)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), CompactError> {
        let mut filled = 0;
        while filled < bytes.len() {
            match self.reader.read(&mut bytes[filled..]) {
                Ok(0) => {
                    let what = "the end of the file".to_owned();
                    return Err(self.error_behind(what, "more: it was cut short"));
                }
                Ok(count) => {
                    filled += count;
                    self.read += word(count);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.unreadable(&error)),
            }
        }
        Ok(())
    }

    #[cold]
    fn unreadable(&self, error: &io::Error) -> CompactError {
        let what = format!("the file cannot be read ({error})");
        self.error_behind(what, "a whole, undamaged file")
    }

    /// An error behind what was read of the file.
    #[cold]
    fn error_behind(&self, what: String, expected: &str) -> CompactError {
        CompactError {
            file: self.file.to_owned(),
            byte: self.read,
            what,
            expected: expected.to_owned(),
        }
    }
}

/// Mark and version.
fn head() -> [u8; MARK.len() + 1] {
    let mut head = [VERSION; MARK.len() + 1];
    head[..MARK.len()].copy_from_slice(&MARK);
    head
}

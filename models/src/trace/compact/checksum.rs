//! CRC-32 as in gzip and PNG (RFC 1952, section 8; ISO 3309), eight bytes at a time.

/// The reversed polynomial x³² + x²⁶ + x²³ + … + 1.
const POLYNOMIAL: u32 = 0xedb8_8320;

/// `TABLES[n][byte]` is what a byte does to the checksum when n more bytes follow it.
const TABLES: [[u32; 256]; 8] = tables();

/// The checksum of what was added so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Checksum {
    state: u32,
}

impl Checksum {
    /// The checksum of these bytes.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut checksum = Self { state: u32::MAX };
        checksum.add(bytes);
        checksum
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        let (eights, rest) = bytes.as_chunks::<8>();
        for eight in eights {
            let first = self.state.to_le_bytes();
            let mut state = 0;
            for (place, byte) in eight.iter().enumerate() {
                let mixed = byte ^ first.get(place).copied().unwrap_or(0);
                state ^= TABLES[7 - place][usize::from(mixed)];
            }
            self.state = state;
        }
        for byte in rest {
            let mixed = self.state.to_le_bytes()[0] ^ byte;
            self.state = TABLES[0][usize::from(mixed)] ^ (self.state >> 8);
        }
    }

    pub(super) fn value(self) -> u32 {
        !self.state
    }
}

const fn tables() -> [[u32; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let (mut place, mut byte) = (0, 0_u32);
    while place < 256 {
        let mut state = byte;
        let mut bit = 0;
        while bit < 8 {
            let mask = if state & 1 == 1 { POLYNOMIAL } else { 0 };
            state = (state >> 1) ^ mask;
            bit += 1;
        }
        tables[0][place] = state;
        place += 1;
        byte += 1;
    }
    let mut more = 1;
    while more < 8 {
        let mut place = 0;
        while place < 256 {
            let before: u32 = tables[more - 1][place];
            // The index is a byte: there is no other way to write it in a constant.
            let mut low = 0_usize;
            let mut bit = 0;
            while bit < 8 {
                if before >> bit & 1 == 1 {
                    low |= 1 << bit;
                }
                bit += 1;
            }
            tables[more][place] = (before >> 8) ^ tables[0][low];
            place += 1;
        }
        more += 1;
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_check_value_comes_out_however_the_bytes_are_cut() {
        // The check value of CRC-32/ISO-HDLC in G. Cook's catalogue of CRC algorithms.
        for cut in 0..=9 {
            let (first, second) = b"123456789".split_at(cut);
            let mut checksum = Checksum::of(first);
            checksum.add(second);
            assert_eq!(checksum.value(), 0xcbf4_3926);
        }
        assert_eq!(Checksum::of(b"").value(), 0);
    }
}

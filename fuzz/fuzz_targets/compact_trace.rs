//! Any bytes are either a compact trace or an error with its place, never a panic. What was read is
//! written and read again as it was. As mutations seldom guess a checksum, bytes are also taken as the
//! content of a block that is sound.
#![no_main]

use frostline_models::trace::Table;
use frostline_models::trace::compact::{MARK, VERSION, read, write};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    let content = &bytes[..bytes.len().min(1 << 16)];
    if content.is_empty() {
        return;
    }
    let mut file = MARK.to_vec();
    file.push(VERSION);
    let mut checked = file.clone();
    checked.extend(content);
    let checksum = crc(&checked).to_le_bytes();
    file.extend(u32::try_from(content.len()).unwrap_or(0).to_le_bytes());
    file.extend(content);
    file.extend(checksum);
    file.extend([0; 4]);
    file.extend(checksum);
    check(&file);
});

fn check(mut bytes: &[u8]) {
    let table = Table {
        name: "fuzz",
        lines: &mut bytes,
    };
    match read(table) {
        Ok(trace) => {
            let mut again = Vec::new();
            write(&trace, &mut again).expect("what was read can be written");
            let table = Table {
                name: "again",
                lines: &mut again.as_slice(),
            };
            assert_eq!(read(table).as_ref(), Ok(&trace));
        }
        Err(error) => assert!(error.to_string().starts_with("fuzz, byte ")),
    }
}

/// CRC-32, bit by bit.
fn crc(bytes: &[u8]) -> u32 {
    let mut state = u32::MAX;
    for byte in bytes {
        state ^= u32::from(*byte);
        for _ in 0..8 {
            let mask = if state & 1 == 1 { 0xedb8_8320 } else { 0 };
            state = (state >> 1) ^ mask;
        }
    }
    !state
}

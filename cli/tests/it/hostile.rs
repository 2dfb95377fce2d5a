//! Hostile files of every format: an error with file and line, exit code 2, memory that does not grow,
//! and nothing written. A new format joins by a row in [`inputs::INPUTS`].
#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::{TempDir, tempdir};

use inputs::{INPUTS, Input};
use packings::{PACKINGS, gzip};

pub(crate) mod inputs;
mod packings;

/// Address space that a command may take, in KiB: windows of decoders and what stacks reserve are in it.
const MOST_MEMORY: u32 = 1 << 20;

/// Runs a command of an input, with `--out out`, under the limit of memory.
fn run(folder: &Path, input: &Input) -> Output {
    run_with(folder, input, &[])
}

fn run_with(folder: &Path, input: &Input, more: &[&str]) -> Output {
    let binary = assert_cmd::cargo::cargo_bin("frostline");
    let mut command = Command::new("sh");
    let script = format!("ulimit -v {MOST_MEMORY} && exec \"$0\" \"$@\"");
    command
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .args(["-c", &script])
        .arg(binary)
        .args(input.arguments)
        .args(more)
        .args(["--threads", "1"]);
    command.output().unwrap()
}

/// A folder with the file of an input.
fn written(input: &Input, bytes: &[u8]) -> TempDir {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join(input.file), bytes).unwrap();
    folder
}

/// Asserts that these bytes are refused as they should: `told` stands in the message.
fn refused(input: &Input, bytes: &[u8], told: &str) {
    let folder = written(input, bytes);
    let output = run(folder.path(), input);
    let message = String::from_utf8_lossy(&output.stderr);
    let case = format!("{}, {told}: {message}", input.file);
    assert_eq!(output.status.code(), Some(2), "{case}");
    assert!(message.contains(told), "{case}");
    assert!(message.starts_with("error"), "{case}");
    assert!(message.len() < 4_000, "{case}");
    assert!(output.stdout.is_empty(), "{case}");
    let names = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(names, 1, "nothing was written: {case}");
}

/// The bytes with each `from` replaced.
fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut result = Vec::new();
    let mut rest = bytes;
    let mut found = false;
    while !rest.is_empty() {
        if rest.starts_with(from) {
            result.extend(to);
            rest = &rest[from.len()..];
            found = true;
        } else {
            result.push(rest[0]);
            rest = &rest[1..];
        }
    }
    assert!(found, "{} is in the text", String::from_utf8_lossy(from));
    result
}

#[test]
fn sound_files_are_read_plain_and_in_every_packing() {
    for input in &INPUTS {
        let text = input.text.as_bytes();
        let plain = run(written(input, text).path(), input);
        let message = String::from_utf8_lossy(&plain.stderr);
        assert_eq!(plain.status.code(), Some(0), "{}: {message}", input.file);
        for (name, pack) in PACKINGS.iter().filter(|_| input.is_unpacked) {
            let packed = run(written(input, &pack(text)).path(), input);
            let message = String::from_utf8_lossy(&packed.stderr);
            let case = format!("{} in {name}: {message}", input.file);
            assert_eq!(packed.status.code(), Some(0), "{case}");
            assert_eq!(packed.stdout, plain.stdout, "{case}");
        }
    }
}

#[test]
fn line_ends_may_be_mixed() {
    for input in &INPUTS {
        let text = input.text.as_bytes();
        let plain = run(written(input, text).path(), input);
        let mut mixed = Vec::new();
        for (number, line) in input.text.lines().enumerate() {
            mixed.extend(line.as_bytes());
            mixed.extend(if number % 2 == 0 { "\r\n" } else { "\n" }.as_bytes());
        }
        let read = run(written(input, &mixed).path(), input);
        let message = String::from_utf8_lossy(&read.stderr);
        assert_eq!(read.status.code(), Some(0), "{}: {message}", input.file);
        assert_eq!(read.stdout, plain.stdout, "{}", input.file);
    }
}

#[test]
fn values_that_cannot_be_are_told_with_their_line() {
    for input in &INPUTS {
        for (from, to, line) in input.hostile {
            let bytes = replaced(input.text.as_bytes(), from.as_bytes(), to);
            refused(input, &bytes, &format!("{}:{line}", input.file));
        }
    }
}

#[test]
fn empty_files_and_lines_of_a_million_columns_are_refused() {
    for input in &INPUTS {
        refused(input, b"", input.file);
        let line = "1,".repeat(1_000_000);
        let header = input.text.lines().next().unwrap();
        let wide = match input.wide_line {
            1 => format!("{line}\n{}", input.text),
            _ => format!("{header}\n{line}\n"),
        };
        let told = match input.wide_line {
            0 => "expected".to_owned(),
            line => format!("{}:{line}", input.file),
        };
        refused(input, wide.as_bytes(), &told);
    }
}

#[test]
fn files_that_were_cut_short_are_told_with_line_and_packing() {
    for input in INPUTS.iter().filter(|input| input.is_unpacked) {
        for (name, pack) in PACKINGS {
            let packed = pack(input.text.as_bytes());
            for length in [packed.len() / 2, packed.len() - 1] {
                let told = format!("the file cannot be read ({name}: ");
                refused(input, &packed[..length], &told);
                refused(input, &packed[..length], &format!("{}:", input.file));
            }
        }
    }
}

/// 80 MiB of line breaks in some 100 kB: blank lines are left out everywhere, so that nothing but the
/// limit ends them.
#[test]
fn decompression_bombs_are_refused_with_what_to_type() {
    for input in INPUTS.iter().filter(|input| input.is_unpacked) {
        for (name, pack) in PACKINGS {
            let member = pack(&b"\n".repeat(1 << 20));
            let mut bomb = pack(input.text.as_bytes());
            for _ in 0..80 {
                bomb.extend(&member);
            }
            assert!(bomb.len() < 200_000, "{name}: {}", bomb.len());
            refused(input, &bomb, input.bomb);
        }
    }
    let input = &INPUTS[0];
    let folder = written(input, &gzip(input.text.as_bytes()));
    let output = run_with(folder.path(), input, &["--unpack-limit", "20 B"]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("more than 20 bytes, the limit"), "{told}");
    assert!(told.contains("--unpack-limit 200GiB"), "{told}");
}

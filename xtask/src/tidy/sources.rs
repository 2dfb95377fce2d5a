//! Source files: their length and names, `unsafe`, notes to self, and paths of someone's machine.

use std::path::Path;

use super::{Fault, SourceFile};

/// Lines of a source file at most.
const LINES_MAX: usize = 600;

/// The files that may hold `unsafe` code.
const UNSAFE_FILES: [&str; 2] = ["bench-harness/src/spawn.rs", "sim/src/dispatch.rs"];

/// Where people's files and temporary ones lie. Split, so that this file does not accuse itself.
const MACHINE_PATHS: [&str; 6] = [
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Use", "rs/"),
    concat!("/wo", "rk/"),
    concat!("/tm", "p/"),
    concat!("C:\\Use", "rs\\"),
];

pub(super) fn check(files: &[SourceFile], faults: &mut Vec<Fault>) {
    for file in files {
        if Path::new(&file.path).extension().is_some_and(|e| e == "rs") {
            check_rust(file, faults);
        }
        for (index, line) in file.text.lines().enumerate() {
            if let Some(path) = machine_path(line) {
                let message = format!("`{path}` is a path of one machine");
                faults.push(file.fault(index + 1, message));
            }
        }
    }
}

fn check_rust(file: &SourceFile, faults: &mut Vec<Fault>) {
    let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
    if name == "mod.rs" {
        let message = format!("modules are named after what they hold: move this to `{folder}.rs`");
        faults.push(file.fault(1, message));
    }
    let lines = file.text.lines().count();
    if lines > LINES_MAX {
        let message = format!("{lines} lines: split the file, {LINES_MAX} are the most");
        faults.push(file.fault(LINES_MAX + 1, message));
    }
    let may_be_unsafe = UNSAFE_FILES.contains(&file.path.as_str());
    for (index, line) in file.text.lines().enumerate() {
        let (code, comment) = split_comment(line);
        if !may_be_unsafe && words(&code).any(|word| word == "unsafe") {
            let message = format!("`unsafe` stands only in {}", UNSAFE_FILES.join(" and "));
            faults.push(file.fault(index + 1, message));
        }
        if let Some(message) = note_without_reason(comment) {
            faults.push(file.fault(index + 1, message));
        }
    }
}

/// The code of a line without what stands in its string literals, and its comment. Literals that
/// span lines are taken for code, which errs on the side of a false alarm.
fn split_comment(line: &str) -> (String, &str) {
    let mut code = String::new();
    let mut in_string = false;
    let mut escaped = false;
    for (at, character) in line.char_indices() {
        if in_string {
            in_string = escaped || character != '"';
            escaped = !escaped && character == '\\';
        } else if line[at..].starts_with("//") {
            return (code, &line[at..]);
        } else {
            in_string = character == '"' && !code.ends_with('\'');
            code.push(character);
        }
    }
    (code, "")
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
}

/// A note to self must say after a colon why it stands there.
fn note_without_reason(comment: &str) -> Option<String> {
    for note in [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
    ] {
        let Some(at) = comment.find(note) else {
            continue;
        };
        let reason = comment[at + note.len()..].strip_prefix(':');
        if reason.is_none_or(|reason| reason.split_whitespace().count() < 3) {
            return Some(format!("`{note}` needs its reason: `{note}: because …`"));
        }
    }
    None
}

/// The path of a machine that a line holds, if any. A folder of that name inside a longer path or
/// an address is none.
fn machine_path(line: &str) -> Option<&'static str> {
    MACHINE_PATHS.into_iter().find(|path| {
        line.match_indices(path).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            before.is_none_or(|c| !(c.is_alphanumeric() || "._-/}$~*".contains(c)))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{file, shown};
    use super::*;

    fn faults_of(path: &str, text: &str) -> Vec<String> {
        let mut faults = Vec::new();
        check(&[file(path, text)], &mut faults);
        shown(&faults)
    }

    #[test]
    fn unsafe_code_has_its_files() {
        let text = "fn f() {\n    unsafe { g() }\n}\n";
        assert_eq!(
            faults_of("sim/src/a.rs", text),
            [
                "sim/src/a.rs:2: `unsafe` stands only in bench-harness/src/spawn.rs and sim/src/dispatch.rs"
            ]
        );
        assert!(faults_of("bench-harness/src/spawn.rs", text).is_empty());
        let fine =
            "// unsafe\nlet a = \"unsafe \\\" unsafe\"; // unsafe\n#![forbid(unsafe_code)]\n";
        assert!(faults_of("sim/src/a.rs", fine).is_empty());
    }

    #[test]
    fn files_are_short_and_named_after_what_they_hold() {
        let long = "\n".repeat(601);
        assert_eq!(
            faults_of("a/src/b.rs", &long),
            ["a/src/b.rs:601: 601 lines: split the file, 600 are the most"]
        );
        assert!(faults_of("a/src/b.rs", &long[1..]).is_empty());
        assert_eq!(
            faults_of("a/src/b/mod.rs", ""),
            ["a/src/b/mod.rs:1: modules are named after what they hold: move this to `a/src/b.rs`"]
        );
    }

    #[test]
    fn notes_say_why() {
        let note = concat!("TO", "DO");
        let bare = format!("// {note} later\n");
        assert_eq!(faults_of("a.rs", &bare).len(), 1);
        let with_reason = format!("// {note}: AWS has not published this limit.\n");
        assert!(faults_of("a.rs", &with_reason).is_empty());
        assert!(faults_of("a.rs", &format!("let a = \"{note}\";\n")).is_empty());
    }

    #[test]
    fn paths_of_a_machine_are_found() {
        let home = MACHINE_PATHS[0];
        let found = faults_of("README.md", &format!("cd\nls {home}jo\n"));
        assert_eq!(
            found,
            [format!("README.md:2: `{home}` is a path of one machine")]
        );
        let address = format!("see https://example.org{home}page\n");
        assert!(faults_of("README.md", &address).is_empty());
    }
}

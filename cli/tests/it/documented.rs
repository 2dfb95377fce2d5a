//! Every command that a page shows is run as it is shown.

use std::fs;
use std::path::PathBuf;

use crate::{frostline, stdout};

/// The commands of a page's shell blocks, each as its arguments.
fn commands(page: &str) -> Vec<Vec<String>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../docs")
        .join(page);
    let text = fs::read_to_string(path).unwrap();
    let mut is_shell = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.starts_with("```") {
            is_shell = line == "```sh";
        } else if let (true, Some(command)) = (is_shell, line.strip_prefix("frostline ")) {
            found.push(arguments(command));
        }
    }
    found
}

/// Words as a shell takes them: apart at blanks, but for what single quotes hold together.
fn arguments(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (place, part) in command.split('\'').enumerate() {
        if place % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

#[test]
fn the_commands_of_the_pages_on_decisions_run() {
    let examples = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples");
    for (page, expected) in [("comparing.md", 3), ("advice.md", 2)] {
        let commands = commands(page);
        assert_eq!(commands.len(), expected, "{page}: {commands:?}");
        for command in commands {
            let words: Vec<&str> = command.iter().map(String::as_str).collect();
            let text = stdout(&frostline(&examples, &words).code(0));
            assert!(text.contains("next: "), "{command:?}: {text}");
            let widest = text.lines().map(|line| line.chars().count()).max();
            assert!(widest <= Some(80), "{command:?}: {text}");
        }
    }
}

//! The README's commands exist: subcommands in the sources, files on disk.

use super::{Fault, SourceFile};

const README: &str = "README.md";

/// The chores of this crate, as they are typed.
const CHORES: [&str; 3] = ["tidy", "runtimes", "results"];

/// Folders of the project that a command may name a file of.
const FOLDERS: [&str; 5] = ["examples/", "docs/", "results/", "benches/", ".ci/"];

pub(super) fn check(files: &[SourceFile], faults: &mut Vec<Fault>) {
    let Some(readme) = files.iter().find(|file| file.path == README) else {
        faults.push(Fault {
            file: README.to_owned(),
            line: 1,
            message: "is missing".to_owned(),
        });
        return;
    };
    let sources: Vec<&str> = files
        .iter()
        .filter(|file| file.path.starts_with("cli/src/"))
        .map(|file| file.text.as_str())
        .collect();
    for (line, command) in commands(&readme.text) {
        let mut note = |message: String| faults.push(readme.fault(line, message));
        if let Some(name) = subcommand(&command)
            && !has_variant(&sources, name)
        {
            note(format!("`frostline {name}` is no command of cli/src"));
        }
        let chore = command.strip_prefix("cargo xtask ").map(first_word);
        if let Some(chore) = chore.filter(|chore| !CHORES.contains(chore)) {
            note(format!("`cargo xtask {chore}` does not exist"));
        }
        for path in command.split_whitespace() {
            let named = FOLDERS.iter().any(|folder| path.starts_with(folder));
            if named && !path.contains(['*', '$', '<']) && !exists(files, path) {
                note(format!("`{path}` does not exist"));
            }
        }
    }
}

/// The command lines in the README's fenced shell blocks, with their line numbers, without prompts
/// and comments.
fn commands(text: &str) -> Vec<(usize, String)> {
    let mut commands = Vec::new();
    let mut in_shell = false;
    let mut in_block = false;
    for (index, line) in text.lines().enumerate() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            in_shell = !in_block && matches!(language.trim(), "sh" | "bash" | "console");
            in_block = !in_block;
            continue;
        }
        let line = line.trim();
        let command = line.strip_prefix("$ ").unwrap_or(line);
        let command = command.split(" #").next().unwrap_or_default().trim();
        if in_shell && !command.is_empty() && !command.starts_with('#') {
            commands.push((index + 1, command.to_owned()));
        }
    }
    commands
}

/// The subcommand that a line asks of the program.
fn subcommand(command: &str) -> Option<&str> {
    let arguments = command.strip_prefix("frostline ").or_else(|| {
        command
            .strip_prefix("cargo run ")
            .and_then(|c| c.split_once("-- "))
            .map(|c| c.1)
    })?;
    let name = first_word(arguments);
    (!name.is_empty() && !name.starts_with('-')).then_some(name)
}

fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default()
}

/// Whether the command line's definition has a variant of this name: `simulate` is `Simulate`.
fn has_variant(sources: &[&str], name: &str) -> bool {
    let variant: String = name
        .split('-')
        .filter_map(|part| part.split_at_checked(1))
        .map(|(first, rest)| first.to_uppercase() + rest)
        .collect();
    sources.iter().any(|source| {
        source
            .split(|c: char| !c.is_alphanumeric())
            .any(|word| word == variant)
    })
}

fn exists(files: &[SourceFile], path: &str) -> bool {
    let folder = format!("{}/", path.trim_end_matches('/'));
    files
        .iter()
        .any(|file| file.path == path || file.path.starts_with(&folder))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{file, shown};
    use super::*;

    fn faults_of(readme: &str) -> Vec<String> {
        let files = [
            file(README, readme),
            file(
                "cli/src/main.rs",
                "enum Command { Simulate(Options), SweepMerge }",
            ),
            file("examples/checkout.toml", ""),
        ];
        let mut faults = Vec::new();
        check(&files, &mut faults);
        shown(&faults)
    }

    #[test]
    fn commands_of_the_readme_exist() {
        let fine = "```sh\n$ cargo run --release -- simulate examples/checkout.toml # first\n\
            frostline sweep-merge\ncargo xtask tidy\ncargo test --workspace\n```\n\
            ```toml\nfrostline nothing\n```\n";
        assert!(faults_of(fine).is_empty(), "{:?}", faults_of(fine));
        assert_eq!(
            faults_of("```sh\nfrostline melt examples/no.toml\ncargo xtask fly\n```\n"),
            [
                "README.md:2: `frostline melt` is no command of cli/src",
                "README.md:2: `examples/no.toml` does not exist",
                "README.md:3: `cargo xtask fly` does not exist",
            ]
        );
    }

    #[test]
    fn a_readme_is_needed() {
        let mut faults = Vec::new();
        check(&[], &mut faults);
        assert_eq!(shown(&faults), ["README.md:1: is missing"]);
    }
}

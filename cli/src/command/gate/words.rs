//! A command in one argument, taken apart as a POSIX shell does (XCU 2.2), without any expansion.

use std::ffi::OsString;

use crate::exit::Failure;

/// The words of a command.
///
/// # Errors
/// When a quotation does not end, or there is no word.
pub(super) fn split(option: &str, text: &str) -> Result<Vec<OsString>, Failure> {
    let wrong = |what: &str| {
        let help = format!("{option} 'python3 app.py', with quotes around words that hold blanks");
        Err(Failure::usage(
            format!("found `{option} {text}`, {what}"),
            help,
        ))
    };
    let mut words: Vec<String> = Vec::new();
    let mut word: Option<String> = None;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            ' ' | '\t' | '\n' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match letters.next() {
                        Some('\'') => break,
                        Some(letter) => word.push(letter),
                        None => return wrong("whose quotation ' does not end"),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match letters.next() {
                        Some('"') => break,
                        Some('\\') => match letters.next() {
                            Some(letter @ ('"' | '\\' | '$' | '`')) => word.push(letter),
                            Some('\n') => {}
                            Some(letter) => word.extend(['\\', letter]),
                            None => return wrong("whose quotation \" does not end"),
                        },
                        Some(letter) => word.push(letter),
                        None => return wrong("whose quotation \" does not end"),
                    }
                }
            }
            '\\' => match letters.next() {
                Some('\n') => {}
                Some(letter) => word.get_or_insert_default().push(letter),
                None => return wrong("which ends in a backslash"),
            },
            letter => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    if words.is_empty() {
        return wrong("which has no word");
    }
    Ok(words.into_iter().map(OsString::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_a_shell() {
        for (text, expected) in [
            ("a b", vec!["a", "b"]),
            ("  a\t b\n", vec!["a", "b"]),
            ("a 'b  c'd", vec!["a", "b  cd"]),
            ("a \"b \\\" $c \\x\"", vec!["a", "b \" $c \\x"]),
            ("a\\ b ''", vec!["a b", ""]),
        ] {
            let words = split("--base", text).expect("the words are whole");
            assert_eq!(words, expected, "{text}");
        }
        for wrong in ["", "  ", "'a", "\"a", "\"a\\", "a\\"] {
            assert!(split("--base", wrong).is_err(), "{wrong}");
        }
    }
}

//! A recommendation as commands and configuration.

use serde::Serialize;

/// The alias that the snippets name: provisioned concurrency belongs to a version or an alias.
const ALIAS: &str = "live";

/// A recommendation as commands of the AWS CLI and as Terraform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Settings {
    /// Commands of the AWS CLI, version 2.
    pub aws_cli: String,
    /// Resources of Terraform's AWS provider.
    pub terraform: String,
    /// The same in a scenario of Frostline.
    pub scenario: String,
}

impl Settings {
    /// A fixed number of provisioned instances.
    pub(super) fn fixed(function: &str, number: u32) -> Self {
        let name = shell_word(function);
        if number == 0 {
            return Self {
                aws_cli: format!(
                    "aws lambda delete-provisioned-concurrency-config --function-name {name} \\\n  \
                     --qualifier {ALIAS}\n"
                ),
                terraform: format!(
                    "# no aws_lambda_provisioned_concurrency_config for {function}\n"
                ),
                scenario: "provisioned.fixed = 0\n".to_owned(),
            };
        }
        Self {
            aws_cli: format!(
                "aws lambda put-provisioned-concurrency-config --function-name {name} \\\n  \
                 --qualifier {ALIAS} --provisioned-concurrent-executions {number}\n"
            ),
            terraform: format!(
                "resource \"aws_lambda_provisioned_concurrency_config\" \"{}\" {{\n  \
                 function_name                     = {}\n  \
                 qualifier                         = \"{ALIAS}\"\n  \
                 provisioned_concurrent_executions = {number}\n}}\n",
                identifier(function),
                hcl_string(function)
            ),
            scenario: format!("provisioned.fixed = {number}\n"),
        }
    }
}

/// A name as one word of a POSIX shell.
pub(super) fn shell_word(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=".contains(c);
    if !name.is_empty() && name.chars().all(is_plain) {
        return name.to_owned();
    }
    format!("'{}'", name.replace('\'', "'\\''"))
}

/// A name that Terraform takes for a resource.
pub(super) fn identifier(name: &str) -> String {
    let mut word: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '-' {
                c
            } else {
                '_'
            }
        })
        .collect();
    if !word.starts_with(|c: char| c.is_ascii_alphabetic()) {
        word.insert_str(0, "f_");
    }
    word
}

/// A string of Terraform's language, in which `${` and `%{` begin templates.
pub(super) fn hcl_string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted.replace("${", "$${").replace("%{", "%%{")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_quotes() {
        assert_eq!(shell_word("checkout"), "checkout");
        assert_eq!(shell_word("it's; rm -rf /"), "'it'\\''s; rm -rf /'");
        assert_eq!(hcl_string("a\"${x}"), "\"a\\\"$${x}\"");
        assert_eq!(identifier("7 up:é"), "f_7_up__");
        let settings = Settings::fixed("a b", 3);
        assert!(settings.aws_cli.contains("'a b'"));
        assert!(settings.terraform.contains("\"a_b\""));
    }
}

//! Typed access to the tables of a file, noting every fault with its place.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Diagnostic, Diagnostics, Label, Source};
use crate::units::QuantityError;

/// Collects what is wrong.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) errors: Vec<Diagnostic>,
}

impl Reader {
    /// Notes a fault and returns its help lines, to which the caller may add.
    pub(super) fn error(
        &mut self,
        code: &'static str,
        title: String,
        range: Range<usize>,
        label: &str,
    ) -> &mut Vec<String> {
        let label = Label {
            source: 0,
            range,
            text: label.to_owned(),
            primary: true,
        };
        self.errors.push(Diagnostic {
            code,
            title,
            labels: vec![label],
            help: Vec::new(),
        });
        let last = self.errors.len() - 1;
        &mut self.errors[last].help
    }

    pub(super) fn into_diagnostics(self, name: &str, text: &str) -> Diagnostics {
        Diagnostics {
            sources: vec![Source {
                name: name.to_owned(),
                text: text.to_owned(),
            }],
            errors: self.errors,
        }
    }

    pub(super) fn syntax(&mut self, error: &toml::de::Error, end: usize) {
        let range = error.span().unwrap_or(end..end);
        self.error("toml-syntax", error.message().to_owned(), range, "here");
    }

    pub(super) fn known_keys(&mut self, table: &DeTable<'_>, known: &[&str], what: &str) {
        for key in table.keys() {
            let name = key.get_ref().as_ref();
            if !known.contains(&name) {
                let title = format!("unknown key `{name}` in {what}");
                let help = format!("the keys are: {}", known.join(", "));
                self.error("unknown-key", title, key.span(), "not known here")
                    .push(help);
            }
        }
    }

    pub(super) fn missing(&mut self, key: &str, place: &Range<usize>, expected: &str) {
        let title = format!("missing key `{key}`");
        self.error("missing-key", title, place.clone(), "in this table")
            .push(format!("add `{key}`: {expected}"));
    }

    pub(super) fn wrong_type(&mut self, value: &Spanned<DeValue<'_>>, expected: &str) {
        let title = format!("expected {expected}, found {}", value.get_ref().type_str());
        self.error("wrong-type", title, value.span(), "this value");
    }

    pub(super) fn table<'a, 'i>(
        &mut self,
        table: &'a DeTable<'i>,
        key: &str,
    ) -> Option<(&'a DeTable<'i>, Range<usize>)> {
        let value = table.get(key)?;
        let found = value.get_ref().as_table();
        if found.is_none() {
            self.wrong_type(value, "a table");
        }
        found.map(|found| (found, value.span()))
    }

    pub(super) fn text(
        &mut self,
        table: &DeTable<'_>,
        key: &str,
    ) -> Option<(String, Range<usize>)> {
        let value = table.get(key)?;
        let text = value.get_ref().as_str();
        if text.is_none() {
            self.wrong_type(value, "a string");
        }
        text.map(|text| (text.to_owned(), value.span()))
    }

    pub(super) fn required_text(
        &mut self,
        table: &DeTable<'_>,
        place: &Range<usize>,
        key: &str,
    ) -> Option<(String, Range<usize>)> {
        if !table.contains_key(key) {
            self.missing(key, place, "a string");
        }
        self.text(table, key)
    }

    pub(super) fn required_flag(
        &mut self,
        table: &DeTable<'_>,
        place: &Range<usize>,
        key: &str,
    ) -> Option<bool> {
        let Some(value) = table.get(key) else {
            self.missing(key, place, "`true` or `false`");
            return None;
        };
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.wrong_type(value, "`true` or `false`");
        }
        flag
    }

    pub(super) fn required_number(
        &mut self,
        table: &DeTable<'_>,
        place: &Range<usize>,
        key: &str,
    ) -> Option<f64> {
        let Some(value) = table.get(key) else {
            self.missing(key, place, "a number");
            return None;
        };
        self.number(value)
    }

    pub(super) fn optional_number(&mut self, table: &DeTable<'_>, key: &str) -> Option<f64> {
        let value = table.get(key)?;
        self.number(value)
    }

    pub(super) fn number(&mut self, value: &Spanned<DeValue<'_>>) -> Option<f64> {
        let number = match value.get_ref() {
            DeValue::Float(float) => float.as_str().parse().ok(),
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str().parse().ok(),
            _ => None,
        };
        let number = number.filter(|number: &f64| number.is_finite());
        if number.is_none() {
            self.wrong_type(value, "a finite number");
        }
        number
    }

    pub(super) fn required_count(
        &mut self,
        table: &DeTable<'_>,
        place: &Range<usize>,
        key: &str,
    ) -> Option<u64> {
        let Some(value) = table.get(key) else {
            self.missing(key, place, "a whole number");
            return None;
        };
        let count = value
            .get_ref()
            .as_integer()
            .filter(|integer| integer.radix() == 10)
            .and_then(|integer| integer.as_str().parse().ok());
        if count.is_none() {
            self.wrong_type(value, "a whole number");
        }
        count
    }

    /// A string with a unit, read by `parse`.
    pub(super) fn quantity<T>(
        &mut self,
        table: &DeTable<'_>,
        place: &Range<usize>,
        key: &str,
        parse: fn(&str) -> Result<T, QuantityError>,
    ) -> Option<T> {
        let Some(value) = table.get(key) else {
            self.missing(key, place, "a quantity with its unit");
            return None;
        };
        self.quantity_value(value, parse)
    }

    pub(super) fn quantity_value<T>(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        parse: fn(&str) -> Result<T, QuantityError>,
    ) -> Option<T> {
        let Some(text) = value.get_ref().as_str() else {
            self.wrong_type(value, "a string with a unit, such as \"120 ms\"");
            return None;
        };
        match parse(text) {
            Ok(quantity) => Some(quantity),
            Err(error) => {
                self.error("quantity", error.to_string(), value.span(), "this value");
                None
            }
        }
    }

    pub(super) fn choice<T: Copy>(
        &mut self,
        table: &DeTable<'_>,
        key: &str,
        choices: &[(&'static str, T)],
    ) -> Option<T> {
        let value = table.get(key)?;
        self.one_of(value, key, choices)
    }

    pub(super) fn one_of<T: Copy>(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        what: &str,
        choices: &[(&'static str, T)],
    ) -> Option<T> {
        let Some(text) = value.get_ref().as_str() else {
            self.wrong_type(value, "a string");
            return None;
        };
        let found = choices.iter().find(|choice| choice.0 == text);
        if found.is_none() {
            let names: Vec<_> = choices.iter().map(|choice| choice.0).collect();
            let title = format!("unknown {what} `{text}`");
            self.error("unknown-name", title, value.span(), "not known")
                .push(format!("write one of: {}", names.join(", ")));
        }
        found.map(|choice| choice.1)
    }
}

//! Reading a table of the price book.

use toml::de::{DeTable, DeValue};

use super::{Confidence, PriceBookError, PriceSource, Tiers};

/// A table with the path that leads to it, for messages.
pub(super) struct Table<'a> {
    pub(super) path: String,
    pub(super) entries: &'a DeTable<'a>,
}

impl<'a> Table<'a> {
    pub(super) fn wrong(&self, key: &str, expected: &'static str) -> PriceBookError {
        PriceBookError::Value {
            path: self.path_of(key),
            expected,
        }
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    pub(super) fn value(&self, key: &str) -> Option<&'a DeValue<'a>> {
        self.entries.get(key).map(toml::Spanned::get_ref)
    }

    pub(super) fn table(&self, key: &str) -> Result<Table<'a>, PriceBookError> {
        let entries = self.value(key).and_then(DeValue::as_table);
        entries
            .map(|entries| Table {
                path: self.path_of(key),
                entries,
            })
            .ok_or_else(|| self.wrong(key, "a table"))
    }

    pub(super) fn text(&self, key: &str) -> Result<&'a str, PriceBookError> {
        self.value(key)
            .and_then(DeValue::as_str)
            .filter(|text| !text.trim().is_empty())
            .ok_or_else(|| self.wrong(key, "a text that is not empty"))
    }

    pub(super) fn number(&self, key: &str) -> Result<f64, PriceBookError> {
        self.value(key)
            .and_then(number)
            .filter(|value| value.is_finite() && *value >= 0.0)
            .ok_or_else(|| self.wrong(key, "a number from 0"))
    }

    pub(super) fn source(&self) -> Result<PriceSource, PriceBookError> {
        let confidence = match self.text("confidence")? {
            "price-list" => Confidence::PriceList,
            "document" => Confidence::Document,
            "secondary" => Confidence::Secondary,
            _ => {
                let expected = "\"price-list\", \"document\" or \"secondary\"";
                return Err(self.wrong("confidence", expected));
            }
        };
        let as_of = self.text("as-of")?;
        if as_of.parse::<jiff::civil::Date>().is_err() {
            return Err(self.wrong("as-of", "a day such as \"2026-09-19\""));
        }
        Ok(PriceSource {
            source: self.text("source")?.to_owned(),
            as_of: as_of.to_owned(),
            confidence,
        })
    }

    pub(super) fn tiers(&self, key: &str) -> Result<Tiers, PriceBookError> {
        const EXPECTED: &str = "a list of [up to, price] with rising ends, the last one inf";
        let wrong = || self.wrong(key, EXPECTED);
        let items = self
            .value(key)
            .and_then(DeValue::as_array)
            .ok_or_else(wrong)?;
        let mut tiers = Vec::new();
        for item in items {
            let pair = item.get_ref().as_array().ok_or_else(wrong)?;
            let numbers: Vec<f64> = pair.iter().filter_map(|n| number(n.get_ref())).collect();
            let &[up_to, price] = &numbers[..] else {
                return Err(wrong());
            };
            let rises = tiers.last().is_none_or(|last: &(f64, f64)| last.0 < up_to);
            if !(rises && up_to > 0.0 && price >= 0.0 && price.is_finite()) {
                return Err(wrong());
            }
            tiers.push((up_to, price));
        }
        if tiers.last().is_none_or(|last| last.0.is_finite()) {
            return Err(wrong());
        }
        Ok(Tiers { tiers })
    }
}

/// A plain number.
pub(super) fn number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Float(float) => float.as_str().parse().ok(),
        DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str().parse().ok(),
        _ => None,
    }
}

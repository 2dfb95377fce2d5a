//! What tells a condition from the others, in few words.

use frostline_models::measurement::Condition;
use frostline_models::units::significant;

/// A label a condition: the factors that vary; where none does, the cache and the resources.
pub(crate) fn labels(conditions: &[Condition]) -> Vec<String> {
    let words: Vec<Vec<String>> = conditions.iter().map(words).collect();
    let varies: Vec<bool> = (0..FACTORS)
        .map(|factor| words.iter().any(|own| own[factor] != words[0][factor]))
        .collect();
    let nothing_varies = !varies.contains(&true);
    words
        .iter()
        .map(|own| {
            let chosen = own.iter().enumerate().filter(|(factor, word)| {
                !word.is_empty() && (varies[*factor] || nothing_varies && *factor < 2)
            });
            let label: Vec<&str> = chosen.map(|(_, word)| word.as_str()).collect();
            if label.is_empty() {
                "plain".to_owned()
            } else {
                label.join(" ")
            }
        })
        .collect()
}

const FACTORS: usize = 8;

fn words(condition: &Condition) -> Vec<String> {
    let mega = |bytes: u64| significant(frostline_models::math::to_f64(bytes) / 1e6);
    let package = match (&condition.package, condition.package_bytes) {
        (Some(name), _) => name.clone(),
        (None, Some(bytes)) => format!("{} MB", mega(bytes)),
        (None, None) => String::new(),
    };
    vec![
        condition.cache.name().to_owned(),
        condition.resources.to_string(),
        condition
            .disk_bytes_per_second
            .map_or_else(String::new, |rate| format!("{} MB/s", mega(rate))),
        package,
        condition
            .padding_bytes
            .map_or_else(String::new, |bytes| format!("+{} MB", mega(bytes))),
        condition
            .modules
            .map_or_else(String::new, |modules| format!("+{modules} modules")),
        condition.isolation.name().to_owned(),
        if condition.concurrent > 1 {
            format!("×{}", condition.concurrent)
        } else {
            String::new()
        },
    ]
}

#[cfg(test)]
mod tests {
    use frostline_models::measurement::{Cache, Resources};

    use super::*;

    #[test]
    fn labels_name_what_varies() {
        let warm = Condition::default();
        let evicted = Condition {
            cache: Cache::Evicted,
            ..warm.clone()
        };
        let lambda = Condition {
            resources: Resources::Lambda { mib: 512 },
            disk_bytes_per_second: Some(50_000_000),
            ..warm.clone()
        };
        assert_eq!(labels(&[warm.clone(), evicted]), ["warm", "evicted"]);
        assert_eq!(labels(std::slice::from_ref(&warm)), ["warm unlimited"]);
        assert_eq!(labels(&[warm, lambda]), ["unlimited", "lambda:512 50 MB/s"]);
    }
}

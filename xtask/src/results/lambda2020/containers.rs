//! Which of several idle containers took a request.

use std::fmt::Write;

use anyhow::Result;

use super::log::{Container, Log};

/// Containers idle for longer are taken to be gone: the longest gap that one survived in these logs is
/// 648 s.
const GONE_S: f64 = 660.0;

/// How often each order would have chosen the container that took the request.
#[derive(Default)]
struct Choices {
    requests: u32,
    pairs: std::collections::BTreeSet<Vec<String>>,
    most_recent: u32,
    newest: u32,
    oldest: u32,
    least_recent: u32,
}

/// Writes the table of choices.
pub(super) fn table(text: &mut String, logs: &[Log]) -> Result<()> {
    text.push_str(
        "\n## Which container took the request\n\nWarm requests that found several containers idle \
         for less than 11 min, and how many of them went to the container that each order chooses. \
         Requests of one set of containers depend on each other (once chosen, a container is the most \
         recent), so the number of sets bounds the evidence, and there is no interval.\n\n| file | \
         requests | sets of containers | most recent | newest | oldest | least recent |\n\
         |---|---:|---:|---:|---:|---:|---:|\n",
    );
    for log in logs {
        let found = choices(log);
        writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} |",
            log.day,
            found.requests,
            found.pairs.len(),
            found.most_recent,
            found.newest,
            found.oldest,
            found.least_recent
        )?;
    }
    Ok(())
}

fn choices(log: &Log) -> Choices {
    let mut found = Choices::default();
    log.walk(|request, containers| {
        let idle: Vec<(&str, Container)> = containers
            .iter()
            .filter(|(_, container)| (0.0..GONE_S).contains(&(request.start_s - container.free_s)))
            .map(|(name, container)| (*name, *container))
            .collect();
        if request.cold || idle.len() < 2 {
            return;
        }
        let first = |key: fn(&Container) -> f64| {
            let chosen = idle.iter().min_by(|a, b| key(&a.1).total_cmp(&key(&b.1)));
            u32::from(chosen.is_some_and(|chosen| chosen.0 == request.container))
        };
        found.requests += 1;
        found.most_recent += first(|container| -container.free_s);
        found.least_recent += first(|container| container.free_s);
        found.newest += first(|container| -container.born_s);
        found.oldest += first(|container| container.born_s);
        found
            .pairs
            .insert(idle.iter().map(|(name, _)| (*name).to_owned()).collect());
    });
    found
}

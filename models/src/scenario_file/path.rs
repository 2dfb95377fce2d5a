//! Paths into a scenario: `function.checkout.memory`, `function[0].memory`, `run.duration`.

use std::ops::Range;

use crate::diagnostic::Diagnostic;

use super::spec::{Kind, Presence, SCENARIO, TableSpec};
use super::tree::{Entry, Node, Span, Table, Value};
use crate::suggest::nearest;

/// A step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// The key, name or index as written, without quotes or brackets.
    name: String,
    /// Whether it was written as `[0]`.
    index: Option<usize>,
    /// Where in the path it stands.
    range: Range<usize>,
}

/// The steps of a path, or the byte at which it is no path.
pub(crate) fn parse(path: &str) -> Result<Vec<Step>, usize> {
    let mut steps = Vec::new();
    let mut at = 0;
    while at < path.len() || steps.is_empty() {
        if steps.len() >= 16 {
            return Err(at);
        }
        let step = parse_step(path, at, steps.is_empty())?;
        at = step.range.end;
        steps.push(step);
        match path[at..].chars().next() {
            Some('.') if at + 1 < path.len() => at += 1,
            Some('[') | None => {}
            _ => return Err(at),
        }
    }
    Ok(steps)
}

fn parse_step(path: &str, at: usize, first: bool) -> Result<Step, usize> {
    let rest = &path[at..];
    if let (Some(inside), false) = (rest.strip_prefix('['), first) {
        let close = inside.find(']').ok_or(at)?;
        let index = inside[..close].trim().parse().map_err(|_| at + 1)?;
        return Ok(Step {
            name: inside[..close].trim().to_owned(),
            index: Some(index),
            range: at..at + close + 2,
        });
    }
    if let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let close = rest[1..].find(quote).ok_or(at)?;
        return Ok(Step {
            name: rest[1..=close].to_owned(),
            index: None,
            range: at..at + close + 2,
        });
    }
    let end = rest.find(['.', '[']).unwrap_or(rest.len());
    let name = rest[..end].trim();
    if name.is_empty() {
        return Err(at);
    }
    Ok(Step {
        name: name.to_owned(),
        index: None,
        range: at..at + end,
    })
}

/// The value at a path.
pub(crate) fn get<'a>(root: &'a Table, steps: &[Step]) -> Option<&'a Node> {
    let (first, rest) = steps.split_first()?;
    let mut node = &root.get(&first.name)?.node;
    for step in rest {
        node = match &node.value {
            Value::Table(table) => &table.get(&step.name)?.node,
            Value::Array(items) => &items[position(items, step)?],
            _ => return None,
        };
    }
    Some(node)
}

/// Which element a step means: by index, or by the `name` that it has.
fn position(items: &[Node], step: &Step) -> Option<usize> {
    if let Some(index) = step.index {
        return (index < items.len()).then_some(index);
    }
    let named = |node: &Node| node.get("name").and_then(Node::text) == Some(&step.name);
    items.iter().position(named)
}

/// Puts a value at a path. Tables on the way are made where they are missing, and a kind takes the
/// place of another kind.
pub(crate) fn set(
    root: &mut Table,
    steps: &[Step],
    value: Node,
    source: usize,
) -> Result<(), Diagnostic> {
    let Some((last, way)) = steps.split_last() else {
        return Ok(());
    };
    let mut spec = Some(&SCENARIO);
    let mut table = root;
    let mut pending: Option<&Step> = None;
    for step in way {
        if let Some(list) = pending.take() {
            // The list was entered with the step before; this one says which element.
            let entry = table.get_mut(&list.name);
            let Some(Value::Array(items)) = entry.map(|entry| &mut entry.node.value) else {
                return Err(no_element(&[], list, step, source));
            };
            let Some(index) = position(items, step) else {
                return Err(no_element(items, list, step, source));
            };
            let Value::Table(element) = &mut items[index].value else {
                return Err(no_element(&[], list, step, source));
            };
            table = element;
            continue;
        }
        let kind = spec
            .and_then(|spec| spec.key(&step.name))
            .map(|key| key.kind);
        replace_other_kinds(table, spec, &step.name);
        spec = match kind {
            Some(
                Kind::Table(inner) | Kind::OrKey(_, inner) | Kind::OrWord(_, Kind::Table(inner)),
            ) => Some(inner),
            Some(Kind::List(Kind::Table(inner), _)) => {
                pending = Some(step);
                spec = Some(inner);
                continue;
            }
            _ => None,
        };
        table = descend(table, step, source);
    }
    if let Some(list) = pending {
        return Err(whole_element(list, last, source));
    }
    replace_other_kinds(table, spec, &last.name);
    let key = span(source, last);
    let entry = Entry { key, node: value };
    table.insert(last.name.clone(), entry);
    Ok(())
}

fn span(source: usize, step: &Step) -> Span {
    Span {
        source,
        range: step.range.clone(),
    }
}

/// The table under a key; made when there is none.
fn descend<'a>(table: &'a mut Table, step: &Step, source: usize) -> &'a mut Table {
    let empty = || Node {
        span: span(source, step),
        value: Value::Table(Table::new()),
    };
    let entry = table.entry(step.name.clone()).or_insert_with(|| Entry {
        key: span(source, step),
        node: empty(),
    });
    if entry.node.table().is_none() {
        entry.node = empty();
    }
    match &mut entry.node.value {
        Value::Table(inner) => inner,
        _ => unreachable!("the node was made a table just above"),
    }
}

/// Where kinds are keys, a new kind replaces the old one.
fn replace_other_kinds(table: &mut Table, spec: Option<&TableSpec>, name: &str) {
    let Some(spec) = spec else {
        return;
    };
    let is_kind = |key: &str| {
        spec.key(key)
            .is_some_and(|key| key.presence == Presence::Alternative)
    };
    if is_kind(name) {
        table.retain(|key, _| key == name || !is_kind(key));
    }
}

fn no_element(items: &[Node], list: &Step, step: &Step, source: usize) -> Diagnostic {
    let names: Vec<&str> = items
        .iter()
        .filter_map(|node| node.get("name").and_then(Node::text))
        .collect();
    let title = format!("the scenario has no {} `{}`", list.name, step.name);
    let error = span(source, step).error("scenario::unknown-function", title);
    match nearest(&step.name, names.iter().copied()) {
        Some(near) => error.help(format!("did you mean `{}.{near}`?", list.name)),
        None if names.is_empty() => error.help(format!("the file needs a [[{}]]", list.name)),
        None => error.help(format!("it has {}", super::check::listed(&names))),
    }
}

fn whole_element(list: &Step, step: &Step, source: usize) -> Diagnostic {
    let title = format!("`{}.{}` is a table, not a value", list.name, step.name);
    span(source, step)
        .error("scenario::set", title)
        .help(format!(
            "name the key too: `{}.{}.memory=…`",
            list.name, step.name
        ))
}

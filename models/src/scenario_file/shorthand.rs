//! Shorthands written out: `provisioned = 5` becomes `provisioned.fixed = 5`.

use super::spec::{Kind, TableSpec};
use super::tree::{Entry, Node, Table, Value};

/// Writes out the shorthands of a table of this format. What is misspelt or of a wrong type stays, for
/// the check to tell.
pub(crate) fn write_out(table: &mut Table, spec: &TableSpec) {
    for (name, entry) in table.iter_mut() {
        let Some(key) = spec.key(name) else { continue };
        match key.kind {
            Kind::OrKey(short, _) => wrap(entry, short),
            Kind::Table(inner) => inside(&mut entry.node, inner),
            Kind::List(Kind::Table(inner), _) => {
                if let Value::Array(items) = &mut entry.node.value {
                    for item in items {
                        inside(item, inner);
                    }
                }
            }
            _ => {}
        }
    }
}

fn inside(node: &mut Node, spec: &TableSpec) {
    if let Value::Table(table) = &mut node.value {
        write_out(table, spec);
    }
}

fn wrap(entry: &mut Entry, key: &str) {
    if !matches!(entry.node.value, Value::Integer(_)) {
        return;
    }
    let inner = Entry {
        key: entry.key.clone(),
        node: entry.node.clone(),
    };
    entry.node.value = Value::Table(Table::from([(key.to_owned(), inner)]));
}

//! The format, described once: what checks files, writes the JSON schema and the key reference.
//!
//! A [`TableSpec`] lists its keys; a [`Kind`] says what a key's value must be. Where kinds are keys
//! (`keep-alive.fixed`, `duration.log-normal`), the alternatives are marked and exactly one of them
//! must be there.

mod format;

pub use format::SCENARIO;

/// A table of the format.
#[derive(Debug)]
pub struct TableSpec {
    /// Its name in the schema's definitions.
    pub name: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// What to type where somebody wrote something else.
    pub example: &'static str,
    /// Its keys.
    pub keys: &'static [KeySpec],
}

/// A key of a table.
#[derive(Debug)]
pub struct KeySpec {
    /// The key.
    pub name: &'static str,
    /// What its value must be.
    pub kind: &'static Kind,
    /// What it means, in one or two sentences.
    pub doc: &'static str,
    /// Whether it must be there, may be there, or is one of several of which one must be.
    pub presence: Presence,
}

/// Whether a key must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// May be left out.
    Optional,
    /// Must be there.
    Required,
    /// Exactly one of the table's alternatives must be there.
    Alternative,
}

/// What a value must be.
#[derive(Debug)]
pub enum Kind {
    /// `"120 ms"`.
    Duration,
    /// A duration that is not zero.
    PositiveDuration,
    /// `"512 MiB"`, between these sizes.
    Memory(u32, u32),
    /// `"18 MB"`.
    Bytes,
    /// `"3 /s"`.
    Rate,
    /// `"1000 per 10 s"`.
    Quota,
    /// `"80 %"` or 0.8.
    Share,
    /// A whole number between the two.
    Count(u64, u64),
    /// A number between the two.
    Number(f64, f64),
    /// True or false.
    Flag,
    /// Only true: the value of a kind that has no parameters.
    True,
    /// Any text of at most 1000 characters, not empty.
    Text,
    /// A day, `"2026-10-05"`.
    Date,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// This word, or else the other kind.
    OrWord(&'static str, &'static Kind),
    /// One of these words, or else the other kind.
    OrWords(&'static [&'static str], &'static Kind),
    /// A table.
    Table(&'static TableSpec),
    /// A table, or the whole number that one of its keys takes, as a shorthand for it.
    OrKey(&'static str, &'static TableSpec),
    /// At least one and at most so many of a kind.
    List(&'static Kind, usize),
    /// Exactly two values.
    Pair(&'static Kind, &'static Kind),
}

impl TableSpec {
    /// The key of this name.
    pub fn key(&self, name: &str) -> Option<&'static KeySpec> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// The keys of which exactly one must be there; none in an ordinary table.
    pub fn alternatives(&self) -> impl Iterator<Item = &'static KeySpec> {
        self.keys
            .iter()
            .filter(|key| key.presence == Presence::Alternative)
    }
}

/// Every table that can be reached, each once, in the order in which it is first met.
pub fn tables() -> Vec<&'static TableSpec> {
    static WHOLE: Kind = Kind::Table(&SCENARIO);
    fn add(kind: &'static Kind, found: &mut Vec<&'static TableSpec>) {
        match kind {
            Kind::Table(table) | Kind::OrKey(_, table)
                if found.iter().all(|known| known.name != table.name) =>
            {
                found.push(table);
                for key in table.keys {
                    add(key.kind, found);
                }
            }
            Kind::List(of, _) | Kind::OrWord(_, of) | Kind::OrWords(_, of) => add(of, found),
            Kind::Pair(first, second) => {
                add(first, found);
                add(second, found);
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    add(&WHOLE, &mut found);
    found
}

const fn optional(name: &'static str, kind: &'static Kind, doc: &'static str) -> KeySpec {
    KeySpec {
        name,
        kind,
        doc,
        presence: Presence::Optional,
    }
}

const fn required(name: &'static str, kind: &'static Kind, doc: &'static str) -> KeySpec {
    KeySpec {
        name,
        kind,
        doc,
        presence: Presence::Required,
    }
}

const fn alternative(name: &'static str, kind: &'static Kind, doc: &'static str) -> KeySpec {
    KeySpec {
        name,
        kind,
        doc,
        presence: Presence::Alternative,
    }
}

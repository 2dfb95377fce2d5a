//! Modules of no use that a runtime loads: what a function pays for what it imports.
//!
//! An unmodified function does not import them. The runtime does, as it starts: Python imports
//! `sitecustomize` wherever it finds it, Node.js requires what `NODE_OPTIONS` names.

use std::ffi::OsString;
use std::fmt::Write;
use std::io;
use std::path::Path;

/// Where they lie in a package.
const FOLDER: &str = "frostline-modules";

/// Functions of a module.
const FUNCTIONS: u32 = 10;

/// Writes that many modules for each runtime, of about 1 KB each, and what loads them.
pub(super) fn write(
    count: u32,
    write: &mut impl FnMut(&str, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    if count == 0 {
        return Ok(());
    }
    let mut imports = String::new();
    let mut requires = String::new();
    for number in 0..count {
        let name = format!("m{number:05}");
        write(&format!("{FOLDER}/{name}.py"), python(number).as_bytes())?;
        write(&format!("{FOLDER}/{name}.js"), node(number).as_bytes())?;
        // Writing to a text cannot fail.
        let _ = writeln!(imports, "import {name}");
        let _ = writeln!(requires, "require('./{name}.js');");
    }
    write(&format!("{FOLDER}/sitecustomize.py"), imports.as_bytes())?;
    write(&format!("{FOLDER}/index.js"), requires.as_bytes())
}

/// The variables that make runtimes load them from a package.
pub(crate) fn environment(package: &Path) -> [(OsString, OsString); 2] {
    let folder = package.join(FOLDER);
    let mut option = OsString::from("--require=");
    option.push(folder.join("index.js"));
    [
        (OsString::from("PYTHONPATH"), folder.into_os_string()),
        (OsString::from("NODE_OPTIONS"), option),
    ]
}

fn python(number: u32) -> String {
    let mut text = format!("\"\"\"Module {number}, of no use.\"\"\"\n\nTABLE = {{}}\n");
    for function in 0..FUNCTIONS {
        let _ = write!(
            text,
            "\n\ndef f{function}(a, b={number}):\n    if a in TABLE:\n        return TABLE[a] + b\n    \
             return [a * i for i in range(b)]\n"
        );
    }
    text
}

fn node(number: u32) -> String {
    let mut text = format!("'use strict';\n// Module {number}, of no use.\nconst table = {{}};\n");
    for function in 0..FUNCTIONS {
        let _ = write!(
            text,
            "exports.f{function} = (a, b = {number}) => {{\n  if (a in table) return table[a] + b;\n  \
             return Array.from({{ length: b }}, (_, i) => a * i);\n}};\n"
        );
    }
    text
}

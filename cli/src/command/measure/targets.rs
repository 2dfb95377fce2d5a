//! The target that the command line describes.

use std::ffi::{OsStr, OsString};

use frostline_bench_harness::target::{
    CommandTarget, Http, RuntimeApi, Target, Until, Words, find_program,
};
use frostline_models::measurement::TargetKind;

use super::Kind;
use super::options::TargetOptions;
use crate::exit::Failure;

/// The target.
///
/// # Errors
/// When a program is missing: what, and how to get it.
pub(in crate::command) fn of(
    kind: Kind,
    words: &[OsString],
    options: &TargetOptions,
    path: &OsStr,
) -> Result<Box<dyn Target>, Failure> {
    let command = Words {
        label: options.label.clone(),
        ..Words::new(words.iter().cloned())
    };
    if matches!(kind, Kind::RuntimeApi | Kind::Http | Kind::Command)
        && !command.program.as_encoded_bytes().contains(&b'/')
        && find_program(&command.program, path).is_none()
    {
        let name = command.program.to_string_lossy();
        return Err(Failure::usage(
            format!("there is no program `{name}` along the PATH"),
            "install it, or give its path",
        ));
    }
    let until = match &options.until_line {
        Some(text) => Until::Line(text.clone()),
        None if options.until_marker => Until::Marker,
        None => Until::Exit,
    };
    Ok(match kind {
        Kind::RuntimeApi => Box::new(RuntimeApi {
            handler: handler(words, options),
            command,
        }),
        Kind::Http => Box::new(Http {
            command,
            port: options.port,
            path: checked_path(&options.path)?,
        }),
        Kind::Command => Box::new(CommandTarget {
            command,
            until,
            kind: TargetKind::Command,
        }),
        Kind::Wasm => Box::new(CommandTarget {
            command: module(command, path)?,
            until,
            kind: TargetKind::Wasm,
        }),
    })
}

/// The module with its arguments, run by wasmtime.
fn module(module: Words, path: &OsStr) -> Result<Words, Failure> {
    if find_program(OsStr::new("wasmtime"), path).is_none() {
        return Err(Failure::usage(
            "there is no program `wasmtime` along the PATH, which runs WebAssembly modules",
            "cargo install wasmtime-cli",
        ));
    }
    let name = module.program.clone();
    let words = ["run".into(), "--".into(), module.program];
    Ok(Words {
        program: "wasmtime".into(),
        arguments: words.into_iter().chain(module.arguments).collect(),
        label: module
            .label
            .or_else(|| Some(name.to_string_lossy().into_owned())),
    })
}

fn handler(words: &[OsString], options: &TargetOptions) -> String {
    let last = || words.last().map(|word| word.to_string_lossy().into_owned());
    options.handler.clone().or_else(last).unwrap_or_default()
}

fn checked_path(path: &str) -> Result<String, Failure> {
    let sound = path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic());
    if !sound {
        return Err(Failure::usage(
            format!("found `--path {path}`, expected the path of a URL"),
            "--path /health",
        ));
    }
    Ok(path.to_owned())
}

//! The target that the command line describes.

use std::ffi::{OsStr, OsString};

use frostline_bench_harness::plan::Cell;
use frostline_bench_harness::target::{
    CONTAINER_RUNTIMES, CommandTarget, Http, Oci, Restore, RuntimeApi, Target, Until, Words,
    find_program,
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
    cells: &[Cell],
    path: &OsStr,
) -> Result<Box<dyn Target>, Failure> {
    let mut command = Words {
        label: options.label.clone(),
        ..Words::new(words.iter().cloned())
    };
    let has_package = cells.iter().all(|cell| cell.package.is_some());
    if kind == Kind::Wasm || kind != Kind::Oci && !has_package {
        command = where_it_lies(command, kind);
    }
    if !matches!(kind, Kind::Oci | Kind::Wasm)
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
        Kind::Oci => Box::new(container(has_package, command, until, path)?),
        Kind::Restore => {
            let server = Http {
                command,
                port: options.port,
                path: checked_path(&options.path)?,
            };
            Box::new(checkpoint(cells, server, path)?)
        }
        Kind::Wasm => Box::new(CommandTarget {
            command: module(command, path)?,
            until,
            kind: TargetKind::Wasm,
        }),
    })
}

/// Without a package the target starts in an empty folder: a program or module that is named from here
/// is named from there.
fn where_it_lies(command: Words, kind: Kind) -> Words {
    let is_path = command.program.as_encoded_bytes().contains(&b'/') || kind == Kind::Wasm;
    let absolute = std::path::absolute(&command.program).ok();
    let Some(program) = absolute.filter(|path| is_path && path.exists()) else {
        return command;
    };
    Words {
        program: program.into_os_string(),
        ..command
    }
}

/// The container; its files are the package.
fn container(
    has_package: bool,
    command: Words,
    until: Until,
    path: &OsStr,
) -> Result<Oci, Failure> {
    if !has_package {
        return Err(Failure::usage(
            "a container needs a folder with its files, and there is none",
            "--rootfs DIR; `docker export` of a container, or debootstrap, makes one",
        ));
    }
    if until == Until::Marker {
        return Err(Failure::usage(
            "a container inherits no descriptor for a marker",
            "--until-line TEXT",
        ));
    }
    let runtime = Oci::find_runtime(path).ok_or_else(|| {
        let names = CONTAINER_RUNTIMES.join(" nor ");
        Failure::usage(
            format!("there is neither {names} along the PATH, which make containers"),
            "apt-get install runc",
        )
    })?;
    Ok(Oci {
        runtime,
        command,
        until,
    })
}

/// The server with the tool that checkpoints it.
fn checkpoint(cells: &[Cell], server: Http, path: &OsStr) -> Result<Restore, Failure> {
    if cells.iter().any(|cell| cell.condition.concurrent > 1) {
        return Err(Failure::usage(
            "processes get the numbers back that they had, so that restores cannot run at once",
            "leave out --concurrent",
        ));
    }
    let tool = find_program(OsStr::new("criu"), path).ok_or_else(|| {
        Failure::usage(
            "there is no program `criu` along the PATH, which takes and restores checkpoints",
            "apt-get install criu (kernels after 6.5 need 4.0 or later)",
        )
    })?;
    Ok(Restore::new(tool, server))
}

/// The module with its arguments, run by wasmtime.
fn module(module: Words, path: &OsStr) -> Result<Words, Failure> {
    let runtime = find_program(OsStr::new("wasmtime"), path).ok_or_else(|| {
        Failure::usage(
            "there is no program `wasmtime` along the PATH, which runs WebAssembly modules",
            "cargo install wasmtime-cli",
        )
    })?;
    let file = std::path::Path::new(&module.program).file_name();
    let name = file.unwrap_or(&module.program).to_owned();
    let words = ["run".into(), "--".into(), module.program];
    Ok(Words {
        program: runtime.into_os_string(),
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

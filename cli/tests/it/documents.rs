//! `init`, `schema`, `completions` and `man`.

use std::fs;

use tempfile::tempdir;

use crate::{frostline, stderr, stdout};

#[test]
fn init_writes_a_scenario_and_never_overwrites_unasked() {
    let folder = tempdir().expect("a temporary folder");
    let first = frostline(folder.path(), &["init", "shop.toml"]).code(0);
    assert_eq!(
        stdout(&first),
        "",
        "results go to stdout, and a file is none"
    );
    assert_eq!(
        stderr(&first),
        "wrote shop.toml; next: frostline simulate shop.toml\n"
    );
    let path = folder.path().join("shop.toml");
    assert!(
        fs::read_to_string(&path)
            .expect("the file is there")
            .contains("[[function]]")
    );

    fs::write(&path, "mine").expect("the file can be written");
    let second = frostline(folder.path(), &["init", "shop.toml"]).code(2);
    let told = stderr(&second);
    assert!(
        told.contains("error: shop.toml exists, expected a new file"),
        "{told}"
    );
    assert!(told.contains("frostline init shop.toml --force"), "{told}");
    assert_eq!(
        fs::read_to_string(&path).expect("the file is there"),
        "mine"
    );

    let forced = frostline(folder.path(), &["init", "shop.toml", "--force", "--quiet"]).code(0);
    assert_eq!(stderr(&forced), "");
    assert_ne!(
        fs::read_to_string(&path).expect("the file is there"),
        "mine"
    );
    let names = fs::read_dir(folder.path())
        .expect("the folder can be listed")
        .count();
    assert_eq!(names, 1, "no temporary file stays behind");
}

#[test]
fn init_has_a_default_name_a_folder_and_json() {
    let folder = tempdir().expect("a temporary folder");
    let assert = frostline(folder.path(), &["init", "--out", "new", "--format", "json"]).code(0);
    let written: serde_json::Value = serde_json::from_str(&stdout(&assert)).expect("JSON");
    assert_eq!(written["schema"], "frostline/init/1");
    assert!(folder.path().join("new/scenario.toml").is_file());
}

#[test]
fn the_schema_is_json_on_stdout_or_in_a_folder() {
    let folder = tempdir().expect("a temporary folder");
    let printed = frostline(folder.path(), &["schema"]).code(0);
    let schema: serde_json::Value = serde_json::from_str(&stdout(&printed)).expect("JSON");
    assert!(schema.is_object());
    frostline(folder.path(), &["schema", "--out", "."])
        .code(0)
        .stdout("");
    let file = fs::read_to_string(folder.path().join("scenario.schema.json"));
    assert_eq!(file.expect("the schema is there"), stdout(&printed));
}

#[test]
fn every_shell_has_completions() {
    let folder = tempdir().expect("a temporary folder");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let assert = frostline(folder.path(), &["completions", shell]).code(0);
        assert!(stdout(&assert).contains("simulate"), "{shell}");
    }
    frostline(folder.path(), &["completions", "zsh", "--out", "."])
        .code(0)
        .stdout("");
    assert!(folder.path().join("_frostline").is_file());
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = tempdir().expect("a temporary folder");
    let page = frostline(folder.path(), &["man"]).code(0);
    assert!(stdout(&page).contains(".TH frostline 1"));
    frostline(folder.path(), &["man", "--out", "man1"])
        .code(0)
        .stdout("");
    for name in [
        "",
        "-simulate",
        "-calibrate",
        "-trace",
        "-schema",
        "-init",
        "-completions",
        "-man",
    ] {
        let file = folder.path().join(format!("man1/frostline{name}.1"));
        let text = fs::read_to_string(&file).expect("a page for each command");
        assert!(text.contains(".SH NAME"), "{name}");
    }
}

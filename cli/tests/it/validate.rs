//! `validate`: what it refuses before anything is started. The real pool is in
//! `bench-harness/tests/it/pool.rs` and, with a real runtime, in `.ci/harness`.
#![cfg(target_os = "linux")]

use std::fs;

use tempfile::tempdir;

use crate::{frostline, stderr};

const SHOP: &str = r#"
[run]
duration = "10 min"

[[function]]
name = "checkout"
init.total.constant = "50 ms"
duration.constant = "10 ms"
arrivals.poisson = { rate = "3 /s" }

[[function]]
name = "search"
concurrency = 4
init.total.constant = "50 ms"
duration.constant = "10 ms"
arrivals.poisson = { rate = "3 /s" }
"#;

#[test]
fn what_a_pool_cannot_do_is_told_before_anything_starts() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("shop.toml"), SHOP).unwrap();
    let told = |options: &[&str], program: &str| {
        let out = ["--out", "out"];
        let words = [&["validate", "shop.toml"], options, &out, &["--", program]].concat();
        let assert = frostline(folder.path(), &words).code(2);
        assert!(!folder.path().join("out").exists());
        stderr(&assert)
    };
    let several = told(&[], "true");
    assert!(several.contains("checkout, search"), "{several}");
    assert!(several.contains("--function checkout"), "{several}");
    let unsupported = told(&["--function", "search"], "true");
    assert!(unsupported.contains("`concurrency`"), "{unsupported}");
    let unknown = told(&["--function", "serch"], "true");
    assert!(unknown.contains("no function `serch`"), "{unknown}");
    let slow = told(&["--function", "checkout", "--speed", "0.5"], "true");
    assert!(slow.contains("from 1 to 1e6"), "{slow}");
    let missing = told(&["--function", "checkout"], "no-such-program");
    assert!(
        missing.contains("no program `no-such-program`"),
        "{missing}"
    );
    let precise = told(&["--function", "checkout", "--precision", "5 %"], "true");
    assert!(precise.contains("run once"), "{precise}");
    let share = told(&["--function", "checkout", "--within", "110 %"], "true");
    assert!(share.contains("--within"), "{share}");
}

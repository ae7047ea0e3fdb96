//! `saldo keys`, and what a configuration that binds keys or names a theme is told.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn saldo(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_saldo"));
    command.args(arguments).env_clear().env("HOME", folder).env("LANG", "en_US.UTF-8");
    command.output().expect("saldo runs")
}

fn configured(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("config.toml"), text).expect("written");
    folder
}

fn with_config(folder: &Path, arguments: &[&str]) -> Output {
    let config = folder.join("config.toml").display().to_string();
    saldo(folder, &[&["--config", &config], arguments].concat())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_table_needs_no_configuration() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = saldo(folder.path(), &["keys"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let table = text(&output.stdout);
    for row in ["home feed.open", "review review.confirm", "everywhere app.private", "palette place.close"] {
        let found = table.lines().any(|line| line.split_whitespace().take(2).eq(row.split(' ')));
        assert!(found, "{row}:\n{table}");
    }
    let json = saldo(folder.path(), &["keys", "--json"]);
    let rows: Vec<Value> = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(rows.len(), table.lines().count());
    let open = rows.iter().find(|row| row["place"] == "home" && row["action"] == "feed.open").expect("a row");
    assert_eq!((&open["keys"][0], &open["rebound"]), (&Value::from("enter"), &Value::from(false)));
}

#[test]
fn what_was_bound_is_listed() {
    let folder = configured("[keys]\n\"feed.open\" = [\"o\"]\n\"rebalance.open\" = []\n");
    let output = with_config(folder.path(), &["keys", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let rows: Vec<Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    let keys = |action: &str| {
        let row = rows.iter().find(|row| row["place"] == "home" && row["action"] == action).expect("a row");
        assert_eq!(row["rebound"], true);
        row["keys"].clone()
    };
    assert_eq!(keys("feed.open"), serde_json::json!(["o"]));
    assert_eq!(keys("rebalance.open"), serde_json::json!([]));
}

#[test]
fn a_binding_that_breaks_a_rule_is_refused_with_its_line() {
    for (bindings, said) in [
        (
            "\"feed.open\" = [\"o\"]\n\"cash-out.open\" = [\"o\"]",
            "would be both cash-out.open and feed.open in the place \"home\" (the other is bound by file",
        ),
        (
            "\"feed.open\" = [\"j\"]",
            ":2: j would be both feed.open and list.down in the place \"home\"; give one",
        ),
        ("\"cash-out.open\" = [\"y\"]", ":2: y confirms reviews, so it cannot be cash-out.open"),
        ("\"app.quit\" = []", ":2: app.quit must keep a key"),
        (
            "\"app.qiut\" = [\"x\"]",
            ":2: there is no action \"app.qiut\"; did you mean \"app.quit\"? `saldo keys`",
        ),
        ("\"form.review\" = [\"y\"]", ":2: y is typed into the text wherever form.review counts"),
        ("home.pay = \"x\"", ":2: home.pay without quotes is a table in TOML"),
        ("\"app.quit\" = [\"hyper-x\"]", ":2: `hyper-x` is no key"),
    ] {
        let folder = configured(&format!("[keys]\n{bindings}\n"));
        let output = with_config(folder.path(), &["keys"]);
        assert_eq!(output.status.code(), Some(78), "{bindings}");
        assert!(text(&output.stderr).contains(said), "{bindings}: {}", text(&output.stderr));
    }
}

#[test]
fn a_theme_that_is_none_is_refused_before_the_screen_is_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = saldo(folder.path(), &["--theme", "drak", "demo"]);
    assert_eq!(output.status.code(), Some(78));
    assert!(
        text(&output.stderr).contains("--theme: there is no theme \"drak\"; write auto, dark, light"),
        "{}",
        text(&output.stderr)
    );
}

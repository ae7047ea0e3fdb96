//! README and docs hold: both READMEs say the same, every link leads somewhere, every command that is shown exists with
//! its flags, and the tour runs as it stands.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use support::{Desk, SALDO, finish, prompt};
use tokio::process::Command;

const READMES: [&str; 2] = ["README.md", "README.pt-BR.md"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// Every page, from the root.
fn pages() -> Vec<PathBuf> {
    let mut pages = Vec::new();
    for folder in ["", "docs", "docs/adr"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let name = entry.unwrap().file_name();
            if Path::new(&name).extension().is_some_and(|extension| extension == "md") {
                pages.push(Path::new(folder).join(name));
            }
        }
    }
    pages
}

/// The blocks of one language, whole.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if line == format!("```{language}") {
            blocks.push(lines.by_ref().take_while(|line| *line != "```").collect::<Vec<_>>().join("\n"));
        } else if line.starts_with("```") {
            lines.by_ref().take_while(|line| *line != "```").for_each(drop);
        }
    }
    blocks
}

/// What stands in backticks outside of blocks.
fn code(page: &str) -> BTreeSet<String> {
    let mut inside = false;
    let prose = page.lines().filter(|line| {
        inside ^= line.starts_with("```");
        !inside && !line.starts_with("```")
    });
    prose.flat_map(|line| line.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// The first cells of the tables' rows.
fn rows(page: &str) -> Vec<&str> {
    let rows = page
        .lines()
        .filter(|line| line.starts_with("| `") || line.starts_with("| *") || starts_with_digit(line));
    rows.map(|line| line.split(" | ").next().unwrap()).collect()
}

fn starts_with_digit(line: &str) -> bool {
    line.strip_prefix("| ").is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
}

/// How forges make an anchor of a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = kept.chars().filter(|one| one.is_alphanumeric() || matches!(one, ' ' | '-' | '_'));
    kept.map(|one| if one == ' ' { '-' } else { one }).collect()
}

fn links(page: &str) -> Vec<String> {
    page.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())).collect()
}

#[test]
fn both_readmes_say_the_same() {
    let [english, portuguese] = READMES.map(read);
    assert_eq!(blocks(&english, "sh"), blocks(&portuguese, "sh"));
    assert_eq!(rows(&english), rows(&portuguese), "keys, commands and exit codes");
    // The confirming key is each language's own.
    let of = |page: &str, yes: &str| -> BTreeSet<String> {
        code(page).into_iter().filter(|one| one != yes).collect()
    };
    assert_eq!(of(&english, "y"), of(&portuguese, "s"));
    let headings = |page: &str| page.lines().filter(|line| line.starts_with('#')).count();
    assert_eq!(headings(&english), headings(&portuguese));
    let elsewhere = |page: &str| -> BTreeMap<String, usize> {
        let mut counted = BTreeMap::new();
        for link in links(page) {
            let link = link.replace(".pt-BR", "").replace(".en.svg", ".svg").replace("README.md", "");
            *counted.entry(link).or_default() += 1;
        }
        counted
    };
    assert_eq!(elsewhere(&english), elsewhere(&portuguese));
    assert!(english.contains("](README.pt-BR.md)") && portuguese.contains("](README.md)"));
}

#[test]
fn the_readmes_name_every_command() {
    let desk = Desk::start(prompt());
    let help = desk.saldo(&["--help"]).expect(0).stdout.clone();
    let listed = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let there: BTreeSet<String> = listed
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .map(|line| format!("saldo {}", line.split_whitespace().next().unwrap()))
        .filter(|command| command != "saldo help")
        .collect();
    for readme in READMES {
        let page = read(readme);
        let named: BTreeSet<String> = rows(&page)
            .iter()
            .filter_map(|row| row.strip_prefix("| `saldo ")?.strip_suffix('`'))
            .map(|command| format!("saldo {command}"))
            .collect();
        assert_eq!(named, there, "{readme}");
    }
}

#[test]
fn every_link_leads_somewhere() {
    let mut broken = Vec::new();
    for path in pages() {
        let page = read(&path);
        for link in links(&page).into_iter().filter(|link| !link.contains("://")) {
            let (file, place) = link.split_once('#').unwrap_or((&link, ""));
            let target = match file {
                "" => path.clone(),
                file => path.parent().unwrap().join(file),
            };
            let there = root().join(&target);
            let found = there.exists()
                && (place.is_empty()
                    || fs::read_to_string(&there)
                        .unwrap()
                        .lines()
                        .any(|line| line.starts_with('#') && anchor(line) == place));
            if !found {
                broken.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_command_that_is_shown_exists_with_its_flags() {
    let desk = Desk::start(prompt());
    let mut helps: BTreeMap<Vec<String>, String> = BTreeMap::new();
    let mut wrong = Vec::new();
    for path in pages() {
        let page = read(&path);
        let lines = blocks(&page, "sh").join("\n").replace("\\\n", " ");
        let shown = lines.lines().map(str::to_owned).chain(code(&page));
        for line in shown.filter(|line| line.starts_with("saldo")) {
            let line = line.split(" #").next().unwrap().split(['|', '>', '&']).next().unwrap();
            let Some(words) = shlex::split(line) else { continue };
            if words[0] != "saldo" || words.iter().any(|word| word.contains('…')) {
                continue;
            }
            let subcommands: Vec<String> = words[1..]
                .iter()
                .take_while(|word| !word.starts_with('-'))
                .take(2)
                .filter(|word| word.chars().all(|one| one.is_ascii_lowercase() || one == '-'))
                .cloned()
                .collect();
            let subcommands = known(&desk, subcommands);
            let help = helps.entry(subcommands.clone()).or_insert_with(|| {
                let mut arguments = subcommands.clone();
                arguments.push("--help".to_owned());
                desk.saldo(&arguments).expect(0).stdout.clone()
            });
            for flag in words.iter().filter(|word| word.starts_with("--") && word.len() > 2) {
                let flag = flag.split('=').next().unwrap();
                if !help.split([' ', ',', '\n']).any(|word| word == flag) {
                    wrong.push(format!("{}: {flag} in `{line}`", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The part of these words that names a command: what follows may be an argument.
fn known(desk: &Desk, mut words: Vec<String>) -> Vec<String> {
    while !words.is_empty() {
        let mut arguments = words.clone();
        arguments.push("--help".to_owned());
        let run = desk.saldo(&arguments);
        let last = words.last().unwrap();
        if run.code == Some(0) && run.stdout.contains(&format!("{last} ["))
            || run.stdout.contains(&format!("{last} <"))
        {
            return words;
        }
        words.pop();
    }
    words
}

#[test]
fn the_tour_runs_as_it_stands() {
    let page = read("docs/tour.md");
    let folder = tempfile::tempdir().unwrap();
    let mut script = String::from("set -u\ntrap 'kill $(jobs -p) 2>/dev/null' EXIT\n");
    for (number, block) in blocks(&page, "sh").iter().enumerate() {
        // The first one builds; a test has built already.
        let block = block.replace("cargo build --locked", "true").replace("$PWD/target/debug", "$BESIDE");
        // Any free port: the ready file tells which.
        let block = block.replace("127.0.0.1:8089", "127.0.0.1:0");
        let background = block.contains(" &\n");
        script.push_str(&block);
        if !background {
            script.push_str(&format!("\necho \"block {number} ended with $?\" >&2"));
        }
        script.push('\n');
    }
    let path = folder.path().join("tour.sh");
    fs::write(&path, script).unwrap();
    let mut command = Command::new("bash");
    command
        .arg(&path)
        .current_dir(folder.path())
        .env_clear()
        .env("HOME", folder.path())
        .env("TMPDIR", folder.path())
        .env("PATH", "/usr/bin:/bin")
        .env("BESIDE", Path::new(SALDO).parent().unwrap())
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .kill_on_drop(true);
    let run = finish(command);
    let ended: Vec<&str> = run
        .stderr
        .lines()
        .filter(|line| line.starts_with("block ") && !line.ends_with(" 0"))
        .map(|line| line.rsplit(' ').next().unwrap())
        .collect();
    assert_eq!(ended, ["2"], "only another amount under the same reference is refused: {run:#?}");
    for told in [
        "R$ 500,25 to Maria Silva: paid",
        "unknown: cut",
        "this reference was given before; nothing new is made",
        "transactional R$ 600.000,00",
        "no payment, charge or refund is open",
    ] {
        assert!(
            run.stdout.replace('\u{a0}', " ").contains(told)
                || run.stderr.replace('\u{a0}', " ").contains(told),
            "{told:?}: {run:#?}"
        );
    }
}

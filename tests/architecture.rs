//! The one-way rule, read out of the sources: who may use whom, what stays pure, where money may leave.
//!
//! ```text
//! domain <- config <- gateway, journal <- engine <- app <- ui <- session, server, cli
//! ```
//!
//! A small lexer drops comments and texts, so that only code counts, and expands `use` groups, so that a wrong path
//! cannot hide in braces. The tests inside `src` obey the same rules. `docs/architecture.md` has the reasons.

use std::path::{Path, PathBuf};

/// What a folder of `src` may use of the others, and of itself. `a::b` allows that module of `a` alone.
const MAY_USE: [(&str, &[&str]); 13] = [
    ("domain", &[]),
    // The words of a language name states and amounts; `app` holds the chosen language, so it stands below `app`.
    ("lang", &["domain"]),
    ("config", &["domain"]),
    ("gateway", &["domain", "config"]),
    ("journal", &["domain", "config"]),
    ("engine", &["domain", "config", "gateway", "journal"]),
    ("app", &["domain", "lang", "engine::message"]),
    // The state that is drawn is made of the engine's plain data, so drawing has to name their types; but see TALK.
    ("ui", &["domain", "lang", "app", "engine::message"]),
    ("session", &["domain", "lang", "app", "ui", "engine::message"]),
    ("server", &["domain", "config", "gateway", "journal", "engine"]),
    // An independent witness of the gateway: it shares the money type and the documents' check digits, nothing else.
    ("sandbox", &["domain::money", "domain::document"]),
    (
        "cli",
        &[
            "domain", "lang", "config", "gateway", "journal", "engine", "app", "ui", "session", "server",
            "sandbox",
        ],
    ),
    ("main", &["cli"]),
];

/// What engine and screen say to each other, and the imports that would hide it. Drawing reads, and has nothing to say.
const TALK: [&str; 4] = ["Command", "News", "*", "self"];

/// Folders whose code is a function of its arguments.
const PURE: [&str; 2] = ["domain", "app"];

/// Names that a pure folder has no use for. `std::net` is not about its address types, which wait for nothing; but
/// both folders do without them too.
const IMPURE_WORDS: [&str; 7] = ["async", "await", "tokio", "reqwest", "ratatui", "crossterm", "futures"];
const IMPURE_PATHS: [&str; 11] = [
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "Timestamp::now",
    "Zoned::now",
    "Instant::now",
    "SystemTime::now",
    "Uuid::now_v7",
    "Uuid::new_v4",
];

/// Folders in which money or a reading of it passes; a float would round it.
const FLOATLESS: [&str; 4] = ["domain", "gateway", "journal", "engine"];

/// A queue without a bound hides a stalled reader. `std::sync::mpsc::channel` has none either.
const UNBOUNDED: [&str; 4] = ["unbounded_channel", "UnboundedSender", "UnboundedReceiver", "unbounded"];

/// The only callers of the calls that move money, and of the one that asks for some.
const MONEY_CALLS: [(&str, &str); 4] = [
    ("send_cash_out", "engine/lane.rs"),
    ("send_rebalance", "engine/rebalance.rs"),
    ("send_cash_in", "engine/counter/kind.rs"),
    ("send_refund", "engine/counter/kind.rs"),
];

const MAIN_MOST_LINES: usize = 40;

#[test]
fn the_sources_obey() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files).unwrap();
    assert!(files.len() > 50, "only {} files found in {}", files.len(), root.display());
    let mut offences = Vec::new();
    for file in files {
        let source = std::fs::read_to_string(&file).unwrap();
        let name = file.strip_prefix(&root).unwrap().to_str().unwrap();
        offences.extend(check(name, &source));
    }
    assert!(offences.is_empty(), "\n{}\n", offences.join("\n"));
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(())
}

/// Everything wrong in one file, each as `src/file.rs:line: what`.
fn check(file: &str, source: &str) -> Vec<String> {
    let module = module_of(file);
    let layer = module.first().map_or("lib", String::as_str);
    let tokens = lex(source);
    let paths = paths(&tokens, &module);
    let mut offences: Vec<(usize, String)> = Vec::new();

    if layer != "lib" {
        match MAY_USE.iter().find(|(name, _)| *name == layer) {
            None => offences.push((1, format!("{layer} has no place in the one-way rule yet"))),
            Some((_, allowed)) => {
                let ours = paths.iter().filter(|path| path.segments[0] == "crate" && path.segments.len() > 1);
                for path in ours {
                    let used = path.segments[1..].join("::");
                    let fits = |allowed: &str| used == allowed || used.starts_with(&format!("{allowed}::"));
                    let talks = layer == "ui"
                        && (used == "engine::message"
                            || TALK.iter().any(|talk| fits(&format!("engine::message::{talk}"))));
                    if talks || !fits(layer) && !allowed.iter().any(|allowed| fits(allowed)) {
                        offences.push((path.line, format!("{layer} must not use {used}")));
                    }
                }
            }
        }
    }
    if PURE.contains(&layer) {
        for token in tokens.iter().filter(|token| IMPURE_WORDS.contains(&token.text.as_str())) {
            offences.push((token.line, format!("{layer} is pure and must not use {}", token.text)));
        }
        for path in &paths {
            let text = format!("::{}::", path.segments.join("::"));
            for impure in IMPURE_PATHS.iter().filter(|impure| text.contains(&format!("::{impure}::"))) {
                offences.push((path.line, format!("{layer} is pure and must not use {impure}")));
            }
        }
    }
    if FLOATLESS.contains(&layer) {
        for token in tokens.iter().filter(|token| token.text.ends_with("f64") || token.text.ends_with("f32"))
        {
            offences.push((token.line, format!("{layer} must not hold a float, and money never is one")));
        }
    }
    for token in tokens.iter().filter(|token| UNBOUNDED.contains(&token.text.as_str())) {
        offences.push((token.line, format!("{} has no bound", token.text)));
    }
    let std_mpsc =
        paths.iter().any(|path| path.segments.starts_with(&["std", "sync", "mpsc"].map(String::from)));
    for path in paths
        .iter()
        .filter(|path| std_mpsc && path.segments.ends_with(&["mpsc", "channel"].map(String::from)))
    {
        offences.push((path.line, "std::sync::mpsc::channel has no bound".to_owned()));
    }
    for call in tokens.windows(2).filter(|pair| pair[0].text == ".") {
        if let Some((name, home)) =
            MONEY_CALLS.iter().find(|(name, home)| call[1].text == *name && file != *home)
        {
            offences.push((call[1].line, format!("{name} moves money: only src/{home} may call it")));
        }
    }
    if file == "main.rs" && source.lines().count() >= MAIN_MOST_LINES {
        offences.push((MAIN_MOST_LINES, format!("main.rs stays under {MAIN_MOST_LINES} lines")));
    }
    offences.sort();
    offences.dedup();
    offences.into_iter().map(|(line, what)| format!("src/{file}:{line}: {what}")).collect()
}

/// `app/feed.rs` is `app::feed`, `app/mod.rs` is `app`, `lib.rs` is the crate's root.
fn module_of(file: &str) -> Vec<String> {
    let mut module: Vec<String> = file.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if module.last().is_some_and(|last| last == "mod" || last == "lib") {
        module.pop();
    }
    module
}

/// A word, a number, `::`, or one character of punctuation; comments, texts and lifetimes are gone.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Token {
    text: String,
    line: usize,
}

fn lex(source: &str) -> Vec<Token> {
    let text: Vec<char> = source.chars().collect();
    let at = |index: usize| text.get(index).copied().unwrap_or('\0');
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let mut tokens = Vec::new();
    let (mut index, mut line) = (0, 1);
    while index < text.len() {
        let begin = index;
        match at(index) {
            '/' if at(index + 1) == '/' => {
                while index < text.len() && at(index) != '\n' {
                    index += 1;
                }
            }
            '/' if at(index + 1) == '*' => {
                let mut depth = 0;
                loop {
                    match (at(index), at(index + 1)) {
                        ('/', '*') => (depth, index) = (depth + 1, index + 2),
                        ('*', '/') => (depth, index) = (depth - 1, index + 2),
                        _ => index += 1,
                    }
                    if depth == 0 || index >= text.len() {
                        break;
                    }
                }
            }
            '"' => index = end_of_text(&text, index),
            '\'' if at(index + 1) == '\\' || at(index + 2) == '\'' => {
                index += if at(index + 1) == '\\' { 3 } else { 2 };
                while index < text.len() && at(index) != '\'' {
                    index += 1;
                }
                index += 1;
            }
            // A lifetime or a label: its name is no word of the code.
            '\'' => {
                index += 1;
                while is_word(at(index)) {
                    index += 1;
                }
            }
            character if is_word(character) => {
                while is_word(at(index)) {
                    index += 1;
                }
                let word: String = text[begin..index].iter().collect();
                let hashes = text[index..].iter().take_while(|character| **character == '#').count();
                if matches!(word.as_str(), "r" | "br" | "cr") && at(index + hashes) == '"' {
                    index = end_of_raw_text(&text, index, hashes);
                } else if word == "r" && hashes == 1 {
                    index += 1;
                } else {
                    tokens.push(Token { text: word, line });
                }
            }
            ':' if at(index + 1) == ':' => {
                tokens.push(Token { text: "::".to_owned(), line });
                index += 2;
            }
            character => {
                if !character.is_whitespace() {
                    tokens.push(Token { text: character.to_string(), line });
                }
                index += 1;
            }
        }
        index = index.min(text.len());
        line += text[begin..index].iter().filter(|character| **character == '\n').count();
    }
    tokens
}

/// Behind the closing quote of a text that opens at `index`.
fn end_of_text(text: &[char], mut index: usize) -> usize {
    index += 1;
    while index < text.len() && text[index] != '"' {
        index += if text[index] == '\\' { 2 } else { 1 };
    }
    index + 1
}

fn end_of_raw_text(text: &[char], index: usize, hashes: usize) -> usize {
    let mut end = vec!['"'];
    end.resize(hashes + 1, '#');
    let begin = index + hashes + 1;
    text[begin..]
        .windows(end.len())
        .position(|window| window == end)
        .map_or(text.len(), |found| begin + found + end.len())
}

/// A path as it is written out in full: `crate::domain::money::Centavos`, `std::fs`.
#[derive(Debug)]
struct Used {
    segments: Vec<String>,
    line: usize,
}

fn paths(tokens: &[Token], file_module: &[String]) -> Vec<Used> {
    let mut found = Vec::new();
    // Modules inside the file, each with the depth of its braces: `super` means another thing in there.
    let mut module = file_module.to_vec();
    let mut opened = Vec::new();
    let (mut depth, mut index) = (0, 0);
    while index < tokens.len() {
        let text = tokens[index].text.as_str();
        let next = tokens.get(index + 1).map_or("", |token| token.text.as_str());
        match text {
            "mod" if tokens.get(index + 2).is_some_and(|token| token.text == "{") => {
                module.push(next.to_owned());
                opened.push(depth);
                index += 2;
                continue;
            }
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                if opened.last() == Some(&depth) {
                    opened.pop();
                    module.pop();
                }
            }
            // `use<>` in a return type captures nothing of ours.
            "use" if next != "<" => {
                index = tree(tokens, index + 1, &[], &module, &mut found);
                continue;
            }
            _ if next == "::" && text.starts_with(|first: char| first.is_alphabetic() || first == '_') => {
                index = tree(tokens, index, &[], &module, &mut found);
                continue;
            }
            _ => {}
        }
        index += 1;
    }
    found
}

/// Reads one path, or one branch of a `use`, and returns where it ends.
fn tree(
    tokens: &[Token],
    mut index: usize,
    before: &[String],
    module: &[String],
    found: &mut Vec<Used>,
) -> usize {
    let mut segments = before.to_vec();
    let text = |index: usize| tokens.get(index).map_or("", |token| token.text.as_str());
    let line = tokens.get(index).map_or(0, |token| token.line);
    if text(index) == "::" {
        index += 1;
    }
    loop {
        match text(index) {
            "{" => {
                index += 1;
                while !matches!(text(index), "}" | "") {
                    index = if text(index) == "," {
                        index + 1
                    } else {
                        tree(tokens, index, &segments, module, found)
                    };
                }
                return index + 1;
            }
            // The types of a turbofish are read as paths of their own.
            "<" => break,
            word => segments.push(word.to_owned()),
        }
        index += 1;
        if text(index) != "::" {
            break;
        }
        index += 1;
    }
    // A new name in a `use`; the type of a cast is read as a path of its own.
    if text(index) == "as" && text(index + 2) != "::" {
        index += 2;
    }
    found.push(Used { segments: absolute(segments, module), line });
    index
}

/// `super::x` and `self::x` written from the crate's root; everything else as it is.
fn absolute(segments: Vec<String>, module: &[String]) -> Vec<String> {
    let ups = segments.iter().take_while(|segment| matches!(segment.as_str(), "super" | "self")).count();
    if segments[0] == "saldo" {
        return [&["crate".to_owned()], &segments[1..]].concat();
    }
    if ups == 0 {
        return segments;
    }
    let supers = segments[..ups].iter().filter(|segment| *segment == "super").count();
    [&["crate".to_owned()], &module[..module.len().saturating_sub(supers)], &segments[ups..]].concat()
}

#[test]
fn a_planted_line_is_caught() {
    for (file, source, offence) in [
        (
            "domain/money.rs",
            "use crate::gateway::Gateway;",
            "src/domain/money.rs:1: domain must not use gateway::Gateway",
        ),
        ("domain/a.rs", "\n\nuse super::super::journal;", "src/domain/a.rs:3: domain must not use journal"),
        ("domain/a.rs", "mod t { use super::super::super::journal; }", "1: domain must not use journal"),
        (
            "domain/a.rs",
            "fn f() { crate::engine::clock::now() }",
            "1: domain must not use engine::clock::now",
        ),
        ("domain/a.rs", "use crate::*;", "1: domain must not use *"),
        ("domain/a.rs", "use saldo::ui;", "1: domain must not use ui"),
        ("domain/a.rs", "async fn f() {}", "1: domain is pure and must not use async"),
        ("domain/a.rs", "use std::{fmt, fs::File};", "1: domain is pure and must not use std::fs"),
        (
            "domain/a.rs",
            "let now = jiff::Timestamp::now();",
            "1: domain is pure and must not use Timestamp::now",
        ),
        ("domain/a.rs", "let x = 1_f64;", "1: domain must not hold a float, and money never is one"),
        (
            "app/feed.rs",
            "use crate::{\n  domain::money,\n  engine::{message, lane::Lane},\n};",
            "src/app/feed.rs:3: app must not use engine::lane::Lane",
        ),
        ("app/feed.rs", "use crate::engine;", "1: app must not use engine"),
        ("app/feed.rs", "let id = Uuid::now_v7();", "1: app is pure and must not use Uuid::now_v7"),
        ("app/feed.rs", "use ratatui as r;", "1: app is pure and must not use ratatui"),
        (
            "ui/feed.rs",
            "use crate::engine::message::{Sum, News};",
            "1: ui must not use engine::message::News",
        ),
        ("ui/feed.rs", "use crate::engine::message;", "1: ui must not use engine::message"),
        (
            "ui/feed.rs",
            "let x = crate::engine::message::Command::Pay;",
            "1: ui must not use engine::message::Command::Pay",
        ),
        ("ui/feed.rs", "use crate::journal::Sum;", "1: ui must not use journal::Sum"),
        (
            "gateway/wire.rs",
            "struct A { amount: f64 }",
            "1: gateway must not hold a float, and money never is one",
        ),
        ("gateway/wire.rs", "use crate::sandbox::Access;", "1: gateway must not use sandbox::Access"),
        (
            "sandbox/http.rs",
            "use crate::domain::pix_key::PixKey;",
            "1: sandbox must not use domain::pix_key::PixKey",
        ),
        (
            "engine/desk.rs",
            "let x = tokio::sync::mpsc::unbounded_channel();",
            "1: unbounded_channel has no bound",
        ),
        (
            "cli/mod.rs",
            "use std::sync::mpsc;\nlet x = mpsc::channel();",
            "2: std::sync::mpsc::channel has no bound",
        ),
        (
            "cli/mod.rs",
            "gateway.send_cash_out(&order)",
            "1: send_cash_out moves money: only src/engine/lane.rs may call it",
        ),
        ("main.rs", "use saldo::engine::desk;", "1: main must not use engine::desk"),
        ("novelty/mod.rs", "", "1: novelty has no place in the one-way rule yet"),
    ] {
        let offences = check(file, source);
        assert!(offences.iter().any(|found| found.ends_with(offence)), "{source:?} gave {offences:?}");
    }
    let long = "fn f() {}\n".repeat(MAIN_MOST_LINES);
    assert_eq!(check("main.rs", &long), ["src/main.rs:40: main.rs stays under 40 lines"]);
}

#[test]
fn what_is_allowed_or_only_looks_wrong_is_left_alone() {
    for (file, source) in [
        ("domain/a.rs", "use super::money::Centavos; use crate::domain::text::{self, Safe};"),
        ("domain/a.rs", "// use crate::gateway; /* async */\n/* /* f64 */ tokio */ fn f() {}"),
        ("domain/a.rs", "let text = \"crate::gateway \\\" tokio\"; let raw = r#\"f64 \" async\"#;"),
        ("domain/a.rs", "fn f<'async_>(quote: char) { let quotes = ['\"', '\\'', '/']; }"),
        ("domain/a.rs", "mod tests { use super::*; use super::super::money; }"),
        ("app/feed.rs", "use crate::engine::message::{Command, News}; use crate::lang::Words;"),
        ("ui/feed.rs", "use crate::engine::message::{StoredRebalance, Sum};"),
        ("engine/lane.rs", "self.gateway.send_cash_out(&request)"),
        ("gateway/client.rs", "fn send_cash_out(&self) {}"),
        ("cli/mod.rs", "use std::sync::mpsc; let x = mpsc::sync_channel(1);"),
        ("engine/desk.rs", "use tokio::sync::mpsc; let x = mpsc::channel(8);"),
        ("lib.rs", "pub mod app;"),
    ] {
        assert_eq!(check(file, source), Vec::<String>::new(), "{source}");
    }
}

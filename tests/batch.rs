//! `saldo batch`, the real binary, against the real sandbox: every line is paid once, whatever ends the command in between.
//!
//! `SALDO_TEST_KILLS` says how many processes are killed, `SALDO_TEST_SEED` at which moments.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod real_support;
mod support;
mod terminal;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use real_support::audit::{audit, recover};
use real_support::{Dice, cockpit, kill_after, pass, say, wanted};
use rustix::process::Signal;
use saldo::sandbox::{Options, Where};
use serde_json::Value;
use support::{Desk, PATIENCE, Run, end_of, prompt, runtime, until, with_faults};

const HEADING: &str = "chave;valor;nome;documento;referencia";

/// A file of `count` payments to one payee, each of another amount.
fn payroll(desk: &Desk, name: &str, count: u32) -> PathBuf {
    let line = |number: u32| {
        format!("maria@example.com;{},{:02};Maria Silva;52998224725;", 1 + number / 100, number % 100)
    };
    write(desk, name, &std::iter::once(HEADING.to_owned()).chain((0..count).map(line)).collect::<Vec<_>>())
}

fn write(desk: &Desk, name: &str, lines: &[String]) -> PathBuf {
    let path = desk.folder().join(name);
    fs::write(&path, lines.join("\n") + "\n").unwrap();
    path
}

fn pay<'a>(file: &'a std::path::Path, rest: &[&'a str]) -> Vec<&'a str> {
    [&["batch", "pay", file.to_str().unwrap(), "--yes"], rest].concat()
}

/// The lines of `--json`.
fn views(run: &Run) -> Vec<Value> {
    run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn sent(desk: &Desk) -> usize {
    desk.ledger().requests_to(Where::CashOut).count()
}

#[test]
fn the_same_file_is_paid_once_and_a_changed_one_is_flagged() {
    let desk = Desk::start(prompt());
    let file = payroll(&desk, "folha.csv", 20);
    let review = desk.saldo(&["batch", "pay", file.to_str().unwrap(), "--dry-run", "--json"]);
    let review = review.expect(0).json();
    assert_eq!((&review["paying"], &review["known"]), (&20.into(), &0.into()), "{review}");
    let before = review["before_centavos"].as_i64().unwrap();
    assert_eq!(review["after_centavos"], before - review["paying_centavos"].as_i64().unwrap());
    assert_eq!(sent(&desk), 0, "a dry run sends nothing");
    assert!(!desk.journal_path().exists(), "and records nothing");

    let run = desk.saldo(&pay(&file, &["--json"]));
    let lines = views(run.expect(0));
    assert_eq!(lines.len(), 20);
    assert!(lines.iter().all(|line| matches!(line["state"].as_str(), Some("accepted" | "completed"))));
    assert_eq!((lines[0]["line"].clone(), lines[19]["line"].clone()), (2.into(), 21.into()));
    assert_eq!(sent(&desk), 20);
    let result = desk.folder().join("folha.result.csv");
    assert_eq!(fs::metadata(&result).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&result).unwrap();
    assert!(text.starts_with("line,reference,state,end_to_end_id,amount,"), "{text}");
    assert_eq!(text.lines().count(), 21);

    // The same for a spreadsheet in Portuguese.
    let sheet = desk.folder().join("planilha.csv");
    let id = desk.saldo(&["batch", "list", "--json"]).expect(0).json()[0]["id"].as_str().unwrap().to_owned();
    let place = sheet.to_str().unwrap();
    desk.saldo(&["batch", "show", &id, "--result", place, "--result-format", "csv-br"]).expect(0);
    let text = fs::read_to_string(&sheet).unwrap();
    let lines: Vec<&str> = text.strip_prefix('\u{feff}').unwrap().split("\r\n").collect();
    assert_eq!(lines[0], "linha;referência;situação;endToEndId;valor;internalCode;falha;o que fazer");
    assert!(lines[1].starts_with("2;saldo-") && lines[1].contains(";1,00;"), "{text}");

    // Again, and by its id: nothing new.
    desk.saldo(&pay(&file, &[])).expect(0);
    let listed = desk.saldo(&["batch", "list", "--json"]).expect(0).json();
    let id = listed[0]["id"].as_str().unwrap().to_owned();
    desk.saldo(&["batch", "resume", &id, "--yes"]).expect(0);
    assert_eq!(sent(&desk), 20);
    assert_eq!(recover(&desk, 60), []);
    let shown = desk.saldo(&["batch", "show", &id, "--json"]).expect(0).json();
    assert_eq!((&shown["completed"], shown["lines"].as_array().unwrap().len()), (&20.into(), 20));
    assert!(shown["lines"][0]["end_to_end_id"].as_str().unwrap().starts_with('E'), "{shown}");

    // The same payments in another file are likely repeats.
    let other = payroll(&desk, "outra.csv", 21);
    let refused = desk.saldo(&pay(&other, &["--json"]));
    refused.expect_error(2, "repeats", "nothing_sent");
    assert!(refused.error()["message"].as_str().unwrap().contains("20 lines may pay"), "{refused:#?}");
    assert_eq!(sent(&desk), 20);
    let meant: Vec<String> = (2..22).flat_map(|line| ["--pay-repeat".to_owned(), line.to_string()]).collect();
    let mut arguments = pay(&other, &[]);
    arguments.extend(meant.iter().map(String::as_str));
    desk.saldo(&arguments).expect(0);
    assert_eq!(sent(&desk), 41);
    desk.reconcile();
    desk.saldo(&["fsck"]).expect(0);
}

#[test]
fn one_mistake_keeps_the_whole_file_back() {
    let desk = Desk::start(prompt());
    desk.pay("3,00", "INV-1").expect(0);
    for (lines, what) in [
        (
            vec!["maria@example.com;1;Maria;52998224725;A", "maria@example.com;1.234;Maria;52998224725;B"],
            "line 3, amount",
        ),
        (
            vec!["maria@example.com;1;Maria;52998224725;INV-1"],
            "line 2, reference: the reference names another payment",
        ),
        (
            vec!["maria@example.com;1;Maria;52998224725;A", "maria@example.com;1;Maria;52998224725;A"],
            "line 2 has the same reference",
        ),
    ] {
        let lines: Vec<String> = std::iter::once(HEADING).chain(lines).map(str::to_owned).collect();
        let file = write(&desk, "errada.csv", &lines);
        let run = desk.saldo(&pay(&file, &["--json"]));
        run.expect_error(2, "invalid_batch", "nothing_sent");
        let said = run.error()["message"].as_str().unwrap().to_owned();
        assert!(said.contains(what), "{what:?} is not in {said}");
        assert!(!said.contains("52998224725") && !said.contains("maria@"), "people's data: {said}");
    }
    // A line that repeats another one of the file, unless it says that it is meant.
    let twice = |repeat: &str| {
        write(
            &desk,
            "duas.csv",
            &[
                "chave;valor;nome;documento;repetir".to_owned(),
                "maria@example.com;1;Maria;52998224725;".to_owned(),
                format!("maria@example.com;1;Maria;52998224725;{repeat}"),
            ],
        )
    };
    desk.saldo(&pay(&twice(""), &["--json"])).expect_error(2, "repeats", "nothing_sent");
    assert_eq!(sent(&desk), 1);
    desk.saldo(&pay(&twice("sim"), &["--json"])).expect(0);
    assert_eq!(sent(&desk), 3);
    // The same reference and payment as one that was made by hand: it is that one.
    let known = write(
        &desk,
        "conhecida.csv",
        &[HEADING.to_owned(), "maria@example.com;3;Maria Silva;52998224725;INV-1".to_owned()],
    );
    desk.saldo(&pay(&known, &["--json"])).expect(0);
    assert_eq!(sent(&desk), 3);
    let nobody = desk.saldo(&["batch", "show", "00000000-0000-4000-8000-000000000000", "--json"]);
    nobody.expect_error(5, "not_found", "nothing_sent");
}

#[test]
fn refused_lines_hold_nothing_up_and_are_paid_once_more_on_request() {
    let desk = Desk::start(prompt());
    let file = write(
        &desk,
        "folha.csv",
        &[
            HEADING.to_owned(),
            "maria@example.com;1;Maria;52998224725;A".to_owned(),
            "maria@example.com;600000;Maria;52998224725;B".to_owned(),
            "maria@example.com;2;Maria;52998224725;=C".to_owned(),
        ],
    );
    let run = desk.saldo(&pay(&file, &["--json"]));
    run.expect_error(3, "not_paid", "not_executed");
    let states: Vec<Value> = views(&run).iter().map(|line| line["state"].clone()).collect();
    assert_eq!(states[1], "rejected", "{run:#?}");
    let result = fs::read_to_string(desk.folder().join("folha.result.csv")).unwrap();
    assert!(result.contains("INSUFFICIENT_FUNDS") && result.contains("batch resume ID --again"), "{result}");
    assert!(result.contains("\n4,'=C,"), "no formula: {result}");
    // The same once more sends nothing that was refused.
    let before = sent(&desk);
    desk.saldo(&pay(&file, &["--json"])).expect(3);
    assert_eq!(sent(&desk), before);
    desk.saldo(&["rebalance", "--target", "650000,00", "--yes", "--json"]).expect(0);
    desk.saldo(&pay(&file, &["--again", "--json"])).expect(0);
    assert_eq!(sent(&desk), before + 1);
    assert_eq!(recover(&desk, 60), []);
    assert!(audit(&desk).values().all(|story| story.paid == 1));
}

#[test]
fn a_gateway_that_is_gone_stops_it_and_it_goes_on_when_it_is_back() {
    let mut desk = Desk::start(prompt());
    // The journal has to know the wallet's account, and the token is not asked for twice.
    let file = payroll(&desk, "folha.csv", 50);
    let address = desk.take_down();
    // However often it is tried, nothing is decided while nobody is there to take it.
    for _ in 0..3 {
        let run = desk.saldo(&pay(&file, &["--json"]));
        run.expect_error(69, "unreachable", "pending");
        assert!(views(&run).iter().all(|line| line["state"] == "waiting"), "{run:#?}");
    }
    let listed = desk.saldo(&["batch", "list", "--json"]).expect(0).json();
    assert!(listed[0]["stands_since"].is_string(), "{listed}");
    let (id, listed) = (listed[0]["id"].as_str().unwrap().to_owned(), desk.saldo(&["batch", "list"]));
    let resume = format!("50 lines are not begun, and nobody begins them; `saldo batch resume {id}` goes on");
    assert!(listed.expect(0).stdout.contains(&resume), "{listed:#?}");
    assert!(desk.saldo(&["batch", "show", &id]).expect(0).stdout.contains(&resume));
    desk.bring_up(Options { listen: address, ..prompt() });
    let run = desk.saldo(&pay(&file, &["--json"]));
    run.expect_one_of(&[0, 75]);
    assert_eq!(recover(&desk, 60), []);
    let done = desk.saldo(&["batch", "show", &id, "--json"]).expect(0).json();
    assert!(done["stands_since"].is_null(), "{done}");
    let stories = audit(&desk);
    assert_eq!(stories.len(), 50);
    assert!(stories.values().all(|story| story.paid == 1), "{stories:#?}");
}

/// Faults that a batch meets on its way.
const ROUGH: [&str; 9] = [
    "cash-out:drop-after:0.08",
    "cash-out:500-after:0.05",
    "cash-out:truncate:0.05",
    "cash-out:drop-before:0.05",
    "cash-out:429:0.02",
    "cash-out:expire:0.02",
    "cash-out:garble:0.03",
    "cash-out:slow:0.005",
    "cash-out-get:404:0.05",
];

/// 500 lines in each file, of which some are refused.
fn rough_file(desk: &Desk, number: u64) -> PathBuf {
    let lines = (0..500).map(|line| {
        let amount = match line % 50 {
            // More than there is.
            13 => format!("{}00000", 9 + line / 50),
            _ => format!("{},{:02}", 1 + line / 100, line % 100),
        };
        format!("maria@example.com;{amount};Lote {number};52998224725;")
    });
    write(
        desk,
        &format!("lote-{number}.csv"),
        &std::iter::once(HEADING.to_owned()).chain(lines).collect::<Vec<_>>(),
    )
}

/// Every line that could be paid is paid once, and both sides agree about every line.
///
/// A line of more than there is may be in doubt for ever: a refusal says nothing of an earlier request that was cut off.
fn settle(desk: &Desk, files: &[PathBuf]) -> BTreeMap<String, u64> {
    for file in files {
        desk.saldo(&pay(file, &["--pay-repeats", "--json"])).expect_one_of(&[0, 3, 4, 75]);
    }
    let mut open = recover(desk, 1);
    let mut same = 0;
    while !open.is_empty() && same < 3 {
        let now = recover(desk, 1);
        same = if now == open { same + 1 } else { 0 };
        open = now;
    }
    let stories = audit(desk);
    assert_eq!(stories.len(), files.len() * 500);
    let mut ends: BTreeMap<String, u64> = BTreeMap::new();
    for (reference, story) in &stories {
        assert_eq!(story.paid, usize::from(story.state == "completed"), "{reference}: {story:#?}");
        *ends.entry(story.state.clone()).or_default() += 1;
    }
    // Nothing that could be paid was left out, and nothing else was paid.
    let of = |state: &str| ends.get(state).copied().unwrap_or_default();
    let batches = u64::try_from(files.len()).unwrap();
    assert_eq!((of("completed"), of("rejected") + of("unknown")), (490 * batches, 10 * batches), "{ends:?}");
    // What the gateway did, the result file says.
    for file in files {
        desk.saldo(&pay(file, &["--pay-repeats", "--json"])).expect_one_of(&[3, 4]);
        let result = fs::read_to_string(file.with_extension("result.csv")).unwrap();
        assert_eq!(result.matches(",completed,").count(), 490, "{result}");
    }
    ends
}

#[test]
fn a_batch_that_is_killed_anywhere_pays_every_line_once() {
    let kills = wanted("SALDO_TEST_KILLS", 50);
    let seed = wanted("SALDO_TEST_SEED", 1);
    let began = Instant::now();
    let desk = Desk::start(Options { seed, ..with_faults(&ROUGH) });
    let mut dice = Dice::new(seed, 0);
    let (mut killed, mut runs, mut files) = (0, 0, Vec::new());
    while killed < kills {
        if files.is_empty() {
            files.push(rough_file(&desk, u64::try_from(files.len()).unwrap()));
        }
        let file = files.last().unwrap().clone();
        // The start of the process, or any moment of its work.
        let moment = dice.moment(Duration::from_millis(250));
        let (was_killed, _) = kill_after(&desk, &pay(&file, &["--pay-repeats", "--json"]), moment);
        killed += u64::from(was_killed);
        runs += 1;
        if !was_killed {
            files.push(rough_file(&desk, u64::try_from(files.len()).unwrap()));
        }
    }
    let ends = settle(&desk, &files);
    say(&format!(
        "seed {seed}: {killed} of {runs} runs killed, {} batches of 500 lines: {ends:?}, {} requests, 0 paid twice; {} s",
        files.len(),
        sent(&desk),
        began.elapsed().as_secs()
    ));
}

/// The owner pays; either side is killed, and the command is run again with the next owner or with none.
#[test]
fn a_batch_through_serve_survives_the_death_of_either_side() {
    let kills = wanted("SALDO_TEST_KILLS", 20);
    let seed = wanted("SALDO_TEST_SEED", 1);
    let desk = Desk::start(Options { seed, ..with_faults(&ROUGH) });
    let mut dice = Dice::new(seed, 1);
    let file = rough_file(&desk, 0);
    let arguments = pay(&file, &["--pay-repeats", "--json"]);
    for _ in 0..kills {
        let mut owner = runtime().block_on(async { desk.command(&["serve"]).spawn().unwrap() });
        let socket = desk.folder().join("state/journal.db.sock");
        until(|| UnixStream::connect(&socket).is_ok());
        let mut command = runtime().block_on(async { desk.command(&arguments).spawn().unwrap() });
        pass(dice.moment(Duration::from_millis(700)));
        if dice.happens(1, 2) {
            runtime().block_on(async { command.kill().await.unwrap() });
            pass(dice.moment(Duration::from_millis(100)));
            runtime().block_on(async { owner.kill().await.unwrap() });
        } else {
            runtime().block_on(async { owner.kill().await.unwrap() });
            let run = runtime().block_on(end_of("batch".to_owned(), command));
            run.expect_one_of(&[0, 3, 4, 69, 75]);
        }
    }
    settle(&desk, &[file]);
}

/// In the cockpit: the form, the review, its key, and every line paid once; beside an owner it is the same.
#[test]
fn the_cockpit_pays_a_file() {
    for served in [false, true] {
        let desk = Desk::start(prompt());
        payroll(&desk, "folha.csv", 30);
        let owner = served.then(|| {
            let child = runtime().block_on(async { desk.command(&["serve"]).spawn().unwrap() });
            let socket = desk.folder().join("state/journal.db.sock");
            until(|| UnixStream::connect(&socket).is_ok());
            child
        });
        let mut screen = cockpit(&desk);
        screen.wait_text("Transactions");
        screen.send(b"B");
        screen.wait_text("Batch of cash-outs");
        // Not there, then there: `~` is the person's own folder.
        screen.send(b"~/keine.csv\r");
        screen.wait_text("the file cannot be read");
        screen.send(b"\x18~/folha.csv\r");
        screen.wait_text("Review of the batch");
        assert_eq!(sent(&desk), 0);
        screen.send(b"\ry");
        screen.wait_text("30/30");
        screen.wait_text("what became of each line is in");
        let result = fs::read_to_string(desk.folder().join("folha.result.csv")).unwrap();
        assert!(result.starts_with("line,reference,state,") && result.lines().count() == 31, "{result}");
        // Its lines, one of them, and back.
        screen.wait_text("1-");
        screen.send(b"\r");
        screen.wait_text("Maria Silva");
        screen.wait_text("esc back");
        screen.send(b"\x1b");
        screen.wait_text("30/30");
        screen.send(b"\x1b");
        screen.wait_text("Transactions");
        // The same file again is the same batch.
        screen.send(b"B~/folha.csv\r");
        screen.wait_text("30 are in the journal already");
        screen.send(b"y");
        screen.wait_text("what became of each line is in");
        screen.signal(Signal::TERM);
        screen.exit(PATIENCE);
        if let Some(mut owner) = owner {
            runtime().block_on(async { owner.kill().await.unwrap() });
        }
        assert_eq!(sent(&desk), 30);
        assert_eq!(recover(&desk, 60), []);
        assert!(audit(&desk).values().all(|story| story.paid == 1));
    }
}

/// With an owner the command says what it says without one.
#[test]
fn an_owner_pays_it_as_the_command_itself_does() {
    let said = |served: bool| {
        let desk = Desk::start(prompt());
        let file = payroll(&desk, "folha.csv", 30);
        let owner = served.then(|| {
            let child = runtime().block_on(async { desk.command(&["serve"]).spawn().unwrap() });
            let socket = desk.folder().join("state/journal.db.sock");
            until(|| UnixStream::connect(&socket).is_ok());
            child
        });
        let run = desk.saldo(&pay(&file, &["--json"]));
        run.expect(0);
        if let Some(mut owner) = owner {
            runtime().block_on(async { owner.kill().await.unwrap() });
        }
        assert_eq!(sent(&desk), 30);
        let told = |line: Value| {
            (line["line"].clone(), line["external_reference"].clone(), line["amount_centavos"].clone())
        };
        views(&run).into_iter().map(told).collect::<Vec<_>>()
    };
    assert_eq!(said(true), said(false));
}

/// A command that is killed leaves a batch that stands; a cockpit goes on with it, through a review.
#[test]
fn a_batch_that_stands_is_gone_on_with_from_the_cockpit() {
    let mut desk = Desk::start(prompt());
    let file = payroll(&desk, "folha.csv", 12);
    let address = desk.take_down();
    desk.saldo(&pay(&file, &[])).expect(69);
    desk.bring_up(Options { listen: address, ..prompt() });
    let mut screen = cockpit(&desk);
    screen.wait_text("Transactions");
    screen.send(b"B");
    screen.wait_text("12 not begun");
    screen.send(b"\x1b[B\r");
    screen.wait_text("1-12/12");
    screen.send(b"r");
    screen.wait_text("Review of the batch");
    assert_eq!(sent(&desk), 0);
    screen.send(b"y");
    // "1-12/12" stands there before anything is paid.
    screen.wait_text("result:");
    screen.send(b"e");
    screen.wait_text("what became of each line is in");
    screen.signal(Signal::TERM);
    screen.exit(PATIENCE);
    assert_eq!(sent(&desk), 12);
    let written = fs::read_dir(desk.folder()).unwrap().filter_map(Result::ok);
    let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
    let results: Vec<String> = written.map(name).filter(|name| name.ends_with(".result.csv")).collect();
    assert!(
        results.iter().any(|name| name.starts_with("folha.") && name.len() > "folha.result.csv".len()),
        "{results:?}"
    );
    assert_eq!(recover(&desk, 60), []);
    assert!(audit(&desk).values().all(|story| story.paid == 1));
}

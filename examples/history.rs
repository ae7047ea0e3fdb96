//! Whether a journal of millions of rows answers as one of thousands.
//!
//! ```text
//! cargo run --release --example history -- [--folder FOLDER] [--keep] ROWS...
//! ```
//!
//! For each number of rows it makes a journal under FOLDER (`/tmp`): rows written straight into the first schema, as fast
//! as SQLite takes them, then opened by saldo, which brings it up to date, indexes and seals it. Then it asks what the
//! cockpit asks, each question several times on one open journal, and beside it the SQL that one would write by hand, on
//! a connection of its own in the same process, and the same SQL in the `sqlite3` shell where there is one: handed to it
//! many times over, its rows written to `/dev/null`, its start taken off. `ms` is the median. With `--keep` the journals stay; 10 million rows take
//! some 9 GB. The rows are of the last 30 days, and one in a million has the name that is searched as a rare one.

#![allow(clippy::float_arithmetic, reason = "milliseconds, not money")]
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on has failed")]
#![allow(clippy::disallowed_macros, clippy::print_stdout, reason = "its output is what it is for")]

#[path = "../tests/builders/seal.rs"]
#[allow(unreachable_pub, reason = "the tests use it from another module")]
mod seal;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::{Connection, params};
use saldo::domain::query::{Times, parse};
use saldo::engine::desk;
use saldo::engine::message::{LookBack, LookFrom, Towards};
use saldo::engine::past::look_back;
use saldo::journal::lock::Lock;
use saldo::journal::sqlite::{SqliteJournal, SqliteReader};
use saldo::journal::{JournalError, Query, Reader};

const ACCOUNT: &str = "48213 at sandbox";
const DAYS: i64 = 30;
const SCHEMA: &str = include_str!("../src/journal/sqlite/schema.sql");
const ROUNDS: usize = 15;

/// How often the shell is asked in a run, and how many runs there are.
const SHELL_REPEATS: usize = 300;
const SHELL_ROUNDS: usize = 5;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let (mut folder, mut keep, mut sizes) = (PathBuf::from("/tmp"), false, Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--folder" => folder = arguments.next().unwrap().into(),
            "--keep" => keep = true,
            number => sizes.push(number.replace('_', "").parse::<i64>().unwrap()),
        }
    }
    for rows in sizes {
        let path = folder.join(format!("saldo-history-{rows}")).join("journal.db");
        if !path.exists() {
            make(&path, rows).await;
        } else if let Err(JournalError::Older { .. }) = SqliteReader::open(&path, ACCOUNT).await {
            own(&path).await;
        }
        measure(&path, rows).await;
        if !keep {
            std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
        }
    }
}

async fn make(path: &Path, rows: i64) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let begun = Instant::now();
    write_rows(path, rows);
    let written = begun.elapsed();
    own(path).await;
    Connection::open(path).unwrap().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let bytes = std::fs::metadata(path).unwrap().len();
    println!(
        "\n{rows} rows: written in {:.0} s, indexed and sealed in {:.0} s, {} MB",
        written.as_secs_f64(),
        (begun.elapsed() - written).as_secs_f64(),
        bytes >> 20
    );
}

/// Has saldo bring a journal up to date.
async fn own(path: &Path) {
    let lock = Lock::acquire(path, "history", Duration::from_secs(5)).await.unwrap();
    drop(SqliteJournal::open(path, ACCOUNT, lock).await.unwrap());
    // The lock is free when the writer has ended.
    drop(Lock::acquire(path, "history", Duration::from_secs(600)).await.unwrap());
}

fn write_rows(path: &Path, rows: i64) {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -500000; BEGIN;").unwrap();
    connection.execute_batch(SCHEMA).unwrap();
    let indexes: Vec<(String, String)> = connection
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'transactions' AND sql IS NOT NULL")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for (name, _) in &indexes {
        connection.execute_batch(&format!("DROP INDEX {name}")).unwrap();
    }
    connection
        .execute("INSERT INTO meta (key, value) VALUES ('account', ?1), ('epoch', '1')", [ACCOUNT])
        .unwrap();
    {
        let mut insert = connection
            .prepare(
                "INSERT INTO transactions (id, ours, direction, state, amount, internal_code, transaction_id,
                    external_reference, end_to_end_id, name, document, created_at, updated_at, happened_at, settled_at)
                 VALUES (?1, 0, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11, ?12, ?13)",
            )
            .unwrap();
        let (begin, step) =
            (Timestamp::now().as_microsecond() - DAYS * 86_400_000_000, DAYS * 86_400_000_000 / rows);
        let mut dice = Dice(42);
        for number in 0..rows {
            let at = begin + number * step;
            let (direction, state) = match dice.roll(10_000) {
                0 => ("out", "held"),
                1..40 => ("out", "failed"),
                40..60 => ("in", "expired"),
                60..4_000 => ("out", "completed"),
                _ => ("in", "paid"),
            };
            let rare = number % 1_000_000 == 4_999 % rows;
            let name = if rare { "Zoroastro Quixadá".to_owned() } else { dice.name() };
            let most = 1 << (10 + dice.roll(17));
            let amount = 100 + dice.roll(most);
            let (one, two) = (dice.next(), dice.next());
            insert
                .execute(params![
                    format!(
                        "{:08x}-{:04x}-7{:03x}-8{:03x}-{:012x}",
                        at >> 24,
                        at >> 8 & 0xffff,
                        at & 0xff,
                        one >> 52,
                        two >> 16
                    ),
                    direction,
                    state,
                    i64::try_from(amount).unwrap(),
                    format!("IC{:012X}", one >> 16),
                    format!("{:08x}-0000-4000-8000-{:012x}", two >> 32, one >> 16),
                    format!("pedido-{}-{number}", 2000 + dice.roll(50)),
                    format!(
                        "E60746948{}{:011}",
                        Timestamp::from_microsecond(at).unwrap().strftime("%Y%m%d%H%M"),
                        number
                    ),
                    name,
                    format!("{:011}", dice.roll(100_000_000_000)),
                    at + 2_000_000,
                    at,
                    matches!(state, "completed" | "paid").then_some(at + 1_000_000),
                ])
                .unwrap();
        }
    }
    for (_, sql) in &indexes {
        connection.execute_batch(sql).unwrap();
    }
    seal::seal(&connection);
    connection.execute_batch("COMMIT; PRAGMA user_version = 1; PRAGMA journal_mode = WAL;").unwrap();
}

struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn roll(&mut self, sides: u64) -> u64 {
        (self.next() >> 11) % sides
    }

    /// About 500 first and 500 last names, some of them much more frequent than others.
    fn name(&mut self) -> String {
        const PARTS: [&str; 8] = ["ma", "ri", "jo", "ão", "lu", "cé", "pa", "da"];
        let mut part = |most: u64| {
            let range = 1 + self.roll(most);
            let mut number = usize::try_from(self.roll(range)).unwrap();
            let mut word = String::new();
            for _ in 0..3 {
                word.push_str(PARTS[number % 8]);
                number /= 8;
            }
            word
        };
        format!("{} da {}", part(500), part(500))
    }
}

/// The median of several runs, in milliseconds.
fn median<T>(mut run: impl FnMut() -> T) -> f64 {
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            std::hint::black_box(run());
            begun.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[ROUNDS / 2]
}

/// What the shell takes for this, in milliseconds, without its start; `None` where there is no shell.
fn in_shell(path: &Path, sql: &str) -> Option<f64> {
    let run = |times: usize| {
        let mut shell = Command::new("sqlite3");
        shell.args(["-batch", "-readonly"]).arg(path).stdin(Stdio::piped()).stdout(Stdio::null());
        let begun = Instant::now();
        let mut shell = shell.spawn().ok()?;
        let script = format!("{sql};\n").repeat(times);
        shell.stdin.take()?.write_all(script.as_bytes()).ok()?;
        shell.wait().ok()?.success().then(|| begun.elapsed().as_secs_f64() * 1e3)
    };
    let mut times: Vec<f64> = (0..SHELL_ROUNDS)
        .map(|_| Some((run(SHELL_REPEATS + 1)? - run(1)?) / SHELL_REPEATS as f64))
        .collect::<Option<_>>()?;
    times.sort_by(f64::total_cmp);
    Some(times[SHELL_ROUNDS / 2])
}

/// Its time and how many times that `ours` is, as cells.
fn beside(ours: f64, theirs: Option<f64>) -> String {
    theirs.map_or_else(|| " | ".to_owned(), |theirs| format!("{theirs:.3} | {:.2}", ours / theirs))
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

async fn measure(path: &Path, rows: i64) {
    let zone = TimeZone::get("America/Sao_Paulo").unwrap();
    let before = resident();
    let begun = Instant::now();
    let reader = SqliteReader::open(path, ACCOUNT).await.unwrap().unwrap();
    desk::window(reader.as_ref(), &Query::default(), &zone).await.unwrap();
    println!("\n{rows} rows | ms | bare SQL | ratio | shell | ratio\n---|---|---|---|---|---");
    println!("open and first window | {:.2} | | | |", begun.elapsed().as_secs_f64() * 1e3);
    println!("memory of that, KiB | {} | | | |", resident().saturating_sub(before));
    let bare = Connection::open(path).unwrap();
    let show = |name: &str, query: Query, sql: &str| {
        let found = block_on(reader.transactions(query.clone())).unwrap().len();
        let ours = median(|| block_on(reader.transactions(query.clone())).unwrap());
        if sql.is_empty() {
            println!("{name} ({found} rows) | {ours:.2} | | | |");
            return;
        }
        let sql = format!("SELECT * FROM transactions {sql} LIMIT 200");
        let mut statement = bare.prepare(&sql).unwrap();
        let mut theirs = || {
            let columns = statement.column_count();
            let mut rows = statement.query([]).unwrap();
            let mut count = 0_usize;
            while let Some(row) = rows.next().unwrap() {
                count += (0..columns).filter(|column| row.get_ref(*column).is_ok()).count() / columns;
            }
            count
        };
        assert_eq!(theirs(), found, "{name}");
        let theirs = median(&mut theirs);
        let shell = beside(ours, in_shell(path, &sql));
        println!("{name} ({found} rows) | {ours:.3} | {theirs:.3} | {:.2} | {shell}", ours / theirs);
    };
    let query = |text: &str| {
        let filter = parse(text, &Times { now: Timestamp::now(), zone: zone.clone() }).unwrap();
        Query { filter, limit: 200, ..Query::default() }
    };
    let window = median(|| block_on(desk::window(reader.as_ref(), &Query::default(), &zone)).unwrap());
    println!("window with totals | {window:.2} | | | |");
    show("page at the top", query(""), "ORDER BY seq DESC");
    let middle = rows / 2;
    show(
        "page in the middle",
        Query { before: Some(middle), ..query("") },
        &format!("WHERE seq < {middle} ORDER BY seq DESC"),
    );
    let day = Timestamp::from_microsecond(Timestamp::now().as_microsecond() - 10 * 86_400_000_000).unwrap();
    let found = median(|| block_on(reader.at(day)).unwrap());
    let sql = format!(
        "SELECT seq FROM transactions WHERE happened_at <= {} ORDER BY happened_at DESC, seq DESC LIMIT 1",
        day.as_microsecond()
    );
    println!("the row of a time | {found:.3} | | | {}", beside(found, in_shell(path, &sql)));
    let jump = median(|| {
        let seq = block_on(reader.at(day)).unwrap().unwrap();
        block_on(reader.transactions(Query { before: Some(seq + 1), ..query("") })).unwrap()
    });
    let sql = format!("SELECT * FROM transactions WHERE seq <= ({sql}) ORDER BY seq DESC LIMIT 200");
    println!(
        "jump: that row and the page from it on | {jump:.3} | | | {}",
        beside(jump, in_shell(path, &sql))
    );
    let wish = LookBack { number: 0, from: LookFrom::Time(day), rows: None };
    let back = median(|| block_on(look_back(reader.as_ref(), &wish, &zone)).unwrap());
    println!("the desk as it was ten days ago | {back:.3} | | | |");
    let next = LookBack { from: LookFrom::Change { at: day, towards: Towards::Later }, ..wish };
    let next = median(|| block_on(look_back(reader.as_ref(), &next, &zone)).unwrap());
    println!("the desk at the next change | {next:.3} | | | |");
    show("status:held", query("status:held"), "WHERE state = 'held' ORDER BY seq DESC");
    show("status:failed", query("status:failed"), "WHERE state = 'failed' ORDER BY seq DESC");
    show("in", query("in"), "WHERE direction = 'in' ORDER BY seq DESC");
    let one: (String, String, String) = bare
        .query_row(
            "SELECT external_reference, end_to_end_id, internal_code FROM transactions WHERE seq = ?1",
            [middle],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .unwrap();
    show(
        "ref: a whole one",
        query(&format!("ref:{}", one.0)),
        &format!("WHERE external_reference = '{}' ORDER BY seq DESC", one.0),
    );
    show(
        "e2e: a whole one",
        query(&format!("e2e:{}", one.1)),
        &format!("WHERE end_to_end_id = '{}' ORDER BY seq DESC", one.1),
    );
    show(
        "a pasted internalCode",
        query(&one.2),
        &format!("WHERE internal_code = '{}' ORDER BY seq DESC", one.2),
    );
    show("amount:>1300000 (few)", query("amount:>1300000"), "");
    show("amount:1234,56", query("amount:1234,56"), "");
    show("since:10d until:9d", query("since:10d until:9d"), "");
    show("-in status:failed amount:>100000", query("-in status:failed amount:>100000"), "");
    show("frequent text: mamama", query("mamama"), "");
    show("rare text: zoroastro", query("zoroastro"), "");
    show("part of a text: zor", query("zor"), "");
    show("two texts: jojojo luma", query("jojojo luma"), "");
    show("no such text: xyzzy", query("xyzzy"), "");
    let count = median(|| block_on(reader.count(query("mamama"), 1_000)).unwrap());
    println!("count to 1 000 | {count:.2} | | | |");
    println!("memory after all, KiB more than before | {} | | | |", resident().saturating_sub(before));
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(future))
}

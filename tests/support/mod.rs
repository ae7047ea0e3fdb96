//! A desk with the real binary, the real sandbox and a journal in a temporary folder.
//!
//! What the command said is held against what the sandbox's ledger shows: two witnesses that share no code.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test binary is a crate of its own and uses its part of this"
)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use saldo::sandbox::{self, Access, LedgerView, Options, Sandbox, Where};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::runtime::Runtime;

pub mod payment;
pub mod scripted;

use payment::{Attempt, Payment};

/// The program under test.
pub const SALDO: &str = env!("CARGO_BIN_EXE_saldo");

/// Nothing here takes this long unless it is broken. The longest wait in the design is a minute and its look.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A payment that every check takes.
pub const MARIA: [&str; 6] =
    ["--pix-key", "maria@example.com", "--name", "Maria Silva", "--document", "52998224725"];

/// The runtime that sandboxes and child processes live on.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().unwrap())
}

/// A sandbox that settles at once.
pub fn prompt() -> Options {
    Options { settle_after: Duration::from_millis(20), ..Options::default() }
}

/// The same, with these faults.
pub fn with_faults(specs: &[&str]) -> Options {
    Options { faults: specs.iter().map(|spec| spec.parse().unwrap()).collect(), ..prompt() }
}

/// A folder with a configuration, and the gateway that it names.
pub struct Desk {
    folder: TempDir,
    sandbox: Option<Sandbox>,
    pub access: Access,
}

/// How a command ended.
#[derive(Debug, Clone)]
pub struct Run {
    /// The arguments, for messages.
    pub what: String,
    /// `None`: killed by a signal.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Desk {
    /// A desk on a sandbox of its own.
    pub fn start(options: Options) -> Self {
        let sandbox = runtime().block_on(sandbox::start(options)).unwrap();
        let access = sandbox.access().clone();
        Self::new(access, Some(sandbox))
    }

    /// A desk on whatever answers at `base_url`, with invented credentials.
    pub fn at(base_url: &str) -> Self {
        let access = Access {
            base_url: base_url.to_owned(),
            client_id: "48213".to_owned(),
            client_secret: "0b0c8f4e-53a4-4f5c-9d3e-0000000000c1".to_owned(),
            application_token: "0b0c8f4e-53a4-4f5c-9d3e-0000000000a2".to_owned(),
            crypto_token: "0b0c8f4e-53a4-4f5c-9d3e-0000000000e3".to_owned(),
        };
        Self::new(access, None)
    }

    fn new(access: Access, sandbox: Option<Sandbox>) -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap(), sandbox, access };
        desk.write_secret("client-secret", &desk.access.client_secret);
        desk.write_secret("application-token", &desk.access.application_token);
        desk.write_secret("crypto-token", &desk.access.crypto_token);
        desk.configure(&desk.access.base_url, &desk.access.client_id, "");
        desk
    }

    /// Writes the configuration anew; `rest` follows the profile.
    pub fn configure(&self, base_url: &str, client_id: &str, rest: &str) {
        let secret = |name| self.secret_path(name).display().to_string();
        let text = format!(
            "[profiles.test]\nenvironment = \"sandbox\"\nbase_url = \"{base_url}\"\nclient_id = \"{client_id}\"\n\
             client_secret = {{ file = \"{}\" }}\napplication_token = {{ file = \"{}\" }}\n\
             crypto_token = {{ file = \"{}\" }}\n{rest}\n[journal]\nurl = \"sqlite:{}\"\n",
            secret("client-secret"),
            secret("application-token"),
            secret("crypto-token"),
            self.journal_path().display(),
        );
        fs::write(self.config_path(), text).unwrap();
    }

    pub fn write_secret(&self, name: &str, secret: &str) {
        let path = self.secret_path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut file =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path).unwrap();
        file.write_all(secret.as_bytes()).unwrap();
    }

    fn secret_path(&self, name: &str) -> PathBuf {
        self.folder.path().join("secrets").join(name)
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn config_path(&self) -> PathBuf {
        self.folder.path().join("config.toml")
    }

    pub fn journal_path(&self) -> PathBuf {
        self.folder.path().join("state/journal.db")
    }

    /// What the gateway knows.
    pub fn ledger(&self) -> LedgerView {
        self.sandbox.as_ref().unwrap().ledger()
    }

    /// Takes the gateway down, and gives the port it had.
    pub fn take_down(&mut self) -> std::net::SocketAddr {
        let sandbox = self.sandbox.take().unwrap();
        let address = sandbox.local_addr();
        runtime().block_on(sandbox.stop());
        address
    }

    /// Brings a gateway up at that port.
    pub fn bring_up(&mut self, options: Options) {
        self.sandbox = Some(runtime().block_on(sandbox::start(options)).unwrap());
    }

    /// A command with nothing of this process's environment.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        self.command_of(SALDO, arguments)
    }

    /// As [`Self::command`], for a program that starts saldo.
    pub fn command_of<S: AsRef<OsStr>>(&self, program: &str, arguments: &[S]) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.folder.path())
            .env("PATH", "/usr/bin:/bin")
            .env("SALDO_CONFIG", self.config_path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Runs saldo to its end.
    pub fn saldo<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Run {
        finish(self.command(arguments))
    }

    /// Runs saldo with this on its standard input.
    pub fn saldo_reading<S: AsRef<OsStr>>(&self, arguments: &[S], input: &[u8]) -> Run {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped());
        let what = describe(&command);
        runtime().block_on(async {
            let mut child = command.spawn().unwrap();
            let mut stdin = child.stdin.take().unwrap();
            // A program that has refused its arguments reads nothing.
            let _ = stdin.write_all(input).await;
            drop(stdin);
            end_of(what, child).await
        })
    }

    /// `saldo cash-out … --yes --json` to Maria.
    pub fn pay(&self, amount: &str, reference: &str) -> Run {
        self.saldo(&cash_out(amount, reference))
    }

    /// Every payment in the journal.
    pub fn payments(&self) -> Vec<Payment> {
        let journal = self.journal();
        let mut intents = journal
            .prepare(
                "SELECT i.id, i.reference, i.body, t.state, t.amount, t.internal_code
                 FROM intents i JOIN transactions t ON t.id = i.id ORDER BY t.seq",
            )
            .unwrap();
        let mut payments: Vec<Payment> = intents
            .query_map([], |row| {
                Ok(Payment {
                    id: row.get(0)?,
                    reference: row.get(1)?,
                    body: String::from_utf8(row.get(2)?).unwrap(),
                    state: row.get(3)?,
                    amount: row.get(4)?,
                    internal_code: row.get(5)?,
                    attempts: Vec::new(),
                })
            })
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let mut attempts =
            journal.prepare("SELECT key, verdict FROM attempts WHERE intent = ?1 ORDER BY number").unwrap();
        for payment in &mut payments {
            payment.attempts = attempts
                .query_map([&payment.id], |row| Ok((row.get(0)?, row.get::<_, Option<String>>(1)?)))
                .unwrap()
                .map(|row| {
                    let (key, verdict) = row.unwrap();
                    Attempt { key, verdict: verdict.map(|text| serde_json::from_str(&text).unwrap()) }
                })
                .collect();
        }
        payments
    }

    /// The states of the rebalances in the journal, oldest first. None where no journal has been made yet.
    pub fn rebalances(&self) -> Vec<String> {
        let is_there = |journal: &Connection| journal.table_exists(None, "rebalances").unwrap();
        let Some(journal) = self.journal_path().exists().then(|| self.journal()).filter(is_there) else {
            return Vec::new();
        };
        let mut states = journal.prepare("SELECT state FROM rebalances ORDER BY created_at").unwrap();
        states.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    pub fn journal(&self) -> Connection {
        // Not read-only: a process that was killed while it made the file left something to roll back.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let journal = Connection::open_with_flags(self.journal_path(), flags).unwrap();
        journal.busy_timeout(Duration::from_secs(5)).unwrap();
        journal
    }

    /// Runs `recover` until nothing is open, and gives how often it took.
    pub fn recover_until_final(&self, at_most: u32) -> u32 {
        for round in 1..=at_most {
            let run = self.saldo(&["recover", "--json"]);
            run.expect_one_of(&[0, 4, 69, 75, 77, 1]);
            let views = run.json();
            let is_final = |view: &Value| {
                matches!(view["state"].as_str(), Some("completed" | "rejected" | "failed" | "cancelled"))
            };
            if views.as_array().unwrap().iter().all(is_final) {
                return round;
            }
        }
        panic!("still open after {at_most} times: {:#?}", self.payments());
    }

    /// Holds the journal against the ledger: nothing paid twice, nothing lost, nothing sent that was not journalled.
    pub fn reconcile(&self) {
        let ledger = self.ledger();
        let payments = self.payments();
        for payment in &payments {
            payment.agrees_with(&ledger);
        }
        for paid in &ledger.cash_outs {
            assert!(
                payments.iter().any(|payment| payment.reference == paid.external_reference),
                "the gateway paid {} and the journal does not know it",
                paid.external_reference
            );
        }
        let sent = ledger.requests_to(Where::CashOut).count();
        let journalled: usize = payments.iter().map(|payment| payment.attempts.len()).sum();
        assert!(sent <= journalled, "{sent} requests and only {journalled} attempts");
    }

    /// The four secrets of this desk.
    pub fn secrets(&self) -> [String; 3] {
        [
            self.access.client_secret.clone(),
            self.access.application_token.clone(),
            self.access.crypto_token.clone(),
        ]
    }
}

impl Run {
    /// Standard output, which has to be one line of JSON and nothing else.
    pub fn json(&self) -> Value {
        assert!(self.stdout.ends_with('\n') && self.stdout.lines().count() == 1, "{self:#?}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// The reason on standard error: the last line, in the contract's shape.
    pub fn error(&self) -> Value {
        let last = self.stderr.lines().last().unwrap_or_else(|| panic!("no reason: {self:#?}"));
        let envelope: Value = serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {self:#?}"));
        let error = &envelope["error"];
        assert_eq!(names(&envelope), ["error"], "{self:#?}");
        assert_eq!(names(error), ["code", "message", "outcome", "retryable"], "{self:#?}");
        assert!(error["code"].is_string() && error["retryable"].is_boolean(), "{self:#?}");
        assert!(!error["message"].as_str().unwrap().is_empty(), "{self:#?}");
        assert!(
            ["nothing_sent", "not_executed", "unknown", "pending"]
                .contains(&error["outcome"].as_str().unwrap()),
            "{self:#?}"
        );
        error.clone()
    }

    /// Requires this exit code; any but 0 comes with a reason. A panic is never an answer.
    #[track_caller]
    pub fn expect(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        assert!(!self.stderr.contains("panicked"), "{self:#?}");
        if code != 0 {
            assert!(!self.stderr.trim().is_empty(), "no reason: {self:#?}");
        }
        self
    }

    /// Requires one of these exit codes; any but 0 comes with a reason.
    #[track_caller]
    pub fn expect_one_of(&self, codes: &[i32]) -> &Self {
        let code = self.code.filter(|code| codes.contains(code));
        self.expect(code.unwrap_or_else(|| panic!("none of {codes:?}: {self:#?}")))
    }

    /// Requires this exit code and error code.
    #[track_caller]
    pub fn expect_error(&self, exit: i32, code: &str, outcome: &str) -> &Self {
        self.expect(exit);
        let error = self.error();
        assert_eq!((&error["code"], &error["outcome"]), (&code.into(), &outcome.into()), "{self:#?}");
        self
    }
}

/// The arguments of a payment to Maria.
pub fn cash_out<'a>(amount: &'a str, reference: &'a str) -> Vec<&'a str> {
    let mut arguments = vec!["cash-out", "--amount", amount, "--reference", reference, "--yes", "--json"];
    arguments.extend(MARIA);
    arguments
}

/// The names of an object's members, sorted.
pub fn names(value: &Value) -> Vec<&str> {
    let mut names: Vec<&str> =
        value.as_object().unwrap_or_else(|| panic!("{value}")).keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

fn describe(command: &Command) -> String {
    let arguments: Vec<_> =
        command.as_std().get_args().map(|argument| argument.to_string_lossy().into_owned()).collect();
    arguments.join(" ")
}

/// Runs a command to its end.
pub fn finish(mut command: Command) -> Run {
    let what = describe(&command);
    runtime().block_on(async { end_of(what, command.spawn().unwrap()).await })
}

/// Waits for a process, and gives how it ended.
pub async fn end_of(what: String, child: Child) -> Run {
    let output = tokio::time::timeout(PATIENCE, child.wait_with_output())
        .await
        .unwrap_or_else(|_| panic!("`saldo {what}` does not end"))
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).expect("saldo writes UTF-8");
    Run { what, code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Looks until it is so.
pub fn until(is_so: impl Fn() -> bool) {
    runtime().block_on(async {
        let looking = async {
            while !is_so() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, looking).await.expect("it never came to be");
    });
}

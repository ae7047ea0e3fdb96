//! `saldo fsck`: is the journal sound? It reads, and changes nothing; it works while an owner is at work, and on a file
//! that nothing else can read.

use clap::Args;
use serde::Serialize;

use super::context::Context;
use super::failure::{Exit, Failure, Outcome};
use super::output::{note, say, say_json};
use crate::journal::JournalError;
use crate::journal::lock::{Lock, PATIENCE};
use crate::journal::sqlite::{AuditHead, Checkup, Finding, SqliteJournal, check};

#[derive(Debug, Args)]
pub(super) struct FsckArguments {
    /// A head that was noted earlier, SIZE:ROOT: the journal has to begin with the events that it is over
    #[arg(long, value_name = "HEAD")]
    noted: Vec<AuditHead>,
    /// First make anew what is made of other rows: the search index and the sums of what moved. Changes nothing else,
    /// and nothing at all if a row that they are made of was edited
    #[arg(long)]
    rebuild: bool,
}

#[derive(Serialize)]
struct CheckupView<'a> {
    sound: bool,
    rows: u64,
    owners: Option<i64>,
    audit_head: Option<String>,
    findings: Vec<FindingView<'a>>,
}

#[derive(Serialize)]
struct FindingView<'a> {
    table: Option<&'a str>,
    row: Option<&'a str>,
    what: &'a str,
}

impl<'a> From<&'a Finding> for FindingView<'a> {
    fn from(finding: &'a Finding) -> Self {
        Self { table: finding.table.as_deref(), row: finding.row.as_deref(), what: &finding.what }
    }
}

pub(super) async fn run(arguments: FsckArguments, context: &Context) -> Result<Exit, Failure> {
    let path = context.journal_path().to_owned();
    if !path.exists() {
        return Err(Failure::new(
            Exit::NotFound,
            "not_found",
            format!("there is no journal at {}: no payment was made with this profile yet", path.display()),
        ));
    }
    let shown = path.display().to_string();
    if arguments.rebuild {
        let lock = Lock::acquire(&path, context.command, PATIENCE).await?;
        let made = SqliteJournal::rebuild(&path, &context.account(), lock).await?;
        note(&format!(
            "made anew: the search index over {} rows, and what moved, {} rows; the rows that they are made of are as they were",
            made.rows, made.flows
        ));
    }
    let checkup = tokio::task::spawn_blocking(move || check(&path, &arguments.noted))
        .await
        .map_err(|_| Failure::from(JournalError::Closed))??;
    if checkup.is_empty {
        return Err(Failure::new(
            Exit::NotFound,
            "not_found",
            format!("the journal at {shown} is empty: nothing was ever written to it, or it was emptied"),
        ));
    }
    let sound = checkup.findings.is_empty();
    if context.json {
        say_json(&CheckupView {
            sound,
            rows: checkup.rows,
            owners: checkup.epoch,
            audit_head: checkup.head.map(|head| head.to_string()),
            findings: checkup.findings.iter().map(FindingView::from).collect(),
        });
    } else {
        report(&shown, &checkup);
    }
    if sound {
        return Ok(Exit::Done);
    }
    if checkup.findings.iter().all(Finding::is_derived) {
        return Err(Failure::new(
            Exit::Unsound,
            "derived_data_damaged",
            "only what is made of other rows is damaged (what a search finds, and sums on the screen); every payment is as \
             saldo wrote it. End the saldo that owns the journal and run `saldo fsck --rebuild`, which makes it anew",
        )
        .meaning(Outcome::NotExecuted));
    }
    let count = checkup.findings.len();
    Err(Failure::new(
        Exit::Unsound,
        "journal_unsound",
        format!(
            "the journal is not sound ({count} {}): keep a copy of it as it is, pay nothing from it, and compare it with \
             the gateway's statement before you go on",
            if count == 1 { "finding" } else { "findings" }
        ),
    )
    .meaning(Outcome::Unknown))
}

fn report(path: &str, checkup: &Checkup) {
    for finding in &checkup.findings {
        say(&finding.to_string());
    }
    if checkup.findings.is_empty() {
        say(&format!(
            "{path}: sound. {} rows, each as saldo wrote it; every payment, charge, refund and rebalance is what its events come to",
            checkup.rows
        ));
    }
    let is_sound = checkup.findings.is_empty();
    if let Some(head) = checkup.head.filter(|_| is_sound) {
        say(&format!("audit head {head}"));
        note(
            "note the head somewhere else: `saldo fsck --noted HEAD` proves later that nothing before it was changed",
        );
    }
}

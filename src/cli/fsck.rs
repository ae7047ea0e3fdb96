//! `saldo fsck`: is the journal sound? It reads, and changes nothing; it works while an owner is at work, and on a file
//! that nothing else can read.

use crate::journal::sqlite::is_there;
use clap::Args;
use serde::Serialize;

use super::context::Context;
use super::failure::{Exit, Failure, Outcome};
use super::output::{note, say, say_json, tell};
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
    if !is_there(&path)? {
        return Err(Failure::new(Exit::NotFound, "not_found", {
            let path = path.display();
            told!(
                "there is no journal at {path}: no payment was made with this profile yet",
                "não há diário em {path}: nenhum pagamento foi feito com este perfil ainda"
            )
        }));
    }
    let shown = path.display().to_string();
    if arguments.rebuild {
        let lock = Lock::acquire(&path, context.command, PATIENCE).await?;
        let made = SqliteJournal::rebuild(&path, &context.account(), lock).await?;
        let (rows, flows) = (made.rows, made.flows);
        note(told!(
            "made anew: the search index over {rows} rows, and what moved, {flows} rows; the rows that they are made of are \
             as they were",
            "refeitos: o índice de busca sobre {rows} linhas, e o que se moveu, {flows} linhas; as linhas de que são feitos \
             estão como estavam"
        ));
    }
    let checkup = tokio::task::spawn_blocking(move || check(&path, &arguments.noted))
        .await
        .map_err(|_| Failure::from(JournalError::Closed))??;
    if checkup.is_empty {
        return Err(Failure::new(
            Exit::NotFound,
            "not_found",
            told!(
                "the journal at {shown} is empty: nothing was ever written to it, or it was emptied",
                "o diário em {shown} está vazio: nada foi gravado nele, ou ele foi esvaziado"
            ),
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
            told!(
                "only what is made of other rows is damaged (what a search finds, and sums on the screen); every payment is as \
                 saldo wrote it. End the saldo that owns the journal and run `saldo fsck --rebuild`, which makes it anew",
                "só o que é feito de outras linhas está danificado (o que a busca acha, e somas da tela); todo pagamento está \
                 como o saldo o gravou. Encerre o saldo dono do diário e rode `saldo fsck --rebuild`, que o refaz"
            ),
        )
        .meaning(Outcome::NotExecuted));
    }
    let count = checkup.findings.len();
    Err(Failure::new(
        Exit::Unsound,
        "journal_unsound",
        {
            let (findings, achados) = if count == 1 { ("finding", "achado") } else { ("findings", "achados") };
            told!(
                "the journal is not sound ({count} {findings}): keep a copy of it as it is, pay nothing from it, and compare \
                 it with the gateway's statement before you go on",
                "o diário não está íntegro ({count} {achados}): guarde uma cópia dele como está, não pague nada por ele, e \
                 compare-o com o extrato do gateway antes de continuar"
            )
        },
    )
    .meaning(Outcome::Unknown))
}

fn report(path: &str, checkup: &Checkup) {
    for finding in &checkup.findings {
        say(&finding.to_string());
    }
    if checkup.findings.is_empty() {
        let rows = checkup.rows;
        tell(&told!(
            "{path}: sound. {rows} rows, each as saldo wrote it; every payment, charge, refund and rebalance is what its \
             events come to",
            "{path}: íntegro. {rows} linhas, cada uma como o saldo a gravou; todo pagamento, cobrança, devolução e \
             rebalanceamento é o que seus eventos dizem"
        ));
    }
    let is_sound = checkup.findings.is_empty();
    if let Some(head) = checkup.head.filter(|_| is_sound) {
        tell(&told!("audit head {head}", "topo da auditoria {head}"));
        note(told!(
            "note the head somewhere else: `saldo fsck --noted HEAD` proves later that nothing before it was changed",
            "anote o topo em outro lugar: `saldo fsck --noted TOPO` prova depois que nada antes dele foi mudado"
        ));
    }
}

//! `saldo alerts`: what a person has to look at, and that they have.
//!
//! The list is read in the journal. An acknowledgement is the owner's to write: where `saldo serve` or a cockpit runs, it is
//! asked.

use clap::{Args, Subcommand};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::cockpit::zone;
use super::context::Context;
use super::failure::{Exit, Failure};
use super::output::{note, say, say_json, spoken, tell};
use crate::domain::alert::{Alert, What};
use crate::engine::alerts::{NotAcknowledged, Subject, Telling};
use crate::journal::alerts::{AlertReader as _, Listed};
use crate::lang::Lang;

/// Rows of the past at most.
const MOST: u32 = 1_000;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct AlertsArguments {
    /// Also those that are over, newest first
    #[arg(long)]
    all: bool,
    #[command(subcommand)]
    command: Option<AlertsCommand>,
}

#[derive(Debug, Subcommand)]
enum AlertsCommand {
    /// Record that you have seen an alert: it rings no more, wherever it is shown
    Ack {
        /// The alert's number
        #[arg(value_name = "ID")]
        number: i64,
        /// What was found, and where; a difference is not acknowledged without
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
}

pub(super) async fn run(arguments: AlertsArguments, context: &Context) -> Result<Exit, Failure> {
    match arguments.command {
        Some(AlertsCommand::Ack { number, note }) => acknowledge(number, note, context).await,
        None => list(arguments.all, context).await,
    }
}

async fn list(all: bool, context: &Context) -> Result<Exit, Failure> {
    let which = if all { Listed::Newest(MOST) } else { Listed::Standing };
    let alerts = match context.reader().await? {
        Some(reader) => reader.alerts(which).await?,
        None => Vec::new(),
    };
    if context.json {
        let profile = &context.settings.profile;
        say_json(&alerts.iter().map(|alert| Telling::new(alert, profile)).collect::<Vec<_>>());
        return Ok(Exit::Done);
    }
    if alerts.is_empty() {
        note(if all {
            told!("no alert was ever raised", "nenhum alerta foi dado ainda")
        } else {
            told!("no alert holds", "nenhum alerta em vigor")
        });
    }
    let zone = zone();
    for alert in &alerts {
        show(alert, &zone);
    }
    if alerts.iter().any(Alert::is_waiting) {
        note(told!(
            "to record that you have seen one: saldo alerts ack ID",
            "para gravar que você viu um deles: saldo alerts ack ID"
        ));
    }
    Ok(Exit::Done)
}

async fn acknowledge(number: i64, text: Option<String>, context: &Context) -> Result<Exit, Failure> {
    let missing = || {
        let told = told!(
            "there is no alert {number}; nothing was recorded",
            "não há alerta {number}; nada foi gravado"
        );
        Failure::new(Exit::NotFound, "not_found", told)
    };
    let reader = context.reader().await?.ok_or_else(missing)?;
    let before = reader.alert(number).await?.ok_or_else(missing)?;
    drop(reader);
    let seen = context.office().await?.acknowledge(Subject::Alert(number), text).await?;
    if context.json {
        say_json(&Telling::new(&seen, &context.settings.profile));
    } else {
        show(&seen, &zone());
    }
    if before.acknowledged.is_some() {
        note(told!(
            "it had been acknowledged before; the first acknowledgement stands",
            "já tinha sido marcado como visto; vale a primeira vez"
        ));
    }
    Ok(Exit::Done)
}

fn show(alert: &Alert, zone: &TimeZone) {
    let kind = alert.what.kind();
    let lang = spoken();
    let until = alert.ended_at.map(|at| {
        let at = time(at, zone);
        told!(" to {at}", " a {at}").in_lang(lang).to_owned()
    });
    let until = until.unwrap_or_default();
    say(&format!(
        "{:>5}  {:<4}  {}  {}{until}",
        alert.number,
        kind.severity().as_str(),
        kind.as_str(),
        time(alert.began_at, zone)
    ));
    match lang {
        Lang::En => say(&format!("       {}", alert.what)),
        Lang::PtBr => {
            let told = with_detail(&alert.what, lang, &|at| time(at, zone));
            let show = alert.what.row().map(|id| format!(": saldo show {id}")).unwrap_or_default();
            say(&format!("       {told}{show}"));
        }
    }
    if let What::UnexplainedDifference { suspects, .. } = &alert.what {
        for suspect in suspects {
            say(&format!("         {}", lang.suspect(suspect, &|at| time(at, zone))));
        }
    }
    if let Some(seen) = &alert.acknowledged {
        let words = seen.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
        let (by, at) = (&seen.by, time(seen.at, zone));
        tell(&told!("       acknowledged by {by} at {at}{words}", "       visto por {by} em {at}{words}"));
    }
}

/// What an alert says, in the words of the screen.
pub(super) fn with_detail(what: &What, lang: Lang, time: &dyn Fn(Timestamp) -> String) -> String {
    let detail = lang.alert_detail(what, time);
    let detail = if detail.is_empty() { detail } else { format!(": {detail}") };
    format!("{}{detail}", lang.alert(what))
}

/// A time for people, in the desk's zone.
pub(super) fn local(at: Timestamp) -> String {
    time(at, &zone())
}

/// As [`local`], where many are written.
pub(super) fn time(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%d/%m/%Y %H:%M:%S %Z").to_string()
}

impl From<NotAcknowledged> for Failure {
    fn from(why: NotAcknowledged) -> Self {
        match why {
            NotAcknowledged::Journal(error) => error.into(),
            NotAcknowledged::NoteMissing => Self::usage(told!(
                "{why}; nothing was recorded. Add --note \"what was found\"",
                "uma diferença só é marcada como vista com uma nota; nada foi gravado. Dê --note \"o que foi apurado\""
            )),
            NotAcknowledged::Already { .. } => Self::usage(told!(
                "{why}: what else was found belongs where the desk keeps such things",
                "já tinha sido marcado como visto, e a primeira nota fica: o que mais foi apurado pertence aos registros da mesa"
            )),
            NotAcknowledged::NoteUnsafe => Self::usage(told!(
                "--note: {why}; nothing was recorded",
                "--note: tem caracteres demais, ou que não podem ser mostrados; nada foi gravado"
            )),
        }
    }
}

//! `saldo handover`: a shift is handed over in a document that the journal keeps, and the next person accepts it.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use uuid::Uuid;

use super::alerts::time as time_in;
use super::cockpit::zone;
use super::context::Context;
use super::failure::{Exit, Failure, Outcome};
use super::output::{self, note, say, say_json};
use super::select::time;
use super::told::Told;
use crate::domain::handover::{Handover, MOST_NOTE, is_note};
use crate::domain::person::Person;
use crate::domain::query::Times;
use crate::domain::text::safe_cell;
use crate::engine::clock;
use crate::engine::new_file::{NewFile, NotWritten};
use crate::journal::JournalError;
use crate::journal::handover::{HandoverReader as _, Shift, StoredHandover};
use crate::journal::sqlite::{AuditHead, check};
use crate::lang::Lang;
use crate::server::control::operator;

/// Hand-overs that are listed, and looked through for a file.
const LISTED: u32 = 1_000;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct HandoverArguments {
    /// When the shift began: 8h (ago), 06:00, 22/11, 2026-11-22T22:00 (São Paulo), 2026-11-22T22:00:00Z
    #[arg(long, value_name = "TIME", default_value = "8h")]
    since: String,
    /// What the next person has to know
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Show what would be handed over, and record nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    writing: Writing,
    #[command(subcommand)]
    command: Option<HandoverCommand>,
}

#[derive(Debug, Args)]
struct Writing {
    /// How to write it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Into this file, which only its owner may read
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Csv,
}

#[derive(Debug, Subcommand)]
enum HandoverCommand {
    /// Record that you have taken a shift; whoever handed it over cannot
    Accept {
        /// The hand-over's id
        id: Uuid,
    },
    /// The hand-overs, newest first
    List,
    /// One of them again, as it was written
    Show {
        /// The hand-over's id
        id: Uuid,
        #[command(flatten)]
        writing: Writing,
    },
    /// Prove a file: the journal has the same, and nothing before it was changed since
    Check {
        /// A file that `saldo handover` wrote
        file: PathBuf,
    },
}

#[derive(Clone, Copy, Serialize)]
struct HandoverView<'a> {
    #[serde(flatten)]
    document: &'a Handover,
    /// Of the document as the journal keeps it; `null` where nothing was recorded.
    digest: Option<&'a str>,
    accepted_at: Option<jiff::Timestamp>,
    accepted_by: Option<&'a Person>,
}

impl<'a> HandoverView<'a> {
    fn new(stored: &'a StoredHandover) -> Self {
        let accepted = stored.accepted.as_ref();
        Self {
            document: &stored.document,
            digest: Some(&stored.digest),
            accepted_at: accepted.map(|(at, _)| *at),
            accepted_by: accepted.map(|(_, by)| by),
        }
    }
}

pub(super) async fn run(arguments: HandoverArguments, context: &Context) -> Result<Exit, Failure> {
    match arguments.command {
        None => hand_over(arguments, context).await,
        Some(HandoverCommand::Accept { id }) => accept(id, context).await,
        Some(HandoverCommand::List) => list(context).await,
        Some(HandoverCommand::Show { id, writing }) => {
            let stored = find(id, context).await?;
            tell(&stored.document, HandoverView::new(&stored), &writing, context)
        }
        Some(HandoverCommand::Check { file }) => prove(&file, context).await,
    }
}

async fn hand_over(arguments: HandoverArguments, context: &Context) -> Result<Exit, Failure> {
    let now = clock::now();
    let times = Times { now, zone: zone() };
    let since = time("--since", &arguments.since, times.since(&arguments.since))?;
    if since > now {
        return Err(Failure::usage(told!(
            "--since: a shift begins before it is handed over; nothing was recorded",
            "--since: o turno começa antes de ser passado; nada foi gravado"
        )));
    }
    let text = arguments.note.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    if text.as_deref().is_some_and(|text| !is_note(text)) {
        return Err(Failure::usage(told!(
            "--note: it has more than {MOST_NOTE} characters, or some that cannot be shown; nothing was recorded",
            "--note: tem mais de {MOST_NOTE} caracteres, ou alguns que não podem ser mostrados; nada foi gravado"
        )));
    }
    let missing = || {
        let why = told!(
            "there is no journal yet, so there is nothing to hand over",
            "ainda não há diário, então não há o que passar"
        );
        Failure::new(Exit::NotFound, "not_found", why)
    };
    let reader = context.reader().await?.ok_or_else(missing)?;
    if arguments.dry_run {
        let shift = Shift { id: Uuid::nil(), since, until: now, by: operator(), note: text };
        let document = reader.handover_draft(shift).await?;
        note(told!(
            "nothing was recorded: this is what would be handed over",
            "nada foi gravado: isto é o que seria passado"
        ));
        let view = HandoverView { document: &document, digest: None, accepted_at: None, accepted_by: None };
        return tell(&document, view, &arguments.writing, context);
    }
    drop(reader);
    let stored = context.office().await?.hand_over(Uuid::now_v7(), since, text).await?;
    let exit = tell(&stored.document, HandoverView::new(&stored), &arguments.writing, context)?;
    let id = stored.document.id;
    note(told!(
        "the next person takes it with `saldo handover accept {id}`",
        "a próxima pessoa recebe com `saldo handover accept {id}`"
    ));
    Ok(exit)
}

async fn accept(id: Uuid, context: &Context) -> Result<Exit, Failure> {
    let before = find(id, context).await?;
    let stored = context.office().await?.accept_handover(id).await?;
    if context.json {
        say_json(&HandoverView::new(&stored));
    } else if let Some((at, by)) = &stored.accepted {
        let at = time_in(*at, &zone());
        output::tell(&told!("{id}  accepted by {by} at {at}", "{id}  recebida por {by} em {at}"));
    }
    if before.accepted.is_some() {
        note(told!(
            "it had been accepted before; the first acceptance stands",
            "já tinha sido recebida; vale a primeira vez"
        ));
    }
    Ok(Exit::Done)
}

async fn list(context: &Context) -> Result<Exit, Failure> {
    let stored = match context.reader().await? {
        Some(reader) => reader.handovers(LISTED).await?,
        None => Vec::new(),
    };
    if context.json {
        say_json(&stored.iter().map(HandoverView::new).collect::<Vec<_>>());
        return Ok(Exit::Done);
    }
    if stored.is_empty() {
        note(told!("no shift was ever handed over", "nenhum turno foi passado ainda"));
    }
    let zone = zone();
    for one in &stored {
        let Handover { id, since, until, by, .. } = &one.document;
        let accepted = match &one.accepted {
            Some((at, by)) => {
                let at = time_in(*at, &zone);
                told!("accepted by {by} at {at}", "recebida por {by} em {at}")
            }
            None => told!("not accepted yet", "ainda não recebida"),
        };
        let (since, until) = (time_in(*since, &zone), time_in(*until, &zone));
        output::tell(&told!(
            "{id}  {since} - {until}  by {by}, {accepted}",
            "{id}  {since} - {until}  por {by}, {accepted}"; accepted
        ));
    }
    Ok(Exit::Done)
}

async fn find(id: Uuid, context: &Context) -> Result<StoredHandover, Failure> {
    let missing = || Failure::from(JournalError::NotFound(format!("hand-over {id}")));
    let reader = context.reader().await?.ok_or_else(missing)?;
    reader.handover(id).await?.ok_or_else(missing)
}

fn tell(
    document: &Handover,
    view: HandoverView<'_>,
    writing: &Writing,
    context: &Context,
) -> Result<Exit, Failure> {
    let lang = output::spoken();
    let bytes = match (context.json, writing.format) {
        (true, _) => json(&view)?,
        (_, Format::Text) => text(document, lang),
        (_, Format::Csv) => csv(document, lang)?,
    };
    let Some(path) = &writing.out else {
        say(bytes.trim_end());
        return Ok(Exit::Done);
    };
    let mut file = NewFile::beside(path, writing.force)?;
    file.writer().write_all(bytes.as_bytes()).map_err(|error| NotWritten::of(path, &error))?;
    file.keep()?;
    let path = path.display();
    note(told!("the hand-over is in {path}", "a passagem está em {path}"));
    Ok(Exit::Done)
}

fn unwritten(error: impl std::fmt::Display) -> Failure {
    Failure::other(told!(
        "the hand-over could not be written out: {error}",
        "a passagem não pôde ser escrita: {error}"
    ))
}

fn json(view: &HandoverView<'_>) -> Result<String, Failure> {
    serde_json::to_string(view).map(|text| text + "\n").map_err(unwritten)
}

fn text(document: &Handover, lang: Lang) -> String {
    let zone = zone();
    let mut lines = Vec::new();
    for part in lang.handover(document, &|at| time_in(at, &zone)) {
        let width = |text: &str| unicode_width::UnicodeWidthStr::width(text);
        let widest = part.lines.iter().map(|(label, _)| width(label)).max().unwrap_or(0);
        lines.push(part.title.to_uppercase());
        for (label, value) in &part.lines {
            let gap = widest - width(label);
            lines.push(format!("  {label}{:gap$}  {value}", "").trim_end().to_owned());
        }
        lines.push(String::new());
    }
    lines.join("\n")
}

fn csv(document: &Handover, lang: Lang) -> Result<String, Failure> {
    let zone = zone();
    let mut writer = csv::Writer::from_writer(Vec::new());
    for part in lang.handover(document, &|at| time_in(at, &zone)) {
        for (label, value) in &part.lines {
            writer.write_record([part.title, &safe_cell(label), &safe_cell(value)]).map_err(unwritten)?;
        }
    }
    let bytes = writer.into_inner().map_err(unwritten)?;
    String::from_utf8(bytes).map_err(unwritten)
}

/// The journal keeps what it handed over, and the audit head that the document names says whether anything before it was
/// changed.
async fn prove(file: &Path, context: &Context) -> Result<Exit, Failure> {
    let shown = file.display();
    let found = std::fs::read_to_string(file).map_err(|error| {
        Failure::usage(told!(
            "{shown} cannot be read as a text: {error}",
            "{shown} não pode ser lido como texto: {error}"
        ))
    })?;
    let id = found.split(|letter: char| !letter.is_ascii_hexdigit() && letter != '-').find_map(|word| {
        let is_long = word.len() == 36;
        is_long.then(|| Uuid::parse_str(word).ok()).flatten()
    });
    let missing = || {
        let why = told!(
            "{shown} names no hand-over of this journal: it is not one, or is another desk's",
            "{shown} não nomeia nenhuma passagem deste diário: não é uma, ou é de outra mesa"
        );
        Failure::new(Exit::NotFound, "not_found", why)
    };
    let reader = context.reader().await?.ok_or_else(missing)?;
    // Its own id stands before every other.
    let stored = match id {
        Some(id) => reader.handover(id).await?,
        None => None,
    };
    let stored = stored.ok_or_else(missing)?;
    let document = &stored.document;
    // It may have been written before somebody accepted it.
    let before = HandoverView { accepted_at: None, accepted_by: None, ..HandoverView::new(&stored) };
    let mut same = json(&HandoverView::new(&stored))? == found || json(&before)? == found;
    for lang in Lang::ALL {
        same |= text(document, lang) == found || csv(document, lang)? == found;
    }
    if !same {
        let id = document.id;
        return Err(unsound(told!(
            "{shown} is not what was handed over under {id}: `saldo handover show {id}` has what was",
            "{shown} não é o que foi passado em {id}: `saldo handover show {id}` mostra o que foi"
        )));
    }
    let head: AuditHead = document.audit_head.parse().map_err(unwritten)?;
    let path = context.journal_path().to_owned();
    let checkup = tokio::task::spawn_blocking(move || check(&path, &[head]))
        .await
        .map_err(|_| Failure::from(JournalError::Closed))??;
    if let Some(finding) = checkup.findings.first() {
        return Err(unsound(told!(
            "{shown} is what was handed over, but the journal is not sound any more: {finding}; `saldo fsck` has all of it",
            "{shown} é o que foi passado, mas o diário não está mais íntegro: {finding}; `saldo fsck` mostra tudo"
        )));
    }
    if context.json {
        say_json(&HandoverView::new(&stored));
    } else {
        let size = head.size;
        output::tell(&told!(
            "{shown} is what was handed over, and the journal still begins with the {size} events that it had then",
            "{shown} é o que foi passado, e o diário ainda começa com os {size} eventos que tinha então"
        ));
    }
    Ok(Exit::Done)
}

fn unsound(why: Told) -> Failure {
    Failure::new(Exit::Unsound, "handover_unproven", why).meaning(Outcome::Unknown)
}

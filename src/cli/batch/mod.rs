//! `saldo batch`: pay the lines of a file, each of them once, however often the command runs.

mod outcome;
mod progress;
mod review;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::ask::confirm;
use super::cockpit::zone;
use super::context::Context;
use super::failure::{Exit, Failure, Outcome};
use super::office::{Office, ask, stop_signal};
use super::output::{note, say, say_json, spoken, tell};
use super::told::Told;
use crate::domain::batch::{Batch, Repeat, ResultForm};
use crate::engine::batch::{
    BatchTrouble, Ran, RunBatch, Stopped, at_home, beside, examine, read_file, recorded, write_result,
};
use crate::engine::{clock, office};
use crate::journal::lock::is_owned;
use crate::journal::{BatchReader, JournalError, Progress, ScreenReader, StoredBatch};
use crate::lang::{Lang, RESULT_FOR_PROGRAMS, RESULT_IN_PORTUGUESE};
use crate::server::control::operator;
use crate::server::control::protocol::Request;
use outcome::{BatchView, verdict};
use progress::Bar;

/// Lines are begun all the time: a batch with an owner of which none was begun for so long is not at work.
const QUIET: SignedDuration = SignedDuration::from_secs(60);

/// Mistakes that are listed; past them, their number is said.
const MOST_LISTED: usize = 200;

#[derive(Debug, Subcommand)]
pub(super) enum BatchCommand {
    /// Pay every line of a CSV file once; the same file again goes on where it was
    Pay(PayArguments),
    /// Go on with a batch that was begun, without its file
    Resume(ResumeArguments),
    /// The batches in the journal, newest first
    List {
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// How every line of a batch stands
    Show {
        /// The batch's id
        id: Uuid,
        /// Write it as the result file, too
        #[arg(long, value_name = "FILE")]
        result: Option<PathBuf>,
        /// How to write it: csv for programs, csv-br for spreadsheets in Portuguese
        #[arg(long, value_name = "FORMAT", value_enum, default_value_t = ResultFormat::Csv)]
        result_format: ResultFormat,
    },
}

/// How the result file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ResultFormat {
    Csv,
    CsvBr,
}

impl ResultFormat {
    const fn form(self) -> ResultForm {
        match self {
            Self::Csv => RESULT_FOR_PROGRAMS,
            Self::CsvBr => RESULT_IN_PORTUGUESE,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct PayArguments {
    /// The file: its first line names the columns, each other line is a payment; docs/batches.md has an example
    file: PathBuf,
    /// Only show what it would do; nothing is recorded or sent
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    going: Going,
}

#[derive(Debug, Args)]
pub(super) struct ResumeArguments {
    /// The batch's id; `saldo batch list` has it
    id: Uuid,
    #[command(flatten)]
    going: Going,
}

/// How a batch is gone on with.
#[derive(Debug, Args)]
struct Going {
    /// Pay lines that look like repeats of other payments, too; the column `repeat` says so of single lines
    #[arg(long)]
    pay_repeats: bool,
    /// Pay this line though it looks like a repeat; may be given several times
    #[arg(long, value_name = "LINE", conflicts_with = "pay_repeats")]
    pay_repeat: Vec<u32>,
    /// Pay lines once more whose payment is proven not made: rejected, failed, declared not paid
    #[arg(long)]
    again: bool,
    /// Where to write what became of each line [default: beside the file, NAME.result.csv]
    #[arg(long, value_name = "FILE")]
    result: Option<PathBuf>,
    /// How to write it: csv for programs, csv-br for spreadsheets in Portuguese
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = ResultFormat::Csv)]
    result_format: ResultFormat,
    /// Act without asking
    #[arg(long)]
    yes: bool,
}

impl Going {
    /// Takes out the repeats that are meant.
    fn allow(&self, repeats: &mut Vec<Repeat>) {
        repeats.retain(|repeat| !self.pay_repeats && !self.pay_repeat.contains(&repeat.line));
    }
}

pub(super) async fn run(command: BatchCommand, context: &Context) -> Result<Exit, Failure> {
    match command {
        BatchCommand::Pay(arguments) => pay(arguments, context).await,
        BatchCommand::Resume(arguments) => resume(arguments, context).await,
        BatchCommand::List { limit } => list(limit, context).await,
        BatchCommand::Show { id, result, result_format } => {
            let result = result.map(|result| (result, result_format.form()));
            show(id, result, context).await
        }
    }
}

async fn pay(arguments: PayArguments, context: &Context) -> Result<Exit, Failure> {
    let PayArguments { file, dry_run, going } = arguments;
    if !dry_run {
        context.may_act()?;
    }
    let sheet = read_file(&file).await.map_err(not_payable)?;
    let reader = context.reader().await?;
    let journal = reader.as_deref().map(|reader| reader as &dyn ScreenReader);
    let mut examined = examine(journal, sheet, clock::now()).await.map_err(not_payable)?;
    going.allow(&mut examined.repeats);
    let review = review::Review::look(context, reader.as_deref(), examined, going.again).await;
    if dry_run {
        review.tell(context);
        // As without --dry-run: what would be refused is no success.
        return match &review.examined.repeats[..] {
            [] => Ok(Exit::Done),
            repeats => Err(repeated(repeats)),
        };
    }
    // Where it is to be written is found out before money moves.
    let file = at_home(&file);
    let result = going.result.unwrap_or_else(|| beside(&file));
    outcome::check_place(&result)?;
    if !review.examined.repeats.is_empty() {
        return Err(repeated(&review.examined.repeats));
    }
    if !going.yes {
        confirm(review.text(context))?;
    } else if !context.json {
        note(review.text(context));
    }
    let result = Some((result, going.result_format.form()));
    let going = Go { again: again(going.again), result };
    go_on(context, Doing::Record(Box::new(review.examined.batch)), going).await
}

async fn resume(arguments: ResumeArguments, context: &Context) -> Result<Exit, Failure> {
    context.may_act()?;
    let ResumeArguments { id, going } = arguments;
    let reader = context.reader().await?.ok_or_else(|| unknown(id))?;
    let mut examined = recorded(reader.as_ref(), id, clock::now()).await.map_err(not_payable)?;
    going.allow(&mut examined.repeats);
    if !examined.repeats.is_empty() {
        return Err(repeated(&examined.repeats));
    }
    let review = review::Review::look(context, Some(&reader), examined, going.again).await;
    if let Some(result) = &going.result {
        outcome::check_place(result)?;
    }
    if !going.yes {
        confirm(review.text(context))?;
    } else if !context.json {
        note(review.text(context));
    }
    let result = going.result.map(|result| (result, going.result_format.form()));
    let going = Go { again: again(going.again), result };
    go_on(context, Doing::Recorded(id), going).await
}

/// As of when lines that ended unpaid are paid once more.
fn again(wanted: bool) -> Option<Timestamp> {
    wanted.then(clock::now)
}

fn unknown(id: Uuid) -> Failure {
    Failure::new(
        Exit::NotFound,
        "not_found",
        told!(
            "the journal has no batch {id}; `saldo batch list` has those that it knows. Nothing was sent",
            "o diário não tem o lote {id}; `saldo batch list` mostra os que ele conhece. Nada foi enviado"
        ),
    )
}

fn not_payable(trouble: BatchTrouble) -> Failure {
    match trouble {
        BatchTrouble::Journal(error) => error.into(),
        BatchTrouble::File(why) => Failure::usage(told!(
            "the file cannot be read: {why}; nothing was sent",
            "o arquivo não pode ser lido: {why}; nada foi enviado"
        )),
        BatchTrouble::NoBatch(id) => unknown(id),
        BatchTrouble::Mistakes(mistakes) => {
            let count = mistakes.len();
            let mut said = vec![Told::both(|lang| match lang {
                Lang::En => format!("{}:", BatchTrouble::Mistakes(mistakes.clone())),
                Lang::PtBr => format!("{}:", lang.mistakes(count)),
            })];
            said.extend(mistakes.iter().take(MOST_LISTED).map(|mistake| {
                Told::both(|lang| match lang {
                    Lang::En => mistake.to_string(),
                    Lang::PtBr => lang.batch_mistake(mistake),
                })
            }));
            if count > MOST_LISTED {
                let more = count - MOST_LISTED;
                said.push(told!("and {more} more", "e mais {more}"));
            }
            Failure::new(Exit::Usage, "invalid_batch", Told::join(&said, "\n"))
        }
    }
}

fn repeated(repeats: &[Repeat]) -> Failure {
    let listed: Vec<Told> = repeats.iter().take(MOST_LISTED).map(review::repeat_text).collect();
    let (listed, count) = (Told::join(&listed, "\n"), repeats.len());
    let lines = if count == 1 {
        told!("a line may pay", "uma linha pode pagar")
    } else {
        told!("{count} lines may pay", "{count} linhas podem pagar")
    };
    Failure::new(
        Exit::Usage,
        "repeats",
        told!(
            "{lines} what is paid already, so nothing was sent:\n{listed}\nTake these lines out, or say that they are meant: \
             --pay-repeat LINE for each, --pay-repeats for all, or `yes` in a column `repeat`",
            "{lines} o que já está pago, então nada foi enviado:\n{listed}\nRetire essas linhas, ou diga que é isso mesmo: \
             --pay-repeat LINHA para cada uma, --pay-repeats para todas, ou `sim` em uma coluna `repetir`";
            lines, listed
        ),
    )
}

/// How a batch is gone on with, once that is decided.
struct Go {
    again: Option<Timestamp>,
    /// Where what became of each line is written, and how.
    result: Option<(PathBuf, ResultForm)>,
}

/// What is to be done first.
enum Doing {
    /// The file's batch is recorded, or found.
    Record(Box<Batch>),
    /// It is in the journal.
    Recorded(Uuid),
}

/// Where the batch's acts are done: in this process from the first on, if it may own the journal; or else in the one that does,
/// whichever that is at the moment.
struct Owner<'a> {
    context: &'a Context,
    here: Option<office::Office>,
}

fn advice() -> Told {
    told!(
        "lines that were begun go on as single payments do, and none is paid twice. The same command again, or `saldo batch \
         resume`, goes on with the batch",
        "as linhas começadas seguem como pagamentos avulsos, e nenhuma é paga duas vezes. O mesmo comando de novo, ou `saldo \
         batch resume`, continua o lote"
    )
}

impl Owner<'_> {
    async fn record(&mut self, batch: Batch) -> Result<StoredBatch, Failure> {
        let stored: Result<StoredBatch, JournalError> = match self.office().await? {
            Some(Office::There { client, account }) => {
                let record = Request::RecordBatch(Box::new(batch));
                let nothing = told!("nothing of the batch was sent", "nada do lote foi enviado");
                ask(client, &account, record, &CancellationToken::new(), nothing).await?
            }
            Some(Office::Here(office)) => {
                let stored = office.record_batch(batch, operator()).await;
                self.here = Some(office);
                stored
            }
            None => match &self.here {
                Some(office) => office.record_batch(batch, operator()).await,
                None => Err(JournalError::Closed),
            },
        };
        Ok(stored?)
    }

    async fn run(&mut self, run: &RunBatch, stop: &CancellationToken) -> Result<Ran, Failure> {
        let ran: Result<Ran, JournalError> = match self.office().await? {
            Some(Office::There { client, account }) => {
                ask(client, &account, Request::RunBatch(run.clone()), stop, advice()).await?
            }
            Some(Office::Here(office)) => {
                let ran = office.run_batch(run, &operator(), stop).await;
                self.here = Some(office);
                ran
            }
            None => match &self.here {
                Some(office) => office.run_batch(run, &operator(), stop).await,
                None => Err(JournalError::Closed),
            },
        };
        Ok(ran?)
    }

    /// `None`: the office that this process has kept.
    async fn office(&self) -> Result<Option<Office>, Failure> {
        if self.here.is_some() { Ok(None) } else { self.context.office().await.map(Some) }
    }
}

/// Records the batch where that is to be done, begins its lines, shows how far it has got, and says what came of it.
async fn go_on(context: &Context, doing: Doing, go: Go) -> Result<Exit, Failure> {
    let mut owner = Owner { context, here: None };
    let id = match doing {
        Doing::Record(batch) => owner.record(*batch).await?.id,
        Doing::Recorded(id) => id,
    };
    let reader = context.reader().await?.ok_or_else(|| unknown(id))?;
    let stop = stop_signal();
    let run = RunBatch { id, again: go.again };
    let mut bar = Bar::new(context.json);
    let stopped = loop {
        let mut running = std::pin::pin!(owner.run(&run, &stop));
        let ran = loop {
            tokio::select! {
                biased;
                ran = running.as_mut() => break ran,
                () = bar.tick() => bar.show(&reader.batch_progress(id).await?),
            }
        };
        match ran {
            Ok(Ran { more: true, stopped: None }) => {}
            Ok(Ran { stopped, .. }) => break Ok(stopped),
            Err(failure) => break Err(failure),
        }
    };
    if let Some(office) = &owner.here {
        office.finish().await;
    }
    bar.end(&reader.batch_progress(id).await?);
    let lines = reader.batch_lines(id).await?;
    if let Some((result, form)) = &go.result {
        match write_result(result, &lines, form) {
            Ok(()) => {
                let result = result.display();
                note(told!(
                    "what became of each line is in {result}",
                    "o que foi feito de cada linha está em {result}"
                ));
            }
            // The exit code speaks of the money.
            Err(error) => note(told!(
                "what became of each line could not be written: {error}; `saldo batch show {id} --result FILE` does",
                "o que foi feito de cada linha não pôde ser escrito: {error}; `saldo batch show {id} --result ARQUIVO` escreve";
                error
            )),
        }
    }
    if context.json {
        outcome::say_lines(id, &lines, &context.settings.client_id);
    } else {
        outcome::say_sum(id, &lines);
    }
    verdict(id, &lines, stopped)
}

async fn list(limit: u32, context: &Context) -> Result<Exit, Failure> {
    let (batches, standing) = match context.reader().await? {
        Some(reader) => {
            let standing = reader.standing_batches(standing_before(context)).await?;
            (reader.batches(limit).await?, standing)
        }
        None => (Vec::new(), Vec::new()),
    };
    let since = |id: Uuid| standing.iter().find(|one| one.batch.id == id).map(|one| one.since);
    if context.json {
        let views = batches.iter().map(|(batch, progress)| BatchView::new(batch, progress, since(batch.id)));
        say_json(&views.collect::<Vec<_>>());
        return Ok(Exit::Done);
    }
    if batches.is_empty() {
        tell(&told!("the journal has no batch", "o diário não tem nenhum lote"));
    }
    for (batch, progress) in &batches {
        say(&format!(
            "{}  {}  {}  {}  {}",
            on_the_screen(batch.created_at),
            batch.id,
            batch.name,
            batch.total,
            progress::words(progress).in_lang(spoken())
        ));
        if let Some(since) = since(batch.id) {
            say(&format!("  {}", stands(batch.id, progress, since).in_lang(spoken())));
        }
    }
    Ok(Exit::Done)
}

/// A batch of which no line was begun since then is not at work: at once where nobody owns the journal who could.
fn standing_before(context: &Context) -> Timestamp {
    let now = clock::now();
    if is_owned(context.journal_path()) { now - QUIET } else { now }
}

fn stands(id: Uuid, progress: &Progress, since: Timestamp) -> Told {
    let (since, count) = (on_the_screen(since), progress.waiting.count);
    let (are, estao) = if count == 1 {
        ("line is not begun", "linha não foi começada")
    } else {
        ("lines are not begun", "linhas não foram começadas")
    };
    told!(
        "STANDS since {since}: {count} {are}, and nobody begins them; `saldo batch resume {id}` goes on",
        "PARADO desde {since}: {count} {estao}, e ninguém começa; `saldo batch resume {id}` continua"
    )
}

/// As on the desk's screen: its own zone.
fn on_the_screen(at: Timestamp) -> String {
    at.to_zoned(zone()).strftime("%d/%m/%Y %H:%M:%S").to_string()
}

async fn show(id: Uuid, result: Option<(PathBuf, ResultForm)>, context: &Context) -> Result<Exit, Failure> {
    let reader = context.reader().await?.ok_or_else(|| unknown(id))?;
    let batch = reader.batch(id).await?.ok_or_else(|| unknown(id))?;
    let lines = reader.batch_lines(id).await?;
    let progress = reader.batch_progress(id).await?;
    let standing = reader.standing_batches(standing_before(context)).await?;
    let since = standing.into_iter().find(|one| one.batch.id == id).map(|one| one.since);
    if let Some((result, form)) = result {
        write_result(&result, &lines, &form)?;
    }
    if context.json {
        outcome::say_batch(&batch, (&progress, since), &lines, &context.settings.client_id);
    } else {
        let at = on_the_screen(batch.created_at);
        let words = progress::words(&progress);
        let StoredBatch { name, total, maker, .. } = &batch;
        tell(&told!(
            "{name}  {total}  by {maker} on {at}  {words}",
            "{name}  {total}  por {maker} em {at}  {words}"; words
        ));
        if let Some(since) = since {
            tell(&stands(id, &progress, since));
        }
        for line in &lines {
            tell(&outcome::sentence_of(line));
        }
    }
    Ok(Exit::Done)
}

/// What keeps a batch from going on, as a failure of the command.
fn because(stopped: Stopped) -> Failure {
    match stopped {
        Stopped::Asked => Failure::new(Exit::Later, "stopped", told!("stopped", "parado")).retryable(),
        Stopped::Paused(pause) => pause.into(),
        Stopped::Unreachable(why) => Failure::new(
            Exit::Unreachable,
            "unreachable",
            told!("the gateway cannot be reached ({why})", "sem conexão com o gateway ({why})"),
        )
        .retryable(),
        Stopped::Journal(error) => error.into(),
    }
    .meaning(Outcome::Pending)
}

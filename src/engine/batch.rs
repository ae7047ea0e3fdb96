//! Batches: what a file would do, and paying its lines.
//!
//! A batch is recorded whole before its first line goes out ([`crate::journal::Batches`]). Each line is then an ordinary
//! payment, decided and sent by the lane under the line's reference, so whatever ends a batch in the middle, going on with it
//! finds what is there and begins the rest. A line in doubt stays with the machine that resolves single payments.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::stream::{self, StreamExt};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::clock;
use super::lane::{Decision, LaneError, Pause};
use super::message::{BatchNews, News};
use super::office::Office;
use super::recover::take_up;
use crate::domain::alert::Standstill;
use crate::domain::attempt::{NotExecuted, Verdict};
use crate::domain::batch::{
    Batch, Column, Like, Line, MOST_BYTES, Mistake, REPEAT_WITHIN, Repeat, Sheet, Wrong, may_repeat, read,
    repeats_within,
};
use crate::domain::cash_out::State;
use crate::domain::person::Person;
use crate::domain::query::{Comparison, Filter, Term, Test};
use crate::domain::report::Direction;
use crate::domain::text::Safe;
use crate::journal::{BatchLine, BatchReader, JournalError, Proposed, Query, StoredBatch};

/// Lines that are sent at the same time: as many as the tracker works on, plenty for a desk and little for a gateway.
const AT_ONCE: usize = 8;

/// A request to go on with a batch begins no further line after so long, and is answered; whoever asked asks again. So an owner
/// that is asked over its socket answers in the time that it has for any payment.
const PORTION: Duration = Duration::from_secs(20);

/// How long lines in doubt are worked on, all together, once every line was begun.
const WORK_ON_DOUBTS: Duration = Duration::from_secs(30);

/// Lines in a row that could not be sent because nobody answered, until no further one is begun.
const UNREACHABLE_IN_A_ROW: u32 = 3;

/// How long no line is begun after the gateway said that it is asked too often, unless it says how long.
const TOO_MANY_WAIT: Duration = Duration::from_secs(1);

/// The longest wait that the gateway may ask for within a portion.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Between two looks at how far a batch has got.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Rows alike that are looked at for a line.
const ALIKE: u32 = 50;

/// What a file would do: everything that a person has to see before it is paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    /// The payments of the file.
    pub batch: Batch,
    /// The batch as it was recorded, if it was begun before.
    pub begun: Option<StoredBatch>,
    /// Lines whose payment the journal has already, and where it stands: nothing new is made of them.
    pub known: Vec<(u32, State)>,
    /// Lines that may pay what is paid already and do not say that they are meant.
    pub repeats: Vec<Repeat>,
}

impl Examined {
    /// The lines of which nothing is in the journal.
    pub fn new_lines(&self) -> impl Iterator<Item = &Line> {
        // Both are in the file's order.
        let mut known = self.known.iter().map(|(line, _)| *line).peekable();
        self.batch.lines.iter().filter(move |line| known.next_if_eq(&line.number).is_none())
    }
}

/// Why a file cannot be paid. Nothing of it was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BatchTrouble {
    /// The file cannot be read.
    #[error("the file cannot be read: {0}; nothing was sent")]
    File(Safe),
    /// Something is wrong with its lines.
    #[error("{} in the file, so nothing of it was sent", count(.0.len()))]
    Mistakes(Vec<Mistake>),
    /// The journal cannot be read or written.
    #[error("{0}; nothing was sent")]
    Journal(JournalError),
}

fn count(mistakes: usize) -> String {
    if mistakes == 1 { "there is a mistake".to_owned() } else { format!("there are {mistakes} mistakes") }
}

impl From<JournalError> for BatchTrouble {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

/// Going on with a batch: what is asked of the journal's owner.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunBatch {
    /// Which.
    pub id: Uuid,
    /// Lines whose payment is proven not made, and ended before this (UTC), are paid once more. As every portion of one wish
    /// says the same time, each line is paid once more at most.
    pub again: Option<Timestamp>,
}

/// What came of going on with a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ran {
    /// Lines are left that may be begun now.
    pub more: bool,
    /// Why no further line was begun, where something is in the way.
    pub stopped: Option<Stopped>,
}

/// Why no further line of a batch is begun. Those that were begun go on as single payments do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stopped {
    /// Somebody asked for it.
    #[error("stopped")]
    Asked,
    /// Nothing is sent at the moment.
    #[error("{0}")]
    Paused(Pause),
    /// The gateway cannot be reached.
    #[error("the gateway cannot be reached ({0})")]
    Unreachable(String),
    /// The journal cannot be written.
    #[error("{0}")]
    Journal(JournalError),
}

/// Reads a file of payments, as far as one may be large. `~/` is the person's own folder.
///
/// # Errors
///
/// [`BatchTrouble::File`], or [`BatchTrouble::Mistakes`] with all that is wrong.
pub async fn read_file(path: &Path) -> Result<Sheet, BatchTrouble> {
    use tokio::io::AsyncReadExt;
    let path = at_home(path);
    let failed = |error: std::io::Error| BatchTrouble::File(Safe::new(&error.to_string()));
    let file = tokio::fs::File::open(&path).await.map_err(failed)?;
    if !file.metadata().await.map_err(failed)?.is_file() {
        return Err(BatchTrouble::File(Safe::new("it is not a file")));
    }
    let mut bytes = Vec::new();
    // One byte more than there may be tells that there are more.
    let most = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    file.take(most).read_to_end(&mut bytes).await.map_err(failed)?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let read = tokio::task::spawn_blocking(move || read(&name, &bytes)).await;
    read.map_err(|error| BatchTrouble::File(Safe::new(&error.to_string())))?.map_err(BatchTrouble::Mistakes)
}

/// The same path, with the person's own folder for a `~` at its beginning.
pub fn at_home(path: &Path) -> std::path::PathBuf {
    match (path.strip_prefix("~"), std::env::var_os("HOME")) {
        (Ok(rest), Some(home)) => Path::new(&home).join(rest),
        _ => path.to_owned(),
    }
}

/// Holds a file's payments against the journal, if there is one yet.
///
/// # Errors
///
/// [`BatchTrouble`]: a reference that names another payment is a mistake like any other.
pub async fn examine(
    journal: Option<&dyn BatchReader>,
    sheet: Sheet,
    now: Timestamp,
) -> Result<Examined, BatchTrouble> {
    let Sheet { batch, meant } = sheet;
    let begun = match journal {
        Some(journal) => journal.batch(batch.id()).await?,
        None => None,
    };
    let (mut known, mut mistakes) = (Vec::new(), Vec::new());
    if let Some(journal) = journal {
        for line in &batch.lines {
            match journal.newest(&line.reference).await? {
                Some(payment) if payment.order == line.order => {
                    known.push((line.number, payment.cash_out.state));
                }
                Some(_) => mistakes.push(Mistake {
                    line: line.number,
                    column: Some(Column::Reference),
                    wrong: Wrong::Taken,
                }),
                None => {}
            }
        }
    }
    if !mistakes.is_empty() {
        return Err(BatchTrouble::Mistakes(mistakes));
    }
    let mut examined = Examined { batch, begun, known, repeats: Vec::new() };
    examined.repeats = repeats(journal, &examined, now).await?;
    examined.repeats.retain(|repeat| !meant.contains(&repeat.line));
    Ok(examined)
}

/// Lines not begun yet that may pay what is paid already. What a batch was recorded with was looked at then.
async fn repeats(
    journal: Option<&dyn BatchReader>,
    examined: &Examined,
    now: Timestamp,
) -> Result<Vec<Repeat>, JournalError> {
    let new: Vec<&Line> = examined.new_lines().collect();
    let is_new = |number: u32| new.binary_search_by_key(&number, |line| line.number).is_ok();
    let mut found = Vec::new();
    if examined.begun.is_none() {
        found = repeats_within(&examined.batch.lines);
        found.retain(|repeat| is_new(repeat.line));
    }
    let Some(journal) = journal else { return Ok(found) };
    let own: std::collections::HashSet<&str> =
        examined.batch.lines.iter().map(|line| line.reference.as_str()).collect();
    let since =
        (now - REPEAT_WITHIN).max(examined.begun.as_ref().map_or(Timestamp::MIN, |begun| begun.created_at));
    for line in new {
        let same_amount = Term { negated: false, test: Test::Amount(Comparison::Exactly, line.order.amount) };
        let query = Query {
            direction: Some(Direction::Out),
            since: Some(since),
            filter: Filter { terms: vec![same_amount] },
            limit: ALIKE,
            ..Query::default()
        };
        let rows = journal.transactions(query).await?;
        let alike = rows.into_iter().find(|row| {
            let is_own = row.external_reference.as_ref().is_some_and(|one| own.contains(one.as_str()));
            !is_own && may_repeat(row, &line.order, now)
        });
        if let Some(row) = alike {
            let (at, state, reference) = (row.happened_at, row.state, row.external_reference);
            let like = Like::Payment { at, state, reference };
            // One reason is enough for a line.
            found.retain(|repeat| repeat.line != line.number);
            found.push(Repeat { line: line.number, like });
        }
    }
    found.sort_by_key(|repeat| repeat.line);
    Ok(found)
}

/// Reads a file and holds it against the journal.
///
/// # Errors
///
/// [`BatchTrouble`]: nothing of it can be paid.
pub async fn look(journal: &dyn BatchReader, path: &Path) -> Result<Examined, BatchTrouble> {
    let sheet = read_file(path).await?;
    examine(Some(journal), sheet, clock::now()).await
}

/// Does `work`, and tells the screen meanwhile how far the batch has got, whenever that has changed.
pub async fn watched<T>(
    journal: &dyn BatchReader,
    (id, name): (Uuid, &Safe),
    news: &mpsc::Sender<News>,
    work: impl Future<Output = T>,
) -> T {
    let mut work = std::pin::pin!(work);
    let mut last = None;
    loop {
        tokio::select! {
            biased;
            done = work.as_mut() => return done,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        if let Ok(progress) = journal.batch_progress(id).await
            && last != Some(progress)
        {
            last = Some(progress);
            let told = BatchNews { id, name: name.clone(), progress, ended: None };
            // Nobody listens any more while saldo ends.
            let _ = news.send(News::Batch(Box::new(told))).await;
        }
    }
}

/// Tells the screen that nothing more is done for a batch, and why.
pub async fn tell_end(
    journal: &dyn BatchReader,
    (id, name): (Uuid, Safe),
    news: &mpsc::Sender<News>,
    ended: Result<Option<Stopped>, String>,
) {
    let progress = journal.batch_progress(id).await.unwrap_or_default();
    // Nobody listens any more while saldo ends.
    let _ = news.send(News::Batch(Box::new(BatchNews { id, name, progress, ended: Some(ended) }))).await;
}

/// What the lines of a run have met, told from one to the next.
#[derive(Default)]
struct Met {
    stopped: Option<Stopped>,
    unreachable_in_a_row: u32,
    /// No line is begun before.
    wait_until: Option<Instant>,
}

impl Office {
    /// Records a batch with all of its lines, or finds it. Sends nothing.
    ///
    /// # Errors
    ///
    /// [`JournalError`]: nothing was recorded.
    pub async fn record_batch(&self, batch: Batch, maker: Person) -> Result<StoredBatch, JournalError> {
        self.journal().record_batch(batch, maker, self.lane().moment().at).await
    }

    /// Records a batch and begins all of its lines, while the screen is told how far it has got.
    pub(super) async fn pay_batch(&self, batch: Batch, maker: &Person, news: &mpsc::Sender<News>) {
        let (id, name) = (batch.id(), batch.name.clone());
        let journal = self.journal().as_ref();
        let work = async {
            self.record_batch(batch, maker.clone()).await.map_err(|error| error.to_string())?;
            let (run, stop) = (RunBatch { id, again: None }, CancellationToken::new());
            loop {
                let ran = self.run_batch(&run, maker, &stop).await.map_err(|error| error.to_string())?;
                if !ran.more {
                    return Ok(ran.stopped);
                }
            }
        };
        let ended = watched(journal, (id, &name), news, work).await;
        tell_end(journal, (id, name), news, ended).await;
    }

    /// Goes on with a batch for 20 s at most: begins lines that were not begun, several at a time, and when all are,
    /// works on those in doubt. `stop` ends the beginning of lines, never a request on the wire.
    ///
    /// # Errors
    ///
    /// [`JournalError`]: no line was begun.
    pub async fn run_batch(
        &self,
        run: &RunBatch,
        maker: &Person,
        stop: &CancellationToken,
    ) -> Result<Ran, JournalError> {
        let _run = self.runs().begin(run.id);
        // Whoever asks wants it tried now, as for a single payment.
        self.lane().resume();
        let batch = self.journal().batch(run.id).await?;
        let batch = batch.ok_or_else(|| JournalError::NotFound(run.id.to_string()))?;
        let due: Vec<(BatchLine, Step)> = self
            .journal()
            .batch_lines(run.id)
            .await?
            .into_iter()
            .filter_map(|line| Step::of(&line, run.again).map(|step| (line, step)))
            .collect();
        let until = Instant::now() + PORTION;
        let met = Arc::new(Mutex::new(Met::default()));
        let see = || met.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left = due.len();
        {
            let goes_on = |_: &(BatchLine, Step)| {
                let mut met = see();
                if met.stopped.is_none() && (stop.is_cancelled() || self.is_ending()) {
                    met.stopped = Some(Stopped::Asked);
                }
                if met.stopped.is_none()
                    && let Some(pause) = self.lane().paused()
                {
                    met.stopped = Some(Stopped::Paused(pause));
                }
                met.stopped.is_none() && Instant::now() < until
            };
            let works = due.into_iter().take_while(goes_on).map(|(line, step)| {
                let met = Arc::clone(&met);
                let name = batch.name.clone();
                async move { self.begin(&name, line, step, maker, &met, stop).await }
            });
            let mut works = stream::iter(works).buffer_unordered(AT_ONCE);
            while let Some(was_begun) = works.next().await {
                left -= usize::from(was_begun);
            }
        }
        let stopped = see().stopped.take();
        if left == 0 && stopped.is_none() {
            self.work_on_doubts(run.id, stop).await?;
        }
        self.tell_pause().await;
        Ok(Ran { more: left > 0 && stopped.is_none(), stopped })
    }

    /// Begins a line, or goes on with one that was begun and not sent. Whether that is done.
    async fn begin(
        &self,
        name: &Safe,
        line: BatchLine,
        step: Step,
        maker: &Person,
        met: &Mutex<Met>,
        stop: &CancellationToken,
    ) -> bool {
        let see = || met.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = see().wait_until;
        if let Some(wait) = wait {
            tokio::select! {
                biased;
                () = stop.cancelled() => return false,
                () = tokio::time::sleep_until(wait) => {}
            }
        }
        if see().stopped.is_some() {
            return false;
        }
        let BatchLine { line, payment } = line;
        let intent = match (step, payment) {
            (Step::TakeUp, Some(payment)) => payment,
            (step, _) => {
                let decision = Decision {
                    reason: Some(format!("{name}:{}", line.number)),
                    again: step == Step::Again,
                    ..Decision::alone(Uuid::now_v7(), line.reference, line.order, maker.clone())
                };
                match self.lane().decide(decision).await {
                    Ok(Proposed::Created(intent) | Proposed::Existing(intent)) => intent,
                    // Somebody took the reference since; the line's state says so.
                    Ok(Proposed::Taken(_)) => return true,
                    Err(error) => {
                        see().stopped.get_or_insert(Stopped::Journal(error));
                        return false;
                    }
                }
            }
        };
        let sent = match intent.cash_out.state {
            State::Approved | State::Unknown => take_up(self.journal().as_ref(), self.lane(), &intent).await,
            _ => Ok(()),
        };
        let stands = self.journal().intent(intent.id).await;
        let mut met = see();
        match (sent, stands) {
            (Err(LaneError::Journal(error)), _) | (_, Err(error)) => {
                met.stopped.get_or_insert(Stopped::Journal(error));
            }
            (Err(LaneError::Paused(pause)), _) => {
                met.stopped.get_or_insert(Stopped::Paused(pause));
            }
            (Ok(()) | Err(_), Ok(stands)) => {
                let verdict = stands.and_then(|stands| stands.cash_out.last_verdict);
                match verdict {
                    Some(Verdict::NotExecuted(NotExecuted::Unreachable(why) | NotExecuted::NoToken(why))) => {
                        met.unreachable_in_a_row += 1;
                        if met.unreachable_in_a_row >= UNREACHABLE_IN_A_ROW {
                            met.stopped.get_or_insert(Stopped::Unreachable(why.to_string()));
                        }
                    }
                    Some(Verdict::NotExecuted(NotExecuted::TooMany { retry_after })) => {
                        let asked =
                            retry_after.map_or(TOO_MANY_WAIT, |seconds| Duration::from_secs(seconds.into()));
                        met.wait_until = Some(Instant::now() + asked.min(LONGEST_WAIT));
                    }
                    _ => met.unreachable_in_a_row = 0,
                }
            }
        }
        true
    }

    /// Works on the lines in doubt, several at a time, for a while: the same bytes again, as for a single payment.
    async fn work_on_doubts(&self, id: Uuid, stop: &CancellationToken) -> Result<(), JournalError> {
        let lines = self.journal().batch_lines(id).await?;
        let open: Vec<Uuid> = lines
            .into_iter()
            .filter_map(|line| line.payment)
            .filter(|payment| matches!(payment.cash_out.state, State::Approved | State::Unknown))
            .map(|payment| payment.id)
            .collect();
        let work = stream::iter(open).for_each_concurrent(AT_ONCE, |id| async move {
            if let Err(error) = self.work_on_doubt(id, stop).await {
                tracing::info!(intent = %id, "{error}");
            }
        });
        // A request that has begun goes on in its own task; the time-out only ends the waiting.
        let _ = tokio::time::timeout(WORK_ON_DOUBTS, work).await;
        Ok(())
    }
}

/// Which batches somebody goes on with, and when somebody did last: in this process, since its start.
#[derive(Debug)]
pub struct Runs {
    started: Timestamp,
    known: Mutex<HashMap<Uuid, (u32, Timestamp)>>,
}

impl Default for Runs {
    fn default() -> Self {
        Self { started: clock::now(), known: Mutex::default() }
    }
}

/// Somebody goes on with a batch for as long as this lives.
pub(super) struct Run {
    runs: Arc<Runs>,
    id: Uuid,
}

impl Runs {
    fn begin(self: &Arc<Self>, id: Uuid) -> Run {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).entry(id).or_default().0 += 1;
        Run { runs: Arc::clone(self), id }
    }

    /// Of these, those that nobody goes on with at this moment, and since when.
    pub(super) fn nobody_goes_on_with(&self, batches: &[Standstill]) -> Vec<Standstill> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = batches.iter().filter_map(|batch| match known.get(&batch.id) {
            Some((1.., _)) => None,
            Some((0, last)) => Some(Standstill { since: *last, ..batch.clone() }),
            None => Some(Standstill { since: batch.since.max(self.started), ..batch.clone() }),
        });
        idle.collect()
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let mut known = self.runs.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((count, last)) = known.get_mut(&self.id) {
            *count = count.saturating_sub(1);
            *last = clock::now();
        }
    }
}

/// What is due for a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// It was not begun.
    Begin,
    /// It was decided, and its process ended before it was sent.
    TakeUp,
    /// It is proven not paid, and is to be paid once more.
    Again,
}

impl Step {
    fn of(line: &BatchLine, again: Option<Timestamp>) -> Option<Self> {
        let Some(payment) = &line.payment else { return Some(Self::Begin) };
        let pay = &payment.cash_out;
        if line.is_taken() {
            return None;
        }
        if pay.state == State::Approved && !pay.on_the_wire {
            return Some(Self::TakeUp);
        }
        let is_old = again.is_some_and(|before| payment.updated_at < before);
        (is_old && pay.again().is_some()).then_some(Self::Again)
    }
}

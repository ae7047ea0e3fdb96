//! Paying the lines of a batch, several at a time, for as long as somebody waits for it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::stream::{self, StreamExt};
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::result::write_and_tell;
use super::{Ran, RunBatch, Stopped};
use crate::domain::attempt::{NotExecuted, Verdict};
use crate::domain::batch::Batch;
use crate::domain::cash_out::State;
use crate::domain::person::Person;
use crate::domain::text::Safe;
use crate::engine::lane::{Decision, LaneError, Pause};
use crate::engine::message::{BatchNews, News, ResultFile};
use crate::engine::office::Office;
use crate::engine::recover::take_up;
use crate::gateway::ReadError;
use crate::journal::{BatchLine, BatchReader, JournalError, Proposed, StoredBatch};

/// Lines that are sent at the same time: as many as the tracker works on, plenty for a desk and little for a gateway.
const AT_ONCE: usize = 8;

/// A request to go on with a batch begins no further line after so long, and is answered; whoever asked asks again. So an owner
/// that is asked over its socket answers in the time that it has for any payment.
const PORTION: Duration = Duration::from_secs(20);

/// How long lines in doubt are worked on, all together, once every line was begun.
const WORK_ON_DOUBTS: Duration = Duration::from_secs(30);

/// Lines in a row that could not be sent for want of a token, until no further one is begun. One that met nobody at all is
/// enough.
const NO_TOKEN_IN_A_ROW: u32 = 3;

/// How long no line is begun after the gateway said that it is asked too often, unless it says how long.
const TOO_MANY_WAIT: Duration = Duration::from_secs(1);

/// The longest wait that the gateway may ask for within a portion.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Between two looks at how far a batch has got.
const LOOK_EVERY: Duration = Duration::from_millis(200);

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
    no_token_in_a_row: u32,
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
        self.permit()?;
        self.journal().record_batch(batch, maker, self.lane().moment().at).await
    }

    /// Records a batch and begins all of its lines, while the screen is told how far it has got. At its end, what became of
    /// each line is written to `result`, where that is known.
    pub(in crate::engine) async fn pay_batch(
        &self,
        batch: Batch,
        result: Option<ResultFile>,
        maker: &Person,
        news: &mpsc::Sender<News>,
    ) {
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
        if let Some(result) = result {
            write_and_tell(journal, id, &result, news).await;
        }
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
        self.permit()?;
        let _run = self.runs().begin(run.id);
        // Whoever asks wants it tried now, as for a single payment.
        self.lane().resume();
        let batch = self.journal().batch(run.id).await?;
        let batch = batch.ok_or_else(|| JournalError::NotFound(run.id.to_string()))?;
        let mut due: Vec<(BatchLine, Step)> = self
            .journal()
            .batch_lines(run.id)
            .await?
            .into_iter()
            .filter_map(|line| Step::of(&line, run.again).map(|step| (line, step)))
            .collect();
        // What was decided and has not left comes first, before anything else is decided.
        due.sort_by_key(|(_, step)| *step != Step::TakeUp);
        if due.iter().any(|(_, step)| *step != Step::TakeUp)
            && let Some(stopped) = self.ask_the_gateway(stop).await
        {
            self.tell_pause().await;
            return Ok(Ran { more: false, stopped: Some(stopped) });
        }
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

    /// Asks a question that changes nothing, so that no line is decided while nobody is there to take it. `None`: the gateway
    /// answers, whatever it says.
    async fn ask_the_gateway(&self, stop: &CancellationToken) -> Option<Stopped> {
        let asked = tokio::select! {
            biased;
            () = stop.cancelled() => return Some(Stopped::Asked),
            asked = self.lane().gateway.balance() => asked,
        };
        match asked {
            Err(ReadError::Unreachable(why) | ReadError::NoToken(why)) => {
                Some(Stopped::Unreachable(why.to_string()))
            }
            Err(error @ ReadError::TimedOut) => Some(Stopped::Unreachable(error.to_string())),
            // It would say the same of each line, and two of them pause the lane.
            Err(ReadError::Unauthorized(problem)) if problem.status == 401 => {
                Some(Stopped::Paused(Pause::Unauthorized(problem)))
            }
            Ok(_) | Err(_) => None,
        }
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
                    Some(Verdict::NotExecuted(NotExecuted::Unreachable(why))) => {
                        met.stopped.get_or_insert(Stopped::Unreachable(why.to_string()));
                    }
                    Some(Verdict::NotExecuted(NotExecuted::NoToken(why))) => {
                        met.no_token_in_a_row += 1;
                        if met.no_token_in_a_row >= NO_TOKEN_IN_A_ROW {
                            met.stopped.get_or_insert(Stopped::Unreachable(why.to_string()));
                        }
                    }
                    Some(Verdict::NotExecuted(NotExecuted::TooMany { retry_after })) => {
                        let asked =
                            retry_after.map_or(TOO_MANY_WAIT, |seconds| Duration::from_secs(seconds.into()));
                        met.wait_until = Some(Instant::now() + asked.min(LONGEST_WAIT));
                    }
                    _ => met.no_token_in_a_row = 0,
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

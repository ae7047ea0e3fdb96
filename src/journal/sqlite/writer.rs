//! The group commit: many changes share one database transaction and one fsync.
//!
//! Each work has a savepoint of its own, so that one that fails takes nothing with it. The transaction begins with the
//! question whether this is still the journal's owner ([`super::epoch`]) and ends with the seals of what has changed
//! ([`super::seal`]). Where there is no room, results fall back on the reserve ([`super::reserve`]).

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::super::JournalError;
use super::convert::{Shortage, shortage, unwritable, write};
use super::epoch;
use super::reserve::Reserve;
use super::seal::{Ledger, State};

/// What a work is for, which decides what happens to it when the disk is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// It begins something whose result has to be kept later: refused while the reserve is not whole.
    Begins,
    /// What happened and will not be told twice: it may use the reserve.
    Result,
    /// Neither.
    Other,
}

/// What a caller is told.
pub(super) type Answered<T> = Result<T, JournalError>;

/// What a caller wants done.
pub(super) trait Work: Send {
    fn purpose(&self) -> Purpose;
    /// Whether it is news for whoever watches the feed.
    fn is_news(&self) -> bool;
    /// Does it. Whether its changes are to be kept.
    fn run(&mut self, connection: &Connection) -> bool;
    /// It is not to be kept after all.
    fn fail(&mut self, error: JournalError);
    /// Why it failed, if it did.
    fn trouble(&self) -> Option<&JournalError>;
    /// Hands the outcome to the caller, after the commit that it depends on.
    fn answer(self: Box<Self>, committed: &Result<(), JournalError>);
}

struct Job<T, F, A> {
    purpose: Purpose,
    is_news: bool,
    work: F,
    outcome: Option<Answered<T>>,
    answer: A,
}

/// A work out of functions.
pub(super) fn job<T: Send + 'static>(
    purpose: Purpose,
    is_news: bool,
    work: impl FnMut(&Connection) -> Result<T, JournalError> + Send + 'static,
    answer: impl FnOnce(Answered<T>) + Send + 'static,
) -> Box<dyn Work> {
    Box::new(Job { purpose, is_news, work, outcome: None, answer })
}

impl<T, F, A> Work for Job<T, F, A>
where
    T: Send,
    F: FnMut(&Connection) -> Result<T, JournalError> + Send,
    A: FnOnce(Answered<T>) + Send,
{
    fn purpose(&self) -> Purpose {
        self.purpose
    }

    fn is_news(&self) -> bool {
        self.is_news
    }

    fn run(&mut self, connection: &Connection) -> bool {
        self.outcome.insert((self.work)(connection)).is_ok()
    }

    fn fail(&mut self, error: JournalError) {
        self.outcome = Some(Err(error));
    }

    fn trouble(&self) -> Option<&JournalError> {
        self.outcome.as_ref()?.as_ref().err()
    }

    fn answer(self: Box<Self>, committed: &Result<(), JournalError>) {
        // A work's own trouble says more than what became of the others.
        let outcome = match (self.outcome, committed) {
            (Some(Ok(_)) | None, Err(error)) => Err(error.clone()),
            (Some(outcome), _) => outcome,
            (None, Ok(())) => Err(JournalError::Closed),
        };
        (self.answer)(outcome);
    }
}

/// The owner's connection with everything that a commit needs.
#[derive(Debug)]
pub(super) struct Writer<R> {
    connection: Connection,
    ledger: Ledger,
    epoch: i64,
    reserve: R,
    /// The ledger as it was before the transaction and before the work, kept to allocate nothing.
    before: State,
    before_one: State,
}

impl<R: Reserve> Writer<R> {
    pub(super) fn new(connection: Connection, ledger: Ledger, epoch: i64, reserve: R) -> Self {
        let (before, before_one) = (State::default(), State::default());
        Self { connection, ledger, epoch, reserve, before, before_one }
    }

    /// Works off a batch, and calls `tell` after a commit that holds news.
    pub(super) fn work_off(&mut self, batch: impl Iterator<Item = Box<dyn Work>>, tell: impl Fn()) {
        let (mut works, refused) = self.admit(batch);
        for work in refused {
            work.answer(&Ok(()));
        }
        if works.is_empty() {
            return;
        }
        let committed = self.commit(&mut works);
        let (mut again, done): (Vec<_>, Vec<_>) =
            works.into_iter().partition(|work| self.is_room_wanting(work.as_ref(), &committed));
        answer(done, &committed, &tell);
        if again.is_empty() {
            return;
        }
        // Without anything to give back, the second time would be as the first.
        let committed = if self.reserve.give_back() { self.commit(&mut again) } else { committed };
        answer(again, &committed, &tell);
    }

    /// Keeps back what begins something while the reserve is not whole.
    fn admit(
        &mut self,
        batch: impl Iterator<Item = Box<dyn Work>>,
    ) -> (Vec<Box<dyn Work>>, Vec<Box<dyn Work>>) {
        let mut refusal = None;
        let (mut works, mut refused) = (Vec::new(), Vec::new());
        for mut work in batch {
            if work.purpose() != Purpose::Begins {
                works.push(work);
                continue;
            }
            let refusal = refusal.get_or_insert_with(|| self.reserve.make_whole().err().map(no_reserve));
            match refusal {
                None => works.push(work),
                Some(error) => {
                    work.fail(error.clone());
                    refused.push(work);
                }
            }
        }
        (works, refused)
    }

    /// Whether a work is a result that failed for want of room.
    fn is_room_wanting(&mut self, work: &dyn Work, committed: &Result<(), JournalError>) -> bool {
        let trouble = work.trouble().or(committed.as_ref().err());
        work.purpose() == Purpose::Result
            && match trouble.map(shortage) {
                Some(Shortage::Room) => true,
                Some(Shortage::Perhaps) => self.reserve.is_room_gone(),
                Some(Shortage::No) | None => false,
            }
    }

    /// Does all works in one transaction.
    fn commit(&mut self, works: &mut [Box<dyn Work>]) -> Result<(), JournalError> {
        self.ledger.save(&mut self.before);
        let outcome = self.try_commit(works);
        if outcome.is_err() {
            // The database has rolled back.
            self.ledger.restore(&self.before);
        }
        outcome
    }

    fn try_commit(&mut self, works: &mut [Box<dyn Work>]) -> Result<(), JournalError> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| unwritable(&error))?;
        epoch::hold(&transaction, self.epoch)?;
        for work in works {
            do_one(&transaction, &self.ledger, &mut self.before_one, work.as_mut())?;
        }
        self.ledger.store(&transaction)?;
        transaction.commit().map_err(|error| unwritable(&error))
    }
}

/// Does a work in a savepoint of its own. An error is the transaction's, and ends it.
fn do_one(
    transaction: &Transaction<'_>,
    ledger: &Ledger,
    before: &mut State,
    work: &mut dyn Work,
) -> Result<(), JournalError> {
    ledger.save(before);
    let changes = transaction.total_changes();
    write(transaction, "SAVEPOINT one", [])?;
    let mut keep = work.run(transaction);
    let unseen = transaction.total_changes().wrapping_sub(changes) != ledger.changes_since(before);
    if keep && unseen {
        keep = false;
        work.fail(JournalError::Unwritable("a change that was not sealed; it was taken back".to_owned()));
    }
    if !keep {
        ledger.restore(before);
        write(transaction, "ROLLBACK TO one", [])?;
    }
    write(transaction, "RELEASE one", []).map(drop)
}

fn answer(works: Vec<Box<dyn Work>>, committed: &Result<(), JournalError>, tell: &impl Fn()) {
    if committed.is_ok() && works.iter().any(|work| work.is_news()) {
        tell();
    }
    for work in works {
        work.answer(committed);
    }
}

#[allow(clippy::needless_pass_by_value, reason = "what `map` hands over")]
fn no_reserve(error: std::io::Error) -> JournalError {
    JournalError::Unwritable(match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            "the disk is full, and results need the room that is left: nothing was sent; make room".to_owned()
        }
        _ => format!("no room can be set aside for results ({error}): nothing was sent"),
    })
}

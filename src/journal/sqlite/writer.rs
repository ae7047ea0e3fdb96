//! The group commit: many changes share one database transaction and one fsync.
//!
//! Each work has a savepoint of its own, so that one that fails takes nothing with it. The transaction begins with the
//! question whether this is still the journal's owner ([`super::epoch`]) and ends with the seals of what has changed
//! ([`super::seal`]). Where there is no room, results fall back on the reserve ([`super::reserve`]).

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::super::{JournalError, Shortage};
use super::convert::{shortage, unwritable, write};
use super::derived::Derived;
use super::epoch;
use super::reserve::{Reserve, is_want_of_room};
use super::schema::Taken;
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
    /// It changes nothing, and asks whether something could begin: it is refused where the disk has no room for it.
    Probe,
}

/// What a caller is told.
pub(super) type Answered<T> = Result<T, JournalError>;

type Works = Vec<Box<dyn Work>>;

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
        (self.answer)(told(self.outcome, committed));
    }
}

/// What the caller is told of a work with this outcome, after a commit with that one.
pub(super) fn told<T>(outcome: Option<Answered<T>>, committed: &Result<(), JournalError>) -> Answered<T> {
    match (outcome, committed) {
        // A work's own trouble says more than what became of the others.
        (Some(Ok(_)) | None, Err(error)) => Err(error.clone()),
        (Some(outcome), _) => outcome,
        (None, Ok(())) => Err(JournalError::Closed),
    }
}

/// The owner's connection with everything that a commit needs.
#[derive(Debug)]
pub(super) struct Writer<R> {
    connection: Connection,
    ledger: Ledger,
    derived: Derived,
    epoch: i64,
    reserve: R,
    /// The ledger as it was before the transaction and before the work, kept to allocate nothing.
    before: State,
    before_one: State,
}

impl<R: Reserve> Writer<R> {
    pub(super) fn new(connection: Connection, taken: Taken, reserve: R) -> Self {
        let Taken { ledger, derived, epoch } = taken;
        let (before, before_one) = (State::default(), State::default());
        Self { connection, ledger, derived, epoch, reserve, before, before_one }
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
    fn admit(&mut self, batch: impl Iterator<Item = Box<dyn Work>>) -> (Works, Works) {
        let mut refusal = None;
        let (mut works, mut refused) = (Vec::new(), Vec::new());
        for mut work in batch {
            let is_probe = work.purpose() == Purpose::Probe;
            if work.purpose() != Purpose::Begins && !is_probe {
                works.push(work);
                continue;
            }
            let refusal = refusal.get_or_insert_with(|| self.reserve.make_whole().err().map(no_reserve));
            match refusal {
                // The reserve may be whole, and all the rest be taken.
                None if is_probe && self.reserve.is_room_gone() => {
                    work.fail(no_reserve(std::io::ErrorKind::StorageFull.into()));
                    refused.push(work);
                }
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
            self.derived.rewind(0);
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
            do_one(&transaction, (&self.ledger, &self.derived), &mut self.before_one, work.as_mut())?;
        }
        self.derived.store(&transaction)?;
        self.ledger.store(&transaction)?;
        transaction.commit().map_err(|error| unwritable(&error))
    }
}

/// Does a work in a savepoint of its own. An error is the transaction's, and ends it.
fn do_one(
    transaction: &Transaction<'_>,
    (ledger, derived): (&Ledger, &Derived),
    before: &mut State,
    work: &mut dyn Work,
) -> Result<(), JournalError> {
    ledger.save(before);
    let mark = derived.mark();
    let changes = transaction.total_changes();
    write(transaction, "SAVEPOINT one", [])?;
    let mut keep = work.run(transaction);
    let unseen = transaction.total_changes().wrapping_sub(changes) != ledger.changes_since(before);
    if keep && unseen {
        keep = false;
        work.fail(not_sealed());
    }
    if !keep {
        ledger.restore(before);
        derived.rewind(mark);
        write(transaction, "ROLLBACK TO one", [])?;
    }
    write(transaction, "RELEASE one", []).map(drop)
}

fn not_sealed() -> JournalError {
    JournalError::unwritable("a change that was not sealed; it was taken back")
}

fn answer(works: Works, committed: &Result<(), JournalError>, tell: &impl Fn()) {
    if committed.is_ok() && works.iter().any(|work| work.is_news()) {
        tell();
    }
    for work in works {
        work.answer(committed);
    }
}

#[allow(clippy::needless_pass_by_value, reason = "what `map` hands over")]
fn no_reserve(error: std::io::Error) -> JournalError {
    if is_want_of_room(&error) {
        return JournalError::no_room(
            "the disk is full, and results need the room that is left: nothing was sent; make room",
        );
    }
    JournalError::unwritable(format!("no room can be set aside for results ({error}): nothing was sent"))
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use rusqlite::ffi;

    use super::super::schema;
    use super::*;

    /// A reserve without a disk.
    #[derive(Debug, Default)]
    struct Pretended {
        cannot_be_made_whole: bool,
        is_room_gone: bool,
        has_room: bool,
        given_back: Arc<Mutex<u32>>,
    }

    impl Reserve for Pretended {
        fn make_whole(&mut self) -> io::Result<()> {
            if self.cannot_be_made_whole { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
        }

        fn give_back(&mut self) -> bool {
            *self.given_back.lock().unwrap() += 1;
            std::mem::take(&mut self.has_room)
        }

        fn is_room_gone(&mut self) -> bool {
            self.is_room_gone
        }
    }

    fn writer(reserve: Pretended) -> Writer<Pretended> {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "recursive_triggers", true).unwrap();
        let taken = schema::take_over(&mut connection, "account").unwrap();
        Writer::new(connection, taken, reserve)
    }

    fn failure(code: i32) -> JournalError {
        unwritable(&rusqlite::Error::SqliteFailure(ffi::Error::new(code), Some("cause".to_owned())))
    }

    /// What the works were told, by their names, and how often each was tried.
    #[derive(Default, Clone)]
    struct Told(Arc<Mutex<Vec<Line>>>);

    type Line = (&'static str, u32, Answered<()>);

    impl Told {
        /// A work that writes a row and then fails with these errors, one each time, before it succeeds.
        fn work(&self, name: &'static str, purpose: Purpose, failures: &'static [i32]) -> Box<dyn Work> {
            let tries = Arc::new(Mutex::new(0));
            let counted = Arc::clone(&tries);
            let mut failures = failures.iter();
            let work = move |connection: &Connection| {
                *counted.lock().unwrap() += 1;
                write(connection, "INSERT INTO meta VALUES (?1, '')", [name])?;
                failures.next().map_or(Ok(()), |code| Err(failure(*code)))
            };
            let told = self.clone();
            job(purpose, true, work, move |outcome| {
                told.0.lock().unwrap().push((name, *tries.lock().unwrap(), outcome));
            })
        }

        /// `name: tries, ok or the error`, in the order of the answers.
        fn lines(&self) -> Vec<String> {
            let told = std::mem::take(&mut *self.0.lock().unwrap());
            told.into_iter()
                .map(|(name, tries, outcome)| match outcome {
                    Ok(()) => format!("{name}: {tries}, ok"),
                    Err(error) => format!("{name}: {tries}, {error}"),
                })
                .collect()
        }
    }

    fn kept(writer: &Writer<Pretended>) -> Vec<String> {
        let sql = "SELECT key FROM meta WHERE value = '' ORDER BY key";
        writer
            .connection
            .prepare(sql)
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect()
    }

    const FULL: &str = "the journal cannot be written: cause (the disk is full: make room)";

    #[test]
    fn only_results_fall_back_on_the_reserve_and_once() {
        let mut writer = writer(Pretended { has_room: true, ..Pretended::default() });
        let told = Told::default();
        const FULL_ONCE: &[i32] = &[ffi::SQLITE_FULL];
        let batch = [
            told.work("begins", Purpose::Begins, FULL_ONCE),
            told.work("result", Purpose::Result, FULL_ONCE),
            told.work("other", Purpose::Other, FULL_ONCE),
            told.work("fine", Purpose::Other, &[]),
            told.work("hopeless", Purpose::Result, &[ffi::SQLITE_FULL, ffi::SQLITE_FULL]),
        ];
        let news = Mutex::new(0);
        writer.work_off(batch.into_iter(), || *news.lock().unwrap() += 1);
        assert_eq!(
            told.lines(),
            [
                format!("begins: 1, {FULL}"),
                format!("other: 1, {FULL}"),
                "fine: 1, ok".to_owned(),
                "result: 2, ok".to_owned(),
                format!("hopeless: 2, {FULL}"),
            ]
        );
        assert_eq!(kept(&writer), ["fine", "result"]);
        assert_eq!(*news.lock().unwrap(), 2, "a commit each");
    }

    #[test]
    fn nothing_begins_without_the_reserve() {
        let mut writer = writer(Pretended { cannot_be_made_whole: true, ..Pretended::default() });
        let told = Told::default();
        let batch = [told.work("begins", Purpose::Begins, &[]), told.work("result", Purpose::Result, &[])];
        writer.work_off(batch.into_iter(), || {});
        let lines = told.lines();
        assert!(lines[0].starts_with("begins: 0, ") && lines[0].contains("disk is full"), "{lines:?}");
        assert!(lines[0].contains("nothing was sent; make room"), "{lines:?}");
        assert_eq!(lines[1], "result: 1, ok");
        writer.reserve.cannot_be_made_whole = false;
        writer.work_off([told.work("later", Purpose::Begins, &[])].into_iter(), || {});
        assert_eq!(told.lines(), ["later: 1, ok"]);
    }

    #[test]
    fn the_reserve_is_for_want_of_room_alone() {
        const FULL: &[i32] = &[ffi::SQLITE_FULL];
        const FAILED: &[i32] = &[ffi::SQLITE_IOERR_WRITE];
        const REFUSED: &[i32] = &[ffi::SQLITE_CONSTRAINT];
        for (failures, is_room_gone, has_room, given_back, kept_rows) in [
            (FULL, false, true, 1, 1),
            (FULL, false, false, 1, 0),
            (FAILED, true, true, 1, 1),
            (FAILED, false, true, 0, 0),
            (REFUSED, true, true, 0, 0),
        ] {
            let count: Arc<Mutex<u32>> = Arc::default();
            let reserve =
                Pretended { is_room_gone, has_room, given_back: Arc::clone(&count), ..Pretended::default() };
            let mut writer = writer(reserve);
            let told = Told::default();
            writer.work_off([told.work("result", Purpose::Result, failures)].into_iter(), || {});
            let given: u32 = *count.lock().unwrap();
            assert_eq!((given, kept(&writer).len()), (given_back, kept_rows), "{failures:?}");
            assert_eq!(told.lines().len(), 1);
        }
    }

    #[test]
    fn a_change_that_the_seals_missed_is_taken_back() {
        let mut writer = writer(Pretended::default());
        let told = Told::default();
        let outcome = Arc::new(Mutex::new(None));
        let note = Arc::clone(&outcome);
        // To replace a row is to remove one unsaid.
        let work = |connection: &Connection| {
            write(connection, "INSERT OR REPLACE INTO meta VALUES ('account', 'another')", []).map(drop)
        };
        let sly = job(Purpose::Other, true, work, move |told| *note.lock().unwrap() = Some(told));
        writer.work_off([sly, told.work("honest", Purpose::Other, &[])].into_iter(), || {});
        let error = outcome.lock().unwrap().take().unwrap().unwrap_err();
        assert!(error.to_string().contains("not sealed"), "{error}");
        assert_eq!(told.lines(), ["honest: 1, ok"]);
        let account: String = writer
            .connection
            .query_row("SELECT value FROM meta WHERE key = 'account'", [], |row| row.get(0))
            .unwrap();
        assert_eq!(account, "account");
    }

    #[test]
    fn another_epoch_ends_every_work() {
        let mut writer = writer(Pretended::default());
        writer.epoch -= 1;
        let told = Told::default();
        let batch = [told.work("result", Purpose::Result, &[]), told.work("begins", Purpose::Begins, &[])];
        writer.work_off(batch.into_iter(), || panic!("news of nothing"));
        for line in told.lines() {
            assert!(line.contains(": 0, another saldo has taken the journal over"), "{line}");
        }
        assert_eq!(kept(&writer), [] as [&str; 0]);
    }
}

//! Webhooks on their way into the journal: durable in a file of their own first, rows of the inbox a moment later.
//!
//! They come by the thousand, and each is answered only when it would survive a power cut. To append what has come and to
//! sync it takes a fraction of a commit's time, and a thread of its own takes them while the journal's writer does something
//! else. Whoever reads the inbox and finds too little brings in what waits ([`SqliteJournal::bring_in`]).
//!
//! A webhook's number is given here, and is that of its row: the inbox has no gaps, and nothing else writes into it. So
//! whether a frame is in the inbox already is a comparison, nothing has to be noted beside the rows themselves, and a
//! move that is done twice does nothing. When all has been moved, the file is written from its beginning again.
//!
//! Where the file is, an owner has not ended well, or listens at this moment: the next owner renames it, brings in what is
//! not in the inbox, and removes it. One that was overtaken sees that its file has gone, before it answers anything.

mod frame;
mod leftovers;

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::super::{Delivery, JournalError, beside};
use super::reserve::{Reserve, is_want_of_room};
use super::writer::{Answered, Purpose};
use super::{SqliteJournal, inbox, worker};
use frame::Frame;

pub(super) use leftovers::damaged;

/// Callers that may wait for the thread.
const QUEUE: usize = 1_024;

/// Webhooks of one frame: enough to spread the sync thin, few enough to keep the first one's wait short.
const AT_ONCE: usize = 256;

/// How long the first of many waits for the others. A frame answers all of its connections at once, and each brings the
/// next a moment later: without this, every other frame would have one or two of them and a sync of its own.
const GATHER: Duration = Duration::from_millis(1);

/// Between two looks while gathering.
const LOOK: Duration = Duration::from_micros(50);

/// Webhooks moved into the inbox by one change, if they are not large: some ten milliseconds of the journal's writer.
const MOVED_AT_ONCE: usize = 1_000;

/// And their bytes in the file.
const MOVED_BYTES: u64 = 4 << 20;

/// The file keeps so many bytes when all has been moved.
const KEPT: u64 = 16 << 20;

/// Zeros that are written ahead, in bytes.
const AHEAD: usize = 256 << 10;

/// The end of the file's name, and how the file begins.
const ENDING: &str = "-arrivals";
const FIRST_LINE: &str = "saldo arrivals 1\n";

/// Where webhooks arrive.
#[derive(Debug)]
pub(super) struct Arrivals {
    queue: mpsc::Sender<Arrival>,
    spool: Arc<Spool>,
}

/// A webhook whose caller waits until it is durable.
struct Arrival {
    delivery: Delivery,
    caller: oneshot::Sender<Answered<i64>>,
}

/// The file, and how far it is.
#[derive(Debug)]
struct Spool {
    path: PathBuf,
    header: Vec<u8>,
    state: Mutex<State>,
    /// Held by whoever brings in what an earlier owner left.
    beginning: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    file: Option<Arc<Opened>>,
    /// Somebody has removed the file or put another in its place.
    is_gone: bool,
    /// Up to here all are rows of the inbox.
    moved: Place,
    /// Up to here all are durable.
    end: Place,
    /// What an earlier owner left is in the inbox, so that the next number is known.
    is_ready: bool,
}

/// A place in the file between two frames.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Place {
    /// In bytes from its beginning.
    at: u64,
    /// The number of the webhook that comes next.
    next: i64,
}

impl Place {
    fn after(self, frame: &Frame) -> Self {
        Self { at: self.at.saturating_add(frame.size), next: frame.next() }
    }
}

#[derive(Debug)]
struct Opened {
    file: File,
    identity: (u64, u64),
}

impl Opened {
    fn is_at(&self, path: &Path) -> bool {
        std::fs::metadata(path).is_ok_and(|found| identity(&found) == self.identity)
    }
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

impl Arrivals {
    /// A thread that takes webhooks for the journal at `journal`. It drops `until_done` when it has ended.
    pub(super) fn start(
        journal: &Path,
        account: &str,
        mut reserve: impl Reserve,
        until_done: impl Send + 'static,
    ) -> Result<Self, JournalError> {
        let spool = Arc::new(Spool {
            path: beside(journal, ENDING),
            header: format!("{FIRST_LINE}{account}\n").into_bytes(),
            state: Mutex::default(),
            beginning: tokio::sync::Mutex::default(),
        });
        let (queue, mut receiver) = mpsc::channel(QUEUE);
        let taking = Arc::clone(&spool);
        worker::spawn("journal-arrivals", move || {
            let mut batch = Vec::with_capacity(AT_ONCE);
            let mut last = 0;
            while receiver.blocking_recv_many(&mut batch, AT_ONCE) > 0 {
                gather(&mut receiver, &mut batch, last / 2);
                last = batch.len();
                let outcome = taking.append(&batch, &mut reserve);
                for (arrival, number) in batch.drain(..).zip(0..) {
                    // A caller that has gone needs no answer; its webhook stays all the same.
                    drop(arrival.caller.send(outcome.clone().map(|first: i64| first.saturating_add(number))));
                }
            }
            taking.close();
            drop(until_done);
        })?;
        Ok(Self { queue, spool })
    }

    /// How many webhooks are durable and not in the inbox yet.
    pub(super) fn waiting(&self) -> u64 {
        let state = self.spool.state();
        u64::try_from(state.end.next.saturating_sub(state.moved.next)).unwrap_or_default()
    }

    /// Whether [`SqliteJournal::bring_in`] has something to do.
    pub(super) fn has_more(&self) -> bool {
        let state = self.spool.state();
        !state.is_ready || state.is_waiting()
    }

    async fn take(&self, delivery: Delivery) -> Answered<i64> {
        let (caller, answer) = oneshot::channel();
        self.queue.send(Arrival { delivery, caller }).await.map_err(|_| JournalError::Closed)?;
        answer.await.map_err(|_| JournalError::Closed)?
    }
}

/// Writes zeros behind the next frame, if it would end behind the file. A sync that need not note a new length takes half of
/// the time. Where the disk has no room for them, the frame itself may have some.
fn make_room(file: &File, end: u64) {
    if file.metadata().is_ok_and(|found| found.len() < end) {
        let _ = file.write_all_at(&[0; AHEAD], end);
    }
}

/// Waits for a moment until there are as many as `wanted`.
fn gather(receiver: &mut mpsc::Receiver<Arrival>, batch: &mut Vec<Arrival>, wanted: usize) {
    let began = Instant::now();
    while batch.len() < wanted && began.elapsed() < GATHER {
        std::thread::park_timeout(LOOK);
        while batch.len() < AT_ONCE
            && let Ok(arrival) = receiver.try_recv()
        {
            batch.push(arrival);
        }
    }
}

impl SqliteJournal {
    /// Takes a webhook; its number in the inbox.
    pub(super) async fn take(&self, delivery: Delivery) -> Answered<i64> {
        if !self.arrivals.spool.state().is_open() {
            self.make_file().await?;
        }
        let taken = self.arrivals.take(delivery).await;
        if taken.is_err() {
            // What was taken before can still be moved, which makes room; and it says so where there is another owner.
            self.bring_in().await?;
        }
        taken
    }

    /// Makes the file of arrivals. In the writer's transaction, where it is certain that no other owner has come.
    async fn make_file(&self) -> Result<(), JournalError> {
        let spool = &self.arrivals.spool;
        // One that was removed is still ours to read.
        while self.arrivals.has_more() {
            self.bring_in().await?;
        }
        let making = Arc::clone(spool);
        self.writer.call_quietly(Purpose::Result, move |_| making.make()).await
    }

    /// Moves webhooks that have arrived into the inbox: those that an earlier owner left, and some of our own.
    pub(super) async fn bring_in(&self) -> Result<(), JournalError> {
        let spool = &self.arrivals.spool;
        if !spool.state().is_ready {
            leftovers::bring_in(spool, &self.writer).await?;
        }
        if !spool.state().is_waiting() {
            return Ok(());
        }
        let moving = Arc::clone(spool);
        let moved =
            self.writer.call_quietly(Purpose::Result, move |connection| moving.move_some(connection)).await;
        match moved {
            Ok(moved) => {
                spool.confirm(moved);
                Ok(())
            }
            // Damaged: what can be read is brought in as if another had left it, and a new file is begun.
            Err(JournalError::Unreadable(reason)) => {
                tracing::error!("{reason}");
                spool.abandon();
                leftovers::bring_in(spool, &self.writer).await
            }
            Err(error) => Err(error),
        }
    }

    /// As [`Self::bring_in`], all of them; and the file goes.
    pub(super) async fn bring_in_all(&self) -> Result<(), JournalError> {
        while self.arrivals.has_more() {
            self.bring_in().await?;
        }
        self.arrivals.spool.close();
        Ok(())
    }
}

impl Spool {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the first frame begins.
    fn start(&self) -> u64 {
        self.header.len() as u64
    }

    /// Makes webhooks durable; the number of the first, which the others follow.
    fn append(&self, batch: &[Arrival], reserve: &mut impl Reserve) -> Answered<i64> {
        match self.try_append(batch) {
            Err(error) if is_want_of_room(&error) && reserve.give_back() => self.try_append(batch),
            outcome => outcome,
        }
        .map_err(|error| self.unwritable(&error))
    }

    fn try_append(&self, batch: &[Arrival]) -> io::Result<i64> {
        let (opened, end) = self.begin()?;
        let frame = frame::encode(end.next, batch.iter().map(|arrival| &arrival.delivery))
            .ok_or_else(|| io::Error::other("more than a frame can hold"))?;
        let at = end.at.saturating_add(frame.len() as u64);
        make_room(&opened.file, at);
        let written = opened.file.write_all_at(&frame, end.at).and_then(|()| opened.file.sync_data());
        if let Err(error) = written {
            // A part of it would look like one that was damaged, and takes room.
            let _ = opened.file.set_len(end.at);
            return Err(error);
        }
        // An owner that comes now renames the file before it reads it: so it has read these, or they are not answered.
        if !opened.is_at(&self.path) {
            self.state().is_gone = true;
            return Err(io::Error::other("the file was taken away"));
        }
        let count = i64::try_from(batch.len()).map_err(io::Error::other)?;
        let mut state = self.state();
        if !state.file.as_ref().is_some_and(|now| Arc::ptr_eq(now, &opened)) {
            return Err(io::Error::other("the file was taken away"));
        }
        state.end = Place { at, next: end.next.saturating_add(count) };
        Ok(end.next)
    }

    /// The file, and where the next frame goes. Where all have been moved, it is written from its beginning again.
    fn begin(&self) -> io::Result<(Arc<Opened>, Place)> {
        let mut state = self.state();
        let Some(opened) = state.file.clone().filter(|_| state.is_open()) else {
            return Err(io::Error::other("the file was taken away"));
        };
        if !state.is_waiting() {
            let start = Place { at: self.start(), next: state.end.next };
            (state.moved, state.end) = (start, start);
        }
        let end = state.end;
        drop(state);
        if end.at == self.start() && opened.file.metadata().is_ok_and(|found| found.len() > KEPT) {
            let _ = opened.file.set_len(KEPT);
        }
        Ok((opened, end))
    }

    fn make(&self) -> Result<(), JournalError> {
        {
            let mut state = self.state();
            if state.file.as_ref().is_some_and(|opened| opened.is_at(&self.path)) {
                state.is_gone = false;
            }
            if state.is_open() {
                return Ok(());
            }
            if state.is_waiting() {
                return Err(self.unwritable(&io::Error::other("what was taken before waits still")));
            }
        }
        let opened = self.create().map_err(|error| self.unwritable(&error))?;
        let mut state = self.state();
        (state.file, state.is_gone) = (Some(Arc::new(opened)), false);
        Ok(())
    }

    fn create(&self) -> io::Result<Opened> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&self.path)?;
        let written = file.write_all_at(&self.header, 0).and_then(|()| file.sync_all()).and_then(|()| {
            // The file's name has to be as durable as what is in it.
            File::open(self.path.parent().filter(|folder| *folder != "").unwrap_or(Path::new(".")))?
                .sync_all()
        });
        match written.and_then(|()| file.metadata()) {
            Ok(metadata) => Ok(Opened { identity: identity(&metadata), file }),
            Err(error) => {
                let _ = std::fs::remove_file(&self.path);
                Err(error)
            }
        }
    }

    /// Makes rows of frames that wait, and says how far that goes. It counts when it has been committed ([`Self::confirm`]).
    fn move_some(&self, connection: &Connection) -> Result<Place, JournalError> {
        let (opened, mut place, end) = {
            let state = self.state();
            let Some(opened) = state.file.clone() else { return Ok(state.moved) };
            (opened, state.moved, state.end)
        };
        let have = inbox::last(connection)?;
        // Another has moved them all, and the file may be written from its beginning again.
        if have.saturating_add(1) == end.next {
            return Ok(end);
        }
        let (mut count, mut bytes) = (0, 0);
        while place.at < end.at && count < MOVED_AT_ONCE && bytes < MOVED_BYTES {
            let frame = frame::read(&opened.file, place.at)
                .map_err(|error| self.unreadable(&error))?
                .filter(|frame| frame.first == place.next)
                .ok_or_else(|| self.unreadable(&"it has been changed"))?;
            if frame.first > have {
                inbox::insert(connection, &frame.deliveries)?;
                count += frame.deliveries.len();
                bytes += frame.size;
            }
            place = place.after(&frame);
        }
        if inbox::last(connection)?.saturating_add(1) != place.next {
            return Err(self.unreadable(&"its numbers are not the inbox's"));
        }
        Ok(place)
    }

    /// All up to here has been committed.
    fn confirm(&self, moved: Place) {
        let mut state = self.state();
        // An older answer may speak of the file before it was begun anew.
        if moved.next > state.moved.next {
            state.moved = moved;
        }
    }

    /// Leaves the file to [`leftovers`].
    fn abandon(&self) {
        *self.state() = State::default();
    }

    /// Removes the file if nothing in it waits. Under another name first: only then is it certain whose it is.
    fn close(&self) {
        let mut state = self.state();
        let is_done = !state.is_waiting();
        let Some(opened) = state.file.take_if(|opened| is_done && opened.is_at(&self.path)) else { return };
        let ended = beside(&self.path, "-ended");
        if std::fs::rename(&self.path, &ended).is_ok() {
            let _ = if opened.is_at(&ended) {
                std::fs::remove_file(&ended)
            } else {
                std::fs::rename(&ended, &self.path)
            };
        }
    }

    fn unwritable(&self, error: &io::Error) -> JournalError {
        let name = self.path.display();
        if is_want_of_room(error) {
            return JournalError::no_room(format!(
                "no webhook is taken into {name}: the disk is full; make room"
            ));
        }
        JournalError::unwritable(format!("no webhook is taken into {name}: {error}"))
    }

    fn unreadable(&self, reason: &dyn std::fmt::Display) -> JournalError {
        JournalError::Unreadable(format!("webhooks of {}: {reason}", self.path.display()))
    }
}

impl State {
    /// Whether webhooks can be taken.
    fn is_open(&self) -> bool {
        self.is_ready && self.file.is_some() && !self.is_gone
    }

    fn is_waiting(&self) -> bool {
        self.moved.next < self.end.next
    }
}

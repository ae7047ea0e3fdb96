//! The journal on SQLite: one writer thread with group commit, one reader thread, WAL, `synchronous=FULL`; and a thread that
//! takes webhooks into a file beside it (`arrivals`).
//!
//! The file is made readable by its owner alone: it holds people's data.
//!
//! The journal proves itself: every row is under a seal ([`check()`] finds what another program has edited), every event
//! is a leaf of an audit tree ([`AuditHead`]), every owner has an epoch, and a reserve of disk space keeps results
//! writable when the disk is full.

mod alerts;
mod arrivals;
mod asked;
mod audit;
mod balances;
mod batches;
mod cash_ins;
mod check;
mod conflicts;
mod convert;
mod derived;
mod digest;
mod epoch;
mod events;
mod feed;
mod flows;
mod gaps;
mod handovers;
mod history;
mod inbox;
mod intents;
mod lives;
mod outbox;
mod owner;
mod past;
mod payees;
mod reader;
mod rebalances;
mod rebuild;
mod reserve;
mod schema;
mod seal;
mod search;
mod worker;
mod writer;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::watch;

use super::JournalError;
use super::lock::Lock;
use arrivals::Arrivals;
use reserve::{Reserve as _, ReserveFile};
use schema::Taken;
use worker::{ReadQueue, WriteQueue};
use writer::{Purpose, Writer};

pub use audit::{AuditHead, NotAHead};
pub use check::{Checkup, Finding, check};
pub use rebuild::Rebuilt;

/// An SQLite journal, owned: the lock is held until this is dropped and the last change is done.
#[derive(Debug)]
pub struct SqliteJournal {
    writer: WriteQueue,
    reader: ReadQueue,
    arrivals: Arrivals,
    news: watch::Receiver<u64>,
}

/// An SQLite journal that can only be read.
#[derive(Debug)]
pub struct SqliteReader {
    reader: ReadQueue,
}

impl SqliteJournal {
    /// Opens the journal at `path` as its owner, making it if there is none, for the account named `account`.
    ///
    /// # Errors
    ///
    /// [`JournalError::Newer`] and [`JournalError::OtherAccount`] leave the file untouched; [`JournalError::Open`]
    /// and [`JournalError::Unwritable`] say what is in the way.
    pub async fn open(path: &Path, account: &str, lock: Lock) -> Result<Self, JournalError> {
        let (path, account) = (path.to_owned(), account.to_owned());
        let journal = tokio::task::spawn_blocking(move || Self::open_now(&path, &account, lock))
            .await
            .map_err(|_| JournalError::Closed)??;
        match journal.bring_in().await {
            // Without room for webhooks all the rest goes on; they wait where they are.
            Err(error @ JournalError::Unwritable(_)) => tracing::error!("webhooks wait: {error}"),
            outcome => outcome?,
        }
        Ok(journal)
    }

    fn open_now(path: &Path, account: &str, lock: Lock) -> Result<Self, JournalError> {
        create_private(path)?;
        let mut reserve = ReserveFile::beside(path);
        let (connection, taken) =
            match Self::take_over(path, account) {
                // A start finds out what became of the money on the wire, so it may use the reserve as a result may.
                Err(
                    JournalError::Unwritable(_) | JournalError::Unreadable(_) | JournalError::Open { .. },
                ) if reserve.is_room_gone() && reserve.give_back() => Self::take_over(path, account)?,
                taken_or_not => taken_or_not?,
            };
        // Without it, results can be written all the same; only what begins something has to wait for it.
        let _ = reserve.make_whole();
        let read_only = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let (sender, news) = watch::channel(0);
        let reserve = Arc::new(Mutex::new(reserve));
        let writer = Writer::new(connection, taken, Arc::clone(&reserve));
        // The threads keep the lock: another owner may come when they are done, not when they have been told to be.
        let lock = Arc::new(lock);
        Ok(Self {
            arrivals: Arrivals::start(path, account, reserve, Arc::clone(&lock))?,
            writer: WriteQueue::start(writer, sender, lock)?,
            reader: ReadQueue::start(read_only)?,
            news,
        })
    }

    fn take_over(path: &Path, account: &str) -> Result<(Connection, Taken), JournalError> {
        let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        schema::prepare_owner(&connection)?;
        let taken = schema::take_over(&mut connection, account)?;
        Ok((connection, taken))
    }
}

impl SqliteJournal {
    /// Lets the file grow to so many pages and no further, as a quota would.
    ///
    /// # Errors
    ///
    /// [`JournalError::Unwritable`].
    pub async fn limit_pages(&self, pages: i64) -> Result<(), JournalError> {
        self.writer
            .call(Purpose::Other, move |connection| {
                connection
                    .pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
                    .map_err(|error| convert::unwritable(&error))
            })
            .await
    }

    /// The size and the root of the audit tree, to be noted elsewhere.
    ///
    /// # Errors
    ///
    /// [`JournalError::Unreadable`].
    pub async fn audit_head(&self) -> Result<AuditHead, JournalError> {
        self.reader.call(audit::head).await
    }
}

impl SqliteReader {
    /// Opens the journal at `path` for reading. `None` where there is no journal yet.
    ///
    /// # Errors
    ///
    /// [`JournalError::Newer`], [`JournalError::OtherAccount`], [`JournalError::Open`].
    pub async fn open(path: &Path, account: &str) -> Result<Option<Arc<Self>>, JournalError> {
        if !is_there(path)? {
            return Ok(None);
        }
        let (path, account) = (path.to_owned(), account.to_owned());
        tokio::task::spawn_blocking(move || {
            let connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            if schema::check_readable(&connection, &account)? {
                Ok(Some(Arc::new(Self { reader: ReadQueue::start(connection)? })))
            } else {
                Ok(None)
            }
        })
        .await
        .map_err(|_| JournalError::Closed)?
    }

    /// The size and the root of the audit tree, to be noted elsewhere.
    ///
    /// # Errors
    ///
    /// [`JournalError::Unreadable`].
    pub async fn audit_head(&self) -> Result<AuditHead, JournalError> {
        self.reader.call(audit::head).await
    }
}

fn cannot_open(path: &Path, reason: impl std::fmt::Display) -> JournalError {
    JournalError::Open { path: path.display().to_string(), reason: reason.to_string() }
}

/// Statements that a connection keeps prepared: the writer has about thirty, and all are asked for again and again.
const STATEMENTS: usize = 64;

fn connect(path: &Path, access: OpenFlags) -> Result<Connection, JournalError> {
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| cannot_open(path, error))?;
    // A reader of another process may be in the middle of a checkpoint; the lock keeps other writers away.
    connection.busy_timeout(std::time::Duration::from_secs(5)).map_err(|error| cannot_open(path, error))?;
    connection.pragma_update(None, "foreign_keys", true).map_err(|error| cannot_open(path, error))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // A plan may not depend on what is bound: otherwise the search by five ids was planned anew for each webhook, which took
    // two thirds of the time that reading one took.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map_err(|error| cannot_open(path, error))?;
    search::install(&connection).map_err(|error| cannot_open(path, error))?;
    Ok(connection)
}

/// Whether there is a journal at `path`. One that this user may not reach is none that is missing.
///
/// # Errors
///
/// [`JournalError::Open`].
pub fn is_there(path: &Path) -> Result<bool, JournalError> {
    path.try_exists().map_err(|error| cannot_open(path, error))
}

/// Makes the folder (0700) and the file (0600) where they are missing. SQLite gives its companions the file's mode.
fn create_private(path: &Path) -> Result<(), JournalError> {
    use std::os::unix::fs::OpenOptionsExt;
    prepare_folder(path)?;
    std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        // A file that was copied here may have come with another mode.
        .and_then(|file| file.set_permissions(Permissions::from_mode(0o600)))
        .map_err(|error| cannot_open(path, error))
}

/// Makes the folder that `journal` is to live in, for its owner alone.
///
/// # Errors
///
/// [`JournalError::Open`].
pub fn prepare_folder(journal: &Path) -> Result<(), JournalError> {
    use std::os::unix::fs::DirBuilderExt;
    let folder: PathBuf = journal.parent().unwrap_or(Path::new(".")).to_owned();
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .map_err(|error| cannot_open(&folder, error))
}

//! The journal on SQLite: one writer thread with group commit, one reader thread, WAL, `synchronous=FULL`.
//!
//! The file is made readable by its owner alone: it holds people's data.

mod convert;
mod feed;
mod intents;
mod owner;
mod reader;
mod rebalances;
mod schema;
mod worker;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::watch;

use super::JournalError;
use super::lock::Lock;
use crate::domain::text::folded;
use worker::Worker;

/// An SQLite journal, owned: the lock is held as long as this lives.
#[derive(Debug)]
pub struct SqliteJournal {
    writer: Worker,
    reader: Worker,
    news: watch::Receiver<u64>,
    // Last, so that the threads are gone before another owner can come.
    _lock: Lock,
}

/// An SQLite journal that can only be read.
#[derive(Debug)]
pub struct SqliteReader {
    reader: Worker,
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
        tokio::task::spawn_blocking(move || Self::open_now(&path, &account, lock))
            .await
            .map_err(|_| JournalError::Closed)?
    }

    fn open_now(path: &Path, account: &str, lock: Lock) -> Result<Self, JournalError> {
        create_private(path)?;
        let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        schema::prepare_owner(&connection)?;
        schema::migrate(&mut connection)?;
        schema::remember_account(&connection, account)?;
        let read_only = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let (sender, news) = watch::channel(0);
        Ok(Self {
            writer: Worker::writer(connection, sender)?,
            reader: Worker::reader(read_only)?,
            news,
            _lock: lock,
        })
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
            .call(move |connection| {
                connection
                    .pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
                    .map_err(|error| convert::unwritable(&error))
            })
            .await
    }
}

impl SqliteReader {
    /// Opens the journal at `path` for reading. `None` where there is no journal yet.
    ///
    /// # Errors
    ///
    /// [`JournalError::Newer`], [`JournalError::OtherAccount`], [`JournalError::Open`].
    pub async fn open(path: &Path, account: &str) -> Result<Option<Arc<Self>>, JournalError> {
        if !path.exists() {
            return Ok(None);
        }
        let (path, account) = (path.to_owned(), account.to_owned());
        tokio::task::spawn_blocking(move || {
            let connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            if schema::check_readable(&connection, &account)? {
                Ok(Some(Arc::new(Self { reader: Worker::reader(connection)? })))
            } else {
                Ok(None)
            }
        })
        .await
        .map_err(|_| JournalError::Closed)?
    }
}

fn cannot_open(path: &Path, reason: impl std::fmt::Display) -> JournalError {
    JournalError::Open { path: path.display().to_string(), reason: reason.to_string() }
}

fn connect(path: &Path, access: OpenFlags) -> Result<Connection, JournalError> {
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| cannot_open(path, error))?;
    // A reader of another process may be in the middle of a checkpoint; the lock keeps other writers away.
    connection.busy_timeout(std::time::Duration::from_secs(5)).map_err(|error| cannot_open(path, error))?;
    connection.pragma_update(None, "foreign_keys", true).map_err(|error| cannot_open(path, error))?;
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection
        .create_scalar_function("folded", 1, flags, |arguments| Ok(folded(arguments.get_raw(0).as_str()?)))
        .map_err(|error| cannot_open(path, error))?;
    Ok(connection)
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

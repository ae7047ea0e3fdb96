//! One journal, one owner: a file lock that dies with its process.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::{JournalError, beside};

/// How long a command waits for another command to be done.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// How often it looks meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// The right to write a journal. The kernel takes it back when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    // Held open for its lock alone.
    _file: File,
}

impl Lock {
    /// Takes the lock beside `journal` and leaves a note that it is `owner`'s (a command, no person's data), waiting up to `patience` for another owner to be done.
    ///
    /// # Errors
    ///
    /// [`JournalError::Busy`] names the owner: its command, process id and start.
    pub async fn acquire(journal: &Path, owner: &str, patience: Duration) -> Result<Self, JournalError> {
        let path = beside(journal, ".lock");
        let deadline = tokio::time::Instant::now() + patience;
        loop {
            match Self::try_acquire(&path, owner) {
                Err(JournalError::Busy(_)) if tokio::time::Instant::now() < deadline => {
                    tokio::time::sleep(LOOK_EVERY).await;
                }
                taken_or_not => return taken_or_not,
            }
        }
    }

    fn try_acquire(path: &Path, owner: &str) -> Result<Self, JournalError> {
        let cannot = |reason: String| JournalError::Open { path: path.display().to_string(), reason };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(|error| cannot(error.to_string()))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                let mut note = String::new();
                // The note is for people; the lock is what counts.
                let _ = file.read_to_string(&mut note);
                let holder = if note.is_empty() { "another saldo" } else { note.trim_end() };
                return Err(JournalError::Busy(holder.to_owned()));
            }
            Err(error) => return Err(cannot(error.to_string())),
        }
        let note = format!(
            "saldo {owner}, process {}, since {}\n",
            std::process::id(),
            Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ")
        );
        file.set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| file.write_all(note.as_bytes()))
            .map_err(|error| cannot(error.to_string()))?;
        Ok(Self { _file: file })
    }
}

/// Whether some process owns the journal at this moment. Nothing is taken.
pub fn is_owned(journal: &Path) -> bool {
    // Nobody owns what was never owned.
    let Ok(file) = File::open(beside(journal, ".lock")) else { return false };
    flock(&file, FlockOperation::NonBlockingLockShared) == Err(Errno::WOULDBLOCK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_second_owner_waits_and_is_told_who_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal.db");
        let first = Lock::acquire(&journal, "test", Duration::ZERO).await.unwrap();
        let Err(JournalError::Busy(owner)) = Lock::acquire(&journal, "test", Duration::ZERO).await else {
            panic!("two owners");
        };
        assert!(owner.starts_with("saldo test, process"), "{owner}");
        assert!(owner.contains(&std::process::id().to_string()), "{owner}");
        assert!(is_owned(&journal) && !is_owned(&folder.path().join("other.db")));
        let waiting = tokio::spawn({
            let journal = journal.clone();
            async move { Lock::acquire(&journal, "test", Duration::from_secs(10)).await.map(drop) }
        });
        tokio::task::yield_now().await;
        drop(first);
        waiting.await.unwrap().unwrap();
    }
}

//! Room that is set aside, so that what happened to money on the wire can still be written when the disk is full.
//!
//! Beside the journal lies a file of [`SIZE`] that holds nothing. When a commit fails for want of room, the file's room
//! is given back, and results are written once more. What begins something is refused until the reserve is whole again:
//! a payment must not go out that way whose result could then not be kept.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

use crate::journal::beside;

/// How much is set aside, in bytes: about a hundred results, each with the pages and indexes that it touches.
pub(super) const SIZE: u64 = 4 * 1024 * 1024;

/// What is asked for to learn whether there is room, in bytes.
const PROBE: u64 = 64 * 1024;

/// Room to fall back on; a trait, so that the writer's rules are tested without a disk.
pub(super) trait Reserve: Send + 'static {
    /// Sets the room aside if it is not; costs next to nothing if it is.
    fn make_whole(&mut self) -> io::Result<()>;
    /// Gives the room back. Whether there was any.
    fn give_back(&mut self) -> bool;
    /// Whether the disk, or a quota on it, has no room left.
    fn is_room_gone(&mut self) -> bool;
}

/// One for several threads.
impl<R: Reserve> Reserve for Arc<Mutex<R>> {
    fn make_whole(&mut self) -> io::Result<()> {
        held(self).make_whole()
    }

    fn give_back(&mut self) -> bool {
        held(self).give_back()
    }

    fn is_room_gone(&mut self) -> bool {
        held(self).is_room_gone()
    }
}

fn held<R>(reserve: &Mutex<R>) -> MutexGuard<'_, R> {
    reserve.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the disk is full, or a quota on it used up.
pub(super) fn is_want_of_room(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// The file beside the journal.
#[derive(Debug)]
pub(super) struct ReserveFile {
    path: PathBuf,
    /// Whether its room is known to be allocated, by this process.
    allocated: bool,
}

/// Whether a journal has had an owner that came so far as to set room aside.
pub(super) fn is_beside(journal: &Path) -> bool {
    path_beside(journal).exists()
}

fn path_beside(journal: &Path) -> PathBuf {
    beside(journal, "-reserve")
}

impl ReserveFile {
    pub(super) fn beside(journal: &Path) -> Self {
        Self { path: path_beside(journal), allocated: false }
    }

    fn open(&self) -> io::Result<File> {
        OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&self.path)
    }
}

impl Reserve for ReserveFile {
    fn make_whole(&mut self) -> io::Result<()> {
        if self.allocated && std::fs::metadata(&self.path).is_ok_and(|found| found.len() == SIZE) {
            return Ok(());
        }
        let file = self.open()?;
        // A file of the right length may be all holes: one that another owner left is allocated again.
        let outcome = file.set_len(SIZE).and_then(|()| allocate(&file, 0, SIZE));
        if outcome.is_err() {
            // A part of the room helps nobody here, and may help whoever is short of it.
            let _ = file.set_len(0);
        }
        self.allocated = outcome.is_ok();
        outcome
    }

    fn give_back(&mut self) -> bool {
        let had = std::fs::metadata(&self.path).is_ok_and(|found| found.len() > 0);
        self.allocated = false;
        had && self.open().and_then(|file| file.set_len(0)).is_ok()
    }

    fn is_room_gone(&mut self) -> bool {
        let Ok(file) = self.open() else { return true };
        let Ok(length) = file.metadata().map(|found| found.len()) else { return false };
        let outcome = allocate(&file, length, PROBE);
        let _ = file.set_len(length);
        outcome.is_err_and(|error| is_want_of_room(&error))
    }
}

/// Allocates really: by the file system where it can, by zeros where it cannot.
fn allocate(mut file: &File, from: u64, length: u64) -> io::Result<()> {
    match fallocate(file, FallocateFlags::empty(), from, length) {
        Ok(()) => Ok(()),
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => {
            file.seek(SeekFrom::Start(from))?;
            let zeros = [0; 64 * 1024];
            let mut left = length;
            while let Some(rest) = usize::try_from(left).ok().filter(|rest| *rest > 0) {
                let part = rest.min(zeros.len());
                file.write_all(zeros.get(..part).unwrap_or(&zeros))?;
                left = left.saturating_sub(part.try_into().unwrap_or(left));
            }
            file.sync_all()
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use super::*;

    #[test]
    fn it_is_allocated_given_back_and_made_whole_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut reserve = ReserveFile::beside(&folder.path().join("journal.db"));
        let path = folder.path().join("journal.db-reserve");
        for _ in 0..2 {
            reserve.make_whole().unwrap();
            let found = std::fs::metadata(&path).unwrap();
            assert_eq!((found.len(), found.permissions().mode() & 0o777), (SIZE, 0o600));
            assert!(found.blocks() * 512 >= SIZE, "it is a file of holes");
            assert!(!reserve.is_room_gone());
            assert_eq!(std::fs::metadata(&path).unwrap().len(), SIZE);
            assert!(reserve.give_back());
            assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
            assert!(!reserve.give_back(), "twice");
        }
        // Somebody else may take it away.
        reserve.make_whole().unwrap();
        std::fs::remove_file(&path).unwrap();
        reserve.make_whole().unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().len(), SIZE);
    }

    #[test]
    fn holes_of_an_earlier_owner_are_filled() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db-reserve");
        File::create(&path).unwrap().set_len(SIZE).unwrap();
        ReserveFile::beside(&folder.path().join("journal.db")).make_whole().unwrap();
        assert!(std::fs::metadata(&path).unwrap().blocks() * 512 >= SIZE);
    }
}

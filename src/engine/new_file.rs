//! A file that is there when it is whole, or not at all.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Why a file was not written. What was there before is still there.
#[derive(Debug, thiserror::Error)]
pub enum NotWritten {
    /// What takes its place is a file; a device or a link would be gone.
    #[error("{} is no regular file, and was left as it is: name another one", .0.display())]
    NoFile(PathBuf),
    /// It is there, and is not to be replaced.
    #[error("{} is there already, and was left as it is: name another file, or say --force", .0.display())]
    IsThere(PathBuf),
    /// The system said no.
    #[error("{} could not be written: {reason}", path.display())]
    Cannot {
        /// The file that was to be written.
        path: PathBuf,
        /// The system's word.
        reason: String,
    },
}

impl NotWritten {
    /// The error alone: the name of the draft beside the place says nothing to anybody.
    pub fn of(path: &Path, error: &io::Error) -> Self {
        let reason = error
            .raw_os_error()
            .map_or_else(|| error.to_string(), |code| io::Error::from_raw_os_error(code).to_string());
        Self::Cannot { path: path.to_owned(), reason }
    }
}

/// A file that is being written. It holds people's data, so only its owner may read it.
pub struct NewFile<'a> {
    path: &'a Path,
    replace: bool,
    writer: io::BufWriter<tempfile::NamedTempFile>,
}

impl<'a> NewFile<'a> {
    /// Begins it beside its place.
    ///
    /// # Errors
    ///
    /// [`NotWritten`].
    pub fn beside(path: &'a Path, replace: bool) -> Result<Self, NotWritten> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if let Ok(there) = path.symlink_metadata() {
            if !there.is_file() {
                return Err(NotWritten::NoFile(path.to_owned()));
            }
            if !replace {
                return Err(NotWritten::IsThere(path.to_owned()));
            }
        }
        let file = tempfile::NamedTempFile::new_in(folder).map_err(|error| NotWritten::of(path, &error))?;
        Ok(Self { path, replace, writer: io::BufWriter::with_capacity(1 << 16, file) })
    }

    /// Where to write.
    pub fn writer(&mut self) -> &mut dyn Write {
        &mut self.writer
    }

    /// Puts it in its place, on the disk.
    ///
    /// # Errors
    ///
    /// [`NotWritten`].
    pub fn keep(self) -> Result<(), NotWritten> {
        let file = self.writer.into_inner().map_err(|error| NotWritten::of(self.path, error.error()))?;
        file.as_file().sync_all().map_err(|error| NotWritten::of(self.path, &error))?;
        let kept = if self.replace { file.persist(self.path) } else { file.persist_noclobber(self.path) };
        kept.map(drop).map_err(|error| NotWritten::of(self.path, &error.error))
    }
}

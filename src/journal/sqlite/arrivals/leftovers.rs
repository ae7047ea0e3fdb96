//! What an earlier owner took and did not bring into the inbox: it crashed, or ended in the middle of a flood.
//!
//! Its file is renamed first, so that an owner that was overtaken and does not know it answers nothing more. What follows is
//! done again from the beginning if it is interrupted: a webhook whose row has its number and is the same is passed over.
//!
//! A frame that is not whole was being written and had not been answered, or it is damaged. If it is the last, nobody can
//! tell. All others are brought in, and the file is kept for a person.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, params};

use super::super::super::{Delivery, JournalError, beside};
use super::super::convert::{Columns, first};
use super::super::inbox;
use super::super::worker::WriteQueue;
use super::super::writer::Purpose;
use super::frame::{self, Frame, MARK};
use super::{ENDING, FIRST_LINE, MOVED_AT_ONCE, MOVED_BYTES, Place, Spool};

/// The end of a file's name while it is brought in.
const BEFORE: &str = "-before";

/// The numbers of damaged files that are kept.
const KEPT: std::ops::RangeInclusive<u32> = 1..=99;

/// Read at once while looking for a frame behind a damaged one.
const CHUNK: u64 = 1 << 20;

/// As much of a frame's head as tells that it is one, and its number.
const HEAD: usize = MARK.len() + 8;

/// Longer than any header.
const LONGEST_HEADER: u64 = 1_024;

/// How far a file has been brought in.
#[derive(Debug, Clone, Copy)]
struct Progress {
    place: Place,
    /// Something before this cannot be read.
    has_hole: bool,
}

/// Brings in what is left, and begins the numbers where they end.
pub(super) async fn bring_in(spool: &Arc<Spool>, writer: &WriteQueue) -> Result<(), JournalError> {
    let _alone = spool.beginning.lock().await;
    if spool.state().is_ready {
        return Ok(());
    }
    loop {
        let opening = Arc::clone(spool);
        // In the writer's transaction, where it is certain that no other owner has come.
        let left = writer.call_quietly(Purpose::Other, move |connection| open(&opening, connection)).await?;
        let Some((left, mut progress)) = left else { break };
        let left = Arc::new(left);
        loop {
            let (reading, taking) = (Arc::clone(spool), Arc::clone(&left));
            let take = move |connection: &Connection| take_some(connection, &taking, &reading, progress);
            match writer.call_quietly(Purpose::Result, take).await? {
                Some(further) => progress = further,
                None => break,
            }
        }
        let removing = Arc::clone(spool);
        writer.call_quietly(Purpose::Other, move |_| put_away(&removing, &left, progress)).await?;
    }
    let next = writer
        .call_quietly(Purpose::Other, |connection| Ok(inbox::last(connection)?.saturating_add(1)))
        .await?;
    let mut state = spool.state();
    (state.moved, state.end) = (Place { at: 0, next }, Place { at: 0, next });
    state.is_ready = true;
    Ok(())
}

/// The name of a file that is being brought in.
fn before(spool: &Spool) -> PathBuf {
    beside(&spool.path, BEFORE)
}

fn open(spool: &Spool, connection: &Connection) -> Result<Option<(File, Progress)>, JournalError> {
    // Asked for by somebody who did not wait for it, and others have gone on: the file is our own.
    if spool.state().is_ready {
        return Ok(None);
    }
    let path = before(spool);
    let (from, is_renamed) = if path.exists() { (&path, true) } else { (&spool.path, false) };
    match std::fs::metadata(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(spool.unwritable(&error)),
        Ok(found) if !found.is_file() => {
            return Err(spool
                .unwritable(&io::Error::other("there is no file at that place; move away what is there")));
        }
        Ok(_) => {}
    }
    let file = File::open(from).map_err(|error| spool.unwritable(&error))?;
    let has_hole = match header(&file, spool).map_err(|error| spool.unwritable(&error))? {
        Header::Ours => false,
        Header::Damaged => true,
        Header::Foreign => {
            let reason = "its webhooks are another account's; move it away, and keep it".to_owned();
            return Err(JournalError::Open { path: from.display().to_string(), reason });
        }
    };
    if !is_renamed {
        std::fs::rename(from, &path).map_err(|error| spool.unwritable(&error))?;
    }
    let begins = frame::read(&file, spool.start()).map_err(|error| spool.unwritable(&error))?;
    let next = match begins {
        Some(frame) => frame.first,
        None => inbox::last(connection)?.saturating_add(1),
    };
    Ok(Some((file, Progress { place: Place { at: spool.start(), next }, has_hole })))
}

/// Whose a file is.
enum Header {
    Ours,
    Foreign,
    Damaged,
}

fn header(file: &File, spool: &Spool) -> io::Result<Header> {
    let mut found = Vec::new();
    file.take(LONGEST_HEADER).read_to_end(&mut found)?;
    let found = found.as_slice();
    // Without a header it was being made: nothing had been answered.
    let is_begun = |header: &[u8]| spool.header.starts_with(header) || header.iter().all(|byte| *byte == 0);
    if found.starts_with(&spool.header) || is_begun(found) {
        return Ok(Header::Ours);
    }
    let account =
        found.strip_prefix(FIRST_LINE.as_bytes()).and_then(|rest| rest.split(|byte| *byte == b'\n').next());
    Ok(match account.map(std::str::from_utf8) {
        Some(Ok(account)) if !account.contains(char::is_control) => Header::Foreign,
        _ => Header::Damaged,
    })
}

/// Makes rows of some, and says where to go on. `None`: there are no more.
fn take_some(
    connection: &Connection,
    left: &File,
    spool: &Spool,
    from: Progress,
) -> Result<Option<Progress>, JournalError> {
    let (mut progress, mut count, mut bytes) = (from, 0, 0);
    while count < MOVED_AT_ONCE && bytes < MOVED_BYTES {
        let Some((frame, place)) =
            next_frame(left, progress.place).map_err(|error| spool.unwritable(&error))?
        else {
            break;
        };
        progress.has_hole |= place != progress.place;
        if frame.first > inbox::last(connection)? {
            inbox::insert(connection, &frame.deliveries)?;
        } else {
            for (delivery, number) in frame.deliveries.iter().zip(frame.first..) {
                if !is_there(connection, number, delivery)? {
                    inbox::insert(connection, std::slice::from_ref(delivery))?;
                }
            }
        }
        count += frame.deliveries.len();
        bytes += frame.size;
        progress.place = place.after(&frame);
    }
    Ok((count > 0).then_some(progress))
}

/// The frame at a place, or behind it where that one cannot be read, and where it is. One with a lower number is what
/// remains of an earlier round.
fn next_frame(left: &File, place: Place) -> io::Result<Option<(Frame, Place)>> {
    let mut at = Some(place.at);
    while let Some(here) = at {
        if let Some(frame) = frame::read(left, here)?.filter(|frame| frame.first >= place.next) {
            let found = Place { at: here, next: frame.first };
            return Ok(Some((frame, found)));
        }
        at = later_head(left, here, place.next)?;
    }
    Ok(None)
}

/// Where the next head behind `at` is that claims this number or a higher one.
fn later_head(left: &File, at: u64, next: i64) -> io::Result<Option<u64>> {
    let length = left.metadata()?.len();
    let mut from = at.saturating_add(1);
    while from < length {
        let mut chunk = vec![0; usize::try_from(CHUNK.min(length - from)).map_err(io::Error::other)?];
        left.read_exact_at(&mut chunk, from)?;
        let heads = chunk.windows(HEAD).zip(from..);
        let is_later = |bytes: &[u8]| frame::claimed(bytes).is_some_and(|number| number >= next);
        if let Some((_, found)) = heads.into_iter().find(|(bytes, _)| is_later(bytes)) {
            return Ok(Some(found));
        }
        // A head may lie across two chunks.
        from = from.saturating_add(CHUNK).saturating_sub(HEAD as u64 - 1);
    }
    Ok(None)
}

fn is_there(connection: &Connection, number: i64, delivery: &Delivery) -> Result<bool, JournalError> {
    let sql = "SELECT received_at = ?2 AND body = ?3 AS same FROM inbox WHERE number = ?1";
    let parameters = params![number, delivery.received_at.as_microsecond(), delivery.body];
    Ok(first(connection, sql, parameters, |row| row.read::<bool>("same"))?.unwrap_or_default())
}

/// Removes a file that was brought in. One of which a part cannot be read is kept for a person to look at.
fn put_away(spool: &Spool, left: &File, end: Progress) -> Result<(), JournalError> {
    let path = before(spool);
    let is_cut = is_cut_short(left, end.place).map_err(|error| spool.unwritable(&error))?;
    let outcome = if end.has_hole || is_cut {
        let kept = aside(&path);
        tracing::error!(
            "some webhooks in {} cannot be read; all others are in the journal. The file is kept as {}: `saldo fsck` says what to do",
            spool.path.display(),
            kept.display()
        );
        std::fs::rename(&path, kept)
    } else {
        std::fs::remove_file(&path)
    };
    match outcome {
        // It is done twice if it was asked for twice.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome.map_err(|error| spool.unwritable(&error)),
    }
}

/// Whether a frame begins at the end that is not whole: one that was being written and so was not answered, or a damaged one.
/// Nobody can tell.
fn is_cut_short(left: &File, end: Place) -> io::Result<bool> {
    let mut head = [0; HEAD];
    match left.read_exact_at(&mut head, end.at) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        outcome => {
            outcome?;
            Ok(frame::claimed(&head).is_some_and(|number| number >= end.next))
        }
    }
}

/// The first name that is free for a damaged file.
fn aside(path: &Path) -> PathBuf {
    KEPT.map(|number| damaged_name(path, number)).find(|path| !path.exists()).unwrap_or_default()
}

fn damaged_name(path: &Path, number: u32) -> PathBuf {
    beside(path, &format!(".damaged-{number}"))
}

/// Files beside a journal that were kept because a part of them could not be read.
pub(in super::super) fn damaged(journal: &Path) -> impl Iterator<Item = PathBuf> {
    let path = beside(journal, &format!("{ENDING}{BEFORE}"));
    KEPT.map(move |number| damaged_name(&path, number)).filter(|path| path.exists())
}

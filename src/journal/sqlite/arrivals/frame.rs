//! How webhooks lie in the file of arrivals: those that were written at once are a frame, and a frame proves itself.
//!
//! Its head is the mark, the number of its first webhook, how many there are, how many bytes they take, and SHA-256 over
//! those three and the bytes. Numbers are big-endian. A frame is whole or it is none: one that was cut short by a crash had not
//! been answered.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::super::super::Delivery;
use super::super::digest::Digest;

pub(super) const MARK: [u8; 8] = *b"arrived\n";

/// Bytes of a head: the mark, three figures, the digest.
const HEAD: usize = MARK.len() + 8 + 4 + 4 + 32;

/// The length of a text that is missing.
const NONE: u32 = u32::MAX;

/// Webhooks that were written at once.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// The number of its first webhook; the others follow it.
    pub(super) first: i64,
    pub(super) deliveries: Vec<Delivery>,
    /// In the file, in bytes.
    pub(super) size: u64,
}

impl Frame {
    /// The number after its last.
    pub(super) fn next(&self) -> i64 {
        self.first.saturating_add(i64::try_from(self.deliveries.len()).unwrap_or(i64::MAX))
    }
}

/// A frame's bytes. `None` for more than a frame can hold.
pub(super) fn encode<'all>(
    first: i64,
    deliveries: impl ExactSizeIterator<Item = &'all Delivery>,
) -> Option<Vec<u8>> {
    let count = u32::try_from(deliveries.len()).ok()?;
    let mut bytes = vec![0; HEAD];
    for delivery in deliveries {
        bytes.extend(delivery.received_at.as_microsecond().to_be_bytes());
        for text in [&delivery.event_id, &delivery.signature, &delivery.content_type] {
            match text {
                Some(text) => put(&mut bytes, text.as_bytes())?,
                None => bytes.extend(NONE.to_be_bytes()),
            }
        }
        put(&mut bytes, &delivery.body)?;
    }
    let (head, records) = bytes.split_at_mut_checked(HEAD)?;
    let length = u32::try_from(records.len()).ok()?;
    let digest = digest(first, count, length, records);
    let fields: [&[u8]; 5] =
        [&MARK, &first.to_be_bytes(), &count.to_be_bytes(), &length.to_be_bytes(), &digest];
    head.copy_from_slice(&fields.concat());
    Some(bytes)
}

fn put(bytes: &mut Vec<u8>, part: &[u8]) -> Option<()> {
    let length = u32::try_from(part.len()).ok().filter(|length| *length != NONE)?;
    bytes.extend(length.to_be_bytes());
    bytes.extend(part);
    Some(())
}

fn digest(first: i64, count: u32, length: u32, records: &[u8]) -> Digest {
    let mut digest = Sha256::new();
    digest.update(first.to_be_bytes());
    digest.update(count.to_be_bytes());
    digest.update(length.to_be_bytes());
    digest.update(records);
    digest.finalize().into()
}

/// The frame at this place of the file. `None` where there is none, or none that is whole.
pub(super) fn read(file: &File, at: u64) -> io::Result<Option<Frame>> {
    let left = file.metadata()?.len().saturating_sub(at);
    let mut head = [0; HEAD];
    if left < HEAD as u64 {
        return Ok(None);
    }
    file.read_exact_at(&mut head, at)?;
    let mut fields = Bytes(&head);
    let Some((mark, first, count, length, claimed)) = fields.head() else { return Ok(None) };
    let size = HEAD as u64 + u64::from(length);
    if mark != MARK || size > left {
        return Ok(None);
    }
    let mut records = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    file.read_exact_at(&mut records, at.saturating_add(HEAD as u64))?;
    if digest(first, count, length, &records) != claimed {
        return Ok(None);
    }
    let mut fields = Bytes(&records);
    let deliveries: Option<Vec<_>> = (0..count).map(|_| fields.delivery()).collect();
    Ok(deliveries.map(|deliveries| Frame { first, deliveries, size }))
}

/// The number of the first webhook of a head that begins here, whatever became of the rest.
pub(super) fn claimed(bytes: &[u8]) -> Option<i64> {
    bytes.strip_prefix(&MARK).and_then(|rest| Bytes(rest).number())
}

/// What is left to be read.
struct Bytes<'all>(&'all [u8]);

impl<'all> Bytes<'all> {
    fn take<const COUNT: usize>(&mut self) -> Option<[u8; COUNT]> {
        let (taken, rest) = self.0.split_first_chunk::<COUNT>()?;
        self.0 = rest;
        Some(*taken)
    }

    fn number(&mut self) -> Option<i64> {
        self.take().map(i64::from_be_bytes)
    }

    fn length(&mut self) -> Option<u32> {
        self.take().map(u32::from_be_bytes)
    }

    fn head(&mut self) -> Option<([u8; MARK.len()], i64, u32, u32, Digest)> {
        Some((self.take()?, self.number()?, self.length()?, self.length()?, self.take()?))
    }

    fn part(&mut self, length: u32) -> Option<&'all [u8]> {
        let (part, rest) = self.0.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        Some(part)
    }

    fn text(&mut self) -> Option<Option<String>> {
        match self.length()? {
            NONE => Some(None),
            length => String::from_utf8(self.part(length)?.to_vec()).ok().map(Some),
        }
    }

    fn delivery(&mut self) -> Option<Delivery> {
        let received_at = Timestamp::from_microsecond(self.number()?).ok()?;
        let (event_id, signature, content_type) = (self.text()?, self.text()?, self.text()?);
        let length = self.length()?;
        let body = self.part(length)?.to_vec();
        Some(Delivery { body, event_id, signature, content_type, received_at })
    }
}

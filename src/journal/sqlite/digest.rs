//! What a row is, as bytes: the one encoding under the seals and under the audit tree.
//!
//! `0x00`, the table's name, the number of columns, then each value with its type. Texts and blobs carry their length,
//! numbers have eight bytes, all of it big-endian, so no two different rows encode alike. The leading zero makes the
//! SHA-256 of it the leaf of a tree as RFC 9162 has it, so an event is hashed once for both uses.

use rusqlite::types::ValueRef;
use sha2::{Digest as _, Sha256};

/// SHA-256.
pub(super) type Digest = [u8; 32];

/// What RFC 9162 puts before a leaf and before a node.
const LEAF: u8 = 0;
const NODE: u8 = 1;

/// Digests rows one after another in one buffer.
#[derive(Debug, Default)]
pub(super) struct Rows {
    buffer: Vec<u8>,
}

/// A row larger than this is rare, and its room is not kept for the small ones that follow.
const KEEP: usize = 64 * 1024;

impl Rows {
    /// The digest of a row of `table`.
    pub(super) fn digest<'a>(
        &mut self,
        table: &str,
        values: impl ExactSizeIterator<Item = ValueRef<'a>>,
    ) -> Digest {
        self.buffer.clear();
        self.buffer.shrink_to(KEEP);
        self.buffer.push(LEAF);
        self.sized(table.as_bytes());
        self.length(values.len());
        for value in values {
            match value {
                ValueRef::Null => self.buffer.push(b'n'),
                ValueRef::Integer(number) => {
                    self.buffer.push(b'i');
                    self.buffer.extend(number.to_be_bytes());
                }
                ValueRef::Real(number) => {
                    self.buffer.push(b'r');
                    self.buffer.extend(number.to_be_bytes());
                }
                ValueRef::Text(text) => {
                    self.buffer.push(b't');
                    self.sized(text);
                }
                ValueRef::Blob(bytes) => {
                    self.buffer.push(b'b');
                    self.sized(bytes);
                }
            }
        }
        Sha256::digest(&self.buffer).into()
    }

    fn length(&mut self, length: usize) {
        // No length that fits into memory is beyond 64 bits.
        self.buffer.extend(u64::try_from(length).unwrap_or(u64::MAX).to_be_bytes());
    }

    fn sized(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.buffer.extend(bytes);
    }
}

/// The digest of a leaf that holds `data`.
#[cfg(test)]
pub(super) fn leaf(data: &[u8]) -> Digest {
    Sha256::new().chain_update([LEAF]).chain_update(data).finalize().into()
}

/// The digest of a node over two others.
pub(super) fn node(left: &Digest, right: &Digest) -> Digest {
    Sha256::new().chain_update([NODE]).chain_update(left).chain_update(right).finalize().into()
}

/// The digest of nothing: the root of an empty tree.
pub(super) fn nothing() -> Digest {
    Sha256::digest([]).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_rows_encode_alike() {
        let rows: [(&str, &[ValueRef<'_>]); 13] = [
            ("t", &[]),
            ("t", &[ValueRef::Null]),
            ("t", &[ValueRef::Null, ValueRef::Null]),
            ("t", &[ValueRef::Integer(1)]),
            ("t", &[ValueRef::Real(1.0)]),
            ("t", &[ValueRef::Text(b"1")]),
            ("t", &[ValueRef::Blob(b"1")]),
            ("t", &[ValueRef::Text(b"")]),
            ("t", &[ValueRef::Text(b"ab"), ValueRef::Text(b"c")]),
            ("t", &[ValueRef::Text(b"a"), ValueRef::Text(b"bc")]),
            ("t", &[ValueRef::Text(b"abc")]),
            ("tt", &[ValueRef::Null]),
            ("t", &[ValueRef::Integer(-1)]),
        ];
        let mut hasher = Rows::default();
        let digests: Vec<Digest> =
            rows.iter().map(|(table, values)| hasher.digest(table, values.iter().copied())).collect();
        for (number, digest) in digests.iter().enumerate() {
            assert!(!digests[..number].contains(digest), "{:?}", rows[number]);
        }
    }

    #[test]
    fn the_encoding_stands_as_it_is_written_down() {
        let mut bytes = vec![0];
        bytes.extend([0, 0, 0, 0, 0, 0, 0, 4]);
        bytes.extend(b"meta");
        bytes.extend([0, 0, 0, 0, 0, 0, 0, 2]);
        bytes.extend(b"t\0\0\0\0\0\0\0\x01k");
        bytes.extend(b"i\0\0\0\0\0\0\x01\x02");
        let expected: Digest = Sha256::digest(&bytes).into();
        let row = [ValueRef::Text(b"k"), ValueRef::Integer(258)];
        assert_eq!(Rows::default().digest("meta", row.into_iter()), expected);
    }
}

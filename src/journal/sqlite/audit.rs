//! The audit tree: an RFC 9162 Merkle tree over the rows of `events`, in the order of `seq`.
//!
//! The journal keeps only what appending needs: the size and the roots of the perfect subtrees from the left (the
//! frontier). Whoever notes an [`AuditHead`] somewhere else can prove later that the journal still begins with exactly
//! the events it had then: a head says everything about what came before it and nothing about what comes after.

use std::fmt;
use std::str::FromStr;

use rusqlite::{Connection, OptionalExtension, params};

use super::super::JournalError;
use super::convert::{unreadable, write};
use super::digest::{Digest, node, nothing};

/// The table whose rows are the leaves.
pub(super) const EVENTS: &str = "events";

/// The size of the audit tree and its root: what an auditor notes.
///
/// As text it is `SIZE:ROOT`, the root in hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditHead {
    /// How many events.
    pub size: u64,
    /// The root over them, as in RFC 9162, section 2.1.1. The leaf's data is the row's encoding (`docs/journal.md`).
    pub root: [u8; 32],
}

impl fmt::Display for AuditHead {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:", self.size)?;
        self.root.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

/// A text that is no [`AuditHead`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an audit head is SIZE:ROOT, the root 64 hexadecimal digits")]
pub struct NotAHead;

impl FromStr for AuditHead {
    type Err = NotAHead;

    fn from_str(text: &str) -> Result<Self, NotAHead> {
        let (size, hex) = text.trim().split_once(':').ok_or(NotAHead)?;
        let size = size.parse().map_err(|_| NotAHead)?;
        // Two digits at a time by bytes: slicing text could fall between two bytes of a letter.
        let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
        let root: &[[u8; 2]; 32] = pairs.try_into().map_err(|_| NotAHead)?;
        if !rest.is_empty() {
            return Err(NotAHead);
        }
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let mut head = Self { size, root: [0; 32] };
        for (byte, [high, low]) in head.root.iter_mut().zip(root) {
            *byte = digit(*high).ok_or(NotAHead)? << 4 | digit(*low).ok_or(NotAHead)?;
        }
        Ok(head)
    }
}

/// A tree that can grow: its size, and the roots of its perfect subtrees from the left.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Tree {
    size: u64,
    frontier: Vec<Digest>,
}

impl Tree {
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf by its digest.
    pub(super) fn push(&mut self, leaf: Digest) {
        let mut right = leaf;
        // Two perfect subtrees of one height become one: as many as the size has ones at its end.
        for _ in 0..self.size.trailing_ones() {
            let Some(left) = self.frontier.pop() else { break };
            right = node(&left, &right);
        }
        self.frontier.push(right);
        self.size += 1;
    }

    pub(super) fn head(&self) -> AuditHead {
        let root = self.frontier.iter().rev().copied().reduce(|right, left| node(&left, &right));
        AuditHead { size: self.size, root: root.unwrap_or_else(nothing) }
    }

    /// Copies without a new allocation.
    pub(super) fn copy_from(&mut self, other: &Self) {
        self.size = other.size;
        self.frontier.clone_from(&other.frontier);
    }

    /// The leaves, counted from 1, under the first perfect subtree that differs in a tree of the same size.
    pub(super) fn difference(&self, other: &Self) -> Option<(u64, u64)> {
        let mut first = 1;
        let heights = (0..u64::BITS).rev().filter(|bit| self.size >> bit & 1 == 1);
        for ((height, ours), theirs) in heights.zip(&self.frontier).zip(&other.frontier) {
            let next = first + (1 << height);
            if ours != theirs {
                return Some((first, next - 1));
            }
            first = next;
        }
        None
    }

    /// The stored tree. `None` where the row is gone or makes no sense: then nothing may be built upon it.
    pub(super) fn load(connection: &Connection) -> Result<Option<Self>, rusqlite::Error> {
        let row = connection
            .prepare_cached("SELECT size, frontier FROM audit_tree WHERE id = 1")?
            .query_row([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)))
            .optional()?;
        Ok(row.and_then(|(size, bytes)| {
            let size = u64::try_from(size).ok()?;
            let (frontier, rest) = bytes.as_chunks::<32>();
            let fits = rest.is_empty() && frontier.len() == usize::try_from(size.count_ones()).ok()?;
            fits.then(|| Self { size, frontier: frontier.to_vec() })
        }))
    }

    pub(super) fn store(&self, connection: &Connection) -> Result<(), JournalError> {
        let size = i64::try_from(self.size).map_err(|error| JournalError::unwritable(error.to_string()))?;
        let sql = "UPDATE audit_tree SET size = ?1, frontier = ?2 WHERE id = 1";
        write(connection, sql, params![size, self.frontier.as_flattened()]).map(drop)
    }
}

/// The head as it is stored.
pub(super) fn head(connection: &Connection) -> Result<AuditHead, JournalError> {
    Tree::load(connection)
        .map_err(|error| unreadable(&error))?
        .map(|tree| tree.head())
        .ok_or_else(|| JournalError::Unreadable("the audit tree".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::super::digest::leaf;
    use super::*;

    /// The leaves and roots that the certificate transparency projects test with, for RFC 6962 and RFC 9162 alike.
    const LEAVES: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    const ROOTS: [&str; 9] = [
        "0:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "1:6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "2:fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "3:aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "4:d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "5:4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "6:76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "7:ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "8:5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    /// The definition, literally: the split is the largest power of two below the size.
    fn by_definition(leaves: &[Digest]) -> Digest {
        match leaves {
            [] => nothing(),
            [only] => *only,
            _ => {
                let split = leaves.len().next_power_of_two() / 2;
                node(&by_definition(&leaves[..split]), &by_definition(&leaves[split..]))
            }
        }
    }

    #[test]
    fn the_known_roots_come_out() {
        let mut tree = Tree::default();
        assert_eq!(tree.head().to_string(), ROOTS[0]);
        for (data, root) in LEAVES.iter().zip(&ROOTS[1..]) {
            tree.push(leaf(data));
            assert_eq!(tree.head().to_string(), *root);
        }
    }

    #[test]
    fn growing_gives_what_the_definition_gives() {
        let leaves: Vec<Digest> = (0..300_u32).map(|number| leaf(&number.to_be_bytes())).collect();
        let mut tree = Tree::default();
        for (number, leaf) in leaves.iter().enumerate() {
            assert_eq!(tree.head().root, by_definition(&leaves[..number]), "{number}");
            tree.push(*leaf);
        }
    }

    #[test]
    fn a_difference_is_narrowed_down_to_a_subtree() {
        let grown = |wrong: Option<u32>| {
            let mut tree = Tree::default();
            for number in 1..=11_u32 {
                tree.push(leaf(&if wrong == Some(number) { 99 } else { number }.to_be_bytes()));
            }
            tree
        };
        let right = grown(None);
        assert_eq!(right.difference(&grown(None)), None);
        for (wrong, range) in [(1, (1, 8)), (8, (1, 8)), (9, (9, 10)), (10, (9, 10)), (11, (11, 11))] {
            assert_eq!(right.difference(&grown(Some(wrong))), Some(range), "{wrong}");
        }
    }

    #[test]
    fn a_head_is_noted_and_read_again() {
        let head: AuditHead = ROOTS[5].parse().unwrap();
        assert_eq!((head.size, head.to_string().as_str()), (5, ROOTS[5]));
        for bad in ["", "5", "5:", "5:12", "x:00", "5:é0", &ROOTS[5][..65], &format!("{}0", ROOTS[5])] {
            assert_eq!(bad.parse::<AuditHead>(), Err(NotAHead), "{bad}");
        }
    }
}

//! Who did something.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A person: a Unix user, until operators exist. The number tells people apart; a name can be anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The user's number.
    pub uid: u32,
    /// The user's name, where the machine knows one.
    pub name: Option<String>,
}

impl Person {
    /// Whether both are the same person.
    pub const fn is(&self, other: &Self) -> bool {
        self.uid == other.uid
    }
}

impl fmt::Display for Person {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(out, "{name} (uid {})", self.uid),
            None => write!(out, "uid {}", self.uid),
        }
    }
}

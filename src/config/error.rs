//! What is wrong with a configuration, and where.

use std::fmt;

use super::origin::Origin;

/// A fault and its remedy, before it is known where the value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    what: String,
    remedy: String,
}

impl Fault {
    /// `what` is wrong; `remedy` says what to write instead. Neither may hold a secret.
    pub fn new(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), remedy: remedy.into() }
    }

    /// The same fault, now with its place.
    #[must_use]
    pub fn at(self, origin: &Origin) -> ConfigError {
        ConfigError::new(origin.place(), self)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}; {}", self.what, self.remedy)
    }
}

/// Why saldo cannot work with this configuration: `PATH:LINE: what is wrong; what to write instead`. The
/// command line exits with 78.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {fault}")]
pub struct ConfigError {
    place: String,
    fault: Fault,
}

impl ConfigError {
    /// A fault at `place`: `PATH`, `PATH:LINE`, a flag or a variable.
    pub(super) fn new(place: impl Into<String>, fault: Fault) -> Self {
        Self { place: place.into(), fault }
    }

    /// What is wrong and what to write instead, without the place.
    pub fn fault(&self) -> &Fault {
        &self.fault
    }
}

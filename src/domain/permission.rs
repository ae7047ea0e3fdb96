//! What saldo itself lets a process do, whatever the gateway's credentials allow.
//!
//! It binds this program on this machine and nothing else: whoever has the credentials can pay without it.

use serde::{Deserialize, Serialize};

/// Whether a process may act at the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Access {
    /// It may.
    #[default]
    Full,
    /// It asks, polls and takes webhooks; it sends no order.
    ReadOnly,
}

impl Access {
    /// Whether it only reads.
    pub const fn is_read_only(self) -> bool {
        matches!(self, Self::ReadOnly)
    }

    /// The right to have orders sent.
    ///
    /// # Errors
    ///
    /// [`NotAllowed::ReadOnly`].
    pub const fn permit(self) -> Result<Permit, NotAllowed> {
        match self {
            Self::Full => Ok(Permit(())),
            Self::ReadOnly => Err(NotAllowed::ReadOnly),
        }
    }
}

/// The right to have orders sent: an order for the gateway cannot be made without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permit(());

/// Why saldo itself does not let something be done. Nothing was decided, and nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotAllowed {
    /// The process that would do it only reads.
    #[error("this saldo is read-only, so nothing was decided and nothing was sent")]
    ReadOnly,
    /// Another process owns the journal, and only reads.
    #[error("the saldo that owns the journal is read-only, so nothing was decided and nothing was sent")]
    OwnerReadOnly,
}

//! The control socket: how a command asks the process that owns the journal.
//!
//! A Unix socket beside the journal, for the owner's user alone. Whoever connects is told who the owner is, asks one thing,
//! and is answered. [`protocol`] says what is said, [`listener`] answers, [`client`] asks;
//! [`attached`] is a whole cockpit that asks.

pub mod attached;
pub mod client;
pub mod listener;
mod peer;
pub mod picture;
pub mod protocol;

pub use peer::{login, operator};

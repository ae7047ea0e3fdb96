//! saldo: a terminal treasury cockpit for the ConnectPSP PIX gateway.
//!
//! # A map for a newcomer
//!
//! The arrow reads "is used by"; nothing points the other way, and `tests/architecture.rs` holds that.
//!
//! ```text
//! domain <- config <- gateway, journal <- engine <- app <- ui <- session, server, cli
//! ```
//!
//! | question | answer |
//! |---|---|
//! | What is an amount, a PIX key, a payment's state? | [`domain`]: pure, no clock, network or random |
//! | What does the gateway say on the wire? | [`gateway`] |
//! | What survives a crash? | [`journal`] |
//! | Where does a payment leave the machine? | [`engine`] |
//! | Where does a balance update become a number on the screen? | [`engine`] -> [`app`] -> [`ui`] |
//! | Where does a key get its meaning? | [`app`]'s keymap |
//! | Which bytes reach the terminal? | [`session`] |
//! | What may a script rely on? | [`cli`] |
//! | How is all of it proven without the gateway? | [`sandbox`], an independent imitation |

pub mod app;
pub mod cli;
pub mod config;
pub mod domain;
pub mod engine;
pub mod gateway;
pub mod journal;
pub mod lang;
pub mod sandbox;
pub mod server;
pub mod session;
pub mod ui;

//! Money-safety over the real binary and the real sandbox: faults, kills, troubles, secrets.
//!
//! One binary, so that the tests that mostly wait (for a request that hangs, for two looks a minute apart) do so while
//! the others work.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

mod cash_ins;
mod faults;
mod kill;
#[path = "../real_support/mod.rs"]
mod real_support;
mod secrets;
#[path = "../support/mod.rs"]
mod support;
#[path = "../terminal/mod.rs"]
mod terminal;
mod trouble;

//! Random schedules of the real core and the real lane against an adversarial gateway: see [`sim`].

#![allow(missing_docs, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod sim;

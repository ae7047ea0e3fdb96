//! The real core and the real lane against a gateway that means no good, in virtual time.
//!
//! One seed is one story: debts, people, and trouble of every kind at every place where something is waited for. The
//! lane, the machine of payments and its plans are the real ones; the journal is one in memory with the same rules, the
//! gateway keeps a ledger of the truth, and the clocks are the story's.
//!
//! | question | answer |
//! |---|---|
//! | What can go wrong? | [`fate`] |
//! | What is a story? | [`story`] |
//! | Where is the truth? | [`ledger`] |
//! | What does the lane talk to? | [`doors`], over [`world`] and [`store`] |
//! | How does it run? | [`run`] |
//! | And the rebalances? | [`rebalance`] |
//! | What must hold? | [`check`] |
//! | Would a mistake be found? | [`plant`] |
//! | How are many run, and a failing one made short? | [`batch`], [`shrink`] |

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "shared by a test and an example, each of which uses its part; the modules and the rules have their docs"
)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "numbers of a story: a few debts, a few hundred events, a few weeks of microseconds"
)]

pub mod batch;
pub mod check;
pub mod doors;
pub mod fate;
pub mod ledger;
pub mod plant;
pub mod rebalance;
pub mod run;
pub mod shrink;
pub mod store;
pub mod story;
pub mod tally;
pub mod world;

/// Rules whose breaks are known weaknesses: counted, and not held against a story.
pub const KNOWN: &[&str] = &["K1", "K2", "K3", "K4", "K5", "K6", "K7"];

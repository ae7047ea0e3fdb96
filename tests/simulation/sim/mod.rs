//! The real core and the real lane against a gateway that means no good, in virtual time.
//!
//! One seed is one story: debts, people, and trouble of every kind at every place where something is waited for.
//!
//! Real: the machine of payments with its plans, the lane, the rebalancer, the domain under them. Imitated: the journal,
//! which is in memory and keeps the same rules; the gateway, a ledger of the truth whose answers come as verdicts, without
//! HTTP; the clocks; the loops of the tracker and the inbox around the lane. Where the journal in memory could differ from
//! the one on the disk, `on_disk.rs` beside this folder asks the real one.
//!
//! | question | answer |
//! |---|---|
//! | What can go wrong? | [`fate`] |
//! | What is a story? | [`story`] |
//! | Where is the truth? | [`ledger`]; [`gateway`] changes it, and [`wire`] says what comes back |
//! | What does the lane talk to? | [`doors`], over [`world`] and [`store`] |
//! | How does it run? | [`run`], with [`people`] |
//! | And the rebalances? | [`rebalance`] |
//! | What must hold? | [`Rule`], by [`check`] |
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

use std::fmt;

pub mod batch;
pub mod check;
pub mod doors;
pub mod fate;
pub mod gateway;
pub mod ledger;
pub mod people;
pub mod plant;
pub mod rebalance;
pub mod run;
pub mod shrink;
pub mod store;
pub mod story;
pub mod tally;
pub mod wire;
pub mod world;

macro_rules! rules {
    ($($code:ident $words:literal,)*) => {
        /// What may never be broken; the words say what has happened if it is.
        ///
        /// I: as `saldo fsck` counts them (`docs/money-safety.md`). T: a state tells the truth of the money. M: a report
        /// goes to its payment. W: when a request may leave. D: declarations. S: everything comes to an end. A: people
        /// are told. R: rebalances. C: the core's own assertions.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Rule { $($code,)* }

        impl Rule {
            pub const fn code(self) -> &'static str {
                match self { $(Self::$code => stringify!($code),)* }
            }

            pub const fn words(self) -> &'static str {
                match self { $(Self::$code => $words,)* }
            }
        }
    };
}

rules! {
    I1 "two payments of one debt",
    I2 "a request without its own row before it",
    I3 "another body, or another key in the same round",
    I4 "a snapshot that is not the fold of its events",
    I5 "a transition that the machine does not know",
    I6 "an id or a reference of another payment",
    I9 "sent without enough approvals of others",
    I11 "an acknowledged decision is lost",
    I12 "an open payment that nothing will wake",
    T1 "called completed, and no money moved",
    T2 "called rejected without proof",
    T3 "called withdrawn, and it may be paid",
    T4 "called failed, and it has not",
    T5 "declared not paid, and it may be paid",
    M1 "completed by a webhook of something else",
    M2 "a webhook with our reference does not reach its payment",
    W1 "sent after the resend window",
    W2 "sent although the gateway contradicts the end of an earlier payment of the debt",
    D1 "declared by fewer than two people",
    D2 "declared within a day of the last request",
    S1 "stuck at the end of the story",
    S2 "a story that does not come to rest",
    S3 "an attempt on the wire that nobody is at work on",
    S4 "an approved payment that can never be sent, and is tried for ever",
    A1 "a late payment that nobody noticed",
    A2 "a debt paid twice, and nobody was told",
    R1 "two rebalances at the same time",
    R2 "a rebalance sent without a row, again by itself, or with another target",
    R3 "a doubt about a rebalance that no person has settled",
    R4 "a rebalance that is not the fold of its events",
    C1 "an assertion of the core",
}

impl fmt::Display for Rule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.code())
    }
}

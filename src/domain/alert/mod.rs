//! What a person at the desk has to look at, or should know: kinds with stable ids, how urgent each is, and what is known
//! of one.
//!
//! The judgement ([`judge`]) is a function of facts and time; who keeps what it says, and who is told, is the engine's
//! business. Nothing here names a payee: an alert leaves the desk (a notification, a pager), and people's data must not.

mod judge;
mod quiet;

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::conservation::Gap;
use super::gap::Suspect;
use super::money::Centavos;
use super::person::Person;
use super::text::Safe;
use super::transaction::State;

pub use judge::{
    Conflict, Contradicted, Doubt, Facts, Failing, Forward, MOST_OF_A_KIND, Missing, Rules, Seen, Standstill,
    UNREAD, Unexplained, judge,
};
pub use quiet::{NotQuiet, Quiet};

/// How urgent it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Somebody should know; it waits for the end of quiet hours.
    Know,
    /// A person must look now, at any hour.
    Now,
}

impl Severity {
    /// The word of JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Know => "know",
            Self::Now => "now",
        }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $id:literal $severity:ident,)*) => {
        /// What an alert is about. The ids are stable: scripts and pagers name them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind {
            $($(#[$doc])* $kind,)*
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// The stable id.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $id,)*
                }
            }

            /// How urgent it is.
            pub const fn severity(self) -> Severity {
                match self {
                    $(Self::$kind => Severity::$severity,)*
                }
            }
        }
    };
}

kinds! {
    /// The transactional balance is below the band's floor.
    BelowFloor "below-floor" Now,
    /// It is above the band's ceiling.
    AboveCeiling "above-ceiling" Know,
    /// At the present outflow it pays for fewer minutes than the desk wants.
    Coverage "coverage" Now,
    /// The balance cannot be read.
    GatewaySilent "gateway-silent" Now,
    /// It can be read, and the gateway gives the same snapshot again and again.
    GatewayStandsStill "gateway-stands-still" Know,
    /// saldo should listen for webhooks, and does not.
    WebhooksOff "webhooks-off" Now,
    /// Webhooks come long after what they tell, or not at all.
    WebhooksLate "webhooks-late" Know,
    /// Webhooks came whose signature is wrong.
    WebhookSignatures "webhook-signatures" Know,
    /// Authentic webhooks came that saldo cannot read.
    WebhooksIllegible "webhooks-illegible" Know,
    /// An address does not take what is passed on to it.
    ForwardStands "forward-stands" Know,
    /// Nobody knows whether a payment was made.
    PaymentInDoubt "payment-in-doubt" Now,
    /// Nobody knows whether money moved between the pockets.
    RebalanceInDoubt "rebalance-in-doubt" Now,
    /// The gateway contradicts itself about a payment, or what was ordered.
    PaymentConflict "payment-conflict" Now,
    /// A payment was made after it had been proven failed, or declared not paid: the debt may be paid twice.
    PaidAfterFailure "paid-after-failure" Now,
    /// The gateway contradicts itself about a charge, or what was asked.
    ChargeConflict "charge-conflict" Now,
    /// Nobody knows whether the money of a cash-in went back.
    RefundInDoubt "refund-in-doubt" Now,
    /// The gateway contradicts itself about a refund.
    RefundConflict "refund-conflict" Now,
    /// The gateway contradicts itself about a transaction that saldo did not order.
    TransactionConflict "transaction-conflict" Know,
    /// A batch has lines that nobody begins.
    BatchStands "batch-stands" Now,
    /// The journal takes nothing new, so nothing is sent.
    JournalUnwritable "journal-unwritable" Now,
    /// Nothing is sent.
    PaymentsPaused "payments-paused" Now,
    /// The wallet changed, and nobody told saldo why, where saldo is told everything.
    UnexplainedDifference "unexplained-difference" Now,
    /// The desk's own command, which is handed alerts, fails.
    HookFailed "hook-failed" Know,
}

impl Kind {
    /// Reads back what [`Self::as_str`] wrote.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }

    /// Whether it holds until a person has acknowledged it: it happened, and does not pass by itself.
    pub const fn stays(self) -> bool {
        matches!(
            self,
            Self::WebhookSignatures
                | Self::WebhooksIllegible
                | Self::TransactionConflict
                | Self::UnexplainedDifference
        )
    }

    /// Whether whoever acknowledges it has to say what they found.
    pub const fn wants_note(self) -> bool {
        matches!(self, Self::TransactionConflict | Self::UnexplainedDifference)
    }
}

/// What is known of it: enough to say it in any language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// [`Kind::BelowFloor`]
    BelowFloor {
        /// The transactional balance.
        balance: Centavos,
        /// The band's floor.
        floor: Centavos,
    },
    /// [`Kind::AboveCeiling`]
    AboveCeiling {
        /// The transactional balance.
        balance: Centavos,
        /// The band's ceiling.
        ceiling: Centavos,
    },
    /// [`Kind::Coverage`]
    Coverage {
        /// For how many minutes the balance pays.
        minutes: u64,
        /// For how many it ought to.
        limit: u64,
        /// The transactional balance.
        balance: Centavos,
    },
    /// [`Kind::GatewaySilent`]
    GatewaySilent {
        /// When the balance was read last (UTC).
        last: Option<Timestamp>,
        /// Why it cannot be.
        reason: Safe,
    },
    /// [`Kind::GatewayStandsStill`]
    GatewayStandsStill {
        /// When saldo first read the snapshot (UTC).
        since: Timestamp,
    },
    /// [`Kind::WebhooksOff`]
    WebhooksOff {
        /// Why.
        reason: Safe,
    },
    /// [`Kind::WebhooksLate`]
    WebhooksLate {
        /// Payments of saldo's that settled a while ago and of which no webhook came.
        missing: u64,
        /// Webhooks of the last minutes that came long after what they tell.
        late: u64,
    },
    /// [`Kind::WebhookSignatures`]
    WebhookSignatures {
        /// How many since a person last acknowledged it.
        count: u64,
    },
    /// [`Kind::WebhooksIllegible`]
    WebhooksIllegible {
        /// How many since a person last acknowledged it.
        count: u64,
    },
    /// [`Kind::ForwardStands`]
    ForwardStands {
        /// The address, without what may be secret in it.
        address: Safe,
        /// How many wait for it.
        waiting: u64,
        /// Why the last try failed.
        reason: Safe,
    },
    /// [`Kind::PaymentInDoubt`]
    PaymentInDoubt {
        /// saldo's id for it.
        id: Uuid,
        /// How much.
        amount: Option<Centavos>,
        /// Where it stands.
        state: State,
        /// When it was decided (UTC).
        since: Timestamp,
    },
    /// [`Kind::RebalanceInDoubt`]
    RebalanceInDoubt {
        /// saldo's id for it.
        id: Uuid,
        /// The transactional balance that was wanted.
        target: Centavos,
    },
    /// [`Kind::PaymentConflict`]
    PaymentConflict(About),
    /// [`Kind::PaidAfterFailure`]
    PaidAfterFailure(About),
    /// [`Kind::ChargeConflict`]
    ChargeConflict(About),
    /// [`Kind::RefundInDoubt`]: of the cash-in's row.
    RefundInDoubt(About),
    /// [`Kind::RefundConflict`]: of the cash-in's row.
    RefundConflict(About),
    /// [`Kind::TransactionConflict`]
    TransactionConflict(About),
    /// [`Kind::BatchStands`]
    BatchStands {
        /// The batch's id.
        id: Uuid,
        /// Lines that were not begun.
        waiting: u32,
        /// What they come to.
        amount: Centavos,
        /// Lines in doubt.
        in_doubt: u32,
    },
    /// [`Kind::JournalUnwritable`]
    JournalUnwritable {
        /// Why.
        reason: Safe,
    },
    /// [`Kind::PaymentsPaused`]
    PaymentsPaused {
        /// Why.
        reason: Safe,
    },
    /// [`Kind::UnexplainedDifference`]
    UnexplainedDifference {
        /// Where, when and by how much.
        gap: Gap,
        /// What may have to do with it.
        suspects: Vec<Suspect>,
    },
    /// [`Kind::HookFailed`]
    HookFailed {
        /// Why.
        reason: Safe,
    },
}

/// The row of the feed that an alert is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// saldo's id for it.
    pub id: Uuid,
    /// How much.
    pub amount: Option<Centavos>,
    /// Where it stands.
    pub state: State,
    /// Since when (UTC).
    pub since: Timestamp,
}

impl What {
    /// The kind.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::BelowFloor { .. } => Kind::BelowFloor,
            Self::AboveCeiling { .. } => Kind::AboveCeiling,
            Self::Coverage { .. } => Kind::Coverage,
            Self::GatewaySilent { .. } => Kind::GatewaySilent,
            Self::GatewayStandsStill { .. } => Kind::GatewayStandsStill,
            Self::WebhooksOff { .. } => Kind::WebhooksOff,
            Self::WebhooksLate { .. } => Kind::WebhooksLate,
            Self::WebhookSignatures { .. } => Kind::WebhookSignatures,
            Self::WebhooksIllegible { .. } => Kind::WebhooksIllegible,
            Self::ForwardStands { .. } => Kind::ForwardStands,
            Self::PaymentInDoubt { .. } => Kind::PaymentInDoubt,
            Self::RebalanceInDoubt { .. } => Kind::RebalanceInDoubt,
            Self::PaymentConflict(_) => Kind::PaymentConflict,
            Self::PaidAfterFailure(_) => Kind::PaidAfterFailure,
            Self::ChargeConflict(_) => Kind::ChargeConflict,
            Self::RefundInDoubt(_) => Kind::RefundInDoubt,
            Self::RefundConflict(_) => Kind::RefundConflict,
            Self::TransactionConflict(_) => Kind::TransactionConflict,
            Self::BatchStands { .. } => Kind::BatchStands,
            Self::JournalUnwritable { .. } => Kind::JournalUnwritable,
            Self::PaymentsPaused { .. } => Kind::PaymentsPaused,
            Self::UnexplainedDifference { .. } => Kind::UnexplainedDifference,
            Self::HookFailed { .. } => Kind::HookFailed,
        }
    }

    /// Which of its kind it is, where there may be several: an id, an address, a window of time. Empty otherwise.
    pub fn subject(&self) -> String {
        match self {
            Self::ForwardStands { address, .. } => address.to_string(),
            Self::PaymentInDoubt { id, .. }
            | Self::RebalanceInDoubt { id, .. }
            | Self::BatchStands { id, .. } => id.to_string(),
            Self::PaymentConflict(about)
            | Self::PaidAfterFailure(about)
            | Self::ChargeConflict(about)
            | Self::RefundInDoubt(about)
            | Self::RefundConflict(about)
            | Self::TransactionConflict(about) => about.id.to_string(),
            Self::UnexplainedDifference { gap, .. } => gap.name(),
            _ => String::new(),
        }
    }

    /// Whether both are about the same thing, whatever is known of it.
    pub fn is_same(&self, other: &Self) -> bool {
        self.kind() == other.kind() && self.subject() == other.subject()
    }

    /// The row of the feed that it is about.
    pub const fn row(&self) -> Option<Uuid> {
        match self {
            Self::PaymentInDoubt { id, .. } => Some(*id),
            Self::PaymentConflict(about)
            | Self::PaidAfterFailure(about)
            | Self::ChargeConflict(about)
            | Self::RefundInDoubt(about)
            | Self::RefundConflict(about)
            | Self::TransactionConflict(about) => Some(about.id),
            _ => None,
        }
    }

    /// The amount that it is about, in centavos.
    pub const fn amount(&self) -> Option<Centavos> {
        match self {
            Self::BelowFloor { balance, .. }
            | Self::AboveCeiling { balance, .. }
            | Self::Coverage { balance, .. } => Some(*balance),
            Self::PaymentInDoubt { amount, .. } => *amount,
            Self::PaymentConflict(about)
            | Self::PaidAfterFailure(about)
            | Self::ChargeConflict(about)
            | Self::RefundInDoubt(about)
            | Self::RefundConflict(about)
            | Self::TransactionConflict(about) => about.amount,
            Self::BatchStands { amount, .. } => Some(*amount),
            Self::RebalanceInDoubt { target, .. } => Some(*target),
            Self::UnexplainedDifference { gap, .. } => Some(gap.amount),
            _ => None,
        }
    }
}

fn of(about: &About) -> String {
    about.amount.map(|amount| format!(" of {amount}")).unwrap_or_default()
}

/// One line of English, as logs, hooks and commands have it.
impl fmt::Display for What {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BelowFloor { balance, floor } => {
                write!(out, "the transactional balance {balance} is below the floor {floor}: a top-up is due")
            }
            Self::AboveCeiling { balance, ceiling } => {
                write!(
                    out,
                    "the transactional balance {balance} is above the ceiling {ceiling}: a sweep is due"
                )
            }
            Self::Coverage { minutes, limit, balance } => write!(
                out,
                "at the present outflow the transactional balance {balance} lasts {minutes} minutes, and {limit} are wanted"
            ),
            Self::GatewaySilent { last: Some(last), reason } => {
                write!(out, "the balance cannot be read, and was last read at {last}: {reason}")
            }
            Self::GatewaySilent { last: None, reason } => write!(out, "the balance cannot be read: {reason}"),
            Self::GatewayStandsStill { since } => {
                write!(out, "the gateway gives the same snapshot of the balance since {since}")
            }
            Self::WebhooksOff { reason } => {
                write!(out, "webhooks do not come, saldo does not listen: {reason}")
            }
            Self::WebhooksLate { missing, late } => write!(
                out,
                "webhooks are late: {missing} of settled payments have not come, {late} of the last minutes came late; saldo \
                 learns by asking"
            ),
            Self::WebhookSignatures { count } => {
                write!(out, "{count} webhooks with a wrong signature were refused")
            }
            Self::WebhooksIllegible { count } => {
                write!(out, "{count} authentic webhooks cannot be read and are kept aside")
            }
            Self::ForwardStands { address, waiting, reason } => {
                write!(out, "{waiting} webhooks wait to be passed on, {address} does not take them: {reason}")
            }
            Self::PaymentInDoubt { id, amount, state, .. } => {
                out.write_str("a payment")?;
                if let Some(amount) = amount {
                    write!(out, " of {amount}")?;
                }
                write!(out, " is in doubt ({}): do not pay it again, run `saldo show {id}`", state.as_str())
            }
            Self::RebalanceInDoubt { target, .. } => write!(
                out,
                "a rebalance to {target} is in doubt: compare the balance, then acknowledge it; nothing is rebalanced before"
            ),
            Self::PaymentConflict(about) => {
                write!(
                    out,
                    "a payment{} is contradicted by the gateway ({}): do not pay it again, run `saldo show {}`",
                    of(about),
                    about.state.as_str(),
                    about.id
                )
            }
            Self::PaidAfterFailure(about) => {
                write!(
                    out,
                    "a payment{} was made after it had counted as not made: the debt may be paid twice, run `saldo show {}`",
                    of(about),
                    about.id
                )
            }
            Self::ChargeConflict(about) => {
                write!(
                    out,
                    "a charge{} is contradicted by the gateway ({}): run `saldo show {}`",
                    of(about),
                    about.state.as_str(),
                    about.id
                )
            }
            Self::RefundInDoubt(about) => {
                write!(
                    out,
                    "the refund of a cash-in{} is in doubt: give it back in no other way, run `saldo show {}`",
                    of(about),
                    about.id
                )
            }
            Self::RefundConflict(about) => {
                write!(
                    out,
                    "the refund of a cash-in{} is contradicted by the gateway: give it back in no other way, run `saldo show {}`",
                    of(about),
                    about.id
                )
            }
            Self::TransactionConflict(about) => {
                write!(
                    out,
                    "the gateway contradicts itself about a transaction{} that saldo did not order ({}): run `saldo show {}`",
                    of(about),
                    about.state.as_str(),
                    about.id
                )
            }
            Self::BatchStands { id, waiting, amount, in_doubt } => {
                write!(
                    out,
                    "the batch {id} stands: {waiting} lines of {amount} were not begun, {in_doubt} are in doubt; `saldo batch resume {id}` goes on with it"
                )
            }
            Self::JournalUnwritable { reason } => {
                write!(out, "the journal takes nothing new, so nothing is sent: {reason}")
            }
            Self::PaymentsPaused { reason } => write!(out, "nothing is sent: {reason}"),
            Self::UnexplainedDifference { gap, suspects } => {
                write!(
                    out,
                    "{} of the {} account between {} and {} is not explained by anything that saldo saw; {} suspects, run \
                     `saldo explain`",
                    gap.amount,
                    gap.kind.as_str(),
                    gap.from,
                    gap.to,
                    suspects.len()
                )
            }
            Self::HookFailed { reason } => write!(out, "the alerts' command fails: {reason}"),
        }
    }
}

/// That a person has seen it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// When (UTC).
    pub at: Timestamp,
    /// Who.
    pub by: Person,
    /// What they found.
    pub note: Option<String>,
}

/// An alert as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Its number, by which people name it.
    pub number: i64,
    /// What is known of it.
    pub what: What,
    /// When it began (UTC).
    pub began_at: Timestamp,
    /// When it was over (UTC).
    pub ended_at: Option<Timestamp>,
    /// When the desk's command was handed it (UTC).
    pub told_at: Option<Timestamp>,
    /// That a person has seen it.
    pub acknowledged: Option<Acknowledgement>,
}

impl Alert {
    /// Whether it holds.
    pub const fn stands(&self) -> bool {
        self.ended_at.is_none()
    }

    /// Whether somebody still has to look: it holds and nobody has acknowledged it.
    pub const fn is_waiting(&self) -> bool {
        self.stands() && self.acknowledged.is_none()
    }
}

/// The longest note, in characters.
pub const MOST_NOTE: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::conservation;

    #[test]
    fn ids_are_read_back() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(*kind));
        }
        assert_eq!(Kind::parse("below"), None);
    }

    /// `arbitrary_precision` breaks numbers in tagged shapes; this one has to survive.
    #[test]
    fn what_is_known_survives_json() {
        let gap = Gap {
            from: Timestamp::UNIX_EPOCH,
            to: Timestamp::UNIX_EPOCH,
            kind: conservation::Kind::Between,
            amount: Centavos::new(-5),
        };
        for what in [
            What::Coverage { minutes: 3, limit: 120, balance: Centavos::new(i64::MAX) },
            What::UnexplainedDifference { gap, suspects: Vec::new() },
            What::PaymentInDoubt {
                id: Uuid::nil(),
                amount: None,
                state: State::Out(crate::domain::cash_out::State::Held),
                since: Timestamp::UNIX_EPOCH,
            },
        ] {
            let text = serde_json::to_string(&what).unwrap();
            assert_eq!(serde_json::from_str::<What>(&text).unwrap(), what, "{text}");
            assert!(text.starts_with(&format!("{{\"{}\"", what.kind().as_str())), "{text}");
        }
    }
}

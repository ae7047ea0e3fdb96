//! A shift that is handed over: what the next person has to know, as it stood when it was written.
//!
//! It is a document: written once, kept in the journal as it is, and given out in the same words again. Amounts are centavos,
//! times UTC.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::alert::What;
use super::money::Centavos;
use super::person::Person;
use super::text::Safe;

/// The longest note, in characters.
pub const MOST_NOTE: usize = 2_000;

/// What was handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handover {
    /// Its id.
    pub id: Uuid,
    /// When the shift began.
    pub since: Timestamp,
    /// When it was handed over.
    pub until: Timestamp,
    /// Who handed it over.
    pub by: Person,
    /// What they want to be known.
    pub note: Option<String>,
    /// The journal's audit tree then, `SIZE:ROOT`: what proves later that nothing before it was changed.
    pub audit_head: String,
    /// The last balance read by `since`.
    pub opening: Option<Wallet>,
    /// The last balance read by `until`.
    pub closing: Option<Wallet>,
    /// What moved meanwhile, by the gateway's times.
    pub moved: Moved,
    /// Rebalances of the shift, oldest first.
    pub rebalances: Vec<Rebalance>,
    /// What has no outcome, the oldest first.
    pub open: Vec<Open>,
    /// How many more of these there are than are listed.
    pub open_more: u64,
    /// Payments of saldo's that ended unpaid in the shift: whoever takes it answers for them. A document from before these were
    /// written down has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unpaid: Vec<Open>,
    /// Alerts that stand.
    pub alerts: Vec<Alert>,
    /// Lasting changes of the wallet in the shift that nobody told saldo.
    pub gaps: Vec<Gap>,
    /// Batches with lines that have not ended.
    pub batches: Vec<Batch>,
    /// What each person did in the shift.
    pub deeds: Vec<Deed>,
}

/// A balance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wallet {
    /// When saldo read it.
    pub fetched_at: Timestamp,
    /// Both pockets.
    pub total_centavos: Centavos,
    /// What cash-outs are paid from.
    pub transactional_centavos: Centavos,
    /// The reserve.
    pub proprietary_centavos: Centavos,
}

/// How many, and how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sum {
    /// How many.
    pub count: u32,
    /// How much.
    pub amount_centavos: Centavos,
}

/// What moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Moved {
    /// Paid cash-ins.
    pub received: Sum,
    /// Completed cash-outs.
    pub paid: Sum,
    /// Cash-ins given back.
    pub refunded: Sum,
    /// Cash-outs that came back.
    pub returned: Sum,
}

/// A rebalance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rebalance {
    /// Its id.
    pub id: Uuid,
    /// When it was sent.
    pub at: Timestamp,
    /// `top_up` or `sweep`.
    pub direction: String,
    /// How much.
    pub amount_centavos: Centavos,
    /// Where it stands.
    pub state: String,
    /// Who ordered it.
    pub by: Person,
}

/// A transaction without an outcome, or one that the gateway contradicts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// saldo's id.
    pub id: Uuid,
    /// `in` or `out`.
    pub direction: String,
    /// Where it stands, in the words of JSON.
    pub state: String,
    /// A failure was reported and is being confirmed. A document from before this was written down does not say.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub failure_reported: bool,
    /// The gateway contradicts itself, or what was ordered.
    pub conflict: bool,
    /// How much.
    pub amount_centavos: Option<Centavos>,
    /// Its reference.
    pub external_reference: Option<Safe>,
    /// When it was decided.
    pub created_at: Timestamp,
}

/// An alert that stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Its number.
    pub alert: i64,
    /// The id of its kind.
    pub kind: String,
    /// What is known of it.
    pub what: What,
    /// The same in one line of English.
    pub text: String,
    /// Since when.
    pub began_at: Timestamp,
    /// Who has seen it.
    pub acknowledged_by: Option<Person>,
    /// What they found.
    pub note: Option<String>,
}

/// A lasting change of the wallet that nobody told saldo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The balance was as it ought to be.
    pub from: Timestamp,
    /// It had changed.
    pub to: Timestamp,
    /// By how much; negative where money left.
    pub amount_centavos: Centavos,
    /// What a person found.
    pub note: Option<String>,
    /// Who.
    pub explained_by: Option<Person>,
}

/// A batch that has not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// Its id.
    pub id: Uuid,
    /// The file's name.
    pub name: Safe,
    /// Lines in all.
    pub lines: u32,
    /// Lines that were not begun.
    pub waiting: u32,
    /// Lines that are under way or accepted.
    pub under_way: u32,
    /// Lines of which nobody knows whether they were paid.
    pub in_doubt: u32,
}

/// What a person did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// Who.
    pub by: Person,
    /// What: `cash_out`, `cash_in`, `refund`, `rebalance`, `acknowledge`, `resolve`, `approve`, `call_off`.
    pub what: String,
    /// How often.
    pub count: u32,
    /// Of how much, where it is about money.
    pub amount_centavos: Centavos,
}

/// Whether a note may be kept: not too long, and nothing in it that a terminal could obey.
pub fn is_note(text: &str) -> bool {
    text.chars().count() <= MOST_NOTE
        && !text.chars().any(|letter| letter != '\n' && super::text::is_unsafe(letter))
}

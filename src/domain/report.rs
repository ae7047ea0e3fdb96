//! What the gateway says of one transaction: the fields that `GET` and webhooks share.
//!
//! A report is evidence, not state: [`super::cash_out::step`] decides what it means for a payment of ours.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::money::Centavos;
use super::text::Safe;

/// Which way the money goes, seen from the wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// A cash-in: somebody pays the wallet.
    In,
    /// A cash-out: the wallet pays somebody.
    Out,
}

impl Direction {
    /// The word of the command line and of JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }
}

/// The gateway's own word for where a transaction stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// A cash-in nobody has paid yet.
    AwaitingPayment,
    /// A paid cash-in.
    Paid,
    /// A cash-in that nobody paid in time.
    Expired,
    /// A cash-out that was taken and has not settled.
    Processing,
    /// A settled cash-out.
    Completed,
    /// A cash-out that did not settle.
    Failed,
    /// The money went back.
    Refunded,
    /// Withdrawn before it settled.
    Cancelled,
    /// A word that is not in the gateway's documentation.
    Other(Safe),
}

impl Status {
    /// The gateway's word.
    pub fn as_wire(&self) -> &str {
        match self {
            Self::AwaitingPayment => "AWAITING_PAYMENT",
            Self::Paid => "PAID",
            Self::Expired => "EXPIRED",
            Self::Processing => "PROCESSING",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::Refunded => "REFUNDED",
            Self::Cancelled => "CANCELLED",
            Self::Other(word) => word.as_str(),
        }
    }

    /// Reads the gateway's word.
    pub fn from_wire(word: &str) -> Self {
        match word {
            "AWAITING_PAYMENT" => Self::AwaitingPayment,
            "PAID" => Self::Paid,
            "EXPIRED" => Self::Expired,
            "PROCESSING" => Self::Processing,
            "COMPLETED" => Self::Completed,
            "FAILED" => Self::Failed,
            "REFUNDED" => Self::Refunded,
            "CANCELLED" => Self::Cancelled,
            other => Self::Other(Safe::new(other)),
        }
    }
}

/// Who told saldo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// An answer to a `GET` of ours.
    Get,
    /// An authentic webhook.
    Webhook,
}

/// Why the gateway says that a payment failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The machine's code, e.g. `PIX_KEY_NOT_FOUND`.
    pub code: Safe,
    /// The sentence beside it.
    pub message: Safe,
}

/// Where the money came from or went to, as known after settlement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BankData {
    /// The institution's ISPB: text, leading zeros count.
    pub ispb: Option<Safe>,
    /// The institution's name.
    pub bank: Option<Safe>,
    /// Branch (agência).
    pub branch: Option<Safe>,
    /// Account number.
    pub account: Option<Safe>,
}

/// One transaction as the gateway describes it. What it left out is `None`, never a default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Cash-in or cash-out.
    pub direction: Direction,
    /// Where it stands.
    pub status: Status,
    /// The gateway's short id.
    pub internal_code: Option<Safe>,
    /// The gateway's transaction id (a cash-in's is a BACEN txid).
    pub transaction_id: Option<Safe>,
    /// The reference of whoever ordered it.
    pub external_reference: Option<Safe>,
    /// `E…` once settled, `D…` once refunded.
    pub end_to_end_id: Option<Safe>,
    /// The `E…` of a refunded one.
    pub original_end_to_end_id: Option<Safe>,
    /// In centavos.
    pub amount: Option<Centavos>,
    /// The payee of a cash-out, the payer of a cash-in.
    pub name: Option<Safe>,
    /// Their CPF or CNPJ, possibly masked.
    pub document: Option<Safe>,
    /// The account behind it.
    pub bank_data: Option<BankData>,
    /// Present on a failed cash-out.
    pub failure: Option<Failure>,
    /// When the gateway took the order.
    pub requested_at: Option<Timestamp>,
    /// When it settled.
    pub paid_at: Option<Timestamp>,
    /// When it was refunded.
    pub refunded_at: Option<Timestamp>,
}

/// A time of the gateway's that lies further ahead of saldo's clock than this tells nothing: a clock as far away stops
/// payments, too.
pub const MOST_AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// Whether something can have happened then, by what is known at `now` (UTC).
pub fn is_plausible(at: Timestamp, now: Timestamp) -> bool {
    at.duration_since(now) <= MOST_AHEAD
}

impl Report {
    /// The same without times that cannot be, told at `now` (UTC): what happened then has not happened yet, and would count
    /// as of every day until then.
    #[must_use]
    pub fn plausible(mut self, now: Timestamp) -> Self {
        for time in [&mut self.requested_at, &mut self.paid_at, &mut self.refunded_at] {
            *time = time.filter(|at| is_plausible(*at, now));
        }
        self
    }

    /// The settlement's endToEndId: the `E…`, also when the report leads with the `D…` of a refund.
    pub fn settlement_id(&self) -> Option<&Safe> {
        self.original_end_to_end_id
            .as_ref()
            .or_else(|| self.end_to_end_id.as_ref().filter(|id| !id.as_str().starts_with('D')))
    }

    /// The refund's `D…` endToEndId.
    pub fn refund_id(&self) -> Option<&Safe> {
        self.end_to_end_id.as_ref().filter(|id| id.as_str().starts_with('D'))
    }
}

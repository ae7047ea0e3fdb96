//! What the sandbox keeps of a cash-out, a cash-in and a rebalance.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::money::Centavos;

use super::pockets::Spread;

/// Where a cash-out goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// To a PIX key.
    Pix {
        /// `CPF`, `CNPJ`, `EMAIL`, `PHONE` or `EVP`.
        key_type: String,
        /// The key.
        key: String,
    },
    /// To an account.
    Account(BankData),
}

/// An account at a bank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankData {
    /// Eight digits or capitals.
    pub ispb: String,
    /// The bank's name.
    pub bank: String,
    /// The branch.
    pub branch: String,
    /// The account with its check digit.
    pub account: String,
}

/// A payee or payer as the request named them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The name.
    pub name: String,
    /// CPF or CNPJ without punctuation.
    pub document: String,
}

/// What a payee's magic words order; the module's documentation lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// `COMPLETED`.
    Completes,
    /// `FAILED` with `PIX_KEY_NOT_FOUND` or `ACCOUNT_NOT_FOUND`.
    Fails,
    /// `COMPLETED`, then `REFUNDED`.
    IsRefunded,
    /// `COMPLETED` after 30 s.
    CompletesSlowly,
    /// `PROCESSING` for ever.
    NeverSettles,
    /// `CANCELLED`, for which no webhook is documented.
    IsCancelled,
}

/// How long [`Outcome::CompletesSlowly`] takes.
pub(super) const SLOW: Duration = Duration::from_secs(30);

impl Outcome {
    /// What happens to a cash-out to `destination`.
    pub(super) fn of(destination: &Destination) -> Self {
        match destination {
            Destination::Pix { key, .. } => {
                let key = key.to_ascii_lowercase();
                let begins = |words: &[&str]| words.iter().any(|word| key.starts_with(word));
                if begins(&["fail", "falha"]) {
                    Self::Fails
                } else if begins(&["refund", "devolve"]) {
                    Self::IsRefunded
                } else if begins(&["slow@", "lento@"]) {
                    Self::CompletesSlowly
                } else if begins(&["stuck@", "preso@"]) {
                    Self::NeverSettles
                } else if begins(&["cancel@", "cancela@"]) {
                    Self::IsCancelled
                } else {
                    Self::Completes
                }
            }
            Destination::Account(account) if account.account.ends_with("404") => Self::Fails,
            Destination::Account(account) if account.account.ends_with("909") => Self::IsRefunded,
            Destination::Account(_) => Self::Completes,
        }
    }
}

/// Defines an enum of states with the gateway's word for each.
macro_rules! states {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_meta])* $variant,)+ }

        impl $name {
            /// The gateway's word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }
    };
}

states! {
    /// The state of a cash-out.
    CashOutStatus {
        /// Accepted, its funds reserved.
        Processing = "PROCESSING",
        /// Paid.
        Completed = "COMPLETED",
        /// Not paid; the funds are back.
        Failed = "FAILED",
        /// Paid, and the payee's bank sent it back.
        Refunded = "REFUNDED",
        /// Not paid; the funds are back.
        Cancelled = "CANCELLED",
    }
}

states! {
    /// The state of a cash-in.
    CashInStatus {
        /// Nobody has paid yet.
        AwaitingPayment = "AWAITING_PAYMENT",
        /// Paid.
        Paid = "PAID",
        /// Nobody paid in time.
        Expired = "EXPIRED",
        /// Paid, then given back.
        Refunded = "REFUNDED",
        /// Withdrawn: it can no longer be paid.
        Cancelled = "CANCELLED",
    }
}

states! {
    /// The events that webhooks tell of.
    EventType {
        /// A cash-in was paid.
        CashInPaid = "CASHIN_PAID",
        /// A cash-in was given back.
        CashInRefunded = "CASHIN_REFUNDED",
        /// A cash-out was paid.
        CashOutCompleted = "CASHOUT_COMPLETED",
        /// A cash-out was not paid.
        CashOutFailed = "CASHOUT_FAILED",
        /// A cash-out came back.
        CashOutRefunded = "CASHOUT_REFUNDED",
    }
}

/// What a client orders with `POST /cash-out`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CashOutOrder {
    pub(super) amount: Centavos,
    pub(super) external_reference: String,
    pub(super) webhook_url: Option<String>,
    pub(super) payee: Person,
    pub(super) destination: Destination,
}

/// A cash-out that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CashOut {
    /// A UUID.
    pub transaction_id: String,
    /// The gateway's own code.
    pub internal_code: String,
    /// The client's unique reference.
    pub external_reference: String,
    /// The `X-Idempotency-Key` of the request that was accepted.
    pub idempotency_key: String,
    /// How much.
    pub amount: Centavos,
    /// To whom.
    pub payee: Person,
    /// Where to.
    pub destination: Destination,
    /// The account that was credited, once completed.
    pub bank_data: Option<BankData>,
    /// Where its webhooks go.
    pub webhook_url: Option<String>,
    /// The state.
    pub status: CashOutStatus,
    /// What its payee's magic words ordered.
    pub outcome: Outcome,
    /// `E…` once completed, `D…` once refunded.
    pub end_to_end_id: Option<String>,
    /// The `E…` of a refunded one.
    pub original_end_to_end_id: Option<String>,
    /// Why it failed: code and message.
    pub failure: Option<(&'static str, &'static str)>,
    /// When it was accepted.
    pub requested_at: Timestamp,
    /// When it was paid.
    pub paid_at: Option<Timestamp>,
    /// When it came back.
    pub refunded_at: Option<Timestamp>,
    /// What each partner reserved for it.
    pub(super) reserved: Spread,
}

/// What a client orders with `POST /cash-in`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CashInOrder {
    pub(super) amount: Centavos,
    pub(super) external_reference: String,
    pub(super) webhook_url: Option<String>,
    pub(super) payer: Person,
    pub(super) expires_after: Duration,
    pub(super) open_finance: bool,
}

/// A charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CashIn {
    /// A BACEN txid.
    pub transaction_id: String,
    /// The gateway's own code.
    pub internal_code: String,
    /// The client's unique reference.
    pub external_reference: String,
    /// How much.
    pub amount: Centavos,
    /// Who is to pay.
    pub payer: Person,
    /// The account that paid.
    pub bank_data: Option<BankData>,
    /// Where its webhooks go.
    pub webhook_url: Option<String>,
    /// Whether it is paid by OpenFinance (a `paymentUrl`) instead of a BR Code.
    pub open_finance: bool,
    /// The state.
    pub status: CashInStatus,
    /// `E…` once paid, `D…` once refunded.
    pub end_to_end_id: Option<String>,
    /// The `E…` of a refunded one.
    pub original_end_to_end_id: Option<String>,
    /// When it was made.
    pub requested_at: Timestamp,
    /// When it was paid.
    pub paid_at: Option<Timestamp>,
    /// When it was given back.
    pub refunded_at: Option<Timestamp>,
    /// When it expired.
    pub expired_at: Option<Timestamp>,
    /// The partner that received it.
    pub(super) partner: usize,
}

/// A rebalance that was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rebalance {
    /// The transactional balance that was wanted.
    pub target: Centavos,
    /// The transactional balance before.
    pub before: Centavos,
    /// When.
    pub at: Timestamp,
}

/// A transaction as a webhook tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Transaction {
    CashOut(CashOut),
    CashIn(CashIn),
}

/// Something that happened and has a webhook to be told to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) url: String,
    pub(super) event: EventType,
    pub(super) at: Timestamp,
    /// As it was at that moment.
    pub(super) transaction: Transaction,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payee_orders_the_outcome() {
        for (key, outcome) in [
            ("falha@example.com", Outcome::Fails),
            ("FAIL@example.com", Outcome::Fails),
            ("failure.today@example.com", Outcome::Fails),
            ("refund@example.com", Outcome::IsRefunded),
            ("devolve@example.com", Outcome::IsRefunded),
            ("slow@example.com", Outcome::CompletesSlowly),
            ("stuck@example.com", Outcome::NeverSettles),
            ("cancel@example.com", Outcome::IsCancelled),
            ("maria@example.com", Outcome::Completes),
            ("+5511987654321", Outcome::Completes),
        ] {
            let pix = Destination::Pix { key_type: "EMAIL".to_owned(), key: key.to_owned() };
            assert_eq!(Outcome::of(&pix), outcome, "{key}");
        }
        for (account, outcome) in
            [("10404", Outcome::Fails), ("10909", Outcome::IsRefunded), ("40401", Outcome::Completes)]
        {
            let data = BankData {
                ispb: "60746948".to_owned(),
                bank: String::new(),
                branch: "1".to_owned(),
                account: account.to_owned(),
            };
            assert_eq!(Outcome::of(&Destination::Account(data)), outcome, "{account}");
        }
    }
}

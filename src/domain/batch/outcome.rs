//! What became of a line, what a person does about it, and the form of the file that says so.

use crate::domain::cash_out::{CashOut, State};

/// Where a line of a batch stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LineStand {
    /// It was not begun.
    Waiting,
    /// Its reference names another payment, so it is not paid.
    Taken,
    /// Where its payment stands.
    At(State),
}

impl LineStand {
    /// Of a line's payment, if it has one.
    pub fn of(payment: Option<&CashOut>, is_taken: bool) -> Self {
        match payment {
            None => Self::Waiting,
            Some(_) if is_taken => Self::Taken,
            Some(payment) => Self::At(payment.state),
        }
    }

    /// The stable word: `waiting`, `reference_taken`, or a payment's state.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Taken => "reference_taken",
            Self::At(state) => state.as_str(),
        }
    }
}

/// What a person does about a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Advice {
    /// Nothing: it is paid.
    Nothing,
    /// Go on with the batch.
    GoOn,
    /// Give it a reference of its own.
    OwnReference,
    /// What the gateway says contradicts itself: ask its people.
    AskTheGateway,
    /// It was contradicted, and a person has looked into it.
    LookedInto,
    /// The money came back.
    CameBack,
    /// A failure was reported, and is being confirmed.
    Confirming,
    /// It settles, or not.
    Wait,
    /// Another person has to act.
    WaitsForAPerson,
    /// It is proven that nothing was sent.
    NotSent,
    /// Nobody can say whether it was paid; saldo works on it.
    InDoubt,
    /// Nobody can say, and saldo cannot find out.
    Resolve,
    /// It is proven not paid.
    MendAndRepeat,
}

impl Advice {
    /// Of a line's payment, if it has one.
    pub fn of(payment: Option<&CashOut>, is_taken: bool) -> Self {
        let Some(pay) = payment else { return Self::GoOn };
        if is_taken {
            return Self::OwnReference;
        }
        if pay.is_contradicted() {
            return Self::AskTheGateway;
        }
        if pay.closed.is_some() && pay.state != State::Completed {
            return Self::LookedInto;
        }
        if !pay.refunds.is_empty() {
            return Self::CameBack;
        }
        if pay.failure_reported {
            return Self::Confirming;
        }
        match pay.state {
            State::Completed => Self::Nothing,
            State::Accepted => Self::Wait,
            State::Draft | State::PendingApproval => Self::WaitsForAPerson,
            State::Approved | State::Unknown if pay.is_proven_unsent() => Self::NotSent,
            State::Approved | State::Unknown => Self::InDoubt,
            State::Exists | State::Held => Self::Resolve,
            State::Rejected | State::Failed | State::Cancelled | State::Expired | State::DeclaredNotPaid => {
                Self::MendAndRepeat
            }
        }
    }

    /// Whether the line is paid or on its way to be, as far as anybody has heard.
    pub const fn is_well(self) -> bool {
        matches!(self, Self::Nothing | Self::Wait)
    }
}

/// How the result file is written: for programs, or for spreadsheets of a country.
#[derive(Debug, Clone, Copy)]
pub struct ResultForm {
    /// Between fields.
    pub separator: u8,
    /// A byte order mark first, and CRLF at the line ends: what a spreadsheet needs to see that it is UTF-8.
    pub is_for_spreadsheets: bool,
    /// `1234,56` instead of `1234.56`.
    pub decimal_comma: bool,
    /// The headings: line, reference, state, endToEndId, amount, internalCode, failure, what to do.
    pub columns: [&'static str; 8],
    /// The word for where a line stands.
    pub stand: fn(LineStand) -> &'static str,
    /// The word for what to do.
    pub advice: fn(Advice) -> &'static str,
}

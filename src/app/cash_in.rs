//! The cash-in form: what is typed, what is wrong with it, the charge that it makes, and what became of it.

use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use super::cash_out::{REVIEW_TIME, ReviewHint};
use super::field::{TextField, clean};
use super::key::KeyPress;
use crate::domain::cash_in::{
    MinutesError, Order, ReturnAddressError, USUAL_MINUTES, parse_minutes, parse_return_address,
};
use crate::domain::document::{Document, DocumentError};
use crate::domain::money::{AmountError, Centavos};
use crate::domain::order::{Reference, ReferenceError};
use crate::domain::person::Person;
use crate::domain::request::PayBy;
use crate::engine::message::{ChargeDecision, Life};

/// Longer names are a paste gone wrong. The gateway documents no limit.
const MAX_TEXT: usize = 140;

/// A line of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// How much.
    Amount,
    /// The payer's name.
    Name,
    /// Their CPF or CNPJ.
    Document,
    /// The charge's own name.
    Reference,
    /// For how long it can be paid.
    Expires,
    /// Where the payer's bank leads back to; empty for a BR Code.
    OpenFinance,
}

impl Slot {
    /// Every line, in the order of the form.
    pub const ALL: [Self; 6] =
        [Self::Amount, Self::Name, Self::Document, Self::Reference, Self::Expires, Self::OpenFinance];
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlotError {
    /// It has to be filled in.
    Missing,
    /// Too many characters; so many are allowed.
    TooLong(usize),
    /// Not an amount.
    Amount(AmountError),
    /// Not a document.
    Document(DocumentError),
    /// Not a reference.
    Reference(ReferenceError),
    /// Not a time.
    Expires(MinutesError),
    /// Not an address.
    OpenFinance(ReturnAddressError),
}

/// The form as it is being filled in. Closing it loses nothing.
#[derive(Debug, Clone)]
pub struct Draft {
    texts: [TextField; 6],
    pub(crate) focus: Slot,
    /// A review was asked for: what is missing is said too.
    pub(crate) asked: bool,
    /// The id of the decision, kept from the first review on.
    reserved: Option<Uuid>,
}

impl Default for Draft {
    fn default() -> Self {
        let texts = std::array::from_fn(|_| TextField::default());
        Self { texts, focus: Slot::Amount, asked: false, reserved: None }
    }
}

impl Draft {
    pub(super) fn hide(&mut self) {
        self.texts.iter_mut().for_each(TextField::hide);
    }

    /// The text of a line.
    pub fn field(&self, slot: Slot) -> &TextField {
        &self.texts[index(slot)]
    }

    fn text(&self, slot: Slot) -> &str {
        self.field(slot).text()
    }

    /// The amount as it is understood so far.
    pub fn amount(&self) -> Result<Centavos, AmountError> {
        Centavos::parse_payment(self.text(Slot::Amount))
    }

    /// The minutes as they are understood so far.
    pub fn minutes(&self) -> Result<u32, MinutesError> {
        match self.text(Slot::Expires).trim() {
            "" => Ok(USUAL_MINUTES),
            typed => parse_minutes(typed),
        }
    }

    /// Where the payer's bank leads back to, if it is to be paid by OpenFinance.
    fn open_finance(&self) -> Result<Option<String>, ReturnAddressError> {
        match self.text(Slot::OpenFinance).trim() {
            "" => Ok(None),
            typed => parse_return_address(typed).map(Some),
        }
    }

    /// What is wrong with a line, as far as it is time to say so: what is empty is only missed in a review.
    pub fn shown_error(&self, slot: Slot) -> Option<SlotError> {
        if self.text(slot).trim().is_empty() && !self.asked {
            return None;
        }
        self.error(slot)
    }

    fn error(&self, slot: Slot) -> Option<SlotError> {
        let text = self.text(slot);
        let missing = text.trim().is_empty().then_some(SlotError::Missing);
        match slot {
            Slot::Amount => missing.or_else(|| self.amount().err().map(SlotError::Amount)),
            Slot::Name if text.chars().count() > MAX_TEXT => Some(SlotError::TooLong(MAX_TEXT)),
            Slot::Name => missing,
            Slot::Document => missing.or_else(|| Document::parse(text).err().map(SlotError::Document)),
            Slot::Reference if text.is_empty() => None,
            Slot::Reference => Reference::parse(text).err().map(SlotError::Reference),
            Slot::Expires => self.minutes().err().map(SlotError::Expires),
            Slot::OpenFinance => self.open_finance().err().map(SlotError::OpenFinance),
        }
    }

    /// Asks for the review. `None`: something is wrong, the form says what, and the cursor stands at the first.
    pub(crate) fn review(&mut self, next_id: Uuid, maker: &Person, opened: Duration) -> Option<Review> {
        self.asked = true;
        let id = *self.reserved.get_or_insert(next_id);
        if let Some(wrong) = Slot::ALL.into_iter().find(|slot| self.error(*slot).is_some()) {
            self.focus = wrong;
            return None;
        }
        let own_reference = self.text(Slot::Reference).is_empty();
        let reference = match self.text(Slot::Reference) {
            "" => Reference::from_id(id),
            typed => Reference::parse(typed).ok()?,
        };
        let order = Order {
            amount: self.amount().ok()?,
            name: self.text(Slot::Name).trim().to_owned(),
            document: Document::parse(self.text(Slot::Document)).ok()?,
            minutes: self.minutes().ok()?,
            open_finance: self.open_finance().ok()?,
        };
        let decision = ChargeDecision { id, reference, order, maker: maker.clone() };
        Some(Review { decision, own_reference, opened, hint: None })
    }

    /// Moves to the next line, or the one before; around.
    pub(crate) fn step(&mut self, forward: bool) {
        let step = if forward { 1 } else { Slot::ALL.len() - 1 };
        self.focus = Slot::ALL[(index(self.focus) + step) % Slot::ALL.len()];
    }

    /// A key that no binding claims.
    pub(crate) fn press(&mut self, press: KeyPress) {
        self.texts[index(self.focus)].press(press);
    }

    /// A paste goes into the line of the cursor.
    pub(crate) fn paste(&mut self, text: &str) {
        self.texts[index(self.focus)].paste(&clean(text));
    }
}

fn index(slot: Slot) -> usize {
    Slot::ALL.iter().position(|one| *one == slot).unwrap_or(0)
}

/// A charge as it was frozen for the review: what is confirmed is exactly this.
#[derive(Debug, Clone)]
pub struct Review {
    pub(crate) decision: ChargeDecision,
    /// The reference is one of saldo's.
    pub(crate) own_reference: bool,
    /// When it was opened, since the session began.
    pub(crate) opened: Duration,
    pub(crate) hint: Option<ReviewHint>,
}

impl Review {
    /// Whether the confirming key may count now; otherwise why not.
    pub(crate) fn check(&mut self, elapsed: Duration) -> Result<(), ReviewHint> {
        if elapsed.saturating_sub(self.opened) > REVIEW_TIME {
            // Looked at again from here.
            self.opened = elapsed;
            return Err(ReviewHint::Expired);
        }
        Ok(())
    }
}

/// What became of a decision about a cash-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    /// On its way to the journal, or to the gateway for a look.
    Waiting,
    /// Journalled, and on its way: its row.
    Made(Uuid),
    /// It had been decided before: its row.
    Existing(Uuid),
    /// The reference names another charge, or the refund was decided with other words.
    Taken,
    /// Nothing was made, and why.
    NotMade(String),
    /// The engine could not take it.
    Busy,
}

impl Fate {
    /// The row to follow.
    pub(crate) const fn row(&self) -> Option<Uuid> {
        match self {
            Self::Made(row) | Self::Existing(row) => Some(*row),
            Self::Waiting | Self::Taken | Self::NotMade(_) | Self::Busy => None,
        }
    }

    /// Whether nothing was made of the decision.
    pub(crate) const fn is_nothing(&self) -> bool {
        matches!(self, Self::Taken | Self::NotMade(_) | Self::Busy)
    }
}

/// A charge after it was confirmed.
#[derive(Debug, Clone)]
pub struct Sent {
    pub(crate) decision: Box<ChargeDecision>,
    pub(crate) fate: Fate,
    pub(crate) at: Timestamp,
    /// The charge as the journal has it.
    pub(crate) life: Option<Box<Life>>,
}

impl Sent {
    /// How it is paid, once that is known.
    pub(crate) fn pay_by(&self) -> Option<&PayBy> {
        self.life.as_ref()?.incoming.charge.as_ref()?.stored.asked.pay_by.as_ref()
    }
}

/// Where the way from the form to the gateway has got to.
#[derive(Debug, Clone)]
pub(crate) enum Stage {
    /// The form.
    Editing,
    /// What was decided, frozen.
    Review(Box<Review>),
    /// What became of it.
    Sent(Box<Sent>),
}

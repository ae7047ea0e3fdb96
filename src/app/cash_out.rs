//! The cash-out form: what is typed, what is wrong with it, and the decision that it makes.

mod fill;

use jiff::Timestamp;
use uuid::Uuid;

use super::field::{TextField, clean};
use super::key::{Key, KeyPress};
use crate::domain::br_code::{BrCode, BrCodeError};
use crate::domain::document::{Document, DocumentError};
use crate::domain::institution::{Ispb, IspbError};
use crate::domain::money::{AmountError, Centavos};
use crate::domain::order::{
    AccountError, BankAccount, Destination, Order, Reference, ReferenceError, parse_account, parse_branch,
};
use crate::domain::payee::{Finding, Payee};
use crate::domain::permission::NotAllowed;
use crate::domain::person::Person;
use crate::domain::pix_key::{PixKey, PixKeyError, PixKeyType};
use crate::domain::text::Safe;
use crate::domain::transaction::State;
use crate::engine::message::{Decision, Intent, Life};

/// Longer names, descriptions and reasons are a paste gone wrong. The gateway documents no limit.
const MAX_TEXT: usize = 140;
/// Above this amount, R$ 10.000,00, it is typed a second time in the review.
pub(super) const RETYPE_ABOVE: Centavos = Centavos::new(1_000_000);

/// A line of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Slot {
    /// How much.
    Amount,
    /// By key or by account: a choice.
    Way,
    /// The PIX key.
    Key,
    /// Its type: a choice, asked only where several fit.
    KeyType,
    /// The payee's institution.
    Ispb,
    /// Branch.
    Branch,
    /// Account.
    Account,
    /// The payee's name.
    Name,
    /// Their CPF or CNPJ.
    Document,
    /// The obligation's name.
    Reference,
    /// For the payee's statement.
    Description,
    /// For the desk's own trail.
    Reason,
}

const TEXT_SLOTS: [Slot; 10] = [
    Slot::Amount,
    Slot::Key,
    Slot::Ispb,
    Slot::Branch,
    Slot::Account,
    Slot::Name,
    Slot::Document,
    Slot::Reference,
    Slot::Description,
    Slot::Reason,
];

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlotError {
    /// It has to be filled in.
    Missing,
    /// Too many characters; so many are allowed.
    TooLong(usize),
    /// Not an amount.
    Amount(AmountError),
    /// Not a key.
    Key(PixKeyError),
    /// Not an ISPB.
    Ispb(IspbError),
    /// Not a branch or account.
    Account(AccountError),
    /// Not a document.
    Document(DocumentError),
    /// Not a reference.
    Reference(ReferenceError),
    /// The pasted BR Code asks for this amount.
    Coded(Centavos),
}

/// What a pasted BR Code came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasteNote {
    /// Its fields were filled in.
    BrCode,
    /// A dynamic one: the charge waits at an address, and its key is not in it.
    Dynamic,
    /// It cannot be read.
    Broken(BrCodeError),
    /// A line of a spreadsheet filled in what it has; so many of its fields found no place.
    Line(usize),
}

/// The form as it is being filled in. Closing it loses nothing.
#[derive(Debug, Clone)]
pub struct Draft {
    texts: [TextField; 10],
    pub(crate) by_account: bool,
    key_type: Option<PixKeyType>,
    pub(crate) focus: Slot,
    /// A review was asked for: what is missing is said too.
    pub(crate) asked: bool,
    pub(crate) note: Option<PasteNote>,
    /// Something was typed at the type of key, where nothing but the arrows choose: it is said, and chooses nothing.
    pub(crate) typed_at_choice: bool,
    /// What the pasted BR Code asks for, and under which key: it holds as long as that key is paid.
    coded: Option<(String, Centavos)>,
    /// The id of the decision, kept from the first review on: whatever happens on the way, this draft is decided
    /// under one id, and so under one reference.
    reserved: Option<Uuid>,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            texts: std::array::from_fn(|_| TextField::default()),
            by_account: false,
            key_type: None,
            focus: Slot::Amount,
            asked: false,
            note: None,
            typed_at_choice: false,
            coded: None,
            reserved: None,
        }
    }
}

impl Draft {
    /// A form for another payment to somebody who was paid before; the amount is still to be typed.
    pub(crate) fn to(payee: &Payee) -> Self {
        let mut draft = Self::default();
        let mut fill = |slot, text: &str| {
            if let Some(index) = text_index(slot) {
                draft.texts[index] = TextField::with(text);
            }
        };
        fill(Slot::Name, &payee.name);
        fill(Slot::Document, payee.document.as_str());
        match &payee.destination {
            Destination::Pix(key) => fill(Slot::Key, key.as_str()),
            Destination::Account(account) => {
                fill(Slot::Ispb, &account.ispb.to_string());
                fill(Slot::Branch, &account.branch);
                fill(Slot::Account, &account.account);
            }
        }
        draft.by_account = matches!(payee.destination, Destination::Account(_));
        // As it was understood then, where the text alone can be two things.
        if let Destination::Pix(key) = &payee.destination {
            draft.key_type = Some(key.key_type());
        }
        draft
    }

    pub(super) fn hide(&mut self) {
        self.texts.iter_mut().for_each(TextField::hide);
    }

    /// The lines of the form, in their order.
    pub fn slots(&self) -> Vec<Slot> {
        let mut slots = vec![Slot::Amount, Slot::Way];
        if self.by_account {
            slots.extend([Slot::Ispb, Slot::Branch, Slot::Account]);
        } else {
            slots.push(Slot::Key);
            if !self.key_types().is_empty() {
                slots.push(Slot::KeyType);
            }
        }
        slots.extend([Slot::Name, Slot::Document, Slot::Reference, Slot::Description, Slot::Reason]);
        slots
    }

    /// The text of a line that has one.
    pub fn field(&self, slot: Slot) -> Option<&TextField> {
        text_index(slot).map(|index| &self.texts[index])
    }

    fn text(&self, slot: Slot) -> &str {
        self.field(slot).map_or("", TextField::text)
    }

    /// Whether nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.texts.iter().all(TextField::is_empty)
    }

    /// Whether this is the text of the decision with this id.
    pub(crate) fn is_of(&self, id: Uuid) -> bool {
        self.reserved == Some(id)
    }

    /// The types that the key can be, where it can be several.
    pub fn key_types(&self) -> Vec<PixKeyType> {
        match PixKey::parse(self.text(Slot::Key), None) {
            Err(PixKeyError::Ambiguous(types)) => types,
            _ => Vec::new(),
        }
    }

    /// The chosen type, where one has to be chosen.
    pub fn chosen_type(&self) -> Option<PixKeyType> {
        self.key_type.filter(|chosen| self.key_types().contains(chosen))
    }

    /// The key as it is understood so far.
    pub fn key(&self) -> Result<PixKey, PixKeyError> {
        PixKey::parse(self.text(Slot::Key), self.chosen_type())
    }

    /// The institution as it is understood so far.
    pub fn ispb(&self) -> Result<Ispb, IspbError> {
        Ispb::parse(self.text(Slot::Ispb).trim())
    }

    /// The amount as it is understood so far.
    pub fn amount(&self) -> Result<Centavos, AmountError> {
        Centavos::parse_payment(self.text(Slot::Amount))
    }

    /// What the BR Code asks for whose key is in the form.
    fn coded(&self) -> Option<Centavos> {
        let (key, amount) = self.coded.as_ref()?;
        (!self.by_account && self.text(Slot::Key) == key).then_some(*amount)
    }

    /// What is wrong with a line, as far as it is time to say so: what is empty is only missed in a review.
    pub fn shown_error(&self, slot: Slot) -> Option<SlotError> {
        // A choice that has to be made is a question from the start; a text is not missed before the review.
        let is_empty = self.field(slot).is_some_and(|field| field.text().trim().is_empty());
        if is_empty && !self.asked {
            return None;
        }
        self.error(slot)
    }

    fn error(&self, slot: Slot) -> Option<SlotError> {
        let text = self.text(slot);
        let missing = (slot != Slot::Way && slot != Slot::KeyType && text.trim().is_empty())
            .then_some(SlotError::Missing);
        let too_long = (text.chars().count() > MAX_TEXT).then_some(SlotError::TooLong(MAX_TEXT));
        match slot {
            Slot::Way => None,
            Slot::Description | Slot::Reason => too_long,
            Slot::Reference if text.is_empty() => None,
            Slot::Reference => Reference::parse(text).err().map(SlotError::Reference),
            Slot::Amount => missing.or_else(|| match (self.amount(), self.coded()) {
                (Err(error), _) => Some(SlotError::Amount(error)),
                (Ok(amount), Some(coded)) if amount != coded => Some(SlotError::Coded(coded)),
                (Ok(_), _) => None,
            }),
            // Where several types fit, the question stands at the line that answers it.
            Slot::Key => missing.or_else(|| match self.key() {
                Ok(_) | Err(PixKeyError::Ambiguous(_)) => None,
                Err(error) => Some(SlotError::Key(error)),
            }),
            Slot::KeyType => match self.key() {
                Err(error @ PixKeyError::Ambiguous(_)) => Some(SlotError::Key(error)),
                _ => None,
            },
            Slot::Ispb => missing.or_else(|| self.ispb().err().map(SlotError::Ispb)),
            Slot::Branch => missing.or_else(|| parse_branch(text).err().map(SlotError::Account)),
            Slot::Account => missing.or_else(|| parse_account(text).err().map(SlotError::Account)),
            Slot::Name => missing.or(too_long),
            Slot::Document => missing.or_else(|| Document::parse(text).err().map(SlotError::Document)),
        }
    }

    /// The payment that the form describes, if nothing is wrong with it.
    fn decide(&self, id: Uuid, maker: &Person) -> Option<Decision> {
        if self.slots().into_iter().any(|slot| self.error(slot).is_some()) {
            return None;
        }
        let optional = |slot| Some(self.text(slot).trim().to_owned()).filter(|text| !text.is_empty());
        let destination = if self.by_account {
            Destination::Account(BankAccount {
                ispb: self.ispb().ok()?,
                branch: parse_branch(self.text(Slot::Branch)).ok()?,
                account: parse_account(self.text(Slot::Account)).ok()?,
            })
        } else {
            Destination::Pix(self.key().ok()?)
        };
        let reference = match self.text(Slot::Reference) {
            "" => Reference::from_id(id),
            typed => Reference::parse(typed).ok()?,
        };
        let order = Order {
            amount: self.amount().ok()?,
            name: self.text(Slot::Name).trim().to_owned(),
            document: Document::parse(self.text(Slot::Document)).ok()?,
            destination,
            description: optional(Slot::Description),
        };
        let reason = optional(Slot::Reason);
        Some(Decision { reason, ..Decision::alone(id, reference, order, maker.clone()) })
    }

    /// Asks for the review. `None`: something is wrong, the form says what, and the cursor stands at the first.
    pub(crate) fn review(
        &mut self,
        next_id: Uuid,
        maker: &Person,
        opened: std::time::Duration,
    ) -> Option<Review> {
        self.asked = true;
        let id = *self.reserved.get_or_insert(next_id);
        let Some(decision) = self.decide(id, maker) else {
            let wrong = self.slots().into_iter().find(|slot| self.error(*slot).is_some());
            self.focus = wrong.unwrap_or(self.focus);
            return None;
        };
        let retype = (decision.order.amount > RETYPE_ABOVE).then(TextField::default);
        let own_reference = self.text(Slot::Reference).is_empty();
        Some(Review {
            decision,
            own_reference,
            repeat: None,
            findings: Vec::new(),
            retype,
            opened,
            hint: None,
        })
    }

    /// Moves to the next line, or the one before; around.
    pub(crate) fn step(&mut self, forward: bool) {
        self.typed_at_choice = false;
        let slots = self.slots();
        let at = slots.iter().position(|slot| *slot == self.focus).unwrap_or(0);
        let step = if forward { 1 } else { slots.len() - 1 };
        self.focus = slots[(at + step) % slots.len()];
    }

    /// A key that no binding claims.
    pub(crate) fn press(&mut self, press: KeyPress) {
        self.note = None;
        self.typed_at_choice = false;
        match (self.focus, press.key) {
            (Slot::Way, Key::Left | Key::Right | Key::Char(' ')) => self.by_account = !self.by_account,
            // Whether a key is a CPF or a mobile number decides who is paid. Nothing that belongs to a text chooses
            // it: a name typed one line too early would.
            (Slot::KeyType, Key::Left | Key::Right) => self.turn_key_type(press.key == Key::Right),
            (Slot::KeyType, _) => self.typed_at_choice = true,
            (slot, _) => {
                if let Some(index) = text_index(slot) {
                    self.texts[index].press(press);
                }
            }
        }
    }

    /// The next type that fits the key, or the one before, around; from no choice the first or the last.
    fn turn_key_type(&mut self, forward: bool) {
        let types = self.key_types();
        let last = types.len().saturating_sub(1);
        let chosen = self.chosen_type().and_then(|one| types.iter().position(|other| *other == one));
        let index = match (chosen, forward) {
            (None, true) => 0,
            (Some(at), true) => {
                if at == last {
                    0
                } else {
                    at + 1
                }
            }
            (None | Some(0), false) => last,
            (Some(at), false) => at - 1,
        };
        self.key_type = types.get(index).copied();
    }

    /// A paste goes into the line of the cursor, but a BR Code fills the lines that it speaks of.
    pub(crate) fn paste(&mut self, text: &str) {
        self.note = None;
        self.typed_at_choice = self.focus == Slot::KeyType;
        let line = clean(text);
        if line.starts_with("000201") {
            self.typed_at_choice = false;
            self.note = Some(match BrCode::parse(&line) {
                Ok(code) => self.take_br_code(&code),
                Err(error) => PasteNote::Broken(error),
            });
        } else if let Some(index) = text_index(self.focus) {
            self.texts[index].paste(&line);
        }
    }

    fn set(&mut self, slot: Slot, text: &str) {
        if let Some(index) = text_index(slot) {
            self.texts[index] = TextField::with(text);
        }
    }
}

fn text_index(slot: Slot) -> Option<usize> {
    TEXT_SLOTS.iter().position(|one| *one == slot)
}

/// A payment as it was frozen for the review: what is confirmed is exactly this.
#[derive(Debug, Clone)]
pub struct Review {
    pub(crate) decision: Decision,
    /// The reference is one of saldo's.
    pub(crate) own_reference: bool,
    /// A payment like this one that saldo saw a short while ago.
    pub(crate) repeat: Option<Repeat>,
    /// What the journal shows of the payee, what is loud first.
    pub(crate) findings: Vec<Finding>,
    /// The amount once more, for a large one and for one that looks like a repeat.
    pub(crate) retype: Option<TextField>,
    /// When it was opened, since the session began: a confirmation is perishable.
    pub(crate) opened: std::time::Duration,
    pub(crate) hint: Option<ReviewHint>,
}

/// A payment with the same payee and amount as the one under review, which may be the same obligation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Repeat {
    pub(crate) amount: Centavos,
    /// When it happened (UTC).
    pub(crate) at: Timestamp,
    pub(crate) state: State,
    pub(crate) reference: Option<Safe>,
}

/// Why a confirming key did not confirm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewHint {
    /// Another key was pressed: which one confirms.
    WhichKey,
    /// The amount has to be typed again first.
    Retype,
    /// What was typed again is another amount.
    OtherAmount,
    /// It was left open for too long.
    Expired,
}

/// How long a review may be confirmed.
pub(super) const REVIEW_TIME: std::time::Duration = std::time::Duration::from_secs(300);

impl Review {
    /// Whether the confirming key may count now; otherwise why not.
    pub(crate) fn check(&mut self, elapsed: std::time::Duration) -> Result<(), ReviewHint> {
        if elapsed.saturating_sub(self.opened) > REVIEW_TIME {
            // Looked at again from here.
            self.opened = elapsed;
            return Err(ReviewHint::Expired);
        }
        check_retyped(self.retype.as_ref(), self.decision.order.amount)
    }

    /// Asks for a second look: this looks like a payment that was made already.
    pub(crate) fn warn_of(&mut self, repeat: Repeat) {
        self.retype.get_or_insert_default();
        self.repeat = Some(repeat);
    }
}

/// Whether the amount was typed a second time, where that is asked for.
pub(super) fn check_retyped(retype: Option<&TextField>, amount: Centavos) -> Result<(), ReviewHint> {
    let Some(retype) = retype else { return Ok(()) };
    match Centavos::parse_typed(retype.text()) {
        Err(AmountError::Empty) => Err(ReviewHint::Retype),
        Ok(typed) if typed == amount => Ok(()),
        Ok(_) | Err(_) => Err(ReviewHint::OtherAmount),
    }
}

/// What became of a decision.
#[derive(Debug, Clone)]
pub(crate) enum Fate {
    /// On its way to the journal.
    Waiting,
    /// Journalled, and on its way.
    Created,
    /// It had been decided before.
    Existing(Box<Intent>),
    /// Its reference names another payment.
    Taken(Box<Intent>),
    /// The journal could not take it.
    NotJournalled(String),
    /// saldo itself does not let it be done.
    NotAllowed(NotAllowed),
    /// The engine could not take it.
    Busy,
}

impl Fate {
    /// Whether nothing was made of the decision, so that its text goes back to the form.
    pub(crate) const fn is_nothing(&self) -> bool {
        matches!(self, Self::Taken(_) | Self::NotJournalled(_) | Self::NotAllowed(_) | Self::Busy)
    }
}

/// A decision after it was confirmed.
#[derive(Debug, Clone)]
pub struct Sent {
    pub(crate) decision: Box<Decision>,
    pub(crate) fate: Fate,
    pub(crate) at: Timestamp,
    /// The payment as the journal has it.
    pub(crate) life: Option<Box<Life>>,
}

impl Sent {
    /// The row to follow.
    pub(crate) fn id(&self) -> Uuid {
        match &self.fate {
            Fate::Existing(intent) | Fate::Taken(intent) => intent.id,
            _ => self.decision.id,
        }
    }
}

//! The form as it is being filled in, one for each payment.

use uuid::Uuid;

use super::super::field::TextField;
use super::super::key::{Key, KeyPress};
use super::super::{Now, Payment};
use super::{Choice, Of, Review, Sent, blocked};
use crate::domain::money::{AmountError, Centavos};
use crate::domain::person::Person;
use crate::engine::message::{Finding, Looked};

/// Longer ids are a paste gone wrong; the gateway's own have 32 characters at most.
const MAX_CODE: usize = 100;
/// Longer statements and reasons are a paste gone wrong.
const MAX_TEXT: usize = 400;

/// A line of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    /// What is said: a choice, asked only where there are several.
    Choice,
    /// The gateway's id.
    Code,
    /// Where it was found, or why it is called off.
    Reason,
    /// What was found of a payment that was not made, or of what contradicts itself.
    Statement,
    /// The other amount that was paid.
    Amount,
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SlotError {
    /// It has to be filled in.
    Missing,
    /// Too many characters; so many are allowed.
    TooLong(usize),
    /// No amount.
    Amount(AmountError),
}

/// The form as it is being filled in. Closing it loses nothing.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    /// Of which payment.
    id: Uuid,
    choice: Option<Choice>,
    code: TextField,
    reason: TextField,
    statement: TextField,
    amount: TextField,
    focus: Slot,
    /// A review was asked for: what is missing is said too.
    pub(crate) asked: bool,
    /// Something was typed at the choice, where nothing but the arrows choose.
    pub(crate) typed_at_choice: bool,
    /// It was confirmed, and nothing is known of it yet.
    pub(super) waiting: Option<(Sent, Payment)>,
}

impl Draft {
    /// An empty one.
    pub(crate) fn new(id: Uuid) -> Self {
        Self {
            id,
            choice: None,
            code: TextField::default(),
            reason: TextField::default(),
            statement: TextField::default(),
            amount: TextField::default(),
            focus: Slot::Choice,
            asked: false,
            typed_at_choice: false,
            waiting: None,
        }
    }

    /// What is said, as far as it can be said of the payment.
    pub(crate) fn choice(&self, of: Of<'_>) -> Option<Choice> {
        let choices = Choice::of(of);
        self.choice.filter(|choice| choices.contains(choice)).or(choices.first().copied())
    }

    /// The lines of the form, in their order.
    pub(crate) fn slots(&self, of: Of<'_>) -> Vec<Slot> {
        let several = (Choice::of(of).len() > 1).then_some(Slot::Choice);
        let texts: &[Slot] = match self.choice(of) {
            Some(Choice::Found) => &[Slot::Code, Slot::Reason],
            Some(Choice::NotPaid) => &[Slot::Statement],
            Some(Choice::CallOff) => &[Slot::Reason],
            Some(Choice::WasPaid | Choice::WasNotPaid) => &[Slot::Statement],
            Some(Choice::WasOtherwise) => &[Slot::Amount, Slot::Statement],
            None => &[],
        };
        several.into_iter().chain(texts.iter().copied()).collect()
    }

    /// The line of the cursor.
    pub(crate) fn focus(&self, of: Of<'_>) -> Option<Slot> {
        let slots = self.slots(of);
        slots.contains(&self.focus).then_some(self.focus).or(slots.first().copied())
    }

    /// The text of a line that has one.
    pub(crate) fn field(&self, slot: Slot) -> Option<&TextField> {
        match slot {
            Slot::Choice => None,
            Slot::Code => Some(&self.code),
            Slot::Reason => Some(&self.reason),
            Slot::Statement => Some(&self.statement),
            Slot::Amount => Some(&self.amount),
        }
    }

    fn field_mut(&mut self, slot: Slot) -> Option<&mut TextField> {
        match slot {
            Slot::Choice => None,
            Slot::Code => Some(&mut self.code),
            Slot::Reason => Some(&mut self.reason),
            Slot::Statement => Some(&mut self.statement),
            Slot::Amount => Some(&mut self.amount),
        }
    }

    fn text(&self, slot: Slot) -> &str {
        self.field(slot).map_or("", |field| field.text().trim())
    }

    /// What is wrong with a line, as far as it is time to say so.
    pub(crate) fn shown_error(&self, slot: Slot) -> Option<SlotError> {
        self.error(slot).filter(|error| self.asked || *error != SlotError::Missing)
    }

    fn error(&self, slot: Slot) -> Option<SlotError> {
        let count = self.text(slot).chars().count();
        match slot {
            Slot::Code | Slot::Statement | Slot::Amount if count == 0 => Some(SlotError::Missing),
            Slot::Code if count > MAX_CODE => Some(SlotError::TooLong(MAX_CODE)),
            Slot::Reason | Slot::Statement if count > MAX_TEXT => Some(SlotError::TooLong(MAX_TEXT)),
            Slot::Amount => self.amount().err().map(SlotError::Amount),
            Slot::Choice | Slot::Code | Slot::Reason | Slot::Statement => None,
        }
    }

    fn amount(&self) -> Result<Centavos, AmountError> {
        Centavos::parse_payment(self.amount.text())
    }

    /// Asks for the review; `seen` facts contradict themselves. `None`: something is wrong, and the form says what.
    pub(super) fn review(&mut self, of: Of<'_>, seen: usize, who: &Person, now: Now) -> Option<Review> {
        self.asked = true;
        let choice = self.choice(of)?;
        if let Some(wrong) = self.slots(of).into_iter().find(|slot| self.error(*slot).is_some()) {
            self.focus = wrong;
            return None;
        }
        if blocked(of, choice, who, now.wall).is_some() {
            return None;
        }
        let reason = Some(self.text(Slot::Reason).to_owned()).filter(|text| !text.is_empty());
        let finding = match choice {
            Choice::Found => Finding::InternalCode { code: self.text(Slot::Code).to_owned(), reason },
            Choice::NotPaid => Finding::NotPaid { statement: self.text(Slot::Statement).to_owned() },
            Choice::CallOff => Finding::CallOff { reason },
            Choice::WasPaid => self.looked(of, seen, Looked::Paid),
            Choice::WasNotPaid => self.looked(of, seen, Looked::NotPaid),
            Choice::WasOtherwise => self.looked(of, seen, Looked::Otherwise { amount: self.amount().ok()? }),
        };
        Some(Review { choice, finding, opened: now.elapsed, hint: None })
    }

    fn looked(&self, of: Of<'_>, seen: usize, found: Looked) -> Finding {
        Finding::LookedInto { about: of.about(), found, reason: self.text(Slot::Statement).to_owned(), seen }
    }

    pub(super) fn step(&mut self, of: Of<'_>, forward: bool) {
        self.typed_at_choice = false;
        let slots = self.slots(of);
        let Some(at) = self.focus(of).and_then(|focus| slots.iter().position(|slot| *slot == focus)) else {
            return;
        };
        let step = if forward { 1 } else { slots.len() - 1 };
        self.focus = slots[(at + step) % slots.len()];
    }

    pub(super) fn press(&mut self, of: Of<'_>, press: KeyPress) {
        self.typed_at_choice = false;
        match (self.focus(of), press.key) {
            // What is said releases or binds a debt: nothing that belongs to a text chooses it.
            (Some(Slot::Choice), Key::Left | Key::Right) => self.turn(of, press.key == Key::Right),
            (Some(Slot::Choice), _) => self.typed_at_choice = true,
            (Some(slot), _) => {
                if let Some(field) = self.field_mut(slot) {
                    field.press(press);
                }
            }
            (None, _) => {}
        }
    }

    fn turn(&mut self, of: Of<'_>, forward: bool) {
        let choices = Choice::of(of);
        let Some(at) = self.choice(of).and_then(|one| choices.iter().position(|other| *other == one)) else {
            return;
        };
        let step = if forward { 1 } else { choices.len() - 1 };
        self.choice = choices.get((at + step) % choices.len()).copied();
        self.focus = Slot::Choice;
    }

    pub(super) fn paste(&mut self, of: Of<'_>, text: &str) {
        let focus = self.focus(of);
        self.typed_at_choice = focus == Some(Slot::Choice);
        if let Some(field) = focus.and_then(|slot| self.field_mut(slot)) {
            field.paste(text);
        }
    }
}

/// What was typed of each payment, until it is recorded. As many as a person has opened.
#[derive(Debug, Clone, Default)]
pub(crate) struct Drafts(Vec<Draft>);

impl Drafts {
    pub(in crate::app) fn hide(&mut self) {
        for draft in &mut self.0 {
            draft.code.hide();
            draft.reason.hide();
            draft.statement.hide();
            draft.amount.hide();
        }
    }

    /// The draft of a payment.
    pub(crate) fn get(&self, id: Uuid) -> Option<&Draft> {
        self.0.iter().find(|draft| draft.id == id)
    }

    pub(super) fn of(&mut self, id: Uuid) -> &mut Draft {
        let at = self.0.iter().position(|draft| draft.id == id).unwrap_or_else(|| {
            self.0.push(Draft::new(id));
            self.0.len() - 1
        });
        &mut self.0[at]
    }

    /// The finding of a payment that was under way.
    pub(super) fn take_waiting(&mut self, id: Uuid) -> Option<(Sent, Payment)> {
        self.0.iter_mut().find(|draft| draft.id == id)?.waiting.take()
    }

    pub(super) fn remove(&mut self, id: Uuid) {
        self.0.retain(|draft| draft.id != id);
    }
}

//! What only a person can say of a payment: the form, its review, and what became of it.
//!
//! Which findings there are depends on where the payment stands, and it may move while the form is open: every step asks
//! again. A finding sends no money, and the engine asks the journal and the gateway once more before it is recorded.

use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use super::cash_out::{REVIEW_TIME, ReviewHint};
use super::field::TextField;
use super::key::{Key, KeyPress};
use super::keymap::Action;
use super::{App, Detail, Effect, Flash, LifeState, Mode, Notice, Now, Payment};
use crate::domain::cash_out::{CashOut, DECLARATIONS, DECLARE_AFTER, HOLD_AFTER, State};
use crate::domain::person::Person;
use crate::engine::message::{Command, Finding, Intent, LaneError};

/// Longer ids are a paste gone wrong; the gateway's own have 32 characters at most.
const MAX_CODE: usize = 100;
/// Longer statements and reasons are a paste gone wrong.
const MAX_TEXT: usize = 500;

/// What can be said of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// The gateway has it.
    Found,
    /// It was not paid.
    NotPaid,
    /// Nothing of it was sent, and nothing shall be.
    CallOff,
}

impl Choice {
    /// What can be said of a payment as it stands.
    pub fn of(pay: &CashOut) -> &'static [Self] {
        match pay.state {
            State::Draft | State::PendingApproval | State::Approved => &[Self::CallOff],
            State::Unknown | State::Exists => &[Self::Found],
            State::Held => &[Self::Found, Self::NotPaid],
            State::Accepted
            | State::Rejected
            | State::Completed
            | State::Failed
            | State::Cancelled
            | State::Expired
            | State::DeclaredNotPaid => &[],
        }
    }
}

/// From when on a payment in doubt is held, by the wall clock (UTC): only then can it be said that it was not paid.
pub fn held_from(pay: &CashOut) -> Timestamp {
    let from = pay.last_attempt.map_or(pay.since, |last| last.at);
    from.checked_add(HOLD_AFTER).unwrap_or(Timestamp::MAX)
}

/// From when on a held payment can be declared not paid, by the wall clock (UTC).
pub fn declarable_from(pay: &CashOut) -> Option<Timestamp> {
    let last = pay.last_attempt?;
    Some(last.at.checked_add(DECLARE_AFTER).unwrap_or(Timestamp::MAX))
}

/// How many people still have to declare that it was not paid.
pub fn people_missing(pay: &CashOut) -> usize {
    DECLARATIONS.saturating_sub(pay.declarations.len())
}

/// Why what was chosen cannot be said at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocked {
    /// It has moved on: nothing of the kind can be said of it any more.
    MovedOn,
    /// A request for it is on the wire.
    OnTheWire,
    /// This person has said so already.
    SamePerson,
    /// It is too early; from then on (UTC).
    TooEarly(Timestamp),
}

/// Why `choice` cannot be said of `pay` by `who` now. What the engine's clocks say counts in the end.
pub fn blocked(pay: &CashOut, choice: Choice, who: &Person, now: Timestamp) -> Option<Blocked> {
    if !Choice::of(pay).contains(&choice) {
        return Some(Blocked::MovedOn);
    }
    if pay.on_the_wire {
        return Some(Blocked::OnTheWire);
    }
    if choice != Choice::NotPaid {
        return None;
    }
    if pay.declarations.iter().any(|said| said.is(who)) {
        return Some(Blocked::SamePerson);
    }
    declarable_from(pay).filter(|from| now < *from).map(Blocked::TooEarly)
}

/// A line of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// What is said: a choice, asked only where there are several.
    Choice,
    /// The gateway's id.
    Code,
    /// Where it was found, or why it is called off.
    Reason,
    /// What was found of a payment that was not made.
    Statement,
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotError {
    /// It has to be filled in.
    Missing,
    /// Too many characters; so many are allowed.
    TooLong(usize),
}

/// The form as it is being filled in. Closing it loses nothing.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Of which payment.
    id: Uuid,
    choice: Option<Choice>,
    code: TextField,
    reason: TextField,
    statement: TextField,
    focus: Slot,
    /// A review was asked for: what is missing is said too.
    pub(crate) asked: bool,
    /// Something was typed at the choice, where nothing but the arrows choose.
    pub(crate) typed_at_choice: bool,
    /// It was confirmed, and nothing is known of it yet.
    waiting: Option<(Sent, Payment)>,
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
            focus: Slot::Choice,
            asked: false,
            typed_at_choice: false,
            waiting: None,
        }
    }

    /// What is said, as far as it can be said of the payment.
    pub fn choice(&self, pay: &CashOut) -> Option<Choice> {
        let choices = Choice::of(pay);
        self.choice.filter(|choice| choices.contains(choice)).or(choices.first().copied())
    }

    /// The lines of the form, in their order.
    pub fn slots(&self, pay: &CashOut) -> Vec<Slot> {
        let several = (Choice::of(pay).len() > 1).then_some(Slot::Choice);
        let texts: &[Slot] = match self.choice(pay) {
            Some(Choice::Found) => &[Slot::Code, Slot::Reason],
            Some(Choice::NotPaid) => &[Slot::Statement],
            Some(Choice::CallOff) => &[Slot::Reason],
            None => &[],
        };
        several.into_iter().chain(texts.iter().copied()).collect()
    }

    /// The line of the cursor.
    pub fn focus(&self, pay: &CashOut) -> Option<Slot> {
        let slots = self.slots(pay);
        slots.contains(&self.focus).then_some(self.focus).or(slots.first().copied())
    }

    /// The text of a line that has one.
    pub fn field(&self, slot: Slot) -> Option<&TextField> {
        match slot {
            Slot::Choice => None,
            Slot::Code => Some(&self.code),
            Slot::Reason => Some(&self.reason),
            Slot::Statement => Some(&self.statement),
        }
    }

    fn field_mut(&mut self, slot: Slot) -> Option<&mut TextField> {
        match slot {
            Slot::Choice => None,
            Slot::Code => Some(&mut self.code),
            Slot::Reason => Some(&mut self.reason),
            Slot::Statement => Some(&mut self.statement),
        }
    }

    fn text(&self, slot: Slot) -> &str {
        self.field(slot).map_or("", |field| field.text().trim())
    }

    /// What is wrong with a line, as far as it is time to say so.
    pub fn shown_error(&self, slot: Slot) -> Option<SlotError> {
        self.error(slot).filter(|error| self.asked || *error != SlotError::Missing)
    }

    fn error(&self, slot: Slot) -> Option<SlotError> {
        let count = self.text(slot).chars().count();
        match slot {
            Slot::Code | Slot::Statement if count == 0 => Some(SlotError::Missing),
            Slot::Code if count > MAX_CODE => Some(SlotError::TooLong(MAX_CODE)),
            Slot::Reason | Slot::Statement if count > MAX_TEXT => Some(SlotError::TooLong(MAX_TEXT)),
            Slot::Choice | Slot::Code | Slot::Reason | Slot::Statement => None,
        }
    }

    /// Asks for the review. `None`: something is wrong, and the form says what.
    fn review(&mut self, pay: &CashOut, who: &Person, now: Now) -> Option<Review> {
        self.asked = true;
        let choice = self.choice(pay)?;
        if let Some(wrong) = self.slots(pay).into_iter().find(|slot| self.error(*slot).is_some()) {
            self.focus = wrong;
            return None;
        }
        if blocked(pay, choice, who, now.wall).is_some() {
            return None;
        }
        let reason = Some(self.text(Slot::Reason).to_owned()).filter(|text| !text.is_empty());
        let finding = match choice {
            Choice::Found => Finding::InternalCode { code: self.text(Slot::Code).to_owned(), reason },
            Choice::NotPaid => Finding::NotPaid { statement: self.text(Slot::Statement).to_owned() },
            Choice::CallOff => Finding::CallOff { reason },
        };
        Some(Review { choice, finding, opened: now.elapsed, hint: None })
    }

    fn step(&mut self, pay: &CashOut, forward: bool) {
        self.typed_at_choice = false;
        let slots = self.slots(pay);
        let Some(at) = self.focus(pay).and_then(|focus| slots.iter().position(|slot| *slot == focus)) else {
            return;
        };
        let step = if forward { 1 } else { slots.len() - 1 };
        self.focus = slots[(at + step) % slots.len()];
    }

    fn press(&mut self, pay: &CashOut, press: KeyPress) {
        self.typed_at_choice = false;
        match (self.focus(pay), press.key) {
            // What is said releases or binds a debt: nothing that belongs to a text chooses it.
            (Some(Slot::Choice), Key::Left | Key::Right) => self.turn(pay, press.key == Key::Right),
            (Some(Slot::Choice), _) => self.typed_at_choice = true,
            (Some(slot), _) => {
                if let Some(field) = self.field_mut(slot) {
                    field.press(press);
                }
            }
            (None, _) => {}
        }
    }

    fn turn(&mut self, pay: &CashOut, forward: bool) {
        let choices = Choice::of(pay);
        let Some(at) = self.choice(pay).and_then(|one| choices.iter().position(|other| *other == one)) else {
            return;
        };
        let step = if forward { 1 } else { choices.len() - 1 };
        self.choice = choices.get((at + step) % choices.len()).copied();
        self.focus = Slot::Choice;
    }

    fn paste(&mut self, pay: &CashOut, text: &str) {
        let focus = self.focus(pay);
        self.typed_at_choice = focus == Some(Slot::Choice);
        if let Some(field) = focus.and_then(|slot| self.field_mut(slot)) {
            field.paste(text);
        }
    }
}

/// What was typed of each payment, until it is recorded. As many as a person has opened.
#[derive(Debug, Clone, Default)]
pub struct Drafts(Vec<Draft>);

impl Drafts {
    /// The draft of a payment.
    pub(crate) fn get(&self, id: Uuid) -> Option<&Draft> {
        self.0.iter().find(|draft| draft.id == id)
    }

    fn of(&mut self, id: Uuid) -> &mut Draft {
        let at = self.0.iter().position(|draft| draft.id == id).unwrap_or_else(|| {
            self.0.push(Draft::new(id));
            self.0.len() - 1
        });
        &mut self.0[at]
    }

    /// The finding of a payment that was under way.
    fn take_waiting(&mut self, id: Uuid) -> Option<(Sent, Payment)> {
        self.0.iter_mut().find(|draft| draft.id == id)?.waiting.take()
    }

    fn remove(&mut self, id: Uuid) {
        self.0.retain(|draft| draft.id != id);
    }
}

/// What a person says, frozen: what is confirmed is exactly this.
#[derive(Debug, Clone)]
pub struct Review {
    pub(crate) choice: Choice,
    pub(crate) finding: Finding,
    /// When it was opened, since the session began: a confirmation is perishable.
    opened: Duration,
    pub(crate) hint: Option<ReviewHint>,
}

/// A finding after it was confirmed.
#[derive(Debug, Clone)]
pub struct Sent {
    pub(crate) finding: Finding,
    pub(crate) at: Timestamp,
    pub(crate) fate: Fate,
}

/// What became of a finding.
#[derive(Debug, Clone)]
pub(crate) enum Fate {
    /// Nothing is known yet.
    Waiting,
    /// It is journalled; the payment as it stands now.
    Recorded(Box<Intent>),
    /// Nothing was recorded.
    NotRecorded(LaneError),
    /// The engine could not take it.
    Busy,
}

impl Fate {
    /// Whether nothing was made of it, so that its text is still in the form.
    pub(crate) const fn is_nothing(&self) -> bool {
        matches!(self, Self::NotRecorded(_) | Self::Busy)
    }
}

/// Where the way from the form to the journal has got to.
#[derive(Debug, Clone)]
pub(crate) enum Stage {
    /// The form.
    Editing,
    /// What is about to be said.
    Review(Box<Review>),
    /// What became of it.
    Sent(Box<Sent>),
}

/// A payment that a person says something of: the open row that it was asked from, and how far it is.
#[derive(Debug, Clone)]
pub(crate) struct Resolve {
    pub(crate) detail: Detail,
    pub(crate) stage: Stage,
}

impl Detail {
    /// The payment of ours that is open.
    pub(crate) fn intent(&self) -> Option<&Intent> {
        match &self.life {
            LifeState::Here(life) => life.intent.as_ref(),
            LifeState::Loading | LifeState::Gone => None,
        }
    }
}

impl App {
    /// Whether an action can do something where the keyboard is, or was before the help.
    pub(crate) fn offers(&self, action: Action) -> bool {
        let mode = match &self.mode {
            Mode::Help { behind, .. } => behind,
            mode => mode,
        };
        match (action, mode) {
            (Action::Resolve, Mode::Detail(detail)) => can_resolve(detail),
            _ => true,
        }
    }

    /// Opens the form over the life of a payment, or what is known of a finding that is still under way.
    pub(super) fn open_resolve(&mut self) {
        let Mode::Detail(detail) = &self.mode else { return };
        if !can_resolve(detail) {
            self.flash = Some(Flash::NothingToResolve);
            return;
        }
        let detail = detail.clone();
        let stage = match &self.resolves.of(detail.id).waiting {
            Some((sent, _)) => Stage::Sent(Box::new(sent.clone())),
            None => Stage::Editing,
        };
        self.mode = Mode::Resolve(Box::new(Resolve { detail, stage }));
    }

    /// The form's draft and the payment that it is of, while the form is open.
    fn resolving(&mut self) -> Option<(&mut Draft, &CashOut)> {
        match &self.mode {
            Mode::Resolve(resolve) if matches!(resolve.stage, Stage::Editing) => {
                let intent = resolve.detail.intent()?;
                Some((self.resolves.of(resolve.detail.id), &intent.cash_out))
            }
            _ => None,
        }
    }

    pub(super) fn press_resolve(&mut self, press: KeyPress) {
        if let Some((draft, pay)) = self.resolving() {
            draft.press(pay, press);
        } else if let Mode::Resolve(resolve) = &mut self.mode
            && let Stage::Review(review) = &mut resolve.stage
        {
            review.hint = Some(ReviewHint::WhichKey);
        }
    }

    pub(super) fn paste_resolve(&mut self, text: &str) {
        if let Some((draft, pay)) = self.resolving() {
            draft.paste(pay, text);
        }
    }

    pub(super) fn step_resolve(&mut self, forward: bool) {
        if let Some((draft, pay)) = self.resolving() {
            draft.step(pay, forward);
        }
    }

    pub(super) fn clear_resolve(&mut self) {
        if let Mode::Resolve(resolve) = &self.mode {
            self.resolves.remove(resolve.detail.id);
        }
    }

    pub(super) fn review_resolve(&mut self, now: Now) {
        let who = self.facts.operator.clone();
        let Some((draft, pay)) = self.resolving() else { return };
        let Some(review) = draft.review(pay, &who, now) else { return };
        if let Mode::Resolve(resolve) = &mut self.mode {
            resolve.stage = Stage::Review(Box::new(review));
        }
    }

    /// Back by one step. What was typed stays.
    pub(super) fn close_resolve(&mut self, resolve: Resolve) {
        self.mode = match resolve.stage {
            Stage::Review(_) => Mode::Resolve(Box::new(Resolve { stage: Stage::Editing, ..resolve })),
            Stage::Editing | Stage::Sent(_) => Mode::Detail(resolve.detail),
        };
    }

    /// From an outcome onward: to the text that came to nothing, or to the payment's life.
    pub(super) fn leave_resolve(&mut self) {
        let Mode::Resolve(resolve) = &mut self.mode else { return };
        match &resolve.stage {
            Stage::Sent(sent) if sent.fate.is_nothing() => resolve.stage = Stage::Editing,
            Stage::Sent(_) => self.mode = Mode::Detail(resolve.detail.clone()),
            Stage::Editing | Stage::Review(_) => {}
        }
    }

    /// The confirming key: what was reviewed is said once, if it still can be.
    pub(super) fn confirm_resolve(&mut self, mut resolve: Box<Resolve>, now: Now) -> Vec<Effect> {
        let Stage::Review(mut review) = std::mem::replace(&mut resolve.stage, Stage::Editing) else {
            self.mode = Mode::Resolve(resolve);
            return Vec::new();
        };
        let payment = resolve.detail.intent().filter(|intent| {
            blocked(&intent.cash_out, review.choice, &self.facts.operator, now.wall).is_none()
        });
        let Some(payment) = payment.map(Payment::from) else {
            // It has moved on meanwhile. The form says so, and keeps the text.
            self.mode = Mode::Resolve(resolve);
            return Vec::new();
        };
        if now.elapsed.saturating_sub(review.opened) > REVIEW_TIME {
            // Looked at again from here.
            review.opened = now.elapsed;
            review.hint = Some(ReviewHint::Expired);
            resolve.stage = Stage::Review(review);
            self.mode = Mode::Resolve(resolve);
            return Vec::new();
        }
        let (id, finding) = (resolve.detail.id, review.finding);
        let sent = Sent { finding: finding.clone(), at: now.wall, fate: Fate::Waiting };
        self.resolves.of(id).waiting = Some((sent.clone(), payment));
        resolve.stage = Stage::Sent(Box::new(sent));
        self.mode = Mode::Resolve(resolve);
        vec![Effect::Command(Command::Resolve { id, finding })]
    }

    /// A finding came to something: the outcome shows it, or else a notice does.
    pub(super) fn resolved(&mut self, id: Uuid, fate: Fate) -> Vec<Effect> {
        let waiting = self.resolves.take_waiting(id);
        if matches!(fate, Fate::Recorded(_)) {
            self.resolves.remove(id);
        }
        if let Mode::Resolve(resolve) = self.front()
            && resolve.detail.id == id
            && let Stage::Sent(sent) = &mut resolve.stage
            && matches!(sent.fate, Fate::Waiting)
        {
            sent.fate = fate;
            return Vec::new();
        }
        let payment = match (&fate, waiting) {
            (Fate::Recorded(intent), _) => Payment::from(&**intent),
            (_, Some((_, payment))) => payment,
            // Nobody here asked.
            (_, None) => return Vec::new(),
        };
        self.notices.push(Notice::Resolved { payment, fate }, self.now);
        vec![Effect::Bell]
    }
}

/// Whether something can be said of the payment that is open.
fn can_resolve(detail: &Detail) -> bool {
    detail.intent().is_some_and(|intent| !Choice::of(&intent.cash_out).is_empty())
}

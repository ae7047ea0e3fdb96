//! Giving a cash-in back, over its life: the form, its review, and what became of it.

use std::time::Duration;

use uuid::Uuid;

use super::cash_in::Fate;
use super::cash_out::{RETYPE_ABOVE, REVIEW_TIME, ReviewHint, check_retyped};
use super::field::TextField;
use super::key::{Key, KeyPress};
use super::{App, Detail, Effect, Flash, LifeState, Mode, Now};
use crate::domain::money::Centavos;
use crate::domain::refund::Reason;
use crate::domain::request::Asked;
use crate::domain::transaction::{CashIn, State, Transaction};
use crate::engine::message::{Command, Life, RefundDecision};

/// Longer words are a paste gone wrong. The gateway documents no limit.
const MAX_TEXT: usize = 140;

/// A line of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    /// Why: a choice.
    Reason,
    /// In the operator's words.
    Description,
}

/// A refund on its way from the form to the gateway, over the life of its cash-in.
#[derive(Debug, Clone)]
pub(crate) struct Refunding {
    pub(crate) detail: Detail,
    /// Nothing is chosen beforehand: why money goes back is a statement to the gateway.
    pub(crate) reason: Option<Reason>,
    pub(crate) description: TextField,
    pub(crate) focus: Slot,
    pub(crate) asked: bool,
    pub(crate) stage: Stage,
}

/// Where it has got to.
#[derive(Debug, Clone)]
pub(crate) enum Stage {
    /// The form.
    Editing,
    /// What was decided, frozen.
    Review(Box<Review>),
    /// What became of the decision with this id.
    Sent(Uuid, Fate),
}

/// A refund as it was frozen for the review.
#[derive(Debug, Clone)]
pub(crate) struct Review {
    pub(crate) decision: RefundDecision,
    /// What goes back, as far as it is known.
    pub(crate) amount: Option<Centavos>,
    pub(crate) retype: Option<TextField>,
    opened: Duration,
    pub(crate) hint: Option<ReviewHint>,
}

impl Review {
    fn check(&mut self, elapsed: Duration) -> Result<(), ReviewHint> {
        if elapsed.saturating_sub(self.opened) > REVIEW_TIME {
            self.opened = elapsed;
            return Err(ReviewHint::Expired);
        }
        check_retyped(self.retype.as_ref(), self.amount.unwrap_or_default())
    }
}

impl Refunding {
    /// The cash-in's row, as it stands now.
    pub(crate) fn row(&self) -> Option<&Transaction> {
        Some(&here(&self.detail)?.transaction)
    }

    /// What is known of the cash-in and of its refund.
    pub(crate) fn life(&self) -> Option<&Life> {
        here(&self.detail)
    }

    /// Whether the words are longer than they may be.
    pub(crate) fn is_too_long(&self) -> Option<usize> {
        (self.description.text().chars().count() > MAX_TEXT).then_some(MAX_TEXT)
    }

    pub(crate) fn step(&mut self) {
        self.focus = match self.focus {
            Slot::Reason => Slot::Description,
            Slot::Description => Slot::Reason,
        };
    }

    pub(crate) fn press(&mut self, press: KeyPress) {
        match (&mut self.stage, self.focus) {
            (Stage::Review(review), _) => review.hint = super::act::retype(review.retype.as_mut(), press),
            (Stage::Editing, Slot::Description) => {
                self.description.press(press);
            }
            (Stage::Editing, Slot::Reason) => self.turn(press.key),
            (Stage::Sent(..), _) => {}
        }
    }

    pub(crate) fn paste(&mut self, text: &str) {
        if matches!(self.stage, Stage::Editing) && self.focus == Slot::Description {
            self.description.paste(text);
        }
    }

    /// Only the arrows choose, as wherever a choice counts.
    fn turn(&mut self, key: Key) {
        let count = Reason::ALL.len();
        let at = self.reason.and_then(|one| Reason::ALL.iter().position(|other| *other == one));
        let next = match (key, at) {
            (Key::Right, None) => 0,
            (Key::Right, Some(at)) => (at + 1) % count,
            (Key::Left, None) => count - 1,
            (Key::Left, Some(at)) => (at + count - 1) % count,
            _ => return,
        };
        self.reason = Reason::ALL.get(next).copied();
    }
}

fn here(detail: &Detail) -> Option<&Life> {
    match &detail.life {
        LifeState::Here(life) => Some(life),
        LifeState::Loading | LifeState::Gone => None,
    }
}

/// Whether the row that is open can be given back: paid, and no refund of ours may have done it.
pub(super) fn can_refund(detail: &Detail) -> bool {
    here(detail).is_some_and(|life| {
        let refund = life.incoming.refund.as_ref();
        life.transaction.state == State::In(CashIn::Paid)
            && refund.is_none_or(|refund| refund.stored.asked.may_begin_again())
    })
}

/// Whether there is something to be done at once for the charge or the refund that is open.
pub(super) fn can_take_up(detail: &Detail) -> bool {
    here(detail).is_some_and(|life| {
        let charge = life.incoming.charge.as_ref().is_some_and(|charge| charge.stored.asked.is_open());
        let refund = life.incoming.refund.as_ref().is_some_and(|refund| refund.stored.asked.is_open());
        charge || refund
    })
}

impl App {
    /// Opens the form over the life of a cash-in.
    pub(super) fn open_refund(&mut self) {
        let Mode::Detail(detail) = &self.mode else { return };
        if !can_refund(detail) {
            self.flash = Some(Flash::NothingToRefund);
            return;
        }
        self.mode = Mode::Refund(Box::new(Refunding {
            detail: detail.clone(),
            reason: None,
            description: TextField::default(),
            focus: Slot::Reason,
            asked: false,
            stage: Stage::Editing,
        }));
    }

    pub(super) fn step_refund(&mut self) {
        if let Mode::Refund(open) = &mut self.mode {
            open.step();
        }
    }

    pub(super) fn clear_refund(&mut self) {
        if let Mode::Refund(open) = &mut self.mode {
            (open.reason, open.description, open.asked) = (None, TextField::default(), false);
        }
    }

    /// Asks for the review. What is wrong is said in the form.
    pub(super) fn review_refund(&mut self, now: Now) {
        let maker = self.facts.operator.clone();
        let Mode::Refund(open) = &mut self.mode else { return };
        open.asked = true;
        let (Some(reason), None) = (open.reason, open.is_too_long()) else { return };
        let Some(row) = open.row() else { return };
        let (cash_in, amount) = (row.id, row.amount);
        let description = Some(open.description.text().trim().to_owned()).filter(|text| !text.is_empty());
        let decision = RefundDecision { id: now.next_id, cash_in, reason, description, maker };
        let retype = amount.is_none_or(|amount| amount > RETYPE_ABOVE).then(TextField::default);
        open.stage =
            Stage::Review(Box::new(Review { decision, amount, retype, opened: now.elapsed, hint: None }));
    }

    /// The confirming key. What is confirmed is moved out of the state, so it can be confirmed once.
    pub(super) fn confirm_refund(&mut self, mut open: Box<Refunding>, now: Now) -> Vec<Effect> {
        let mut effects = Vec::new();
        open.stage = match std::mem::replace(&mut open.stage, Stage::Editing) {
            Stage::Review(mut review) => match review.check(now.elapsed) {
                Err(hint) => {
                    review.hint = Some(hint);
                    Stage::Review(review)
                }
                Ok(()) => {
                    let id = review.decision.id;
                    effects.push(Effect::Command(Command::Refund(Box::new(review.decision))));
                    Stage::Sent(id, Fate::Waiting)
                }
            },
            other => other,
        };
        self.mode = Mode::Refund(open);
        effects
    }

    /// Back to the form, or to the life that it was opened over.
    pub(super) fn close_refund(&mut self, mut open: Box<Refunding>) {
        self.mode = match open.stage {
            Stage::Review(_) => {
                open.stage = Stage::Editing;
                Mode::Refund(open)
            }
            Stage::Editing | Stage::Sent(..) => Mode::Detail(open.detail),
        };
    }
}

//! What keys, pastes and news do while a person says something of a payment.

use uuid::Uuid;

use super::super::cash_out::{REVIEW_TIME, ReviewHint};
use super::super::key::KeyPress;
use super::super::keymap::Action;
use super::super::{App, Detail, Effect, Flash, LifeState, Mode, Notice, Now, Payment};
use super::of::shown;
use super::{Choice, Draft, Fate, Of, Resolve, Sent, Stage, blocked};
use crate::domain::moment::Moment;
use crate::engine::message::{Command, Finding, Intent};

impl Resolve {
    /// How many facts contradict themselves, as they are shown.
    fn seen(&self) -> usize {
        let life = self.detail.here().and_then(|life| Some((life, Of::life(life)?)));
        life.map_or(0, |(life, of)| life.contradictions(of.about()).len())
    }
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
            Mode::Help { behind, .. } => &**behind,
            mode => mode,
        };
        match (action, mode) {
            (action, _) if self.facts.access.is_read_only() && action.is_an_act() => false,
            (Action::Confirm, _) => self.can_confirm(),
            (Action::Resolve, Mode::Detail(detail)) => can_resolve(detail),
            (Action::TakeUp, Mode::Detail(detail)) => {
                self.can_take_up(detail) || super::super::refund::can_take_up(detail)
            }
            (Action::Refund, Mode::Detail(detail)) => super::super::refund::can_refund(detail),
            (Action::Copy, Mode::CashIn(super::super::cash_in::Stage::Sent(sent))) => sent.pay_by().is_some(),
            (Action::Open, Mode::Batch(stage)) => {
                stage.page().is_some_and(|page| page.chosen_payment().is_some())
            }
            (Action::HandOver, Mode::Handover(page)) => Self::can_hand_over(page),
            (Action::AcceptShift, Mode::Handover(page)) => self.can_accept_shift(page),
            (Action::Favour, Mode::Palette(palette)) => palette.chosen_payee().is_some(),
            (Action::BatchResume, Mode::Batch(stage)) => {
                stage.page().is_some_and(|page| self.can_resume(page))
            }
            (Action::Copy, mode) => matches!(mode, Mode::Home | Mode::Detail(_)),
            _ => true,
        }
    }

    /// Whether there is something to be done at once for the payment that is open: the same bytes, or a look.
    fn can_take_up(&self, detail: &Detail) -> bool {
        let now = Moment::wall(self.now);
        detail.intent().is_some_and(|intent| intent.cash_out.act_now(&now).is_some())
    }

    /// Opens the form over the life of a payment, or what is known of a finding that is still under way.
    pub(in crate::app) fn open_resolve(&mut self) {
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
    fn resolving(&mut self) -> Option<(&mut Draft, Of<'_>)> {
        match &self.mode {
            Mode::Resolve(resolve) if matches!(resolve.stage, Stage::Editing) => {
                let of = resolve.detail.of()?;
                Some((self.resolves.of(resolve.detail.id), of))
            }
            _ => None,
        }
    }

    pub(in crate::app) fn press_resolve(&mut self, press: KeyPress) {
        if let Some((draft, of)) = self.resolving() {
            draft.press(of, press);
        } else if let Mode::Resolve(resolve) = &mut self.mode
            && let Stage::Review(review) = &mut resolve.stage
        {
            review.hint = Some(ReviewHint::WhichKey);
        }
    }

    pub(in crate::app) fn paste_resolve(&mut self, text: &str) {
        if let Some((draft, of)) = self.resolving() {
            draft.paste(of, text);
        }
    }

    pub(in crate::app) fn step_resolve(&mut self, forward: bool) {
        if let Some((draft, of)) = self.resolving() {
            draft.step(of, forward);
        }
    }

    pub(in crate::app) fn clear_resolve(&mut self) {
        if let Mode::Resolve(resolve) = &self.mode {
            self.resolves.remove(resolve.detail.id);
        }
    }

    pub(in crate::app) fn review_resolve(&mut self, now: Now) {
        let who = self.facts.operator.clone();
        let seen = match &self.mode {
            Mode::Resolve(resolve) => resolve.seen(),
            _ => 0,
        };
        let Some((draft, of)) = self.resolving() else { return };
        let Some(review) = draft.review(of, seen, &who, now) else { return };
        if let Mode::Resolve(resolve) = &mut self.mode {
            resolve.stage = Stage::Review(Box::new(review));
        }
    }

    /// Back by one step. What was typed stays.
    pub(in crate::app) fn close_resolve(&mut self, resolve: Resolve) {
        self.mode = match resolve.stage {
            Stage::Review(_) => Mode::Resolve(Box::new(Resolve { stage: Stage::Editing, ..resolve })),
            Stage::Editing | Stage::Sent(_) => Mode::Detail(resolve.detail),
        };
    }

    /// From an outcome onward: to the text that came to nothing, or to the payment's life.
    pub(in crate::app) fn leave_resolve(&mut self) {
        let Mode::Resolve(resolve) = &mut self.mode else { return };
        match &resolve.stage {
            Stage::Sent(sent) if sent.fate.is_nothing() => resolve.stage = Stage::Editing,
            Stage::Sent(_) => self.mode = Mode::Detail(resolve.detail.clone()),
            Stage::Editing | Stage::Review(_) => {}
        }
    }

    /// The confirming key: what was reviewed is said once, if it still can be.
    pub(in crate::app) fn confirm_resolve(&mut self, mut resolve: Box<Resolve>, now: Now) -> Vec<Effect> {
        let Stage::Review(mut review) = std::mem::replace(&mut resolve.stage, Stage::Editing) else {
            self.mode = Mode::Resolve(resolve);
            return Vec::new();
        };
        let is_free = |of| blocked(of, review.choice, &self.facts.operator, now.wall).is_none();
        let is_same = match &review.finding {
            Finding::LookedInto { seen, .. } => *seen == resolve.seen(),
            _ => true,
        };
        let life = resolve.detail.here().filter(|life| is_same && Of::life(life).is_some_and(is_free));
        let Some(payment) = life.map(shown) else {
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
    pub(in crate::app) fn resolved(&mut self, id: Uuid, fate: Fate) -> Vec<Effect> {
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
            (Fate::Recorded(Some(intent)), _) => Payment::from(&**intent),
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
    detail.of().is_some_and(|of| !Choice::of(of).is_empty())
}

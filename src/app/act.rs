//! What keys and pastes do.

use super::batch;
use super::cash_in;
use super::cash_out::{Draft, Fate, ReviewHint, Sent};
use super::feed::{Motion, PAGE_STEP};
use super::gaps::{Noted, gap_of};
use super::key::{Key, KeyPress};
use super::keymap::{Action, Place};
use super::rebalance::{self, Stage};
use super::{
    App, CashOutStage, Detail, Effect, Flash, Focus, LifeState, Mode, Notice, Now, Prompt, Question,
    Soonness, TextField, Wanted,
};
use super::{refund, resolve};
use crate::domain::alert::Alert;
use crate::domain::order::Order;
use crate::domain::payee::Finding;
use crate::domain::query::Filter;
use crate::domain::request::PayBy;
use crate::domain::transaction::{CashIn, Transaction};
use crate::engine::message::{Command, Subject};

/// How long a review of a rebalance may be confirmed: afterwards its balance is read again.
const REVIEW_TIME: std::time::Duration = std::time::Duration::from_secs(120);

impl App {
    pub(super) fn pressed(&mut self, press: KeyPress, now: Now) -> Vec<Effect> {
        self.flash = None;
        let mut effects = vec![Effect::Redraw(Soonness::Now)];
        if self.is_refused_in_the_past(press) {
            self.flash = Some(Flash::Past);
            return effects;
        }
        match self.keys.action(self.place(), press, self.lang) {
            Some(action) => effects.extend(self.act(action, now)),
            None => effects.extend(self.type_key(press)),
        }
        effects
    }

    /// Whether the key would begin or change something, were this now.
    fn is_refused_in_the_past(&self, press: KeyPress) -> bool {
        let here = self.place() == Place::Past && self.keys.action(Place::Past, press, self.lang).is_none();
        here && self.keys.action(Place::Home, press, self.lang).is_some()
    }

    /// A key that no binding claims goes to the text under the cursor, if there is one.
    fn type_key(&mut self, press: KeyPress) -> Vec<Effect> {
        match &mut self.mode {
            Mode::Search(prompt) => prompt.press(press, &self.clock.times(self.now)),
            Mode::Palette(palette) => return palette.press(press, self.lang),
            Mode::CashOut(CashOutStage::Editing) => self.cash_out.press(press),
            Mode::CashOut(CashOutStage::Review(review)) => {
                review.hint = retype(review.retype.as_mut(), press);
            }
            Mode::Rebalance(Stage::Review(review)) => {
                review.hint = retype(review.retype.as_mut(), press);
            }
            Mode::Rebalance(Stage::Editing) => self.rebalance.press(press),
            Mode::Resolve(_) => self.press_resolve(press),
            Mode::Batch(batch::Stage::Editing) => self.batch.press(press),
            Mode::Batch(batch::Stage::Review(review)) => review.hint = retype(review.retype.as_mut(), press),
            Mode::CashIn(cash_in::Stage::Editing) => self.cash_in.press(press),
            Mode::CashIn(cash_in::Stage::Review(review)) => review.hint = Some(ReviewHint::WhichKey),
            Mode::Refund(open) => open.press(press),
            Mode::Note(note) => {
                note.field.press(press);
            }
            _ => {}
        }
        Vec::new()
    }

    /// A paste is text and nothing else: it never confirms, never submits and never moves the cursor's line.
    pub(super) fn pasted(&mut self, text: &str) -> Vec<Effect> {
        self.flash = None;
        let mut effects = vec![Effect::Redraw(Soonness::Now)];
        if matches!(self.mode, Mode::CashOut(CashOutStage::Editing)) && self.is_more_than_an_amount(text) {
            effects.extend(self.offer_in_form(text));
            return effects;
        }
        match &mut self.mode {
            Mode::Palette(palette) => effects.extend(palette.paste(text, self.lang)),
            Mode::Search(prompt) => prompt.paste(text, &self.clock.times(self.now)),
            Mode::Note(note) => note.field.paste(text),
            Mode::CashOut(CashOutStage::Editing) => self.cash_out.paste(text),
            Mode::Rebalance(Stage::Editing) => self.rebalance.paste(text),
            Mode::Resolve(open) if matches!(open.stage, resolve::Stage::Editing) => self.paste_resolve(text),
            Mode::Batch(batch::Stage::Editing) => self.batch.path.paste(text),
            Mode::CashIn(cash_in::Stage::Editing) => self.cash_in.paste(text),
            Mode::Refund(open) if matches!(open.stage, refund::Stage::Editing) => open.paste(text),
            // The second amount is there to be thought about, so it is typed.
            _ => effects.extend(self.paste_aside(text)),
        }
        effects
    }

    pub(super) fn act(&mut self, action: Action, now: Now) -> Vec<Effect> {
        if self.refuses(action) {
            return Vec::new();
        }
        match action {
            Action::Quit => vec![Effect::Quit],
            Action::Suspend => vec![Effect::Suspend],
            Action::Repaint => vec![Effect::Repaint],
            Action::Private => {
                self.toggle_private();
                Vec::new()
            }
            Action::Mouse => {
                self.flash = Some(Flash::Mouse(!self.mouse));
                self.take_mouse(!self.mouse)
            }
            Action::Utc => {
                self.clock.toggle();
                Vec::new()
            }
            Action::Language => {
                self.lang = self.lang.other();
                self.clamp_scroll();
                Vec::new()
            }
            Action::Help => {
                let behind = Box::new(std::mem::replace(&mut self.mode, Mode::Home));
                self.mode = Mode::Help { scroll: 0, behind };
                Vec::new()
            }
            Action::Down => self.go(Motion::Down),
            Action::Up => self.go(Motion::Up),
            Action::PageDown => self.go(Motion::PageDown),
            Action::PageUp => self.go(Motion::PageUp),
            Action::Top => self.go(Motion::Top),
            Action::Bottom => self.go(Motion::Bottom),
            Action::Open => self.open(),
            Action::Close => self.close(),
            Action::Search => {
                self.mode = Mode::Search(Prompt::rows(&self.feed.search, self.feed.terms.clone()));
                Vec::new()
            }
            Action::Jump => {
                self.mode = Mode::Search(Prompt::time());
                Vec::new()
            }
            Action::TimeMachine => {
                self.ask_for_past();
                Vec::new()
            }
            Action::Earlier
            | Action::Later
            | Action::MuchEarlier
            | Action::MuchLater
            | Action::HourEarlier
            | Action::HourLater
            | Action::NextChange
            | Action::PreviousChange => self.step_past(action),
            Action::Palette => self.open_palette(),
            Action::Accept if matches!(self.mode, Mode::Palette(_)) => self.choose(now),
            Action::Accept if matches!(self.mode, Mode::Paste(_)) => self.choose_for_paste(),
            Action::Accept => self.accept_search(),
            Action::Filter => {
                self.feed.narrow(self.feed.filter.next());
                // What it does has to be seen, whatever pane was in front.
                self.focus = Focus::Feed;
                self.start()
            }
            Action::TakeUp => self.take_up(),
            Action::Copy => self.copy(),
            Action::Poll => {
                self.flash = Some(Flash::Polling);
                vec![Effect::Command(Command::PollBalance)]
            }
            Action::NextPane | Action::PreviousPane => {
                self.turn_focus(action == Action::NextPane);
                Vec::new()
            }
            Action::Notices => {
                self.mode = Mode::Notices;
                Vec::new()
            }
            Action::Acknowledge => self.acknowledge(),
            Action::Gaps => self.open_gaps(None),
            Action::Handover => self.open_handover(),
            Action::HandOver => {
                self.ask_for_shift_note();
                Vec::new()
            }
            Action::AcceptShift => self.accept_shift(),
            Action::Favour => self.favour(),
            Action::Resume => {
                if self.paused.is_some() {
                    self.mode = Mode::Ask(Question::Resume);
                } else {
                    self.flash = Some(Flash::NotPaused);
                }
                Vec::new()
            }
            Action::CashOut => {
                self.restore_draft();
                self.mode = Mode::CashOut(CashOutStage::Editing);
                Vec::new()
            }
            Action::CashIn => {
                self.mode = Mode::CashIn(cash_in::Stage::Editing);
                Vec::new()
            }
            Action::Batch => self.open_batch(),
            Action::BatchUnpaid => self.narrow_batch(),
            Action::BatchResult => self.write_batch_result(),
            Action::BatchResume => self.resume_batch(),
            Action::Refund => {
                self.open_refund();
                Vec::new()
            }
            Action::Rebalance => {
                self.rebalance.propose(self.wanted());
                self.mode = Mode::Rebalance(Stage::Editing);
                Vec::new()
            }
            Action::Resolve => {
                self.open_resolve();
                Vec::new()
            }
            Action::NextField | Action::PreviousField => {
                match &self.mode {
                    Mode::CashOut(_) => self.cash_out.step(action == Action::NextField),
                    Mode::Resolve(_) => self.step_resolve(action == Action::NextField),
                    Mode::Batch(_) => return self.step_batch(action == Action::NextField),
                    Mode::CashIn(_) => self.cash_in.step(action == Action::NextField),
                    Mode::Refund(_) => self.step_refund(),
                    _ => self.rebalance.step(),
                }
                Vec::new()
            }
            Action::ClearForm => {
                match &self.mode {
                    Mode::CashOut(_) => self.cash_out = Draft::default(),
                    Mode::Resolve(_) => self.clear_resolve(),
                    Mode::Batch(_) => self.batch.clear(),
                    Mode::CashIn(_) => self.cash_in = cash_in::Draft::default(),
                    Mode::Refund(_) => self.clear_refund(),
                    _ => self.rebalance = rebalance::Draft::proposing(None),
                }
                Vec::new()
            }
            Action::Review => self.review(now),
            Action::Confirm => self.confirm(now),
        }
    }

    /// Says so where the action would act and this desk only reads.
    pub(super) fn refuses(&mut self, action: Action) -> bool {
        let refuses = self.facts.access.is_read_only() && action.is_an_act();
        if refuses {
            self.flash = Some(Flash::ReadOnly);
        }
        refuses
    }

    pub(super) fn go(&mut self, motion: Motion) -> Vec<Effect> {
        if let (Mode::Home, Some(past)) = (&self.mode, &mut self.past) {
            // Its window is all that is shown of a time: another one is another step.
            let _ = past.feed_mut().go(motion);
            return Vec::new();
        }
        if matches!(self.mode, Mode::Home) {
            return if self.feed.go(motion) { self.start() } else { Vec::new() };
        }
        let last = self.scroll_end();
        // A line may be wrapped into two: half of the rows skip nothing.
        let page = usize::from(self.size.1.saturating_sub(6) / 2).clamp(1, PAGE_STEP);
        match &mut self.mode {
            Mode::Detail(Detail { scroll, .. }) | Mode::Help { scroll, .. } => {
                *scroll = motion.within(*scroll, last + 1, page);
            }
            Mode::Notices => {
                let alerts = self.waiting_alerts().len();
                self.notices.go(motion, alerts);
            }
            Mode::Gaps(gaps) => gaps.go(motion),
            Mode::Handover(open) => open.go(motion, last, page),
            Mode::Batch(_) => return self.scroll_batch(motion),
            Mode::Palette(palette) => palette.go(motion),
            Mode::Paste(pasting) => pasting.go(motion),
            _ => {}
        }
        Vec::new()
    }

    /// The last line of what scrolls.
    fn scroll_end(&self) -> usize {
        let lines = match &self.mode {
            Mode::Help { .. } => self.keys.help_lines(self.lang, &|action| self.offers(action)),
            Mode::Detail(detail) => match &detail.life {
                LifeState::Here(life) => self.life_lines(life).len(),
                LifeState::Loading | LifeState::Gone => 0,
            },
            Mode::Handover(page) => self.handover_lines(page).len(),
            _ => 0,
        };
        lines.saturating_sub(1)
    }

    fn clamp_scroll(&mut self) {
        let last = self.scroll_end();
        if let Mode::Detail(Detail { scroll, .. }) | Mode::Help { scroll, .. } = &mut self.mode {
            *scroll = (*scroll).min(last);
        }
    }

    fn open(&mut self) -> Vec<Effect> {
        if let Mode::Batch(_) = &self.mode {
            return self.open_batch_line();
        }
        let id = match &self.mode {
            Mode::Home => self.feed.selected().map(|row| row.id),
            Mode::Notices => match self.chosen_alert().and_then(|alert| gap_of(&alert.what)) {
                Some(gap) => return self.open_gaps(Some(gap)),
                None => self.notice_payment(),
            },
            Mode::Gaps(_) => return self.open_suspect(),
            Mode::CashOut(CashOutStage::Sent(sent)) if sent.fate.is_nothing() => {
                self.mode = Mode::CashOut(CashOutStage::Editing);
                return vec![Effect::Command(Command::ShowLife(None))];
            }
            Mode::CashOut(CashOutStage::Sent(sent)) => Some(sent.id()),
            Mode::Resolve(_) => {
                self.leave_resolve();
                None
            }
            Mode::CashIn(cash_in::Stage::Sent(sent)) => match sent.fate.row() {
                Some(row) => Some(row),
                None => {
                    if sent.fate.is_nothing() {
                        self.mode = Mode::CashIn(cash_in::Stage::Editing);
                    }
                    None
                }
            },
            Mode::Refund(_) => return self.close(),
            Mode::Rebalance(Stage::Ended(Err(_))) => {
                self.mode = Mode::Rebalance(Stage::Editing);
                None
            }
            _ => None,
        };
        let Some(id) = id else { return Vec::new() };
        self.open_life(id)
    }

    /// The payment that the selected notice is about.
    fn notice_payment(&self) -> Option<uuid::Uuid> {
        let alerts = self.waiting_alerts();
        let selected = self.notices.selected_index();
        if let Some(alert) = alerts.get(selected) {
            return alert.what.row();
        }
        let entry = self.notices.entries().get(selected - alerts.len())?;
        match &entry.notice {
            Notice::Alarm { payment, .. } | Notice::StillHeld(payment) | Notice::Resolved { payment, .. } => {
                Some(payment.id)
            }
            Notice::Ended(row) | Notice::Conflict(row) => Some(row.id),
            Notice::Refund { cash_in, .. } => Some(*cash_in),
            _ => None,
        }
    }

    /// The alert that is selected in the list of notices.
    fn chosen_alert(&self) -> Option<&Alert> {
        self.waiting_alerts().get(self.notices.selected_index()).copied()
    }

    fn close(&mut self) -> Vec<Effect> {
        let mode = std::mem::replace(&mut self.mode, Mode::Home);
        match mode {
            Mode::Help { behind, .. } => self.mode = *behind,
            Mode::Palette(palette) => {
                self.mode = palette.behind;
                let mut effects = vec![Effect::Command(Command::Seek(None))];
                // What happened meanwhile was not folded in.
                if let Mode::Detail(detail) = &self.mode {
                    effects.push(Effect::Command(Command::ShowLife(Some(detail.id))));
                }
                if let Mode::Batch(batch::Stage::Page(page)) = &self.mode {
                    effects.push(page.asked());
                }
                return effects;
            }
            Mode::Paste(pasting) => return self.close_paste(*pasting),
            Mode::Detail(Detail { behind: Some(page), .. }) => {
                let asked = page.asked();
                self.mode = Mode::Batch(batch::Stage::Page(page));
                return vec![Effect::Command(Command::ShowLife(None)), asked];
            }
            Mode::Detail(_) => return vec![Effect::Command(Command::ShowLife(None))],
            Mode::Resolve(resolve) => self.close_resolve(*resolve),
            Mode::Batch(batch::Stage::Review(review)) => return self.leave_batch_review(&review.source),
            Mode::Batch(batch::Stage::Asking(source)) => return self.leave_batch_review(&source),
            Mode::Batch(batch::Stage::Page(_)) => return vec![Effect::Command(Command::ShowBatch(None))],
            Mode::CashIn(cash_in::Stage::Review(_)) => self.mode = Mode::CashIn(cash_in::Stage::Editing),
            Mode::CashIn(cash_in::Stage::Sent(_)) => return vec![Effect::Command(Command::ShowLife(None))],
            Mode::Refund(open) => self.close_refund(open),
            Mode::CashOut(CashOutStage::Review(_)) => self.mode = Mode::CashOut(CashOutStage::Editing),
            Mode::CashOut(CashOutStage::Sent(_)) => return vec![Effect::Command(Command::ShowLife(None))],
            Mode::Rebalance(Stage::Review(_) | Stage::Asking(_)) => {
                self.mode = Mode::Rebalance(Stage::Editing);
            }
            Mode::Home if self.is_past() => return self.leave_past(),
            Mode::Home if !self.feed.search.is_empty() => {
                self.feed.find("", Filter::default());
                return self.start();
            }
            Mode::Ask(Question::Acknowledge(_)) => self.mode = Mode::Notices,
            Mode::Note(note) => self.mode = *note.behind,
            Mode::Home
            | Mode::Search(_)
            | Mode::Notices
            | Mode::Gaps(_)
            | Mode::Handover(_)
            | Mode::Ask(Question::Resume)
            | Mode::CashOut(CashOutStage::Editing)
            | Mode::CashIn(cash_in::Stage::Editing)
            | Mode::Batch(batch::Stage::Editing)
            | Mode::Rebalance(Stage::Editing | Stage::Sent(_) | Stage::Ended(_)) => {}
        }
        Vec::new()
    }

    /// A line that cannot be read stays, and says why.
    fn accept_search(&mut self) -> Vec<Effect> {
        if matches!(self.mode, Mode::Note(_)) {
            return self.accept_note();
        }
        let Mode::Search(prompt) = &self.mode else { return Vec::new() };
        match &prompt.wanted {
            Wanted::Rows(Ok(terms)) => {
                let text = prompt.field.text().trim().to_owned();
                self.feed.find(&text, terms.clone());
                self.focus = Focus::Feed;
            }
            Wanted::Time(Ok(Some(time))) => {
                self.feed.jump(*time);
                self.focus = Focus::Feed;
            }
            Wanted::Past(Ok(Some(time))) => {
                let time = *time;
                self.mode = Mode::Home;
                return self.look_back(time);
            }
            Wanted::Time(Ok(None)) | Wanted::Past(Ok(None)) => {
                self.mode = Mode::Home;
                return Vec::new();
            }
            Wanted::Rows(Err(_)) | Wanted::Time(Err(_)) | Wanted::Past(Err(_)) => return Vec::new(),
        }
        self.mode = Mode::Home;
        self.start()
    }

    /// The row that the keyboard is at.
    fn current_row(&self) -> Option<&Transaction> {
        match &self.mode {
            Mode::Home => self.past.as_ref().map_or(&self.feed, |past| past.feed()).selected(),
            Mode::Detail(Detail { life: LifeState::Here(life), .. }) => Some(&life.transaction),
            Mode::Detail(detail) => self.feed.row(detail.id),
            _ => None,
        }
    }

    fn take_up(&mut self) -> Vec<Effect> {
        let is_refunding = matches!(&self.mode, Mode::Detail(detail) if refund::can_take_up(detail));
        let can = |row: &&Transaction| is_refunding || row.ours && super::is_open(row.state);
        let row = self.current_row().filter(can).map(|row| row.id);
        let Some(id) = row.filter(|_| self.offers(Action::TakeUp)) else {
            self.flash = Some(Flash::NothingToTakeUp);
            return Vec::new();
        };
        self.flash = Some(Flash::TakenUp);
        vec![Effect::Command(Command::TakeUp(id))]
    }

    /// The id by which others know the row: the endToEndId, else the gateway's, else saldo's own.
    fn copy(&mut self) -> Vec<Effect> {
        if let Some(code) = self.code_to_copy() {
            self.flash = Some(Flash::Copied(code.clone()));
            return vec![Effect::Copy(code)];
        }
        let Some(row) = self.current_row() else { return Vec::new() };
        let known = row.end_to_end_id.as_ref().or(row.internal_code.as_ref()).or(row.transaction_id.as_ref());
        let text = known.map_or_else(|| row.id.to_string(), |id| id.as_str().to_owned());
        self.flash = Some(Flash::Copied(text.clone()));
        vec![Effect::Copy(text)]
    }

    /// The code or address of the charge in front, while it can be paid.
    fn code_to_copy(&self) -> Option<String> {
        self.pay_by().map(|pay_by| pay_by.text().to_owned())
    }

    fn pay_by(&self) -> Option<&PayBy> {
        let life = match &self.mode {
            Mode::CashIn(cash_in::Stage::Sent(sent)) => sent.life.as_deref()?,
            Mode::Detail(Detail { life: LifeState::Here(life), .. }) => life,
            _ => return None,
        };
        let charge = &life.incoming.charge.as_ref()?.stored.asked;
        let awaits = charge.state == CashIn::AwaitingPayment;
        charge.pay_by.as_ref().filter(|_| awaits)
    }

    /// The address at which the charge in front is paid, where a terminal may open it: https, all of it plain letters.
    pub(crate) fn address(&self) -> Option<&str> {
        if self.is_private() {
            return None;
        }
        match self.pay_by()? {
            PayBy::PaymentUrl(address)
                if address.starts_with("https://") && address.bytes().all(|byte| byte.is_ascii_graphic()) =>
            {
                Some(address)
            }
            PayBy::PaymentUrl(_) | PayBy::CopyAndPaste(_) => None,
        }
    }

    fn turn_focus(&mut self, forward: bool) {
        let mut panes = vec![Focus::Feed, Focus::Balances];
        if self.facts.band.is_some() {
            panes.push(Focus::Coverage);
        }
        let at = panes.iter().position(|pane| *pane == self.focus).unwrap_or(0);
        let step = if forward { 1 } else { panes.len() - 1 };
        self.focus = panes[(at + step) % panes.len()];
    }

    /// The selected alert or notice is seen; without one, the oldest rebalance in doubt is asked about.
    fn acknowledge(&mut self) -> Vec<Effect> {
        if matches!(self.mode, Mode::Gaps(_)) {
            self.explain_gap();
            return Vec::new();
        }
        let alerts = self.waiting_alerts().len();
        if let Some(alert) = self.chosen_alert() {
            let subject = Subject::Alert(alert.number);
            if !alert.what.kind().wants_note() {
                return vec![Effect::Command(Command::Acknowledge { subject, note: None })];
            }
            self.ask_for_note(Noted::Seen(subject));
        } else if !self.notices.entries().is_empty() {
            self.notices.acknowledge(alerts);
        } else if let Some(doubt) = self.feed.window.rebalances_in_doubt.first() {
            self.mode = Mode::Ask(Question::Acknowledge(doubt.id));
        } else {
            self.flash = Some(Flash::NoNotices);
        }
        Vec::new()
    }

    /// A text that came back takes its place in an empty form.
    pub(super) fn restore_draft(&mut self) {
        if self.cash_out.is_empty()
            && let Some(draft) = self.returned.pop()
        {
            self.cash_out = draft;
        }
    }

    /// What the journal shows of the payee under review. What was asked for another order comes too late.
    pub(super) fn take_findings(&mut self, order: &Order, found: Vec<Finding>) {
        let mode = match &mut self.mode {
            Mode::Help { behind, .. } => &mut **behind,
            mode => mode,
        };
        if let Mode::CashOut(CashOutStage::Review(review)) = mode
            && review.decision.order == *order
        {
            review.findings = found;
        }
    }

    fn review(&mut self, now: Now) -> Vec<Effect> {
        match &mut self.mode {
            Mode::CashOut(stage @ CashOutStage::Editing) => {
                if let Some(mut review) = self.cash_out.review(now.next_id, &self.facts.operator, now.elapsed)
                {
                    if let Some(repeat) = self.feed.repeat_of(&review.decision, now.wall) {
                        review.warn_of(repeat);
                    }
                    let order = review.decision.order.clone();
                    *stage = CashOutStage::Review(Box::new(review));
                    return vec![Effect::Command(Command::LookUpPayee(now.elapsed, Box::new(order)))];
                }
                Vec::new()
            }
            Mode::Rebalance(stage @ Stage::Editing) => {
                self.rebalance.asked = true;
                let Ok(target) = self.rebalance.amount() else { return Vec::new() };
                self.rebalance.trouble = None;
                *stage = Stage::Asking(target);
                vec![Effect::Command(Command::ReviewRebalance { target })]
            }
            Mode::Resolve(_) => {
                self.review_resolve(now);
                Vec::new()
            }
            Mode::Batch(batch::Stage::Editing) => self.review_batch(),
            Mode::CashIn(stage @ cash_in::Stage::Editing) => {
                if let Some(review) = self.cash_in.review(now.next_id, &self.facts.operator, now.elapsed) {
                    *stage = cash_in::Stage::Review(Box::new(review));
                }
                Vec::new()
            }
            Mode::Refund(_) => {
                self.review_refund(now);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// The confirming key. What is confirmed is moved out of the state, so it can be confirmed once.
    fn confirm(&mut self, now: Now) -> Vec<Effect> {
        if !self.can_confirm() {
            if self.can_review_money() {
                self.flash = Some(Flash::NotWhole);
            }
            return Vec::new();
        }
        match std::mem::replace(&mut self.mode, Mode::Home) {
            Mode::CashOut(CashOutStage::Review(mut review)) => {
                if let Err(hint) = review.check(now.elapsed) {
                    review.hint = Some(hint);
                    self.mode = Mode::CashOut(CashOutStage::Review(review));
                    return Vec::new();
                }
                let decision = Box::new(review.decision);
                self.waiting.push(std::mem::take(&mut self.cash_out));
                self.mode = Mode::CashOut(CashOutStage::Sent(Box::new(Sent {
                    decision: decision.clone(),
                    fate: Fate::Waiting,
                    at: now.wall,
                    life: None,
                })));
                vec![Effect::Command(Command::Pay(decision))]
            }
            Mode::Rebalance(Stage::Review(mut review)) => {
                if now.elapsed.saturating_sub(review.opened) > REVIEW_TIME {
                    self.mode = Mode::Rebalance(Stage::Asking(review.target));
                    return vec![Effect::Command(Command::ReviewRebalance { target: review.target })];
                }
                if let Err(hint) = review.check() {
                    review.hint = Some(hint);
                    self.mode = Mode::Rebalance(Stage::Review(review));
                    return Vec::new();
                }
                let command = Command::Rebalance {
                    id: now.next_id,
                    target: review.target,
                    reviewed: Box::new(review.forecast),
                    reason: review.reason.clone(),
                };
                self.mode = Mode::Rebalance(Stage::Sent(review));
                vec![Effect::Command(command)]
            }
            Mode::Resolve(resolve) => self.confirm_resolve(resolve, now),
            Mode::Refund(open) => self.confirm_refund(open, now),
            Mode::Batch(batch::Stage::Review(review)) => self.confirm_batch(review, now),
            Mode::CashIn(cash_in::Stage::Review(mut review)) => {
                if let Err(hint) = review.check(now.elapsed) {
                    review.hint = Some(hint);
                    self.mode = Mode::CashIn(cash_in::Stage::Review(review));
                    return Vec::new();
                }
                let decision = Box::new(review.decision);
                self.mode = Mode::CashIn(cash_in::Stage::Sent(Box::new(cash_in::Sent {
                    decision: decision.clone(),
                    fate: cash_in::Fate::Waiting,
                    at: now.wall,
                    life: None,
                })));
                vec![Effect::Command(Command::Charge(decision))]
            }
            Mode::Ask(Question::Resume) => vec![Effect::Command(Command::ResumePayments)],
            Mode::Ask(Question::Acknowledge(id)) => {
                self.mode = Mode::Notices;
                vec![Effect::Command(Command::AcknowledgeRebalance(id))]
            }
            other => {
                self.mode = other;
                Vec::new()
            }
        }
    }
}

/// A key of a review goes to the amount that is typed again, if it belongs to one; otherwise which key confirms is
/// said.
pub(super) fn retype(field: Option<&mut TextField>, press: KeyPress) -> Option<ReviewHint> {
    let belongs = match press.key {
        Key::Char(character) => press.modifiers.ctrl || "0123456789.,".contains(character),
        _ => true,
    };
    let typed = belongs && field.is_some_and(|field| field.press(press));
    (!typed).then_some(ReviewHint::WhichKey)
}

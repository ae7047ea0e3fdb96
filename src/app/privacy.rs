//! The mask for a screen that others see: what people's data is taken out of the state before it is drawn.
//!
//! Texts are hidden here, where they are known for what they are; amounts, ids and keys among other words are found by
//! their shape when the frame is drawn (`ui::mask`). What was decided is not shown, so it cannot be confirmed either.

use uuid::Uuid;

use super::cash_out::Fate;
use super::palette::Choice;
use super::prompt::Wanted;
use super::{App, CashOutStage, Effect, Flash, Line, LineKind, Mode, batch, cash_in, resolve};
use crate::domain::money::Centavos;
use crate::domain::order::Reference;
use crate::domain::query;
use crate::domain::text::Safe;
use crate::domain::transaction::Transaction;
use crate::engine::message::{BatchSource, Finding, Intent, Life};

/// What stands in the place of something hidden: as long for a short name as for a long one.
pub(crate) const HIDDEN: &str = "••••";

impl App {
    /// Whether amounts, names, keys, documents and references are hidden: on the screen, in copies, in the window's title
    /// and in notifications.
    pub fn is_private(&self) -> bool {
        self.private
    }

    /// Hides people's data, or shows it again.
    pub fn set_private(&mut self, private: bool) {
        self.private = private;
    }

    pub(super) fn toggle_private(&mut self) {
        self.private = !self.private;
        self.flash = Some(if self.private { Flash::Masked } else { Flash::Unmasked });
    }

    /// What leaves the screen while it is masked: nothing that tells of people or money.
    pub(super) fn discreet(&mut self, mut effects: Vec<Effect>) -> Vec<Effect> {
        if self.private {
            let before = effects.len();
            effects.retain(|effect| match effect {
                Effect::Copy(_) => false,
                Effect::Command(_)
                | Effect::Redraw(_)
                | Effect::Quit
                | Effect::Suspend
                | Effect::Repaint
                | Effect::Mouse(_)
                // What is told outside of the screen names no amount while it is masked.
                | Effect::Notify(_)
                | Effect::Title(_)
                | Effect::Bell => true,
            });
            if effects.len() < before {
                self.flash = Some(Flash::NothingCopied);
            }
        }
        effects
    }

    /// The lines of a life, without what tells of people or money: what is not known to be harmless is hidden.
    pub(super) fn discreet_lines(&self, mut lines: Vec<Line>) -> Vec<Line> {
        if !self.private {
            return lines;
        }
        let words = &self.words().detail;
        let harmless = [
            words.state,
            words.meaning,
            words.origin,
            words.happened,
            words.learned,
            words.updated,
            self.words().cash_in.until,
        ];
        for line in &mut lines {
            let is_shown = match line.kind {
                LineKind::Heading | LineKind::Stand(_) | LineKind::Next | LineKind::Blank => true,
                LineKind::Warning => line.label.is_empty(),
                LineKind::Fact => harmless.contains(&line.label.as_str()),
                LineKind::Raw => false,
            };
            if !is_shown {
                HIDDEN.clone_into(&mut line.text);
            }
        }
        lines
    }

    /// The same state without texts that tell of people: what is drawn while the screen is masked.
    pub(crate) fn masked(&self) -> Self {
        let mut app = self.clone();
        // Every field and every mode is named: who adds one decides here whether it has to be hidden.
        let Self {
            facts: _,
            keys: _,
            lang: _,
            clock: _,
            now: _,
            size: _,
            balance: _,
            pace: _,
            feed,
            webhooks: _,
            paused: _,
            history: _,
            exposure: _,
            conservation: _,
            notices,
            watch: _,
            flash,
            focus: _,
            mode,
            cash_out,
            cash_in,
            batch,
            batch_running,
            batch_result,
            waiting: _,
            returned: _,
            rebalance,
            resolves,
            private: _,
            mouse: _,
            past,
            past_wishes: _,
            is_whole: _,
        } = &mut app;
        if let Some(past) = past {
            past.hide();
        }
        for row in feed.window.rows.iter_mut().chain(&mut feed.window.newest) {
            hide_row(row);
        }
        if !feed.terms.is_empty() {
            feed.terms = hidden_terms();
            HIDDEN.clone_into(&mut feed.search);
        }
        if let Some(Flash::Copied(text)) = flash {
            HIDDEN.clone_into(text);
        }
        notices.hide();
        cash_out.hide();
        cash_in.hide();
        batch.hide();
        if let Some(news) = batch_running.as_mut().and_then(|running| running.news.as_mut()) {
            news.name = Safe::new(HIDDEN);
        }
        if let Some((_, Ok(text) | Err(text))) = batch_result {
            *text = Safe::new(HIDDEN);
        }
        rebalance.hide();
        resolves.hide();
        hide_mode(mode);
        app
    }
}

fn hide_mode(mode: &mut Mode) {
    match mode {
        // A life is drawn from its lines, and those are hidden one by one.
        Mode::Detail(_)
        | Mode::Home
        | Mode::Notices
        | Mode::Rebalance(_)
        | Mode::Ask(_)
        | Mode::Batch(batch::Stage::Editing | batch::Stage::Review(_))
        | Mode::CashOut(CashOutStage::Editing | CashOutStage::Review(_))
        | Mode::CashIn(cash_in::Stage::Editing | cash_in::Stage::Review(_)) => {}
        Mode::Help { behind, .. } => hide_mode(behind),
        Mode::Note(note) => {
            note.field.hide();
            hide_mode(&mut note.behind);
        }
        Mode::Gaps(gaps) => gaps.hide(),
        Mode::Handover(page) => page.hide(),
        Mode::Batch(batch::Stage::Asking(BatchSource::File(path))) => hide_text(path),
        Mode::Batch(batch::Stage::Asking(BatchSource::Journal(_))) => {}
        Mode::Batch(batch::Stage::Page(page)) => page.hide(),
        Mode::Search(prompt) => {
            prompt.field.hide();
            match &mut prompt.wanted {
                Wanted::Rows(read) => *read = Ok(query::Filter::default()),
                Wanted::Time(read) | Wanted::Past(read) => *read = Ok(None),
            }
        }
        Mode::Palette(palette) => {
            palette.field.hide();
            for choice in palette.choices_mut() {
                match choice {
                    Choice::Act(_) => {}
                    Choice::Open(row) => hide_row(row),
                    Choice::Pay(payee) => hide_text(&mut payee.name),
                }
            }
        }
        Mode::Paste(pasting) => {
            pasting.hide();
            hide_mode(pasting.behind_mut());
        }
        Mode::CashOut(CashOutStage::Sent(sent)) => {
            hide_text(&mut sent.decision.order.name);
            sent.decision.reference = hidden_reference();
            if let Fate::Existing(intent) | Fate::Taken(intent) = &mut sent.fate {
                hide_intent(intent);
            }
            sent.life.iter_mut().for_each(|life| hide_life(life));
        }
        Mode::CashIn(cash_in::Stage::Sent(sent)) => {
            hide_text(&mut sent.decision.order.name);
            sent.decision.reference = hidden_reference();
            sent.life.iter_mut().for_each(|life| hide_life(life));
        }
        Mode::Refund(open) => {
            open.description.hide();
            open.detail.hide();
        }
        Mode::Resolve(open) => {
            open.detail.hide();
            if let resolve::Stage::Sent(sent) = &mut open.stage {
                match &mut sent.finding {
                    Finding::InternalCode { code, reason } => {
                        hide_text(code);
                        reason.iter_mut().for_each(hide_text);
                    }
                    Finding::NotPaid { statement } => hide_text(statement),
                    Finding::CallOff { reason } => reason.iter_mut().for_each(hide_text),
                    Finding::LookedInto { reason, .. } => hide_text(reason),
                }
                if let resolve::Fate::Recorded(Some(intent)) = &mut sent.fate {
                    hide_intent(intent);
                }
            }
        }
    }
}

pub(super) fn hide_text(text: &mut String) {
    HIDDEN.clone_into(text);
}

pub(super) fn hide_safe(text: &mut Option<Safe>) {
    *text = text.as_ref().map(|_| Safe::new(HIDDEN));
}

/// Its digits are hidden when the frame is drawn.
pub(super) fn hidden_reference() -> Reference {
    Reference::parse("0000").unwrap_or_else(|_| Reference::from_id(Uuid::nil()))
}

fn hidden_terms() -> query::Filter {
    use crate::domain::query::{Times, parse};
    let times = Times { now: jiff::Timestamp::UNIX_EPOCH, zone: jiff::tz::TimeZone::UTC };
    parse("name:x", &times).unwrap_or_default()
}

pub(super) fn hide_row(row: &mut Transaction) {
    for text in [
        &mut row.internal_code,
        &mut row.transaction_id,
        &mut row.external_reference,
        &mut row.end_to_end_id,
        &mut row.name,
        &mut row.document,
        &mut row.failure,
    ] {
        hide_safe(text);
    }
    // All the same length: that of an amount tells how large it is.
    row.amount = row.amount.map(|_| Centavos::ZERO);
}

fn hide_intent(intent: &mut Intent) {
    hide_text(&mut intent.order.name);
    intent.order.description.iter_mut().for_each(hide_text);
    intent.reason.iter_mut().for_each(hide_text);
    intent.reference = hidden_reference();
}

/// What is drawn line by line is hidden line by line.
pub(super) fn hide_life(life: &mut Life) {
    hide_row(&mut life.transaction);
    life.intent.iter_mut().for_each(hide_intent);
}

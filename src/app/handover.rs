//! The page on which a shift is handed over: what would be handed over now, or what waits to be taken.

use jiff::Timestamp;

use super::detail::Lines;
use super::feed::Motion;
use super::gaps::Noted;
use super::keymap::{Action, Place};
use super::privacy::HIDDEN;
use super::{App, Effect, Line, LineKind, Mode};
use crate::domain::handover::Handover;
use crate::engine::message::{Command, ShiftAtHand, StoredHandover};

/// The page.
#[derive(Debug, Clone, Default)]
pub(crate) struct Page {
    pub(crate) shown: Shown,
    pub(crate) scroll: usize,
    /// How many more wait to be accepted.
    more: usize,
    /// Others see the screen: the headings stay, what they hold does not.
    hidden: bool,
}

/// What the page shows.
#[derive(Debug, Clone, Default)]
pub(crate) enum Shown {
    /// The journal is being read, or written.
    #[default]
    Reading,
    /// What would be handed over now, and the shift before, if anybody handed one over.
    Draft(Box<ShiftAtHand>),
    /// A shift that was handed over.
    Stored(Box<StoredHandover>),
    /// Why nothing can be shown, or was not recorded.
    Failed(String),
}

impl Page {
    pub(super) fn go(&mut self, motion: Motion, last: usize, page: usize) {
        self.scroll = motion.within(self.scroll, last + 1, page);
    }

    pub(super) const fn hide(&mut self) {
        self.hidden = true;
    }

    fn show(&mut self, shown: Shown) {
        *self = Self { shown, more: self.more, ..Self::default() };
    }
}

impl App {
    pub(super) fn open_handover(&mut self) -> Vec<Effect> {
        self.mode = Mode::Handover(Page::default());
        vec![Effect::Command(Command::LookAtShift)]
    }

    /// What is at hand: a shift that somebody else handed over comes before one's own.
    pub(super) fn take_shift(&mut self, found: Result<Box<ShiftAtHand>, String>) {
        let (shown, more) = match found {
            Ok(hand) => match hand.waiting.split_first() {
                Some((oldest, others)) => (Shown::Stored(Box::new(oldest.clone())), others.len()),
                None => (Shown::Draft(hand), 0),
            },
            Err(why) => (Shown::Failed(why), 0),
        };
        if let Some(page) = self.handover_page() {
            page.show(shown);
            page.more = more;
        }
    }

    /// A shift was handed over or taken, or was not.
    pub(super) fn take_handover(&mut self, outcome: Result<Box<StoredHandover>, String>) {
        let shown = match outcome {
            Ok(stored) => Shown::Stored(stored),
            Err(why) => Shown::Failed(why),
        };
        if let Some(page) = self.handover_page() {
            page.show(shown);
        }
    }

    fn handover_page(&mut self) -> Option<&mut Page> {
        match self.front() {
            Mode::Handover(page) => Some(page),
            _ => None,
        }
    }

    pub(super) fn can_hand_over(page: &Page) -> bool {
        matches!(page.shown, Shown::Draft(_))
    }

    pub(super) fn can_accept_shift(&self, page: &Page) -> bool {
        match &page.shown {
            Shown::Stored(stored) => {
                stored.accepted.is_none() && !stored.document.by.is(&self.facts.operator)
            }
            Shown::Reading | Shown::Draft(_) | Shown::Failed(_) => false,
        }
    }

    /// Asks what the next person has to know; nothing is an answer, too.
    pub(super) fn ask_for_shift_note(&mut self) {
        let Mode::Handover(page) = &self.mode else { return };
        let Shown::Draft(hand) = &page.shown else { return };
        let since = hand.draft.since;
        self.ask_for_note(Noted::Shift(since));
    }

    /// Hands over with what was typed; a line is shorter than the longest note.
    pub(super) fn hand_over(&mut self, since: Timestamp, text: String) -> Vec<Effect> {
        if let Some(page) = self.handover_page() {
            page.show(Shown::Reading);
        }
        let note = Some(text).filter(|text| !text.is_empty());
        vec![Effect::Command(Command::HandOver { since, note })]
    }

    pub(super) fn accept_shift(&mut self) -> Vec<Effect> {
        let Mode::Handover(page) = &self.mode else { return Vec::new() };
        let Shown::Stored(stored) = &page.shown else { return Vec::new() };
        if !self.can_accept_shift(page) {
            return Vec::new();
        }
        vec![Effect::Command(Command::AcceptShift(stored.document.id))]
    }

    /// The page, line by line.
    pub(crate) fn handover_lines(&self, page: &Page) -> Vec<Line> {
        let words = self.lang.shift();
        let mut lines = Lines::default();
        let time = |at| self.clock.full(at);
        match &page.shown {
            Shown::Reading => lines.push(LineKind::Raw, "", words.reading),
            Shown::Failed(why) => lines.push(LineKind::Warning, "", &self.lang.raw_error(why)),
            Shown::Draft(hand) => {
                lines.push(LineKind::Raw, "", words.draft);
                if let Some(last) = hand.last.as_ref().filter(|last| last.accepted.is_none()) {
                    lines.push(LineKind::Warning, "", &self.lang.shift_waits(&time(last.document.until)));
                }
                self.handover_document(&mut lines, &hand.draft);
            }
            Shown::Stored(stored) => {
                let document = &stored.document;
                match &stored.accepted {
                    Some((at, by)) => {
                        lines.push(LineKind::Raw, "", &self.lang.shift_accepted(by, &time(*at)));
                    }
                    None if document.by.is(&self.facts.operator) => {
                        lines.push(LineKind::Raw, "", words.handed_over);
                    }
                    None => lines.push(LineKind::Warning, "", &self.lang.shift_to_accept(&document.by)),
                }
                if page.more > 0 {
                    let keys = self.keys.key_of(Place::Home, Action::Handover, self.lang);
                    lines.push(LineKind::Warning, "", &self.lang.more_shifts(page.more, &keys));
                }
                self.handover_document(&mut lines, document);
            }
        }
        let mut lines = lines.0;
        if page.hidden {
            for line in &mut lines {
                if matches!(line.kind, LineKind::Fact | LineKind::Raw | LineKind::Warning) {
                    HIDDEN.clone_into(&mut line.text);
                    // A label may be a batch's or a payment's name.
                    line.label.clear();
                }
            }
        }
        lines
    }

    fn handover_document(&self, lines: &mut Lines, document: &Handover) {
        for (at, part) in self.lang.handover(document, &|at| self.clock.full(at)).iter().enumerate() {
            // The pane is called like the first.
            match at {
                0 => lines.push(LineKind::Blank, "", ""),
                _ => lines.heading(part.title),
            }
            for (label, value) in &part.lines {
                match part.lines.len() {
                    1 if label.is_empty() => lines.push(LineKind::Raw, "", value),
                    _ => lines.fact(label, value),
                }
            }
        }
    }
}

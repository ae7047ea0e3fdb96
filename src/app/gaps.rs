//! The gaps of the wallet: when it changed without anybody telling saldo, what may explain it, what a person found.

use jiff::Timestamp;

use super::feed::Motion;
use super::privacy::hide_text;
use super::{App, Detail, Effect, Flash, LifeState, Mode, TextField};
use crate::domain::alert::What;
use crate::domain::conservation::Gap;
use crate::domain::gap::{GapFile, Reason};
use crate::engine::message::{Command, Subject};

/// The list of gaps.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gaps {
    /// Newest first; `None` before they were read; or why they cannot be.
    pub(crate) files: Option<Result<Vec<GapFile>, String>>,
    /// The gap that the keyboard is at, however the list changes.
    chosen: Option<Gap>,
}

/// What is being typed about something that is acknowledged, over the list that it stands in.
#[derive(Debug, Clone)]
pub(crate) struct Note {
    pub(crate) field: TextField,
    pub(crate) about: Noted,
    pub(crate) behind: Box<Mode>,
}

/// What a note is about.
#[derive(Debug, Clone)]
pub(crate) enum Noted {
    /// Something that is acknowledged with it.
    Seen(Subject),
    /// The shift since then, which is handed over with it, or without.
    Shift(Timestamp),
}

impl Gaps {
    fn at(gap: Option<Gap>) -> Self {
        Self { files: None, chosen: gap }
    }

    fn list(&self) -> &[GapFile] {
        match &self.files {
            Some(Ok(files)) => files,
            _ => &[],
        }
    }

    pub(crate) fn selected_index(&self) -> usize {
        let chosen = self.chosen.as_ref();
        let is_it = |file: &GapFile| chosen.is_some_and(|gap| file.gap.is_same(gap));
        self.list().iter().position(is_it).unwrap_or(0)
    }

    fn selected(&self) -> Option<&GapFile> {
        self.list().get(self.selected_index())
    }

    pub(super) fn go(&mut self, motion: Motion) {
        let index = motion.from(self.selected_index(), self.list().len());
        self.chosen = self.list().get(index).map(|file| file.gap);
    }

    /// Takes out what tells of people.
    pub(super) fn hide(&mut self) {
        for file in self.files.iter_mut().flatten().flatten() {
            if let Some(note) = file.explained.as_mut().and_then(|explained| explained.note.as_mut()) {
                hide_text(note);
            }
        }
    }

    fn take(&mut self, found: Result<Vec<GapFile>, String>) {
        self.files = Some(found.map(|mut files| {
            files.reverse();
            files
        }));
        self.chosen = self.selected().map(|file| file.gap);
    }
}

impl App {
    /// Opens the list, at this gap where there is one.
    pub(super) fn open_gaps(&mut self, gap: Option<Gap>) -> Vec<Effect> {
        self.mode = Mode::Gaps(Gaps::at(gap));
        vec![Effect::Command(Command::LookAtGaps)]
    }

    pub(super) fn take_gaps(&mut self, found: Result<Vec<GapFile>, String>) {
        match self.front() {
            Mode::Gaps(gaps) => gaps.take(found),
            Mode::Note(note) => {
                if let Mode::Gaps(gaps) = note.behind.as_mut() {
                    gaps.take(found);
                }
            }
            _ => {}
        }
    }

    /// Begins to say what was found of the selected gap.
    pub(super) fn explain_gap(&mut self) {
        let Mode::Gaps(gaps) = &self.mode else { return };
        match gaps.selected() {
            Some(file) if file.explained.is_none() => {
                let subject = Subject::Gap(file.gap);
                self.ask_for_note(Noted::Seen(subject));
            }
            Some(_) => self.flash = Some(Flash::AlreadySeen),
            None => self.flash = Some(Flash::NoNotices),
        }
    }

    pub(super) fn ask_for_note(&mut self, about: Noted) {
        let behind = Box::new(std::mem::replace(&mut self.mode, Mode::Home));
        self.mode = Mode::Note(Note { field: TextField::default(), about, behind });
    }

    /// What was typed is recorded; nothing is not.
    pub(super) fn accept_note(&mut self) -> Vec<Effect> {
        let Mode::Note(note) = std::mem::replace(&mut self.mode, Mode::Home) else { return Vec::new() };
        let text = note.field.text().trim().to_owned();
        if text.is_empty() && matches!(note.about, Noted::Seen(_)) {
            self.mode = Mode::Note(note);
            self.flash = Some(Flash::NoteWanted);
            return Vec::new();
        }
        self.mode = *note.behind;
        match note.about {
            Noted::Seen(subject) => {
                vec![Effect::Command(Command::Acknowledge { subject, note: Some(text) })]
            }
            Noted::Shift(since) => self.hand_over(since, text),
        }
    }

    /// The life of the first suspect that has one.
    pub(super) fn open_suspect(&mut self) -> Vec<Effect> {
        let Mode::Gaps(gaps) = &self.mode else { return Vec::new() };
        let suspects = gaps.selected().map(|file| file.suspects.as_slice()).unwrap_or_default();
        let row = suspects
            .iter()
            .find(|suspect| suspect.reason != Reason::RebalanceInDoubt && suspect.id.is_some());
        let Some(id) = row.and_then(|suspect| suspect.id) else { return Vec::new() };
        self.mode = Mode::Detail(Detail { id, life: LifeState::Loading, scroll: 0, behind: None });
        vec![Effect::Command(Command::ShowLife(Some(id)))]
    }

    /// An acknowledgement was recorded, or was not; what shows gaps reads them again.
    pub(super) fn acknowledged(&mut self, outcome: Result<(), String>) -> Vec<Effect> {
        self.flash = Some(match outcome {
            Ok(()) => Flash::Seen,
            Err(reason) => Flash::NotSeen(reason),
        });
        match self.front() {
            Mode::Gaps(_) => vec![Effect::Command(Command::LookAtGaps)],
            _ => Vec::new(),
        }
    }
}

/// The gap that an alert is about.
pub(super) const fn gap_of(what: &What) -> Option<Gap> {
    match what {
        What::UnexplainedDifference { gap, .. } => Some(*gap),
        _ => None,
    }
}

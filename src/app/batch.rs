//! Paying the lines of a file: where it lies, what it would do, and how far it has got.
//!
//! The file is read by the engine; what comes back is frozen for the review. The batch then goes on behind whatever else the
//! screen shows. [`Page`] shows the lines of one, whoever has begun it.

mod page;

use std::time::Duration;

use uuid::Uuid;

use super::cash_out::{RETYPE_ABOVE, REVIEW_TIME, ReviewHint, check_retyped};
use super::feed::Motion;
use super::field::TextField;
use super::key::KeyPress;
use super::{App, Effect, HIDDEN, Mode, Notice, Now};
use crate::domain::batch::{Line, Mistake, Repeat, total};
use crate::domain::cash_out::State;
use crate::domain::money::Centavos;
use crate::domain::pace::WhatIf;
use crate::domain::payee::Finding;
use crate::domain::text::Safe;
use crate::engine::message::{
    BatchNews, BatchSource, BatchTrouble, Command, Examined, Progress, ResultFile, ResultPlace, StoredBatch,
};

pub(crate) use page::{Lines, Page};

/// The form: the file, and what was wrong with the last one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Draft {
    pub(crate) path: TextField,
    pub(crate) trouble: Option<BatchTrouble>,
    /// The first of the mistakes that is in sight.
    pub(crate) scroll: usize,
    /// The newest batches of the journal, newest first.
    pub(crate) listed: Vec<(StoredBatch, Progress)>,
    /// The one of them that enter opens; `None`: it is the file's.
    pub(crate) chosen: Option<usize>,
}

/// Where the way from the file to the gateway has got to.
#[derive(Debug, Clone)]
pub(crate) enum Stage {
    /// The form.
    Editing,
    /// This is being read.
    Asking(BatchSource),
    /// What it would do, frozen.
    Review(Box<Review>),
    /// A batch and its lines.
    Page(Box<Page>),
}

impl Stage {
    /// The page, where that is open.
    pub(super) fn page(&self) -> Option<&Page> {
        match self {
            Self::Page(page) => Some(page),
            Self::Editing | Self::Asking(_) | Self::Review(_) => None,
        }
    }
}

/// A file as it was frozen for the review.
#[derive(Debug, Clone)]
pub(crate) struct Review {
    /// Where it is from.
    pub(super) source: BatchSource,
    pub(crate) examined: Examined,
    /// The first of the lines that is in sight.
    pub(crate) scroll: usize,
    /// The sum once more, for a large one and where lines look like repeats.
    pub(crate) retype: Option<TextField>,
    opened: Duration,
    pub(crate) hint: Option<ReviewHint>,
}

/// The batch that the screen has decided last.
#[derive(Debug, Clone)]
pub(crate) struct Running {
    pub(crate) id: Uuid,
    pub(crate) count: usize,
    /// Its file as it was typed, if it was opened from one.
    pub(super) file: Option<String>,
    /// How far it has got; `None` before the first news.
    pub(crate) news: Option<BatchNews>,
    /// The engine could not take it.
    pub(crate) is_refused: bool,
}

/// A line of the review, for the eye.
pub(crate) struct Row<'a> {
    pub(crate) line: &'a Line,
    /// Where its payment stands, if the journal has it.
    pub(crate) known: Option<State>,
    pub(crate) repeat: Option<&'a Repeat>,
    /// Why its payee asks for a second look.
    pub(crate) payee: Option<&'a Finding>,
}

impl Draft {
    /// Takes out what tells of people.
    pub(super) fn hide(&mut self) {
        self.path.hide();
        // A mistake quotes what it is about.
        self.trouble = self.trouble.take().map(|_| BatchTrouble::File(Safe::new(HIDDEN)));
        for (batch, _) in &mut self.listed {
            batch.name = Safe::new(HIDDEN);
            batch.total = Centavos::ZERO;
        }
    }

    /// A key of the form's line: whoever types wants a file.
    pub(super) fn press(&mut self, press: KeyPress) {
        if self.path.press(press) {
            self.chosen = None;
        }
    }

    /// An empty line; what the journal has stays.
    pub(super) fn clear(&mut self) {
        *self = Self { listed: std::mem::take(&mut self.listed), ..Self::default() };
    }

    /// The newest batches, as far as they could be read.
    pub(super) fn take_listed(&mut self, listed: Result<Vec<(StoredBatch, Progress)>, String>) {
        self.listed = listed.unwrap_or_default();
        self.chosen = self.chosen.filter(|chosen| *chosen < self.listed.len());
    }

    /// From the line to the newest batch, and on.
    fn step(&mut self, forward: bool) {
        self.chosen = match (self.chosen, forward) {
            (None, true) => (!self.listed.is_empty()).then_some(0),
            (None | Some(0), false) => None,
            (Some(at), true) => Some((at + 1).min(self.listed.len().saturating_sub(1))),
            (Some(at), false) => Some(at - 1),
        };
    }
}

impl Review {
    pub(super) fn new(source: BatchSource, examined: Examined, opened: Duration) -> Self {
        let mut review = Self { source, examined, scroll: 0, retype: None, opened, hint: None };
        let is_large = review.paying() > RETYPE_ABOVE;
        review.retype = (is_large || !review.examined.repeats.is_empty()).then(TextField::default);
        review
    }

    /// The sum of what is paid now.
    pub(crate) fn paying(&self) -> Centavos {
        total(self.examined.new_lines().map(|line| line.order.amount))
    }

    /// Its lines, those that look like repeats first and then those with an odd payee, as they have to be seen.
    pub(crate) fn rows(&self) -> Vec<Row<'_>> {
        let known = |number: u32| {
            let known = &self.examined.known;
            known.binary_search_by_key(&number, |(line, _)| *line).ok().map(|place| known[place].1)
        };
        let repeat = |number: u32| self.examined.repeats.iter().find(|repeat| repeat.line == number);
        let payee = |number: u32| {
            let payees = &self.examined.payees;
            payees.binary_search_by_key(&number, |(line, _)| *line).ok().map(|place| &payees[place].1)
        };
        let mut rows: Vec<Row<'_>> = self
            .examined
            .batch
            .lines
            .iter()
            .map(|line| Row {
                line,
                known: known(line.number),
                repeat: repeat(line.number),
                payee: payee(line.number),
            })
            .collect();
        rows.sort_by_key(|row| (row.repeat.is_none(), row.payee.is_none()));
        rows
    }

    /// Whether the confirming key may count now; otherwise why not.
    fn check(&mut self, elapsed: Duration) -> Result<(), ReviewHint> {
        if elapsed.saturating_sub(self.opened) > REVIEW_TIME {
            // Looked at again from here.
            self.opened = elapsed;
            return Err(ReviewHint::Expired);
        }
        check_retyped(self.retype.as_ref(), self.paying())
    }
}

impl Running {
    /// Whether lines are still being begun.
    pub(crate) fn is_at_work(&self) -> bool {
        !self.is_refused && self.news.as_ref().is_none_or(|news| news.ended.is_none())
    }

    /// How many lines are answered, and how many there are.
    pub(crate) fn part(&self) -> (u32, u32) {
        let known = self.news.as_ref().map(|news| news.progress).filter(|progress| progress.all() > 0);
        match known {
            Some(progress) => (progress.answered(), progress.all()),
            None => (0, u32::try_from(self.count).unwrap_or(u32::MAX)),
        }
    }
}

impl App {
    /// The form, or the batch that is at work: there is one at a time.
    pub(super) fn open_batch(&mut self) -> Vec<Effect> {
        match &self.batch_running {
            Some(running) if running.is_at_work() => {
                let id = running.id;
                self.open_batch_page(id)
            }
            _ => {
                self.mode = Mode::Batch(Stage::Editing);
                vec![Effect::Command(Command::ListBatches)]
            }
        }
    }

    /// Asks the engine for what the file would do; or opens the batch that is chosen.
    pub(super) fn review_batch(&mut self) -> Vec<Effect> {
        if let Some((batch, _)) = self.batch.chosen.and_then(|chosen| self.batch.listed.get(chosen)) {
            let id = batch.id;
            return self.open_batch_page(id);
        }
        let path = self.batch.path.text().trim().to_owned();
        self.batch.trouble = None;
        self.batch.scroll = 0;
        if path.is_empty() {
            return Vec::new();
        }
        let source = BatchSource::File(path);
        self.mode = Mode::Batch(Stage::Asking(source.clone()));
        vec![Effect::Command(Command::ReadBatch(source))]
    }

    /// The engine has read the file, or the journal's batch.
    pub(super) fn batch_read(
        &mut self,
        source: &BatchSource,
        outcome: Result<Examined, BatchTrouble>,
        now: Now,
    ) -> Vec<Effect> {
        let Mode::Batch(stage) = self.front() else { return Vec::new() };
        // The answer to an older question says nothing of this one.
        if !matches!(stage, Stage::Asking(asked) if asked == source) {
            return Vec::new();
        }
        match outcome {
            Ok(examined) => {
                *stage = Stage::Review(Box::new(Review::new(source.clone(), examined, now.elapsed)));
            }
            Err(trouble) => {
                *stage = Stage::Editing;
                self.batch.trouble = Some(trouble);
            }
        }
        Vec::new()
    }

    /// What was reviewed is paid. It is moved out of the state, so it can be confirmed once.
    pub(super) fn confirm_batch(&mut self, mut review: Box<Review>, now: Now) -> Vec<Effect> {
        if let Err(hint) = review.check(now.elapsed) {
            review.hint = Some(hint);
            self.mode = Mode::Batch(Stage::Review(review));
            return Vec::new();
        }
        let batch = Box::new(review.examined.batch);
        let id = batch.id();
        let file = match review.source {
            BatchSource::File(path) => Some(path),
            BatchSource::Journal(_) => None,
        };
        let result = file
            .clone()
            .map(|path| ResultFile { place: ResultPlace::BesideFile(path), form: self.lang.result_form() });
        self.batch = Draft::default();
        self.batch_result = None;
        self.batch_running =
            Some(Running { id, count: batch.lines.len(), file, news: None, is_refused: false });
        let mut effects = vec![Effect::Command(Command::PayBatch { batch, result })];
        effects.extend(self.open_batch_page(id));
        effects
    }

    /// A batch has got further, or ends.
    pub(super) fn batch_told(&mut self, news: BatchNews, now: Now) -> Vec<Effect> {
        let has_ended = news.ended.is_some();
        let is_seen = matches!(self.front(), Mode::Batch(Stage::Page(page)) if page.id == news.id);
        let told = (has_ended && !is_seen).then(|| Notice::Batch(Box::new(news.clone())));
        if let Some(running) = self.batch_running.as_mut().filter(|running| running.id == news.id) {
            running.news = Some(news);
        }
        match told {
            Some(notice) => {
                self.notices.push(notice, now.wall);
                vec![Effect::Bell]
            }
            None => Vec::new(),
        }
    }

    /// The engine could not take it; nothing of it was sent.
    pub(super) fn batch_not_taken(&mut self) {
        if let Some(running) = &mut self.batch_running {
            running.is_refused = true;
        }
        self.notices.push(Notice::Busy, self.now);
    }

    /// Through the mistakes of a file, or to what the journal has.
    pub(super) fn step_batch(&mut self, forward: bool) -> Vec<Effect> {
        if !self.batch_mistakes().is_empty() {
            return self.scroll_batch(if forward { Motion::Down } else { Motion::Up });
        }
        self.batch.step(forward);
        Vec::new()
    }

    /// Moves through the lines of the review or of the page, or the mistakes.
    pub(super) fn scroll_batch(&mut self, motion: Motion) -> Vec<Effect> {
        let mistakes = self.batch_mistakes().len();
        match &mut self.mode {
            Mode::Batch(Stage::Review(review)) => {
                let rows = review.examined.batch.lines.len();
                review.scroll = motion.from(review.scroll, rows);
            }
            Mode::Batch(Stage::Editing) => {
                self.batch.scroll = motion.from(self.batch.scroll, mistakes);
            }
            Mode::Batch(Stage::Page(_)) => return self.go_in_batch(motion),
            _ => {}
        }
        Vec::new()
    }

    /// What is wrong with the file that was read last.
    pub(crate) fn batch_mistakes(&self) -> &[Mistake] {
        match &self.batch.trouble {
            Some(BatchTrouble::Mistakes(mistakes)) => mistakes,
            _ => &[],
        }
    }

    /// What the transactional balance comes to once `paying` has left; `None` while no balance is known.
    pub(crate) fn what_if(&self, paying: Centavos) -> Option<WhatIf> {
        Some(WhatIf { before: self.balance.transactional()?, paying, pending: self.pending() })
    }

    /// Cash-outs of saldo's that are decided and have not settled, those in doubt included.
    pub(crate) fn pending(&self) -> Centavos {
        let totals = &self.feed.window.totals;
        total([totals.in_flight.amount, totals.in_doubt.amount])
    }
}

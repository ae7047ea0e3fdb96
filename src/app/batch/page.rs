//! The page of a batch: its lines as they stand now, in a window of the journal, and what can be done with it.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::super::feed::{Motion, PAGE};
use super::super::privacy::{HIDDEN, hide_row, hide_text};
use super::super::{App, Detail, Effect, Flash, LifeState, Mode};
use super::Stage;
use crate::domain::money::Centavos;
use crate::domain::text::Safe;
use crate::engine::message::{BatchPage, BatchPart, BatchRow, BatchSource, Command, ResultFile, ResultPlace};

/// With fewer lines than this left towards an end of the window, another one is asked for.
const EDGE: usize = 40;

/// A batch of which no line was begun for so long is not at work: lines are begun all the time.
const QUIET: SignedDuration = SignedDuration::from_secs(60);

/// A batch and its lines.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) id: Uuid,
    /// Only lines that are neither paid nor accepted.
    pub(crate) unpaid: bool,
    /// The number of the line that the keyboard is at; of the next one where that is not among the wanted.
    chosen: u32,
    pub(crate) lines: Lines,
}

/// What is known of the lines.
#[derive(Debug, Clone)]
pub(crate) enum Lines {
    /// Asked for.
    Loading,
    /// The journal has no such batch.
    Gone,
    /// These.
    Here(Box<BatchPage>),
}

impl Page {
    pub(crate) fn new(id: Uuid) -> Self {
        Self { id, unpaid: false, chosen: 0, lines: Lines::Loading }
    }

    /// What is asked for: the lines around the chosen one.
    pub(in crate::app) fn asked(&self) -> Effect {
        let part = BatchPart { id: self.id, unpaid: self.unpaid, around: self.chosen, limit: PAGE };
        Effect::Command(Command::ShowBatch(Some(part)))
    }

    pub(crate) fn here(&self) -> Option<&BatchPage> {
        match &self.lines {
            Lines::Here(page) => Some(page),
            Lines::Loading | Lines::Gone => None,
        }
    }

    pub(crate) fn rows(&self) -> &[BatchRow] {
        self.here().map_or(&[], |page| &page.rows)
    }

    /// Where the chosen line is among those of the window.
    pub(crate) fn selected(&self) -> usize {
        let rows = self.rows();
        rows.partition_point(|row| row.number < self.chosen).min(rows.len().saturating_sub(1))
    }

    /// The payment of the chosen line.
    pub(in crate::app) fn chosen_payment(&self) -> Option<Uuid> {
        let row = self.rows().get(self.selected()).filter(|row| !row.is_taken)?;
        row.payment.as_ref().map(|payment| payment.id)
    }

    /// Moves the choice. Whether other lines have to be asked for.
    fn go(&mut self, motion: Motion) -> bool {
        let Some(page) = self.here() else { return false };
        let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let (above, all) = (count(page.above), count(page.all));
        let wanted = motion.from(above + self.selected(), all);
        let last = page.rows.len().saturating_sub(1);
        let (has_above, has_below) = (above > 0, above + page.rows.len() < all);
        self.chosen = match motion {
            Motion::Top => 0,
            Motion::Bottom => u32::MAX,
            _ => page.rows.get(wanted.saturating_sub(above).min(last)).map_or(self.chosen, |row| row.number),
        };
        let at = self.selected();
        has_above && at < EDGE || has_below && last - at < EDGE
    }

    fn take(&mut self, page: Option<Box<BatchPage>>) {
        match page {
            Some(page) if page.batch.id == self.id => self.lines = Lines::Here(page),
            // Late news of a batch that was open before.
            Some(_) => {}
            None => self.lines = Lines::Gone,
        }
    }

    /// Since when nobody begins the lines that are left, if so it seems.
    pub(crate) fn stands_since(&self, now: Timestamp) -> Option<Timestamp> {
        let page = self.here().filter(|page| page.progress.waiting.count > 0)?;
        (now.duration_since(page.touched_at) >= QUIET).then_some(page.touched_at)
    }

    /// Takes out what tells of people.
    pub(in crate::app) fn hide(&mut self) {
        if let Lines::Here(page) = &mut self.lines {
            page.batch.name = Safe::new(HIDDEN);
            page.batch.total = Centavos::ZERO;
            for row in &mut page.rows {
                hide_text(&mut row.name);
                hide_text(&mut row.reference);
                row.amount = Centavos::ZERO;
                row.payment.iter_mut().for_each(hide_row);
            }
        }
    }
}

impl App {
    /// Opens the page of a batch.
    pub(in crate::app) fn open_batch_page(&mut self, id: Uuid) -> Vec<Effect> {
        let page = Page::new(id);
        let asked = page.asked();
        self.mode = Mode::Batch(Stage::Page(Box::new(page)));
        vec![asked]
    }

    fn batch_page(&mut self) -> Option<&mut Page> {
        match self.front() {
            Mode::Batch(Stage::Page(page)) => Some(page),
            _ => None,
        }
    }

    /// The lines are as they are now. Where nobody looks at them any more, they are not read any more.
    pub(in crate::app) fn take_batch_page(&mut self, lines: Option<Box<BatchPage>>) -> Vec<Effect> {
        // A batch that was decided a moment ago is not recorded yet.
        let is_on_its_way = |running: &super::Running, id| running.id == id && running.is_at_work();
        let is_early = lines.is_none()
            && match (&self.batch_running, &self.mode) {
                (Some(running), Mode::Batch(Stage::Page(page))) => is_on_its_way(running, page.id),
                _ => false,
            };
        match self.batch_page() {
            Some(page) => {
                if !is_early {
                    page.take(lines);
                }
                Vec::new()
            }
            None => vec![Effect::Command(Command::ShowBatch(None))],
        }
    }

    /// Only what is not paid, or everything.
    pub(in crate::app) fn narrow_batch(&mut self) -> Vec<Effect> {
        let Some(page) = self.batch_page() else { return Vec::new() };
        page.unpaid = !page.unpaid;
        vec![page.asked()]
    }

    /// Goes through the lines.
    pub(super) fn go_in_batch(&mut self, motion: Motion) -> Vec<Effect> {
        let Some(page) = self.batch_page() else { return Vec::new() };
        if page.go(motion) { vec![page.asked()] } else { Vec::new() }
    }

    /// The life of the chosen line's payment; the batch comes back after it.
    pub(in crate::app) fn open_batch_line(&mut self) -> Vec<Effect> {
        let Mode::Batch(Stage::Page(page)) = &mut self.mode else { return Vec::new() };
        let Some(id) = page.chosen_payment() else { return Vec::new() };
        let behind = Some(std::mem::replace(page, Box::new(Page::new(id))));
        self.mode = Mode::Detail(Detail { id, life: LifeState::Loading, scroll: 0, behind });
        vec![Effect::Command(Command::ShowBatch(None)), Effect::Command(Command::ShowLife(Some(id)))]
    }

    /// Whether lines of the batch are left that this screen may begin.
    pub(in crate::app) fn can_resume(&self, page: &Page) -> bool {
        let is_at_work = self.batch_running.as_ref().is_some_and(super::Running::is_at_work);
        let may_be_left = match &page.lines {
            // The review says it.
            Lines::Loading => true,
            Lines::Gone => false,
            Lines::Here(here) => here.progress.waiting.count > 0,
        };
        !is_at_work && may_be_left
    }

    /// Asks for what going on would do: the review of what is left.
    pub(in crate::app) fn resume_batch(&mut self) -> Vec<Effect> {
        let Mode::Batch(Stage::Page(page)) = &self.mode else { return Vec::new() };
        if !self.can_resume(page) {
            let is_at_work = self.batch_running.as_ref().is_some_and(super::Running::is_at_work);
            self.flash = Some(if is_at_work { Flash::BatchAtWork } else { Flash::NothingToResume });
            return Vec::new();
        }
        let source = BatchSource::Journal(page.id);
        self.mode = Mode::Batch(Stage::Asking(source.clone()));
        vec![Effect::Command(Command::ShowBatch(None)), Effect::Command(Command::ReadBatch(source))]
    }

    /// Back from the review: to the form, or to the page that it was asked for from.
    pub(in crate::app) fn leave_batch_review(&mut self, source: &BatchSource) -> Vec<Effect> {
        match source {
            BatchSource::File(_) => {
                self.mode = Mode::Batch(Stage::Editing);
                Vec::new()
            }
            BatchSource::Journal(id) => self.open_batch_page(*id),
        }
    }

    /// Writes down what became of each line: beside the file, where that is known.
    pub(in crate::app) fn write_batch_result(&mut self) -> Vec<Effect> {
        let Mode::Batch(Stage::Page(page)) = &self.mode else { return Vec::new() };
        let Some(name) = page.here().map(|here| here.batch.name.to_string()) else { return Vec::new() };
        let file = self.batch_running.as_ref().filter(|running| running.id == page.id);
        let place = match file.and_then(|running| running.file.clone()) {
            Some(path) => ResultPlace::BesideFile(path),
            None => ResultPlace::AtHome(name),
        };
        let file = ResultFile { place, form: self.lang.result_form() };
        vec![Effect::Command(Command::WriteBatchResult { id: page.id, file })]
    }
}

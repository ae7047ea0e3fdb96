//! What is done with a paste that no text field takes: what it can be, and what is offered for that.
//!
//! The box never acts by itself and sends nothing. What is chosen opens, looks for, or fills in a form.

use super::keymap::Action;
use uuid::Uuid;

use super::cash_out::{Draft, Slot};
use super::feed::Motion;
use super::field::clean;
use super::privacy::{HIDDEN, hide_row, hide_text};
use super::{App, CashOutStage, Effect, Flash, LifeState, Mode, batch, cash_in, rebalance, refund, resolve};
use crate::domain::br_code::{BrCode, Target};
use crate::domain::document::Document;
use crate::domain::money::Centavos;
use crate::domain::order::Destination;
use crate::domain::paste::{Meaning, Pasted, SheetLine, recognise};
use crate::domain::payee::Payee;
use crate::domain::pix_key::PixKey;
use crate::domain::query::{Filter, parse};
use crate::domain::transaction::Transaction;
use crate::engine::message::{Command, Sought};

/// Longer lines are no id, and as words to look for they find nothing.
const MOST_SOUGHT: usize = 100;
/// Transactions of one id that are offered: an id names one, a reference that was used again a few.
const MOST_OPEN: usize = 3;

/// A paste, what it can be, and what can be done with it.
#[derive(Debug, Clone)]
pub(crate) struct Pasting {
    pub(crate) pasted: Pasted,
    /// Where it was pasted.
    pub(super) behind: Mode,
    /// The line in one piece, as the journal is asked for it; nothing where there are several.
    sought: String,
    choices: Vec<Choice>,
    selected: usize,
}

/// Something that can be done with it.
#[derive(Debug, Clone)]
pub(crate) enum Choice {
    /// Open the life of the transaction that has this id.
    Open(Box<Transaction>),
    /// Pay somebody again who was paid before.
    Again(Box<Payee>),
    /// Fill in the cash-out form.
    Fill(Filling),
    /// Put it into the line of the form as it is.
    Type(String),
    /// Show the transactions that fit this.
    Find(String, Filter),
    /// Open the form for files of payments.
    Batch,
}

/// What the cash-out form is filled with.
#[derive(Debug, Clone)]
pub(crate) enum Filling {
    Code(Box<BrCode>),
    Line(SheetLine),
    Key(PixKey),
    Document(Document),
    Amount(Centavos),
}

impl Pasting {
    /// What is offered, the likeliest first.
    pub(crate) fn choices(&self) -> &[Choice] {
        &self.choices
    }

    /// Which of them the keyboard is at.
    pub(crate) const fn selected(&self) -> usize {
        self.selected
    }

    /// Whether the cash-out form is open behind it.
    pub(crate) fn is_in_form(&self) -> bool {
        matches!(self.behind, Mode::CashOut(CashOutStage::Editing))
    }

    pub(super) fn behind_mut(&mut self) -> &mut Mode {
        &mut self.behind
    }

    pub(super) fn select(&mut self, index: usize) {
        self.selected = index.min(self.choices.len().saturating_sub(1));
    }

    pub(super) fn go(&mut self, motion: Motion) {
        self.selected = motion.from(self.selected, self.choices.len());
    }

    /// Takes out what tells of people.
    pub(super) fn hide(&mut self) {
        self.pasted.lines.iter_mut().for_each(hide_text);
        for choice in &mut self.choices {
            match choice {
                Choice::Open(row) => hide_row(row),
                Choice::Again(payee) => hide_text(&mut payee.name),
                // Told without its text while the screen is masked.
                Choice::Fill(_) | Choice::Type(_) | Choice::Find(..) | Choice::Batch => {}
            }
        }
    }

    /// What the journal found is offered above the rest. What a person is at stays selected: an answer that comes late
    /// must not change what enter does.
    pub(super) fn take(&mut self, sought: Sought) {
        let is_told = self.choices.iter().any(|one| matches!(one, Choice::Again(_)));
        if sought.text != self.sought || self.sought.is_empty() || is_told {
            return;
        }
        let has = |id: Uuid| self.choices.iter().any(|one| matches!(one, Choice::Open(row) if row.id == id));
        let rows =
            sought.rows.into_iter().filter(|row| is_named(row, &self.sought) && !has(row.id)).take(MOST_OPEN);
        let rows: Vec<Choice> = rows.map(|row| Choice::Open(Box::new(row))).collect();
        let meanings = &self.pasted.meanings;
        let payees = sought.payees.into_iter().filter(|payee| is_meant(payee, meanings));
        let again: Vec<Choice> = payees.map(|payee| Choice::Again(Box::new(payee))).collect();
        self.selected += if self.choices.is_empty() { 0 } else { rows.len() + again.len() };
        self.choices.splice(0..0, rows.into_iter().chain(again));
    }
}

/// Whether the transaction has this id, of whichever kind.
fn is_named(row: &Transaction, text: &str) -> bool {
    let ids = [&row.end_to_end_id, &row.internal_code, &row.transaction_id, &row.external_reference];
    ids.into_iter().flatten().any(|id| id.as_str() == text)
        || Uuid::try_parse(text).is_ok_and(|id| id == row.id)
}

/// Whether the payee has this key or document.
fn is_meant(payee: &Payee, meanings: &[Meaning]) -> bool {
    meanings.iter().any(|meaning| match meaning {
        Meaning::Key(key) => payee.destination == Destination::Pix(key.clone()),
        Meaning::Document(document) => payee.document == *document,
        _ => false,
    })
}

impl App {
    /// What a paste does where no text is typed: nothing but offer.
    pub(super) fn paste_aside(&mut self, text: &str) -> Vec<Effect> {
        if !takes_pastes(&self.mode) {
            self.flash = Some(Flash::NotPasted);
            return Vec::new();
        }
        let behind = match std::mem::replace(&mut self.mode, Mode::Home) {
            // Another paste takes the place of the one before.
            Mode::Paste(before) => before.behind,
            mode => mode,
        };
        self.offer(text, behind)
    }

    /// Whether the paste is more than the line of the form that it would go into: then it is offered, not typed.
    pub(super) fn is_more_than_an_amount(&self, text: &str) -> bool {
        if self.cash_out.focus != Slot::Amount {
            return false;
        }
        let meanings = recognise(text).meanings;
        let fits = |meaning: &Meaning| matches!(meaning, Meaning::Amount(_) | Meaning::BrCode(_));
        !meanings.iter().all(fits)
    }

    /// Opens the box over the form.
    pub(super) fn offer_in_form(&mut self, text: &str) -> Vec<Effect> {
        self.offer(text, Mode::CashOut(CashOutStage::Editing))
    }

    fn offer(&mut self, text: &str, behind: Mode) -> Vec<Effect> {
        let pasted = recognise(text);
        if pasted.lines.is_empty() {
            self.mode = behind;
            return Vec::new();
        }
        let line = clean(text);
        let is_short = pasted.lines.len() == 1 && line.chars().count() <= MOST_SOUGHT;
        let sought = if is_short { line.clone() } else { String::new() };
        let in_form = matches!(behind, Mode::CashOut(CashOutStage::Editing));
        let choices = self.offered_for(&pasted, &line, in_form);
        let seek = (!sought.is_empty()).then(|| Effect::Command(Command::Seek(Some(sought.clone()))));
        self.mode = Mode::Paste(Box::new(Pasting { pasted, behind, sought, choices, selected: 0 }));
        seek.into_iter().collect()
    }

    fn offered_for(&self, pasted: &Pasted, line: &str, in_form: bool) -> Vec<Choice> {
        let times = self.clock.times(self.now);
        let find = |query: String| {
            let terms = parse(&query, &times).ok().filter(|terms| !terms.is_empty())?;
            Some(Choice::Find(query, terms))
        };
        let open = self.feed.rows().filter(|row| is_named(row, line)).take(MOST_OPEN);
        let mut choices: Vec<Choice> = open.map(|row| Choice::Open(Box::new(row.clone()))).collect();
        let mut fills = Vec::new();
        let mut finds = Vec::new();
        for meaning in &pasted.meanings {
            match meaning {
                Meaning::BrCode(code) if matches!(code.target, Target::Key { .. }) => {
                    fills.push(Choice::Fill(Filling::Code(code.clone())));
                }
                Meaning::Line(line) => fills.push(Choice::Fill(Filling::Line(line.clone()))),
                Meaning::Lines(_) => fills.push(Choice::Batch),
                Meaning::Key(key) => fills.push(Choice::Fill(Filling::Key(key.clone()))),
                Meaning::Document(document) if in_form => {
                    fills.push(Choice::Fill(Filling::Document(document.clone())));
                }
                Meaning::Amount(amount) if !in_form => fills.push(Choice::Fill(Filling::Amount(*amount))),
                _ => {}
            }
            finds.extend(meaning.query().and_then(find));
        }
        if in_form {
            fills.push(Choice::Type(line.to_owned()));
        }
        // As words, where none of its meanings is looked for as such.
        let has_own_words = |meaning: &Meaning| {
            !matches!(meaning, Meaning::Key(_) | Meaning::BrCode(_) | Meaning::Document(_))
        };
        if !pasted.meanings.iter().any(has_own_words) {
            let words = line.chars().filter(|one| !matches!(one, '"' | '“' | '”')).take(MOST_SOUGHT);
            finds.extend(find(format!("\"{}\"", words.collect::<String>().trim())));
        }
        // A key, a code, a line are there to be paid; everything else is first of all something to find.
        let first = pasted.meanings.first();
        let is_paid = |meaning: &Meaning| {
            matches!(meaning, Meaning::Key(_) | Meaning::BrCode(_) | Meaning::Line(_) | Meaning::Lines(_))
        };
        if in_form || first.is_some_and(is_paid) {
            choices.extend(fills.into_iter().chain(finds));
        } else {
            choices.extend(finds.into_iter().chain(fills));
        }
        choices
    }

    /// Does what is selected.
    pub(super) fn choose_for_paste(&mut self) -> Vec<Effect> {
        let Mode::Paste(pasting) = &mut self.mode else { return Vec::new() };
        let Some(choice) = pasting.choices.get(pasting.selected).cloned() else { return Vec::new() };
        let behind = std::mem::replace(&mut pasting.behind, Mode::Home);
        let in_form = matches!(behind, Mode::CashOut(CashOutStage::Editing));
        let mut effects = vec![Effect::Command(Command::Seek(None))];
        match choice {
            Choice::Open(row) => effects.extend(self.open_life(row.id)),
            Choice::Again(payee) => effects.extend(self.begin(Draft::to(&payee))),
            Choice::Fill(Filling::Line(line)) => effects.extend(self.begin(Draft::of_line(&line))),
            Choice::Fill(filling) if in_form => {
                self.cash_out.fill(&filling);
                self.mode = behind;
            }
            Choice::Fill(filling) => {
                let mut draft = Draft::default();
                draft.fill(&filling);
                effects.extend(self.begin(draft));
            }
            Choice::Type(text) => {
                self.cash_out.paste(&text);
                self.mode = behind;
            }
            Choice::Find(query, terms) => {
                self.mode = Mode::Home;
                self.feed.find(&query, terms);
                effects.extend(self.start());
            }
            Choice::Batch => effects.extend(self.open_batch()),
        }
        effects
    }

    /// Opens the form with this text in it. A text that was begun comes back with the next empty form.
    pub(super) fn begin(&mut self, draft: Draft) -> Vec<Effect> {
        if self.refuses(Action::CashOut) {
            return Vec::new();
        }
        let begun = std::mem::replace(&mut self.cash_out, draft);
        if !begun.is_empty() {
            self.returned.push(begun);
        }
        self.mode = Mode::CashOut(CashOutStage::Editing);
        vec![Effect::Command(Command::ShowLife(None))]
    }

    /// Back to where it was pasted.
    pub(super) fn close_paste(&mut self, pasting: Pasting) -> Vec<Effect> {
        self.mode = pasting.behind;
        vec![Effect::Command(Command::Seek(None))]
    }
}

/// Whether a paste has a place there: nothing is typed, nothing is asked, and no answer is waited for.
fn takes_pastes(mode: &Mode) -> bool {
    match mode {
        Mode::Home | Mode::Notices | Mode::Gaps(_) | Mode::Handover(_) | Mode::Paste(_) => true,
        Mode::Detail(detail) => !matches!(detail.life, LifeState::Gone),
        Mode::CashOut(CashOutStage::Sent(_))
        | Mode::CashIn(cash_in::Stage::Sent(_))
        | Mode::Rebalance(rebalance::Stage::Sent(_) | rebalance::Stage::Ended(_))
        | Mode::Batch(batch::Stage::Page(_)) => true,
        Mode::Resolve(open) => matches!(open.stage, resolve::Stage::Sent(_)),
        Mode::Refund(open) => matches!(open.stage, refund::Stage::Sent(..)),
        _ => false,
    }
}

/// What stands for a text that a masked screen does not tell.
pub(crate) fn told(text: &str, is_private: bool) -> &str {
    if is_private { HIDDEN } else { text }
}

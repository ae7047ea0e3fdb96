//! The palette: what can be done here, transactions and payees, found by a few letters of theirs.
//!
//! It opens what a key would open and sends nothing: what moves money is decided in a form and its review.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use uuid::Uuid;

use super::cash_out::Draft;
use super::feed::Motion;
use super::key::KeyPress;
use super::keymap::{Action, Keymap, Place};
use super::{App, Detail, Effect, Flash, LifeState, Mode, Now, TextField};
use crate::domain::order::Destination;
use crate::domain::payee::Payee;
use crate::domain::text::Safe;
use crate::domain::transaction::Transaction;
use crate::engine::message::{Command, Favour, Sought};
use crate::lang::Lang;

/// More than fit a screen are not offered: another letter finds what is not there.
const SHOWN: usize = 60;

/// The palette as it is open.
#[derive(Debug, Clone)]
pub(crate) struct Palette {
    pub(crate) field: TextField,
    /// Where it was asked for.
    pub(super) behind: Mode,
    /// What can be done there.
    actions: Vec<Action>,
    rows: Vec<Transaction>,
    payees: Vec<Payee>,
    choices: Vec<Choice>,
    selected: usize,
}

/// Something that can be opened.
#[derive(Debug, Clone)]
pub(crate) enum Choice {
    /// What a key does.
    Act(Action),
    /// The life of a transaction.
    Open(Box<Transaction>),
    /// A cash-out to somebody who was paid before.
    Pay(Box<Payee>),
}

impl Choice {
    /// What is sought in.
    fn words(&self, lang: Lang) -> String {
        match self {
            Self::Act(action) => {
                format!("{} {}", action.term(&lang.words().actions).long, action.id())
            }
            Self::Open(row) => {
                let ids = [&row.name, &row.external_reference, &row.internal_code, &row.end_to_end_id];
                let amount = row.amount.map(|amount| amount.to_string()).unwrap_or_default();
                let ids = ids.into_iter().flatten().map(Safe::as_str);
                ids.chain([amount.as_str(), lang.state(row.state)]).collect::<Vec<_>>().join(" ")
            }
            Self::Pay(payee) => match &payee.destination {
                Destination::Pix(key) => format!("{} {} {}", payee.name, key.as_str(), payee.document),
                Destination::Account(account) => {
                    format!("{} {} {}", payee.name, account.account, payee.document)
                }
            },
        }
    }
}

impl Palette {
    fn new(behind: Mode, actions: Vec<Action>, rows: Vec<Transaction>, lang: Lang) -> Self {
        let field = TextField::default();
        let (payees, choices) = (Vec::new(), Vec::new());
        let mut palette = Self { field, behind, actions, rows, payees, choices, selected: 0 };
        palette.match_anew(lang);
        palette
    }

    /// What fits what is typed, the best first.
    pub(crate) fn choices(&self) -> &[Choice] {
        &self.choices
    }

    pub(super) fn choices_mut(&mut self) -> &mut [Choice] {
        &mut self.choices
    }

    /// Selects what was clicked on.
    pub(super) fn select(&mut self, index: usize) {
        self.selected = index.min(self.choices.len().saturating_sub(1));
    }

    /// Which of them the keyboard is at.
    pub(crate) const fn selected(&self) -> usize {
        self.selected
    }

    pub(super) fn go(&mut self, motion: Motion) {
        self.selected = motion.from(self.selected, self.choices.len());
    }

    pub(super) fn press(&mut self, press: KeyPress, lang: Lang) -> Vec<Effect> {
        let before = self.field.text().to_owned();
        self.field.press(press);
        self.typed(&before, lang)
    }

    pub(super) fn paste(&mut self, text: &str, lang: Lang) -> Vec<Effect> {
        let before = self.field.text().to_owned();
        self.field.paste(text);
        self.typed(&before, lang)
    }

    fn typed(&mut self, before: &str, lang: Lang) -> Vec<Effect> {
        if self.field.text() == before {
            return Vec::new();
        }
        self.selected = 0;
        self.match_anew(lang);
        vec![Effect::Command(Command::Seek(Some(self.field.text().to_owned())))]
    }

    /// What the journal found. It was asked for with this text, or comes too late.
    fn take(&mut self, sought: Sought, lang: Lang) {
        if sought.text != self.field.text() {
            return;
        }
        let chosen = self.chosen_payee().map(|payee| payee.destination.clone());
        self.payees = sought.payees;
        self.rows = sought.rows;
        self.match_anew(lang);
        // A payee that moves up takes the cursor along.
        if let Some(chosen) = chosen {
            let is_chosen =
                |choice: &Choice| matches!(choice, Choice::Pay(payee) if payee.destination == chosen);
            self.selected = self.choices.iter().position(is_chosen).unwrap_or(self.selected);
        }
    }

    /// The payee that the keyboard is at.
    pub(crate) fn chosen_payee(&self) -> Option<&Payee> {
        match self.choices.get(self.selected)? {
            Choice::Pay(payee) => Some(payee),
            Choice::Act(_) | Choice::Open(_) => None,
        }
    }

    fn match_anew(&mut self, lang: Lang) {
        let acts = self.actions.iter().map(|action| Choice::Act(*action));
        let payees = self.payees.iter().map(|payee| Choice::Pay(Box::new(payee.clone())));
        let rows = self.rows.iter().map(|row| Choice::Open(Box::new(row.clone())));
        let all = acts.chain(payees).chain(rows);
        let pattern = Pattern::parse(self.field.text(), CaseMatching::Ignore, Normalization::Smart);
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut buffer = Vec::new();
        let mut scored: Vec<(u32, Choice)> = all
            .filter_map(|choice| {
                let words = choice.words(lang);
                let score = pattern.score(Utf32Str::new(&words, &mut buffer), &mut matcher)?;
                Some((score, choice))
            })
            .collect();
        // Stable: of what fits as well, actions stand before payees, and those before transactions.
        scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        scored.truncate(SHOWN);
        self.choices = scored.into_iter().map(|(_, choice)| choice).collect();
        self.selected = self.selected.min(self.choices.len().saturating_sub(1));
    }
}

/// Whether the palette offers it: not what only moves the cursor, and never what answers a review or sends bytes again.
fn is_offered(action: Action) -> bool {
    !matches!(
        action,
        Action::Down
            | Action::Up
            | Action::PageDown
            | Action::PageUp
            | Action::Confirm
            | Action::Review
            | Action::Accept
            | Action::NextField
            | Action::PreviousField
            | Action::ClearForm
            | Action::Earlier
            | Action::Later
            | Action::MuchEarlier
            | Action::MuchLater
            | Action::HourEarlier
            | Action::HourLater
            | Action::NextChange
            | Action::PreviousChange
            | Action::Palette
            | Action::TakeUp
            | Action::Favour
            // Leaving the palette goes back.
            | Action::Close
    )
}

/// What the palette offers at a place.
fn offered(keymap: &Keymap, place: Place) -> impl Iterator<Item = Action> {
    keymap.actions(place).filter(|action| is_offered(*action))
}

impl App {
    pub(super) fn open_palette(&mut self) -> Vec<Effect> {
        let actions = offered(&self.keys, self.place()).filter(|action| self.offers(*action)).collect();
        let rows = self.feed.rows().cloned().collect();
        let behind = std::mem::replace(&mut self.mode, Mode::Home);
        self.mode = Mode::Palette(Box::new(Palette::new(behind, actions, rows, self.lang)));
        vec![Effect::Command(Command::Seek(Some(String::new())))]
    }

    pub(super) fn take_sought(&mut self, sought: Sought) {
        let lang = self.lang;
        // Also behind the help.
        let mode = match &mut self.mode {
            Mode::Help { behind, .. } => &mut **behind,
            mode => mode,
        };
        match mode {
            Mode::Palette(palette) => palette.take(sought, lang),
            Mode::Paste(pasting) => pasting.take(sought),
            _ => {}
        }
    }

    /// Opens what is selected, as its key would.
    pub(super) fn choose(&mut self, now: Now) -> Vec<Effect> {
        let Mode::Palette(palette) = &mut self.mode else { return Vec::new() };
        let Some(choice) = palette.choices.get(palette.selected).cloned() else { return Vec::new() };
        self.mode = std::mem::replace(&mut palette.behind, Mode::Home);
        let mut effects = vec![Effect::Command(Command::Seek(None))];
        match choice {
            Choice::Act(action) => effects.extend(self.act(action, now)),
            Choice::Open(row) => effects.extend(self.open_life(row.id)),
            Choice::Pay(payee) => effects.extend(self.begin(Draft::to(&payee))),
        }
        effects
    }

    /// Makes the selected payee a favourite, or takes that back.
    pub(super) fn favour(&mut self) -> Vec<Effect> {
        let Mode::Palette(palette) = &self.mode else { return Vec::new() };
        let Some(payee) = palette.chosen_payee() else { return Vec::new() };
        let favour = Favour { destination: payee.destination.clone(), is_favourite: !payee.is_favourite };
        vec![Effect::Command(Command::Favour(Box::new(favour)))]
    }

    /// Has the payees read anew where they are in sight.
    pub(super) fn favoured(&mut self, outcome: Result<(), String>) -> Vec<Effect> {
        if let Err(reason) = outcome {
            self.flash = Some(Flash::NotSeen(reason));
        }
        match self.mode {
            Mode::Palette(_) => vec![Effect::Command(Command::SeekAnew)],
            _ => Vec::new(),
        }
    }

    pub(super) fn open_life(&mut self, id: Uuid) -> Vec<Effect> {
        self.mode = Mode::Detail(Detail { id, life: LifeState::Loading, scroll: 0, behind: None });
        vec![Effect::Command(Command::ShowLife(Some(id)))]
    }
}

//! The table in use: what a key means, and how that is told.

use super::{Action, BINDINGS, EVERYWHERE, Place, YES};
use crate::app::key::{Key, KeyPress, Modifiers};
use crate::lang::Lang;

/// Which key means what, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    pub(super) rows: Vec<Row>,
}

/// What an action is bound to in a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Where; `None` is everywhere.
    pub place: Option<Place>,
    /// What.
    pub action: Action,
    pub(super) keys: Keys,
    /// Whether the footer names it.
    pub(super) footer: bool,
}

/// The keys of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Keys {
    /// The same in every language.
    Same(Vec<KeyPress>),
    /// The initial of "yes".
    Yes,
}

/// A line of the help, or an entry of the footer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The keys, as a person reads them.
    pub keys: String,
    /// What they do.
    pub words: &'static str,
}

impl Row {
    /// Its keys in a language. None: it is not bound.
    pub fn keys(&self, lang: Lang) -> &[KeyPress] {
        match &self.keys {
            Keys::Same(keys) => keys,
            Keys::Yes => YES.iter().find(|(one, _)| *one == lang).map_or(&[], |(_, keys)| keys),
        }
    }

    fn is_at(&self, place: Place) -> bool {
        self.place.is_none_or(|one| one == place)
    }

    fn entry(&self, lang: Lang) -> Option<Entry> {
        let keys: Vec<String> = self.keys(lang).iter().map(|press| press_words(*press, lang)).collect();
        let words = self.action.term(&lang.words().actions).long;
        (!keys.is_empty()).then(|| Entry { keys: keys.join(" "), words })
    }
}

/// What saldo ships.
impl Default for Keymap {
    fn default() -> Self {
        let own = BINDINGS.iter().map(|binding| Row {
            place: Some(binding.place),
            action: binding.action,
            keys: match binding.action {
                Action::Confirm => Keys::Yes,
                _ => Keys::Same(binding.keys.to_vec()),
            },
            footer: binding.footer,
        });
        let everywhere = EVERYWHERE.iter().map(|(action, keys)| Row {
            place: None,
            action: *action,
            keys: Keys::Same(keys.to_vec()),
            footer: false,
        });
        Self { rows: own.chain(everywhere).collect() }
    }
}

impl Keymap {
    /// Every row, in the order of footer and help.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter()
    }

    /// What `press` means at `place`, if it is bound there.
    pub fn action(&self, place: Place, press: KeyPress, lang: Lang) -> Option<Action> {
        let bound = |row: &&Row| row.is_at(place) && row.keys(lang).contains(&press);
        self.rows.iter().find(bound).map(|row| row.action)
    }

    /// The footer of a place: its most wanted keys, one each, of the actions that can do something.
    pub fn footer(&self, place: Place, lang: Lang, offers: &dyn Fn(Action) -> bool) -> Vec<Entry> {
        let shown = self.rows.iter().filter(|row| row.footer && row.is_at(place) && offers(row.action));
        let entry = |row: &Row| {
            let keys = press_words(*row.keys(lang).first()?, lang);
            Some(Entry { keys, words: row.action.term(&lang.words().actions).short })
        };
        shown.filter_map(entry).collect()
    }

    /// The first key of an action at a place, as a person reads it; nothing where it is not bound.
    pub fn key_of(&self, place: Place, action: Action, lang: Lang) -> String {
        let row = self.rows.iter().find(|row| row.is_at(place) && row.action == action);
        let press = row.and_then(|row| row.keys(lang).first());
        press.map(|press| press_words(*press, lang)).unwrap_or_default()
    }

    /// What can be done at a place, in the order of the footer: what the palette offers.
    pub fn actions(&self, place: Place) -> impl Iterator<Item = Action> {
        self.rows.iter().filter(move |row| row.is_at(place)).map(|row| row.action)
    }

    /// Every key of every place, of the actions that can do something: the help. It begins with the place that it was
    /// asked for in.
    pub fn help(
        &self,
        from: Place,
        lang: Lang,
        offers: &dyn Fn(Action) -> bool,
    ) -> Vec<(&'static str, Vec<Entry>)> {
        let entries = |place: Option<Place>| -> Vec<Entry> {
            let here = self.rows.iter().filter(|row| row.place == place && offers(row.action));
            here.filter_map(|row| row.entry(lang)).collect()
        };
        let others = Place::ALL.into_iter().filter(|place| *place != from);
        let places = std::iter::once(from).chain(others);
        let mut all: Vec<_> = places.map(|place| (place_words(place, lang), entries(Some(place)))).collect();
        all.push((lang.words().places.everywhere, entries(None)));
        all
    }

    /// How many lines the help has: a heading and a blank line for each place.
    pub fn help_lines(&self, lang: Lang, offers: &dyn Fn(Action) -> bool) -> usize {
        self.help(Place::Home, lang, offers).iter().map(|(_, entries)| entries.len() + 2).sum()
    }
}

fn press_words(press: KeyPress, lang: Lang) -> String {
    let words = &lang.words().keys;
    match press {
        KeyPress { key: Key::PageDown, modifiers: Modifiers::NONE } => words.page_down.to_owned(),
        KeyPress { key: Key::PageUp, modifiers: Modifiers::NONE } => words.page_up.to_owned(),
        other => other.to_string(),
    }
}

fn place_words(place: Place, lang: Lang) -> &'static str {
    let words = &lang.words().places;
    match place {
        Place::Home => words.home,
        Place::Search => words.search,
        Place::Past => words.past,
        Place::Detail => words.detail,
        Place::Notices => words.notices,
        Place::Palette => words.palette,
        Place::Paste => words.paste,
        Place::Help => words.help,
        Place::Form => words.form,
        Place::Review => words.review,
        Place::Outcome => words.outcome,
        Place::Batch => lang.batch().running_title,
        Place::Handover => lang.shift().title,
    }
}

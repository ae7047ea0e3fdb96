//! What the configuration binds anew, and the rules that no binding can break.
//!
//! A key has one meaning in a place. What confirms is a letter that means nothing anywhere else, so it is never the
//! key that opened the review. Places can always be left, the help always be opened, saldo always be ended.

use std::collections::HashMap;

use super::bound::Keys;
use super::{Action, Keymap, Place, Row, YES};
use crate::app::key::{Key, KeyNameError, KeyPress, Modifiers};

/// An action and the keys that it shall have in every place where it counts; none: it shall have none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The action's id.
    pub id: String,
    /// The keys' names.
    pub keys: Vec<String>,
}

/// A wish that cannot be met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Which of the wishes.
    pub at: usize,
    /// Another wish that stands against it. Without one it is a binding of saldo's own.
    pub against: Option<usize>,
    /// Why.
    pub why: RebindError,
}

/// Why keys cannot be bound so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RebindError {
    /// No action has this id.
    #[error("there is no action {0:?}")]
    UnknownAction(String),
    /// Not the name of a key.
    #[error(transparent)]
    Name(#[from] KeyNameError),
    /// It never arrives: terminals send another key's byte for it.
    #[error("terminals cannot tell {0} from {1}")]
    Indistinct(KeyPress, KeyPress),
    /// Two meanings in one place.
    #[error("{press} would be both {one} and {other} in the place {place:?}")]
    Twice {
        /// The key.
        press: KeyPress,
        /// The place's id.
        place: &'static str,
        /// The action that it was to be bound to.
        one: &'static str,
        /// The action that it is bound to.
        other: &'static str,
    },
    /// A way out that must stay.
    #[error("{0} must keep a key")]
    Needed(&'static str),
    /// Not a letter.
    #[error("{0} cannot confirm a review")]
    NotALetter(KeyPress),
    /// A character, for what counts only where texts are typed.
    #[error("{0} is typed into the text wherever {1} counts")]
    InText(KeyPress, &'static str),
    /// What confirms means nothing else anywhere.
    #[error("{press} confirms reviews, so it cannot be {other} in the place {place:?}")]
    Confirms {
        /// The key.
        press: KeyPress,
        /// The place's id.
        place: &'static str,
        /// The action that it was to be bound to.
        other: &'static str,
    },
}

impl RebindError {
    /// What to write instead.
    pub fn remedy(&self) -> String {
        match self {
            Self::UnknownAction(_) => "`saldo keys` lists the actions".to_owned(),
            Self::Name(_) => "docs/keys.md has the names of keys".to_owned(),
            Self::Indistinct(_, same) => format!("write {same}"),
            Self::Twice { .. } => "give one of the two another key".to_owned(),
            Self::Needed(_) => "without it a place could not be left, explained or answered".to_owned(),
            Self::InText(..) => "take a key that is no character, such as enter, tab or f5".to_owned(),
            Self::NotALetter(_) => "what confirms is a letter, typed on purpose".to_owned(),
            Self::Confirms { .. } => {
                "what confirms has no other meaning anywhere, in either language: take another key".to_owned()
            }
        }
    }
}

/// Actions without which a place is a trap.
const NEEDED: [Action; 7] = [
    Action::Close,
    Action::Quit,
    Action::Help,
    Action::Confirm,
    // Nothing would come to a review.
    Action::Review,
    Action::Accept,
    // A masked screen could not be unmasked.
    Action::Private,
];

/// Control characters that are keys of their own: the byte is the same.
const SAME_BYTE: [(char, Key); 3] = [('i', Key::Tab), ('m', Key::Enter), ('[', Key::Escape)];

impl Keymap {
    /// saldo's own table with these wishes met, all of them or none.
    ///
    /// Where a text is typed a character is a part of it: there such a key is passed over, and where none is left the
    /// default stays.
    ///
    /// # Errors
    ///
    /// The first wish that breaks a rule, and which.
    pub fn rebound(wishes: &[Wish]) -> Result<Self, Refusal> {
        let mut keymap = Self::default();
        let mut wished = Vec::new();
        for (at, wish) in wishes.iter().enumerate() {
            let action = keymap.meet(wish).map_err(|why| Refusal { at, against: None, why })?;
            wished.push(action);
        }
        match keymap.fault() {
            None => Ok(keymap),
            Some(Fault { actions: [one, other], why }) => {
                let wish_for = |action| wished.iter().position(|wished| *wished == action);
                let (at, against) = match (wish_for(one), wish_for(other)) {
                    (Some(at), against) => (at, against.filter(|against| *against != at)),
                    (None, at) => (at.unwrap_or_default(), None),
                };
                Err(Refusal { at, against, why })
            }
        }
    }

    fn meet(&mut self, wish: &Wish) -> Result<Action, RebindError> {
        let action = Action::ALL.iter().copied().find(|action| action.id() == wish.id);
        let action = action.ok_or_else(|| RebindError::UnknownAction(wish.id.clone()))?;
        let mut keys = Vec::new();
        for name in &wish.keys {
            let press: KeyPress = name.parse()?;
            if let Some(same) = same_byte(press) {
                return Err(RebindError::Indistinct(press, same));
            }
            if !keys.contains(&press) {
                keys.push(press);
            }
        }
        if keys.is_empty() && NEEDED.contains(&action) {
            return Err(RebindError::Needed(action.id()));
        }
        let is_letter = |press: &KeyPress| {
            matches!(press.key, Key::Char(character) if character.is_alphabetic())
                && press.modifiers == Modifiers::NONE
        };
        if let Some(press) = keys.iter().find(|press| action == Action::Confirm && !is_letter(press)) {
            return Err(RebindError::NotALetter(*press));
        }
        let takes = |row: &Row, press: &KeyPress| row.place.is_none_or(|place| place.takes(*press));
        let is_passed_over =
            |press: &KeyPress| !self.rows.iter().any(|row| row.action == action && takes(row, press));
        if let Some(press) = keys.iter().find(|press| is_passed_over(press)) {
            return Err(RebindError::InText(*press, action.id()));
        }
        for row in self.rows.iter_mut().filter(|row| row.action == action) {
            let counts = |press: &KeyPress| takes(row, press);
            let here: Vec<KeyPress> = keys.iter().copied().filter(counts).collect();
            if keys.is_empty() || !here.is_empty() {
                row.keys = Keys::Same(here);
            }
        }
        Ok(action)
    }

    /// The first rule that the table breaks.
    fn fault(&self) -> Option<Fault> {
        let confirming: Vec<KeyPress> =
            self.rows.iter().filter(|row| row.action == Action::Confirm).flat_map(Row::all_keys).collect();
        for place in Place::ALL {
            let mut meanings = HashMap::new();
            let here = self.rows.iter().filter(|row| row.place.is_none_or(|one| one == place));
            for (action, press) in here.flat_map(|row| row.all_keys().map(|press| (row.action, press))) {
                if let Some(other) = meanings.insert(press, action) {
                    return Some(twice_fault(press, place, other, action));
                }
                if place != Place::Review && confirming.contains(&press) {
                    let why = RebindError::Confirms { press, place: place.id(), other: action.id() };
                    return Some(Fault { actions: [action, Action::Confirm], why });
                }
            }
        }
        None
    }
}

/// A broken rule, and whose keys break it.
struct Fault {
    actions: [Action; 2],
    why: RebindError,
}

fn twice_fault(press: KeyPress, place: Place, one: Action, other: Action) -> Fault {
    let why = if one == Action::Confirm || other == Action::Confirm {
        let other = if one == Action::Confirm { other } else { one };
        RebindError::Confirms { press, place: place.id(), other: other.id() }
    } else {
        RebindError::Twice { press, place: place.id(), one: one.id(), other: other.id() }
    };
    Fault { actions: [one, other], why }
}

fn same_byte(press: KeyPress) -> Option<KeyPress> {
    let Key::Char(character) = press.key else { return None };
    let (_, key) = SAME_BYTE.iter().find(|(one, _)| *one == character && press.modifiers.ctrl)?;
    Some(KeyPress { key: *key, modifiers: Modifiers { ctrl: false, ..press.modifiers } })
}

impl Row {
    /// Its keys in any language: the language can be changed at any moment.
    fn all_keys(&self) -> impl Iterator<Item = KeyPress> {
        let yes = YES.iter().flat_map(|(_, keys)| *keys);
        let (same, yes) = match &self.keys {
            Keys::Same(keys) => (keys.as_slice(), None),
            Keys::Yes => (&[][..], Some(yes)),
        };
        same.iter().chain(yes.into_iter().flatten()).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Lang;

    fn bound(wishes: &[(&str, &[&str])]) -> Result<Keymap, Refusal> {
        let wish = |(id, keys): &(&str, &[&str])| Wish {
            id: (*id).to_owned(),
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        };
        Keymap::rebound(&wishes.iter().map(wish).collect::<Vec<_>>())
    }

    fn press(name: &str) -> KeyPress {
        name.parse().unwrap()
    }

    #[test]
    fn a_wish_holds_wherever_the_action_counts() {
        let keymap = bound(&[("feed.open", &["o", "enter"]), ("list.down", &["ctrl-n"])]).unwrap();
        for place in [Place::Home, Place::Notices, Place::Outcome] {
            assert_eq!(keymap.action(place, press("o"), Lang::En), Some(Action::Open), "{place:?}");
        }
        assert_eq!(keymap.action(Place::Home, press("j"), Lang::En), None);
        assert_eq!(keymap.action(Place::Help, press("ctrl-n"), Lang::En), Some(Action::Down));
        assert_eq!(keymap.key_of(Place::Home, Action::Open, Lang::En), "o");
        assert!(keymap.footer(Place::Home, Lang::En, &|_| true).iter().any(|entry| entry.keys == "o"));
        let help = keymap.help(Place::Notices, Lang::En, &|_| true);
        assert!(help[0].1.iter().any(|entry| entry.keys == "o enter"), "{help:?}");
        assert_eq!(bound(&[]).unwrap(), Keymap::default());
    }

    #[test]
    fn an_empty_list_unbinds() {
        let keymap = bound(&[("rebalance.open", &[])]).unwrap();
        assert_eq!(keymap.action(Place::Home, press("b"), Lang::En), None);
        assert!(keymap.footer(Place::Home, Lang::En, &|_| true).iter().all(|entry| entry.keys != "b"));
        // What it had is free for others.
        assert!(bound(&[("rebalance.open", &[]), ("cash-out.open", &["b"])]).is_ok());
        assert!(bound(&[("cash-out.open", &["b"])]).is_err());
    }

    #[test]
    fn where_a_text_is_typed_a_character_stays_one() {
        let keymap = bound(&[("app.help", &["h"]), ("place.close", &["x"])]).unwrap();
        assert_eq!(keymap.action(Place::Form, press("h"), Lang::En), None);
        assert_eq!(keymap.action(Place::Form, press("f1"), Lang::En), Some(Action::Help));
        assert_eq!(keymap.action(Place::Form, press("esc"), Lang::En), Some(Action::Close));
        assert_eq!(keymap.action(Place::Detail, press("x"), Lang::En), Some(Action::Close));
        assert_eq!(keymap.action(Place::Detail, press("esc"), Lang::En), None);
        let keymap = bound(&[("place.close", &["1", "f7"])]).unwrap();
        assert_eq!(keymap.action(Place::Review, press("1"), Lang::En), None);
        assert_eq!(keymap.action(Place::Review, press("f7"), Lang::En), Some(Action::Close));
    }

    #[test]
    fn what_breaks_a_rule_is_refused_in_words() {
        for (wishes, at, against, words) in [
            (&[("feed.opne", &["o"][..])][..], 0, None, "there is no action \"feed.opne\""),
            (&[("feed.open", &["hyper-o"])], 0, None, "`hyper-o` is no key"),
            (&[("feed.open", &["ctrl-m"])], 0, None, "terminals cannot tell ctrl-m from enter"),
            (
                &[("feed.open", &["j"])],
                0,
                None,
                "j would be both feed.open and list.down in the place \"home\"",
            ),
            (
                &[("feed.search", &["x"]), ("cash-in.open", &["x"])],
                1,
                Some(0),
                "x would be both cash-in.open and feed.search in the place \"home\"",
            ),
            (&[("feed.open", &["ctrl-l"])], 0, None, "ctrl-l would be both feed.open and app.repaint"),
            (&[("app.quit", &[])], 0, None, "app.quit must keep a key"),
            (&[("place.close", &[])], 0, None, "place.close must keep a key"),
            (&[("app.help", &[])], 0, None, "app.help must keep a key"),
            (&[("review.confirm", &[])], 0, None, "review.confirm must keep a key"),
            (&[("app.private", &[])], 0, None, "app.private must keep a key"),
            (&[("form.review", &[])], 0, None, "form.review must keep a key"),
            (&[("form.review", &["y"])], 0, None, "y is typed into the text wherever form.review counts"),
            (&[("form.next", &["f7", "x"])], 0, None, "x is typed into the text wherever form.next counts"),
            (&[("review.confirm", &["enter"])], 0, None, "enter cannot confirm a review"),
            (&[("review.confirm", &["f2"])], 0, None, "f2 cannot confirm a review"),
            (&[("review.confirm", &["1"])], 0, None, "1 cannot confirm a review"),
            (&[("review.confirm", &["p"])], 0, None, "p confirms reviews, so it cannot be cash-out.open"),
            (&[("cash-out.open", &["y"])], 0, None, "y confirms reviews, so it cannot be cash-out.open"),
            (&[("cash-out.open", &["s"])], 0, None, "s confirms reviews, so it cannot be cash-out.open"),
            (&[("review.confirm", &["n"])], 0, None, "n confirms reviews, so it cannot be place.close"),
        ] {
            let refusal = bound(wishes).unwrap_err();
            assert!(refusal.why.to_string().contains(words), "{wishes:?}: {}", refusal.why);
            assert_eq!((refusal.at, refusal.against), (at, against), "{wishes:?}: {}", refusal.why);
        }
    }

    /// Every action on every key that there is: what is not refused keeps the rules.
    #[test]
    fn no_binding_breaks_what_guards_the_money() {
        let mut names: Vec<String> = (' '..='~').map(String::from).filter(|name| name != " ").collect();
        names.extend(('a'..='z').map(|letter| format!("ctrl-{letter}")));
        names.extend(
            ["space", "enter", "tab", "esc", "up", "delete", "f1", "f5", "shift-tab", "alt-y"]
                .map(String::from),
        );
        let mut met = 0;
        for action in Action::ALL {
            for name in &names {
                let wish = Wish { id: action.id().to_owned(), keys: vec![name.clone()] };
                let Ok(keymap) = Keymap::rebound(&[wish]) else { continue };
                met += 1;
                guarded(&keymap, &format!("{} = {name}", action.id()));
            }
        }
        assert!(met > 2_000, "{met}");
        guarded(&Keymap::default(), "default");
    }

    fn guarded(keymap: &Keymap, what: &str) {
        let places = |action: Action| {
            Place::ALL.into_iter().filter(move |place| {
                Keymap::default().rows().any(|row| row.action == action && row.place == Some(*place))
            })
        };
        for lang in Lang::ALL {
            let confirming: Vec<KeyPress> = keymap
                .rows()
                .filter(|row| row.action == Action::Confirm)
                .flat_map(|row| row.keys(lang).to_vec())
                .collect();
            assert!(!confirming.is_empty(), "{what}");
            for row in keymap.rows() {
                assert_eq!(
                    row.action == Action::Confirm,
                    row.place == Some(Place::Review) && row.action == Action::Confirm
                );
                if row.action != Action::Confirm {
                    assert!(
                        row.keys(lang).iter().all(|press| !confirming.contains(press)),
                        "{what}: {row:?}"
                    );
                }
            }
            for press in confirming {
                assert!(matches!(press.key, Key::Char(letter) if letter.is_alphabetic()), "{what}");
            }
            for action in NEEDED {
                for place in places(action) {
                    assert!(
                        !keymap.key_of(place, action, lang).is_empty(),
                        "{what}: no {} in {place:?}",
                        action.id()
                    );
                }
            }
        }
    }
}

//! No single key moves money, wherever it is pressed and whatever it is bound to.

mod screen;

use saldo::app::key::{Key, KeyPress, Modifiers};
use saldo::app::keymap::{Action, Keymap, Place, Wish};
use saldo::app::{Effect, Message};
use saldo::domain::cash_out::State as Out;
use saldo::engine::message::{Command, News};
use saldo::lang::Lang;
use screen::{Doubt, Screen, doubtful, forecast, life, window};

/// Keys that lead to every place, in the keymap that saldo ships.
const PLACES: [&str; 12] = [
    "",
    "/ a",
    ": c",
    "enter",
    "!",
    "?",
    "p",
    "p 5 tab tab m @ e . c o m tab M tab 5 2 9 9 8 2 2 4 7 2 5",
    "p 5 tab tab m @ e . c o m tab M tab 5 2 9 9 8 2 2 4 7 2 5 enter",
    "i 5 tab M tab 5 2 9 9 8 2 2 4 7 2 5",
    "i 5 tab M tab 5 2 9 9 8 2 2 4 7 2 5 enter",
    "b 6 0 0 0 0 0",
];

fn screens(lang: Lang) -> Vec<Screen> {
    let mut all: Vec<Screen> = PLACES
        .iter()
        .map(|keys| {
            let mut screen = Screen::new(lang).size(100, 40);
            screen.keys(keys);
            screen.news(News::Life(Some(Box::new(life(16)))));
            screen
        })
        .collect();
    let mut rebalance = Screen::new(lang).size(100, 40);
    rebalance.keys("b 5 0 0 0 0 0 enter");
    rebalance.news(News::RebalanceReviewed {
        target: saldo::domain::money::Centavos::new(50_000_000),
        outcome: Ok(forecast(48_200_012, 50_000_000)),
    });
    all.push(rebalance);
    let mut held = Screen::new(lang).size(100, 40);
    let mut rows = window();
    rows.rows.retain(|row| row.state == saldo::domain::transaction::State::Out(Out::Held));
    held.news(News::Feed(Box::new(rows)));
    held.keys("enter");
    held.news(News::Life(Some(Box::new(doubtful(11, Doubt::Held)))));
    all.push(held);
    all
}

fn every_key() -> Vec<KeyPress> {
    let named = [
        Key::Enter,
        Key::Tab,
        Key::Escape,
        Key::Backspace,
        Key::Delete,
        Key::Insert,
        Key::Left,
        Key::Right,
        Key::Up,
        Key::Down,
        Key::Home,
        Key::End,
        Key::PageUp,
        Key::PageDown,
    ];
    let keys = named.into_iter().chain((1..=12).map(Key::Function)).chain((' '..='~').map(Key::Char));
    let held = [Modifiers::NONE, Modifiers::CTRL, Modifiers::ALT, Modifiers::SHIFT];
    let mut all: Vec<KeyPress> =
        keys.flat_map(|key| held.map(|modifiers| KeyPress::new(key, modifiers))).collect();
    all.sort();
    all.dedup();
    all
}

fn moves_money(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| {
        matches!(
            effect,
            Effect::Command(
                Command::Pay(_) | Command::Charge(_) | Command::Refund(_) | Command::Rebalance { .. }
            )
        )
    })
}

/// saldo's own keymap, and every action on a key that another place uses for something else.
fn keymaps() -> Vec<Keymap> {
    let mut all = vec![Keymap::default()];
    for action in Action::ALL {
        for key in ["enter", "p", "b", "o", "space", "ctrl-o", "x"] {
            let wish = Wish { id: action.id().to_owned(), keys: vec![key.to_owned()] };
            all.extend(Keymap::rebound(&[wish]).ok());
        }
    }
    all
}

#[test]
fn only_the_confirming_key_of_a_review_moves_money() {
    let (mut moved, shipped) = (0, Keymap::default());
    for lang in Lang::ALL {
        let screens = screens(lang);
        assert!(screens.iter().filter(|screen| screen.app.place() == Place::Review).count() >= 3);
        // What confirms is checked against both languages when keys are bound.
        let keymaps = if lang == Lang::En { keymaps() } else { vec![shipped.clone()] };
        for keymap in keymaps {
            for screen in &screens {
                for press in every_key() {
                    let meaning = keymap.action(screen.app.place(), press, lang);
                    // What it means in saldo's own keymap is tried there.
                    let own = shipped.action(screen.app.place(), press, lang);
                    if keymap != shipped && meaning == own {
                        continue;
                    }
                    let mut screen = screen.clone();
                    screen.app.bind(keymap.clone());
                    let effects = screen.send(Message::Key(press));
                    if moves_money(&effects) {
                        moved += 1;
                        let place = screen_place(&keymap, press, lang);
                        assert_eq!(meaning, Some(Action::Confirm), "{press}");
                        assert_eq!(place, vec![Place::Review], "{press} means something elsewhere");
                    }
                }
            }
        }
    }
    assert!(moved > 5, "the reviews were answered: {moved}");
}

/// The places where a key means anything.
fn screen_place(keymap: &Keymap, press: KeyPress, lang: Lang) -> Vec<Place> {
    Place::ALL.into_iter().filter(|place| keymap.action(*place, press, lang).is_some()).collect()
}

#[test]
fn help_and_footer_tell_what_was_bound() {
    for lang in Lang::ALL {
        let mut screen = Screen::new(lang).size(160, 50);
        let wish = |id: &str, key: &str| Wish { id: id.to_owned(), keys: vec![key.to_owned()] };
        let wishes = [wish("cash-out.open", "ctrl-o"), wish("rebalance.open", "w")];
        screen.app.bind(Keymap::rebound(&wishes).expect("no rule is broken"));
        assert!(screen.text().contains("ctrl-o "), "{}", screen.text());
        screen.keys("p");
        assert_eq!(screen.app.place(), Place::Home, "p means nothing any more");
        screen.keys("ctrl-o");
        assert_eq!(screen.app.place(), Place::Form);
        screen.keys("esc ?");
        assert!(screen.text().contains("ctrl-o"), "{}", screen.text());
    }
}

#[test]
fn the_help_begins_with_the_place_one_is_in() {
    let mut screen = Screen::new(Lang::En).size(80, 24);
    screen.keys("enter ?");
    let text = screen.text();
    let line = |word: &str| text.lines().position(|line| line.contains(word));
    assert!(line("Life of a transaction") < Some(6), "{text}");
}

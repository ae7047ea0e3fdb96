//! No size, no place and no sequence of keys, pastes and news breaks the screen.

mod screen;

use proptest::prelude::*;
use saldo::app::Message;
use saldo::app::key::{Key, KeyPress, Modifiers};
use saldo::domain::attempt::Ambiguity;
use saldo::domain::cash_out::{Alarm, State as Out};
use saldo::domain::money::Centavos;
use saldo::domain::rebalance::{self, Outcome};
use saldo::domain::text::Safe;
use saldo::engine::message::{DecisionOutcome, LaneError, News, Pause, RebalanceTrouble};
use saldo::lang::Lang;
use screen::{
    Doubt, Screen, commands, doubtful, forecast, id, intent, life, now, payments, reading, rebalance_of,
    window,
};

/// Keys that lead to every place.
const PLACES: [&str; 17] = [
    "",
    ":",
    "f9",
    "enter f9",
    "tab",
    "tab tab",
    "/ a b",
    "enter",
    "? G",
    "!",
    "p",
    "p tab space",
    "p enter",
    "b",
    "b enter",
    "R",
    "! a a a a",
];

/// Payments in doubt, and keys that lead to every place over their lives.
const RESOLVE: [(Doubt, &str); 9] = [
    (Doubt::Held, ""),
    (Doubt::Held, "r"),
    (Doubt::Declared, "r →"),
    (Doubt::Declared, "r → tab a enter"),
    (Doubt::Declared, "r → tab a enter s y"),
    (Doubt::DeclaredByMe, "r → tab a enter"),
    (Doubt::Unknown, "r a enter"),
    (Doubt::Pending, "r enter"),
    (Doubt::NotPaid, ""),
];

/// Where each of [`RESOLVE`] leads, and what became of a finding.
fn resolving(lang: Lang) -> Vec<Screen> {
    let opened = RESOLVE.iter().map(|(doubt, keys)| {
        let mut screen = troubled(lang);
        screen.keys("j j j j j enter");
        screen.news(News::Life(Some(Box::new(doubtful(11, *doubt)))));
        screen.keys(keys);
        screen
    });
    let mut screens: Vec<Screen> = opened.collect();
    for outcome in [Err(LaneError::Busy), Ok(Some(Box::new(intent(11, 70_000, Out::DeclaredNotPaid))))] {
        let mut screen = troubled(lang);
        screen.keys("j j j j j enter");
        screen.news(News::Life(Some(Box::new(doubtful(11, Doubt::Declared)))));
        screen.keys("r → tab a enter s y");
        screen.news(News::Resolved { id: id(11), outcome });
        screens.push(screen);
    }
    screens
}

fn troubled(lang: Lang) -> Screen {
    let mut screen = Screen::new(lang);
    let mut window = window();
    window.rebalances_in_doubt =
        vec![rebalance_of(900, Outcome::Ambiguous(Ambiguity::TimedOut), rebalance::State::Unknown)];
    screen.news(News::Feed(Box::new(window)));
    screen.news(News::Alarm { alarm: Alarm::Mismatch, intent: Box::new(intent(16, 5, Out::Completed)) });
    screen.news(News::Paused(Some(Pause::Clock(jiff::SignedDuration::from_secs(400)))));
    screen
}

#[test]
fn every_place_draws_at_every_size() {
    let widths = (1..=24).chain([39, 40, 59, 60, 61, 79, 80, 100, 119, 120, 121, 160, 300]);
    let heights: Vec<u16> = (1..=8).chain([10, 15, 16, 17, 20, 23, 24, 33, 34, 50, 100]).collect();
    for lang in Lang::ALL {
        let mut screens: Vec<Screen> = PLACES
            .iter()
            .map(|keys| {
                let mut screen = troubled(lang);
                screen.keys(keys);
                screen.news(News::Life(Some(Box::new(life(16)))));
                screen
            })
            .collect();
        screens.extend(resolving(lang));
        for width in widths.clone() {
            for height in &heights {
                for screen in &mut screens {
                    screen.resize(width, *height);
                    let (_, cursor) = screen.draw();
                    if let Some(cursor) = cursor {
                        assert!(cursor.x < width && cursor.y < *height, "{cursor:?} on {width}x{height}");
                    }
                }
            }
        }
    }
}

/// Wherever an amount is drawn, it is drawn whole: no size shows `R$` with fewer digits than it has.
#[test]
fn no_size_cuts_an_amount() {
    let whole = amounts(&Screen::new(Lang::PtBr).size(160, 50).text());
    for width in 1..=200 {
        for height in [5, 10, 24, 50] {
            let mut screen = Screen::new(Lang::PtBr).size(width, height);
            for keys in ["", "tab", "tab"] {
                screen.keys(keys);
                for amount in amounts(&screen.text()) {
                    assert!(whole.contains(&amount), "{amount} on {width}x{height}");
                }
            }
        }
    }
}

/// The amounts in a drawn text: `R$`, a no-break space, and what follows without a gap.
fn amounts(text: &str) -> Vec<String> {
    text.split("R$\u{a0}")
        .skip(1)
        .map(|rest| rest.chars().take_while(|one| one.is_ascii_digit() || ".,".contains(*one)).collect())
        .collect()
}

fn press() -> impl Strategy<Value = KeyPress> {
    let key = prop_oneof![
        8 => prop::sample::select("jkgG/?fzlrupbRc!asyn0123456789.,-@+ éãß日".chars().collect::<Vec<_>>()).prop_map(Key::Char),
        1 => any::<char>().prop_map(Key::Char),
        6 => prop::sample::select(vec![
            Key::Enter, Key::Tab, Key::Escape, Key::Backspace, Key::Delete, Key::Insert, Key::Left, Key::Right,
            Key::Up, Key::Down, Key::Home, Key::End, Key::PageUp, Key::PageDown, Key::Function(1),
        ]),
    ];
    (key, prop::bool::weighted(0.1), prop::bool::weighted(0.05), prop::bool::weighted(0.1))
        .prop_map(|(key, ctrl, alt, shift)| KeyPress::new(key, Modifiers { ctrl, alt, shift }))
}

fn news() -> impl Strategy<Value = News> {
    prop_oneof![
        Just(News::Feed(Box::new(window()))),
        Just(News::Feed(Box::default())),
        Just(News::Balance(Box::new(reading(0)))),
        Just(News::BalanceFailed { at: now(), reason: Safe::new("cut"), failures: 2 }),
        Just(News::Life(None)),
        Just(News::Life(Some(Box::new(life(16))))),
        Just(News::Life(Some(Box::new(doubtful(16, Doubt::Held))))),
        Just(News::Life(Some(Box::new(doubtful(16, Doubt::Declared))))),
        Just(News::Life(Some(Box::new(doubtful(16, Doubt::Pending))))),
        Just(News::Resolved { id: id(16), outcome: Err(LaneError::Busy) }),
        Just(News::Resolved { id: id(16), outcome: Ok(Some(Box::new(intent(16, 9, Out::Held)))) }),
        Just(News::Paused(None)),
        Just(News::JournalTrouble("full".to_owned())),
        Just(News::StillHeld(Box::new(intent(3, 9, Out::Held)))),
        Just(News::CashOutDecided { id: id(1_005), outcome: DecisionOutcome::Created }),
        Just(News::RebalanceReviewed {
            target: Centavos::new(50_000_000),
            outcome: Ok(forecast(48_200_012, 50_000_000)),
        }),
        Just(News::RebalanceEnded(Err(RebalanceTrouble::NotJournalled("full".to_owned())))),
    ]
}

#[derive(Debug, Clone)]
enum Step {
    Send(Message),
    Pass(u64),
    Resize(u16, u16),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => press().prop_map(|press| Step::Send(Message::Key(press))),
        2 => any::<String>().prop_map(|text| Step::Send(Message::Paste(text))),
        1 => Just(Step::Send(Message::Paste("52998224725\n\ny\ns\n".to_owned()))),
        3 => news().prop_map(|news| Step::Send(Message::News(news))),
        1 => (0_u64..400).prop_map(Step::Pass),
        1 => (1_u16..200, 1_u16..60).prop_map(|(columns, rows)| Step::Resize(columns, rows)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// Whatever happens, in whatever order: nothing panics, a paste does nothing but fill text, and what is drawn has
    /// no control character in it.
    #[test]
    fn nothing_breaks_it(steps in prop::collection::vec(step(), 0..80), portuguese: bool) {
        let mut screen = Screen::new(if portuguese { Lang::PtBr } else { Lang::En });
        for step in steps {
            match step {
                Step::Send(message) => {
                    let is_key = matches!(message, Message::Key(_));
                    let effects = screen.send(message);
                    prop_assert!(is_key || payments(&effects).is_empty());
                    prop_assert!(commands(&effects).len() <= 2);
                }
                Step::Pass(seconds) => drop(screen.pass(seconds)),
                Step::Resize(columns, rows) => screen.resize(columns, rows),
            }
            let (buffer, _) = screen.draw();
            for cell in &buffer.content {
                prop_assert!(!cell.symbol().chars().any(char::is_control), "{:?}", cell.symbol());
            }
        }
    }
}

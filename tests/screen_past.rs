//! The desk as it was: what it looks like, that it says so on every frame, and that nothing can be done in it.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod screen;

use jiff::SignedDuration;
use saldo::app::Effect;
use saldo::domain::alert::{Alert, What};
use saldo::domain::money::Centavos;
use saldo::domain::pace::{Pace, SPANS, Span};
use saldo::engine::message::{
    AsItWas, BalanceHistory, Command, FeedWindow, LookBack, LookFrom, Moved, News, Open, Sum, Towards,
};
use saldo::lang::Lang;
use screen::{Screen, before, commands, id, now, reading, window};

/// An hour before now.
const AGO: i64 = 3_600;

fn sum(count: u32, amount: i64) -> Sum {
    Sum { count, amount: Centavos::new(amount) }
}

fn then(number: u64) -> AsItWas {
    let mut balance = reading(AGO + 40);
    balance.balance.transactional = Centavos::new(31_000_000);
    let below = What::BelowFloor { balance: Centavos::new(29_000_000), floor: Centavos::new(30_000_000) };
    AsItWas {
        number,
        at: before(AGO),
        no_change: false,
        balance: Some(balance),
        next_balance: Some(before(AGO - 20)),
        moved: Moved { received: sum(7, 70_000), paid: sum(3, 90_000), late: 2 },
        open: Open { in_flight: sum(1, 1_000), in_doubt: sum(0, 0), at_least: true },
        rows: window().rows.into_iter().filter(|row| row.seq <= 9).collect(),
        has_more: false,
        unrecorded: vec![id(6)],
        by_webhooks: vec![id(8)],
        alerts: vec![Alert {
            number: 4,
            what: below,
            began_at: before(AGO + 100),
            ended_at: None,
            told_at: None,
            acknowledged: None,
        }],
        rebalances_in_doubt: Vec::new(),
        pace: Pace {
            at: before(AGO),
            spans: SPANS.map(|minutes| Span { minutes, ..Span::default() }),
            then: None,
        },
        history: BalanceHistory::default(),
        took: std::time::Duration::from_millis(4),
    }
}

fn wish(effects: &[Effect]) -> Option<LookBack> {
    commands(effects).into_iter().find_map(|command| match command {
        Command::LookBack(wish) => Some(wish.unwrap()),
        _ => None,
    })
}

/// Asks for an hour ago, and answers.
fn look(screen: &mut Screen) {
    screen.keys("T");
    screen.type_text("1h");
    let wish = wish(&screen.keys("enter")).unwrap();
    assert_eq!(wish.from, LookFrom::Time(before(AGO)));
    screen.news(News::AsItWas(Ok(Box::new(then(wish.number)))));
}

#[test]
fn the_desk_as_it_was() {
    for lang in Lang::ALL {
        for (columns, rows) in [(160, 50), (100, 40), (80, 24), (40, 10)] {
            let mut screen = Screen::new(lang).size(columns, rows);
            look(&mut screen);
            insta::assert_snapshot!(format!("past_{}_{columns}x{rows}", lang.as_str()), screen.shown());
        }
        let mut screen = Screen::new(lang).size(80, 24);
        look(&mut screen);
        screen.keys("tab");
        insta::assert_snapshot!(format!("past_known_{}_80x24", lang.as_str()), screen.shown());
        screen.keys("f9");
        insta::assert_snapshot!(format!("past_masked_{}_80x24", lang.as_str()), screen.shown());
    }
}

#[test]
fn every_frame_says_so_whatever_is_open_and_however_small() {
    for (lang, words) in [(Lang::En, "AS IT WAS"), (Lang::PtBr, "COMO ERA")] {
        let mut screen = Screen::new(lang);
        screen.keys("T 1 h enter");
        for (columns, rows) in [(160, 50), (80, 24), (40, 10), (30, 4), (14, 2), (12, 1)] {
            screen.resize(columns, rows);
            for keys in ["", "?", "t", "tab", "p"] {
                let mut screen = screen.clone();
                screen.keys(keys);
                assert!(screen.text().contains(words), "{columns}x{rows} {keys}:\n{}", screen.text());
            }
        }
    }
}

#[test]
fn nothing_can_be_begun_and_esc_is_now() {
    let mut screen = Screen::new(Lang::En).size(160, 50);
    look(&mut screen);
    for key in ["p", "i", "b", "B", "R", "u", "f", "!", "enter", "r", "d", ":"] {
        let effects = screen.keys(key);
        assert!(commands(&effects).is_empty(), "{key}: {effects:?}");
        assert!(
            screen.text().contains("saldo shows the past: nothing can be done here"),
            "{key}\n{}",
            screen.text()
        );
    }
    // What comes meanwhile is taken in, and is what shows afterwards.
    let mut rows = window().rows;
    rows[0].name = Some(saldo::domain::text::Safe::new("Meanwhile Ltda."));
    screen.news(News::Feed(Box::new(FeedWindow { rows, ..window() })));
    assert!(!screen.text().contains("Meanwhile Ltda."));
    let left = screen.keys("esc");
    assert!(matches!(commands(&left)[..], [Command::LookBack(None)]));
    let text = screen.text();
    assert!(text.contains("Meanwhile Ltda.") && !text.contains("AS IT WAS"), "{text}");
    // An answer that comes after that is of no use any more.
    screen.news(News::AsItWas(Ok(Box::new(then(1)))));
    assert!(!screen.text().contains("AS IT WAS"));
}

#[test]
fn keys_step_and_the_newest_wish_counts() {
    let mut screen = Screen::new(Lang::En).size(160, 50);
    look(&mut screen);
    let at = |minutes: i64| LookFrom::Time(before(AGO) + SignedDuration::from_mins(minutes));
    // Steps that were not answered yet add up.
    for (key, from) in [
        ("left", at(-1)),
        ("left", at(-2)),
        ("right", at(-1)),
        ("[", at(-11)),
        ("shift-right", at(-1)),
        ("{", at(-61)),
        ("}", at(-1)),
    ] {
        assert_eq!(wish(&screen.keys(key)).unwrap().from, from, "{key}");
    }
    let last = wish(&screen.keys("right")).unwrap();
    screen.news(News::AsItWas(Ok(Box::new(AsItWas { at: before(9), ..then(last.number - 1) }))));
    assert!(screen.text().contains("reading the journal"), "an older wish's answer is passed over");
    screen.news(News::AsItWas(Ok(Box::new(then(last.number)))));
    let next = wish(&screen.keys("n")).unwrap();
    assert_eq!(next.from, LookFrom::Change { at: before(AGO), towards: Towards::Later });
    screen.news(News::AsItWas(Ok(Box::new(AsItWas { no_change: true, ..then(next.number) }))));
    assert!(screen.text().contains("no further change"));
    // There is nothing after now.
    for _ in 0..3 {
        screen.keys("}");
    }
    assert_eq!(wish(&screen.keys("}")).unwrap().from, LookFrom::Time(now()));
}

#[test]
fn a_day_is_its_last_second_and_one_to_come_is_refused() {
    for (lang, refused) in [(Lang::En, "has not come yet"), (Lang::PtBr, "ainda não chegou")] {
        let mut screen = Screen::new(lang).size(100, 30);
        screen.keys("T");
        screen.type_text("01/03/2026");
        assert!(screen.text().contains("01/03/2026 23:59:59"), "{}", screen.text());
        for _ in 0..10 {
            screen.keys("backspace");
        }
        screen.type_text("01/03/2030");
        assert!(screen.text().contains(refused), "{}", screen.text());
        assert!(wish(&screen.keys("enter")).is_none());
    }
}

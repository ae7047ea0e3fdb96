//! What alerts, gaps of the wallet and a note look like, in both languages.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod screen;

use saldo::app::Environment;
use saldo::domain::alert::{Acknowledgement, Alert, What};
use saldo::domain::conservation::{Gap, Kind};
use saldo::domain::gap::{GapFile, Reason, Suspect};
use saldo::domain::money::Centavos;
use saldo::domain::person::Person;
use saldo::engine::message::{FeedWindow, News};
use saldo::lang::Lang;
use screen::{Screen, before, id, reading, window};

fn alert(number: i64, seconds: i64, what: What) -> Alert {
    Alert { number, what, began_at: before(seconds), ended_at: None, told_at: None, acknowledged: None }
}

fn ana(note: &str) -> Acknowledgement {
    let by = Person { uid: 1001, name: Some("ana".to_owned()) };
    Acknowledgement { at: before(60), by, note: Some(note.to_owned()) }
}

fn gap() -> Gap {
    let amount = Centavos::new(-30_000);
    Gap { from: before(1_500), to: before(1_440), kind: Kind::Transactional, amount }
}

fn suspects() -> Vec<Suspect> {
    let suspect = |reason, row: u128, amount: i64| Suspect {
        reason,
        id: Some(id(row)),
        webhook: None,
        amount: Some(Centavos::new(amount)),
        at: before(1_490),
    };
    let illegible = Suspect { id: None, webhook: Some(41), amount: None, ..suspect(Reason::Illegible, 0, 0) };
    vec![suspect(Reason::InDoubt, 16, 50_025), suspect(Reason::SameAmount, 15, 30_000), illegible]
}

fn troubled() -> FeedWindow {
    let below = What::BelowFloor { balance: Centavos::new(29_000_000), floor: Centavos::new(30_000_000) };
    let difference = What::UnexplainedDifference { gap: gap(), suspects: suspects() };
    let seen = alert(1, 4_000, What::GatewayStandsStill { since: before(4_300) });
    let alerts = vec![
        alert(4, 30, What::WebhooksLate { missing: 2, late: 5 }),
        alert(3, 700, difference),
        alert(2, 900, below),
        Alert { acknowledged: Some(ana("ligamos para eles")), ..seen },
    ];
    FeedWindow { alerts, ..window() }
}

fn each(name: &str, act: impl Fn(&mut Screen)) {
    for lang in Lang::ALL {
        for (columns, rows) in [(80, 24), (160, 50)] {
            let mut screen =
                Screen::with(lang, Environment::Staging, Some(reading(2)), troubled()).size(columns, rows);
            act(&mut screen);
            let name = format!("alerts_{name}_{}_{columns}x{rows}", lang.as_str());
            insta::assert_snapshot!(name, screen.shown());
        }
    }
}

fn gaps(screen: &mut Screen) {
    screen.keys("d");
    let other = Gap { amount: Centavos::new(1_000), kind: Kind::Between, ..gap() };
    let files = vec![
        GapFile { gap: other, suspects: Vec::new(), explained: Some(ana("aporte feito no portal")) },
        GapFile { gap: gap(), suspects: suspects(), explained: None },
    ];
    screen.news(News::Gaps(Ok(files)));
}

#[test]
fn alerts_gaps_and_notes() {
    each("home", |_| {});
    each("notices", |screen| {
        screen.keys("! j");
    });
    each("gaps", gaps);
    each("note", |screen| {
        gaps(screen);
        screen.keys("a");
        screen.keys("t a r i f a");
    });
    each("note_wanted", |screen| {
        gaps(screen);
        screen.keys("a enter");
    });
}

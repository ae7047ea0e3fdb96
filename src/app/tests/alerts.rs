//! Alerts on the screen: what rings, what is selected, what is acknowledged.

use super::*;
use crate::domain::alert::{Acknowledgement, Alert, Kind, What};
use crate::domain::conservation::{self, Gap};
use crate::domain::gap::{GapFile, Reason, Suspect};
use crate::engine::message::{NotAcknowledged, Quiet, Subject};

fn below() -> What {
    What::BelowFloor { balance: Centavos::new(999), floor: Centavos::new(1_000) }
}

fn above() -> What {
    What::AboveCeiling { balance: Centavos::new(2_001), ceiling: Centavos::new(2_000) }
}

fn gap() -> Gap {
    Gap { from: at(-900), to: at(-840), kind: conservation::Kind::Transactional, amount: Centavos::new(-300) }
}

fn alert(number: i64, what: What) -> Alert {
    Alert { number, what, began_at: at(0), ended_at: None, told_at: None, acknowledged: None }
}

fn seen(alert: Alert) -> Alert {
    let by = Acknowledgement { at: at(1), by: person(), note: None };
    Alert { acknowledged: Some(by), ..alert }
}

/// A window with these, which are given oldest first.
fn holding(alerts: &[Alert]) -> FeedWindow {
    FeedWindow { alerts: alerts.iter().rev().cloned().collect(), ..window(5) }
}

/// What the terminal is asked for when these hold.
fn rings(desk: &mut Desk, alerts: &[Alert]) -> Vec<String> {
    let mut feed = holding(alerts);
    feed.number = desk.app.feed.wish().number;
    let effects = desk.send(Message::News(News::Feed(Box::new(feed))));
    effects
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Bell => Some("bell".to_owned()),
            Effect::Notify(text) => Some(text),
            Effect::Title(text) => Some(format!("title {text}")),
            _ => None,
        })
        .collect()
}

#[test]
fn an_alert_rings_once_and_only_if_it_began_here() {
    let mut desk = Desk::with(holding(&[alert(1, below())]));
    assert_eq!(rings(&mut desk, &[alert(1, below())]), ["title (1) saldo test"], "it stood at the start");
    let both = [alert(1, below()), alert(2, above())];
    assert_eq!(
        rings(&mut desk, &both),
        [
            "bell",
            "saldo test: Transactional above the ceiling: a sweep is due: R$\u{a0}20,01",
            "title (2) saldo test"
        ]
    );
    assert!(rings(&mut desk, &both).is_empty());
    assert!(rings(&mut desk, &[alert(1, below()), alert(2, above()), seen(alert(3, below()))]).is_empty());
    assert_eq!(rings(&mut desk, &[]), ["title saldo test"]);
    let told = rings(&mut desk, &[alert(4, above()), alert(5, below())]);
    assert!(told[1].contains("BELOW THE FLOOR") && told[1].ends_with("(and 1 more)"), "{told:?}");
}

#[test]
fn in_quiet_hours_only_what_cannot_wait_rings() {
    let mut desk = Desk::new();
    // 1 700 000 000 is 22:13:20 UTC.
    desk.app.facts.quiet = Quiet::parse("22:00-07:00").ok();
    assert_eq!(rings(&mut desk, &[alert(1, above())]), ["title (1) saldo test"]);
    let told = rings(&mut desk, &[alert(1, above()), alert(2, below())]);
    assert_eq!(told[0], "bell");
    desk.app.facts.quiet = Quiet::parse("07:00-22:00").ok();
    assert_eq!(rings(&mut desk, &[alert(3, above())])[0], "bell");
}

#[test]
fn the_selection_stays_on_what_a_person_is_about_to_acknowledge() {
    let chosen = |desk: &mut Desk| match &desk.keys("a")[..] {
        [Command::Acknowledge { subject: Subject::Alert(number), note: None }] => Some(*number),
        _ => None,
    };
    let mut desk = Desk::with(holding(&[alert(1, below()), alert(2, above())]));
    desk.keys("! j");
    assert_eq!(chosen(&mut desk), Some(2));
    let third = || alert(3, What::WebhooksLate { missing: 1, late: 0 });
    desk.news(News::Feed(Box::new(holding(&[alert(2, above()), third()]))));
    assert_eq!(chosen(&mut desk), Some(2), "one above it is over, one below it has begun");
    desk.news(News::Alarm { alarm: Alarm::Mismatch, intent: intent(uuid(1), Out::Completed) });
    desk.keys("G");
    desk.news(News::Feed(Box::new(holding(&[alert(2, above())]))));
    assert!(chosen(&mut desk).is_none() && desk.app.notices.entries().is_empty(), "it was the notice");
    assert_eq!(chosen(&mut desk), Some(2));
    desk.news(News::Feed(Box::new(holding(&[]))));
    assert!(desk.keys("a").is_empty());
}

#[test]
fn a_difference_is_acknowledged_with_a_note() {
    let what = What::UnexplainedDifference { gap: gap(), suspects: Vec::new() };
    assert!(what.kind().wants_note() && Kind::parse(what.kind().as_str()).is_some());
    let mut desk = Desk::with(holding(&[alert(7, what)]));
    assert!(desk.keys("! a").is_empty());
    assert!(desk.keys("enter").is_empty(), "nothing was typed");
    desk.write("tarifa q?");
    let asked = desk.keys("enter");
    assert!(
        matches!(&asked[..], [Command::Acknowledge { subject: Subject::Alert(7), note: Some(note) }] if note == "tarifa q?"),
        "{asked:?}"
    );
    assert_eq!(desk.app.place(), Place::Notices);
    desk.news(News::Acknowledged(Err(NotAcknowledged::NoteMissing)));
    assert!(matches!(desk.app.flash, Some(Flash::NotSeen(_))));
    desk.keys("a");
    desk.write("x");
    assert!(desk.keys("esc").is_empty(), "left without a word");
    assert_eq!(desk.app.place(), Place::Notices);
}

#[test]
fn gaps_are_looked_into_and_explained() {
    let suspect = Suspect {
        reason: Reason::SameAmount,
        id: Some(uuid(3)),
        webhook: None,
        amount: Some(Centavos::new(300)),
        at: at(-850),
    };
    let other = Gap { amount: Centavos::new(5), ..gap() };
    let file = |gap| GapFile { gap, suspects: vec![suspect.clone()], explained: None };
    let mut desk = Desk::new();
    assert!(matches!(&desk.keys("d")[..], [Command::LookAtGaps]));
    desk.news(News::Gaps(Ok(vec![file(gap()), file(other)])));
    desk.keys("j a");
    desk.write("tarifa");
    let asked = desk.keys("enter");
    assert!(
        matches!(&asked[..], [Command::Acknowledge { subject: Subject::Gap(one), .. }] if *one == gap()),
        "newest first: {asked:?}"
    );
    let done = seen(alert(9, What::UnexplainedDifference { gap: gap(), suspects: Vec::new() }));
    let again = desk.news(News::Acknowledged(Ok(Box::new(done.clone()))));
    assert!(matches!(&again[..], [Command::LookAtGaps]), "{again:?}");
    let explained = GapFile { explained: done.acknowledged, ..file(gap()) };
    desk.news(News::Gaps(Ok(vec![explained, file(other)])));
    assert!(desk.keys("a").is_empty());
    assert_eq!(desk.app.flash, Some(Flash::AlreadySeen), "the keyboard is where it was");
    let asked = desk.keys("enter");
    assert!(matches!(&asked[..], [Command::ShowLife(Some(id))] if *id == uuid(3)), "{asked:?}");
    desk.keys("esc d");
    desk.news(News::Gaps(Err("the disk has failed".to_owned())));
    assert!(desk.keys("a j enter").is_empty());
}

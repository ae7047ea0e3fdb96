//! The page on which a shift is handed over and taken, in both languages.

mod screen;

use saldo::app::Effect;
use saldo::domain::handover::{Deed, Handover, MOST_NOTE, Moved, Open, Sum, Wallet, is_note};
use saldo::domain::money::Centavos;
use saldo::domain::person::Person;
use saldo::domain::text::Safe;
use saldo::engine::message::{Command, News, ShiftAtHand, StoredHandover};
use saldo::lang::Lang;
use screen::{Screen, before, id, person};

fn rui() -> Person {
    Person { uid: 1001, name: Some("rui".to_owned()) }
}

fn document(by: Person) -> Handover {
    let wallet = |minutes: i64, transactional: i64| Wallet {
        fetched_at: before(minutes * 60),
        total_centavos: Centavos::new(transactional + 125_256_777),
        transactional_centavos: Centavos::new(transactional),
        proprietary_centavos: Centavos::new(125_256_777),
    };
    let sum = |count, amount| Sum { count, amount_centavos: Centavos::new(amount) };
    Handover {
        id: id(700),
        since: before(8 * 3_600),
        until: before(0),
        by: by.clone(),
        note: None,
        audit_head: format!("1200:{}", "ab".repeat(32)),
        opening: Some(wallet(480, 50_000_000)),
        closing: Some(wallet(0, 48_200_012)),
        moved: Moved { received: sum(42, 3_456_700), paid: sum(17, 9_876_543), ..Moved::default() },
        rebalances: Vec::new(),
        open: vec![Open {
            failure_reported: false,
            id: id(16),
            direction: "out".to_owned(),
            state: "unknown".to_owned(),
            conflict: false,
            amount_centavos: Some(Centavos::new(1_250_000)),
            external_reference: Some(Safe::new("premio-16")),
            created_at: before(600),
        }],
        open_more: 0,
        unpaid: vec![Open {
            failure_reported: false,
            id: id(17),
            direction: "out".to_owned(),
            state: "failed".to_owned(),
            conflict: false,
            amount_centavos: Some(Centavos::new(7_700)),
            external_reference: Some(Safe::new("nota-17")),
            created_at: before(900),
        }],
        alerts: Vec::new(),
        gaps: Vec::new(),
        batches: Vec::new(),
        deeds: vec![Deed {
            by,
            what: "cash_out".to_owned(),
            count: 17,
            amount_centavos: Centavos::new(9_876_543),
        }],
    }
}

fn stored(by: Person) -> StoredHandover {
    let document = Handover { note: Some("INV-1: ligar às 9h".to_owned()), ..document(by) };
    StoredHandover { document, digest: "cd".repeat(32), accepted: None }
}

fn open(screen: &mut Screen, last: Option<StoredHandover>) {
    let asked = screen.keys("H");
    assert!(asked.iter().any(|effect| matches!(effect, Effect::Command(Command::LookAtShift))), "{asked:?}");
    let mut draft = document(person());
    draft.id = uuid::Uuid::nil();
    let waits = |last: &&StoredHandover| last.accepted.is_none() && !last.document.by.is(&person());
    let waiting = last.iter().filter(waits).cloned().collect();
    screen.news(News::Shift(Ok(Box::new(ShiftAtHand { draft, last, waiting }))));
}

fn commands(effects: Vec<Effect>) -> Vec<Command> {
    let command = |effect| match effect {
        Effect::Command(command) => Some(command),
        _ => None,
    };
    effects.into_iter().filter_map(command).collect()
}

#[test]
fn what_it_looks_like() {
    for lang in Lang::ALL {
        for (columns, rows) in [(160, 50), (80, 24)] {
            let shown = |name: &str, screen: &Screen| {
                let name = format!("handover_{name}_{}_{columns}x{rows}", lang.as_str());
                insta::assert_snapshot!(name, screen.shown());
            };
            let mut screen = Screen::new(lang).size(columns, rows);
            open(&mut screen, None);
            shown("draft", &screen);
            screen.keys("w");
            screen.type_text("INV-1: ligar às 9h");
            shown("note", &screen);
            let mut screen = Screen::new(lang).size(columns, rows);
            open(&mut screen, Some(stored(rui())));
            shown("waits", &screen);
            screen.keys("f9");
            shown("masked", &screen);
        }
    }
}

#[test]
fn it_is_handed_over_with_a_note_or_without_one() {
    let mut screen = Screen::new(Lang::En).size(100, 40);
    open(&mut screen, None);
    assert!(commands(screen.keys("a")).is_empty(), "nothing waits to be taken");
    screen.keys("esc");
    for note in ["INV-1: call at 9", ""] {
        open(&mut screen, None);
        screen.keys("w");
        screen.type_text(note);
        let sent = commands(screen.keys("enter"));
        let expected = (!note.is_empty()).then(|| note.to_owned());
        assert!(
            matches!(&sent[..], [Command::HandOver { since, note }]
                if *since == before(8 * 3_600) && *note == expected),
            "{sent:?}"
        );
        // Until the journal has it, nothing is offered a second time.
        assert!(commands(screen.keys("w enter")).is_empty());
        screen.news(News::Handover(Ok(Box::new(stored(person())))));
        assert!(screen.text().contains("Handed over and recorded"), "{}", screen.text());
        assert!(commands(screen.keys("a w")).is_empty(), "not by whoever handed it over");
        screen.keys("esc");
    }
    // A note is as long as it can be typed, and why it was not recorded is told.
    open(&mut screen, None);
    screen.keys("w");
    screen.paste(&"n".repeat(2 * MOST_NOTE));
    let sent = commands(screen.keys("enter"));
    assert!(matches!(&sent[..], [Command::HandOver { note: Some(note), .. }] if is_note(note)), "{sent:?}");
    screen.news(News::Handover(Err("the journal cannot be written: disk full".to_owned())));
    assert!(screen.text().contains("the journal cannot be written"), "{}", screen.text());
}

#[test]
fn another_person_takes_it() {
    let mut screen = Screen::new(Lang::En).size(100, 40);
    open(&mut screen, Some(stored(rui())));
    assert!(screen.text().contains("rui") && screen.text().contains("nobody accepted it yet"));
    assert!(commands(screen.keys("w enter")).is_empty(), "first it is taken");
    let sent = commands(screen.keys("a"));
    assert!(matches!(&sent[..], [Command::AcceptShift(one)] if *one == id(700)), "{sent:?}");
    let accepted = Some((before(0), person()));
    screen.news(News::Handover(Ok(Box::new(StoredHandover { accepted, ..stored(rui()) }))));
    assert!(screen.text().contains("Accepted by ana"), "{}", screen.text());
    assert!(commands(screen.keys("a")).is_empty());
    // One's own that nobody took yet does not stand in the way of the next.
    screen.keys("esc");
    open(&mut screen, Some(stored(person())));
    assert!(screen.text().contains("was not accepted yet"), "{}", screen.text());
    screen.keys("w");
    assert!(matches!(&commands(screen.keys("enter"))[..], [Command::HandOver { .. }]));
}

#[test]
fn each_shift_that_waits_is_offered_the_oldest_first() {
    for (lang, more) in [(Lang::En, "1 more shift waits"), (Lang::PtBr, "Mais 1 turno espera")] {
        let mut screen = Screen::new(lang).size(100, 40);
        screen.keys("H");
        let shift = |note: &str| {
            let mut shift = stored(Person { uid: 1001, name: Some("ana".to_owned()) });
            shift.document.note = Some(note.to_owned());
            shift
        };
        let waiting = vec![shift("first of all"), shift("and then")];
        let draft = document(person());
        let hand = ShiftAtHand { draft, last: waiting.last().cloned(), waiting };
        screen.news(News::Shift(Ok(Box::new(hand))));
        let text = screen.text();
        assert!(text.contains("first of all") && !text.contains("and then") && text.contains(more), "{text}");
        // Taken: the other one still waits.
        let taken = StoredHandover { accepted: Some((before(0), person())), ..shift("first of all") };
        screen.keys("a");
        screen.news(News::Handover(Ok(Box::new(taken))));
        assert!(screen.text().contains(more), "{}", screen.text());
    }
}

#[test]
fn a_page_key_skips_no_line_of_a_small_screen() {
    let mut screen = Screen::new(Lang::En).size(40, 12);
    open(&mut screen, None);
    let mut seen = screen.text();
    for _ in 0..40 {
        screen.keys("page-down");
        seen.push_str(&screen.text());
    }
    for title in [
        "Wallet",
        "Without an outcome",
        "Not paid in",
        "Alerts that stand",
        "Differences",
        "Who did what",
        "Proof",
    ] {
        assert!(seen.contains(title), "{title}\n{seen}");
    }
}

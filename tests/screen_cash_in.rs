//! What charges and refunds look like, in both languages; and what their keys do.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod screen;

use saldo::app::Effect;
use saldo::domain::attempt::{Ambiguity, Verdict};
use saldo::domain::money::Centavos;
use saldo::domain::refund;
use saldo::domain::request::PayBy;
use saldo::domain::transaction::CashIn;
use saldo::engine::message::{AskedOutcome, Command, Incoming, Life, News};
use saldo::lang::Lang;
use screen::asked::{CODE, accepted, charge, charge_by, life_of, refunded};
use screen::{SIZES, Screen, before, commands, id, now};
use uuid::Uuid;

/// A snapshot in each language, at the two sizes on which money is reviewed.
fn each(name: &str, play: impl Fn(&mut Screen)) {
    for lang in Lang::ALL {
        for (columns, rows) in [(160, 50), (80, 24)] {
            let mut screen = Screen::new(lang).size(columns, rows);
            play(&mut screen);
            insta::assert_snapshot!(format!("{name}_{}_{columns}x{rows}", lang.as_str()), screen.shown());
            masked(name, &mut screen);
        }
    }
}

/// Masked, nothing of it tells of people or money; there is no code to scan either.
fn masked(name: &str, screen: &mut Screen) {
    screen.keys("f9");
    let text = screen.text();
    for secret in
        ["João", "Pereira", "Maria", "pedido", "br.gov", "sandbox.invalid", "50,25", "52998224725", "▀"]
    {
        assert!(!text.contains(secret), "{name} shows {secret}:\n{text}");
    }
}

fn fill(screen: &mut Screen, amount: &str) {
    screen.keys("i");
    for text in [amount, "João Pereira", "52998224725", "pedido-7"] {
        screen.type_text(text);
        screen.keys("tab");
    }
    screen.type_text("30m");
}

/// Only the language's own key confirms; the other one does nothing.
fn confirm(screen: &mut Screen) -> Vec<Effect> {
    [screen.keys("s"), screen.keys("y")].concat()
}

fn charged(effects: &[Effect]) -> Vec<Uuid> {
    let charges = commands(effects).into_iter().filter_map(|command| match command {
        Command::Charge(decision) => Some(decision.id),
        _ => None,
    });
    charges.collect()
}

fn make(screen: &mut Screen, life: impl Fn(i64) -> Life) {
    fill(screen, "50,25");
    screen.keys("enter");
    let decided = charged(&confirm(screen));
    assert_eq!(decided.len(), 1);
    let row = life(17);
    let outcome = AskedOutcome::Created(row.transaction.id);
    screen.news(News::ChargeDecided { id: decided[0], outcome });
    screen.news(News::Life(Some(Box::new(row))));
}

/// Opens the paid cash-in of the feed.
fn open(screen: &mut Screen) {
    screen.keys("j enter");
    screen.news(News::Life(Some(Box::new(life_of(15, CashIn::Paid, Incoming::default())))));
}

#[test]
fn the_charge() {
    each("charge_form", |screen| {
        screen.keys("i");
    });
    each("charge_wrong", |screen| {
        screen.keys("i");
        screen.type_text("1.234");
        screen.keys("tab tab tab tab");
        screen.type_text("30");
        screen.keys("enter");
    });
    each("charge_review", |screen| {
        fill(screen, "50,25");
        screen.keys("enter");
    });
    each("charge_made", |screen| make(screen, |number| charge(number, accepted())));
    each("charge_unknown", |screen| {
        make(screen, |number| charge(number, Verdict::Ambiguous(Ambiguity::TimedOut)));
    });
    each("charge_life", |screen| {
        screen.keys("enter");
        screen.news(News::Life(Some(Box::new(charge(16, accepted())))));
    });
}

#[test]
fn the_refund() {
    each("refund_form", |screen| {
        open(screen);
        screen.keys("d enter");
    });
    each("refund_review", |screen| {
        open(screen);
        screen.keys("d → → tab");
        screen.type_text("pago duas vezes");
        screen.keys("enter");
    });
    each("refund_unknown", |screen| {
        open(screen);
        screen.keys("d → enter");
        let effects = confirm(screen);
        let Some(Command::Refund(decision)) = commands(&effects).first().copied() else {
            panic!("{effects:?}")
        };
        screen.news(News::RefundDecided { id: decision.id, outcome: AskedOutcome::Created(id(15)) });
        screen.news(News::Life(Some(Box::new(refunded(15, Verdict::Ambiguous(Ambiguity::TimedOut))))));
    });
    each("refund_life", |screen| {
        screen.keys("j enter");
        screen.news(News::Life(Some(Box::new(refunded(15, accepted())))));
        screen.keys("pgdn");
    });
}

#[test]
fn an_address_that_is_paid_at_is_a_link_where_all_of_it_shows() {
    const ADDRESS: &str =
        "https://pay.sandbox.invalid/openfinance/consent?id=0f8a2c55-5a1e-4f7e-9a94-6f0d1d5cbb10";
    let paid_at = |address: &str| {
        let mut screen = Screen::new(Lang::En).size(80, 24);
        let pay_by = Some(PayBy::PaymentUrl(address.to_owned()));
        make(&mut screen, |number| charge_by(number, accepted(), pay_by.clone()));
        screen
    };
    let linked = |screen: &Screen| saldo::ui::link(&screen.app, &screen.draw().0);
    let mut screen = paid_at(ADDRESS);
    let link = linked(&screen).unwrap();
    assert_eq!(link.address, ADDRESS);
    let buffer = screen.draw().0;
    let covered: String =
        link.pieces.iter().flat_map(|piece| piece.positions()).map(|at| buffer[at].symbol()).collect();
    assert_eq!(covered, ADDRESS, "the letters of the address and no others");
    assert!(link.pieces.len() > 1, "longer than a row");
    screen.keys("f9");
    assert_eq!(linked(&screen), None, "masked");
    // What could lead elsewhere, or end the sequence, stays text.
    for address in
        ["http://pay.invalid/", "file:///etc/passwd", "https://pãy.invalid/", "https://pay.invalid/\u{1b}\\"]
    {
        assert_eq!(linked(&paid_at(address)), None, "{address:?}");
    }
    screen.keys("f9 esc");
    assert_eq!(linked(&screen), None, "another place");
}

#[test]
fn a_charge_is_made_once_and_its_code_copied() {
    let mut screen = Screen::new(Lang::En).size(80, 24);
    fill(&mut screen, "50,25");
    let effects = [screen.keys("enter"), screen.keys("enter"), screen.paste("y\ny")].concat();
    assert!(charged(&effects).is_empty(), "neither the key that opens the review nor a paste confirms");
    assert_eq!(charged(&[screen.keys("y"), screen.keys("y"), screen.keys("enter")].concat()).len(), 1);
    // What is not known yet cannot be copied.
    assert!(!screen.text().contains("c copy"), "{}", screen.text());
    let mut screen = Screen::new(Lang::En).size(80, 24);
    make(&mut screen, |number| charge(number, accepted()));
    let copied = screen.keys("c");
    assert!(copied.iter().any(|effect| matches!(effect, Effect::Copy(text) if text == CODE)), "{copied:?}");
    // The form is empty again, and the row opens.
    let opened = screen.keys("enter");
    assert!(
        commands(&opened)
            .iter()
            .any(|command| matches!(command, Command::ShowLife(Some(row)) if *row == id(17)))
    );
}

#[test]
fn a_charge_by_open_finance_says_where_the_bank_leads_back_to() {
    let mut screen = Screen::new(Lang::En).size(80, 24);
    fill(&mut screen, "50,25");
    screen.keys("tab");
    screen.type_text("shop.example");
    screen.keys("enter");
    assert!(screen.text().contains("begins with https://"), "{}", screen.text());
    screen.keys("ctrl-u");
    screen.type_text("https://shop.example/paid");
    screen.keys("enter");
    assert!(screen.text().contains("https://shop.example/paid"), "the review tells it: {}", screen.text());
    let effects = screen.keys("y");
    let asked = commands(&effects).into_iter().find_map(|command| match command {
        Command::Charge(decision) => decision.order.open_finance.clone(),
        _ => None,
    });
    assert_eq!(asked.as_deref(), Some("https://shop.example/paid"));
}

#[test]
fn what_was_typed_comes_back_when_nothing_was_made() {
    let mut screen = Screen::new(Lang::En).size(80, 24);
    fill(&mut screen, "50,25");
    screen.keys("enter");
    let id = charged(&screen.keys("y"))[0];
    screen.news(News::ChargeDecided { id, outcome: AskedOutcome::NotMade("disk full".to_owned()) });
    assert!(screen.text().contains("disk full"), "{}", screen.text());
    screen.keys("enter");
    assert!(
        screen.text().contains("João Pereira") && screen.text().contains("New charge"),
        "{}",
        screen.text()
    );
    // Elsewhere by then, it is a notice.
    screen.keys("enter");
    let id = charged(&screen.keys("y"))[0];
    screen.keys("esc");
    screen.news(News::ChargeDecided { id, outcome: AskedOutcome::Taken });
    screen.keys("!");
    assert!(screen.text().contains("was not made"), "{}", screen.text());
}

#[test]
fn only_what_is_paid_is_given_back_and_only_once() {
    let mut screen = Screen::new(Lang::En).size(80, 24);
    let given = |effects: &[Effect]| {
        commands(effects).into_iter().filter(|command| matches!(command, Command::Refund(_))).count()
    };
    open(&mut screen);
    // Without a reason there is no review, and the answer that comes by itself is no.
    screen.keys("d enter");
    assert_eq!(given(&[screen.keys("y"), screen.keys("enter")].concat()), 0);
    screen.keys("→ enter esc");
    assert_eq!(given(&screen.keys("y")), 0, "back in the form");
    screen.keys("enter");
    assert_eq!(
        given(&[screen.keys("y"), screen.keys("y"), screen.keys("enter"), screen.keys("d")].concat()),
        1
    );
    for life in [
        life_of(15, CashIn::AwaitingPayment, Incoming::default()),
        life_of(15, CashIn::Refunded, Incoming::default()),
        refunded(15, accepted()),
    ] {
        let mut screen = Screen::new(Lang::En).size(80, 24);
        screen.keys("j enter");
        screen.news(News::Life(Some(Box::new(life))));
        screen.keys("d → enter");
        assert_eq!(given(&screen.keys("y")), 0);
        assert!(screen.text().contains("Life") || screen.text().contains("Transaction"), "{}", screen.text());
    }
}

#[test]
fn a_refund_that_needs_a_person_is_told_and_led_to() {
    for lang in Lang::ALL {
        let mut screen = Screen::new(lang).size(80, 24);
        let amount = Some(Centavos::new(5_025));
        for state in [refund::State::Rejected, refund::State::Held] {
            let effects = screen.news(News::RefundNeeds { cash_in: id(15), amount, state });
            assert!(effects.iter().any(|effect| matches!(effect, Effect::Bell)), "{effects:?}");
        }
        screen.keys("! j j");
        let text = screen.text();
        assert!(text.contains(lang.refund_state(refund::State::Held)), "{text}");
        assert!(!text.contains(lang.refund_state(refund::State::Rejected)), "one refund, one notice: {text}");
        let opened = screen.keys("enter");
        assert!(
            commands(&opened)
                .iter()
                .any(|command| matches!(command, Command::ShowLife(Some(row)) if *row == id(15)))
        );
    }
}

#[test]
fn no_size_is_too_small_to_be_drawn() {
    let plays: [fn(&mut Screen); 5] = [
        |screen| fill(screen, "50,25"),
        |screen| make(screen, |number| charge(number, accepted())),
        |screen| {
            open(screen);
            screen.keys("d →");
        },
        |screen| {
            open(screen);
            screen.keys("d → enter");
        },
        |screen| {
            screen.keys("j enter");
            screen.news(News::Life(Some(Box::new(refunded(15, accepted())))));
        },
    ];
    for play in plays {
        for (columns, rows) in SIZES.into_iter().chain([(1, 1), (20, 5), (59, 19), (300, 100)]) {
            // The way there needs a screen on which money is reviewed.
            let mut screen = Screen::new(Lang::PtBr).size(80, 24);
            play(&mut screen);
            screen.resize(columns, rows);
            screen.draw();
        }
    }
    // On a screen that cannot show it, nothing is confirmed.
    let mut screen = Screen::new(Lang::PtBr).size(80, 24);
    open(&mut screen);
    screen.keys("d → enter");
    screen.resize(40, 10);
    let effects = screen.keys("s");
    assert!(commands(&effects).is_empty(), "{effects:?}");
    assert!(now() > before(1));
}

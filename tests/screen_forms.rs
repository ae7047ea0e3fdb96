//! What forms, reviews, outcomes, a row's life, notices and the help look like, in both languages.

mod screen;

use jiff::SignedDuration;
use saldo::app::{Effect, Environment, Message};
use saldo::domain::attempt::{Ambiguity, Problem};
use saldo::domain::cash_out::{Alarm, State as Out};
use saldo::domain::document::Document;
use saldo::domain::money::Centavos;
use saldo::domain::order::{Destination, Order};
use saldo::domain::pace::{Pace, Span};
use saldo::domain::payee::{Finding, Payee, findings};
use saldo::domain::pix_key::PixKey;
use saldo::domain::rebalance::{self, Outcome};
use saldo::domain::text::Safe;
use saldo::engine::message::{Command, DecisionOutcome, FeedWindow, News, Pause, RebalanceTrouble};
use saldo::lang::Lang;
use screen::{Screen, before, forecast, intent, life, payments, reading, rebalance_of, window};

/// A snapshot in each language, at the two sizes on which money is reviewed.
fn each(name: &str, play: impl Fn(&mut Screen)) {
    for lang in Lang::ALL {
        for (columns, rows) in [(160, 50), (80, 24)] {
            let mut screen = Screen::new(lang).size(columns, rows);
            play(&mut screen);
            insta::assert_snapshot!(format!("{name}_{}_{columns}x{rows}", lang.as_str()), screen.shown());
        }
    }
}

fn fill(screen: &mut Screen, amount: &str) {
    screen.keys("p");
    screen.type_text(amount);
    screen.keys("tab tab");
    screen.type_text("maria@example.com");
    screen.keys("tab");
    screen.type_text("Maria da Silva");
    screen.keys("tab");
    screen.type_text("52998224725");
}

/// Somebody who was paid at nearly the same key.
fn maria_elsewhere() -> Payee {
    Payee {
        destination: Destination::Pix(PixKey::parse("marla@example.com", None).expect("a key")),
        name: "Maria da Silva".to_owned(),
        document: Document::parse("52998224725").expect("a document"),
        times: 3,
        total: Centavos::new(150_000),
        last_paid: before(86_400 * 9 + 7_000),
        is_favourite: false,
    }
}

fn yes(lang_is_portuguese: bool) -> &'static str {
    if lang_is_portuguese { "s" } else { "y" }
}

fn confirm(screen: &mut Screen) {
    // Only the language's own key confirms; the other one does nothing.
    for key in [yes(true), yes(false)] {
        screen.keys(key);
    }
}

#[test]
fn the_cash_out_form() {
    each("form_empty", |screen| {
        screen.keys("p");
    });
    each("form_wrong", |screen| {
        screen.keys("p");
        screen.type_text("1.234");
        screen.keys("tab tab");
        screen.type_text("11987654321x");
        screen.keys("tab tab");
        screen.type_text("52998224724");
        screen.keys("enter");
    });
    each("form_ambiguous_key", |screen| {
        screen.keys("p tab tab");
        // A CPF with valid check digits that is a plausible mobile number too.
        screen.type_text("11934560022");
        screen.keys("tab");
    });
    each("form_account", |screen| {
        screen.keys("p tab space tab");
        screen.type_text("60701190");
        screen.keys("tab");
        screen.type_text("1234");
    });
}

#[test]
fn the_review() {
    each("review", |screen| {
        fill(screen, "500,25");
        screen.keys("enter");
    });
    each("review_repeat", |screen| {
        fill(screen, "501,25");
        screen.keys("enter");
        confirm(screen);
    });
    // A key a letter away from a known one, as loud as a review gets; and a first payment, which is ordinary.
    for (name, is_loud) in [("review_payee", true), ("review_first", false)] {
        each(name, |screen| {
            fill(screen, "500,25");
            let asked = screen.keys("enter").into_iter().find_map(|effect| match effect {
                Effect::Command(Command::LookUpPayee(_, order)) => Some(order),
                _ => None,
            });
            let order = asked.expect("the payee is looked up");
            let known = if is_loud { vec![maria_elsewhere()] } else { Vec::new() };
            let found = findings(&order, &known);
            // What was found of another order is not this one's.
            let other = Order { name: "Outra".to_owned(), ..(*order).clone() };
            screen.news(News::Payee(Box::new(other), vec![Finding::OtherName(maria_elsewhere())]));
            screen.news(News::Payee(order, found));
        });
    }
    each("review_large", |screen| {
        fill(screen, "200.000,00");
        screen.keys("enter");
        screen.type_text("20");
        confirm(screen);
    });
}

#[test]
fn what_became_of_it() {
    each("sent_created", |screen| {
        fill(screen, "500,25");
        screen.keys("enter");
        confirm(screen);
        let decided = screen.decided.expect("a decision");
        screen.news(News::CashOutDecided { id: decided, outcome: DecisionOutcome::Created });
        let mut life = life(16);
        life.transaction.id = decided;
        life.transaction.state = saldo::domain::transaction::State::Out(Out::Unknown);
        life.intent = Some(intent(16, 50_025, Out::Unknown));
        screen.news(News::Life(Some(Box::new(life))));
    });
    each("sent_failing", |screen| {
        fill(screen, "500,25");
        screen.keys("enter");
        confirm(screen);
        let decided = screen.decided.expect("a decision");
        screen.news(News::CashOutDecided { id: decided, outcome: DecisionOutcome::Created });
        let mut life = life(16);
        life.transaction.id = decided;
        life.transaction.state = saldo::domain::transaction::State::Out(Out::Accepted);
        life.transaction.failure_reported = true;
        life.intent = Some(intent(16, 50_025, Out::Accepted));
        screen.news(News::Life(Some(Box::new(life))));
    });
    each("sent_taken", |screen| {
        fill(screen, "500,25");
        screen.keys("enter");
        confirm(screen);
        let decided = screen.decided.expect("a decision");
        let outcome = DecisionOutcome::Taken(Box::new(intent(16, 99_900, Out::Completed)));
        screen.news(News::CashOutDecided { id: decided, outcome });
    });
}

#[test]
fn the_rebalance() {
    each("rebalance_form", |screen| {
        screen.keys("b");
    });
    each("rebalance_review_sweep", |screen| {
        screen.keys("b ctrl-u");
        screen.type_text("200.000,00");
        screen.keys("enter");
        let outcome = Ok(forecast(48_200_012, 20_000_000));
        screen.news(News::RebalanceReviewed { target: Centavos::new(20_000_000), outcome });
    });
    each("rebalance_unknown", |screen| {
        screen.keys("b enter");
        let target = Centavos::new(50_000_000);
        screen.news(News::RebalanceReviewed { target, outcome: Ok(forecast(48_200_012, 50_000_000)) });
        screen.type_text("500.000,00");
        confirm(screen);
        let stored = rebalance_of(900, Outcome::Ambiguous(Ambiguity::TimedOut), rebalance::State::Unknown);
        screen.news(News::RebalanceEnded(Ok(Box::new(stored))));
    });
    each("rebalance_moved", |screen| {
        screen.keys("b enter");
        let target = Centavos::new(50_000_000);
        screen.news(News::RebalanceReviewed { target, outcome: Ok(forecast(48_200_012, 50_000_000)) });
        screen.type_text("500.000,00");
        confirm(screen);
        let moved = Box::new(forecast(52_000_000, 50_000_000));
        screen.news(News::RebalanceEnded(Err(RebalanceTrouble::Moved(moved))));
    });
}

#[test]
fn the_life_of_a_row() {
    each("life", |screen| {
        screen.keys("enter");
        screen.news(News::Life(Some(Box::new(life(16)))));
    });
    each("life_scrolled", |screen| {
        screen.keys("enter");
        screen.news(News::Life(Some(Box::new(life(16)))));
        screen.keys("pgdn pgdn pgdn");
    });
}

#[test]
fn notices_and_questions() {
    let trouble = |screen: &mut Screen| {
        let mut window = window();
        window.rebalances_in_doubt =
            vec![rebalance_of(900, Outcome::Ambiguous(Ambiguity::TimedOut), rebalance::State::Unknown)];
        screen.news(News::Feed(Box::new(window)));
        let intent = Box::new(intent(16, 1_250_000, Out::Completed));
        screen.news(News::Alarm { alarm: Alarm::CompletedAfterFailure, intent });
        let problem = Problem {
            status: 403,
            code: Some(Safe::new("INVALID_APPLICATION_TOKEN")),
            title: None,
            detail: None,
        };
        screen.news(News::Paused(Some(Pause::Forbidden(problem))));
        screen.news(News::JournalTrouble("disk full".to_owned()));
    };
    each("trouble_home", trouble);
    each("trouble_notices", |screen| {
        trouble(screen);
        screen.keys("! j");
    });
    each("ask_resume", |screen| {
        trouble(screen);
        screen.keys("R");
    });
    each("ask_acknowledge", |screen| {
        trouble(screen);
        screen.keys("! a a a a");
    });
}

#[test]
fn the_help() {
    each("help", |screen| {
        screen.keys("?");
    });
}

#[test]
fn figures_that_are_old_or_missing() {
    for lang in Lang::ALL {
        let mut screen =
            Screen::with(lang, Environment::Production, Some(reading(400)), window()).size(80, 24);
        screen.news(News::BalanceFailed {
            at: screen::now(),
            reason: Safe::new("the gateway did not answer in time"),
            failures: 3,
        });
        insta::assert_snapshot!(format!("stale_{}", lang.as_str()), screen.shown());
        let mut nothing = Screen::with(lang, Environment::Sandbox, None, FeedWindow::default()).size(80, 24);
        nothing.keys("z f");
        nothing.send(Message::Woke);
        insta::assert_snapshot!(format!("nothing_{}", lang.as_str()), nothing.shown());
    }
}

#[test]
fn money_is_not_reviewed_on_a_screen_that_cannot_show_it() {
    for lang in Lang::ALL {
        let mut screen = Screen::new(lang);
        fill(&mut screen, "500,25");
        screen.keys("enter");
        screen.resize(40, 10);
        let effects = [screen.keys("s"), screen.keys("y")].concat();
        assert!(payments(&effects).is_empty());
        insta::assert_snapshot!(format!("too_small_{}", lang.as_str()), screen.shown());
        screen.resize(80, 24);
        let effects = [screen.keys("s"), screen.keys("y")].concat();
        assert_eq!(payments(&effects).len(), 1);
    }
}

#[test]
fn how_long_the_balance_pays() {
    each("coverage", |screen| {
        // Five million centavos left within ten minutes, and half of it was told.
        let span = |minutes: i64, watched: i64| Span {
            minutes,
            watched: SignedDuration::from_mins(watched),
            paid: Centavos::new(watched * 250_000),
            received: Centavos::new(watched * 10_000),
            fell: Centavos::new(watched * 500_000),
            rose: Centavos::ZERO,
        };
        let mut then = reading(600).balance;
        then.banks[1].transactional =
            then.banks[1].transactional.map(|amount| Centavos::new(2 * amount.get()));
        let pace = Pace {
            at: before(0),
            spans: [span(1, 1), span(10, 10), span(60, 12)],
            then: Some((then, SignedDuration::from_mins(10))),
        };
        screen.news(News::Pace(Box::new(pace)));
        let mut low = reading(0);
        low.balance.transactional = Centavos::new(29_000_000);
        screen.news(News::Balance(Box::new(low)));
    });
}

#[test]
fn what_the_users_hold_is_held_against_the_balance() {
    each("exposure", |screen| {
        screen.news(News::Exposure { at: before(0), outcome: Ok(Centavos::new(50_000_000)) });
        screen.news(News::Exposure {
            at: before(0),
            outcome: Err(Safe::new("exposure failed (exit status: 3)")),
        });
    });
    let mut screen = Screen::new(Lang::En).size(160, 50);
    screen.news(News::Exposure { at: before(0), outcome: Ok(Centavos::new(49_000_000)) });
    assert!(screen.text().contains("SHORT BY"));
    screen.keys("b");
    assert!(screen.text().contains("490.000,00"), "what the users hold is proposed: {}", screen.text());
}

//! What a person's judgement looks like: the life of a payment in doubt, the form over it, its review, what became of it.

mod screen;

use saldo::domain::cash_out::{Alarm, Because, Refused, State as Out};
use saldo::domain::text::Safe;
use saldo::domain::transaction::State;
use saldo::engine::message::{Command, Finding, JournalError, LaneError, News};
use saldo::lang::Lang;
use screen::{Doubt, Screen, commands, doubtful, id, row, window};

/// A snapshot in each language, at the two sizes on which a finding is reviewed.
fn each(name: &str, play: impl Fn(&mut Screen)) {
    each_at(name, &[(160, 50), (80, 24)], play);
}

fn each_at(name: &str, sizes: &[(u16, u16)], play: impl Fn(&mut Screen)) {
    for lang in Lang::ALL {
        for (columns, rows) in sizes {
            let mut screen = Screen::new(lang).size(*columns, *rows);
            play(&mut screen);
            insta::assert_snapshot!(format!("{name}_{}_{columns}x{rows}", lang.as_str()), screen.shown());
        }
    }
}

/// Opens the life of a payment.
fn open(screen: &mut Screen, doubt: Doubt) {
    let life = doubtful(11, doubt);
    let mut feed = window();
    for row in feed.rows.iter_mut().filter(|row| row.id == id(11)) {
        *row = life.transaction.clone();
    }
    screen.news(News::Feed(Box::new(feed)));
    screen.keys("j j j j j enter");
    screen.news(News::Life(Some(Box::new(life))));
}

/// The confirming key of either language; the other one does nothing.
fn confirm(screen: &mut Screen) -> Vec<Command> {
    let effects = [screen.keys("s"), screen.keys("y")].concat();
    commands(&effects).into_iter().cloned().collect()
}

fn not_paid(screen: &mut Screen, doubt: Doubt) {
    open(screen, doubt);
    screen.keys("r → tab");
    screen.type_text("não consta no extrato de 22 e 23/11");
    screen.keys("enter");
}

fn found(screen: &mut Screen) {
    open(screen, Doubt::Held);
    screen.keys("r tab");
    screen.type_text("CP000011");
    screen.keys("tab");
    screen.type_text("no portal do gateway");
    screen.keys("enter");
}

#[test]
fn the_life_of_a_payment_says_what_to_do_next() {
    each("resolve_life_unknown", |screen| open(screen, Doubt::Unknown));
    each("resolve_life_frozen", |screen| open(screen, Doubt::Frozen));
    each("resolve_life_held", |screen| open(screen, Doubt::Declared));
    each("resolve_life_not_paid", |screen| open(screen, Doubt::NotPaid));
    each("resolve_life_stale", |screen| open(screen, Doubt::Stale));
    each("resolve_life_pending", |screen| open(screen, Doubt::Pending));
}

#[test]
fn the_form_stands_under_the_facts() {
    let small = [(160, 50), (80, 24), (40, 10)];
    each_at("resolve_form_held", &small, |screen| {
        open(screen, Doubt::Held);
        screen.keys("r");
    });
    each("resolve_form_not_paid", |screen| {
        open(screen, Doubt::Declared);
        screen.keys("r → tab enter");
    });
    each("resolve_form_said_already", |screen| {
        open(screen, Doubt::DeclaredByMe);
        screen.keys("r → tab");
        screen.type_text("de novo");
        screen.keys("enter");
    });
    each("resolve_form_unknown", |screen| {
        open(screen, Doubt::Unknown);
        screen.keys("r enter");
    });
    each("resolve_form_call_off", |screen| {
        open(screen, Doubt::Pending);
        screen.keys("r");
    });
}

#[test]
fn the_review_says_what_it_does() {
    each("resolve_review_found", found);
    each("resolve_review_first", |screen| not_paid(screen, Doubt::Held));
    each("resolve_review_call_off", |screen| {
        open(screen, Doubt::Pending);
        screen.keys("r");
        screen.type_text("valor errado");
        screen.keys("enter");
    });
    each_at("resolve_review_long", &[(160, 50), (80, 24), (60, 20)], |screen| {
        open(screen, Doubt::Declared);
        screen.keys("r → tab");
        screen.type_text("conferi o extrato do gateway, o portal e o banco; ".repeat(8).trim());
        screen.keys("enter");
    });
    each("resolve_review_last", |screen| not_paid(screen, Doubt::Declared));
    each_at("resolve_review_small", &[(40, 10)], found);
}

#[test]
fn what_became_of_it_is_told() {
    each("resolve_sent_asking", |screen| {
        found(screen);
        confirm(screen);
    });
    each("resolve_sent_first", |screen| {
        not_paid(screen, Doubt::Held);
        confirm(screen);
        let after = doubtful(11, Doubt::DeclaredByMe).intent.expect("a payment");
        screen.news(News::Resolved { id: id(11), outcome: Ok(Box::new(after)) });
    });
    each("resolve_sent_last", |screen| {
        not_paid(screen, Doubt::Declared);
        confirm(screen);
        let after = doubtful(11, Doubt::NotPaid).intent.expect("a payment");
        screen.news(News::Resolved { id: id(11), outcome: Ok(Box::new(after)) });
    });
    each("resolve_sent_other", |screen| {
        found(screen);
        confirm(screen);
        let why = Safe::new("that is the payment with the reference premio-12, and this one has premio-11");
        screen.news(News::Resolved { id: id(11), outcome: Err(LaneError::NotThisPayment(why)) });
    });
}

#[test]
fn news_of_a_finding_becomes_a_notice_where_nobody_looks() {
    each("resolve_notices", |screen| {
        found(screen);
        confirm(screen);
        screen.keys("esc esc");
        let after = doubtful(11, Doubt::Stale).intent.expect("a payment");
        screen.news(News::Resolved { id: id(11), outcome: Ok(Box::new(after.clone())) });
        screen.news(News::Alarm { alarm: Alarm::Stale, intent: Box::new(after.clone()) });
        screen.news(News::Alarm { alarm: Alarm::Overtaken, intent: Box::new(after) });
        screen.keys("!");
    });
}

#[test]
fn every_new_state_has_its_word_in_the_feed() {
    each_at("resolve_feed", &[(160, 50), (80, 24), (40, 10)], |screen| {
        let mut feed = window();
        let states =
            [Out::Draft, Out::PendingApproval, Out::Expired, Out::DeclaredNotPaid, Out::Held, Out::Unknown];
        let rows = states.into_iter().zip(21..);
        feed.rows = rows.map(|(state, seq)| row(seq, State::Out(state), 70_000, "Beatriz Nunes")).collect();
        screen.news(News::Feed(Box::new(feed)));
    });
}

/// Every reason why nothing is recorded reads as one sentence in each language.
#[test]
fn every_refusal_is_told_in_words() {
    for lang in Lang::ALL {
        let mut told = Vec::new();
        for because in [
            Because::State,
            Because::OnTheWire,
            Because::TooEarly,
            Because::TooLate,
            Because::Changed,
            Because::SamePerson,
            Because::Contradicted,
            Because::Sibling,
        ] {
            let refused = Refused { state: Out::Held, event: "the declaration", because };
            told.push(LaneError::Journal(JournalError::Refused(refused)));
        }
        told.push(LaneError::Journal(JournalError::Unwritable("disk full".to_owned())));
        told.push(LaneError::Busy);
        told.push(LaneError::Changed);
        let texts: Vec<String> = told
            .into_iter()
            .map(|error| {
                let mut screen = Screen::new(lang).size(160, 50);
                not_paid(&mut screen, Doubt::Held);
                let sent = confirm(&mut screen);
                assert!(
                    matches!(&sent[..], [Command::Resolve { finding: Finding::NotPaid { .. }, .. }]),
                    "{sent:?}"
                );
                screen.news(News::Resolved { id: id(11), outcome: Err(error) });
                let text = screen.text();
                let wanted = match lang {
                    Lang::PtBr => "NADA foi gravado: ",
                    Lang::En => "NOTHING was recorded: ",
                };
                let line = text.lines().find(|line| line.contains(wanted)).expect(wanted);
                line.split(wanted).nth(1).expect("a reason").trim_end_matches(['│', ' ']).to_owned()
            })
            .collect();
        insta::assert_snapshot!(format!("resolve_refusals_{}", lang.as_str()), texts.join("\n"));
    }
}

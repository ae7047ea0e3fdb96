//! What a person's judgement looks like: the life of a payment in doubt, the form over it, its review, what became of it.

mod screen;

use std::sync::Arc;

use saldo::domain::attempt::{Ambiguity, Verdict};
use saldo::domain::cash_out::{Alarm, Because, Event, OtherPayment, Refused, State as Out, Terms};
use saldo::domain::moment::Moment;
use saldo::domain::person::Person;
use saldo::domain::report::{Report, Source, Status};
use saldo::domain::text::Safe;
use saldo::domain::transaction::State;
use saldo::engine::message::{Command, Finding, LaneError, Life, News};
use saldo::journal::JournalError;
use saldo::lang::Lang;
use screen::{Doubt, Screen, commands, doubtful, id, now, row, window};

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
        screen.news(News::Resolved { id: id(11), outcome: Ok(Some(Box::new(after))) });
    });
    each("resolve_sent_last", |screen| {
        not_paid(screen, Doubt::Declared);
        confirm(screen);
        let after = doubtful(11, Doubt::NotPaid).intent.expect("a payment");
        screen.news(News::Resolved { id: id(11), outcome: Ok(Some(Box::new(after))) });
    });
    each("resolve_sent_other", |screen| {
        found(screen);
        confirm(screen);
        let why = OtherPayment::Reference(Safe::new("premio-12"));
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
        screen.news(News::Resolved { id: id(11), outcome: Ok(Some(Box::new(after.clone()))) });
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
            let refused = Refused { state: Out::Held, event: "the declaration".into(), because };
            told.push(LaneError::Refused(refused));
        }
        told.push(LaneError::Journal(JournalError::unwritable("disk full")));
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

/// Every event of a payment as the timeline tells it.
#[test]
fn every_event_is_told_by_name_and_whole() {
    let at = now();
    let moment = Moment::wall(at);
    let by = screen::person;
    let nameless = || Person { uid: 1002, name: None };
    let first = doubtful(11, Doubt::Pending);
    let mut events = first.events.clone();
    let Some(Event::Proposed(terms)) = events.first().cloned() else { panic!("a proposal") };
    let fingerprints = terms.fingerprints;
    let again = Terms { is_draft: true, approvals: 2, generation: 2, ..(*terms).clone() };
    let report = |status| {
        let report = screen::life(16).intent.expect("a payment").cash_out.last_report.expect("a report");
        Arc::new(Report { status, ..(*report).clone() })
    };
    events.extend([
        Event::Proposed(Arc::new(again)),
        Event::Submitted { at, by: by() },
        Event::Approved { at, by: nameless(), payload: fingerprints.payload },
        Event::CalledOff { at, by: by(), reason: None },
        Event::CalledOff { at, by: by(), reason: Some("o valor estava errado".to_owned()) },
        Event::Expired { at: moment },
        Event::Overtaken { at, generation: 1 },
        Event::AttemptStarted { at: moment, key: id(77), fingerprints },
        Event::AttemptEnded { at: moment, verdict: Verdict::Ambiguous(Ambiguity::TimedOut) },
        Event::Reported { at: moment, source: Source::Get, report: report(Status::Processing) },
        Event::LookedInVain { at },
        Event::WindowClosed { at: moment },
        Event::PutOnHold { at },
        Event::WentStale { at },
        Event::Adopted { at, by: by(), internal_code: Safe::new("CP-1"), reason: None },
        Event::Adopted {
            at,
            by: by(),
            internal_code: Safe::new("CP-1"),
            reason: Some("no portal, com o suporte".to_owned()),
        },
        Event::Declared { at: moment, by: nameless(), statement: "liguei, não consta; ".repeat(60) },
        Event::RoundStarted { at, by: by() },
    ]);
    for lang in Lang::ALL {
        let mut screen = Screen::new(lang).size(160, 120);
        screen.keys("enter");
        let life = Life { events: events.clone(), ..first.clone() };
        let transaction = row(16, State::Out(Out::PendingApproval), 70_000, "Beatriz Nunes");
        screen.news(News::Life(Some(Box::new(Life { transaction, ..life }))));
        let text = screen.text();
        let heading = if lang == Lang::PtBr { "Linha do tempo" } else { "Timeline" };
        let lines = text.lines().skip_while(|line| !line.contains(heading));
        let right =
            |line: &str| line.chars().skip(38).collect::<String>().trim_end_matches(['│', ' ']).to_owned();
        let shown: Vec<String> = lines.map(right).take_while(|line| !line.is_empty()).collect();
        insta::assert_snapshot!(format!("resolve_events_{}", lang.as_str()), shown.join("\n"));
    }
}

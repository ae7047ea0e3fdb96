//! What a person says of a payment: when it can be said, that it is said once, and that nothing typed is lost.

use super::*;
use crate::app::key::Key;
use crate::app::resolve::{Choice, Fate, Stage};
use crate::domain::cash_out::{DECLARE_AFTER, OtherPayment};
use crate::engine::message::{Finding, Incoming, LaneError, Life};

const DAY: i64 = 86_400;

fn bia() -> Person {
    Person { uid: 1001, name: Some("bia".to_owned()) }
}

/// The life of payment 5, whose last request left at `START`.
fn life(state: Out, change: impl Fn(&mut CashOut)) -> Box<Life> {
    let mut payment = intent(uuid(5), state);
    payment.cash_out.last_attempt = Some(Moment::wall(at(0)));
    change(&mut payment.cash_out);
    let mut transaction = row(5, state);
    transaction.id = uuid(5);
    Box::new(Life {
        transaction,
        intent: Some(*payment),
        events: Vec::new(),
        attempts: Vec::new(),
        deliveries: Vec::new(),
        incoming: Incoming::default(),
    })
}

/// A desk two days later, with that life open.
fn desk(state: Out, change: impl Fn(&mut CashOut)) -> Desk {
    let mut desk = Desk::new();
    desk.second = 2 * DAY;
    desk.keys("enter");
    desk.news(News::Life(Some(life(state, change))));
    desk
}

fn stage(desk: &Desk) -> &Stage {
    match &desk.app.mode {
        Mode::Resolve(resolve) => &resolve.stage,
        other => panic!("not resolving: {other:?}"),
    }
}

fn said(commands: &[Command]) -> Vec<&Finding> {
    commands
        .iter()
        .filter_map(|command| match command {
            Command::Resolve { id, finding } if *id == uuid(5) => Some(finding),
            _ => None,
        })
        .collect()
}

/// Types a finding and opens its review.
fn review_found(desk: &mut Desk) {
    desk.keys("r tab");
    desk.write(" CP-1");
    desk.keys("tab");
    desk.write("in the portal");
    assert!(desk.keys("enter").is_empty());
    assert_eq!(desk.app.place(), Place::Review);
}

fn review_not_paid(desk: &mut Desk) {
    desk.keys("r → tab");
    desk.write("not on the statement");
    assert!(desk.keys("enter").is_empty());
}

fn resolved(outcome: Result<Out, LaneError>) -> News {
    News::Resolved { id: uuid(5), outcome: outcome.map(|state| Some(intent(uuid(5), state))) }
}

fn is_offered(desk: &Desk) -> bool {
    desk.app
        .keys
        .footer(desk.app.place(), Lang::En, &|action| desk.app.offers(action))
        .iter()
        .any(|entry| entry.keys == "r" && entry.words == "resolve")
}

#[test]
fn what_had_no_effect_is_called_off_and_not_looked_for() {
    let payment = *intent(uuid(5), Out::Unknown);
    let unsent = CashOut { ambiguous: false, doubt_since: None, attempts: 1, ..payment.cash_out };
    assert_eq!(Choice::of(&unsent), [Choice::CallOff]);
    assert_eq!(Choice::of(&CashOut { on_the_wire: true, ..unsent.clone() }), [Choice::Found]);
    assert_eq!(Choice::of(&CashOut { frozen: true, ..unsent }), [Choice::Found]);
}

#[test]
fn it_is_offered_where_something_can_be_said_and_nowhere_else() {
    for state in Out::ALL {
        let choices: &[Choice] = match state {
            Out::Draft | Out::PendingApproval | Out::Approved => &[Choice::CallOff],
            Out::Unknown | Out::Exists | Out::DeclaredNotPaid => &[Choice::Found],
            Out::Held => &[Choice::Found, Choice::NotPaid],
            _ => &[],
        };
        let mut desk = desk(state, |_| {});
        let payment = desk.app.mode.clone();
        let Mode::Detail(detail) = payment else { panic!("{payment:?}") };
        assert_eq!(Choice::of(&detail.intent().unwrap().cash_out), choices, "{state:?}");
        assert_eq!(is_offered(&desk), !choices.is_empty(), "{state:?}");
        desk.keys("?");
        let help = desk.app.keys.help(desk.app.place(), Lang::En, &|action| desk.app.offers(action));
        let keys =
            help.iter().filter(|(place, _)| *place == "Life of a transaction").flat_map(|(_, all)| all);
        assert_eq!(keys.filter(|entry| entry.keys == "r").count() == 1, !choices.is_empty(), "{state:?}");
        desk.keys("esc r");
        let wanted = if choices.is_empty() { Place::Detail } else { Place::Form };
        assert_eq!(desk.app.place(), wanted, "{state:?}");
        assert_eq!(desk.app.flash.is_some(), choices.is_empty(), "it says why nothing opens");
    }
    let mut theirs = Desk::new();
    theirs.keys("enter");
    theirs.news(News::Life(Some(Box::new(Life { intent: None, ..*life(Out::Unknown, |_| {}) }))));
    assert!(!is_offered(&theirs), "saldo did not order it");
}

#[test]
fn a_finding_is_said_once_exactly_as_reviewed() {
    let mut desk = desk(Out::Held, |_| {});
    review_found(&mut desk);
    let sent = desk.keys("r enter enter y y enter y n y");
    let wanted = Finding::InternalCode { code: "CP-1".to_owned(), reason: Some("in the portal".to_owned()) };
    assert_eq!(said(&sent), [&wanted]);
}

#[test]
fn only_the_confirming_key_confirms() {
    let mut desk = desk(Out::Held, |_| {});
    review_found(&mut desk);
    for key in ["r", "s", "Y", "enter", "space", "ctrl-y", "→"] {
        assert!(desk.keys(key).is_empty(), "{key}");
        assert_eq!(desk.app.place(), Place::Review, "{key}");
    }
    desk.send(Message::Paste("y\n".to_owned()));
    assert_eq!(desk.app.place(), Place::Review);
    desk.app.size = (40, 10);
    assert!(desk.keys("y").is_empty(), "what is confirmed has to be seen");
    desk.app.size = (80, 24);
    desk.keys("n");
    assert_eq!(desk.app.place(), Place::Form, "no is the way back");
}

#[test]
fn a_confirmation_perishes() {
    let mut desk = desk(Out::Held, |_| {});
    review_found(&mut desk);
    desk.second += 301;
    assert!(desk.keys("y").is_empty());
    assert_eq!(desk.app.place(), Place::Review, "to be read again");
    assert_eq!(said(&desk.keys("y")).len(), 1);
}

#[test]
fn nothing_typed_is_lost_by_closing_and_each_payment_has_its_own() {
    let mut desk = desk(Out::Held, |_| {});
    desk.keys("r tab");
    desk.write("CP-1");
    desk.keys("esc");
    assert_eq!(desk.app.place(), Place::Detail);
    let asked = desk.keys("esc");
    assert!(matches!(&asked[..], [Command::ShowLife(None)]), "{asked:?}");
    // Another payment's form is empty.
    desk.keys("j enter");
    let mut other = life(Out::Held, |_| {});
    other.transaction.id = uuid(4);
    other.intent.as_mut().unwrap().id = uuid(4);
    desk.news(News::Life(Some(other)));
    assert!(desk.keys("r enter esc").is_empty());
    desk.keys("esc k enter");
    desk.news(News::Life(Some(life(Out::Held, |_| {}))));
    desk.keys("r enter");
    let sent = desk.keys("y");
    assert!(matches!(said(&sent)[..], [Finding::InternalCode { code, .. }] if code == "CP-1"), "{sent:?}");
}

#[test]
fn a_paste_is_text_and_never_a_key() {
    let mut desk = desk(Out::Held, |_| {});
    desk.keys("r");
    assert!(commands(desk.send(Message::Paste("CP-9\n\ny\n".to_owned()))).is_empty());
    desk.keys("tab");
    assert!(commands(desk.send(Message::Paste("CP-1\n".to_owned()))).is_empty());
    assert_eq!(desk.app.place(), Place::Form);
    desk.keys("enter");
    assert!(matches!(said(&desk.keys("y"))[..], [Finding::InternalCode { code, .. }] if code == "CP-1"));
}

#[test]
fn only_arrows_choose_what_is_said() {
    let mut desk = desk(Out::Held, |_| {});
    desk.keys("r");
    desk.write("not paid");
    desk.keys("space enter");
    assert!(matches!(stage(&desk), Stage::Editing), "the id is missing: nothing was chosen by typing");
    desk.keys("shift-tab →");
    desk.keys("enter");
    assert!(matches!(stage(&desk), Stage::Editing), "the statement is missing");
    desk.write("x");
    desk.keys("enter");
    assert!(matches!(said(&desk.keys("y"))[..], [Finding::NotPaid { statement }] if statement == "x"));
}

#[test]
fn it_takes_two_people_and_nobody_counts_twice() {
    for (who, reviewed) in [(None, true), (Some(bia()), true), (Some(person()), false)] {
        let mut desk = desk(Out::Held, |pay| pay.declarations.extend(who.clone()));
        review_not_paid(&mut desk);
        assert_eq!(desk.app.place() == Place::Review, reviewed, "{who:?}");
        assert_eq!(said(&desk.keys("y")).len(), usize::from(reviewed), "{who:?}");
    }
}

#[test]
fn it_is_not_declared_too_early_nor_while_a_request_is_on_the_wire() {
    let late = |second| move |pay: &mut CashOut| pay.last_attempt = Some(Moment::wall(at(second)));
    let day = DECLARE_AFTER.as_secs();
    for (second, reviewed) in [(2 * DAY - day + 1, false), (2 * DAY - day, true)] {
        let mut desk = desk(Out::Held, late(second));
        review_not_paid(&mut desk);
        assert_eq!(desk.app.place() == Place::Review, reviewed, "{second}");
    }
    let mut desk = desk(Out::Unknown, |pay| pay.on_the_wire = true);
    desk.keys("r");
    desk.write("CP-1");
    desk.keys("enter");
    assert_eq!(desk.app.place(), Place::Form);
    desk.news(News::Life(Some(life(Out::Unknown, |_| {}))));
    desk.keys("enter");
    assert_eq!(desk.app.place(), Place::Review, "the answer has come");
}

#[test]
fn what_the_payment_has_left_behind_is_not_said_of_it() {
    for state in [Out::Completed, Out::Accepted, Out::DeclaredNotPaid] {
        let mut desk = desk(Out::Held, |_| {});
        review_not_paid(&mut desk);
        desk.news(News::Life(Some(life(state, |_| {}))));
        assert!(desk.keys("y").is_empty(), "{state:?}");
        assert_eq!(desk.app.place(), Place::Form, "the form says that it has moved on");
        assert!(desk.keys("enter y tab space x esc").is_empty());
        assert_eq!(desk.app.place(), Place::Detail);
    }
    let mut gone = desk(Out::Held, |_| {});
    review_not_paid(&mut gone);
    gone.news(News::Life(None));
    assert!(gone.keys("y").is_empty());
}

#[test]
fn an_unsent_payment_is_called_off() {
    for state in [Out::Draft, Out::PendingApproval, Out::Approved] {
        let mut desk = desk(state, |_| {});
        desk.keys("r enter");
        assert_eq!(said(&desk.keys("y")), [&Finding::CallOff { reason: None }], "{state:?}");
    }
}

#[test]
fn an_outcome_is_told_where_it_was_asked_for() {
    let mut desk = desk(Out::Held, |_| {});
    review_not_paid(&mut desk);
    desk.keys("y");
    assert!(matches!(stage(&desk), Stage::Sent(sent) if matches!(sent.fate, Fate::Waiting)));
    desk.keys("?");
    desk.news(resolved(Ok(Out::DeclaredNotPaid)));
    desk.keys("esc");
    assert!(matches!(stage(&desk), Stage::Sent(sent) if matches!(sent.fate, Fate::Recorded(_))));
    assert!(desk.app.notices.entries().is_empty());
    desk.keys("enter");
    assert_eq!(desk.app.place(), Place::Detail);
    assert!(desk.app.resolves.get(uuid(5)).is_none(), "the next form is a new one");
}

#[test]
fn what_was_not_recorded_is_still_in_the_form() {
    for error in [LaneError::Changed, LaneError::NotThisPayment(OtherPayment::CashIn), LaneError::Busy] {
        let mut desk = desk(Out::Held, |_| {});
        review_not_paid(&mut desk);
        desk.keys("y");
        desk.news(resolved(Err(error.clone())));
        assert!(
            matches!(stage(&desk), Stage::Sent(sent) if matches!(&sent.fate, Fate::NotRecorded(one) if *one == error))
        );
        desk.keys("enter enter");
        let again = desk.keys("y");
        assert!(
            matches!(said(&again)[..], [Finding::NotPaid { statement }] if statement == "not on the statement")
        );
    }
}

#[test]
fn an_outcome_that_nobody_waits_for_is_noticed() {
    let mut desk = desk(Out::Held, |_| {});
    review_found(&mut desk);
    desk.keys("y esc");
    assert_eq!(desk.app.place(), Place::Detail);
    desk.keys("r");
    assert!(matches!(stage(&desk), Stage::Sent(_)), "one finding at a time: it is still under way");
    desk.keys("esc esc");
    let rings = desk.send(Message::News(resolved(Ok(Out::Accepted))));
    assert!(rings.iter().any(|effect| matches!(effect, Effect::Bell)));
    let told = &desk.app.notices.entries()[0].notice;
    assert!(matches!(told, Notice::Resolved { fate: Fate::Recorded(_), .. }), "{told:?}");
    let asked = desk.keys("! enter");
    assert!(matches!(&asked[..], [Command::ShowLife(Some(id))] if *id == uuid(5)), "{asked:?}");
}

#[test]
fn an_engine_that_takes_no_finding_is_said_and_nothing_is_lost() {
    let mut desk = desk(Out::Held, |_| {});
    review_found(&mut desk);
    let command = desk.keys("y").remove(0);
    desk.send(Message::NotTaken(Box::new(command)));
    assert!(matches!(stage(&desk), Stage::Sent(sent) if matches!(sent.fate, Fate::Busy)));
    desk.keys("enter enter");
    assert_eq!(said(&desk.keys("y")).len(), 1);
}

#[test]
fn no_single_key_says_anything() {
    for state in [Out::Held, Out::Approved, Out::Unknown] {
        for character in ' '..='~' {
            let mut desk = desk(state, |_| {});
            let sent = commands(desk.send(Message::Key(KeyPress::char(character))));
            assert!(said(&sent).is_empty(), "{character}");
            desk.keys("r");
            let sent = commands(desk.send(Message::Key(KeyPress::plain(Key::Char(character)))));
            assert!(said(&sent).is_empty(), "{character} in the form");
        }
    }
}

#[test]
fn only_what_can_be_done_at_once_is_taken_up() {
    for (state, frozen, takes) in [
        (Out::Unknown, false, true),
        (Out::Unknown, true, false),
        (Out::Held, false, false),
        (Out::Exists, false, false),
        (Out::Completed, false, false),
    ] {
        let mut desk = desk(state, |pay| {
            pay.frozen = frozen;
            pay.last_attempt = Some(Moment::wall(at(2 * DAY - 60)));
        });
        assert_eq!(desk.app.offers(Action::TakeUp), takes, "{state:?} {frozen}");
        assert_eq!(desk.keys("u").len(), usize::from(takes), "{state:?} {frozen}");
    }
}

#[test]
fn what_to_do_next_is_told_and_a_debt_that_was_paid_again_is_not() {
    let told = |state, change: fn(&mut CashOut), newer: Option<&str>| {
        let mut feed = window(1);
        feed.rows[0].external_reference = newer.map(Safe::new);
        let desk = Desk::with(feed);
        let mut payment = intent(uuid(5), state);
        change(&mut payment.cash_out);
        desk.app.next_step(&payment.cash_out)
    };
    let mut paused = Desk::new();
    paused.news(News::Paused(Some(Pause::Clock(SignedDuration::from_secs(400)))));
    let next = paused.app.next_step(&intent(uuid(5), Out::Unknown).cash_out);
    assert!(next.is_some_and(|next| next.contains("payments are paused")), "nothing is promised");
    let nothing: fn(&mut CashOut) = |_| {};
    for (state, change, newer, words) in [
        (Out::Draft, nothing, None, Some("r calls it off")),
        (Out::Approved, nothing, None, Some("r calls it off")),
        (Out::Unknown, nothing, None, Some("(u repeats now)")),
        (Out::Unknown, |pay| pay.frozen = true, None, Some("then")),
        (Out::Unknown, |pay| pay.on_the_wire = true, None, None),
        (Out::Exists, nothing, None, Some("r records its id")),
        (Out::Held, nothing, None, Some("then r: found, or not paid (it takes 2 people)")),
        (Out::Held, |pay| pay.declarations.push(bia()), None, Some("(it takes 1 more person)")),
        (Out::Accepted, nothing, None, None),
        (Out::Completed, nothing, None, None),
        (Out::Rejected, nothing, None, Some("with the same reference")),
        (
            Out::Failed,
            nothing,
            None,
            Some("(inv-1~2), on the command line: saldo cash-out … --reference inv-1 --again"),
        ),
        (Out::DeclaredNotPaid, nothing, None, Some("--reference inv-1 --again")),
        (Out::DeclaredNotPaid, |pay| pay.known_there = true, None, Some("(inv-1~2)")),
        (Out::DeclaredNotPaid, |pay| pay.known_there = true, Some("inv-1~2"), None),
        (Out::DeclaredNotPaid, |pay| pay.conflict = true, None, Some("then r records what you found")),
    ] {
        let next = told(state, change, newer);
        match (&next, words) {
            (Some(next), Some("then")) => assert!(next.contains("once it is held, from"), "{next}"),
            (Some(next), Some(words)) => assert!(next.contains(words), "{next}"),
            (next, words) => assert_eq!(next.is_some(), words.is_some(), "{state:?} {next:?}"),
        }
    }
}

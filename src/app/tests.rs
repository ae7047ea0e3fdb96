//! Update, by table: what a message does to the state and asks to be done.

mod alerts;
mod resolve;

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::cash_out::{Fate, PasteNote, Slot, SlotError};
use super::key::KeyPress;
use super::keymap::Action;
use super::*;
use crate::domain::balance::Balance;
use crate::domain::br_code::crc16;
use crate::domain::cash_out::{Alarm, CashOut, Expected, Fingerprints, State as Out, Terms};
use crate::domain::document::Document;
use crate::domain::moment::Moment;
use crate::domain::money::Centavos;
use crate::domain::order::{Destination, Digest, Order, Reference};
use crate::domain::person::Person;
use crate::domain::pix_key::PixKey;
use crate::domain::rebalance::{Pockets, forecast};
use crate::domain::report::Direction;
use crate::domain::text::Safe;
use crate::domain::transaction::{State, Transaction};
use crate::engine::message::{
    Command, Counted, Decision, DecisionOutcome, FeedPlace, FeedWish, Intent, News, RebalanceTrouble,
    StoredRebalance,
};

const START: i64 = 1_700_000_000;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(START + second).unwrap()
}

fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn row(seq: i64, state: Out) -> Transaction {
    Transaction {
        seq,
        id: uuid(u128::try_from(seq).unwrap()),
        ours: true,
        direction: Direction::Out,
        state: State::Out(state),
        conflict: false,
        looked_into: false,
        under_way: None,
        failure_reported: false,
        refunded: false,
        amount: Some(Centavos::new(100)),
        internal_code: None,
        transaction_id: None,
        external_reference: None,
        end_to_end_id: None,
        name: None,
        document: None,
        failure: None,
        created_at: at(0),
        updated_at: at(0),
        happened_at: at(0),
        settled_at: None,
        refunded_at: None,
        refunded_amount: None,
    }
}

/// Rows from `newest` down to 1.
fn window(newest: i64) -> FeedWindow {
    FeedWindow {
        rows: (1..=newest).rev().map(|seq| row(seq, Out::Completed)).collect(),
        ..Default::default()
    }
}

fn reading(second: i64) -> Reading {
    Reading {
        balance: Balance {
            total: Centavos::new(3_000_000),
            transactional: Centavos::new(1_000_000),
            proprietary: Centavos::new(2_000_000),
            banks: Vec::new(),
            updated_at: Some(at(second)),
        },
        fetched_at: at(second),
    }
}

struct Desk {
    app: App,
    second: i64,
    ids: u128,
}

impl Desk {
    fn new() -> Self {
        Self::with(window(5))
    }

    fn with(feed: FeedWindow) -> Self {
        let facts = Facts {
            profile: Safe::new("test"),
            environment: Environment::Sandbox,
            band: None,
            lang: Lang::En,
            zone: TimeZone::UTC,
            poll_every: SignedDuration::from_secs(5),
            demo: false,
            operator: person(),
            quiet: None,
            access: crate::domain::permission::Access::Full,
        };
        Self { app: App::new(facts, Some(reading(0)), feed, at(0)), second: 0, ids: 100 }
    }

    fn send(&mut self, message: Message) -> Vec<Effect> {
        self.ids += 1;
        let elapsed = Duration::from_secs(u64::try_from(self.second).unwrap());
        self.app.update(message, Now { wall: at(self.second), elapsed, next_id: uuid(self.ids) })
    }

    /// A window is the answer to the last wish, unless it says otherwise.
    fn news(&mut self, mut news: News) -> Vec<Command> {
        if let News::Feed(window) = &mut news
            && window.number == 0
        {
            window.number = self.app.feed.wish().number;
        }
        commands(self.send(Message::News(news)))
    }

    fn keys(&mut self, names: &str) -> Vec<Command> {
        let effects =
            names.split(' ').flat_map(|name| self.send(Message::Key(name.parse().unwrap()))).collect();
        commands(effects)
    }

    fn write(&mut self, text: &str) {
        for character in text.chars() {
            assert!(commands(self.send(Message::Key(KeyPress::char(character)))).is_empty());
        }
    }

    /// Fills the form in and opens the review.
    fn review(&mut self, amount: &str) {
        self.keys("p");
        self.write(amount);
        self.keys("tab tab");
        self.write("maria@example.com");
        self.keys("tab");
        self.write("Maria");
        self.keys("tab");
        self.write("529.982.247-25");
        assert!(matches!(&self.keys("enter")[..], [Command::LookUpPayee(..)]));
        assert_eq!(self.app.place(), Place::Review);
    }

    fn selected(&self) -> Option<u128> {
        self.app.feed.selected().map(|row| row.id.as_u128())
    }

    fn fate(&self) -> &Fate {
        match &self.app.mode {
            Mode::CashOut(CashOutStage::Sent(sent)) => &sent.fate,
            other => panic!("not sent: {other:?}"),
        }
    }
}

fn commands(effects: Vec<Effect>) -> Vec<Command> {
    effects
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Command(command) => Some(command),
            _ => None,
        })
        .collect()
}

fn paid(commands: &[Command]) -> Vec<&Decision> {
    commands
        .iter()
        .filter_map(|command| match command {
            Command::Pay(decision) => Some(&**decision),
            _ => None,
        })
        .collect()
}

fn person() -> Person {
    Person { uid: 1000, name: Some("ana".to_owned()) }
}

fn intent(id: Uuid, state: Out) -> Box<Intent> {
    let document = Document::parse("52998224725").unwrap();
    let expected = Expected {
        reference: Reference::parse("inv-1").unwrap(),
        amount: Centavos::new(5),
        document: document.clone(),
    };
    let fingerprints = Fingerprints { payload: Digest::of(b""), body: Digest::of(b"") };
    let terms = Terms::alone(at(0), person(), expected, fingerprints, SignedDuration::from_hours(1));
    let mut cash_out = CashOut::proposed(Arc::new(terms));
    cash_out.state = state;
    cash_out.ambiguous = state.is_in_doubt();
    cash_out.doubt_since = state.is_in_doubt().then(|| Moment::wall(at(0)));
    let destination = Destination::Pix(PixKey::parse("a@b.co", None).unwrap());
    let (amount, name) = (Centavos::new(5), "Maria".to_owned());
    Box::new(Intent {
        id,
        reference: Reference::parse("r-1").unwrap(),
        order: Order { amount, name, document, destination, description: None },
        reason: None,
        body: Vec::new(),
        cash_out,
        created_at: at(0),
        updated_at: at(0),
    })
}

#[test]
fn the_selection_follows_the_newest_at_the_top_and_holds_its_row_elsewhere() {
    let mut desk = Desk::new();
    assert_eq!(desk.selected(), Some(5));
    desk.news(News::Feed(Box::new(window(6))));
    assert_eq!(desk.selected(), Some(6), "at the top it follows");
    desk.keys("j j");
    assert_eq!(desk.selected(), Some(4));
    desk.news(News::Feed(Box::new(window(9))));
    assert_eq!(desk.selected(), Some(4), "elsewhere it holds");
    desk.keys("g");
    desk.news(News::Feed(Box::new(window(10))));
    assert_eq!(desk.selected(), Some(10));
}

#[test]
fn a_held_row_that_leaves_the_window_hands_over_to_its_neighbour() {
    let mut desk = Desk::new();
    desk.keys("G");
    assert_eq!(desk.selected(), Some(1));
    let mut shorter = window(5);
    shorter.rows.truncate(3);
    desk.news(News::Feed(Box::new(shorter)));
    assert_eq!(desk.selected(), Some(3));
    desk.news(News::Feed(Box::default()));
    assert_eq!(desk.selected(), None);
    desk.keys("j k g G pgdn pgup enter");
}

#[test]
fn motions_stay_within_the_list() {
    for (keys, row) in
        [("j", 4), ("↓", 4), ("k", 5), ("j j k", 4), ("G", 1), ("end", 1), ("G g", 5), ("pgdn", 1)]
    {
        let mut desk = Desk::new();
        desk.keys(keys);
        assert_eq!(desk.selected(), Some(row), "{keys}");
    }
}

fn wish(asked: &[Command]) -> &FeedWish {
    let [Command::ShowFeed(wish)] = asked else { panic!("{asked:?}") };
    wish
}

#[test]
fn the_window_goes_along_with_the_selection_and_holds_no_more_than_it_shows() {
    let mut feed = window(100);
    feed.has_more = true;
    let mut desk = Desk::with(feed);
    // Who leaves the top is not moved by new rows any more.
    let place = wish(&desk.keys("j")).place;
    assert_eq!(place, FeedPlace::Around { seq: 99, ceiling: 100 });
    desk.news(News::Feed(Box::new(FeedWindow { has_more: true, come_since: 3, ..window(100) })));
    assert!(desk.keys("j j j").is_empty(), "all of it is here");
    let asked = desk.keys("pgdn pgdn pgdn pgdn pgdn pgdn");
    assert_eq!(wish(&asked[..1]).place, FeedPlace::Around { seq: 36, ceiling: 100 });
    assert_eq!(asked.len(), 1, "once");
    // An answer to an older wish says nothing of the rows.
    desk.news(News::Feed(Box::new(FeedWindow { number: u64::MAX, ..FeedWindow::default() })));
    assert_eq!(desk.selected(), Some(36));
    desk.news(News::Feed(Box::new(FeedWindow { has_newer: true, ..window(90) })));
    assert_eq!(desk.selected(), Some(36));
    assert!(desk.keys("k").is_empty());
    let asked = desk.keys("g");
    assert_eq!(wish(&asked).place, FeedPlace::Newest);
    assert!(desk.app.feed.is_following());
}

/// Between a search and its answer the old rows still show; a key pressed then is about none of them.
#[test]
fn a_row_of_the_old_list_is_not_acted_on() {
    let mut desk = Desk::with(window(5));
    for (opens, text) in [("/", "ref:x"), ("t", "10m")] {
        desk.keys(opens);
        desk.write(text);
        assert_eq!(desk.keys("enter").len(), 1);
        for key in ["enter", "u"] {
            assert!(desk.keys(key).is_empty() && desk.app.place() == Place::Home, "{key}");
        }
        desk.news(News::Feed(Box::new(FeedWindow { landed: Some(2), ..window(3) })));
        assert!(matches!(desk.keys("enter")[..], [Command::ShowLife(Some(_))]));
        desk.keys("esc");
    }
}

#[test]
fn the_oldest_rows_and_a_time_are_one_key_away() {
    let mut feed = window(100);
    feed.has_more = true;
    let mut desk = Desk::with(feed);
    assert_eq!(wish(&desk.keys("G")).place, FeedPlace::Oldest { ceiling: 100 });
    let oldest = FeedWindow { has_newer: true, landed: Some(1), ..window(20) };
    desk.news(News::Feed(Box::new(oldest)));
    assert_eq!(desk.selected(), Some(1));
    desk.keys("t");
    desk.write("10m");
    let asked = desk.keys("enter");
    let FeedPlace::At { time, ceiling: 100 } = wish(&asked).place else { panic!("{asked:?}") };
    assert_eq!(desk.app.now.duration_since(time), SignedDuration::from_mins(10));
    desk.news(News::Feed(Box::new(FeedWindow { has_newer: true, landed: Some(50), ..window(60) })));
    assert_eq!(desk.selected(), Some(50));
    // Nothing typed, nothing done; nonsense is not taken.
    assert!(desk.keys("t enter").is_empty());
    desk.keys("t");
    desk.write("late");
    assert!(desk.keys("enter").is_empty());
    assert_eq!(desk.app.place(), Place::Search);
    desk.keys("esc");
}

#[test]
fn filters_and_queries_ask_for_other_rows() {
    let mut desk = Desk::new();
    for direction in [Some(Direction::In), Some(Direction::Out), None, None, None] {
        assert_eq!(wish(&desk.keys("f")).query.direction, direction);
    }
    desk.keys("/");
    desk.write("q?maria -status:failed ");
    let asked = desk.keys("enter");
    assert_eq!(wish(&asked).query.filter.to_string(), "\"q?maria\" -status:failed");
    let number = wish(&asked).number;
    desk.news(News::FeedCounted(Counted { number: number - 1, rows: 9 }));
    assert_eq!(desk.app.feed.counted, None, "that was another question's");
    desk.news(News::FeedCounted(Counted { number, rows: 9 }));
    assert_eq!(desk.app.feed.counted, Some(9));
    let asked = desk.keys("esc");
    assert!(wish(&asked).query.filter.is_empty());
    assert!(desk.keys("esc").is_empty(), "there is nothing to leave");
    // A query that cannot be read stays, and changes nothing.
    desk.keys("/");
    desk.write("stauts:failed");
    assert!(desk.keys("enter").is_empty());
    let Mode::Search(prompt) = &desk.app.mode else { panic!("the line is gone") };
    assert_eq!(prompt.mistake().map(|error| error.at), Some(1));
    desk.keys("esc");
    assert!(desk.app.feed.terms.is_empty());
}

#[test]
fn what_ends_badly_is_told_wherever_the_feed_is() {
    let mut desk = Desk::new();
    desk.keys("f");
    let mut failed = window(9);
    failed.rows[0].state = State::Out(Out::Failed);
    failed.rows[0].ours = true;
    failed.rows[0].updated_at = at(1);
    let before = desk.app.notices.entries().len();
    let elsewhere = FeedWindow { newest: failed.rows, ..FeedWindow::default() };
    desk.news(News::Feed(Box::new(elsewhere)));
    assert_eq!(desk.app.notices.entries().len(), before + 1);
}

#[test]
fn open_and_failed_are_sorted_out_of_the_window() {
    let mut feed = window(3);
    feed.rows[0].state = State::Out(Out::Unknown);
    feed.rows[1].state = State::Out(Out::Rejected);
    let mut desk = Desk::with(feed);
    let asked = desk.keys("f f f");
    let query = &wish(&asked[asked.len() - 1..]).query;
    assert!(
        query.states.contains(&State::Out(Out::Unknown)) && !query.states.contains(&State::Out(Out::Failed))
    );
    assert_eq!(desk.app.feed.rows().map(|row| row.seq).collect::<Vec<_>>(), [3]);
    desk.keys("f");
    assert_eq!(desk.app.feed.rows().map(|row| row.seq).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_row_opens_and_closes() {
    let mut desk = Desk::new();
    desk.keys("j");
    let asked = desk.keys("enter");
    assert!(matches!(&asked[..], [Command::ShowLife(Some(id))] if *id == uuid(4)), "{asked:?}");
    assert_eq!(desk.app.place(), Place::Detail);
    desk.news(News::Life(None));
    assert!(matches!(&desk.app.mode, Mode::Detail(Detail { life: LifeState::Gone, .. })));
    let asked = desk.keys("q");
    assert!(matches!(&asked[..], [Command::ShowLife(None)]), "{asked:?}");
    assert_eq!(desk.app.place(), Place::Home);
}

#[test]
fn only_an_open_payment_of_ours_is_taken_up() {
    for (state, ours, taken) in [
        (Out::Unknown, true, true),
        (Out::Accepted, true, true),
        (Out::Completed, true, false),
        (Out::Failed, true, false),
        (Out::Unknown, false, false),
    ] {
        let mut feed = window(1);
        feed.rows[0].state = State::Out(state);
        feed.rows[0].ours = ours;
        let mut desk = Desk::with(feed);
        let asked = desk.keys("u");
        assert_eq!(matches!(&asked[..], [Command::TakeUp(id)] if *id == uuid(1)), taken, "{state:?} {ours}");
    }
}

#[test]
fn one_decision_is_one_payment_however_often_keys_are_pressed() {
    let mut desk = Desk::new();
    desk.review("500,25");
    let sent = desk.keys("enter enter enter y y enter y n y");
    let decisions = paid(&sent);
    assert_eq!(decisions.len(), 1);
    let decision = decisions[0];
    assert_eq!(decision.order.amount, Centavos::new(50_025));
    assert_eq!(decision.order.name, "Maria");
    assert_eq!(decision.reference, Reference::from_id(decision.id));
    assert!(matches!(desk.app.mode, Mode::Detail(_) | Mode::CashOut(CashOutStage::Sent(_))));
}

#[test]
fn a_paste_is_text_and_never_a_key() {
    let mut desk = Desk::new();
    desk.keys("p");
    let effects = desk.send(Message::Paste("R$\u{a0}1.234,56\n\ny\n".to_owned()));
    assert!(commands(effects).is_empty());
    assert_eq!(desk.app.place(), Place::Form);
    assert_eq!(desk.app.cash_out.focus, Slot::Amount, "a line end moves nothing");
    desk.keys("ctrl-x");
    desk.send(Message::Paste("R$\u{a0}1.234,56\n".to_owned()));
    assert_eq!(desk.app.cash_out.amount(), Ok(Centavos::new(123_456)));
}

#[test]
fn in_a_review_a_paste_does_nothing() {
    let mut desk = Desk::new();
    desk.review("500,25");
    assert!(commands(desk.send(Message::Paste("y\n".to_owned()))).is_empty());
    assert_eq!(desk.app.place(), Place::Review);
}

#[test]
fn a_large_amount_is_typed_again() {
    let mut desk = Desk::new();
    desk.review("10.000,01");
    assert!(desk.keys("y").is_empty(), "not yet typed");
    desk.write("10.000,00");
    assert!(desk.keys("y").is_empty(), "another amount");
    desk.keys("backspace 1");
    assert_eq!(paid(&desk.keys("y")).len(), 1);
    let mut desk = Desk::new();
    desk.review("10.000,00");
    assert_eq!(paid(&desk.keys("y")).len(), 1, "ten thousand exactly is not above");
}

#[test]
fn what_looks_like_a_repeat_is_typed_again_whatever_its_size() {
    let alike = |change: fn(&mut Transaction)| {
        let mut feed = window(1);
        feed.rows[0].amount = Some(Centavos::new(500));
        feed.rows[0].document = Some(Safe::new("***.982.247-**"));
        change(&mut feed.rows[0]);
        let mut desk = Desk::with(feed);
        desk.review("5,00");
        desk
    };
    let mut desk = alike(|_| {});
    assert!(desk.keys("y").is_empty(), "not yet typed");
    desk.write("5");
    assert_eq!(paid(&desk.keys("y")).len(), 1);
    for (change, what) in [
        ((|row| row.state = State::Out(Out::Failed)) as fn(&mut Transaction), "it failed"),
        (|row| row.amount = Some(Centavos::new(501)), "another amount"),
        (|row| row.document = Some(Safe::new("***.111.247-**")), "another payee"),
        (|row| row.document = None, "nobody knows whose"),
        (|row| row.direction = Direction::In, "a cash-in"),
        (|row| row.happened_at = at(-86_401), "another day"),
    ] {
        assert_eq!(paid(&alike(change).keys("y")).len(), 1, "{what}");
    }
}

#[test]
fn a_large_rebalance_asks_for_its_target_again() {
    let mut desk = Desk::new();
    desk.keys("b");
    desk.write("20.000,01");
    desk.keys("enter");
    let target = Centavos::new(2_000_001);
    let outcome = Ok(forecast(Pockets::from(&reading(0).balance), target).unwrap());
    desk.news(News::RebalanceReviewed { target, outcome });
    assert!(desk.keys("y").is_empty(), "not yet typed");
    desk.write("10.000,01");
    assert!(desk.keys("y").is_empty(), "the sum that moves is not the target");
    desk.keys("ctrl-u");
    desk.write("20000,01");
    assert!(matches!(&desk.keys("y y")[..], [Command::Rebalance { .. }]));
}

#[test]
fn a_confirmation_perishes() {
    let mut desk = Desk::new();
    desk.review("500");
    desk.second += 301;
    assert!(desk.keys("y").is_empty());
    assert_eq!(desk.app.place(), Place::Review, "to be read again");
    assert_eq!(paid(&desk.keys("y")).len(), 1);
}

#[test]
fn only_the_languages_own_key_confirms() {
    let mut desk = Desk::new();
    desk.review("500");
    for key in ["s", "Y", "enter", "space", "j", "ctrl-y"] {
        assert!(desk.keys(key).is_empty(), "{key}");
        assert_eq!(desk.app.place(), Place::Review);
    }
    desk.keys("n");
    assert_eq!(desk.app.place(), Place::Form);
}

#[test]
fn nothing_typed_is_lost_by_closing() {
    let mut desk = Desk::new();
    desk.keys("p");
    desk.write("12,34");
    desk.keys("esc j p");
    assert_eq!(desk.app.cash_out.amount(), Ok(Centavos::new(1_234)));
    desk.keys("ctrl-x");
    assert!(desk.app.cash_out.is_empty());
}

#[test]
fn what_was_not_decided_comes_back_under_the_same_id() {
    let mut desk = Desk::new();
    desk.review("500");
    let first = paid(&desk.keys("y"))[0].clone();
    assert!(desk.app.cash_out.is_empty(), "the next form is a new one");
    let outcome = DecisionOutcome::NotJournalled("disk full".to_owned());
    desk.news(News::CashOutDecided { id: first.id, outcome });
    assert!(matches!(desk.fate(), Fate::NotJournalled(_)));
    desk.keys("enter");
    assert_eq!(desk.app.place(), Place::Form);
    desk.keys("enter");
    let second = paid(&desk.keys("y"))[0].clone();
    assert_eq!((second.id, &second.reference), (first.id, &first.reference));
    assert_eq!(second.order, first.order);
}

#[test]
fn a_text_that_comes_back_waits_for_the_one_that_is_being_typed() {
    let mut desk = Desk::new();
    desk.review("500");
    let first = paid(&desk.keys("y"))[0].id;
    desk.keys("esc p");
    desk.write("7");
    let rings = desk.send(Message::News(News::CashOutDecided {
        id: first,
        outcome: DecisionOutcome::Taken(intent(uuid(1), Out::Completed)),
    }));
    assert!(rings.iter().any(|effect| matches!(effect, Effect::Bell)));
    assert!(
        matches!(desk.app.notices.entries()[0].notice, Notice::NotDecided { amount, .. } if amount.get() == 50_000)
    );
    assert_eq!(desk.app.cash_out.amount(), Ok(Centavos::new(700)));
    desk.keys("ctrl-x esc p");
    assert_eq!(desk.app.cash_out.amount(), Ok(Centavos::new(50_000)));
}

#[test]
fn a_decision_that_was_taken_is_followed() {
    let mut desk = Desk::new();
    desk.review("500");
    let id = paid(&desk.keys("y"))[0].id;
    let asked = desk.news(News::CashOutDecided { id, outcome: DecisionOutcome::Created });
    assert!(matches!(&asked[..], [Command::ShowLife(Some(shown))] if *shown == id), "{asked:?}");
    assert!(matches!(desk.fate(), Fate::Created));
    let existing = intent(uuid(3), Out::Completed);
    let asked = desk.news(News::CashOutDecided { id, outcome: DecisionOutcome::Existing(existing) });
    assert!(matches!(&asked[..], [Command::ShowLife(Some(shown))] if *shown == uuid(3)), "{asked:?}");
}

#[test]
fn an_engine_that_takes_no_command_is_said_and_nothing_is_lost() {
    let mut desk = Desk::new();
    desk.review("500");
    let command = desk.keys("y").remove(0);
    desk.send(Message::NotTaken(Box::new(command)));
    assert!(matches!(desk.fate(), Fate::Busy));
    assert!(!desk.app.cash_out.is_empty());
    desk.send(Message::NotTaken(Box::new(Command::PollBalance)));
    desk.send(Message::NotTaken(Box::new(Command::PollBalance)));
    assert_eq!(desk.app.notices.entries().len(), 1, "the same thing is said once");
}

#[test]
fn an_ambiguous_key_is_asked_about() {
    let mut desk = Desk::new();
    desk.keys("p tab tab");
    desk.write("11934560022");
    assert!(desk.app.cash_out.slots().contains(&Slot::KeyType));
    assert!(desk.app.cash_out.key().is_err());
    desk.keys("tab");
    desk.write("Carlos Telles");
    assert!(desk.app.cash_out.key().is_err(), "a name that is typed one line too early chooses nothing");
    assert!(desk.app.cash_out.typed_at_choice, "and that is said");
    desk.keys("→");
    assert!(!desk.app.cash_out.typed_at_choice);
    for (press, chosen) in [("space", "CPF"), ("→", "PHONE"), ("→", "CPF"), ("←", "PHONE"), ("x", "PHONE")]
    {
        desk.keys(press);
        assert_eq!(desk.app.cash_out.key().unwrap().key_type().as_str(), chosen, "{press}");
    }
}

#[test]
fn a_br_code_fills_what_is_empty_and_keeps_what_was_typed() {
    let code = "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-4266554400005204000053039865802BR5913Fulano de Tal6008BRASILIA62070503***63041D3D";
    let mut desk = Desk::new();
    desk.keys("p");
    desk.write("9,90");
    desk.send(Message::Paste(format!("  {code}\n")));
    let draft = &desk.app.cash_out;
    assert_eq!(draft.note, Some(PasteNote::BrCode));
    assert_eq!(draft.key().unwrap().key_type().as_str(), "EVP");
    assert_eq!(draft.field(Slot::Name).unwrap().text(), "Fulano de Tal");
    assert_eq!(draft.amount(), Ok(Centavos::new(990)));
    assert!(draft.field(Slot::Description).unwrap().is_empty(), "three stars stand for no txid");
    desk.send(Message::Paste(code.replace("1D3D", "1D3E")));
    assert!(matches!(desk.app.cash_out.note, Some(PasteNote::Broken(_))));
}

/// A code that asks for an amount is paid with that amount or not at all, whichever was there first.
#[test]
fn a_br_code_is_paid_with_the_amount_that_it_asks_for() {
    let body = "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-426655440000520400005303986540533.105802BR\
                5913Fulano de Tal6008BRASILIA62070503***6304";
    let code = format!("{body}{:04X}", crc16(body.as_bytes()));
    for typed in ["10,00", ""] {
        let mut desk = Desk::new();
        desk.keys("p");
        desk.write(typed);
        desk.send(Message::Paste(code.clone()));
        desk.keys("ctrl-u");
        desk.write(if typed.is_empty() { "33,00" } else { typed });
        let asked = Some(SlotError::Coded(Centavos::new(3_310)));
        assert_eq!(desk.app.cash_out.shown_error(Slot::Amount), asked);
        desk.keys("ctrl-u");
        desk.write("33,10");
        assert_eq!(desk.app.cash_out.shown_error(Slot::Amount), None);
        // Another key is another debt.
        desk.keys("ctrl-u");
        desk.write("10,00");
        desk.keys("tab tab ctrl-u");
        desk.write("maria@example.com");
        assert_eq!(desk.app.cash_out.shown_error(Slot::Amount), None);
    }
}

#[test]
fn a_form_says_what_is_missing_only_when_asked() {
    let mut desk = Desk::new();
    desk.keys("p");
    assert_eq!(desk.app.cash_out.shown_error(Slot::Name), None);
    assert!(desk.keys("enter").is_empty());
    assert_eq!(desk.app.place(), Place::Form);
    for slot in [Slot::Amount, Slot::Key, Slot::Name, Slot::Document] {
        assert!(desk.app.cash_out.shown_error(slot).is_some(), "{slot:?}");
    }
    for slot in [Slot::Way, Slot::Reference, Slot::Description, Slot::Reason] {
        assert_eq!(desk.app.cash_out.shown_error(slot), None, "{slot:?}");
    }
}

fn reviewed_rebalance(desk: &mut Desk) -> Command {
    desk.keys("b");
    desk.write("15.000,00");
    let asked = desk.keys("enter enter");
    let target = Centavos::new(1_500_000);
    assert!(matches!(&asked[..], [Command::ReviewRebalance { target: one }] if *one == target), "{asked:?}");
    let outcome = Ok(forecast(Pockets::from(&reading(0).balance), target).unwrap());
    desk.news(News::RebalanceReviewed { target, outcome });
    assert_eq!(desk.app.place(), Place::Review);
    desk.keys("y y enter y").remove(0)
}

#[test]
fn a_rebalance_is_sent_once_exactly_as_reviewed() {
    let mut desk = Desk::new();
    let command = reviewed_rebalance(&mut desk);
    let Command::Rebalance { reviewed, target, .. } = command else { panic!("{command:?}") };
    assert_eq!((reviewed.amount, target), (Centavos::new(500_000), Centavos::new(1_500_000)));
    assert!(desk.keys("y").is_empty());
}

#[test]
fn an_answer_to_an_older_question_opens_no_review() {
    let mut desk = Desk::new();
    desk.keys("b");
    desk.write("15.000,00");
    desk.keys("enter");
    let outcome = forecast(Pockets::from(&reading(0).balance), Centavos::new(5));
    desk.news(News::RebalanceReviewed { target: Centavos::new(5), outcome: Ok(outcome.unwrap()) });
    assert_eq!(desk.app.place(), Place::Outcome);
    desk.keys("esc");
    let outcome = forecast(Pockets::from(&reading(0).balance), Centavos::new(1_500_000));
    desk.news(News::RebalanceReviewed { target: Centavos::new(1_500_000), outcome: Ok(outcome.unwrap()) });
    assert_eq!(desk.app.place(), Place::Form, "who left is not called back");
}

#[test]
fn a_balance_that_moved_goes_back_to_review() {
    let mut desk = Desk::new();
    reviewed_rebalance(&mut desk);
    let mut now = Pockets::from(&reading(0).balance);
    now.transactional = Centavos::new(2_000_000);
    let moved = forecast(now, Centavos::new(1_500_000)).unwrap();
    desk.news(News::RebalanceEnded(Err(RebalanceTrouble::Moved(Box::new(moved)))));
    assert_eq!(desk.app.place(), Place::Review);
    let again = desk.keys("y");
    assert!(matches!(&again[..], [Command::Rebalance { reviewed, .. }] if **reviewed == moved), "{again:?}");
}

#[test]
fn a_rebalance_that_ends_unseen_is_noticed() {
    let mut desk = Desk::new();
    reviewed_rebalance(&mut desk);
    desk.keys("esc");
    desk.news(News::RebalanceEnded(Err(RebalanceTrouble::NotJournalled("full".to_owned()))));
    assert!(matches!(desk.app.notices.entries()[0].notice, Notice::Rebalance(Err(_))));
}

#[test]
fn a_doubt_is_acknowledged_only_after_a_yes() {
    let mut feed = window(1);
    let forecast = forecast(Pockets::from(&reading(0).balance), Centavos::new(5)).unwrap();
    let rebalance = crate::domain::rebalance::Rebalance::sent(crate::domain::rebalance::Terms {
        at: at(0),
        maker: person(),
        target: Centavos::new(5),
        forecast,
        reason: None,
    });
    feed.rebalances_in_doubt = vec![StoredRebalance { id: uuid(9), rebalance, updated_at: at(0) }];
    let mut desk = Desk::with(feed);
    assert!(desk.keys("! a enter").is_empty());
    let sent = desk.keys("y y");
    assert!(matches!(&sent[..], [Command::AcknowledgeRebalance(id)] if *id == uuid(9)), "{sent:?}");
    assert!(desk.keys("a n").is_empty());
}

#[test]
fn payments_resume_only_after_a_yes_and_only_when_paused() {
    let mut desk = Desk::new();
    assert!(desk.keys("R y").is_empty());
    desk.news(News::Paused(Some(Pause::Clock(SignedDuration::from_secs(400)))));
    assert!(desk.keys("R enter").is_empty());
    assert!(matches!(&desk.keys("y y")[..], [Command::ResumePayments]));
}

#[test]
fn notices_stay_until_they_are_acknowledged_and_are_told_once() {
    let mut desk = Desk::new();
    for _ in 0..3 {
        desk.news(News::Alarm { alarm: Alarm::Mismatch, intent: intent(uuid(1), Out::Completed) });
    }
    desk.news(News::Alarm { alarm: Alarm::Held, intent: intent(uuid(1), Out::Held) });
    desk.news(News::StillHeld(intent(uuid(1), Out::Held)));
    assert_eq!(desk.app.notices.entries().len(), 3);
    desk.keys("! j a");
    assert_eq!(desk.app.notices.entries().len(), 2);
    let asked = desk.keys("enter");
    assert!(matches!(&asked[..], [Command::ShowLife(Some(id))] if *id == uuid(1)), "{asked:?}");
}

#[test]
fn payments_that_come_to_nothing_and_old_conflicts_are_told_once() {
    let mut feed = window(3);
    feed.rows[0].state = State::Out(Out::Failed);
    feed.rows[1].conflict = true;
    let mut desk = Desk::with(feed.clone());
    assert!(matches!(&desk.app.notices.entries()[0].notice, Notice::Conflict(row) if row.id == uuid(2)));
    desk.keys("! a");
    feed.rows[2].state = State::Out(Out::Rejected);
    let mut others = row(9, Out::Failed);
    others.ours = false;
    feed.rows.push(others);
    for _ in 0..2 {
        desk.news(News::Feed(Box::new(feed.clone())));
        assert_eq!(desk.app.notices.entries().len(), 1);
    }
    assert!(matches!(&desk.app.notices.entries()[0].notice, Notice::Ended(row) if row.id == uuid(1)));
    let asked = desk.keys("enter");
    assert!(matches!(&asked[..], [Command::ShowLife(Some(id))] if *id == uuid(1)), "{asked:?}");
}

#[test]
fn help_comes_and_goes_over_anything() {
    let mut desk = Desk::new();
    desk.keys("p");
    desk.write("12?");
    desk.keys("f1");
    assert_eq!(desk.app.place(), Place::Help);
    desk.keys("G j esc");
    assert_eq!(desk.app.place(), Place::Form);
    assert_eq!(desk.app.cash_out.field(Slot::Amount).unwrap().text(), "12?");
}

#[test]
fn an_outcome_reaches_what_is_behind_the_help() {
    let mut desk = Desk::new();
    desk.review("500");
    let id = paid(&desk.keys("y"))[0].id;
    desk.keys("?");
    desk.news(News::CashOutDecided { id, outcome: DecisionOutcome::Created });
    desk.keys("esc");
    assert!(matches!(desk.fate(), Fate::Created));
}

#[test]
fn no_single_key_moves_money() {
    for character in (' '..='~').chain(['ç', 'é']) {
        let mut desk = Desk::new();
        let effects = desk.send(Message::Key(KeyPress::char(character)));
        let moves = commands(effects).into_iter().any(|command| {
            matches!(command, Command::Pay(_) | Command::Rebalance { .. } | Command::ResumePayments)
        });
        assert!(!moves, "{character}");
    }
}

#[test]
fn an_idle_screen_is_woken_by_the_minute_and_by_ages_that_show() {
    let desk = Desk::new();
    // 1 700 000 000 is 20 s into its minute; the balance shows an age from its 15th second on.
    assert_eq!(desk.app.next_change(at(0)).as_secs(), 15);
    assert_eq!(desk.app.next_change(at(14)).as_secs(), 1);
    assert_eq!(desk.app.next_change(at(15)), SignedDuration::ZERO);
    assert_eq!(desk.app.next_change(at(-3)), SignedDuration::ZERO, "a clock that was set back");
    let mut without = Desk::new();
    without.app.balance = BalanceState::new(None, SignedDuration::from_secs(5));
    assert_eq!(without.app.next_change(at(0)).as_secs(), 40);
    without.second = 40;
    without.send(Message::Woke);
    assert_eq!(without.app.next_change(at(40)).as_secs(), 60);
}

//! A screen with a fixed clock and made-up money.
#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod asked;

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};
use saldo::app::key::{Key, KeyPress};
use saldo::app::{App, Effect, Environment, Facts, Message, Now};
use saldo::domain::attempt::{Ambiguity, GatewayIds, Verdict};
use saldo::domain::balance::{Balance, BankBalance, Reading};
use saldo::domain::band::Band;
use saldo::domain::cash_out::{CashOut, Event, Expected, Fingerprints, State as Out, Terms};
use saldo::domain::document::Document;
use saldo::domain::moment::Moment;
use saldo::domain::money::Centavos;
use saldo::domain::order::{Destination, Digest, Order, Reference};
use saldo::domain::permission::Access;
use saldo::domain::person::Person;
use saldo::domain::pix_key::PixKey;
use saldo::domain::rebalance::{self, Forecast, Outcome, Pockets, Rebalance};
use saldo::domain::report::{BankData, Direction, Report, Source, Status};
use saldo::domain::text::Safe;
use saldo::domain::transaction::{CashIn, State, Transaction};
use saldo::engine::message::{
    AttemptRow, Command, Delivery, FeedWindow, Incoming, Intent, Life, News, StoredRebalance, Sum, Totals,
    WebhookHealth,
};
use saldo::lang::Lang;
use saldo::ui::Theme;
use uuid::Uuid;

/// Wide, the terminal of old, tiny.
pub(crate) const SIZES: [(u16, u16); 3] = [(160, 50), (80, 24), (40, 10)];

/// The wall clock of every test: 14:32:10 in São Paulo.
pub(crate) const NOW: &str = "2026-11-23T17:32:10Z";

pub(crate) fn now() -> Timestamp {
    NOW.parse().expect("a time")
}

pub(crate) fn before(seconds: i64) -> Timestamp {
    now() - SignedDuration::from_secs(seconds)
}

pub(crate) fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0000 + number)
}

pub(crate) fn reading(age: i64) -> Reading {
    let bank = |ispb: &str, name: &str, transactional, proprietary: Option<i64>| BankBalance {
        ispb: Some(Safe::new(ispb)),
        bank: Some(Safe::new(name)),
        transactional: Some(Centavos::new(transactional)),
        proprietary: proprietary.map(Centavos::new),
    };
    Reading {
        balance: Balance {
            total: Centavos::new(173_456_789),
            transactional: Centavos::new(48_200_012),
            proprietary: Centavos::new(125_256_777),
            banks: vec![
                bank("13935893", "CELCOIN IP S.A.", 31_100_012, Some(100_256_777)),
                bank("38224857", "DELBANK SCD S.A.", 17_100_000, Some(25_000_000)),
                bank("20018183", "STARK BANK S.A.", 0, None),
            ],
            updated_at: Some(before(age)),
        },
        fetched_at: before(age),
    }
}

pub(crate) fn row(seq: i64, state: State, amount: i64, name: &str) -> Transaction {
    let direction = match state {
        State::Out(_) => Direction::Out,
        State::In(_) => Direction::In,
    };
    Transaction {
        seq,
        id: id(u128::try_from(seq).expect("positive")),
        ours: direction == Direction::Out,
        direction,
        state,
        conflict: false,
        looked_into: false,
        under_way: None,
        failure_reported: false,
        refunded: false,
        amount: Some(Centavos::new(amount)),
        internal_code: Some(Safe::new(&format!("CP{seq:06}"))),
        transaction_id: None,
        external_reference: Some(Safe::new(&format!("premio-{seq}"))),
        end_to_end_id: None,
        name: Some(Safe::new(name)),
        document: Some(Safe::new("***.982.247-**")),
        failure: None,
        created_at: before(100 - seq),
        updated_at: before(100 - seq),
        happened_at: before((100 - seq) * 37),
        settled_at: None,
        refunded_at: None,
        refunded_amount: None,
    }
}

/// Every state once, with the remarks that go before a state.
pub(crate) fn window() -> FeedWindow {
    let mut rows = vec![
        row(16, State::Out(Out::Unknown), 1_250_000, "Maria da Conceição Silva e Souza"),
        row(15, State::In(CashIn::Paid), 5_000, "João Pereira"),
        row(14, State::Out(Out::Completed), 123_456, "Padaria São João Ltda."),
        row(13, State::Out(Out::Accepted), 99_999_999, "Ana Lima"),
        row(12, State::Out(Out::Exists), 50_125, "Carlos Ávila"),
        row(11, State::Out(Out::Held), 70_000, "Beatriz Nunes"),
        row(10, State::Out(Out::Rejected), 1_000_000, "Rui Costa"),
        row(9, State::Out(Out::Failed), 33_300, "日本太郎"),
        row(8, State::In(CashIn::AwaitingPayment), 2_000, "Luiza Prado"),
        row(7, State::In(CashIn::Refunded), 15_000, "Pedro Alves"),
        row(6, State::Out(Out::Accepted), 40_000, "Davi Rocha"),
        row(5, State::Out(Out::Completed), 61_000, "Eva Reis"),
        row(4, State::Out(Out::Completed), 62_000, "Igor Melo"),
        row(3, State::In(CashIn::Expired), 1_000, "Olga Dias"),
        row(2, State::Out(Out::Approved), 8_000, "Nina Brito"),
        row(1, State::Out(Out::Cancelled), 9_000, "Téo Pinto"),
    ];
    rows[10].failure_reported = true;
    rows[11].conflict = true;
    rows[12].refunded = true;
    rows[15].happened_at = before(90_000);
    let sum = |count, amount| Sum { count, amount: Centavos::new(amount) };
    FeedWindow {
        rows,
        has_more: false,
        totals: Totals {
            received: sum(42, 3_456_700),
            paid: sum(17, 9_876_543),
            in_flight: sum(2, 100_039_999),
            in_doubt: sum(3, 1_370_025),
        },
        rebalances_in_doubt: Vec::new(),
        ..FeedWindow::default()
    }
}

#[derive(Clone)]
pub(crate) struct Screen {
    pub(crate) app: App,
    columns: u16,
    rows: u16,
    ids: u128,
    elapsed: Duration,
    wall: Timestamp,
    /// What it is drawn with.
    pub(crate) theme: Theme,
    /// The last payment that was decided.
    pub(crate) decided: Option<Uuid>,
}

impl Screen {
    pub(crate) fn new(lang: Lang) -> Self {
        Self::with(lang, Environment::Staging, Some(reading(2)), window())
    }

    pub(crate) fn with(
        lang: Lang,
        environment: Environment,
        reading: Option<Reading>,
        feed: FeedWindow,
    ) -> Self {
        Self::with_access(lang, environment, reading, feed, Access::Full)
    }

    /// At a desk that only reads.
    pub(crate) fn only_reading(lang: Lang) -> Self {
        Self::with_access(lang, Environment::Production, Some(reading(2)), window(), Access::ReadOnly)
    }

    fn with_access(
        lang: Lang,
        environment: Environment,
        reading: Option<Reading>,
        feed: FeedWindow,
        access: Access,
    ) -> Self {
        let band = Band::new(Centavos::new(30_000_000), Centavos::new(50_000_000), Centavos::new(80_000_000));
        let facts = Facts {
            profile: Safe::new("mesa-sp"),
            environment,
            band: Some(band.expect("a band")),
            lang,
            zone: TimeZone::get("America/Sao_Paulo").expect("a zone"),
            poll_every: SignedDuration::from_secs(5),
            demo: false,
            operator: person(),
            quiet: None,
            access,
        };
        let app = App::new(facts, reading, feed, now());
        let mut screen = Self {
            app,
            columns: 80,
            rows: 24,
            ids: 1_000,
            elapsed: Duration::from_secs(60),
            wall: now(),
            decided: None,
            theme: Theme::of(true),
        };
        screen.news(News::Webhooks(Box::new(WebhookHealth {
            listening: Some("127.0.0.1:8087".parse().expect("an address")),
            taken: 57,
            last_at: Some(before(4)),
            ..WebhookHealth::default()
        })));
        screen
    }

    pub(crate) fn size(mut self, columns: u16, rows: u16) -> Self {
        self.resize(columns, rows);
        self
    }

    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        (self.columns, self.rows) = (columns, rows);
        self.send(Message::Resized { columns, rows });
    }

    pub(crate) fn pass(&mut self, seconds: u64) -> Vec<Effect> {
        self.elapsed += Duration::from_secs(seconds);
        self.wall += SignedDuration::from_secs(i64::try_from(seconds).expect("small"));
        self.send(Message::Woke)
    }

    pub(crate) fn send(&mut self, message: Message) -> Vec<Effect> {
        self.ids += 1;
        let now = Now { wall: self.wall, elapsed: self.elapsed, next_id: id(self.ids) };
        let effects = self.app.update(message, now);
        // As the session does it.
        let area = Rect::new(0, 0, self.columns, self.rows);
        self.app.set_whole(saldo::ui::shows_whole(&self.app, area));
        self.decided = payments(&effects).last().copied().or(self.decided);
        effects
    }

    pub(crate) fn news(&mut self, news: News) -> Vec<Effect> {
        self.send(Message::News(news))
    }

    /// Presses keys by their names, separated by spaces.
    pub(crate) fn keys(&mut self, names: &str) -> Vec<Effect> {
        names
            .split(' ')
            .filter(|name| !name.is_empty())
            .flat_map(|name| self.send(Message::Key(name.parse().expect("a key"))))
            .collect()
    }

    /// Types a text, one key a character.
    pub(crate) fn type_text(&mut self, text: &str) -> Vec<Effect> {
        let press = |character| Message::Key(KeyPress::plain(Key::Char(character)));
        text.chars().flat_map(|character| self.send(press(character))).collect()
    }

    pub(crate) fn paste(&mut self, text: &str) -> Vec<Effect> {
        self.send(Message::Paste(text.to_owned()))
    }

    pub(crate) fn draw(&self) -> (Buffer, Option<Position>) {
        let area = Rect::new(0, 0, self.columns, self.rows);
        let mut buffer = Buffer::empty(area);
        let cursor = saldo::ui::render(&self.app, &self.theme, area, &mut buffer);
        (buffer, cursor)
    }

    /// The text alone.
    pub(crate) fn text(&self) -> String {
        let (buffer, _) = self.draw();
        lines(&buffer).join("\n")
    }

    /// The text, the styles as one letter a cell with their key, and the cursor.
    pub(crate) fn shown(&self) -> String {
        let (buffer, cursor) = self.draw();
        let mut styles: Vec<Style> = Vec::new();
        let mut marks = Vec::new();
        for y in 0..buffer.area.height {
            let mut line = String::new();
            for x in 0..buffer.area.width {
                let style = buffer[(x, y)].style();
                let plain = style.fg == Some(Color::Reset)
                    && style.bg == Some(Color::Reset)
                    && style.add_modifier == Modifier::empty();
                if plain {
                    line.push(' ');
                    continue;
                }
                let at = styles.iter().position(|one| *one == style).unwrap_or_else(|| {
                    styles.push(style);
                    styles.len() - 1
                });
                line.push(char::from(b'a' + u8::try_from(at).expect("few styles")));
            }
            marks.push(line.trim_end().to_owned());
        }
        let key: Vec<String> = styles
            .iter()
            .enumerate()
            .map(|(at, style)| {
                let letter = char::from(b'a' + u8::try_from(at).expect("few styles"));
                let (front, back) = (style.fg.unwrap_or_default(), style.bg.unwrap_or_default());
                format!("{letter}: {front} on {back} {:?}", style.add_modifier)
            })
            .collect();
        let cursor = cursor.map_or_else(|| "none".to_owned(), |at| format!("{},{}", at.x, at.y));
        // A no-break space looks like a space; here it has to be seen.
        let text = lines(&buffer).join("\n").replace('\u{a0}', "·");
        format!("{text}\n\n{}\n\n{}\ncursor: {cursor}", marks.join("\n"), key.join("\n"))
    }
}

fn lines(buffer: &Buffer) -> Vec<String> {
    (0..buffer.area.height)
        .map(|y| {
            let mut line = String::new();
            let mut skip = 0;
            for x in 0..buffer.area.width {
                if skip > 0 {
                    skip -= 1;
                    continue;
                }
                let symbol = buffer[(x, y)].symbol();
                skip = unicode_width::UnicodeWidthStr::width(symbol).saturating_sub(1);
                line.push_str(symbol);
            }
            line.trim_end().to_owned()
        })
        .collect()
}

/// The payments among effects.
pub(crate) fn payments(effects: &[Effect]) -> Vec<Uuid> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Command(Command::Pay(decision)) => Some(decision.id),
            _ => None,
        })
        .collect()
}

/// The commands among effects.
pub(crate) fn commands(effects: &[Effect]) -> Vec<&Command> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Command(command) => Some(command),
            _ => None,
        })
        .collect()
}

pub(crate) fn intent(number: u128, amount: i64, state: Out) -> Intent {
    let document = Document::parse("529.982.247-25").expect("a CPF");
    let expected = Expected {
        reference: Reference::parse(&format!("premio-{number}")).expect("a reference"),
        amount: Centavos::new(amount),
        document: document.clone(),
    };
    let fingerprints = Fingerprints { payload: Digest::of(b""), body: Digest::of(b"") };
    let window = SignedDuration::from_hours(1);
    let terms = Terms::alone(before(60), person(), expected, fingerprints, window);
    let mut cash_out = CashOut::proposed(Arc::new(terms));
    cash_out.state = state;
    cash_out.ambiguous = state.is_in_doubt();
    cash_out.attempts = 1;
    cash_out.last_verdict = Some(Verdict::Ambiguous(Ambiguity::TimedOut));
    Intent {
        id: id(number),
        reference: Reference::parse(&format!("premio-{number}")).expect("a reference"),
        order: Order {
            amount: Centavos::new(amount),
            name: "Maria da Silva".to_owned(),
            document,
            destination: Destination::Pix(PixKey::parse("maria@example.com", None).expect("a key")),
            description: Some("Prêmio".to_owned()),
        },
        reason: Some("sorteio de sábado".to_owned()),
        body: Vec::new(),
        cash_out,
        created_at: before(60),
        updated_at: before(30),
    }
}

/// The life of a cash-out that timed out once, was taken, and settled.
pub(crate) fn life(number: u128) -> Life {
    let mut transaction =
        row(i64::try_from(number).expect("small"), State::Out(Out::Completed), 1_250_000, "Maria da Silva");
    transaction.end_to_end_id = Some(Safe::new("E1393589320261123173001234567890"));
    let report = Report {
        direction: Direction::Out,
        status: Status::Completed,
        internal_code: Some(Safe::new("CP000016")),
        transaction_id: None,
        external_reference: None,
        end_to_end_id: transaction.end_to_end_id.clone(),
        original_end_to_end_id: None,
        amount: transaction.amount,
        name: None,
        document: None,
        bank_data: Some(BankData {
            ispb: Some(Safe::new("60701190")),
            bank: None,
            branch: Some(Safe::new("1234")),
            account: Some(Safe::new("567890")),
        }),
        failure: None,
        requested_at: None,
        paid_at: None,
        refunded_at: None,
    };
    let mut intent = intent(number, 1_250_000, Out::Completed);
    let report = Arc::new(report);
    intent.cash_out.last_report = Some(Arc::clone(&report));
    let moment = |seconds| Moment::wall(before(seconds));
    let fingerprints = intent.fingerprints();
    let started = |seconds| Event::AttemptStarted { at: moment(seconds), key: id(77), fingerprints };
    let attempt = |number, at: i64, verdict| AttemptRow {
        number,
        key: id(77),
        started_at: before(at),
        ended_at: None,
        verdict,
    };
    let ids = GatewayIds { internal_code: Some(Safe::new("CP000016")), transaction_id: None };
    let timed_out = Verdict::Ambiguous(Ambiguity::TimedOut);
    let body = br#"{"eventType":"CASHOUT_COMPLETED","eventAt":"2026-11-23T17:31:50Z","data":{"amount":12500.00,"status":"COMPLETED"}}"#;
    Life {
        transaction,
        intent: Some(intent),
        events: vec![
            started(58),
            Event::AttemptEnded { at: moment(40), verdict: timed_out.clone() },
            started(39),
            Event::AttemptEnded { at: moment(38), verdict: Verdict::Accepted(ids.clone()) },
            Event::Reported { at: moment(20), source: Source::Webhook, report },
        ],
        attempts: vec![attempt(1, 58, Some(timed_out)), attempt(2, 39, Some(Verdict::Accepted(ids)))],
        deliveries: vec![Delivery {
            body: body.to_vec(),
            event_id: Some("0b0e7c2e-0000-4000-8000-000000000001".to_owned()),
            signature: None,
            content_type: None,
            received_at: before(20),
        }],
        incoming: Incoming::default(),
    }
}

pub(crate) fn forecast(transactional: i64, target: i64) -> Forecast {
    let now =
        Pockets { transactional: Centavos::new(transactional), proprietary: Centavos::new(125_256_777) };
    rebalance::forecast(now, Centavos::new(target)).expect("a forecast")
}

pub(crate) fn rebalance_of(number: u128, outcome: Outcome, state: rebalance::State) -> StoredRebalance {
    let mut rebalance = Rebalance::sent(rebalance::Terms {
        at: before(30),
        maker: person(),
        target: Centavos::new(50_000_000),
        forecast: forecast(48_200_012, 50_000_000),
        reason: None,
    });
    rebalance.outcome = Some(outcome);
    rebalance.state = state;
    StoredRebalance { id: id(number), rebalance, updated_at: before(20) }
}

pub(crate) fn person() -> Person {
    Person { uid: 1000, name: Some("ana".to_owned()) }
}

/// How far a payment in doubt has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// Prepared, to be approved by another person; nothing was sent.
    Pending,
    /// The same bytes may be sent again.
    Unknown,
    /// The window is over.
    Frozen,
    /// A person has to look.
    Held,
    /// One person, not the one at the desk, has declared it not paid.
    Declared,
    /// The person at the desk has declared it not paid.
    DeclaredByMe,
    /// Two people have.
    NotPaid,
    /// Accepted a day ago.
    Stale,
}

/// The life of a payment in doubt: decided a day ago at most, sent three times, as its own events make it.
pub(crate) fn doubtful(number: u128, doubt: Doubt) -> Life {
    let decided = match doubt {
        Doubt::Unknown => 600,
        Doubt::Frozen => 3 * 3_600,
        _ => 26 * 3_600,
    };
    let document = Document::parse("529.982.247-25").expect("a CPF");
    let reference = Reference::parse(&format!("premio-{number}")).expect("a reference");
    let expected =
        Expected { reference: reference.clone(), amount: Centavos::new(70_000), document: document.clone() };
    let order = Order {
        amount: expected.amount,
        name: "Beatriz Nunes".to_owned(),
        document,
        destination: Destination::Pix(PixKey::parse("beatriz@example.com", None).expect("a key")),
        description: None,
    };
    let fingerprints = Fingerprints { payload: order.payload_hash(), body: Digest::of(b"") };
    let window = SignedDuration::from_hours(1);
    let mut terms = Terms::alone(before(decided), person(), expected, fingerprints, window);
    terms.approvals = u8::from(doubt == Doubt::Pending);
    let bia = Person { uid: 1001, name: Some("bia".to_owned()) };
    let declared = |by: &Person, at: i64, statement: &str| Event::Declared {
        at: Moment::wall(before(at)),
        by: by.clone(),
        statement: statement.to_owned(),
    };
    let mut events = vec![Event::Proposed(Arc::new(terms))];
    let mut attempts = Vec::new();
    if doubt != Doubt::Pending {
        let key = id(77);
        let taken = GatewayIds { internal_code: Some(Safe::new("CP000011")), transaction_id: None };
        let verdicts = [
            Verdict::Ambiguous(Ambiguity::TimedOut),
            Verdict::Ambiguous(Ambiguity::TimedOut),
            match doubt {
                Doubt::Stale => Verdict::Accepted(taken),
                _ => Verdict::Ambiguous(Ambiguity::Cut(Safe::new("connection reset"))),
            },
        ];
        for (at, verdict) in verdicts.into_iter().enumerate() {
            let second = decided - 5 - i64::try_from(at).expect("small") * 40;
            let moment = |later: i64| Moment::wall(before(second - later));
            events.push(Event::AttemptStarted { at: moment(0), key, fingerprints });
            events.push(Event::AttemptEnded { at: moment(30), verdict: verdict.clone() });
            attempts.push(AttemptRow {
                number: u32::try_from(at + 1).expect("small"),
                key,
                started_at: moment(0).at,
                ended_at: Some(moment(30).at),
                verdict: Some(verdict),
            });
        }
    }
    if !matches!(doubt, Doubt::Pending | Doubt::Unknown | Doubt::Stale) {
        events.push(Event::WindowClosed { at: Moment::wall(before(decided - 3_700)) });
    }
    if matches!(doubt, Doubt::Held | Doubt::Declared | Doubt::DeclaredByMe | Doubt::NotPaid) {
        events.push(Event::PutOnHold { at: before(3_600) });
    }
    match doubt {
        Doubt::Declared | Doubt::NotPaid => {
            events.push(declared(&bia, 1_800, "não consta no portal; falei com o suporte, protocolo 8841"));
        }
        Doubt::DeclaredByMe => events.push(declared(&person(), 1_800, "não consta no portal")),
        Doubt::Stale => events.push(Event::WentStale { at: before(3_600) }),
        Doubt::Pending | Doubt::Unknown | Doubt::Frozen | Doubt::Held => {}
    }
    if doubt == Doubt::NotPaid {
        events.push(declared(&person(), 60, "conferi o extrato de 22 e 23/11: não saiu"));
    }
    let cash_out = saldo::domain::cash_out::fold(&events).expect("a life that can be");
    let seq = i64::try_from(number).expect("small");
    let mut transaction = row(seq, State::Out(cash_out.state), 70_000, "Beatriz Nunes");
    transaction.internal_code = cash_out.ids.internal_code.clone();
    let intent = Intent {
        id: id(number),
        reference,
        order,
        reason: Some("sorteio de sábado".to_owned()),
        body: Vec::new(),
        cash_out,
        created_at: before(decided),
        updated_at: before(60),
    };
    Life {
        transaction,
        intent: Some(intent),
        events,
        attempts,
        deliveries: Vec::new(),
        incoming: Incoming::default(),
    }
}

//! Every place of the cockpit, with something in it: panes, lives, forms, reviews, outcomes, overlays.

use std::time::Duration;

use jiff::SignedDuration;
use saldo::app::{Effect, Environment};
use saldo::domain::alert::{Alert, What};
use saldo::domain::attempt::{Ambiguity, Verdict};
use saldo::domain::batch::{self, Like, Repeat};
use saldo::domain::cash_out::{Alarm, State as Out};
use saldo::domain::conservation::{Gap, Kind};
use saldo::domain::gap::{GapFile, Reason, Suspect};
use saldo::domain::handover::{self, Handover, Open as OpenRow};
use saldo::domain::money::Centavos;
use saldo::domain::pace::{Pace, SPANS, Span};
use saldo::domain::payee::{Finding, Payee};
use saldo::domain::person::Person;
use saldo::domain::rebalance::{self, Outcome};
use saldo::domain::text::Safe;
use saldo::domain::transaction::{CashIn, State};
use saldo::engine::message::{
    AsItWas, AskedOutcome, BalanceHistory, BatchNews, BatchSource, BatchTrouble, Command, DecisionOutcome,
    Examined, FeedWindow, Incoming, LaneError, Moved, News, Open, Pause, Progress, RebalanceTrouble, Sought,
    StoredHandover, Sum,
};
use saldo::lang::Lang;

use crate::screen::asked::{accepted, charge, life_of, refunded};
use crate::screen::{
    Doubt, Screen, before, commands, doubtful, forecast, id, intent, life, reading, rebalance_of, row, window,
};

const PATH: &str = "folha.csv";
const PAY: &str = "tab tab m a r i a @ e x a m p l e . c o m tab M a r i a tab 5 2 9 9 8 2 2 4 7 2 5";

/// A place by its name, and the screen in it.
pub(crate) type Named = (String, Screen);

/// Every place in a language.
pub(crate) fn all(lang: Lang) -> Vec<Named> {
    let mut places = panes(lang);
    places.extend(overlays(lang));
    places.extend(cash_outs(lang));
    places.extend(charges(lang));
    places.extend(rebalances(lang));
    places.extend(batches(lang));
    places.extend(resolving(lang));
    places.extend(pasts(lang));
    // Each of them behind the help, and masked.
    let behind: Vec<Named> = places
        .iter()
        .step_by(5)
        .map(|(name, screen)| {
            let mut screen = screen.clone();
            screen.keys("f1 down down");
            (format!("{name}, help"), screen)
        })
        .collect();
    let masked: Vec<Named> = places
        .iter()
        .skip(1)
        .step_by(2)
        .map(|(name, screen)| {
            let mut screen = screen.clone();
            screen.keys("f9");
            (format!("{name}, masked"), screen)
        })
        .collect();
    places.extend(behind);
    places.extend(masked);
    places
}

/// A desk with everything that can be told: doubts, alerts, a pause, a stale balance's failure, letters of every width.
fn desk(lang: Lang) -> Screen {
    let mut window = window();
    window.rebalances_in_doubt =
        vec![rebalance_of(900, Outcome::Ambiguous(Ambiguity::TimedOut), rebalance::State::Unknown)];
    for (at, name) in ["東京都渋谷区株式会社さくら銀行", "🏦🇧🇷 Loteria 👩‍👩‍👧", "é́́́ combining", "עברית عربى"]
        .into_iter()
        .enumerate()
    {
        window.rows[at + 1].name = Some(Safe::new(name));
        window.rows[at + 1].external_reference = Some(Safe::new("参照-東京-0001"));
    }
    let alert = |number, what| Alert {
        number,
        what,
        began_at: before(600),
        ended_at: None,
        told_at: None,
        acknowledged: None,
    };
    window.alerts = vec![
        alert(3, What::WebhooksLate { missing: 2, late: 5 }),
        alert(2, What::UnexplainedDifference { gap: gap(), suspects: suspects() }),
        alert(1, What::GatewayStandsStill { since: before(4_300) }),
    ];
    let mut screen = Screen::with(lang, Environment::Production, Some(reading(2)), window);
    screen.news(News::Alarm { alarm: Alarm::Mismatch, intent: Box::new(intent(16, 5, Out::Completed)) });
    screen
}

fn gap() -> Gap {
    Gap { from: before(1_500), to: before(1_440), kind: Kind::Transactional, amount: Centavos::new(-30_000) }
}

fn suspects() -> Vec<Suspect> {
    let known = Suspect {
        reason: Reason::InDoubt,
        id: Some(id(16)),
        webhook: None,
        amount: Some(Centavos::new(50_025)),
        at: before(1_490),
    };
    let illegible =
        Suspect { id: None, webhook: Some(41), amount: None, reason: Reason::Illegible, ..known.clone() };
    vec![known, illegible]
}

fn play(lang: Lang, name: &str, act: impl FnOnce(&mut Screen)) -> Named {
    let mut screen = desk(lang);
    screen.resize(100, 40);
    act(&mut screen);
    (name.to_owned(), screen)
}

fn pressed(lang: Lang, keys: &str) -> Named {
    play(lang, keys, |screen| {
        screen.keys(keys);
    })
}

/// A shift that somebody with a long name handed over, with much to say.
fn shift() -> StoredHandover {
    let by = Person { uid: 1001, name: Some("東京 ".repeat(20)) };
    let open = OpenRow {
        failure_reported: true,
        id: id(16),
        direction: "out".to_owned(),
        state: "unknown".to_owned(),
        conflict: true,
        amount_centavos: Some(Centavos::new(i64::MAX)),
        external_reference: Some(Safe::new(&"r".repeat(100))),
        created_at: before(600),
    };
    let document = Handover {
        id: id(700),
        since: before(8 * 3_600),
        until: before(0),
        by,
        note: Some("東京 ".repeat(60)),
        audit_head: format!("1200:{}", "ab".repeat(32)),
        opening: None,
        closing: None,
        moved: handover::Moved::default(),
        rebalances: Vec::new(),
        unpaid: vec![OpenRow { state: "failed".to_owned(), ..open.clone() }; 3],
        open: vec![open; 40],
        open_more: 7,
        alerts: Vec::new(),
        gaps: Vec::new(),
        batches: Vec::new(),
        deeds: Vec::new(),
    };
    StoredHandover { document, digest: String::new(), accepted: None }
}

fn panes(lang: Lang) -> Vec<Named> {
    let mut places: Vec<Named> =
        ["", "tab", "tab tab", "z", "j j j", "f", "f f f f"].map(|keys| pressed(lang, keys)).into();
    places.push((
        "nothing yet".to_owned(),
        Screen::with(lang, Environment::Sandbox, None, FeedWindow::default()),
    ));
    places.push(play(lang, "a shift that cannot be handed over", |screen| {
        screen.keys("H");
        screen.news(News::Handover(Err("the journal cannot be written: 連絡 ".repeat(9))));
    }));
    let shift = News::Handover(Ok(Box::new(shift())));
    for keys in ["H", "H j j", "H f9"] {
        let shift = shift.clone();
        places.push(play(lang, &format!("a shift: {keys}"), |screen| {
            screen.keys("H");
            screen.news(shift);
            screen.keys(keys.trim_start_matches('H').trim());
        }));
    }
    for keys in ["", "p", "enter"] {
        let mut screen = Screen::only_reading(lang);
        screen.keys(keys);
        places.push((format!("read-only {keys}"), screen));
    }
    places.push(play(lang, "in trouble", |screen| {
        let reason = Safe::new("連絡が取れない: connection refused by the other side, again and again");
        screen.news(News::BalanceFailed { at: before(0), reason, failures: 7 });
        screen.news(News::Paused(Some(Pause::Clock(SignedDuration::from_secs(400)))));
        screen.news(News::JournalTrouble("disk full".to_owned()));
        screen.pass(900);
    }));
    places.push(play(lang, "a broken theme", |screen| {
        let why = "themes/desk.toml:3: there is no role `acent`; there are text, strong, label".to_owned();
        screen.send(saldo::app::Message::ThemeRead(Err(why)));
    }));
    places
}

fn overlays(lang: Lang) -> Vec<Named> {
    let mut places: Vec<Named> = [
        ":",
        ": z z z z z",
        "/ a b",
        "/ s t a u t s : x",
        "/ o u t space v a l o r : > 1 enter",
        "t 1 0 / 0 3",
        "t x",
        "?",
        "? G",
        "!",
        "! j",
        "! a a a a",
        "R",
    ]
    .map(|keys| pressed(lang, keys))
    .into();
    let gaps = |screen: &mut Screen| {
        screen.keys("d");
        let explained = GapFile { gap: gap(), suspects: suspects(), explained: None };
        screen.news(News::Gaps(Ok(vec![explained])));
    };
    places.push(play(lang, "gaps", gaps));
    places.push(play(lang, "gaps unread", |screen| {
        screen.keys("d");
    }));
    places.push(play(lang, "note", |screen| {
        gaps(screen);
        screen.keys("a a p o r t e");
    }));
    places.push(play(lang, "palette found", |screen| {
        screen.keys(": m a r i a");
        let order = intent(14, 5, Out::Completed).order;
        let payee = Payee {
            name: "東京 Maria".to_owned(),
            document: order.document,
            destination: order.destination,
            times: u32::MAX,
            total: Centavos::new(i64::MAX),
            last_paid: before(90_000),
            is_favourite: true,
        };
        let rows = window().rows;
        screen.news(News::Sought(Box::new(Sought { text: "maria".to_owned(), rows, payees: vec![payee] })));
    }));
    places.push(pressed(lang, &format!(":{}", " x".repeat(120))));
    for text in [
        "11987654374",
        "東京\u{1b}[31m\u{202e}\u{200b}",
        "Maria;maria@example.com;529.982.247-25;500,25;Prêmio;sobra;mais",
        "Maria;1,00\nJoão;2,00\nAna;3,00\n東京;4,00\na;5,00\nb;6,00\nc;7,00\nd;8,00",
        "E6074694820261123173012345678901",
    ] {
        places.push(play(lang, &format!("paste {text:?}"), |screen| {
            screen.paste(text);
        }));
    }
    for (name, life) in [
        ("life", life(16)),
        ("life of a charge", charge(16, accepted())),
        ("life of a paid one", life_of(16, CashIn::Paid, Incoming::default())),
        ("life of one given back", refunded(16, Verdict::Ambiguous(Ambiguity::TimedOut))),
    ] {
        places.push(play(lang, name, |screen| {
            screen.keys("enter");
            screen.news(News::Life(Some(Box::new(life.clone()))));
        }));
        places.push(play(lang, &format!("end of {name}"), |screen| {
            screen.keys("enter");
            screen.news(News::Life(Some(Box::new(life))));
            screen.keys("G");
        }));
    }
    places.push(pressed(lang, "enter"));
    places.push(play(lang, "life that is gone", |screen| {
        screen.keys("enter");
        screen.news(News::Life(None));
    }));
    places
}

fn cash_outs(lang: Lang) -> Vec<Named> {
    let mut places: Vec<Named> = [
        "p".to_owned(),
        "p enter".to_owned(),
        "p tab space tab 6 0 7 0 1 1 9 0 tab 1 2 tab 5 6 7 8 9 0".to_owned(),
        format!("p 1 . 2 3 4 {PAY} enter"),
        format!("p 5 0 0 {PAY} enter"),
        format!("p 9 9 9 9 9 {PAY} enter"),
        format!("p 9 9 9 9 9 {PAY} enter 1 y s"),
    ]
    .iter()
    .map(|keys| pressed(lang, keys))
    .collect();
    places.push(play(lang, "form of wide letters", |screen| {
        screen.keys("p 5 tab tab tab");
        screen.type_text(&"東京".repeat(40));
    }));
    places.push(play(lang, "review of long texts", |screen| {
        screen.keys("p 5 0 0");
        for text in [
            "",
            "maria@example.com",
            &"東京 ".repeat(40),
            "52998224725",
            &"r".repeat(60),
            &"d ".repeat(70),
            &"e".repeat(140),
        ] {
            screen.keys("tab");
            screen.paste(text);
        }
        screen.keys("enter");
    }));
    places.push(play(lang, "review of a payee that nearly is a known one", |screen| {
        let asked =
            screen.keys(&format!("p 5 0 0 {PAY} enter")).into_iter().find_map(|effect| match effect {
                Effect::Command(Command::LookUpPayee(_, order)) => Some(order),
                _ => None,
            });
        let order = asked.expect("the payee is looked up");
        let known = Payee {
            destination: order.destination.clone(),
            name: "東京 ".repeat(40),
            document: order.document.clone(),
            times: 3,
            total: Centavos::new(150_000),
            last_paid: before(86_400),
            is_favourite: false,
        };
        screen.news(News::Payee(order, vec![Finding::LooksLike(known), Finding::First]));
    }));
    let existing = || Box::new(intent(16, 50_025, Out::Completed));
    for outcome in [
        None,
        Some(DecisionOutcome::Created),
        Some(DecisionOutcome::Existing(existing())),
        Some(DecisionOutcome::Taken(existing())),
        Some(DecisionOutcome::NotJournalled("disk full".to_owned())),
    ] {
        places.push(play(
            lang,
            &format!("sent {outcome:?}").chars().take(16).collect::<String>(),
            |screen| {
                screen.keys(&format!("p 5 0 0 {PAY} enter s y"));
                let decided = screen.decided.expect("a payment was decided");
                if let Some(outcome) = outcome {
                    screen.news(News::CashOutDecided { id: decided, outcome });
                }
            },
        ));
    }
    places
}

fn charges(lang: Lang) -> Vec<Named> {
    let fill = "i 5 0 , 2 5 tab J o tab 5 2 9 9 8 2 2 4 7 2 5";
    let made = |verdict: Verdict| {
        move |screen: &mut Screen| {
            screen.keys(fill);
            let effects = [screen.keys("enter"), screen.keys("s"), screen.keys("y")].concat();
            let decided = commands(&effects).into_iter().find_map(|command| match command {
                Command::Charge(decision) => Some(decision.id),
                _ => None,
            });
            let life = charge(17, verdict);
            let outcome = AskedOutcome::Created(life.transaction.id);
            screen.news(News::ChargeDecided { id: decided.expect("a charge"), outcome });
            screen.news(News::Life(Some(Box::new(life))));
        }
    };
    let refund = |keys: &'static str| {
        move |screen: &mut Screen| {
            screen.keys("j enter");
            let paid = life_of(15, CashIn::Paid, Incoming::default());
            screen.news(News::Life(Some(Box::new(paid))));
            screen.keys(keys);
        }
    };
    vec![
        pressed(lang, "i"),
        pressed(lang, "i 1 . 2 3 4 tab tab tab tab 3 0 enter"),
        pressed(lang, fill),
        pressed(lang, &format!("{fill} enter")),
        pressed(lang, &format!("{fill} enter s y")),
        play(lang, "charge made", made(accepted())),
        play(lang, "charge unknown", made(Verdict::Ambiguous(Ambiguity::TimedOut))),
        play(lang, "refund", refund("d")),
        play(lang, "refund chosen", refund("d → tab o k")),
        play(lang, "refund review", refund("d → enter")),
        play(lang, "refund sent", refund("d → enter s y")),
    ]
}

fn rebalances(lang: Lang) -> Vec<Named> {
    let target = Centavos::new(50_000_000);
    let reviewed = move |outcome| {
        move |screen: &mut Screen| {
            screen.keys("b 5 0 0 0 0 0 tab x enter");
            screen.news(News::RebalanceReviewed { target, outcome });
        }
    };
    let mut places =
        vec![pressed(lang, "b"), pressed(lang, "b ctrl-u enter"), pressed(lang, "b 5 0 0 0 0 0 enter")];
    places.push(play(lang, "rebalance review", reviewed(Ok(forecast(48_200_012, 50_000_000)))));
    places.push(play(
        lang,
        "rebalance unread",
        reviewed(Err(RebalanceTrouble::NotJournalled("full".to_owned()))),
    ));
    for outcome in [
        None,
        Some(Err(RebalanceTrouble::NotJournalled("full".to_owned()))),
        Some(Ok(Box::new(rebalance_of(
            901,
            Outcome::Ambiguous(Ambiguity::TimedOut),
            rebalance::State::Unknown,
        )))),
    ] {
        places.push(play(lang, "rebalance sent", |screen| {
            reviewed(Ok(forecast(48_200_012, 50_000_000)))(screen);
            screen.type_text("500000,00");
            screen.keys("s y");
            if let Some(outcome) = outcome {
                screen.news(News::RebalanceEnded(outcome));
            }
        }));
    }
    places
}

fn examined(count: u32) -> Examined {
    let line = |number: u32| {
        format!("maria@example.com;{},00;東京 Pessoa {number};52998224725;FOLHA-{number}\n", 100 + number)
    };
    let head = std::iter::once("chave;valor;nome;documento;referencia\n".to_owned());
    let text: String = head.chain((1..=count).map(line)).collect();
    let batch = batch::read(PATH, text.as_bytes()).expect("a file").batch;
    Examined { batch, begun: None, known: Vec::new(), repeats: Vec::new(), payees: Vec::new() }
}

/// The desk as it was: asked for, and there with little and with much to tell.
fn pasts(lang: Lang) -> Vec<Named> {
    let look = |screen: &mut Screen| {
        screen.keys("T");
        screen.type_text("1h");
        screen.keys("enter").iter().find_map(|effect| match effect {
            Effect::Command(Command::LookBack(Some(wish))) => Some(wish.number),
            _ => None,
        })
    };
    let then = |number: u64, much: bool| AsItWas {
        number,
        at: before(3_600),
        no_change: false,
        balance: None,
        next_balance: much.then(|| before(3_500)),
        moved: Moved { late: 3, ..Moved::default() },
        open: Open { at_least: much, ..Open::default() },
        rows: if much { window().rows } else { Vec::new() },
        has_more: much,
        unrecorded: Vec::new(),
        by_webhooks: Vec::new(),
        alerts: Vec::new(),
        rebalances_in_doubt: Vec::new(),
        pace: Pace {
            at: before(3_600),
            spans: SPANS.map(|minutes| Span { minutes, ..Span::default() }),
            then: None,
        },
        history: BalanceHistory::default(),
        took: Duration::from_millis(4),
    };
    let back = |much: bool| {
        move |screen: &mut Screen| {
            let number = look(screen).expect("a wish");
            screen.news(News::AsItWas(Ok(Box::new(then(number, much)))));
        }
    };
    vec![
        play(lang, "T 1h", |screen| {
            look(screen);
        }),
        play(lang, "as it was, little", back(false)),
        play(lang, "as it was, much", back(true)),
    ]
}

fn batches(lang: Lang) -> Vec<Named> {
    let read = |outcome: Result<Examined, BatchTrouble>| {
        move |screen: &mut Screen| {
            screen.keys("B");
            screen.type_text(PATH);
            screen.keys("enter");
            screen.news(News::BatchRead {
                source: BatchSource::File(PATH.to_owned()),
                outcome: Box::new(outcome),
            });
        }
    };
    let text = "chave;valor;nome;documento\nx;1.234;;529.982.247-26\n;-1;Maria\u{200b};52998224725\n";
    let mistakes = batch::read(PATH, text.as_bytes()).expect_err("mistakes");
    let like = Like::Payment { at: before(900), state: State::Out(Out::Completed), reference: None };
    let repeats = vec![Repeat { line: 4, like: Like::Line(3) }, Repeat { line: 9, like }];
    let order = intent(14, 5, Out::Completed).order;
    let known = Payee {
        name: "東京 ".repeat(40),
        document: order.document,
        destination: order.destination,
        times: 3,
        total: Centavos::new(150_000),
        last_paid: before(86_400),
        is_favourite: false,
    };
    let odd = (7, Finding::LooksLike(known));
    let running = |ended: Option<Result<Option<saldo::engine::message::Stopped>, String>>| {
        move |screen: &mut Screen| {
            let batch = examined(9);
            read(Ok(batch.clone()))(screen);
            screen.keys("s y");
            let sum = |count: u32| Sum { count, amount: Centavos::new(i64::from(count) * 10_000) };
            let progress = Progress { completed: sum(4), waiting: sum(5), ..Progress::default() };
            let (id, name) = (batch.batch.id(), Safe::new(PATH));
            screen.news(News::Batch(Box::new(BatchNews { id, name, progress, ended })));
        }
    };
    vec![
        pressed(lang, "B"),
        pressed(lang, "B f . c s v enter"),
        play(lang, "batch unread", read(Err(BatchTrouble::File(Safe::new("no such file"))))),
        play(lang, "batch mistakes", read(Err(BatchTrouble::Mistakes(mistakes)))),
        play(lang, "batch review", read(Ok(examined(40)))),
        play(lang, "batch repeats", read(Ok(Examined { repeats, payees: vec![odd], ..examined(9) }))),
        play(lang, "batch running", running(None)),
        play(lang, "batch done", running(Some(Ok(None)))),
        play(lang, "batch broken off", running(Some(Err("the journal is full".to_owned())))),
    ]
}

fn resolving(lang: Lang) -> Vec<Named> {
    let open = |doubt: Doubt, keys: &'static str| {
        move |screen: &mut Screen| {
            screen.keys("j j j j j enter");
            screen.news(News::Life(Some(Box::new(doubtful(11, doubt)))));
            screen.keys(keys);
        }
    };
    let mut places: Vec<Named> = [
        (Doubt::Held, ""),
        (Doubt::Held, "r"),
        (Doubt::Declared, "r →"),
        (Doubt::Declared, "r → tab a enter"),
        (Doubt::Declared, "r → tab a enter s y"),
        (Doubt::DeclaredByMe, "r → tab a enter"),
        (Doubt::Unknown, "r a enter"),
        (Doubt::Pending, "r enter"),
        (Doubt::NotPaid, ""),
        (Doubt::Stale, ""),
        (Doubt::Frozen, "r"),
    ]
    .into_iter()
    .map(|(doubt, keys)| play(lang, &format!("{doubt:?} {keys}"), open(doubt, keys)))
    .collect();
    for outcome in [Err(LaneError::Busy), Ok(Box::new(intent(11, 70_000, Out::DeclaredNotPaid)))] {
        places.push(play(lang, "resolved", |screen| {
            open(Doubt::Declared, "r → tab a enter s y")(screen);
            screen.news(News::Resolved { id: id(11), outcome: outcome.map(Some) });
        }));
    }
    // A row that nothing else has.
    places.push(play(lang, "row of an old day", |screen| {
        let mut old = row(16, State::In(CashIn::Paid), 1, "x");
        old.happened_at = before(90_000 * 300);
        screen.news(News::Feed(Box::new(FeedWindow {
            rows: vec![old],
            took: Duration::from_secs(3),
            ..window()
        })));
    }));
    places
}

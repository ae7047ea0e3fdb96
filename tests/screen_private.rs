//! A masked screen shows nothing of people or money, wherever one is; and what is not seen is not confirmed.

mod screen;

use saldo::app::Effect;
use saldo::domain::attempt::Ambiguity;
use saldo::domain::cash_out::{Alarm, State as Out};
use saldo::domain::money::Centavos;
use saldo::domain::payee::Payee;
use saldo::domain::rebalance::{self, Outcome};
use saldo::engine::message::{Command, DecisionOutcome, LaneError, News, Sought};
use saldo::lang::Lang;
use screen::{Doubt, Screen, before, commands, doubtful, id, intent, life, payments, rebalance_of, window};

/// What the screens below are full of: names, a key, references, what people typed and said.
const SECRETS: [&str; 34] = [
    "Maria",
    "Conceição",
    "Silva",
    "Souza",
    "João",
    "Pereira",
    "Padaria",
    "Lima",
    "Carlos",
    "Ávila",
    "Beatriz",
    "Nunes",
    "Costa",
    "日本",
    "Luiza",
    "Prado",
    "Pedro",
    "Alves",
    "Davi",
    "Rocha",
    "Reis",
    "Igor",
    "Melo",
    "Olga",
    "Brito",
    "Pinto",
    "premio",
    "Prêmio",
    "sorteio",
    "example.com",
    "protocolo",
    "portal",
    "segredo",
    "bia",
];

/// Keys that lead to every place.
const PLACES: [&str; 24] = [
    "",
    "tab",
    "tab tab",
    "z",
    "j j j",
    "/ p a d a r i a",
    "/ v a l o r : > 5 0 0 enter",
    "/ s e g r e d o enter",
    "t 1 0 / 0 3",
    "enter",
    "enter G",
    "?",
    "!",
    "! j",
    ":",
    ": m a r i a",
    "p 5 0 0 , 2 5 tab tab m a r i a @ e x a m p l e . c o m tab M a r i a tab 5 2 9 9 8 2 2 4 7 2 5 tab s e g r e d o",
    "p 5 0 0 , 2 5 tab tab 5 2 9 9 8 2 2 4 7 2 5 tab M a r i a",
    "p tab space tab 6 0 7 0 1 1 9 0 tab 1 2 3 4 tab 5 6 7 8 9 0 tab M a r i a",
    "i 5 0 0 tab M a r i a tab 5 2 9 9 8 2 2 4 7 2 5 tab s e g r e d o",
    "b 6 0 0 0 0 0 tab s e g r e d o",
    "b enter",
    "R",
    "! a a a a",
];

const REVIEW: &str = "p 5 0 0 , 2 5 tab tab m a r i a @ e x a m p l e . c o m tab M a r i a tab 5 2 9 . 9 8 2 . 2 4 7 - 2 5 tab s e g r e d o enter";

fn desk(lang: Lang) -> Screen {
    let mut screen = Screen::new(lang);
    let mut window = window();
    window.rebalances_in_doubt =
        vec![rebalance_of(900, Outcome::Ambiguous(Ambiguity::TimedOut), rebalance::State::Unknown)];
    screen.news(News::Feed(Box::new(window)));
    screen.news(News::Alarm { alarm: Alarm::Mismatch, intent: Box::new(intent(16, 70_000, Out::Completed)) });
    screen
}

fn sought(text: &str) -> News {
    let order = intent(14, 5, Out::Completed).order;
    let payee = Payee {
        name: order.name,
        document: order.document,
        destination: order.destination,
        times: 3,
        total: Centavos::new(150_075),
        last_paid: before(90_000),
        is_favourite: true,
    };
    News::Sought(Box::new(Sought { text: text.to_owned(), rows: window().rows, payees: vec![payee] }))
}

fn screens(lang: Lang) -> Vec<(String, Screen)> {
    let mut all = Vec::new();
    for keys in PLACES {
        let mut screen = desk(lang);
        screen.keys(keys);
        screen.news(News::Life(Some(Box::new(life(16)))));
        screen.news(sought(if keys.len() > 1 { "maria" } else { "" }));
        all.push((keys.to_owned(), screen));
    }
    for text in [
        "maria@example.com",
        "529.982.247-25",
        "11987654374",
        "premio-16",
        "segredo",
        "R$ 1.234,56",
        "E6074694820261123173012345678901",
        "Maria Silva;maria@example.com;529.982.247-25;500,25;segredo;Prêmio",
        "Maria Silva;500,25\nJoão Souza;70,00",
    ] {
        for keys in ["", "p", "enter"] {
            let mut screen = desk(lang);
            screen.keys(keys);
            screen.paste(text);
            screen.news(sought(text));
            all.push((format!("{keys} paste {text}"), screen));
        }
    }
    for doubt in
        [Doubt::Held, Doubt::Declared, Doubt::DeclaredByMe, Doubt::Unknown, Doubt::Pending, Doubt::NotPaid]
    {
        for keys in [
            "",
            "r",
            "r → tab s e g r e d o",
            "r → tab s e g r e d o enter",
            "r → tab s e g r e d o enter s y",
        ] {
            let mut screen = desk(lang);
            screen.keys("j j j j j enter");
            screen.news(News::Life(Some(Box::new(doubtful(11, doubt)))));
            screen.keys(keys);
            let mut told = desk(lang);
            told.keys("j j j j j enter");
            told.news(News::Life(Some(Box::new(doubtful(11, doubt)))));
            told.keys(keys);
            told.news(News::Resolved { id: id(11), outcome: Err(LaneError::Busy) });
            all.push((format!("{doubt:?} {keys}"), screen));
            all.push((format!("{doubt:?} {keys} told"), told));
        }
    }
    for outcome in [
        None,
        Some(DecisionOutcome::Created),
        Some(DecisionOutcome::Existing(Box::new(intent(16, 50_025, Out::Completed)))),
        Some(DecisionOutcome::Taken(Box::new(intent(16, 50_025, Out::Completed)))),
        Some(DecisionOutcome::NotJournalled("disk full".to_owned())),
    ] {
        let mut screen = desk(lang);
        screen.keys(REVIEW);
        all.push(("review".to_owned(), screen.clone()));
        screen.keys("s y");
        let what = format!("sent {outcome:?}").chars().take(20).collect();
        if let (Some(outcome), Some(id)) = (outcome, screen.decided) {
            screen.news(News::CashOutDecided { id, outcome });
            screen.news(News::Life(Some(Box::new(life(16)))));
        }
        all.push((what, screen));
    }
    all
}

fn leaks(text: &str) -> Vec<String> {
    let text = text.replace('\u{a0}', " ");
    let words = text.split(|character: char| character.is_whitespace() || "│┌┐└┘─".contains(character));
    let mut found: Vec<String> = words
        .filter(|word| {
            let digits = word.chars().filter(char::is_ascii_digit).count();
            let is_date = word.contains('/');
            digits > 3
                && !is_date
                && word.matches(':').count() != 2
                && !word.ends_with(':')
                && word.matches(':').count() != 1
        })
        .map(str::to_owned)
        .collect();
    found.extend(SECRETS.iter().filter(|secret| has_word(&text, secret)).map(|secret| (*secret).to_owned()));
    found
}

/// As a word or the beginning of one: `bia` is none of `Brasília`.
fn has_word(text: &str, secret: &str) -> bool {
    text.match_indices(secret)
        .any(|(at, _)| text[..at].chars().next_back().is_none_or(|before| !before.is_alphabetic()))
}

#[test]
fn no_place_shows_a_secret_while_the_screen_is_masked() {
    let mut seen = 0;
    for lang in Lang::ALL {
        for (what, mut screen) in screens(lang) {
            let mut open = 0;
            for (columns, rows) in [(160, 50), (120, 30), (80, 24), (60, 20), (40, 10)] {
                screen.resize(columns, rows);
                open += leaks(&screen.text()).len();
            }
            seen += usize::from(open > 0);
            screen.keys("f9");
            for (columns, rows) in [(160, 50), (120, 30), (80, 24), (60, 20), (40, 10)] {
                screen.resize(columns, rows);
                let text = screen.text();
                assert!(leaks(&text).is_empty(), "{what} on {columns}x{rows}: {:?}\n{text}", leaks(&text));
            }
        }
    }
    assert!(seen > 80, "the screens had something to hide: {seen}");
}

#[test]
fn a_masked_screen_tells_nothing_by_lengths() {
    for lang in Lang::ALL {
        let shown = |amount: i64, name: &str| {
            let mut screen = Screen::new(lang);
            let mut window = window();
            window.rows = vec![screen::row(1, window.rows[1].state, amount, name)];
            screen.news(News::Feed(Box::new(window)));
            screen.keys("f9");
            screen.size(160, 50).text()
        };
        assert_eq!(shown(100, "Ana"), shown(99_999_999_999, "Maria da Conceição Silva e Souza"));
    }
}

#[test]
fn what_is_not_seen_is_neither_confirmed_nor_copied() {
    for lang in Lang::ALL {
        let mut screen = desk(lang);
        screen.keys(REVIEW);
        screen.keys("f9");
        assert!(payments(&screen.keys("s y")).is_empty());
        screen.keys("f9");
        assert_eq!(payments(&screen.keys(if lang == Lang::PtBr { "s" } else { "y" })).len(), 1);
        let mut screen = desk(lang);
        let copies = |effects: Vec<Effect>| effects.iter().any(|effect| matches!(effect, Effect::Copy(_)));
        assert!(copies(screen.keys("c")));
        screen.keys("f9");
        assert!(!copies(screen.keys("c")));
        assert!(screen.text().contains(if lang == Lang::PtBr { "Nada copiado" } else { "Nothing copied" }));
    }
}

#[test]
fn the_palette_opens_and_sends_nothing() {
    let mut screen = desk(Lang::En);
    screen.keys(": m a r i a @");
    screen.news(sought("maria@"));
    assert!(screen.text().contains("Maria da Silva · maria@example.com"), "{}", screen.text());
    let effects = screen.keys("enter");
    let sent = commands(&effects);
    assert!(
        sent.iter().all(|command| matches!(command, Command::Seek(None) | Command::ShowLife(None))),
        "{sent:?}"
    );
    let text = screen.text();
    assert!(text.contains("maria@example.com") && text.contains("Maria da Silva"), "{text}");
    // The amount is still to be typed: there is no review yet.
    screen.keys("enter");
    assert!(screen.text().contains("has to be filled in"), "{}", screen.text());
}

//! What the panes look like: text and styles, in both languages, at the sizes that matter.

mod screen;

use jiff::SignedDuration;
use saldo::app::Message;
use saldo::domain::cash_out::State as Out;
use saldo::domain::conservation::{Moved, Point, conserve};
use saldo::domain::money::Centavos;
use saldo::domain::rebalance::Pockets;
use saldo::domain::text::Safe;
use saldo::domain::transaction::State;
use saldo::engine::message::{BalanceHistory, DeliveryFigures, ForwardHealth, News, WebhookHealth};
use saldo::lang::Lang;
use screen::{SIZES, Screen, before, intent, life};

#[test]
fn the_panes() {
    for lang in Lang::ALL {
        for (columns, rows) in SIZES.into_iter().chain([(100, 40), (120, 24)]) {
            let screen = Screen::new(lang).size(columns, rows);
            insta::assert_snapshot!(format!("home_{}_{columns}x{rows}", lang.as_str()), screen.shown());
        }
    }
}

#[test]
fn what_nobody_told_stands_beside_the_days_sums() {
    for lang in Lang::ALL {
        let mut screen = Screen::new(lang).size(160, 50);
        let pockets = |transactional, proprietary| Pockets {
            transactional: Centavos::new(transactional),
            proprietary: Centavos::new(proprietary),
        };
        let opening =
            |minutes: i64, pockets| Point { at: before(60 * minutes), pockets, moved: Moved::default() };
        let points = [
            opening(30, pockets(48_250_012, 125_256_777)),
            opening(29, pockets(48_200_012, 125_000_000)),
            opening(0, pockets(48_200_012, 125_000_000)),
        ];
        screen.news(News::Conservation(Box::new(conserve(&points).unwrap())));
        let text = screen.text();
        assert!(text.contains("-R$\u{a0}500,00") && text.contains("-R$\u{a0}2.567,77"), "{text}");
        insta::assert_snapshot!(format!("home_not_told_{}", lang.as_str()), screen.shown());
        let told = conserve(&points[2..]).unwrap();
        screen.news(News::Conservation(Box::new(told)));
        assert!(screen.text().contains("R$\u{a0}0,00"));
    }
}

#[test]
fn how_the_balance_went_is_drawn_where_there_is_room() {
    for lang in Lang::ALL {
        let mut screen = Screen::new(lang).size(160, 50);
        let values = |falls: i64| {
            (0..36).map(|at| (at >= 4).then(|| Centavos::new(60_000_000 - falls * at))).collect()
        };
        let history = BalanceHistory { hour: values(10_000), day: values(-900_000) };
        screen.news(News::BalanceHistory(Box::new(history)));
        insta::assert_snapshot!(format!("home_history_{}", lang.as_str()), screen.shown());
    }
}

#[test]
fn the_sources_show_how_webhooks_come_and_where_they_go() {
    for lang in Lang::ALL {
        let mut screen = Screen::new(lang).size(160, 50);
        let mut figures = DeliveryFigures { repeats: 12, asked_first: 3, ..DeliveryFigures::default() };
        figures.lags.count(SignedDuration::from_secs(4));
        let forward = |address: &str, waiting, oldest, trouble: Option<&str>| ForwardHealth {
            address: address.to_owned(),
            waiting,
            oldest,
            trouble: trouble.map(Safe::new),
        };
        screen.news(News::Webhooks(Box::new(WebhookHealth {
            listening: Some("127.0.0.1:8087".parse().unwrap()),
            taken: 57,
            illegible: 2,
            last_at: Some(before(4)),
            figures: Box::new(figures),
            forwards: vec![
                forward("https://platform.example/hook", Some(0), None, None),
                forward(
                    "https://wallet.example/webhooks/connectpsp/events?…",
                    Some(41),
                    Some(before(700)),
                    Some("HTTP 500"),
                ),
                forward("http://127.0.0.1:9000/", None, None, None),
            ],
            ..WebhookHealth::default()
        })));
        insta::assert_snapshot!(format!("sources_{}", lang.as_str()), screen.shown());
    }
}

#[test]
fn a_desk_that_only_reads_says_so_on_every_frame_and_acts_on_no_key() {
    for lang in Lang::ALL {
        for (columns, rows) in [(160, 50), (80, 24)] {
            let mut screen = Screen::only_reading(lang).size(columns, rows);
            screen.keys("p");
            insta::assert_snapshot!(
                format!("home_read_only_{}_{columns}x{rows}", lang.as_str()),
                screen.shown()
            );
        }
        let badge = if lang == Lang::PtBr { "SÓ LEITURA" } else { "READ-ONLY" };
        for columns in [40, 60, 80, 120] {
            let screen = Screen::only_reading(lang).size(columns, 20);
            let first = screen.text().lines().next().unwrap_or_default().to_owned();
            assert!(first.contains(badge), "{columns}: {first}");
        }
        // Whatever opens a form elsewhere, a code that is pasted too.
        let mut screen = Screen::only_reading(lang).size(100, 30);
        let sent: Vec<_> = ["p", "i", "b", "d", "r", "t"].iter().flat_map(|key| screen.keys(key)).collect();
        assert!(!sent.iter().any(|effect| format!("{effect:?}").contains("Pay(")), "{sent:?}");
        screen.keys("esc esc esc");
        screen.paste("maria@example.com");
        screen.keys("enter");
        let form = if lang == Lang::PtBr { "Novo pagamento" } else { "New cash-out" };
        assert!(!screen.text().contains(form), "{}", screen.text());
        // A payment in doubt says that it waits for somebody who may act.
        screen.keys("esc esc g enter");
        let mut life = life(16);
        life.transaction.state = State::Out(Out::Unknown);
        life.intent = Some(intent(16, 50_025, Out::Unknown));
        screen.news(News::Life(Some(Box::new(life))));
        let says =
            if lang == Lang::PtBr { "nada é reenviado daqui" } else { "nothing is sent again from here" };
        assert!(screen.text().contains(says), "{}", screen.text());
    }
}

#[test]
fn a_reason_that_a_line_does_not_hold_takes_the_rows_above() {
    let why = "desk.toml:12: `coverage_low` is no colour: give #RRGGBB, one of the sixteen names, a number up to 255, or `default`; the theme stays as it was";
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for (columns, rows) in [(160, 50), (80, 24), (60, 20)] {
        let mut screen = Screen::new(Lang::En).size(columns, rows);
        screen.send(Message::ThemeRead(Err(why.to_owned())));
        assert!(flat(&screen.text()).contains(why), "{columns}x{rows}:\n{}", screen.text());
        assert!(screen.text().contains("Transactions"), "{columns}x{rows}:\n{}", screen.text());
    }
    // Where there is no room for it, what can be seen of it ends with a mark.
    let mut screen = Screen::new(Lang::En).size(40, 6);
    screen.send(Message::ThemeRead(Err(why.to_owned())));
    assert!(screen.text().contains('…'), "{}", screen.text());
}

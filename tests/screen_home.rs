//! What the panes look like: text and styles, in both languages, at the sizes that matter.

mod screen;

use jiff::SignedDuration;
use saldo::domain::text::Safe;
use saldo::engine::message::{DeliveryFigures, ForwardHealth, News, WebhookHealth};
use saldo::lang::Lang;
use screen::{SIZES, Screen, before};

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
        screen.news(News::Webhooks(WebhookHealth {
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
        }));
        insta::assert_snapshot!(format!("sources_{}", lang.as_str()), screen.shown());
    }
}

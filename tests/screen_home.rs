//! What the panes look like: text and styles, in both languages, at the sizes that matter.

mod screen;

use saldo::domain::conservation::{Moved, Point, conserve};
use saldo::domain::money::Centavos;
use saldo::domain::rebalance::Pockets;
use saldo::engine::message::{BalanceHistory, News};
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

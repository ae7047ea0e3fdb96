//! The query bar and what the list says of itself.

mod screen;

use saldo::engine::message::{Counted, FeedPlace, FeedWindow, News};
use saldo::lang::Lang;
use screen::{Screen, commands, window};

/// The window that answers the last wish.
fn answer(screen: &mut Screen, effects: &[saldo::app::Effect], window: FeedWindow) -> u64 {
    let number = commands(effects)
        .into_iter()
        .find_map(|command| match command {
            saldo::engine::message::Command::ShowFeed(wish) => Some(wish.number),
            _ => None,
        })
        .expect("a wish");
    screen.news(News::Feed(Box::new(FeedWindow { number, ..window })));
    number
}

fn line_with(screen: &Screen, words: &str) -> String {
    let text = screen.text();
    text.lines().find(|line| line.contains(words)).unwrap_or_else(|| panic!("{words}:\n{text}")).to_owned()
}

#[test]
fn the_line_says_what_it_understands_while_it_is_typed() {
    for (lang, means, wrong) in [
        (
            Lang::PtBr,
            "busca: out amount:>1000 -maria  ← pagamentos · valor > R$\u{a0}1.000,00 · não “maria”",
            "na posição 25: não há a chave stat:",
        ),
        (
            Lang::En,
            "search: out amount:>1000 -maria  ← cash-outs · amount > R$\u{a0}1.000,00 · not “maria”",
            "at 25: there is no key stat:",
        ),
    ] {
        let mut screen = Screen::new(lang).size(160, 50);
        screen.keys("/");
        screen.type_text("out amount:>1000 -maria");
        line_with(&screen, means);
        screen.type_text(" stat:x");
        line_with(&screen, wrong);
        assert!(commands(&screen.keys("enter")).is_empty(), "nothing is asked that cannot be read");
        // On a small screen too, the end of what is typed can be seen.
        let screen = screen.size(80, 24);
        line_with(&screen, "stat:x");
    }
}

#[test]
fn the_title_has_the_query_its_count_and_its_time() {
    let mut screen = Screen::new(Lang::En).size(160, 50);
    screen.keys("/");
    screen.type_text("maria -in");
    let effects = screen.keys("enter");
    let took = std::time::Duration::from_millis(12);
    let number = answer(&mut screen, &effects, FeedWindow { took, ..window() });
    line_with(&screen, "search “maria” · not cash-ins · in 12 ms");
    screen.news(News::FeedCounted(Counted { number, rows: 1_000 }));
    line_with(&screen, "search “maria” · not cash-ins · 1,000+ in 12 ms");
    screen.news(News::FeedCounted(Counted { number, rows: 37 }));
    line_with(&screen, "37 in 12 ms");
    screen.keys("esc");
    assert!(!screen.text().contains("maria ·"));
}

#[test]
fn who_leaves_the_top_is_told_what_has_come() {
    let mut screen = Screen::new(Lang::PtBr).size(160, 50);
    let effects = screen.keys("j");
    answer(&mut screen, &effects, FeedWindow { come_since: 37, ..window() });
    line_with(&screen, "parado na linha · 37 novas");
    let effects = screen.keys("g");
    let wish = commands(&effects).into_iter().find_map(|command| match command {
        saldo::engine::message::Command::ShowFeed(wish) => Some(wish.place),
        _ => None,
    });
    assert_eq!(wish, Some(FeedPlace::Newest));
    screen.keys("t");
    screen.type_text("10/03 14:30");
    line_with(&screen, "ir para: 10/03 14:30  ← 10/03/");
}

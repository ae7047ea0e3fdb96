//! The mouse selects what lies under it, and nothing more.

mod screen;

use ratatui::layout::{Position, Rect};
use saldo::app::{Message, Spot};
use saldo::engine::message::{News, Sought};
use saldo::lang::Lang;
use saldo::ui::hit;
use screen::{Screen, commands, payments, window};

fn at(screen: &Screen, needle: &str) -> Position {
    let text = screen.text();
    let (y, line) = text.lines().enumerate().find(|(_, line)| line.contains(needle)).expect("on the screen");
    let before = line.split(needle).next().expect("what is before it");
    let x = unicode_width::UnicodeWidthStr::width(before);
    Position { x: u16::try_from(x).expect("small"), y: u16::try_from(y).expect("small") }
}

fn click(screen: &mut Screen, needle: &str, size: (u16, u16)) -> Option<Spot> {
    let position = at(screen, needle);
    let spot = hit(&screen.app, Rect::new(0, 0, size.0, size.1), position)?;
    let effects = screen.send(Message::Clicked(spot));
    assert!(payments(&effects).is_empty());
    Some(spot)
}

#[test]
fn a_click_selects_the_row_or_the_pane_under_it() {
    for size in [(160, 50), (120, 24), (100, 40), (80, 24), (59, 16)] {
        let mut screen = Screen::new(Lang::En).size(size.0, size.1);
        let amount = "R$\u{a0}700,00";
        assert_eq!(click(&mut screen, amount, size), Some(Spot::Row(5)), "{size:?}");
        // The list may have moved under it; the row is the same.
        assert_eq!(click(&mut screen, amount, size), Some(Spot::Row(5)), "{size:?}");
        screen.keys("enter");
        assert_eq!(hit(&screen.app, Rect::new(0, 0, size.0, size.1), Position { x: 5, y: 5 }), None);
    }
    let mut screen = Screen::new(Lang::En).size(160, 50);
    assert!(matches!(click(&mut screen, "Proprietary", (160, 50)), Some(Spot::Pane(_))));
    assert!(matches!(click(&mut screen, "floor", (160, 50)), Some(Spot::Pane(_))));
}

#[test]
fn in_the_palette_it_selects_and_enter_opens() {
    let mut screen = Screen::new(Lang::En).size(100, 30);
    screen.keys(": r e b");
    screen.news(News::Sought(Box::new(Sought {
        text: "reb".to_owned(),
        rows: window().rows,
        ..Sought::default()
    })));
    assert_eq!(click(&mut screen, "fill in a rebalance", (100, 30)), Some(Spot::Choice(0)));
    screen.keys("enter");
    assert!(screen.text().contains("Transactional balance wanted"), "{}", screen.text());
}

#[test]
fn the_wheel_scrolls_what_scrolls_and_touches_no_form() {
    let mut screen = Screen::new(Lang::En).size(80, 24);
    screen.send(Message::Wheel { down: true });
    screen.keys("enter");
    assert!(!screen.text().contains("Maria da Conceição"), "three rows down");
    screen.keys("esc");
    screen.keys("p 5");
    let form = screen.text();
    for down in [true, false, true] {
        assert!(commands(&screen.send(Message::Wheel { down })).is_empty());
    }
    assert_eq!(screen.text(), form);
}

#[test]
fn no_place_on_a_review_can_be_clicked() {
    let mut screen = Screen::new(Lang::En).size(80, 24);
    screen.keys("p 5 tab tab m @ e . c o m tab M tab 5 2 9 9 8 2 2 4 7 2 5 enter");
    assert!(screen.text().contains("confirms"), "{}", screen.text());
    for y in 0..24 {
        for x in 0..80 {
            assert_eq!(hit(&screen.app, Rect::new(0, 0, 80, 24), Position { x, y }), None);
        }
    }
    for spot in [Spot::Row(0), Spot::Choice(0)] {
        assert!(payments(&screen.send(Message::Clicked(spot))).is_empty());
    }
    assert!(screen.text().contains("confirms"));
}

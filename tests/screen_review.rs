//! What is confirmed has been seen: not hidden, not on too small a screen, and to its end.

mod screen;

use saldo::lang::Lang;
use screen::{Screen, payments};

const FORM: &str = "p 5 0 0 tab tab m @ e . c o m tab M tab 5 2 9 9 8 2 2 4 7 2 5";

fn footer(screen: &Screen) -> String {
    screen.text().lines().last().unwrap_or_default().to_owned()
}

#[test]
fn a_masked_review_says_which_key_shows_it_and_offers_no_confirmation() {
    for (lang, says, confirm) in [
        (Lang::En, "has to be seen: f9 shows it", "y confirm"),
        (Lang::PtBr, "tem de ser visto: f9 mostra", "s confirmar"),
    ] {
        let mut screen = Screen::new(lang).size(80, 24);
        screen.keys(&format!("{FORM} enter"));
        assert!(footer(&screen).contains(confirm), "{}", footer(&screen));
        screen.keys("f9");
        screen.keys("x");
        assert!(screen.text().contains(says), "{}", screen.text());
        assert!(!footer(&screen).contains(confirm), "{}", footer(&screen));
        assert!(payments(&screen.keys("y s")).is_empty());
    }
}

#[test]
fn a_screen_too_small_for_money_offers_no_confirmation() {
    let mut screen = Screen::new(Lang::En).size(60, 15);
    screen.keys(&format!("{FORM} enter"));
    assert!(screen.text().contains("too small to review money"), "{}", screen.text());
    assert!(!footer(&screen).contains("y confirm"), "{}", footer(&screen));
    assert!(payments(&screen.keys("y")).is_empty());
}

#[test]
fn a_review_that_does_not_fit_is_not_confirmed_before_it_does() {
    let mut screen = Screen::new(Lang::En).size(60, 20);
    screen.keys(FORM);
    for text in [&"r".repeat(100), &"d ".repeat(60), &"e ".repeat(65)] {
        screen.keys("tab");
        screen.paste(text);
    }
    screen.keys("enter");
    assert!(!footer(&screen).contains("y confirm"), "{}", screen.text());
    assert!(footer(&screen).contains("Not all of it is on the screen"), "{}", footer(&screen));
    assert!(payments(&screen.keys("y")).is_empty());
    assert!(footer(&screen).contains("Not all of it is on the screen"), "{}", footer(&screen));
    screen.resize(100, 40);
    assert!(footer(&screen).contains("y confirm"), "{}", screen.text());
    assert_eq!(payments(&screen.keys("y")).len(), 1);
}

//! What the panes look like: text and styles, in both languages, at the sizes that matter.

mod screen;

use saldo::lang::Lang;
use screen::{SIZES, Screen};

#[test]
fn the_panes() {
    for lang in Lang::ALL {
        for (columns, rows) in SIZES.into_iter().chain([(100, 40), (120, 24)]) {
            let screen = Screen::new(lang).size(columns, rows);
            insta::assert_snapshot!(format!("home_{}_{columns}x{rows}", lang.as_str()), screen.shown());
        }
    }
}

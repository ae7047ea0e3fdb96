//! The address on the screen that a terminal may open.
//!
//! Only what saldo knows to be an address of the gateway's is one, never what merely looks like it: a payer's name that
//! reads `https://…` stays text.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::App;

/// An address, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// `https://…`, printable ASCII to the letter.
    pub address: String,
    /// A row each, from the first letter to the last.
    pub pieces: Vec<Rect>,
}

/// The address in front, if all of it is in what was drawn.
pub fn link(app: &App, drawn: &Buffer) -> Option<Link> {
    let address = app.address()?;
    let area = drawn.area;
    let pieces = (area.top()..area.bottom())
        .flat_map(|y| (area.left()..area.right()).map(move |x| (x, y)))
        .find_map(|(x, y)| pieces_from(drawn, address, x, y))?;
    Some(Link { address: address.to_owned(), pieces })
}

/// Where the address stands if it begins here: as much as fits in this row, and the rest below, in the same column.
fn pieces_from(drawn: &Buffer, address: &str, x: u16, y: u16) -> Option<Vec<Rect>> {
    let mut rest = address.as_bytes();
    let mut pieces = Vec::new();
    for y in y..drawn.area.bottom() {
        let here = (x..drawn.area.right()).map(|x| drawn[(x, y)].symbol().as_bytes());
        let count = here.zip(rest).take_while(|(symbol, byte)| *symbol == [**byte]).count();
        let width = u16::try_from(count).ok().filter(|width| *width > 0)?;
        pieces.push(Rect::new(x, y, width, 1));
        rest = &rest[count..];
        if rest.is_empty() {
            return Some(pieces);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use ratatui::style::Style;

    use super::*;

    #[test]
    fn an_address_is_found_whole_or_not_at_all() {
        const ADDRESS: &str = "https://pay.example/abcdef";
        for (rows, found) in [
            (&["", "  https://pay.example/abcdef  "][..], Some(vec![(2, 1, 26)])),
            (&["│ https://pay.ex│", "│ ample/abcdef  │"], Some(vec![(2, 0, 14), (2, 1, 12)])),
            // An earlier beginning of another one.
            (&["https://pay.other", "https://pay.example/abcdef"], Some(vec![(0, 1, 26)])),
            (&["https://pay.example/abc"], None),
            (&["https://pay.example/", " abcdef"], None),
        ] {
            let mut buffer = Buffer::empty(Rect::new(0, 0, 40, u16::try_from(rows.len()).unwrap()));
            for (y, row) in (0..).zip(rows) {
                buffer.set_string(0, y, row, Style::new());
            }
            let places = (0..buffer.area.height)
                .flat_map(|y| (0..buffer.area.width).map(move |x| (x, y)))
                .find_map(|(x, y)| pieces_from(&buffer, ADDRESS, x, y));
            let found = found.map(|pieces| {
                pieces.into_iter().map(|(x, y, width)| Rect::new(x, y, width, 1)).collect::<Vec<_>>()
            });
            assert_eq!(places, found, "{rows:?}");
        }
    }
}

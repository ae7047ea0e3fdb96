//! A receipt on one page of A4. Helvetica is in every reader, so no font is carried along; its encoding has the letters of
//! Portuguese.

#![allow(clippy::float_arithmetic, reason = "points on paper; the money is text by now")]

use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str, TextStr};

use super::Receipt;

/// A4, in points.
const PAGE: (f32, f32) = (595.0, 842.0);
const LEFT: f32 = 64.0;
/// Where values begin.
const VALUES: f32 = 184.0;
const LINE: f32 = 18.0;
/// What a line of a value holds at the size that it is set in, with a margin on the right as wide as the left one's. In
/// thousandths of that size, as the font's widths are.
const WIDTH: u32 = 34_700;
/// The same of a note.
const NOTE_WIDTH: u32 = 58_300;

const REGULAR: Name<'static> = Name(b"F1");
const BOLD: Name<'static> = Name(b"F2");

/// The bytes of the file.
pub(super) fn render(receipt: &Receipt) -> Vec<u8> {
    let [catalog, pages, page, content, regular, bold, info] = [1, 2, 3, 4, 5, 6, 7].map(Ref::new);
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(pages);
    pdf.pages(pages).kids([page]).count(1);
    pdf.document_info(info).title(TextStr(receipt.title)).producer(TextStr("saldo"));
    let mut sheet = pdf.page(page);
    sheet.parent(pages).media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1)).contents(content);
    let mut resources = sheet.resources();
    let mut fonts = resources.fonts();
    fonts.pair(REGULAR, regular);
    fonts.pair(BOLD, bold);
    fonts.finish();
    resources.finish();
    sheet.finish();
    for (font, name) in [(regular, "Helvetica"), (bold, "Helvetica-Bold")] {
        pdf.type1_font(font).base_font(Name(name.as_bytes())).encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    pdf.stream(content, &drawn(receipt));
    pdf.finish()
}

fn drawn(receipt: &Receipt) -> Vec<u8> {
    let mut page = Content::new();
    let mut y = PAGE.1 - 90.0;
    let mut put = |font: Name<'_>, size: f32, x: f32, y: f32, text: &str| {
        page.begin_text().set_font(font, size).next_line(x, y).show(Str(&encoded(text))).end_text();
    };
    put(BOLD, 16.0, LEFT, y, receipt.title);
    y -= 34.0;
    put(BOLD, 22.0, LEFT, y, &receipt.amount);
    y -= 40.0;
    for (label, value) in &receipt.lines {
        put(REGULAR, 10.0, LEFT, y, label);
        for line in wrapped(value, WIDTH) {
            put(REGULAR, 10.0, VALUES, y, &line);
            y -= LINE;
        }
        if value.is_empty() {
            y -= LINE / 2.0;
        }
    }
    y -= LINE;
    for line in receipt.notes.iter().flat_map(|note| wrapped(note, NOTE_WIDTH)) {
        put(REGULAR, 8.0, LEFT, y, &line);
        y -= 12.0;
    }
    page.finish().to_vec()
}

/// Lines of at most this width, broken at blanks where there are any.
fn wrapped(text: &str, most: u32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && width(&line) + width(" ") + width(word) > most {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        for letter in word.chars() {
            if !line.is_empty() && width(&line) + advance(letter) > most {
                lines.push(std::mem::take(&mut line));
            }
            line.push(letter);
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

fn width(text: &str) -> u32 {
    text.chars().map(advance).sum()
}

/// How wide a letter is in Helvetica, in thousandths of its size (Adobe's metrics of the core fonts); beyond ASCII, the
/// widest of its kind.
const fn advance(letter: char) -> u32 {
    match letter {
        '\'' => 191,
        'i' | 'j' | 'l' => 222,
        '|' => 260,
        ' ' | '!' | ',' | '.' | '/' | ':' | ';' | 'I' | '[' | '\\' | ']' | 'f' | 't' => 278,
        '(' | ')' | '-' | '`' | 'r' => 333,
        '{' | '}' => 334,
        '"' => 355,
        '*' => 389,
        '^' => 469,
        'J' | 'c' | 'k' | 's' | 'v' | 'x' | 'y' | 'z' => 500,
        '#' | '$' | '0'..='9' | '?' | 'L' | '_' | 'a' | 'b' | 'd' | 'e' | 'g' | 'h' | 'n'..='q' | 'u' => 556,
        '+' | '<'..='>' | '~' => 584,
        'F' | 'T' | 'Z' | 'ß'..='å' | 'ç'..='ÿ' => 611,
        '&' | 'A' | 'B' | 'E' | 'K' | 'P' | 'S' | 'V' | 'X' | 'Y' => 667,
        'C' | 'D' | 'H' | 'N' | 'R' | 'U' | 'w' => 722,
        'G' | 'O' | 'Q' | 'À'..='Å' | 'Ç'..='Þ' => 778,
        'M' | 'm' => 833,
        '%' => 889,
        'W' => 944,
        '@' => 1_015,
        _ => 1_000,
    }
}

/// The first letter that the page's fonts do not have. A receipt with another name on it than the payee's proves nothing.
pub(super) fn missing_letter(receipt: &Receipt) -> Option<char> {
    let values = receipt.lines.iter().map(|(_, value)| value);
    let mut letters = values.chain(&receipt.notes).chain([&receipt.amount]).flat_map(|text| text.chars());
    letters.find(|letter| byte(*letter).is_none())
}

/// Windows-1252, which PDF calls `WinAnsiEncoding`.
fn encoded(text: &str) -> Vec<u8> {
    text.chars().map(|letter| byte(letter).unwrap_or(b'?')).collect()
}

fn byte(letter: char) -> Option<u8> {
    Some(match letter {
        ' '..='~' | '\u{a0}'..='\u{ff}' => u8::try_from(u32::from(letter)).ok()?,
        '€' => 0x80,
        'Š' => 0x8a,
        'Œ' => 0x8c,
        'Ž' => 0x8e,
        '…' => 0x85,
        '‘' => 0x91,
        '’' => 0x92,
        '“' => 0x93,
        '”' => 0x94,
        '•' => 0x95,
        '–' => 0x96,
        '—' => 0x97,
        'š' => 0x9a,
        'œ' => 0x9c,
        'ž' => 0x9e,
        'Ÿ' => 0x9f,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::life;
    use super::*;
    use crate::lang::Lang;

    #[test]
    fn a_page_holds_everything_and_ends_well() {
        let receipt =
            super::super::receipt(&life(), "48213", Lang::PtBr, "2026-03-11T12:00:00Z".parse().unwrap());
        let bytes = render(&receipt);
        assert!(bytes.starts_with(b"%PDF-1.") && bytes.trim_ascii_end().ends_with(b"%%EOF"));
        let file = String::from_utf8_lossy(&bytes).into_owned();
        // Texts with letters beyond ASCII are written in hexadecimal.
        let holds = |text: &str| {
            let hex: String = encoded(text).iter().map(|byte| format!("{byte:02X}")).collect();
            file.contains(text) || file.contains(&hex)
        };
        assert!(holds("Padaria S\u{e3}o Jo\u{e3}o \u{2013} Filhos") && holds("WinAnsiEncoding"));
        assert!(holds("1.234,56") && holds("E60746948202603101405abcdefghijk"));
        assert_eq!(bytes, render(&receipt), "the same receipt is the same file");
        assert_eq!(missing_letter(&receipt), None);
        let named = |name: &str| Receipt { notes: vec![name.to_owned()], ..receipt.clone() };
        assert_eq!(missing_letter(&named("Dvořák Žižek")), Some('ř'));
        assert_eq!(missing_letter(&named("Žižek")), None);
    }

    #[test]
    fn wide_letters_stay_on_the_page() {
        for letter in ['W', 'i', '@', 'Æ', 'Ã', '7'] {
            let text = letter.to_string().repeat(200);
            let lines = wrapped(&text, WIDTH);
            assert_eq!(lines.concat(), text);
            assert!(lines.iter().all(|line| width(line) <= WIDTH), "{lines:?}");
            let full = &lines[0];
            assert!(width(full) + advance(letter) > WIDTH, "{full} has room for another");
        }
    }

    #[test]
    fn long_texts_are_broken_and_strange_letters_marked() {
        assert_eq!(wrapped("a bb ccc", 2_000), ["a bb", "ccc"]);
        assert_eq!(wrapped("ab cdefgh i", 1_700), ["ab", "cde", "fgh", "i"]);
        assert_eq!(wrapped("", 2_000), [] as [&str; 0]);
        assert_eq!(encoded("ção – 中"), b"\xe7\xe3o \x96 ?");
    }
}

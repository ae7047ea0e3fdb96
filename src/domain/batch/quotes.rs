//! Quotes that do not fit, found before a file is taken apart: one that is not closed would swallow the lines behind it.

use super::{Mistake, Wrong};

/// Every field whose quotes do not fit, with the line that it begins on. `first` is the number of the first line.
///
/// No value of a payment has a line end in it, so a quote has to be closed on its line.
pub(super) fn check(text: &[u8], separator: u8, first: u32) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    for (line, number) in text.split(|byte| *byte == b'\n').zip(first..) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if let Err(wrong) = check_line(line, separator) {
            mistakes.push(Mistake { line: number, column: None, wrong });
        }
    }
    mistakes
}

fn check_line(line: &[u8], separator: u8) -> Result<(), Wrong> {
    let mut rest = line;
    for field in 1.. {
        let Some(quoted) = rest.strip_prefix(b"\"") else {
            match rest.iter().position(|byte| *byte == separator) {
                Some(end) => rest = &rest[end + 1..],
                None => return Ok(()),
            }
            continue;
        };
        rest = behind_the_quote(quoted).ok_or(Wrong::QuoteOpen(field))?;
        match rest.split_first() {
            None => return Ok(()),
            Some((next, behind)) if *next == separator => rest = behind,
            Some(_) => return Err(Wrong::QuoteInside(field)),
        }
    }
    Ok(())
}

/// What follows the quote that closes; two of them are one that is meant.
fn behind_the_quote(mut text: &[u8]) -> Option<&[u8]> {
    loop {
        let quote = text.iter().position(|byte| *byte == b'"')?;
        text = &text[quote + 1..];
        match text.strip_prefix(b"\"") {
            Some(behind) => text = behind,
            None => return Some(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_is_closed_on_its_line_or_said() {
        for (line, wanted) in [
            ("a;b;c", Ok(())),
            ("\"a;b\";c", Ok(())),
            ("\"a \"\"b\"\"\";\"\"", Ok(())),
            ("Bar do \"Jo\";x", Ok(())),
            ("a;\"b;c", Err(Wrong::QuoteOpen(2))),
            ("\"a\"\";b", Err(Wrong::QuoteOpen(1))),
            ("a;b;\"c\" d;e", Err(Wrong::QuoteInside(3))),
        ] {
            assert_eq!(check_line(line.as_bytes(), b';'), wanted, "{line}");
        }
        let found = check(b"a;b\r\n\"x;1\r\n\"y\";2\n", b';', 1);
        assert_eq!(found, [Mistake { line: 2, column: None, wrong: Wrong::QuoteOpen(1) }]);
    }
}

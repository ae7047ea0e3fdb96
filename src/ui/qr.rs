//! A QR code out of half blocks: two modules a cell, black on white, with its quiet zone.

use qrcode::{Color, EcLevel, QrCode};

/// Modules of white around the code that a camera needs (ISO/IEC 18004).
const QUIET: usize = 4;

/// A QR code in cells: each line is as wide as the others, and is to be drawn black on white.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocks {
    /// The lines, of `█`, `▀`, `▄` and spaces.
    pub lines: Vec<String>,
}

impl Blocks {
    /// Of this text. `None` where it is too long for a code.
    ///
    /// It has the least correction of errors: a screen has no scratches, and fewer modules fit more screens.
    pub fn of(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
        let width = code.width();
        let modules = code.into_colors();
        let side = width + 2 * QUIET;
        let is_dark = |x: usize, y: usize| {
            let inside = |at: usize| at.checked_sub(QUIET).filter(|at| *at < width);
            match (inside(x), inside(y)) {
                (Some(x), Some(y)) => modules[y * width + x] == Color::Dark,
                _ => false,
            }
        };
        let lines = (0..side)
            .step_by(2)
            .map(|y| {
                (0..side)
                    .map(|x| match (is_dark(x, y), y + 1 < side && is_dark(x, y + 1)) {
                        (true, true) => '█',
                        (true, false) => '▀',
                        (false, true) => '▄',
                        (false, false) => ' ',
                    })
                    .collect()
            })
            .collect();
        Some(Self { lines })
    }

    /// Columns that it takes.
    pub fn columns(&self) -> usize {
        self.lines.first().map_or(0, |line| line.chars().count())
    }

    /// Rows that it takes.
    pub fn rows(&self) -> usize {
        self.lines.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_code_with_its_quiet_zone() {
        // 21 modules and twice the quiet zone: version 1.
        let blocks = Blocks::of("PIX").unwrap();
        assert_eq!((blocks.columns(), blocks.rows()), (29, 15));
        assert!(blocks.lines.iter().all(|line| line.chars().count() == 29));
        for line in [&blocks.lines[0], &blocks.lines[1], &blocks.lines[13], &blocks.lines[14]] {
            assert!(line.chars().all(|block| block == ' '), "{line:?}");
        }
        // The finder pattern of the upper left corner, two modules a line.
        let corner = |line: &str| line.chars().skip(QUIET).take(7).collect::<String>();
        let corners: Vec<String> = blocks.lines[2..6].iter().map(|line| corner(line)).collect();
        assert_eq!(corners, ["█▀▀▀▀▀█", "█ ███ █", "█ ▀▀▀ █", "▀▀▀▀▀▀▀"]);
    }

    #[test]
    fn a_reader_that_shares_no_code_reads_it() {
        let code = "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-4266554400005204000053039865802BR5913Fulano de \
                    Tal6008BRASILIA62070503***63041D3D";
        let blocks = Blocks::of(code).unwrap();
        let cells: Vec<Vec<char>> = blocks.lines.iter().map(|line| line.chars().collect()).collect();
        // Four pixels a module: a camera never sees one.
        let side = blocks.columns() * 4;
        let is_dark = |x: usize, y: usize| match cells[y / 8][x / 4] {
            '█' => true,
            '▀' => (y / 4).is_multiple_of(2),
            '▄' => !(y / 4).is_multiple_of(2),
            _ => false,
        };
        let mut seen = rqrr::PreparedImage::prepare_from_bitmap(side, side, is_dark);
        assert_eq!(seen.detect_grids().remove(0).decode().unwrap().1, code);
    }

    #[test]
    fn a_text_beyond_every_version_has_none() {
        assert_eq!(Blocks::of(&"x".repeat(4_000)), None);
    }
}

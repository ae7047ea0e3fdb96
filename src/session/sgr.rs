//! From one style to another in the fewest bytes (SGR, ECMA-48 8.3.117).

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

use super::color::{ColorDepth, palette_index};

/// How the terminal writes the next character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pen {
    foreground: Color,
    background: Color,
    underline: Color,
    modifiers: Modifier,
}

impl Pen {
    /// As after `CSI m`.
    pub(super) const PLAIN: Self = Self {
        foreground: Color::Reset,
        background: Color::Reset,
        underline: Color::Reset,
        modifiers: Modifier::empty(),
    };

    /// The pen that `symbol` wants in `cell`: what can be seen of the cell's style, on this terminal.
    pub(super) fn of(cell: &Cell, symbol: &str, depth: ColorDepth) -> Self {
        let lined = cell.modifier.contains(Modifier::UNDERLINED);
        if symbol == " " && !cell.modifier.intersects(INKED) {
            return Self { background: depth.fit(cell.bg), ..Self::PLAIN };
        }
        Self {
            foreground: depth.fit(cell.fg),
            background: depth.fit(cell.bg),
            // Where the palette is small, a coloured underline has no sequence.
            underline: if lined && depth >= ColorDepth::Ansi256 {
                depth.fit(cell.underline_color)
            } else {
                Color::Reset
            },
            modifiers: cell.modifier,
        }
    }

    /// Whether a blank written with this pen looks as one written with `wanted`.
    pub(super) fn blanks_like(self, wanted: Self) -> bool {
        self == wanted
            || (self.background == wanted.background
                && !(self.modifiers | wanted.modifiers).intersects(INKED))
    }

    /// Writes what turns this pen into `wanted`.
    pub(super) fn change(&mut self, wanted: Self, out: &mut Vec<u8>) {
        if *self == wanted {
            return;
        }
        let mut steps = Codes::new();
        steps.transition(*self, wanted);
        let mut afresh = Codes::new();
        if wanted != Self::PLAIN {
            afresh.push(0);
            afresh.transition(Self::PLAIN, wanted);
        }
        let shorter = if afresh.text.len() < steps.text.len() { afresh } else { steps };
        out.extend_from_slice(b"\x1b[");
        out.extend_from_slice(&shorter.text);
        out.push(b'm');
        *self = wanted;
    }
}

/// Modifiers that show on a space.
const INKED: Modifier = Modifier::REVERSED.union(Modifier::UNDERLINED).union(Modifier::CROSSED_OUT);

/// Modifiers with the code that switches each on and off. 22 ends both bold and dim.
const MODIFIERS: [(Modifier, u8, u8); 9] = [
    (Modifier::BOLD, 1, 22),
    (Modifier::DIM, 2, 22),
    (Modifier::ITALIC, 3, 23),
    (Modifier::UNDERLINED, 4, 24),
    (Modifier::SLOW_BLINK, 5, 25),
    (Modifier::RAPID_BLINK, 6, 25),
    (Modifier::REVERSED, 7, 27),
    (Modifier::HIDDEN, 8, 28),
    (Modifier::CROSSED_OUT, 9, 29),
];

/// The parameters of one SGR sequence.
struct Codes {
    text: Vec<u8>,
}

impl Codes {
    fn new() -> Self {
        Self { text: Vec::with_capacity(32) }
    }

    fn push(&mut self, code: u8) {
        if !self.text.is_empty() {
            self.text.push(b';');
        }
        push_number(u16::from(code), &mut self.text);
    }

    fn transition(&mut self, from: Pen, to: Pen) {
        let mut have = from.modifiers;
        for (modifier, _, off) in MODIFIERS {
            if have.contains(modifier) && !to.modifiers.contains(modifier) {
                self.push(off);
                // The code takes its neighbour along; that one is switched on again below, if it is wanted.
                for (other, _, same) in MODIFIERS {
                    if same == off {
                        have.remove(other);
                    }
                }
            }
        }
        for (modifier, on, _) in MODIFIERS {
            if to.modifiers.contains(modifier) && !have.contains(modifier) {
                self.push(on);
            }
        }
        if from.foreground != to.foreground {
            self.color(to.foreground, 30);
        }
        if from.background != to.background {
            self.color(to.background, 40);
        }
        if from.underline != to.underline {
            self.underline(to.underline);
        }
    }

    /// `base` is 30 for the foreground, 40 for the background.
    fn color(&mut self, color: Color, base: u8) {
        match (color, palette_index(color)) {
            (_, Some(index)) if index < 8 => self.push(base + index),
            (_, Some(index)) => self.push(base + 52 + index),
            (Color::Indexed(index), _) => self.push_all(&[base + 8, 5, index]),
            (Color::Rgb(red, green, blue), _) => self.push_all(&[base + 8, 2, red, green, blue]),
            _ => self.push(base + 9),
        }
    }

    /// With colons, which a terminal that does not know the code skips; after semicolons it would take the
    /// numbers for codes of their own, and 5 is blinking.
    fn underline(&mut self, color: Color) {
        match (color, palette_index(color)) {
            (Color::Indexed(index), _) | (_, Some(index)) => self.push_joined(&[58, 5, index]),
            (Color::Rgb(red, green, blue), _) => {
                self.push_joined(&[58, 2]);
                // An empty field for the colour space, which ISO 8613-6 has and nobody fills.
                self.text.push(b':');
                for channel in [red, green, blue] {
                    self.text.push(b':');
                    push_number(u16::from(channel), &mut self.text);
                }
            }
            _ => self.push(59),
        }
    }

    fn push_all(&mut self, codes: &[u8]) {
        for code in codes {
            self.push(*code);
        }
    }

    fn push_joined(&mut self, codes: &[u8]) {
        for (at, code) in codes.iter().enumerate() {
            if at == 0 {
                self.push(*code);
            } else {
                self.text.push(b':');
                push_number(u16::from(*code), &mut self.text);
            }
        }
    }
}

/// Writes a number in decimal.
pub(super) fn push_number(number: u16, out: &mut Vec<u8>) {
    let mut divisor = 10_000;
    let mut started = false;
    while divisor > 0 {
        let digit = number / divisor % 10;
        started |= digit > 0 || divisor == 1;
        if started {
            out.push(b'0' + u8::try_from(digit).unwrap_or_default());
        }
        divisor /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(from: Pen, to: Pen) -> String {
        let mut out = Vec::new();
        let mut pen = from;
        pen.change(to, &mut out);
        assert_eq!(pen, to);
        String::from_utf8(out).unwrap().replace('\u{1b}', "^")
    }

    #[test]
    fn only_the_change_is_written() {
        let plain = Pen::PLAIN;
        let bold = Pen { modifiers: Modifier::BOLD, ..plain };
        let both = Pen { modifiers: Modifier::BOLD | Modifier::DIM, ..plain };
        let red = Pen { foreground: Color::Red, ..plain };
        let loud = Pen { background: Color::Rgb(1, 2, 3), foreground: Color::Indexed(200), ..bold };
        for (from, to, bytes) in [
            (plain, plain, ""),
            (plain, bold, "^[1m"),
            (bold, plain, "^[m"),
            (both, bold, "^[0;1m"),
            (plain, red, "^[31m"),
            (red, Pen { modifiers: Modifier::BOLD, ..red }, "^[1m"),
            (Pen { modifiers: Modifier::BOLD, ..red }, red, "^[22m"),
            (plain, Pen { background: Color::LightBlue, ..plain }, "^[104m"),
            (plain, Pen { foreground: Color::DarkGray, ..plain }, "^[90m"),
            (plain, loud, "^[1;38;5;200;48;2;1;2;3m"),
            (loud, Pen { foreground: Color::Red, ..loud }, "^[31m"),
            (loud, bold, "^[0;1m"),
            (plain, Pen { underline: Color::Rgb(1, 2, 3), ..plain }, "^[58:2::1:2:3m"),
            (plain, Pen { underline: Color::Red, ..plain }, "^[58:5:1m"),
        ] {
            assert_eq!(written(from, to), bytes, "{from:?} to {to:?}");
        }
    }

    #[test]
    fn numbers_are_decimal() {
        for number in [0, 1, 9, 10, 105, 999, 1000, u16::MAX] {
            let mut out = Vec::new();
            push_number(number, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), number.to_string());
        }
    }
}

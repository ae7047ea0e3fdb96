//! What things look like. Meaning is never in a colour alone: every state and warning is a word as well, so
//! sixteen colours, or none, lose nothing.

use ratatui::style::{Color, Modifier, Style};

use crate::app::Environment;

/// The styles of everything. The background is the terminal's own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Theme {
    /// Ordinary text.
    pub(super) text: Style,
    /// Figures and words that matter.
    pub(super) strong: Style,
    /// Labels and what stands back.
    pub(super) label: Style,
    /// Figures that have lost their weight.
    pub(super) stale: Style,
    /// Titles, and what the keyboard is at.
    pub(super) accent: Style,
    /// Went well.
    pub(super) good: Style,
    /// Needs a look.
    pub(super) warn: Style,
    /// Needs a person.
    pub(super) bad: Style,
    /// Lines around panes.
    pub(super) border: Style,
    /// The selected row.
    pub(super) selected: Style,
    production: Style,
    staging: Style,
    sandbox: Style,
}

const fn rgb(hex: u32) -> Color {
    let [_, red, green, blue] = hex.to_be_bytes();
    Color::Rgb(red, green, blue)
}

impl Theme {
    /// For a dark or a light background.
    pub(super) fn of(dark: bool) -> Self {
        let [label, accent, good, warn, bad, border] = if dark {
            [0x9e_9e_9e, 0x87_af_ff, 0x87_d7_87, 0xff_d7_5f, 0xff_87_87, 0x6c_6c_6c]
        } else {
            [0x5f_5f_5f, 0x00_5f_d7, 0x00_6b_1b, 0x87_5f_00, 0xb0_00_20, 0xa0_a0_a0]
        }
        .map(rgb);
        let text = Style::new();
        let bold = Modifier::BOLD;
        let badge = |back: u32, front: u32| Style::new().fg(rgb(front)).bg(rgb(back)).add_modifier(bold);
        Self {
            text,
            strong: text.add_modifier(bold),
            label: text.fg(label),
            stale: text.fg(label).add_modifier(Modifier::DIM),
            accent: text.fg(accent).add_modifier(bold),
            good: text.fg(good),
            warn: text.fg(warn).add_modifier(bold),
            bad: text.fg(bad).add_modifier(bold),
            border: text.fg(border),
            selected: text.add_modifier(Modifier::REVERSED),
            production: badge(0xd7_00_00, 0xff_ff_ff).add_modifier(Modifier::UNDERLINED),
            staging: badge(0xff_d7_5f, 0x00_00_00),
            sandbox: badge(0x5f_af_5f, 0x00_00_00),
        }
    }

    /// The badge of an environment; production's is unmistakable, and its word says the rest.
    pub(super) const fn environment(&self, environment: Environment) -> Style {
        match environment {
            Environment::Production => self.production,
            Environment::Staging => self.staging,
            Environment::Sandbox => self.sandbox,
        }
    }
}

//! What the mouse does: the wheel scrolls, a click selects. It never opens, sends or confirms.

use super::feed::Motion;
use super::keymap::Place;
use super::{App, Effect, Focus, Mode, Soonness, Spot};

/// Lines that a notch of the wheel goes.
const NOTCH: usize = 3;

impl App {
    /// Takes the mouse from the terminal, or gives it back.
    pub fn take_mouse(&mut self, mouse: bool) -> Vec<Effect> {
        self.mouse = mouse;
        vec![Effect::Mouse(mouse)]
    }

    pub(super) fn wheeled(&mut self, down: bool) -> Vec<Effect> {
        let mut effects = vec![Effect::Redraw(Soonness::Now)];
        // In a form or a review a line too far would be another field.
        let scrolls = matches!(
            self.place(),
            Place::Home
                | Place::Past
                | Place::Detail
                | Place::Notices
                | Place::Handover
                | Place::Palette
                | Place::Paste
                | Place::Batch
                | Place::Help
        );
        let motion = if down { Motion::Down } else { Motion::Up };
        for _ in 0..if scrolls { NOTCH } else { 0 } {
            effects.extend(self.go(motion));
        }
        effects
    }

    pub(super) fn clicked(&mut self, spot: Spot) -> Vec<Effect> {
        let mut effects = vec![Effect::Redraw(Soonness::Now)];
        match (spot, &mut self.mode) {
            (Spot::Row(index), Mode::Home) => {
                self.focus = Focus::Feed;
                if let Some(past) = &mut self.past {
                    let _ = past.feed_mut().select(index);
                    return effects;
                }
                if self.feed.select(index) {
                    effects.extend(self.start());
                }
            }
            (Spot::Pane(focus), Mode::Home) => self.focus = focus,
            (Spot::Choice(index), Mode::Palette(palette)) => palette.select(index),
            (Spot::Choice(index), Mode::Paste(pasting)) => pasting.select(index),
            _ => {}
        }
        effects
    }
}

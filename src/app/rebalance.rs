//! The rebalance form: a target, what it would do, and what became of it.

use std::time::Duration;

use super::cash_out::{RETYPE_ABOVE, ReviewHint, check_retyped};
use super::field::TextField;
use super::key::{Key, KeyPress};
use crate::domain::money::{AmountError, Centavos};
use crate::domain::rebalance::{Forecast, ForecastError, Pockets, forecast};
use crate::engine::message::{RebalanceTrouble, StoredRebalance};

/// A line of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// The transactional balance wanted.
    Target,
    /// For the desk's own trail.
    Reason,
}

/// The form as it is being filled in.
#[derive(Debug, Clone)]
pub struct Draft {
    pub(crate) target: TextField,
    /// The target is proposed, and nobody has touched it: what is typed replaces it.
    pub(crate) proposed: bool,
    pub(crate) reason: TextField,
    pub(crate) focus: Slot,
    /// A review was asked for: an empty target is said too.
    pub(crate) asked: bool,
    /// Why the last review came to nothing.
    pub(crate) trouble: Option<RebalanceTrouble>,
}

impl Draft {
    pub(super) fn hide(&mut self) {
        self.target.hide();
        self.reason.hide();
    }

    /// An empty form that proposes a target.
    pub(crate) fn proposing(target: Option<Centavos>) -> Self {
        let target = target.map_or_else(TextField::default, |target| TextField::with(&target.to_typed()));
        let proposed = !target.is_empty();
        Self {
            target,
            proposed,
            reason: TextField::default(),
            focus: Slot::Target,
            asked: false,
            trouble: None,
        }
    }

    /// Proposes another target, unless somebody has touched the one that is there.
    pub(crate) fn propose(&mut self, target: Option<Centavos>) {
        if self.proposed
            && let Some(target) = target
        {
            self.target = TextField::with(&target.to_typed());
        }
    }

    /// The target as it is understood so far. Zero is one: everything is swept.
    pub fn amount(&self) -> Result<Centavos, AmountError> {
        Centavos::parse_typed(self.target.text())
    }

    /// What is wrong with the target, as far as it is time to say so.
    pub fn shown_error(&self) -> Option<AmountError> {
        self.amount().err().filter(|error| self.asked || *error != AmountError::Empty)
    }

    /// What the target would do to the balance that the screen shows.
    pub fn preview(&self, now: Option<Pockets>) -> Option<Result<Forecast, ForecastError>> {
        Some(forecast(now?, self.amount().ok()?))
    }

    pub(crate) fn reason(&self) -> Option<String> {
        Some(self.reason.text().trim().to_owned()).filter(|text| !text.is_empty())
    }

    pub(crate) fn step(&mut self) {
        self.focus = match self.focus {
            Slot::Target => Slot::Reason,
            Slot::Reason => Slot::Target,
        };
    }

    pub(crate) fn press(&mut self, press: KeyPress) {
        self.trouble = None;
        let erases = matches!(press.key, Key::Char(_) | Key::Backspace | Key::Delete);
        self.touch_target(erases && !press.modifiers.ctrl && !press.modifiers.alt);
        self.field().press(press);
    }

    pub(crate) fn paste(&mut self, text: &str) {
        self.trouble = None;
        self.touch_target(true);
        self.field().paste(text);
    }

    /// The proposal is treated as a selected text: what is typed replaces it, and any other key lets it be edited.
    fn touch_target(&mut self, replaces: bool) {
        if self.focus == Slot::Target && std::mem::take(&mut self.proposed) && replaces {
            self.target.clear();
        }
    }

    fn field(&mut self) -> &mut TextField {
        match self.focus {
            Slot::Target => &mut self.target,
            Slot::Reason => &mut self.reason,
        }
    }
}

/// A rebalance as it was computed from a fresh balance: what is confirmed is exactly this.
#[derive(Debug, Clone)]
pub struct Review {
    pub(crate) target: Centavos,
    pub(crate) forecast: Forecast,
    pub(crate) reason: Option<String>,
    /// The balance moved since it was reviewed before.
    pub(crate) moved: bool,
    /// When it was opened, since the session began.
    pub(crate) opened: Duration,
    /// The target once more, where much is moved.
    pub(crate) retype: Option<TextField>,
    pub(crate) hint: Option<ReviewHint>,
}

impl Review {
    /// A review that begins now.
    pub(crate) fn new(
        target: Centavos,
        forecast: Forecast,
        reason: Option<String>,
        opened: Duration,
    ) -> Self {
        let retype = (forecast.amount > RETYPE_ABOVE).then(TextField::default);
        Self { target, forecast, reason, moved: false, opened, retype, hint: None }
    }

    /// Whether the confirming key may count; otherwise why not.
    pub(crate) fn check(&self) -> Result<(), ReviewHint> {
        check_retyped(self.retype.as_ref(), self.target)
    }
}

/// Where the way from the form to the gateway has got to.
#[derive(Debug, Clone)]
pub(crate) enum Stage {
    /// The form.
    Editing,
    /// A fresh balance is being read for the review of this target.
    Asking(Centavos),
    /// What it would do.
    Review(Box<Review>),
    /// It is on its way: this is what was confirmed.
    Sent(Box<Review>),
    /// It came to something.
    Ended(Result<Box<StoredRebalance>, RebalanceTrouble>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_proposed() {
        assert_eq!(Draft::proposing(Some(Centavos::new(123_456))).amount(), Ok(Centavos::new(123_456)));
        assert_eq!(Draft::proposing(None).shown_error(), None, "an empty form complains of nothing");
    }

    #[test]
    fn what_is_typed_replaces_the_proposal_as_a_selected_text() {
        let wanted = Some(Centavos::new(123_456));
        for (keys, text) in [
            ("7", "7"),
            ("7 8", "78"),
            ("backspace", ""),
            ("delete 5", "5"),
            ("end 9", "1234,569"),
            ("← 9", "1234,596"),
            ("backspace 1 backspace", ""),
        ] {
            let mut draft = Draft::proposing(wanted);
            for key in keys.split(' ') {
                draft.press(key.parse().unwrap());
            }
            assert_eq!(draft.target.text().replace('.', ""), text, "{keys}");
        }
        let mut draft = Draft::proposing(wanted);
        draft.paste("50,00");
        assert_eq!(draft.amount(), Ok(Centavos::new(5_000)));
        draft.paste("0");
        assert_eq!(draft.target.text(), "50,000", "only the first replaces");
    }
}

//! The rebalance form: a target, what it would do, and what became of it.

use std::time::Duration;

use super::field::TextField;
use super::key::KeyPress;
use crate::domain::band::Band;
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
    pub(crate) reason: TextField,
    pub(crate) focus: Slot,
    /// A review was asked for: an empty target is said too.
    pub(crate) asked: bool,
    /// Why the last review came to nothing.
    pub(crate) trouble: Option<RebalanceTrouble>,
}

impl Draft {
    /// An empty form that proposes the band's target.
    pub(crate) fn new(band: Option<&Band>) -> Self {
        let target = band.map_or_else(TextField::default, |band| TextField::with(&band.target().to_typed()));
        Self { target, reason: TextField::default(), focus: Slot::Target, asked: false, trouble: None }
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
        self.field().press(press);
    }

    pub(crate) fn paste(&mut self, text: &str) {
        self.trouble = None;
        self.field().paste(text);
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
    fn the_bands_target_is_proposed() {
        let band = Band::new(Centavos::new(0), Centavos::new(123_456), Centavos::new(200_000)).unwrap();
        assert_eq!(Draft::new(Some(&band)).amount(), Ok(Centavos::new(123_456)));
        assert_eq!(Draft::new(None).shown_error(), None, "an empty form complains of nothing");
    }
}

//! Payees: who was paid by this desk, as its payments tell, and which of them it wants at hand.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Answer, Reader};
use crate::domain::order::{Destination, Order};
use crate::domain::payee::Payee;
use crate::domain::person::Person;
use crate::domain::query::normalised;

/// Which payees are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayeeQuery {
    /// A text of their name, key, account or document, accents and case aside. Empty: all.
    pub search: String,
    /// Not more than so many.
    pub limit: usize,
}

impl PayeeQuery {
    /// Whether a payee has the text.
    pub fn fits(&self, payee: &Payee) -> bool {
        let wanted = normalised(&self.search);
        let place = match &payee.destination {
            Destination::Pix(key) => key.as_str(),
            Destination::Account(account) => account.account.as_str(),
        };
        let texts = [&payee.name, place, payee.document.as_str(), &payee.document.masked()];
        texts.into_iter().any(|text| normalised(text).contains(&wanted))
    }
}

/// The read-only door to payees.
pub trait PayeeReader: Reader {
    /// Who was paid that says something of the payee of an order: whoever was paid there, or else those around it (see [`crate::domain::payee::findings`]).
    fn payees_around(&self, order: &Order) -> Answer<'_, Vec<Payee>>;
    /// Favourites first, then who was paid out of the newest 20,000 payments; the last paid first among each.
    fn payees(&self, query: PayeeQuery) -> Answer<'_, Vec<Payee>>;
}

/// That a destination is a favourite from now on, or is none any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Favour {
    /// Whose.
    pub destination: Destination,
    /// What it is to be.
    pub is_favourite: bool,
}

/// The owner's door to favourites.
pub trait Favourites: PayeeReader {
    /// Records it; what is so already stays as it was. [`super::JournalError::NotFound`] where the destination was never paid.
    fn favour(&self, favour: Favour, at: Timestamp, by: Person) -> Answer<'_, ()>;
}

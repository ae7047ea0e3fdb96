//! What contradicts itself, and what a person found, in the shapes of JSON and in lines for people.

use std::str::FromStr;

use jiff::Timestamp;
use serde::Serialize;

use super::alerts::local;
use super::output::{say, spoken};
use super::told::Told;
use crate::domain::contradiction::{About, Contradiction, Fact, Found, LookedInto};
use crate::domain::money::{AmountError, Centavos};
use crate::journal::Life;
use crate::lang::Lang;

/// What a person found who looked into it.
#[derive(Debug, Serialize)]
pub(super) struct LookedView {
    by: String,
    at: Timestamp,
    /// `paid`, `not_paid`, `paid_otherwise`.
    found: &'static str,
    /// The other amount.
    amount_centavos: Option<Centavos>,
    reason: String,
}

impl From<&LookedInto> for LookedView {
    fn from(looked: &LookedInto) -> Self {
        Self {
            by: looked.by.to_string(),
            at: looked.at,
            found: looked.found.as_str(),
            amount_centavos: looked.found.amount(),
            reason: looked.reason.clone(),
        }
    }
}

/// One fact: what was held, what was told, by whom and when.
#[derive(Debug, Serialize)]
pub(super) struct ContradictionView {
    /// `payment`, `charge` or `refund`.
    of: About,
    at: Timestamp,
    /// `get`, `webhook`, `answer` or `journal`.
    told_by: &'static str,
    fact: Fact,
    text: String,
}

const ALL: [About; 3] = [About::Payment, About::Charge, About::Refund];

/// Everything that contradicts itself in a life, looked into or not.
pub(super) fn contradictions(life: &Life) -> Vec<ContradictionView> {
    let view = |of: About, Contradiction { at, by, fact }: Contradiction| ContradictionView {
        of,
        at,
        told_by: by.as_str(),
        text: fact.to_string(),
        fact,
    };
    let of = |about| life.contradictions(about).into_iter().map(move |one| view(about, one));
    ALL.into_iter().flat_map(of).collect()
}

/// The same for people, with what was found.
pub(super) fn print(life: &Life, about: About) {
    for one in life.contradictions(about) {
        let label = match spoken() {
            Lang::En => "conflict",
            Lang::PtBr => "conflito",
        };
        let told = spoken().contradiction(&one, &local);
        say(&format!("  {label:<16} {told}"));
    }
    if let Some(looked) = life.looked_into(about) {
        let label = match spoken() {
            Lang::En => "looked into",
            Lang::PtBr => "apurado",
        };
        say(&format!("  {label:<16} {}", words(looked).in_lang(spoken())));
    }
}

/// Who found what, and why they say so.
pub(super) fn words(looked: &LookedInto) -> Told {
    let LookedInto { by, at, reason, .. } = looked;
    let at = local(*at);
    let found = found(looked.found);
    told!("{found} by {by} at {at}: {reason}", "{found} por {by} em {at}: {reason}"; found)
}

/// What a person found.
pub(super) fn found(found: Found) -> Told {
    Told::both(|lang| match lang {
        Lang::En => found.to_string(),
        Lang::PtBr => lang.looked(found),
    })
}

/// That something contradicted itself until a person looked into it; the state's word is the contract's.
pub(super) fn was_looked_into(looked: &LookedInto, state: &str) -> Told {
    let found = found(looked.found);
    told!(
        "the gateway contradicted itself ({state}), and it was looked into: {found}",
        "o gateway se contradisse ({state}), e foi apurado: {found}"; found
    )
}

/// `paid`, `not-paid`, or another amount that was paid.
#[derive(Debug, Clone, Copy)]
pub(super) struct Typed(pub(super) Found);

/// Neither a word nor an amount.
#[derive(Debug, thiserror::Error)]
#[error("say paid, not-paid, or the other amount that was paid ({0})")]
pub(super) struct NotTyped(AmountError);

impl FromStr for Typed {
    type Err = NotTyped;

    fn from_str(text: &str) -> Result<Self, NotTyped> {
        Ok(Self(match text {
            "paid" => Found::Paid,
            "not-paid" => Found::NotPaid,
            text => Found::Otherwise { amount: Centavos::parse_payment(text).map_err(NotTyped)? },
        }))
    }
}

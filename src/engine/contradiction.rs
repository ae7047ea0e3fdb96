//! A person closes what contradicts itself: they say what they found, and it is in doubt no more. No money moves, and the
//! order stays locked as it was.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::clock;
use super::lane::LaneError;
use crate::domain::cash_out::{self, Because};
use crate::domain::contradiction::{About, Found, LookedInto, MOST_REASON};
use crate::domain::person::Person;
use crate::domain::request;
use crate::domain::text::is_unsafe;
use crate::journal::{CashIns, Intent, JournalError};

/// Why nothing was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotLookedInto {
    /// Nothing contradicts itself, or somebody has looked into it already.
    #[error("nothing about it contradicts itself that nobody has looked into")]
    Nothing,
    /// The gateway has said more than the person has seen.
    #[error("the gateway has said more about it meanwhile: look at it again first")]
    MoreTold,
    /// What was found has to be said, in words that can be shown.
    #[error(
        "say what was found and where, in {MOST_REASON} characters at most, without any that cannot be shown"
    )]
    Reason,
}

impl From<NotLookedInto> for LaneError {
    fn from(why: NotLookedInto) -> Self {
        Self::NotLookedInto(why)
    }
}

/// What a person found, and how many facts they had before them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Closing {
    pub(super) about: About,
    pub(super) found: Found,
    pub(super) reason: String,
    pub(super) seen: usize,
}

/// Writes down what a person found. The payment as it stands then, where it is one.
pub(super) async fn close(
    book: &dyn CashIns,
    row: Uuid,
    by: Person,
    closing: Closing,
) -> Result<Option<Intent>, LaneError> {
    let Closing { about, found, reason, seen } = closing;
    let reason = reason.trim().to_owned();
    if reason.is_empty() || reason.chars().count() > MOST_REASON || reason.chars().any(is_unsafe) {
        return Err(NotLookedInto::Reason.into());
    }
    let life = book.life(row).await?.ok_or_else(|| JournalError::NotFound(row.to_string()))?;
    if !life.is_contradicted(about) {
        return Err(NotLookedInto::Nothing.into());
    }
    let known = life.contradictions(about);
    if known.len() != seen {
        return Err(NotLookedInto::MoreTold.into());
    }
    let facts = known.into_iter().map(|one| one.fact).collect();
    let looked = Box::new(LookedInto { at: clock::now(), by, found, reason, facts });
    let more_told = |error: JournalError| match error {
        JournalError::Refused(cash_out::Refused { because: Because::Changed, .. })
        | JournalError::RequestRefused(request::Refused { because: Because::Changed, .. }) => {
            LaneError::from(NotLookedInto::MoreTold)
        }
        error => error.into(),
    };
    match (about, &life.incoming.charge, &life.incoming.refund) {
        (About::Payment, ..) => {
            let event = cash_out::Event::LookedInto(looked);
            let applied = book.apply(row, event.into()).await.map_err(more_told)?;
            return Ok(Some(applied.intent));
        }
        (About::Charge, Some(charge), _) => {
            let event = request::Event::LookedInto(looked);
            book.apply_charge(charge.stored.id, event.into()).await.map_err(more_told)?;
        }
        (About::Refund, _, Some(refund)) => {
            let event = request::Event::LookedInto(looked);
            book.apply_refund(refund.stored.id, event.into()).await.map_err(more_told)?;
        }
        (About::Charge | About::Refund, ..) => return Err(NotLookedInto::Nothing.into()),
    }
    Ok(None)
}

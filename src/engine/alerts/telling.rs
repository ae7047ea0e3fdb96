//! An alert as scripts and pagers get it: one shape for `saldo alerts --json` and for the desk's command.

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::domain::alert::{Alert, What};
use crate::domain::gap::Suspect;
use crate::domain::money::Centavos;

/// What may be told outside the desk: nothing of people but the amount.
#[derive(Debug, Clone, Serialize)]
pub struct Telling {
    /// Its number, for `saldo alerts ack`.
    pub alert: i64,
    /// The stable id of its kind.
    pub kind: &'static str,
    /// `now` or `know`.
    pub severity: &'static str,
    /// The profile whose desk it is.
    pub profile: String,
    /// Which of its kind it is; empty where there is one.
    pub subject: String,
    /// One line of English.
    pub text: String,
    /// When it began (UTC).
    pub began_at: Timestamp,
    /// When it was over (UTC); `null` while it holds.
    pub ended_at: Option<Timestamp>,
    /// When the desk's command was handed it (UTC).
    pub told_at: Option<Timestamp>,
    /// Who has acknowledged it.
    pub acknowledged: Option<AcknowledgedTelling>,
    /// The amount that it is about.
    pub amount_centavos: Option<Centavos>,
    /// The payment that it is about.
    pub payment: Option<Uuid>,
    /// Of a difference: when it came about, where, and what may explain it.
    pub difference: Option<DifferenceTelling>,
}

/// Who has acknowledged an alert.
#[derive(Debug, Clone, Serialize)]
pub struct AcknowledgedTelling {
    /// When (UTC).
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What they found.
    pub note: Option<String>,
}

/// A change of the wallet that nobody told saldo about.
#[derive(Debug, Clone, Serialize)]
pub struct DifferenceTelling {
    /// The balance was still as it ought to be, as of then (UTC).
    pub from: Timestamp,
    /// The balance had changed, as of then (UTC).
    pub to: Timestamp,
    /// `transactional`, `proprietary` or `between`.
    pub account: &'static str,
    /// By how much.
    pub amount_centavos: Centavos,
    /// What may explain it.
    pub suspects: Vec<SuspectTelling>,
}

/// Something that may explain a difference.
#[derive(Debug, Clone, Serialize)]
pub struct SuspectTelling {
    /// The stable id of the reason.
    pub reason: &'static str,
    /// The transaction or the rebalance.
    pub id: Option<Uuid>,
    /// The webhook's number in the journal's inbox.
    pub webhook: Option<i64>,
    /// Its amount.
    pub amount_centavos: Option<Centavos>,
    /// When it happened (UTC).
    pub at: Timestamp,
}

impl From<&Suspect> for SuspectTelling {
    fn from(suspect: &Suspect) -> Self {
        let Suspect { reason, id, webhook, amount, at } = suspect;
        Self { reason: reason.as_str(), id: *id, webhook: *webhook, amount_centavos: *amount, at: *at }
    }
}

impl Telling {
    /// Of an alert of this profile's desk.
    pub fn new(alert: &Alert, profile: &str) -> Self {
        let kind = alert.what.kind();
        Self {
            alert: alert.number,
            kind: kind.as_str(),
            severity: kind.severity().as_str(),
            profile: profile.to_owned(),
            subject: alert.what.subject(),
            text: alert.what.to_string(),
            began_at: alert.began_at,
            ended_at: alert.ended_at,
            told_at: alert.told_at,
            acknowledged: alert.acknowledged.as_ref().map(|seen| AcknowledgedTelling {
                at: seen.at,
                by: seen.by.to_string(),
                note: seen.note.clone(),
            }),
            amount_centavos: alert.what.amount(),
            payment: alert.what.row(),
            difference: match &alert.what {
                What::UnexplainedDifference { gap, suspects } => Some(DifferenceTelling {
                    from: gap.from,
                    to: gap.to,
                    account: gap.kind.as_str(),
                    amount_centavos: gap.amount,
                    suspects: suspects.iter().map(SuspectTelling::from).collect(),
                }),
                _ => None,
            },
        }
    }
}

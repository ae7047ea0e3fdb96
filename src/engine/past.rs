//! The desk as it was at a time: what the journal knew then, with what webhooks of the platform's own transactions said until
//! then.

use std::time::Instant;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::desk::midnight;
use super::message::{AsItWas, BalanceHistory, LookBack, LookFrom};
use super::outlook::HISTORY_PARTS;
use crate::domain::report::Report;
use crate::domain::transaction::{Transaction, replay};
use crate::gateway::parse_webhook;
use crate::journal::past::{Known, PastRow};
use crate::journal::{Delivery, JournalError, ScreenReader};

/// Rows of the window.
const ROWS: u32 = 200;

/// What saldo knew at the time that is wished for.
///
/// # Errors
///
/// [`JournalError`].
pub async fn look_back(
    journal: &(impl ScreenReader + ?Sized),
    wish: &LookBack,
    zone: &TimeZone,
) -> Result<AsItWas, JournalError> {
    let begun = Instant::now();
    let (at, no_change) = match wish.from {
        LookFrom::Time(at) => (at, false),
        LookFrom::Change { at, towards } => match journal.change(at, towards).await? {
            Some(change) => (change, false),
            None => (at, true),
        },
    };
    let past = journal.past(at, midnight(at, zone), wish.rows.unwrap_or(ROWS)).await?;
    let (mut rows, mut unrecorded, mut by_webhooks) =
        (Vec::with_capacity(past.rows.len()), Vec::new(), Vec::new());
    for PastRow { row, known } in past.rows {
        match known {
            Known::ByEvents | Known::Unchanged => rows.push(row),
            Known::ToRead(told) => match told_by(&row, &told) {
                Some(stood) => {
                    by_webhooks.push(row.id);
                    rows.push(stood);
                }
                None => {
                    unrecorded.push(row.id);
                    rows.push(row);
                }
            },
        }
    }
    let over = |span: SignedDuration| journal.balance_history((at - span, at), HISTORY_PARTS);
    Ok(AsItWas {
        number: wish.number,
        at,
        no_change,
        balance: past.balance,
        next_balance: past.next_balance,
        moved: past.moved,
        open: past.open,
        rows,
        has_more: past.has_more,
        unrecorded,
        by_webhooks,
        alerts: past.alerts,
        rebalances_in_doubt: past.rebalances_in_doubt,
        pace: journal.pace(at).await?,
        history: BalanceHistory {
            hour: over(SignedDuration::from_hours(1)).await?,
            day: over(SignedDuration::from_hours(24)).await?,
        },
        took: begun.elapsed(),
    })
}

/// The row as these webhooks tell it. `None`: none of them can be read.
fn told_by(row: &Transaction, told: &[Delivery]) -> Option<Transaction> {
    let reports: Vec<(Report, Timestamp, Option<Timestamp>)> = told
        .iter()
        .filter_map(|delivery| {
            let event = parse_webhook(&delivery.body).ok()?;
            Some((event.report, delivery.received_at, event.event_at))
        })
        .collect();
    replay(row, &reports)
}

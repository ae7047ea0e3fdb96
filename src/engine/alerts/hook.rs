//! Handing alerts to the desk's own command: each once, one at a time, oldest first.
//!
//! The journal is the queue: what was not handed over stands there, so that neither a crash, nor quiet hours, nor a command
//! that fails loses one. A command that fails is tried again, and that it fails is an alert of its own.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use tokio::sync::Notify;

use super::super::clock;
use super::{Settings, Sighted, Sources, Telling};
use crate::config::program;
use crate::domain::alert::{Alert, Kind, Quiet, Severity};
use crate::domain::text::Safe;
use crate::journal::CashIns;
use crate::journal::alerts::Listed;

/// Without a ring it looks again after so long: quiet hours may have ended.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// After a failure.
const TRY_AGAIN: Duration = Duration::from_secs(30);

/// What cannot wait is handed over though it has ended, for so long: somebody has to know that it was.
const ENDED: SignedDuration = SignedDuration::from_hours(1);

/// What a command may say: nobody reads it.
const MOST: usize = 64 * 1024;

/// See the module.
pub(crate) struct Hook {
    words: Vec<String>,
    book: Arc<dyn CashIns>,
    sighted: Arc<Sighted>,
    raised: Arc<Notify>,
    quiet: Option<Quiet>,
    zone: TimeZone,
    profile: String,
}

impl Hook {
    pub(super) fn new(sources: &Sources, settings: &Settings, raised: Arc<Notify>) -> Option<Self> {
        Some(Self {
            words: settings.command.clone()?,
            book: Arc::clone(&sources.book),
            sighted: Arc::clone(&sources.sighted),
            raised,
            quiet: settings.quiet,
            zone: settings.zone.clone(),
            profile: settings.profile.clone(),
        })
    }

    /// Hands over until it is dropped.
    pub(crate) async fn run(self) {
        // Whether it worked the last time is not known after a restart.
        let mut may_fail = true;
        loop {
            let now = clock::now();
            let next = match self.book.alerts(Listed::Untold(now - ENDED)).await {
                Ok(untold) => {
                    let is_quiet = self.quiet.is_some_and(|quiet| quiet.holds(now, &self.zone));
                    match next(&untold, is_quiet) {
                        None if may_fail => self.probe().await,
                        next => next.cloned(),
                    }
                }
                Err(error) => {
                    tracing::error!("alerts cannot be read: {error}");
                    None
                }
            };
            let Some(alert) = next else {
                tokio::select! {
                    () = self.raised.notified() => {}
                    () = tokio::time::sleep(LOOK_AGAIN) => {}
                }
                continue;
            };
            match self.hand_over(&alert).await {
                Ok(()) => {
                    may_fail = false;
                    self.sighted.hook(None);
                }
                Err(reason) => {
                    may_fail = true;
                    tracing::error!(alert = alert.number, "an alert was not handed over: {reason}");
                    self.sighted.hook(Some(Safe::new(&reason)));
                    tokio::time::sleep(TRY_AGAIN).await;
                }
            }
        }
    }

    /// That it failed is over when it works, and only trying tells: where nothing else is to be handed over (what was may have
    /// been acknowledged meanwhile), it is told of its own failure.
    async fn probe(&self) -> Option<Alert> {
        let standing = self.book.alerts(Listed::Standing).await.ok()?;
        standing.into_iter().find(|alert| alert.what.kind() == Kind::HookFailed)
    }

    async fn hand_over(&self, alert: &Alert) -> Result<(), String> {
        let mut line =
            serde_json::to_vec(&Telling::new(alert, &self.profile)).map_err(|error| error.to_string())?;
        line.push(b'\n');
        let words = self.words.clone();
        let run = move || program::run(&words, &line, MOST, program::PATIENCE).map(drop);
        let ran = tokio::task::spawn_blocking(run).await.map_err(|error| error.to_string())?;
        ran.map_err(|error| error.to_string())?;
        // Where this fails it is handed over once more: twice is better than never.
        self.book.handed(alert.number, clock::now()).await.map_err(|error| error.to_string())
    }
}

/// The oldest that may be handed over now. That the command fails is not told to the command.
fn next(untold: &[Alert], is_quiet: bool) -> Option<&Alert> {
    untold
        .iter()
        .filter(|alert| match alert.what.kind() {
            Kind::HookFailed => false,
            kind => kind.severity() == Severity::Now || alert.stands() && !is_quiet,
        })
        .min_by_key(|alert| alert.number)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::alert::What;
    use crate::domain::money::Centavos;

    #[test]
    fn quiet_hours_hold_back_what_can_wait() {
        let alert = |number, what, ended: bool| Alert {
            number,
            what,
            began_at: Timestamp::UNIX_EPOCH,
            ended_at: ended.then_some(Timestamp::UNIX_EPOCH),
            told_at: None,
            acknowledged: None,
        };
        let below = || What::BelowFloor { balance: Centavos::ZERO, floor: Centavos::ZERO };
        let above = || What::AboveCeiling { balance: Centavos::ZERO, ceiling: Centavos::ZERO };
        let failed = || What::HookFailed { reason: Safe::new("exit status: 1") };
        for (untold, quiet, chosen) in [
            (vec![alert(2, below(), false), alert(1, above(), false)], false, Some(1)),
            (vec![alert(2, below(), false), alert(1, above(), false)], true, Some(2)),
            (vec![alert(1, above(), false)], true, None),
            (vec![alert(1, above(), true)], false, None),
            (vec![alert(1, below(), true)], true, Some(1)),
            (vec![alert(1, failed(), false)], false, None),
            (vec![], false, None),
        ] {
            assert_eq!(next(&untold, quiet).map(|alert| alert.number), chosen, "{untold:?}");
        }
    }
}

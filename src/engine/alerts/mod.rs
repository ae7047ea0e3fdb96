//! The one board of alerts, kept by whoever owns the journal: it looks at what the engine knows, judges, and writes down
//! what began and what is over. Whoever shows alerts reads them in the journal, so that all say the same.
//!
//! ```text
//! poller, webhooks' board, lane ──facts──▶ Watchman ──judge──▶ journal ──▶ screens, `saldo alerts`
//!                                             │                   │
//!                                             └──────rings──────▶ hook ──▶ the desk's command
//! ```

mod hook;
mod sighted;
mod telling;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use super::batch::Runs;
use super::clock;
use super::desk::midnight;
use super::lane::Lane;
use super::webhooks::Board;
use crate::config::AlertSettings;
use crate::domain::alert::{
    Acknowledgement, Alert, Facts, Forward, Kind, MOST_NOTE, Missing, Rules, Unexplained, What, judge,
};
use crate::domain::band::Band;
use crate::domain::conservation::{Conservation, Gap, MOST_GAPS};
use crate::domain::gap::GapFile;
use crate::domain::person::Person;
use crate::domain::text::{Safe, is_unsafe};
use crate::journal::alerts::{Listed, Sightings};
use crate::journal::{CashIns, JournalError, ScreenReader};

pub use crate::domain::alert::Quiet;
pub(super) use hook::Hook;
pub use sighted::Sighted;
pub use telling::{SuspectTelling, Telling};

/// Between two looks.
const LOOK: Duration = Duration::from_secs(1);

/// Between two questions to the journal: doubts last a minute before they are told.
const ASK: SignedDuration = SignedDuration::from_secs(5);

/// A figure of an alert that stands is written down again after so long: the balance changes with each poll, and a commit
/// for each would tell nobody more.
const REFRESH: SignedDuration = SignedDuration::from_mins(1);

/// Webhooks that came late are counted over so long.
const LATELY: SignedDuration = SignedDuration::from_mins(10);

/// A settled payment that has waited longer for its webhook is old news: it was told, and is looked at no more.
const WAITED: SignedDuration = SignedDuration::from_mins(15);

/// The gateway tells whole seconds, so that a settlement may seem to lie before what it followed.
const WHOLE_SECONDS: SignedDuration = SignedDuration::from_secs(2);

/// What a desk wants to be told, and how.
#[derive(Debug, Clone)]
pub struct Settings {
    /// When what is an alert.
    pub rules: Rules,
    /// A webhook may come so long after what it tells.
    pub webhooks_late: SignedDuration,
    /// When only what cannot wait is told.
    pub quiet: Option<Quiet>,
    /// The desk's zone.
    pub zone: TimeZone,
    /// The profile's name, for the command.
    pub profile: String,
    /// A program and its arguments that is handed each alert.
    pub command: Option<Vec<String>>,
}

impl Settings {
    /// As a profile says. `expects_webhooks`: payments name an address for theirs.
    pub fn new(
        alerts: &AlertSettings,
        band: Option<Band>,
        expects_webhooks: bool,
        (zone, profile): (TimeZone, &str),
    ) -> Self {
        // Every length in a configuration has a range far below what cannot be told.
        let length = |length: Duration| SignedDuration::try_from(length).unwrap_or(SignedDuration::MAX);
        Self {
            rules: Rules {
                band,
                coverage: alerts.coverage.map(length),
                stands_still: length(alerts.stands_still),
                in_doubt: length(alerts.in_doubt),
                expects_webhooks,
                sees_everything: alerts.sees_everything,
            },
            webhooks_late: length(alerts.webhooks_late),
            quiet: alerts.quiet,
            zone,
            profile: profile.to_owned(),
            command: alerts.command.clone(),
        }
    }
}

/// What somebody acknowledges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Subject {
    /// The alert with this number.
    Alert(i64),
    /// A change of the wallet, whether it is an alert or not.
    Gap(Gap),
}

/// Why nothing was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotAcknowledged {
    /// What was found has to be said.
    #[error("a difference is acknowledged with a note: what was found, and where")]
    NoteMissing,
    /// Too long, or with characters that a terminal could obey.
    #[error("the note has more than {MOST_NOTE} characters, or some that cannot be shown")]
    NoteUnsafe,
    /// Somebody has done so, and what they said stands: a second word beside it would be lost.
    #[error("{by} has acknowledged it at {at}, and what they said stands; this note was not recorded")]
    Already {
        /// Who.
        by: Person,
        /// When (UTC).
        at: Timestamp,
    },
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Writes down that a person has seen it.
pub(super) async fn acknowledge(
    book: &dyn CashIns,
    subject: Subject,
    by: Person,
    note: Option<String>,
) -> Result<Alert, NotAcknowledged> {
    let note = note.map(|note| note.trim().to_owned()).filter(|note| !note.is_empty());
    if note.as_ref().is_some_and(|note| note.chars().count() > MOST_NOTE || note.chars().any(is_unsafe)) {
        return Err(NotAcknowledged::NoteUnsafe);
    }
    let wants_note = match &subject {
        Subject::Gap(_) => true,
        Subject::Alert(number) => {
            let known = book.alert(*number).await?;
            let known = known.ok_or_else(|| JournalError::NotFound(format!("alert {number}")))?;
            known.what.kind().wants_note() && known.acknowledged.is_none()
        }
    };
    if wants_note && note.is_none() {
        return Err(NotAcknowledged::NoteMissing);
    }
    let acknowledgement = Acknowledgement { at: clock::now(), by, note };
    let alert = match subject {
        Subject::Alert(number) => book.acknowledge(number, acknowledgement.clone()).await?,
        Subject::Gap(gap) => book.explain(gap, acknowledgement.clone()).await?,
    };
    // The same word of the same person once more is the first one, told twice.
    match &alert.acknowledged {
        Some(first)
            if acknowledgement.note.is_some()
                && (first.note != acknowledgement.note || !first.by.is(&acknowledgement.by)) =>
        {
            Err(NotAcknowledged::Already { by: first.by.clone(), at: first.at })
        }
        _ => Ok(alert),
    }
}

/// Lasting gaps of the day, and those of alerts from before that still stand, oldest first: with what may explain them, and
/// what people have found.
///
/// # Errors
///
/// [`JournalError`].
pub async fn gap_files(reader: &dyn ScreenReader, zone: &TimeZone) -> Result<Vec<GapFile>, JournalError> {
    let drawn = reader.conservation(midnight(clock::now(), zone)).await?;
    let mut gaps = drawn.map(|drawn| lasting(&drawn)).unwrap_or_default();
    for alert in reader.alerts(Listed::Standing).await? {
        if let What::UnexplainedDifference { gap, .. } = alert.what
            && !gaps.iter().any(|known| known.is_same(&gap))
        {
            gaps.push(gap);
        }
    }
    gaps.sort_by_key(|gap| (gap.to, gap.from));
    reader.gap_files(gaps).await
}

fn lasting(drawn: &Conservation) -> Vec<Gap> {
    drawn.gaps.iter().copied().filter(|gap| gap.is_lasting(drawn.now.at)).collect()
}

/// Where what the watchman judges by comes from.
pub struct Sources {
    /// The journal, owned.
    pub book: Arc<dyn CashIns>,
    /// What polls have seen.
    pub sighted: Arc<Sighted>,
    /// How the webhooks are doing.
    pub board: Arc<Board>,
    /// The lane, where there is one.
    pub lane: Option<Arc<Lane>>,
    /// Which batches somebody goes on with.
    pub runs: Arc<Runs>,
}

/// See the module.
pub struct Watchman {
    sources: Sources,
    settings: Settings,
    /// Rung when there may be something to hand to the desk's command.
    raised: Arc<Notify>,
    asked_at: Timestamp,
    sightings: Option<Sightings>,
    /// Why the journal takes nothing new, as of the last question.
    unwritable: Option<Option<Safe>>,
    listening_since: Option<Timestamp>,
    files: Option<Files>,
    counts: Counts,
    late: VecDeque<(Timestamp, u64)>,
    refreshed: HashMap<i64, Timestamp>,
    stood: Vec<Kind>,
}

/// Gaps that were looked into, and when.
struct Files {
    at: Timestamp,
    gaps: Vec<Gap>,
    found: Vec<GapFile>,
}

/// Webhooks refused and kept aside: as of the last look, and as of the last acknowledgement.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    forged: (u64, u64),
    illegible: (u64, u64),
}

impl Watchman {
    /// Over a journal that is owned.
    pub fn new(sources: Sources, settings: Settings) -> Self {
        Self {
            sources,
            settings,
            raised: Arc::new(Notify::new()),
            asked_at: Timestamp::MIN,
            sightings: None,
            unwritable: None,
            listening_since: None,
            files: None,
            counts: Counts::default(),
            late: VecDeque::new(),
            refreshed: HashMap::new(),
            stood: Vec::new(),
        }
    }

    /// What hands alerts to the desk's command, if it has one.
    pub(super) fn hook(&self) -> Option<Hook> {
        let hook = Hook::new(&self.sources, &self.settings, Arc::clone(&self.raised));
        if hook.is_none() {
            // Without one, none fails.
            self.sources.sighted.hook(None);
        }
        hook
    }

    /// Looks again and again until it is dropped. What cannot be written is judged anew a moment later.
    pub async fn run(mut self) {
        loop {
            if let Err(error) = self.look(clock::now()).await {
                tracing::error!("alerts cannot be kept: {error}");
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Looks once.
    ///
    /// # Errors
    ///
    /// [`JournalError`]: what was not written down is judged anew by the next look.
    pub async fn look(&mut self, now: Timestamp) -> Result<(), JournalError> {
        let book = Arc::clone(&self.sources.book);
        let standing = book.alerts(Listed::Standing).await?;
        self.notice_acknowledged(&standing);
        let facts = self.facts(now).await?;
        let known: Vec<&What> = standing.iter().map(|alert| &alert.what).collect();
        let held = judge(&self.settings.rules, &facts, &known, now);
        let mut has_raised = false;
        for what in &held {
            match standing.iter().find(|alert| alert.what.is_same(what)) {
                None => {
                    let alert = book.raise(what.clone(), now).await?;
                    tracing::warn!(alert = alert.number, kind = what.kind().as_str(), "{what}");
                    has_raised = true;
                }
                Some(alert) if alert.what != *what => self.refresh(book.as_ref(), alert, what, now).await?,
                Some(_) => {}
            }
        }
        for alert in standing.iter().filter(|alert| !held.iter().any(|what| what.is_same(&alert.what))) {
            book.withdraw(alert.number, now).await?;
            self.refreshed.remove(&alert.number);
            tracing::info!(alert = alert.number, kind = alert.what.kind().as_str(), "it is over");
        }
        self.stood = held.iter().map(What::kind).collect();
        if has_raised {
            self.raised.notify_one();
        }
        Ok(())
    }

    async fn refresh(
        &mut self,
        book: &dyn CashIns,
        alert: &Alert,
        what: &What,
        now: Timestamp,
    ) -> Result<(), JournalError> {
        let last = self.refreshed.get(&alert.number).copied().unwrap_or(alert.began_at);
        if now.duration_since(last).abs() < REFRESH {
            return Ok(());
        }
        self.refreshed.insert(alert.number, now);
        book.refresh(alert.number, what.clone()).await
    }

    /// An alert that stays until it was acknowledged stands no more: what counts from here on is new.
    fn notice_acknowledged(&mut self, standing: &[Alert]) {
        let is_gone = |kind| {
            self.stood.contains(&kind) && !standing.iter().any(|alert: &Alert| alert.what.kind() == kind)
        };
        if is_gone(Kind::WebhookSignatures) {
            self.counts.forged.1 = self.counts.forged.0;
        }
        if is_gone(Kind::WebhooksIllegible) {
            self.counts.illegible.1 = self.counts.illegible.0;
        }
        // Acknowledging closes what others' transaction contradicts: what was asked before that still has it open.
        let of_others = |kind: &Kind| *kind == Kind::TransactionConflict;
        let now_standing = standing.iter().map(|alert| alert.what.kind()).filter(of_others).count();
        if self.stood.iter().filter(|kind| of_others(kind)).count() > now_standing {
            self.asked_at = Timestamp::UNIX_EPOCH;
        }
        let stand = |stood: usize| {
            stood == standing.iter().filter(|alert| alert.what.kind() == Kind::UnexplainedDifference).count()
        };
        if !stand(self.stood.iter().filter(|kind| **kind == Kind::UnexplainedDifference).count()) {
            self.files = None;
        }
    }

    async fn facts(&mut self, now: Timestamp) -> Result<Facts, JournalError> {
        let sight = self.sources.sighted.now();
        let health = self.sources.board.health();
        self.counts.forged.0 = health.forged;
        self.counts.illegible.0 = health.illegible;
        self.listening_since = match (health.listening, self.listening_since) {
            (None, _) => None,
            (Some(_), since) => since.or(Some(now)),
        };
        let late = self.late_lately(health.figures.lags.beyond(self.settings.webhooks_late), now);
        if now.duration_since(self.asked_at).abs() >= ASK {
            self.asked_at = now;
            self.sightings = Some(self.sources.book.sightings(now, self.expected(now)).await?);
            let takes = self.sources.book.takes_something_new().await;
            self.unwritable = Some(takes.err().map(|error| Safe::new(&error.to_string())));
        }
        let unexplained = self.unexplained(sight.conservation.as_ref(), now).await?;
        let forwards = health.forwards.into_iter().filter_map(|forward| {
            let (oldest, reason) = (forward.oldest?, forward.trouble?);
            let waiting = forward.waiting.unwrap_or_default();
            Some(Forward { address: Safe::new(&forward.address), waiting, oldest, reason })
        });
        Ok(Facts {
            minutes_left: sight.minutes_left(),
            balance: sight.balance,
            failing: sight.failing,
            webhooks_off: health.trouble.as_deref().map(Safe::new),
            missing: self
                .sightings
                .as_ref()
                .map(|sightings| Missing { missing: sightings.without_webhook, late }),
            forged: self.counts.forged.0.saturating_sub(self.counts.forged.1),
            illegible: self.counts.illegible.0.saturating_sub(self.counts.illegible.1),
            forwards: forwards.collect(),
            payments: self.sightings.as_ref().map(|sightings| sightings.payments.clone()),
            rebalances: self.sightings.as_ref().map(|sightings| sightings.rebalances.clone()),
            conflicts: self.sightings.as_ref().map(|sightings| sightings.conflicts.clone()),
            refunds: self.sightings.as_ref().map(|sightings| sightings.refunds.clone()),
            batches: self
                .sightings
                .as_ref()
                .map(|sightings| self.sources.runs.nobody_goes_on_with(&sightings.batches)),
            unwritable: self.unwritable.clone(),
            paused: self
                .sources
                .lane
                .as_ref()
                .and_then(|lane| lane.paused())
                .map(|pause| Safe::new(&pause.to_string())),
            unexplained,
            hook: sight.hook,
        })
    }

    /// In which span a settled payment ought to have had its webhook.
    fn expected(&self, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let since = self.listening_since.filter(|_| self.settings.rules.expects_webhooks)?;
        let to = now.checked_sub(self.settings.webhooks_late).ok()?;
        let from = to.checked_sub(WAITED).ok()?.max(since.checked_sub(WHOLE_SECONDS).ok()?);
        (from < to).then_some((from, to))
    }

    /// How many of all that came late came lately.
    fn late_lately(&mut self, all: u64, now: Timestamp) -> u64 {
        self.late.push_back((now, all));
        while self.late.len() > 1 && self.late.front().is_some_and(|(at, _)| now.duration_since(*at) > LATELY)
        {
            self.late.pop_front();
        }
        self.late.front().map_or(0, |(_, before)| all.saturating_sub(*before))
    }

    /// Lasting gaps that nobody has explained. They are looked into when they have changed, and now and then: a suspect may
    /// come later.
    async fn unexplained(
        &mut self,
        drawn: Option<&Conservation>,
        now: Timestamp,
    ) -> Result<Option<Unexplained>, JournalError> {
        let Some(drawn) = drawn.filter(|_| self.settings.rules.sees_everything) else { return Ok(None) };
        let gaps = lasting(drawn);
        // Where there are more than are kept, nothing is known of those before.
        let is_full = drawn.gaps.len() >= MOST_GAPS;
        let first = drawn.gaps.first().map(|gap| gap.to).filter(|_| is_full);
        let opening = first.unwrap_or(drawn.opening.at);
        let is_known = |files: &&Files| files.gaps == gaps && now.duration_since(files.at).abs() < REFRESH;
        let found = match self.files.as_ref().filter(is_known) {
            Some(files) => files.found.clone(),
            None => {
                let found = self.sources.book.gap_files(gaps.clone()).await?;
                self.files = Some(Files { at: now, gaps, found: found.clone() });
                found
            }
        };
        let gaps = found.into_iter().filter(|file| file.explained.is_none()).collect();
        Ok(Some(Unexplained { opening, gaps }))
    }
}

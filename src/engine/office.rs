//! What a command asks of the journal's owner: the same acts, whether the command owns the journal itself or another
//! process of saldo's does it on its behalf.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, Notify, mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::alerts::{self, NotAcknowledged, Subject};
use super::batch::Runs;
use super::clock;
use super::contradiction::{self, Closing};
use super::counter::{self, Counter};
use super::lane::{Decision, Goal, Lane, LaneError, Pause};
use super::message::{DecisionOutcome, Finding, News, RebalanceTrouble};
use super::rebalance::{Rebalancer, review};
use super::recover::recover;
use crate::domain::alert::Alert;
use crate::domain::attempt::{NotExecuted, Verdict};
use crate::domain::balance::Balance;
use crate::domain::cash_out::{Act, Because, Refused, State};
use crate::domain::money::Centavos;
use crate::domain::permission::{NotAllowed, Permit};
use crate::domain::person::Person;
use crate::domain::rebalance::{self, Forecast};
use crate::gateway::ReadError;
use crate::journal::handover::{NotAccepted, Shift, StoredHandover};
use crate::journal::lock::PATIENCE;
use crate::journal::payees::Favour;
use crate::journal::{CashIns, Intent, JournalError, Proposed, StoredRebalance};

/// How long a doubt is worked on: the same bytes again.
const WORK_ON_DOUBT: Duration = Duration::from_secs(30);

/// The last request of that time may still be on the wire then, and its verdict be offered to a full disk; whoever asked
/// is told how the payment stands and need not wait for that.
const AT_MOST: Duration = Duration::from_secs(120);

/// As long as payments are taken up for.
const AT_MOST_RECOVERING: Duration = super::recover::AT_MOST;

/// Between two looks at a payment that another task is at work on.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The journal, owned, and what works on it.
#[derive(Clone)]
pub struct Office {
    journal: Arc<dyn CashIns>,
    lane: Arc<Lane>,
    rebalancer: Arc<Rebalancer>,
    counter: Arc<Counter>,
    /// One rebalance at a time: whoever comes second judges by the balance that the first has left, and is not told of a
    /// doubt that is only a request on the wire.
    turn: Arc<Mutex<()>>,
    /// Cancelled when the office ends: no further line of a batch is begun.
    ending: CancellationToken,
    /// Which batches somebody goes on with.
    runs: Arc<Runs>,
    desk: Option<Bell>,
}

/// How a desk learns what was done on behalf of others.
#[derive(Clone)]
struct Bell {
    news: mpsc::Sender<News>,
    poll_now: Arc<Notify>,
}

/// What became of a decision to pay.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Paid {
    /// What the reference named.
    pub found: Found,
    /// The payment as it stands.
    pub intent: Intent,
    /// Whether the journal could be read after the work; if not, the payment is shown as it was before.
    pub is_known: bool,
    /// What was in the way.
    pub trouble: Option<LaneError>,
}

/// What a decision's reference named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// Nothing: the payment is new.
    Created,
    /// The same payment.
    Existing,
    /// Another payment; nothing was made.
    Taken,
}

/// A decision that is journalled, and on its way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Decided {
    /// What the reference named.
    pub found: Found,
    /// The payment.
    pub intent: Intent,
}

/// What was taken up.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Recovered {
    /// Every payment that was not final, as it stands now, oldest first, with what was in the way.
    pub payments: Vec<(Intent, Option<LaneError>)>,
    /// Charges and refunds, likewise.
    pub cash_ins: counter::Recovered,
    /// Rebalances in doubt, with the newest balance beside them where it could be read.
    pub rebalances_in_doubt: Vec<StoredRebalance>,
}

/// A rebalance that was reviewed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RebalanceOrder {
    /// saldo's id for it.
    pub id: Uuid,
    /// The transactional balance wanted, in centavos.
    pub target: Centavos,
    /// What was reviewed.
    pub reviewed: Forecast,
    /// Why; stays in the journal.
    pub reason: Option<String>,
    /// The rebalance in doubt whose balance the operator has compared.
    pub after_doubt: Option<Uuid>,
}

/// Why nothing was rebalanced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotRebalanced {
    /// The rebalance itself.
    Trouble(RebalanceTrouble),
    /// The journal.
    Journal(JournalError),
    /// The rebalance that was said to be in doubt is not.
    NotInDoubt(rebalance::State),
    /// Told to stop before the request; nothing was sent.
    Stopped,
}

impl Decided {
    /// What a screen is told that has decided the payment `id`.
    pub fn outcome(self, id: Uuid) -> DecisionOutcome {
        match self.found {
            Found::Created => DecisionOutcome::Created,
            Found::Existing if self.intent.id == id => DecisionOutcome::Created,
            Found::Existing => DecisionOutcome::Existing(Box::new(self.intent)),
            Found::Taken => DecisionOutcome::Taken(Box::new(self.intent)),
        }
    }
}

impl From<Proposed> for Decided {
    fn from(proposed: Proposed) -> Self {
        let (found, intent) = match proposed {
            Proposed::Created(intent) => (Found::Created, intent),
            Proposed::Existing(intent) => (Found::Existing, intent),
            Proposed::Taken(intent) => (Found::Taken, intent),
        };
        Self { found, intent }
    }
}

impl From<JournalError> for NotRebalanced {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

impl From<RebalanceTrouble> for NotRebalanced {
    fn from(trouble: RebalanceTrouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl From<NotRebalanced> for RebalanceTrouble {
    fn from(why: NotRebalanced) -> Self {
        match why {
            NotRebalanced::Trouble(trouble) => trouble,
            NotRebalanced::Journal(error) => error.into(),
            NotRebalanced::NotInDoubt(state) => {
                Self::NotJournalled(format!("that rebalance is {}, not in doubt", state.as_str()))
            }
            NotRebalanced::Stopped => Self::NotJournalled("saldo is ending".to_owned()),
        }
    }
}

impl Office {
    /// Over a journal that is owned.
    pub fn new(
        journal: Arc<dyn CashIns>,
        lane: Arc<Lane>,
        rebalancer: Arc<Rebalancer>,
        counter: Arc<Counter>,
    ) -> Self {
        Self {
            journal,
            lane,
            rebalancer,
            counter,
            turn: Arc::default(),
            ending: CancellationToken::new(),
            runs: Arc::default(),
            desk: None,
        }
    }

    /// Whether acts are done here at all.
    ///
    /// # Errors
    ///
    /// [`NotAllowed`].
    pub fn permit(&self) -> Result<Permit, NotAllowed> {
        self.lane.permit()
    }

    /// The journal.
    pub fn journal(&self) -> &Arc<dyn CashIns> {
        &self.journal
    }

    /// Which batches somebody goes on with.
    pub(super) fn runs(&self) -> &Arc<Runs> {
        &self.runs
    }

    /// Where charges and refunds are made.
    pub fn counter(&self) -> &Arc<Counter> {
        &self.counter
    }

    /// The same, at a desk: what is done for others is told to it.
    #[must_use]
    pub(super) fn at_a_desk(self, news: mpsc::Sender<News>, poll_now: Arc<Notify>) -> Self {
        Self { desk: Some(Bell { news, poll_now }), ..self }
    }

    /// The lane.
    pub fn lane(&self) -> &Arc<Lane> {
        &self.lane
    }

    /// Journals a decision, or finds what its reference already names, and works on the payment until the gateway's
    /// answer is known, for half a minute at most. `stop` ends the waiting, never a request on the wire.
    ///
    /// # Errors
    ///
    /// [`JournalError`]: nothing was decided.
    pub async fn pay(&self, decision: Decision, stop: &CancellationToken) -> Result<Paid, JournalError> {
        let Decided { found, intent } = self.lane.decide(decision).await?.into();
        if found == Found::Taken {
            return Ok(Paid { found, intent, is_known: true, trouble: None });
        }
        // A process of its own would begin with an open lane, too: whoever asks wants it tried now.
        self.lane.resume();
        let work = tokio::time::timeout(AT_MOST, self.work_on_doubt(intent.id, stop)).await;
        let trouble = work.ok().and_then(Result::err);
        self.tell_pause().await;
        Ok(match self.journal.intent(intent.id).await {
            Ok(stands) => Paid { found, intent: stands.unwrap_or(intent), is_known: true, trouble },
            Err(error) => {
                let trouble = trouble.or(Some(LaneError::Journal(error)));
                Paid { found, intent, is_known: false, trouble }
            }
        })
    }

    /// Journals a decision, or finds what its reference already names, and sends a new one at once. Should that not come
    /// about, the desk's tracker sends it, as after a restart.
    ///
    /// # Errors
    ///
    /// [`JournalError`]: nothing was decided.
    pub async fn decide(&self, decision: Decision) -> Result<Decided, JournalError> {
        let Decided { found, intent } = self.lane.decide(decision).await?.into();
        if found == Found::Created && intent.cash_out.state == State::Approved {
            let (lane, id) = (Arc::clone(&self.lane), intent.id);
            tokio::spawn(async move {
                if let Err(error) = lane.act(id, Act::Send).await {
                    tracing::info!(intent = %id, "{error}");
                }
            });
        }
        Ok(Decided { found, intent })
    }

    /// What moving to this transactional balance would do, by a fresh balance.
    ///
    /// # Errors
    ///
    /// [`RebalanceTrouble`]: nothing was sent.
    pub async fn review(&self, target: Centavos) -> Result<Forecast, RebalanceTrouble> {
        review(self.lane.gateway.as_ref(), target).await
    }

    /// The wallet as the gateway has it now.
    ///
    /// # Errors
    ///
    /// [`ReadError`].
    pub async fn balance(&self) -> Result<Balance, ReadError> {
        self.lane.gateway.balance().await
    }

    /// Has a desk read the balance now.
    pub fn poll_balance(&self) {
        if let Some(bell) = &self.desk {
            bell.poll_now.notify_one();
        }
    }

    /// Opens the lane again, after somebody has mended what was wrong.
    pub async fn resume(&self) {
        self.lane.resume();
        self.tell_pause().await;
    }

    /// Why nothing is sent at the moment, if so.
    pub fn paused(&self) -> Option<Pause> {
        self.lane.paused()
    }

    /// A number that grows with every change of the journal.
    pub fn news(&self) -> watch::Receiver<u64> {
        self.journal.news()
    }

    pub(super) async fn work_on_doubt(&self, id: Uuid, stop: &CancellationToken) -> Result<(), LaneError> {
        let until = Instant::now() + WORK_ON_DOUBT;
        let mut is_first = true;
        loop {
            let intent = self.lane.intent(id).await?;
            let pay = &intent.cash_out;
            if Goal::Answered.is_reached(pay.state) {
                return Ok(());
            }
            let Some(plan) = pay.plan() else {
                // A desk's tracker works on it as well, and what it learns is as good.
                if pay.on_the_wire && Instant::now() < until {
                    tokio::time::sleep(LOOK_AGAIN).await;
                    continue;
                }
                return Ok(());
            };
            let asked_to_wait =
                matches!(&pay.last_verdict, Some(Verdict::NotExecuted(NotExecuted::TooMany { .. })));
            // Nothing of it ever reached the gateway, so there is nothing to wait for: whoever runs the command again
            // wants it tried now, and not be told of an earlier failure.
            let at_once = std::mem::take(&mut is_first) && pay.is_proven_unsent() && !asked_to_wait;
            let now = self.lane.moment();
            let (wait, act) = match pay.act_now(&now) {
                Some(act) if at_once || pay.is_ahead_of(now.at) => (Duration::ZERO, act),
                _ => (Duration::try_from(plan.at.duration_since(now.at)).unwrap_or_default(), plan.act),
            };
            if Instant::now() + wait > until {
                return Ok(());
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(wait) => {}
            }
            // A desk's tracker waits for the same moment: what it has done meanwhile is not done once more.
            if !wait.is_zero() && self.lane.intent(id).await?.updated_at != intent.updated_at {
                continue;
            }
            match self.lane.act(id, act).await {
                Ok(_) | Err(LaneError::Look(_)) => {}
                Err(LaneError::Busy) if Instant::now() < until => tokio::time::sleep(LOOK_AGAIN).await,
                Err(LaneError::Busy) => return Ok(()),
                Err(error @ LaneError::Refused(_)) => {
                    if self.lane.intent(id).await?.updated_at == intent.updated_at {
                        return Err(error);
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes up every payment that is not final, once, whatever its waiting time; compares rebalances in doubt, and
    /// decides nothing of those.
    ///
    /// # Errors
    ///
    /// [`JournalError`].
    pub async fn recover(&self) -> Result<Recovered, JournalError> {
        self.lane.resume();
        let payments = recover(self.journal.as_ref(), &self.lane).await?;
        let cash_ins = self.counter.recover(Instant::now() + AT_MOST_RECOVERING).await?;
        self.tell_pause().await;
        let mut rebalances_in_doubt = Vec::new();
        for doubt in self.journal.rebalances_in_doubt().await? {
            rebalances_in_doubt.push(self.rebalancer.compare(doubt.id).await.unwrap_or(doubt));
        }
        Ok(Recovered { payments, cash_ins, rebalances_in_doubt })
    }

    /// Sends what was reviewed, once, if a fresh balance still says the same. `stop` ends it before its request, and never
    /// while that is on the wire.
    ///
    /// # Errors
    ///
    /// [`NotRebalanced`]: nothing was sent.
    pub async fn rebalance(
        &self,
        order: RebalanceOrder,
        maker: Person,
        stop: &CancellationToken,
    ) -> Result<StoredRebalance, NotRebalanced> {
        let RebalanceOrder { id, target, reviewed, reason, after_doubt } = order;
        if let Some(doubt) = after_doubt {
            self.settle_doubt(doubt, maker.clone()).await?;
        }
        let _turn = tokio::select! {
            biased;
            turn = self.turn.lock() => turn,
            () = stop.cancelled() => return Err(NotRebalanced::Stopped),
        };
        let mut sending = std::pin::pin!(self.rebalancer.send(id, target, &reviewed, reason, maker));
        let ended = tokio::select! {
            biased;
            ended = sending.as_mut() => ended,
            () = stop.cancelled() => {
                if !self.rebalancer.is_busy() {
                    return Err(NotRebalanced::Stopped);
                }
                sending.await
            }
        };
        self.poll_balance();
        Ok(ended?)
    }

    /// Journals that a person has compared the balance after a rebalance in doubt. A second time changes nothing.
    ///
    /// # Errors
    ///
    /// [`NotRebalanced`]: nothing was recorded.
    pub async fn settle_doubt(&self, id: Uuid, by: Person) -> Result<(), NotRebalanced> {
        // It lets the next one be sent.
        self.permit().map_err(JournalError::NotAllowed)?;
        let stored = self.journal.rebalance(id).await?;
        let stored = stored.ok_or_else(|| JournalError::NotFound(id.to_string()))?;
        match stored.rebalance.state {
            rebalance::State::Unknown => {
                self.rebalancer.acknowledge(id, by).await?;
                Ok(())
            }
            rebalance::State::Acknowledged => Ok(()),
            state @ (rebalance::State::Completed | rebalance::State::Rejected) => {
                Err(NotRebalanced::NotInDoubt(state))
            }
        }
    }

    /// Records what a person found about a payment, or about what contradicts itself. Gives the payment, where it is one. Where a request of its is on the wire, that is waited for, for a moment:
    /// as a command waits that has to own the journal first.
    ///
    /// # Errors
    ///
    /// As [`Lane::resolve`]; nothing was recorded.
    pub async fn resolve(&self, id: Uuid, by: Person, finding: Finding) -> Result<Option<Intent>, LaneError> {
        // What a person says of a payment may let the next one be sent.
        self.permit().map_err(JournalError::NotAllowed)?;
        if let Finding::LookedInto { about, found, reason, seen } = finding {
            let closing = Closing { about, found, reason, seen };
            return contradiction::close(self.journal.as_ref(), id, by, closing).await;
        }
        let until = Instant::now() + PATIENCE;
        loop {
            let is_at_work = self.lane.is_at_work_on(id);
            match self.lane.resolve(id, by.clone(), finding.clone()).await {
                Err(LaneError::Refused(Refused { because: Because::OnTheWire, .. }))
                    if is_at_work && Instant::now() < until =>
                {
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
                resolved => return resolved.map(Some),
            }
        }
    }

    /// Records that a person has seen an alert, or has explained a change of the wallet. The first one stands.
    ///
    /// # Errors
    ///
    /// [`NotAcknowledged`]: nothing was recorded.
    pub async fn acknowledge(
        &self,
        subject: Subject,
        by: Person,
        note: Option<String>,
    ) -> Result<Alert, NotAcknowledged> {
        alerts::acknowledge(self.journal.as_ref(), subject, by, note).await
    }

    /// Hands a shift over, as it stands now.
    ///
    /// # Errors
    ///
    /// [`JournalError`]: nothing was recorded.
    pub async fn hand_over(&self, shift: Shift) -> Result<StoredHandover, JournalError> {
        self.journal.hand_over(shift).await
    }

    /// Records that a person has taken a shift. The first one stands.
    ///
    /// # Errors
    ///
    /// [`NotAccepted`]: nothing was recorded.
    pub async fn accept_handover(&self, id: Uuid, by: Person) -> Result<StoredHandover, NotAccepted> {
        let missing = || JournalError::NotFound(format!("hand-over {id}"));
        let known = self.journal.handover(id).await?.ok_or_else(missing)?;
        if known.accepted.is_none() && known.document.by.is(&by) {
            return Err(NotAccepted::Own(by));
        }
        Ok(self.journal.accept_handover(id, clock::now(), by).await?)
    }

    /// Records whether a payee is a favourite.
    ///
    /// # Errors
    ///
    /// [`JournalError`]: nothing was recorded; [`JournalError::NotFound`] where it was never paid.
    pub async fn favour(&self, favour: Favour, by: Person) -> Result<(), JournalError> {
        self.journal.favour(favour, clock::now(), by).await
    }

    /// Takes one payment up now, whatever its waiting time; `None` where the row is a charge's or a refund's.
    ///
    /// # Errors
    ///
    /// [`LaneError`].
    pub async fn take_up(&self, id: Uuid) -> Result<Option<Intent>, LaneError> {
        // A person asks because they have mended something; a lane that is still refused pauses again.
        self.lane.resume();
        match self.counter.take_up(id).await {
            Ok(false) => {}
            Ok(true) => {
                self.tell_pause().await;
                return Ok(None);
            }
            Err(error) => {
                tracing::info!(row = %id, "{error}");
                self.tell_pause().await;
                return Ok(None);
            }
        }
        let intent = self.lane.intent(id).await?;
        let done = match intent.cash_out.act_now(&self.lane.moment()) {
            Some(act) => self.lane.act(id, act).await,
            None => Ok(intent),
        };
        self.tell_pause().await;
        done.map(Some)
    }

    /// From now on no further line of a batch is begun.
    pub fn end(&self) {
        self.ending.cancel();
    }

    /// Whether nothing new is to be begun.
    pub(super) fn is_ending(&self) -> bool {
        self.ending.is_cancelled()
    }

    /// Waits for what is on the wire; nothing new is begun.
    pub async fn finish(&self) {
        self.end();
        self.lane.finish().await;
        self.rebalancer.finish().await;
        self.counter.finish().await;
    }

    pub(super) async fn tell_pause(&self) {
        if let Some(bell) = &self.desk {
            // Nobody listens any more while saldo ends.
            let _ = bell.news.send(News::Paused(self.lane.paused())).await;
        }
    }
}

//! The money lane: the only place from which a payment leaves the machine.
//!
//! What to do is decided by the pure machine ([`crate::domain::cash_out`]); the lane does it, in one order that never
//! varies: **journal the attempt, send the stored bytes once, journal the verdict**. Between the first and the last a
//! payment is on the wire, in a task of its own that no closed screen can end half-way.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::clock::Clock;
use super::contradiction::NotLookedInto;
use super::message::News;
use crate::domain::attempt::{Ambiguity, NotExecuted, Problem, Verdict};
use crate::domain::cash_out::{
    Act, Again, Because, Dispatch, Event, Expected, Fingerprints, OtherPayment, Refused, State, Terms,
};
use crate::domain::moment::Moment;
use crate::domain::order::{Destination, Digest, Order, Reference, idempotency_key};
use crate::domain::permission::{NotAllowed, Permit};
use crate::domain::person::Person;
use crate::domain::report::{Report, Source};
use crate::gateway::{
    BankAccountBody, CashOutBody, Deadline, DestinationBody, Gateway, MOST_SKEW, MoneyRequest, PayeeBody,
    ReadError, cash_out_body,
};
use crate::journal::{Applied, Change, Intent, Journal, JournalError, Observation, Proposal, Proposed};

/// From the journalled attempt to its first byte at most: a connection that takes longer is too late.
const TO_FIRST_BYTE: Duration = Duration::from_secs(20);

/// How long a verdict is offered to a journal that cannot be written once the process is ending.
const LAST_OFFERS: Duration = Duration::from_secs(10);

/// Why nothing is sent at the moment. Never stored: the next start tries again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pause {
    /// Two 401 in a row.
    #[error("the gateway does not take these credentials ({0}); payments are paused and none was rejected")]
    Unauthorized(Problem),
    /// 403, or a signature that the gateway does not take.
    #[error(
        "the gateway does not let these credentials pay ({0}); payments are paused and none was rejected"
    )]
    Forbidden(Problem),
    /// The clocks differ too much.
    #[error("this machine's clock is {} s away from the gateway's; payments are paused until it is set right", .0.as_secs())]
    Clock(SignedDuration),
    /// A cockpit beside the journal's owner has lost it.
    #[error("saldo serve has gone: nothing is polled, taken or sent until it runs again")]
    OwnerGone,
}

/// What the lane could not do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LaneError {
    /// The journal said no; nothing was sent.
    #[error(transparent)]
    Journal(JournalError),
    /// It cannot happen to the payment as it stands; nothing was changed.
    #[error(transparent)]
    Refused(Refused),
    /// Nothing is sent at the moment.
    #[error(transparent)]
    Paused(#[from] Pause),
    /// The gateway could not be asked; what is known stays.
    #[error(transparent)]
    Look(#[from] ReadError),
    /// Another task is at work on this payment.
    #[error("this payment is being worked on at this moment")]
    Busy,
    /// What is stored of the payment is not what was decided: somebody changed the journal.
    #[error(
        "what the journal holds of this payment is not what was decided, so nothing was sent: run `saldo fsck`"
    )]
    Changed,
    /// The id that a person brought does not belong to this payment; nothing was changed.
    #[error("{0}; nothing was changed")]
    NotThisPayment(OtherPayment),
    /// What contradicts itself was not closed; nothing was changed.
    #[error("{0}; nothing was recorded")]
    NotLookedInto(NotLookedInto),
}

impl From<JournalError> for LaneError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Refused(refused) => Self::Refused(refused),
            error => Self::Journal(error),
        }
    }
}

/// How far a payment is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// Until the gateway's answer is known: accepted, refused, exists.
    Answered,
    /// Until it is final.
    Settled,
}

impl Goal {
    /// Whether a payment in this state is there.
    pub fn is_reached(self, state: State) -> bool {
        match self {
            Self::Answered => !matches!(state, State::Approved | State::Unknown),
            Self::Settled => state.is_final(),
        }
    }
}

/// What the operator decided.
#[derive(Debug, Clone)]
pub struct Decision {
    /// saldo's id for the payment, made before anything else so that pressing twice decides once.
    pub id: Uuid,
    /// The operator's own reference, or one of saldo's.
    pub reference: Reference,
    /// What is paid, to whom.
    pub order: Order,
    /// Why; stays in the journal.
    pub reason: Option<String>,
    /// Who decided.
    pub maker: Person,
    /// Checkers needed before it is sent.
    pub approvals: u8,
    /// Prepared only; its maker submits it later.
    pub is_draft: bool,
    /// The debt was to be paid before and is proven not to be: pay it once more.
    pub again: bool,
}

impl Decision {
    /// A decision that one person takes alone, at once, and for the first time.
    pub fn alone(id: Uuid, reference: Reference, order: Order, maker: Person) -> Self {
        Self { id, reference, order, reason: None, maker, approvals: 0, is_draft: false, again: false }
    }
}

/// The lane's settings, from the profile.
#[derive(Debug, Clone)]
pub struct LaneSettings {
    /// The account: a part of every idempotency key.
    pub client_id: String,
    /// How long the same bytes may be sent again.
    pub resend_window: SignedDuration,
    /// Sent along with every order, so that the gateway tells what became of it.
    pub webhook_url: Option<String>,
    /// How long a verdict is offered to a journal that cannot be written, and how long it still is once the lane is
    /// finishing. The attempt itself is journalled, so what is given up here is found by the next start and treated as
    /// unknown. A desk that goes on has to go on offering.
    pub keep_offering: Option<Duration>,
}

/// The money lane.
pub struct Lane {
    pub(super) journal: Arc<dyn Journal>,
    pub(super) gateway: Arc<dyn Gateway>,
    pub(super) clock: Arc<dyn Clock>,
    settings: LaneSettings,
    news: Option<mpsc::Sender<News>>,
    /// Payments that a task is at work on.
    busy: Mutex<HashSet<Uuid>>,
    gate: Mutex<Gate>,
    /// Requests on the wire, waited for before the process ends.
    wire: TaskTracker,
}

#[derive(Debug, Default)]
struct Gate {
    pause: Option<Pause>,
    unauthorized_in_a_row: u32,
}

/// Takes a payment out of the busy ones, whatever way its task ends.
struct Held<'a> {
    busy: &'a Mutex<HashSet<Uuid>>,
    id: Uuid,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

impl Lane {
    /// A lane over a journal that is owned.
    pub fn new(
        journal: Arc<dyn Journal>,
        gateway: Arc<dyn Gateway>,
        clock: Arc<dyn Clock>,
        settings: LaneSettings,
        news: Option<mpsc::Sender<News>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            journal,
            gateway,
            clock,
            settings,
            news,
            busy: Mutex::default(),
            gate: Mutex::default(),
            wire: TaskTracker::new(),
        })
    }

    /// What every clock shows now.
    pub fn moment(&self) -> Moment {
        Moment { gateway: self.gateway.clock(), ..self.clock.moment() }
    }

    /// Journals a decision, or finds what its reference already names. Sends nothing.
    ///
    /// # Errors
    ///
    /// [`JournalError`]: nothing was decided.
    pub async fn decide(&self, decision: Decision) -> Result<Proposed, JournalError> {
        self.gateway.permit()?;
        let newest = if decision.again { self.journal.newest(&decision.reference).await? } else { None };
        let generation = match newest {
            None => 1,
            Some(before) => {
                let generation = before.cash_out.terms.generation;
                match before.cash_out.again() {
                    Some(Again::Round) if before.order == decision.order => {
                        return self.start_round(before.id, decision.maker).await.map(Proposed::Created);
                    }
                    Some(Again::Round) => return Ok(Proposed::Taken(before)),
                    Some(Again::Generation) => generation + 1,
                    None => generation,
                }
            }
        };
        let Decision { id, reference: obligation, order, reason, maker, approvals, is_draft, again: _ } =
            decision;
        let reference = obligation.of_generation(generation);
        let body = self.body(&order, &reference);
        let terms = Terms {
            at: self.clock.moment().at,
            maker,
            obligation,
            generation,
            expected: Expected { reference, amount: order.amount, document: order.document.clone() },
            fingerprints: Fingerprints { payload: order.payload_hash(), body: Digest::of(&body) },
            resend_window: self.settings.resend_window,
            approvals,
            is_draft,
        };
        self.journal.propose(Proposal { id, order, reason, body, terms: Arc::new(terms) }).await
    }

    /// Starts the next round of a payment of which nothing was executed: same reference and body, the next key. Sends
    /// nothing.
    ///
    /// # Errors
    ///
    /// [`JournalError::Refused`] unless that is proven.
    pub async fn start_round(&self, id: Uuid, by: Person) -> Result<Intent, JournalError> {
        self.gateway.permit()?;
        let event = Event::RoundStarted { at: self.clock.moment().at, by };
        Ok(self.journal.apply(id, event.into()).await?.intent)
    }

    /// Takes up what a crash left: an attempt that was on the wire when its process ended may have taken effect.
    ///
    /// # Errors
    ///
    /// [`JournalError`].
    pub async fn take_up_the_lost(&self) -> Result<(), JournalError> {
        for intent in self.journal.due(None).await?.into_iter().filter(|intent| intent.cash_out.on_the_wire) {
            let verdict = Verdict::Ambiguous(Ambiguity::Crashed);
            let event = Event::AttemptEnded { at: self.moment(), verdict };
            self.journal.apply(intent.id, event.into()).await?;
        }
        Ok(())
    }

    /// Whether this process may act at the gateway at all.
    ///
    /// # Errors
    ///
    /// [`NotAllowed`].
    pub fn permit(&self) -> Result<Permit, NotAllowed> {
        self.gateway.permit()
    }

    /// Whether something may be sent now.
    ///
    /// # Errors
    ///
    /// [`LaneError`]: this process never sends, or payments are paused.
    pub fn may_send(&self) -> Result<Permit, LaneError> {
        let permit = self.permit().map_err(JournalError::NotAllowed)?;
        match self.paused() {
            None => Ok(permit),
            Some(pause) => Err(pause.into()),
        }
    }

    /// Why nothing is sent at the moment, if so.
    pub fn paused(&self) -> Option<Pause> {
        self.gate().pause.clone()
    }

    /// Opens the lane again after somebody has mended what was wrong.
    pub fn resume(&self) {
        *self.gate() = Gate::default();
    }

    /// Works on a payment as its own plan says until the goal is reached or `until` has come, and returns how it
    /// stands then.
    ///
    /// # Errors
    ///
    /// [`LaneError`]; a look that failed is not an error here, it is tried again as planned.
    pub async fn advance(
        self: &Arc<Self>,
        id: Uuid,
        goal: Goal,
        until: Instant,
    ) -> Result<Intent, LaneError> {
        loop {
            let intent = self.intent(id).await?;
            let Some(plan) = intent.cash_out.plan().filter(|_| !goal.is_reached(intent.cash_out.state))
            else {
                return Ok(intent);
            };
            let now = self.moment();
            let (wait, act) = match intent.cash_out.act_now(&now) {
                Some(act) if intent.cash_out.is_ahead_of(now.at) => (Duration::ZERO, act),
                _ => (Duration::try_from(plan.at.duration_since(now.at)).unwrap_or_default(), plan.act),
            };
            if Instant::now() + wait > until {
                return Ok(intent);
            }
            tokio::time::sleep(wait).await;
            match self.act(id, act).await {
                Ok(_) | Err(LaneError::Look(_)) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Does one thing for a payment, and returns how it stands afterwards.
    ///
    /// # Errors
    ///
    /// [`LaneError`].
    pub async fn act(self: &Arc<Self>, id: Uuid, act: Act) -> Result<Intent, LaneError> {
        // In a task of its own: whoever waits for it may go away, the payment must not stop half-way.
        let lane = Arc::clone(self);
        let task = self.wire.spawn(async move { lane.perform(id, act).await });
        task.await.map_err(|_| LaneError::Journal(JournalError::Closed))?
    }

    /// As [`Self::act`], within the caller's own task.
    ///
    /// # Errors
    ///
    /// [`LaneError`].
    pub async fn perform(&self, id: Uuid, act: Act) -> Result<Intent, LaneError> {
        let Some(_held) = self.hold(id) else { return Err(LaneError::Busy) };
        let at = self.moment();
        match act {
            Act::Send => self.send(id).await,
            Act::Look => self.look(id).await,
            Act::CloseWindow => self.note(id, Event::WindowClosed { at }).await,
            Act::Hold => self.note(id, Event::PutOnHold { at: at.at }).await,
            Act::GoStale => self.note(id, Event::WentStale { at: at.at }).await,
            Act::Expire => self.note(id, Event::Expired { at }).await,
            Act::Remind => {
                let intent = self.note(id, Event::LookedInVain { at: at.at }).await?;
                self.tell(News::StillHeld(Box::new(intent.clone()))).await;
                Ok(intent)
            }
        }
    }

    /// Waits for what is on the wire; nothing new is begun.
    pub async fn finish(&self) {
        self.wire.close();
        self.wire.wait().await;
    }

    /// Whether something is on the wire.
    pub fn is_busy(&self) -> bool {
        !self.wire.is_empty()
    }

    /// Whether a task is at work on this payment.
    pub fn is_at_work_on(&self, id: Uuid) -> bool {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).contains(&id)
    }

    pub(super) async fn intent(&self, id: Uuid) -> Result<Intent, JournalError> {
        self.journal.intent(id).await?.ok_or_else(|| JournalError::NotFound(id.to_string()))
    }

    pub(super) async fn note(&self, id: Uuid, event: Event) -> Result<Intent, LaneError> {
        let applied = self.journal.apply(id, event.into()).await?;
        self.ring(&applied).await;
        Ok(applied.intent)
    }

    /// One attempt: journal, wire, journal.
    async fn send(&self, id: Uuid) -> Result<Intent, LaneError> {
        let before = self.intent(id).await?;
        let at = self.moment();
        match before.cash_out.dispatch(&at) {
            Dispatch::Expired => return self.note(id, Event::Expired { at }).await,
            Dispatch::WindowClosed => return self.note(id, Event::WindowClosed { at }).await,
            // The machine says no to the second, in the journal's own transaction.
            Dispatch::Send | Dispatch::Never => {}
        }
        self.check_the_clock(&at);
        let permit = self.may_send()?;
        let key = idempotency_key(&self.settings.client_id, &before.reference, before.cash_out.round);
        let fingerprints = before.fingerprints();
        let deadline = Deadline::after(TO_FIRST_BYTE);
        let change = Event::AttemptStarted { at, key, fingerprints }.into();
        let started = match self.journal.apply(id, change).await {
            Err(JournalError::Refused(Refused { because: Because::Changed, .. })) => {
                tracing::error!(intent = %id, "the journal was changed by something else");
                return Err(LaneError::Changed);
            }
            done => done?,
        };
        // These are the bytes whose fingerprint has just been compared with what was decided.
        let request = MoneyRequest {
            body: before.body,
            idempotency_key: Some(key),
            reference: Some(started.intent.reference.as_str().to_owned()),
            deadline,
            permit,
        };
        let answer = self.gateway.send_cash_out(&request).await;
        let at = self.moment();
        self.judge(&answer.verdict);
        self.check_the_clock(&at);
        let change = Change {
            event: Event::AttemptEnded { at, verdict: answer.verdict },
            evidence: answer.raw.map(|raw| raw.body),
        };
        let applied = self.keep(id, change).await?;
        self.ring(&applied).await;
        Ok(applied.intent)
    }

    /// Writes a verdict down, and keeps offering it while the journal cannot be written.
    async fn keep(&self, id: Uuid, change: Change) -> Result<Applied, LaneError> {
        let mut wait = Duration::from_millis(100);
        let mut waited = Duration::ZERO;
        loop {
            match self.journal.apply(id, change.clone()).await {
                Err(JournalError::Unwritable(reason)) if self.goes_on_offering(waited) => {
                    self.tell(News::JournalTrouble(reason.reason)).await;
                    self.clock.sleep(wait).await;
                    waited += wait;
                    wait = (wait * 2).min(Duration::from_secs(5));
                }
                done => return Ok(done?),
            }
        }
    }

    fn goes_on_offering(&self, waited: Duration) -> bool {
        match self.settings.keep_offering {
            Some(most) => waited < most,
            None => !self.wire.is_closed() || waited < LAST_OFFERS,
        }
    }

    /// Asks the gateway for a payment by its id there.
    async fn look(&self, id: Uuid) -> Result<Intent, LaneError> {
        let intent = self.intent(id).await?;
        let Some(gateway_id) = intent.cash_out.gateway_id().cloned() else { return Ok(intent) };
        match self.gateway.cash_out(gateway_id.as_str()).await {
            Ok(report) => self.observe(id, report).await,
            Err(error) => {
                self.note(id, Event::LookedInVain { at: self.clock.moment().at }).await?;
                Err(error.into())
            }
        }
    }

    /// Takes in what the gateway said when it was asked for this payment.
    pub(super) async fn observe(&self, id: Uuid, report: Report) -> Result<Intent, LaneError> {
        let at = self.moment();
        let observed = self
            .journal
            .observe(Observation {
                report,
                source: Source::Get,
                happened_at: None,
                at,
                new_id: Uuid::now_v7(),
            })
            .await?;
        if let Some(applied) = &observed.applied {
            self.ring(applied).await;
        }
        match observed.applied {
            Some(applied) if applied.intent.id == id => Ok(applied.intent),
            // The gateway answered with another transaction than the one asked for.
            _ => self.note(id, Event::LookedInVain { at: at.at }).await,
        }
    }

    /// What an answer means for the lane as a whole.
    pub(super) fn judge(&self, verdict: &Verdict) {
        let mut gate = self.gate();
        match verdict {
            Verdict::NotExecuted(NotExecuted::Unauthorized(problem)) => {
                gate.unauthorized_in_a_row += 1;
                if gate.unauthorized_in_a_row >= 2 {
                    gate.pause = Some(Pause::Unauthorized(problem.clone()));
                }
            }
            Verdict::NotExecuted(NotExecuted::Forbidden(problem)) => {
                gate.pause = Some(Pause::Forbidden(problem.clone()));
            }
            Verdict::NotExecuted(NotExecuted::ClockSkew { seconds_ahead }) => {
                gate.pause = Some(Pause::Clock(SignedDuration::from_secs(*seconds_ahead)));
            }
            Verdict::Accepted(_) | Verdict::Exists(_) | Verdict::NotExecuted(_) | Verdict::Ambiguous(_) => {
                gate.unauthorized_in_a_row = 0;
            }
        }
    }

    /// A wall clock that is far from the gateway's stops the lane.
    pub(super) fn check_the_clock(&self, at: &Moment) {
        let ahead = at.gateway.map(|there| at.at.duration_since(there));
        if let Some(ahead) = ahead.filter(|ahead| ahead.abs() > MOST_SKEW) {
            self.gate().pause = Some(Pause::Clock(ahead));
        }
    }

    fn body(&self, order: &Order, reference: &Reference) -> Vec<u8> {
        cash_out_body(&CashOutBody {
            amount: order.amount,
            external_reference: reference.as_str(),
            description: order.description.as_deref(),
            webhook_url: self.settings.webhook_url.as_deref(),
            payee: PayeeBody {
                name: &order.name,
                document: order.document.as_str(),
                destination: match &order.destination {
                    Destination::Pix(key) => {
                        DestinationBody::Pix { pix_key_type: key.key_type().as_str(), pix_key: key.as_str() }
                    }
                    Destination::Account(account) => DestinationBody::BankAccount {
                        bank_account: BankAccountBody {
                            ispb: account.ispb.as_str(),
                            branch: &account.branch,
                            account: &account.account,
                        },
                    },
                },
            },
        })
    }

    async fn ring(&self, applied: &Applied) {
        for (alarm, intent) in applied.all_alarms() {
            tracing::warn!(intent = %intent.id, ?alarm, "a payment needs a person");
            self.tell(News::Alarm { alarm, intent: Box::new(intent.clone()) }).await;
        }
    }

    async fn tell(&self, news: News) {
        if let Some(sender) = &self.news {
            // Nobody listens any more while saldo ends; the journal has it.
            let _ = sender.send(news).await;
        }
    }

    fn hold(&self, id: Uuid) -> Option<Held<'_>> {
        let is_free = self.busy.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        is_free.then(|| Held { busy: &self.busy, id })
    }

    fn gate(&self) -> std::sync::MutexGuard<'_, Gate> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

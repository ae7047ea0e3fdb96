//! The counter: where charges are made and cash-ins are given back.
//!
//! It does what the lane does, in the same order that never varies: **journal the request, send the stored bytes once,
//! journal the verdict**; what to do and when is decided by the pure machines ([`crate::domain::cash_in`],
//! [`crate::domain::refund`]). A refund moves money, so it obeys the lane's pauses and can cause one. A charge moves none.

mod kind;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::stream::{self, StreamExt};
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::lane::{Lane, LaneSettings, Pause};
use super::message::News;
use super::office::Found;
use crate::domain::attempt::{Ambiguity, NotExecuted, Verdict};
use crate::domain::cash_in::{self, Charge};
use crate::domain::cash_out::Because;
use crate::domain::order::{Digest, Reference};
use crate::domain::permission::Permit;
use crate::domain::person::Person;
use crate::domain::refund::{self, Refund};
use crate::domain::report::{Direction, Report, Source, Status};
use crate::domain::request::{Act, Asked, Dispatch, Event, Refused};
use crate::domain::transaction::{CashIn, State, Transaction};
use crate::gateway::{
    CashInBody, Charging, Deadline, MoneyRequest, OpenFinanceBody, PayerBody, ReadError, cash_in_body,
    refund_body,
};
use crate::journal::{AskProposal, AskedChange, CashIns, JournalError, Observation, Stored};
use kind::Kind;
pub(in crate::engine) use kind::refund_needs;

/// From the journalled request to its first byte at most.
const TO_FIRST_BYTE: Duration = Duration::from_secs(20);

/// How long a verdict is offered to a journal that cannot be written once the process is ending.
const LAST_OFFERS: Duration = Duration::from_secs(10);

/// How long a doubt is worked on while somebody waits: the same bytes again.
const WORK_ON_DOUBT: Duration = Duration::from_secs(30);

/// Charges and refunds worked on at the same time.
const AT_ONCE: usize = 8;

/// Between two rounds of the tracker at least.
const BREATH: Duration = Duration::from_millis(250);

/// The tracker's longest sleep: a clock that was set back must not make it miss a day.
const LONGEST: Duration = Duration::from_secs(60);

/// Things done at most for one order when somebody asks: a look, a request, a look.
const STEPS: usize = 3;

/// What the counter could not do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CounterError {
    /// The journal said no; nothing was sent.
    #[error(transparent)]
    Journal(JournalError),
    /// It cannot happen to the order as it stands; nothing was changed.
    #[error(transparent)]
    Refused(Refused),
    /// Nothing that moves money is sent at the moment.
    #[error(transparent)]
    Paused(#[from] Pause),
    /// The gateway could not be asked; what is known stays.
    #[error(transparent)]
    Look(#[from] ReadError),
    /// Another task is at work on this order.
    #[error("this order is being worked on at this moment")]
    Busy,
    /// What is stored is not what was decided.
    #[error(
        "what the journal holds of this order is not what was decided, so nothing was sent: run `saldo fsck`"
    )]
    Changed,
    /// Only what was paid can be given back.
    #[error("{}", not_paid(.0))]
    NotPaid(Box<Transaction>),
}

impl From<JournalError> for CounterError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::RequestRefused(Refused { because: Because::Changed, .. }) => Self::Changed,
            JournalError::RequestRefused(refused) => Self::Refused(refused),
            error => Self::Journal(error),
        }
    }
}

fn not_paid(row: &Transaction) -> String {
    match row.state {
        State::Out(_) => {
            "that is a cash-out; only a cash-in can be given back, and nothing was sent".to_owned()
        }
        State::In(CashIn::Refunded) => "this cash-in was given back already; nothing was sent".to_owned(),
        State::In(state) => format!(
            "this cash-in is {}, and only a paid one can be given back; nothing was sent",
            state.as_str()
        ),
    }
}

/// A charge that somebody decided to make.
#[derive(Debug, Clone)]
pub struct ChargeDecision {
    /// saldo's id for it, made before anything else so that pressing twice decides once.
    pub id: Uuid,
    /// The operator's own reference, or one of saldo's.
    pub reference: Reference,
    /// What is asked, and of whom.
    pub order: cash_in::Order,
    /// Who decided.
    pub maker: Person,
}

/// A refund that somebody decided.
#[derive(Debug, Clone)]
pub struct RefundDecision {
    /// saldo's id for it, made before anything else so that pressing twice decides once.
    pub id: Uuid,
    /// The cash-in's row in the feed.
    pub cash_in: Uuid,
    /// Why.
    pub reason: refund::Reason,
    /// In the operator's words.
    pub description: Option<String>,
    /// Who decided.
    pub maker: Person,
}

/// What a decision found, and the order that it is about.
pub type Decided<A> = (Found, Stored<A>);

/// What became of an order that somebody waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made<A> {
    /// What was there.
    pub found: Found,
    /// The order as it stands.
    pub stored: Stored<A>,
    /// Whether the journal could be read after the work; if not, the order is shown as it was before.
    pub is_known: bool,
    /// What was in the way.
    pub trouble: Option<CounterError>,
}

/// The counter.
pub struct Counter {
    journal: Arc<dyn CashIns>,
    gateway: Arc<dyn Charging>,
    lane: Arc<Lane>,
    settings: LaneSettings,
    news: Option<mpsc::Sender<News>>,
    busy: Mutex<HashSet<Uuid>>,
    /// Requests on the wire, waited for before the process ends.
    wire: TaskTracker,
}

/// Takes an order out of the busy ones, whatever way its task ends.
struct Held<'a> {
    busy: &'a Mutex<HashSet<Uuid>>,
    id: Uuid,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

async fn unless<A>(
    stop: &CancellationToken,
    work: impl Future<Output = Result<A, CounterError>>,
) -> Option<CounterError> {
    tokio::select! {
        biased;
        () = stop.cancelled() => None,
        worked = work => worked.err(),
    }
}

fn made<A>(
    found: Found,
    stored: Stored<A>,
    stands: Result<Option<Stored<A>>, JournalError>,
    trouble: Option<CounterError>,
) -> Made<A> {
    match stands {
        Ok(stands) => Made { found, stored: stands.unwrap_or(stored), is_known: true, trouble },
        Err(error) => {
            let trouble = trouble.or(Some(CounterError::Journal(error)));
            Made { found, stored, is_known: false, trouble }
        }
    }
}

/// Either, where both are worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Charge(Uuid),
    Refund(Uuid),
}

impl Counter {
    /// A counter over a journal that is owned, beside the lane whose pauses it shares.
    pub fn new(
        journal: Arc<dyn CashIns>,
        gateway: Arc<dyn Charging>,
        lane: Arc<Lane>,
        settings: LaneSettings,
        news: Option<mpsc::Sender<News>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            journal,
            gateway,
            lane,
            settings,
            news,
            busy: Mutex::default(),
            wire: TaskTracker::new(),
        })
    }

    /// Journals a charge, or finds what its reference already names. Sends nothing.
    ///
    /// # Errors
    ///
    /// [`JournalError`]: nothing was decided.
    pub async fn decide_charge(&self, decision: ChargeDecision) -> Result<Decided<Charge>, JournalError> {
        self.gateway.permit()?;
        let ChargeDecision { id, reference, order, maker } = decision;
        let body = cash_in_body(&CashInBody {
            amount: order.amount,
            external_reference: reference.as_str(),
            expiration_in_minutes: order.minutes,
            webhook_url: self.settings.webhook_url.as_deref(),
            payer: PayerBody { name: &order.name, document: order.document.as_str() },
            open_finance: order.open_finance.as_deref().map(|redirect_url| OpenFinanceBody { redirect_url }),
        });
        let terms = cash_in::Terms {
            at: self.lane.moment().at,
            maker: maker.clone(),
            reference,
            order: order.clone(),
            body: Digest::of(&body),
            resend_window: self.settings.resend_window,
        };
        let known =
            match self.journal.propose_charge(AskProposal { id, body, terms: Arc::new(terms) }).await? {
                Ok(created) => return Ok((Found::Created, created)),
                Err(known) => known,
            };
        if known.asked.terms.order != order {
            return Ok((Found::Taken, known));
        }
        if known.asked.may_begin_again() {
            let event = Event::RoundStarted { at: self.lane.moment().at, by: maker };
            return Ok((Found::Created, self.journal.apply_charge(known.id, event.into()).await?));
        }
        Ok((Found::Existing, known))
    }

    /// Journals a charge, or finds what its reference already names, and works on it until the gateway has answered, for half
    /// a minute at most. `stop` ends the waiting, never a request on the wire.
    ///
    /// # Errors
    ///
    /// [`CounterError`]: nothing was decided.
    pub async fn make_charge(
        self: &Arc<Self>,
        decision: ChargeDecision,
        stop: &CancellationToken,
    ) -> Result<Made<Charge>, CounterError> {
        let (found, stored) = self.decide_charge(decision).await?;
        if found == Found::Taken {
            return Ok(Made { found, stored, is_known: true, trouble: None });
        }
        let work = async {
            // Who asks again wants to know whether it was paid.
            if stored.asked.state == CashIn::AwaitingPayment {
                self.look_at_charge(stored.id).await
            } else {
                self.advance_charge(stored.id, Instant::now() + WORK_ON_DOUBT).await
            }
        };
        let trouble = unless(stop, work).await;
        let stands = self.journal.charge(stored.id).await;
        Ok(made(found, stored, stands, trouble))
    }

    /// Journals a refund, or finds the one that the cash-in has, and works on it as [`Self::make_charge`].
    ///
    /// # Errors
    ///
    /// [`CounterError`]: nothing was decided.
    pub async fn make_refund(
        self: &Arc<Self>,
        decision: RefundDecision,
        stop: &CancellationToken,
    ) -> Result<Made<Refund>, CounterError> {
        let (found, stored) = self.decide_refund(decision).await?;
        if found == Found::Taken {
            return Ok(Made { found, stored, is_known: true, trouble: None });
        }
        let work = async {
            let answered = self.advance_refund(stored.id, Instant::now() + WORK_ON_DOUBT).await?;
            match answered.asked.state {
                // Often it has settled by now; that nobody could look says nothing of it.
                refund::State::Accepted | refund::State::Exists | refund::State::Held => {
                    self.look_at_refund(stored.id).await.or(Ok(answered))
                }
                _ => Ok(answered),
            }
        };
        let trouble = unless(stop, work).await;
        let stands = self.journal.refund(stored.id).await;
        Ok(made(found, stored, stands, trouble))
    }

    /// Asks the gateway for a cash-in by any id, and takes in what it says. Gives its row.
    ///
    /// # Errors
    ///
    /// [`CounterError`].
    pub async fn look_up(&self, id: &str) -> Result<Transaction, CounterError> {
        let report = self.gateway.cash_in(id).await?;
        Ok(self.observe(report).await?)
    }

    /// Journals the refund of a cash-in, or finds the one that it has. Asks the gateway first: only what is paid now can
    /// be given back. Sends no order.
    ///
    /// # Errors
    ///
    /// [`CounterError`]: nothing was decided.
    pub async fn decide_refund(&self, decision: RefundDecision) -> Result<Decided<Refund>, CounterError> {
        self.permit()?;
        let body = refund_body(decision.reason.as_str(), decision.description.as_deref());
        if let Some(known) = self.journal.refund_of(decision.cash_in).await?
            && !known.asked.may_begin_again()
        {
            // The reason is what the payer and the central bank are told: another one is not the same refund.
            let found = if known.body == body { Found::Existing } else { Found::Taken };
            return Ok((found, known));
        }
        let row = self.row(decision.cash_in).await?;
        let id = row.internal_code.as_ref().or(row.transaction_id.as_ref()).or(row.end_to_end_id.as_ref());
        let Some(id) = id.filter(|_| row.direction == Direction::In) else {
            return Err(CounterError::NotPaid(Box::new(row)));
        };
        let report = self.gateway.cash_in(id.as_str()).await?;
        let gateway_id = report.internal_code.clone().unwrap_or_else(|| id.clone());
        let (status, amount) = (report.status.clone(), report.amount);
        let reference = report.external_reference.clone().filter(|reference| !reference.is_empty());
        let row = self.observe(report).await?;
        if status != Status::Paid || row.id != decision.cash_in {
            return Err(CounterError::NotPaid(Box::new(row)));
        }
        let RefundDecision { id, cash_in, reason, description, maker } = decision;
        let said = body.clone();
        let terms = refund::Terms {
            at: self.lane.moment().at,
            maker: maker.clone(),
            cash_in,
            gateway_id,
            reference,
            amount: amount.or(row.amount),
            reason,
            description,
            body: Digest::of(&body),
            resend_window: self.settings.resend_window,
        };
        match self.journal.propose_refund(AskProposal { id, body, terms: Arc::new(terms) }).await? {
            Ok(created) => Ok((Found::Created, created)),
            // The body was decided with the first round, and so were its reason and words.
            Err(known) if known.body != said => Ok((Found::Taken, known)),
            Err(known) if known.asked.may_begin_again() => {
                let event = Event::RoundStarted { at: self.lane.moment().at, by: maker };
                Ok((Found::Created, self.journal.apply_refund(known.id, event.into()).await?))
            }
            Err(known) => Ok((Found::Existing, known)),
        }
    }

    /// Takes up what a crash left: a request that was on the wire when its process ended may have taken effect.
    ///
    /// # Errors
    ///
    /// [`JournalError`].
    pub async fn take_up_the_lost(&self) -> Result<(), JournalError> {
        for charge in self.journal.charges_on_the_wire().await? {
            self.take_up_one::<Charge>(charge.id).await?;
        }
        for refund in self.journal.refunds_on_the_wire().await? {
            self.take_up_one::<Refund>(refund.id).await?;
        }
        Ok(())
    }

    async fn take_up_one<A: Kind>(&self, id: Uuid) -> Result<(), JournalError> {
        let verdict = Verdict::Ambiguous(Ambiguity::Crashed);
        let event = Event::AttemptEnded { at: self.lane.moment(), verdict, pay_by: None };
        A::apply(self.journal.as_ref(), id, event.into()).await.map(drop)
    }

    /// Works on a charge until the gateway's answer to it is known or `until` has come.
    ///
    /// # Errors
    ///
    /// [`CounterError`]; a look that failed is not an error here, it is tried again as planned.
    pub async fn advance_charge(
        self: &Arc<Self>,
        id: Uuid,
        until: Instant,
    ) -> Result<Stored<Charge>, CounterError> {
        self.advance(id, until).await
    }

    /// As [`Self::advance_charge`], for a refund.
    ///
    /// # Errors
    ///
    /// [`CounterError`].
    pub async fn advance_refund(
        self: &Arc<Self>,
        id: Uuid,
        until: Instant,
    ) -> Result<Stored<Refund>, CounterError> {
        self.advance(id, until).await
    }

    async fn advance<A: Kind>(self: &Arc<Self>, id: Uuid, until: Instant) -> Result<Stored<A>, CounterError> {
        // Nothing of it ever reached the gateway: whoever asks wants it tried now.
        let stored = self.stored::<A>(id).await?;
        if stored.asked.requests().is_proven_unsent()
            && !stored.asked.is_answered()
            && stored.asked.now(self) == Some(Act::Send)
        {
            self.act::<A>(id, Act::Send).await?;
        }
        let mut refusals = 0;
        loop {
            let stored = self.stored::<A>(id).await?;
            // A fresh token may be all that was missing; beyond that, only a person can mend the credentials.
            match &stored.asked.requests().verdict {
                Some(Verdict::NotExecuted(NotExecuted::Forbidden(_))) => return Ok(stored),
                Some(Verdict::NotExecuted(NotExecuted::Unauthorized(_))) if refusals > 0 => {
                    return Ok(stored);
                }
                Some(Verdict::NotExecuted(NotExecuted::Unauthorized(_))) => refusals += 1,
                _ => {}
            }
            let Some(plan) = stored.asked.plan().filter(|_| !stored.asked.is_answered()) else {
                return Ok(stored);
            };
            let wait = Duration::try_from(plan.at.duration_since(self.lane.moment().at)).unwrap_or_default();
            if Instant::now() + wait > until {
                return Ok(stored);
            }
            tokio::time::sleep(wait).await;
            match self.act::<A>(id, plan.act).await {
                Ok(_) | Err(CounterError::Look(_)) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Looks at a charge now, if its id at the gateway is known.
    ///
    /// # Errors
    ///
    /// [`CounterError`].
    pub async fn look_at_charge(self: &Arc<Self>, id: Uuid) -> Result<Stored<Charge>, CounterError> {
        self.act(id, Act::Look).await
    }

    /// Looks at the cash-in of a refund now.
    ///
    /// # Errors
    ///
    /// [`CounterError`].
    pub async fn look_at_refund(self: &Arc<Self>, id: Uuid) -> Result<Stored<Refund>, CounterError> {
        self.act(id, Act::Look).await
    }

    /// Takes up, at once, the charge or the refund that a row of the feed is about. Whether there is one.
    ///
    /// # Errors
    ///
    /// [`CounterError`].
    pub async fn take_up(self: &Arc<Self>, row: Uuid) -> Result<bool, CounterError> {
        if let Some(refund) = self.journal.refund_of(row).await?.filter(|refund| refund.asked.is_open()) {
            self.press_on::<Refund>(refund.id).await?;
            return Ok(true);
        }
        if let Some(charge) = self.journal.charge(row).await? {
            self.press_on::<Charge>(charge.id).await?;
            return Ok(true);
        }
        Ok(false)
    }

    /// Takes up every refund that is open, and every charge that is in doubt or due, whatever its waiting time. Gives each
    /// as it stands afterwards, with what was in the way.
    ///
    /// # Errors
    ///
    /// [`JournalError`].
    pub async fn recover(self: &Arc<Self>, until: Instant) -> Result<Recovered, JournalError> {
        let now = self.lane.moment().at;
        let mut charges = self.journal.charges_due(None).await?;
        charges.retain(|charge| {
            charge.asked.state != CashIn::AwaitingPayment
                || charge.asked.plan().is_some_and(|plan| plan.at <= now)
        });
        let refunds = self.journal.refunds_due(None).await?;
        let mut recovered = Recovered::default();
        for charge in self.press_all::<Charge>(&charges, until).await {
            let (id, trouble) = charge;
            recovered.charges.extend(self.journal.charge(id).await?.map(|charge| (charge, trouble)));
        }
        for refund in self.press_all::<Refund>(&refunds, until).await {
            let (id, trouble) = refund;
            recovered.refunds.extend(self.journal.refund(id).await?.map(|refund| (refund, trouble)));
        }
        Ok(recovered)
    }

    async fn press_all<A: Kind>(
        self: &Arc<Self>,
        open: &[Stored<A>],
        until: Instant,
    ) -> Vec<(Uuid, Option<CounterError>)> {
        let ids: Vec<Uuid> = open.iter().map(|stored| stored.id).collect();
        stream::iter(ids)
            .map(|id| {
                let counter = Arc::clone(self);
                async move {
                    // A request that has begun goes on in its own task; the time-out only ends the waiting.
                    match tokio::time::timeout_at(until, counter.press_on::<A>(id)).await {
                        Ok(Err(error)) => (id, Some(error)),
                        Ok(Ok(())) | Err(_) => (id, None),
                    }
                }
                .boxed()
            })
            .buffered(AT_ONCE)
            .collect()
            .await
    }

    /// Does what can be done at once: a look, a request where the look has not settled it, and a look at what came of it.
    async fn press_on<A: Kind>(self: &Arc<Self>, id: Uuid) -> Result<(), CounterError> {
        let mut last = None;
        let mut outcome = Ok(());
        for _ in 0..STEPS {
            let Some(act) = self.stored::<A>(id).await?.asked.now(self) else { break };
            if last == Some(act) {
                break;
            }
            last = Some(act);
            outcome = match self.act::<A>(id, act).await {
                Ok(_) => Ok(()),
                // What could not be looked at may be sent all the same: the same bytes under the same key.
                Err(error @ CounterError::Look(_)) => Err(error),
                Err(error) => return Err(error),
            };
        }
        outcome
    }

    /// Works off what is due until it is dropped. What it has begun goes on in tasks of their own.
    pub async fn track(self: Arc<Self>, mut news: watch::Receiver<u64>) {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        loop {
            news.mark_unchanged();
            let due = self.due().await.unwrap_or_else(|error| {
                tracing::error!("charges and refunds that are due cannot be read: {error}");
                Vec::new()
            });
            for (which, act) in due {
                let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
                let counter = Arc::clone(&self);
                tokio::spawn(async move {
                    let done = match which {
                        Which::Charge(id) => counter.act::<Charge>(id, act).await.map(drop),
                        Which::Refund(id) => counter.act::<Refund>(id, act).await.map(drop),
                    };
                    if let Err(error) = done {
                        tracing::info!(?which, "{error}");
                    }
                    drop(place);
                });
            }
            tokio::time::sleep(BREATH).await;
            let wait = match self.journal.next_asked_due().await {
                Ok(Some(at)) => Duration::try_from(at.duration_since(self.lane.moment().at))
                    .unwrap_or_default()
                    .min(LONGEST),
                Ok(None) | Err(_) => LONGEST,
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                changed = news.changed() => if changed.is_err() { return },
            }
        }
    }

    async fn due(&self) -> Result<Vec<(Which, Act)>, JournalError> {
        let now = self.lane.moment().at;
        let is_reading = self.permit().is_err();
        let is_paused = is_reading || self.lane.paused().is_some();
        let mut due = Vec::new();
        for charge in self.journal.charges_due(Some(now)).await? {
            let plan = charge.asked.plan().filter(|plan| plan.act != Act::Send || !is_reading);
            due.extend(plan.map(|plan| (Which::Charge(charge.id), plan.act)));
        }
        for refund in self.journal.refunds_due(Some(now)).await? {
            let plan = refund.asked.plan().filter(|plan| plan.act != Act::Send || !is_paused);
            due.extend(plan.map(|plan| (Which::Refund(refund.id), plan.act)));
        }
        Ok(due)
    }

    fn permit(&self) -> Result<Permit, CounterError> {
        self.gateway.permit().map_err(|why| CounterError::Journal(why.into()))
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

    /// Does one thing for an order, in a task of its own: whoever waits for it may go away, it must not stop half-way.
    async fn act<A: Kind>(self: &Arc<Self>, id: Uuid, act: Act) -> Result<Stored<A>, CounterError> {
        let counter = Arc::clone(self);
        let task = self.wire.spawn(async move { counter.perform::<A>(id, act).await });
        task.await.map_err(|_| CounterError::Journal(JournalError::Closed))?
    }

    async fn perform<A: Kind>(&self, id: Uuid, act: Act) -> Result<Stored<A>, CounterError> {
        let Some(_held) = self.hold(id) else { return Err(CounterError::Busy) };
        let at = self.lane.moment();
        let before = self.stored::<A>(id).await?;
        let after = match act {
            Act::Send => self.send::<A>(id).await,
            Act::Look => self.look::<A>(id).await,
            Act::LetGo => self.note(id, Event::LetGo { at }).await,
            Act::Hold => self.note(id, Event::PutOnHold { at }).await,
        }?;
        if let (Some(told), Some(news)) = (after.asked.needs(&before.asked), &self.news) {
            // Nobody listens any more while saldo ends; the journal has it.
            let _ = news.send(told).await;
        }
        Ok(after)
    }

    /// One request: journal, wire, journal.
    async fn send<A: Kind>(&self, id: Uuid) -> Result<Stored<A>, CounterError> {
        let before = self.stored::<A>(id).await?;
        let at = self.lane.moment();
        match before.asked.requests().dispatch(&at) {
            Dispatch::Expired => return self.note(id, Event::LetGo { at }).await,
            Dispatch::WindowClosed => return self.note(id, Event::WindowClosed { at }).await,
            // The machine says no to the second, in the journal's own transaction.
            Dispatch::Send | Dispatch::OnTheWire => {}
        }
        let permit = self.permit()?;
        if A::MOVES_MONEY {
            self.lane.check_the_clock(&at);
            if let Some(pause) = self.lane.paused() {
                return Err(pause.into());
            }
        }
        let key = before.asked.key(&self.settings.client_id);
        let deadline = Deadline::after(TO_FIRST_BYTE);
        let change = Event::AttemptStarted { at, key, body: before.fingerprint() };
        let started = A::apply(self.journal.as_ref(), id, change.into()).await?;
        // These are the bytes whose fingerprint has just been compared with what was decided.
        let request = MoneyRequest {
            body: before.body,
            idempotency_key: Some(key),
            reference: started.asked.echoed(),
            deadline,
            permit,
        };
        let (verdict, pay_by, evidence) = started.asked.send(self.gateway.as_ref(), &request).await;
        let at = self.lane.moment();
        if A::MOVES_MONEY {
            self.lane.judge(&verdict);
            self.lane.check_the_clock(&at);
        }
        self.keep::<A>(id, AskedChange { event: Event::AttemptEnded { at, verdict, pay_by }, evidence }).await
    }

    /// Writes a verdict down, and keeps offering it while the journal cannot be written.
    async fn keep<A: Kind>(
        &self,
        id: Uuid,
        change: AskedChange<A::Terms>,
    ) -> Result<Stored<A>, CounterError> {
        let mut wait = Duration::from_millis(100);
        let mut waited = Duration::ZERO;
        loop {
            match A::apply(self.journal.as_ref(), id, change.clone()).await {
                Err(JournalError::Unwritable(reason)) if self.goes_on_offering(waited) => {
                    if let Some(news) = &self.news {
                        // Nobody listens any more while saldo ends; the journal has it.
                        let _ = news.send(News::JournalTrouble(reason.reason)).await;
                    }
                    tokio::time::sleep(wait).await;
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

    /// Asks the gateway for the cash-in.
    async fn look<A: Kind>(&self, id: Uuid) -> Result<Stored<A>, CounterError> {
        let before = self.stored::<A>(id).await?;
        let Some(gateway_id) = before.asked.look_id() else { return Ok(before) };
        let outcome = match self.gateway.cash_in(gateway_id.as_str()).await {
            Ok(report) => self.observe(report).await.map(drop).map_err(CounterError::from),
            Err(error) => Err(error.into()),
        };
        let after = self.stored::<A>(id).await?;
        // Told of another transaction, or of none: it has been looked at all the same.
        if after.updated_at == before.updated_at || outcome.is_err() {
            let after = self.note(id, Event::LookedInVain { at: self.lane.moment().at }).await?;
            return outcome.map(|()| after);
        }
        Ok(after)
    }

    async fn observe(&self, report: Report) -> Result<Transaction, JournalError> {
        let at = self.lane.moment();
        let new_id = Uuid::now_v7();
        let observation = Observation { report, source: Source::Get, happened_at: None, at, new_id };
        Ok(self.journal.observe(observation).await?.transaction)
    }

    async fn note<A: Kind>(&self, id: Uuid, event: Event<A::Terms>) -> Result<Stored<A>, CounterError> {
        Ok(A::apply(self.journal.as_ref(), id, event.into()).await?)
    }

    async fn stored<A: Kind>(&self, id: Uuid) -> Result<Stored<A>, JournalError> {
        A::get(self.journal.as_ref(), id).await?.ok_or_else(|| JournalError::NotFound(id.to_string()))
    }

    async fn row(&self, id: Uuid) -> Result<Transaction, JournalError> {
        let life = self.journal.life(id).await?.ok_or_else(|| JournalError::NotFound(id.to_string()))?;
        Ok(life.transaction)
    }

    fn hold(&self, id: Uuid) -> Option<Held<'_>> {
        let is_free = self.busy.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        is_free.then(|| Held { busy: &self.busy, id })
    }
}

/// What `saldo recover` took up.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub struct Recovered {
    /// Charges, oldest first.
    pub charges: Vec<(Stored<Charge>, Option<CounterError>)>,
    /// Refunds, oldest first.
    pub refunds: Vec<(Stored<Refund>, Option<CounterError>)>,
}

//! The engine of a desk: everything that runs while a cockpit is open.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use uuid::Uuid;

use super::clock::{self, SystemClock};
use super::counter::{ChargeDecision, Counter, Decided, RefundDecision};
use super::inbox::Inbox;
use super::lane::{Decision, Lane, LaneSettings};
use super::message::{AskedOutcome, Command, DecisionOutcome, FeedWindow, News};
use super::rebalance::{Rebalancer, review};
use super::{poller, tracker};
use crate::domain::cash_out::{Act, State};
use crate::domain::person::Person;
use crate::gateway::{Charging, Gateway};
use crate::journal::{CashIns, Journal, JournalError, Proposed, Query};

/// News that may wait for the screen. The screen takes them far faster than a person could make them; when it does
/// not, the engine's tasks wait for it instead of filling memory.
const NEWS: usize = 256;

/// Commands that may wait for the engine: more than a person can press in the time a command takes.
const COMMANDS: usize = 64;

/// Changes of the journal are gathered for so long before the screen's window is read again: a screen shows 30 frames
/// a second at most.
const GATHER: Duration = Duration::from_millis(33);

/// What a desk is made of.
pub struct Parts {
    /// The journal, owned.
    pub journal: Arc<dyn CashIns>,
    /// The gateway.
    pub gateway: Arc<dyn Charging>,
    /// The lane's settings.
    pub lane: LaneSettings,
    /// Between two readings of the balance.
    pub poll_every: Duration,
    /// Whose midnight begins the desk's day.
    pub zone: TimeZone,
    /// Who is at the desk.
    pub operator: Person,
}

/// A running engine.
pub struct Desk {
    journal: Arc<dyn CashIns>,
    lane: Arc<Lane>,
    rebalancer: Arc<Rebalancer>,
    counter: Arc<Counter>,
    commands: mpsc::Sender<Command>,
    news: mpsc::Sender<News>,
    webhook_came: Arc<Notify>,
    tasks: JoinSet<()>,
}

impl Desk {
    /// Takes up what a crash left and starts working. The news come out of the receiver.
    ///
    /// # Errors
    ///
    /// [`JournalError`]: nothing was started.
    pub async fn start(parts: Parts) -> Result<(Self, mpsc::Receiver<News>), JournalError> {
        let (news, receiver) = mpsc::channel(NEWS);
        let (commands, orders) = mpsc::channel(COMMANDS);
        let Parts { journal, gateway, lane, poll_every, zone, operator } = parts;
        let settings = lane;
        let lane = Lane::new(
            Arc::<dyn CashIns>::clone(&journal),
            Arc::<dyn Charging>::clone(&gateway),
            Arc::new(SystemClock),
            settings.clone(),
            Some(news.clone()),
        );
        let rebalancer =
            Rebalancer::new(Arc::<dyn CashIns>::clone(&journal), Arc::<dyn Charging>::clone(&gateway));
        let counter = Counter::new(
            Arc::clone(&journal),
            Arc::clone(&gateway),
            Arc::clone(&lane),
            settings,
            Some(news.clone()),
        );
        lane.take_up_the_lost().await?;
        rebalancer.take_up_the_lost().await?;
        counter.take_up_the_lost().await?;
        let gateway: Arc<dyn Gateway> = gateway;
        let poll_now = Arc::new(Notify::new());
        let (window, wanted) = watch::channel(Wanted::default());
        let mut tasks = JoinSet::new();
        tasks.spawn(poller::run(
            Arc::clone(&gateway),
            Arc::<dyn CashIns>::clone(&journal),
            news.clone(),
            poll_every,
            Arc::clone(&poll_now),
        ));
        tasks.spawn(tracker::run(Arc::<dyn CashIns>::clone(&journal), Arc::clone(&lane), journal.news()));
        tasks.spawn(Arc::clone(&counter).track(journal.news()));
        tasks.spawn(show(Arc::<dyn CashIns>::clone(&journal), news.clone(), wanted, zone));
        let clerk = Clerk {
            journal: Arc::<dyn CashIns>::clone(&journal),
            gateway,
            lane: Arc::clone(&lane),
            rebalancer: Arc::clone(&rebalancer),
            counter: Arc::clone(&counter),
            news: news.clone(),
            poll_now,
            window,
            operator,
        };
        tasks.spawn(Arc::new(clerk).run(orders));
        let desk = Self {
            journal,
            lane,
            rebalancer,
            counter,
            commands,
            news,
            webhook_came: Arc::new(Notify::new()),
            tasks,
        };
        Ok((desk, receiver))
    }

    /// Where commands go.
    pub fn commands(&self) -> mpsc::Sender<Command> {
        self.commands.clone()
    }

    /// Where news go, for a webhook listener of this desk.
    pub fn news(&self) -> mpsc::Sender<News> {
        self.news.clone()
    }

    /// Rung by a webhook listener when a delivery is durable.
    pub fn webhook_came(&self) -> Arc<Notify> {
        Arc::clone(&self.webhook_came)
    }

    /// Starts reading webhooks, and serves `listener` beside it.
    pub fn listen(
        &mut self,
        listener: impl Future<Output = ()> + Send + 'static,
        illegible: impl FnMut() + Send + 'static,
    ) {
        let inbox = Inbox::new(Arc::<dyn CashIns>::clone(&self.journal), self.news.clone());
        self.tasks.spawn(inbox.run(Arc::clone(&self.webhook_came), illegible));
        self.tasks.spawn(listener);
    }

    /// Whether a request is on the wire at this moment.
    pub fn is_busy(&self) -> bool {
        self.lane.is_busy() || self.rebalancer.is_busy() || self.counter.is_busy()
    }

    /// Stops everything but a request that is on the wire, and waits for that one. Accepted payments are not waited
    /// for: the journal knows them. The receiver of the news has to be gone, or nobody may be heard saying the last.
    pub async fn stop(mut self) {
        self.tasks.abort_all();
        self.lane.finish().await;
        self.rebalancer.finish().await;
        self.counter.finish().await;
        // The tasks hold the journal; its lock is free only once they are gone.
        while self.tasks.join_next().await.is_some() {}
    }
}

/// What the screen wants to see. The newest wish counts.
#[derive(Debug, Clone, Default)]
struct Wanted {
    feed: Query,
    life: Option<Uuid>,
}

/// Reads the screen's window whenever the journal or the wish has changed.
async fn show(
    journal: Arc<dyn Journal>,
    news: mpsc::Sender<News>,
    mut wanted: watch::Receiver<Wanted>,
    zone: TimeZone,
) {
    let mut changes = journal.news();
    loop {
        changes.mark_unchanged();
        let wish = wanted.borrow_and_update().clone();
        let told = match window(journal.as_ref(), &wish.feed, &zone).await {
            Ok(window) => news.send(News::Feed(Box::new(window))).await,
            Err(error) => news.send(News::JournalTrouble(error.to_string())).await,
        };
        if told.is_err() {
            return;
        }
        if let Some(id) = wish.life {
            let told = match journal.life(id).await {
                Ok(life) => news.send(News::Life(life.map(Box::new))).await,
                Err(error) => news.send(News::JournalTrouble(error.to_string())).await,
            };
            if told.is_err() {
                return;
            }
        }
        tokio::select! {
            changed = changes.changed() => {
                if changed.is_err() {
                    return;
                }
                tokio::time::sleep(GATHER).await;
            }
            changed = wanted.changed() => if changed.is_err() { return },
        }
    }
}

/// What the journal has for the screen: also what the first frame shows.
///
/// # Errors
///
/// [`JournalError`].
pub async fn window(
    journal: &(impl crate::journal::Reader + ?Sized),
    query: &Query,
    zone: &TimeZone,
) -> Result<FeedWindow, JournalError> {
    let limit = if query.limit == 0 { FEED_ROWS } else { query.limit };
    let mut rows = journal.transactions(Query { limit: limit + 1, ..query.clone() }).await?;
    let has_more = rows.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(FeedWindow {
        rows,
        has_more,
        totals: journal.totals(midnight(clock::now(), zone)).await?,
        rebalances_in_doubt: journal.rebalances_in_doubt().await?,
    })
}

/// Rows of the feed unless the screen asks for another number: more than any screen is high.
const FEED_ROWS: u32 = 200;

/// When the desk's day began (UTC).
fn midnight(now: Timestamp, zone: &TimeZone) -> Timestamp {
    now.to_zoned(zone.clone()).start_of_day().map_or(now, |start| start.timestamp())
}

/// Carries out commands: quick ones at once, those that wait for the gateway in tasks of their own.
struct Clerk {
    journal: Arc<dyn Journal>,
    gateway: Arc<dyn Gateway>,
    lane: Arc<Lane>,
    rebalancer: Arc<Rebalancer>,
    counter: Arc<Counter>,
    news: mpsc::Sender<News>,
    poll_now: Arc<Notify>,
    window: watch::Sender<Wanted>,
    operator: Person,
}

impl Clerk {
    async fn run(self: Arc<Self>, mut orders: mpsc::Receiver<Command>) {
        while let Some(command) = orders.recv().await {
            match command {
                Command::ShowFeed(query) => self.window.send_modify(|wanted| wanted.feed = query),
                Command::ShowLife(id) => self.window.send_modify(|wanted| wanted.life = id),
                Command::PollBalance => self.poll_now.notify_one(),
                Command::ResumePayments => {
                    self.lane.resume();
                    self.tell(News::Paused(None)).await;
                }
                Command::Pay(decision) => self.pay(*decision).await,
                Command::TakeUp(id) => {
                    let clerk = Arc::clone(&self);
                    tokio::spawn(async move { clerk.take_up(id).await });
                }
                Command::ReviewRebalance { target } => {
                    let clerk = Arc::clone(&self);
                    tokio::spawn(async move {
                        let outcome = review(clerk.gateway.as_ref(), target).await;
                        clerk.tell(News::RebalanceReviewed { target, outcome }).await;
                    });
                }
                Command::Rebalance { id, target, reviewed, reason } => {
                    let clerk = Arc::clone(&self);
                    tokio::spawn(async move {
                        let ended = clerk
                            .rebalancer
                            .send(id, target, &reviewed, reason, clerk.operator.clone())
                            .await;
                        clerk.tell(News::RebalanceEnded(ended.map(Box::new))).await;
                        clerk.poll_now.notify_one();
                    });
                }
                Command::Resolve { id, finding } => {
                    let clerk = Arc::clone(&self);
                    tokio::spawn(async move {
                        let by = clerk.operator.clone();
                        let outcome = clerk.lane.resolve(id, by, finding).await.map(Box::new);
                        clerk.tell(News::Resolved { id, outcome }).await;
                    });
                }
                Command::Charge(decision) => {
                    let clerk = Arc::clone(&self);
                    tokio::spawn(async move { clerk.charge(*decision).await });
                }
                Command::Refund(decision) => {
                    let clerk = Arc::clone(&self);
                    tokio::spawn(async move { clerk.refund(*decision).await });
                }
                Command::AcknowledgeRebalance(id) => {
                    let ended = self.rebalancer.acknowledge(id, self.operator.clone()).await;
                    self.tell(News::RebalanceEnded(ended.map(Box::new))).await;
                }
            }
        }
    }

    /// Journals a decision and sends it at once. Should that not come about, the tracker sends it, as after a restart.
    async fn pay(&self, decision: Decision) {
        let id = decision.id;
        let outcome = match self.lane.decide(decision).await {
            Ok(Proposed::Created(intent)) => {
                if intent.cash_out.state == State::Approved {
                    let lane = Arc::clone(&self.lane);
                    tokio::spawn(async move {
                        if let Err(error) = lane.act(intent.id, Act::Send).await {
                            tracing::info!(intent = %intent.id, "{error}");
                        }
                    });
                }
                DecisionOutcome::Created
            }
            Ok(Proposed::Existing(intent)) if intent.id == id => DecisionOutcome::Created,
            Ok(Proposed::Existing(intent)) => DecisionOutcome::Existing(Box::new(intent)),
            Ok(Proposed::Taken(intent)) => DecisionOutcome::Taken(Box::new(intent)),
            Err(error) => DecisionOutcome::NotJournalled(error.to_string()),
        };
        self.tell(News::CashOutDecided { id, outcome }).await;
        if let Some(pause) = self.lane.paused() {
            self.tell(News::Paused(Some(pause))).await;
        }
    }

    /// Journals a charge and makes it at once. Should that not come about, the tracker does, as after a restart.
    async fn charge(&self, decision: ChargeDecision) {
        let id = decision.id;
        let decided = self.counter.decide_charge(decision).await;
        let (outcome, made) = match decided {
            Ok(Decided::Created(charge)) => (AskedOutcome::Created(charge.id), Some(charge.id)),
            Ok(Decided::Existing(charge)) if charge.id == id => (AskedOutcome::Created(id), None),
            Ok(Decided::Existing(charge)) => (AskedOutcome::Existing(charge.id), None),
            Ok(Decided::Taken(_)) => (AskedOutcome::Taken, None),
            Err(error) => (AskedOutcome::NotMade(error.to_string()), None),
        };
        self.tell(News::ChargeDecided { id, outcome }).await;
        if let Some(made) = made
            && let Err(error) = self.counter.advance_charge(made, Instant::now()).await
        {
            tracing::info!(charge = %made, "{error}");
        }
    }

    /// Journals a refund and sends it at once, as [`Self::charge`].
    async fn refund(&self, decision: RefundDecision) {
        let (id, cash_in) = (decision.id, decision.cash_in);
        let decided = self.counter.decide_refund(decision).await;
        let (outcome, made) = match decided {
            Ok(Decided::Created(refund)) => (AskedOutcome::Created(cash_in), Some(refund.id)),
            Ok(Decided::Existing(refund)) if refund.id == id => (AskedOutcome::Created(cash_in), None),
            Ok(Decided::Existing(_)) => (AskedOutcome::Existing(cash_in), None),
            Ok(Decided::Taken(_)) => (AskedOutcome::Taken, None),
            Err(error) => (AskedOutcome::NotMade(error.to_string()), None),
        };
        self.tell(News::RefundDecided { id, outcome }).await;
        if let Some(made) = made
            && let Err(error) = self.counter.advance_refund(made, Instant::now()).await
        {
            tracing::info!(refund = %made, "{error}");
        }
        if let Some(pause) = self.lane.paused() {
            self.tell(News::Paused(Some(pause))).await;
        }
    }

    async fn take_up(&self, id: Uuid) {
        // A person asks because they have mended something; a lane that is still refused pauses again.
        self.lane.resume();
        let Ok(Some(intent)) = self.journal.intent(id).await else {
            if let Err(error) = self.counter.take_up(id).await {
                tracing::info!(row = %id, "{error}");
            }
            self.tell(News::Paused(self.lane.paused())).await;
            return;
        };
        if let Some(act) = intent.cash_out.act_now(&self.lane.moment())
            && let Err(error) = self.lane.act(id, act).await
        {
            tracing::info!(intent = %id, "{error}");
        }
        self.tell(News::Paused(self.lane.paused())).await;
    }

    async fn tell(&self, news: News) {
        // Nobody listens any more while saldo ends; the journal has it.
        let _ = self.news.send(news).await;
    }
}

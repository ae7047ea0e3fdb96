//! A cockpit's engine where another process owns the journal: what the screen shows is read from the journal and from what
//! the owner tells, and what it wants is asked of the owner.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde::de::DeserializeOwned;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::client::{Broken, Client, Watch};
use super::operator;
use super::protocol::{Acknowledge, CashOut, Charge, HandOver, Refund, Request, Resolve, Told};
use crate::config::Exposure;
use crate::domain::alert::Alert;
use crate::domain::batch::Batch;
use crate::domain::permission::Access;
use crate::domain::text::Safe;
use crate::domain::{cash_in, refund};
use crate::engine::alerts::{NotAcknowledged, Subject, gap_files};
use crate::engine::batch::{self, Ran, RunBatch};
use crate::engine::counter::{ChargeDecision, CounterError, Made, RefundDecision};
use crate::engine::desk::{Wanted, show};
use crate::engine::lane::{Decision, LaneError, Pause};
use crate::engine::message::{
    AskedOutcome, Command, DecisionOutcome, News, RebalanceTrouble, ResultFile, WebhookHealth,
};
use crate::engine::office::{Decided, NotRebalanced, RebalanceOrder};
use crate::engine::outlook::Outlook;
use crate::engine::{clock, exposure, shift};
use crate::journal::handover::{NotAccepted, StoredHandover};
use crate::journal::{Intent, JournalError, ScreenReader, StoredBatch, StoredRebalance};

/// As a desk's own.
const NEWS: usize = 256;

/// As a desk's own.
const COMMANDS: usize = 64;

/// Between two looks for an owner that has gone.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// A decision that was not answered is asked again for so long: its id makes it one.
const ASK_AGAIN_FOR: Duration = Duration::from_secs(10);

/// For what was just asked to be handed over, when the screen is closed.
const HAND_OVER_WITHIN: Duration = Duration::from_secs(2);

/// An engine that lives in another process.
pub struct Attached {
    news: mpsc::Sender<News>,
    commands: mpsc::Sender<Command>,
    tasks: JoinSet<()>,
    asking: TaskTracker,
}

/// Asks the owner, whichever process that is at the moment.
struct Clerk {
    journal: PathBuf,
    account: String,
    reader: Arc<dyn ScreenReader>,
    news: mpsc::Sender<News>,
    zone: TimeZone,
    access: Access,
}

impl Attached {
    /// Over `journal`, which somebody owns for `account`, and which is read by `reader`; its owner is asked for what `access`
    /// lets this process ask. The news come out of the receiver.
    pub fn start(
        journal: PathBuf,
        account: String,
        access: Access,
        reader: Arc<dyn ScreenReader>,
        zone: TimeZone,
    ) -> (Self, mpsc::Receiver<News>) {
        let (news, receiver) = mpsc::channel(NEWS);
        let (commands, orders) = mpsc::channel(COMMANDS);
        let (window, wanted) = watch::channel(Wanted::default());
        let (changed, changes) = watch::channel(0);
        let asking = TaskTracker::new();
        let clerk = Arc::new(Clerk {
            journal,
            account,
            reader: Arc::clone(&reader),
            news: news.clone(),
            zone: zone.clone(),
            access,
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(show(reader, changes, news.clone(), wanted, zone.clone()));
        tasks.spawn(Arc::clone(&clerk).follow(changed, Outlook::new(zone)));
        tasks.spawn(clerk.run(orders, window, asking.clone()));
        (Self { news, commands, tasks, asking }, receiver)
    }

    /// Where commands go.
    pub fn commands(&self) -> mpsc::Sender<Command> {
        self.commands.clone()
    }

    /// Starts asking what the platform's users hold.
    pub fn follow(&mut self, exposure: Exposure) {
        self.tasks.spawn(exposure::run(exposure, self.news.clone()));
    }

    /// Stops showing. What the owner was asked for goes on there; what is just being handed over is waited for, for a
    /// moment.
    pub async fn stop(mut self) {
        drop(self.commands);
        self.asking.close();
        let _ = tokio::time::timeout(HAND_OVER_WITHIN, self.asking.wait()).await;
        self.tasks.abort_all();
        while self.tasks.join_next().await.is_some() {}
    }
}

impl Clerk {
    /// Tells the screen what the owner tells, and that it has gone, until it is dropped.
    async fn follow(self: Arc<Self>, changed: watch::Sender<u64>, mut outlook: Outlook) {
        let mut is_there = true;
        let mut failures = 0;
        loop {
            if let Some(mut watch) = self.watch().await {
                (is_there, failures) = (true, 0);
                while let Some(told) = watch.next().await {
                    let is_balance = matches!(told, Told::Balance(_));
                    self.pass_on(told, &changed).await;
                    if is_balance {
                        outlook.tell(self.reader.as_ref(), &self.news).await;
                    }
                }
            }
            failures += 1;
            if is_there {
                is_there = false;
                self.tell(News::Paused(Some(Pause::OwnerGone))).await;
                let trouble = Some(Pause::OwnerGone.to_string());
                let health = WebhookHealth { trouble, ..WebhookHealth::default() };
                self.tell(News::Webhooks(Box::new(health))).await;
            }
            let reason = Safe::new(&Pause::OwnerGone.to_string());
            self.tell(News::BalanceFailed { at: clock::now(), reason, failures }).await;
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn watch(&self) -> Option<Watch> {
        let client = Client::connect(&self.journal, self.access).await.ok().flatten()?;
        client.watch(&self.account).await.ok()
    }

    async fn pass_on(&self, told: Told, changed: &watch::Sender<u64>) {
        let news = match told {
            Told::Journal(_) => {
                // The number is the owner's own, and begins anew with the next one.
                changed.send_modify(|number| *number += 1);
                return;
            }
            Told::Balance(reading) => News::Balance(Box::new(Arc::unwrap_or_clone(reading))),
            Told::BalanceFailed { at, reason, failures } => News::BalanceFailed { at, reason, failures },
            Told::Webhooks(health) => News::Webhooks(Box::new(health)),
            Told::Paused(pause) => News::Paused(pause),
            Told::Alarm { alarm, intent } => {
                News::Alarm { alarm, intent: Box::new(Arc::unwrap_or_clone(intent)) }
            }
            Told::RefundNeeds { cash_in, amount, state } => News::RefundNeeds { cash_in, amount, state },
            Told::StillHeld(intent) => News::StillHeld(Box::new(Arc::unwrap_or_clone(intent))),
            Told::JournalTrouble(reason) => News::JournalTrouble(reason),
        };
        self.tell(news).await;
    }

    async fn run(
        self: Arc<Self>,
        mut orders: mpsc::Receiver<Command>,
        window: watch::Sender<Wanted>,
        asking: TaskTracker,
    ) {
        while let Some(command) = orders.recv().await {
            match command {
                Command::ShowFeed(query) => window.send_modify(|wanted| wanted.feed = *query),
                Command::ShowLife(id) => window.send_modify(|wanted| wanted.life = id),
                Command::Seek(text) => window.send_modify(|wanted| wanted.sought = text),
                Command::SeekAnew => window.send_modify(|wanted| wanted.sought_anew += 1),
                Command::LookUpPayee(opened, order) => {
                    window.send_modify(|wanted| wanted.payee = Some((opened, order)));
                }
                Command::LookBack(past) => window.send_modify(|wanted| wanted.past = past),
                Command::ShowBatch(part) => window.send_modify(|wanted| wanted.batch = part),
                command => {
                    let clerk = Arc::clone(&self);
                    asking.spawn(async move { clerk.carry_out(command).await });
                }
            }
        }
    }

    async fn carry_out(&self, command: Command) {
        match command {
            Command::ShowFeed(_)
            | Command::ShowLife(_)
            | Command::Seek(_)
            | Command::SeekAnew
            | Command::LookUpPayee(..)
            | Command::LookBack(_)
            | Command::ShowBatch(_) => {}
            // Where these cannot be asked, the screen says already that nobody is there.
            Command::PollBalance => drop(self.ask::<()>(Request::PollBalance).await),
            Command::ResumePayments => drop(self.ask::<()>(Request::Resume).await),
            Command::TakeUp(id) => {
                drop(self.ask::<Result<Option<Intent>, LaneError>>(Request::TakeUp(id)).await);
            }
            Command::Pay(decision) => self.pay(*decision).await,
            Command::ReviewRebalance { target } => {
                let outcome = self.ask(Request::Review(target)).await;
                let outcome = outcome.unwrap_or_else(|broken| {
                    Err(RebalanceTrouble::NoBalance(Safe::new(&broken.to_string())))
                });
                self.tell(News::RebalanceReviewed { target, outcome }).await;
            }
            Command::Rebalance { id, target, reviewed, reason } => {
                let order = RebalanceOrder { id, target, reviewed: *reviewed, reason, after_doubt: None };
                self.rebalance(id, Request::Rebalance(Box::new(order))).await;
            }
            Command::AcknowledgeRebalance(id) => {
                let settled: Result<Result<(), NotRebalanced>, _> = self.ask(Request::SettleDoubt(id)).await;
                let ended = match settled {
                    Ok(Ok(())) => self.stored(id, "it is not in the journal").await,
                    Ok(Err(why)) => Err(why.into()),
                    Err(broken) => Err(trouble(&broken)),
                };
                self.tell(News::RebalanceEnded(ended)).await;
            }
            Command::Acknowledge { subject, note } => self.acknowledge(subject, note).await,
            Command::LookAtGaps => {
                let found = gap_files(self.reader.as_ref(), &self.zone).await;
                self.tell(News::Gaps(found.map_err(|error| error.to_string()))).await;
            }
            Command::LookAtShift => {
                let found = shift::look(self.reader.as_ref(), clock::now(), operator()).await;
                self.tell(News::Shift(found.map(Box::new).map_err(|error| error.to_string()))).await;
            }
            Command::HandOver { since, note } => {
                let id = Uuid::now_v7();
                let ask = Request::HandOver(Box::new(HandOver { id, since, note }));
                let handed = self.ask::<Result<StoredHandover, JournalError>>(ask).await;
                let handed = handed.map(|handed| handed.map_err(|error| error.to_string()));
                self.tell_handover(id, handed, |_| true).await;
            }
            Command::AcceptShift(id) => {
                let ask = Request::AcceptHandover(id);
                let taken = self.ask::<Result<StoredHandover, NotAccepted>>(ask).await;
                let taken = taken.map(|taken| taken.map_err(|why| why.to_string()));
                self.tell_handover(id, taken, |stored| stored.accepted.is_some()).await;
            }
            Command::Favour(favour) => {
                let favoured = self.ask::<Result<(), JournalError>>(Request::Favour(favour)).await;
                let favoured = match favoured {
                    Ok(favoured) => favoured.map_err(|error| error.to_string()),
                    // Asked again it is the same; and the list is read anew, whatever is said.
                    Err(broken) => Err(broken.to_string()),
                };
                self.tell(News::Favoured(favoured)).await;
            }
            Command::ReadBatch(source) => {
                let outcome = Box::new(batch::look(self.reader.as_ref(), &source).await);
                self.tell(News::BatchRead { source, outcome }).await;
            }
            Command::PayBatch { batch, result } => self.pay_batch(*batch, result).await,
            Command::ListBatches => {
                let listed = self.reader.batches(batch::LISTED).await;
                self.tell(News::Batches(listed.map_err(|error| error.to_string()))).await;
            }
            Command::WriteBatchResult { id, file } => {
                batch::write_and_tell(self.reader.as_ref(), id, &file, &self.news).await;
            }
            Command::Charge(decision) => self.charge(*decision).await,
            Command::Refund(decision) => self.refund(*decision).await,
            Command::Resolve { id, finding } => {
                let before = self.reader.intent(id).await.ok().flatten();
                let resolve = Request::Resolve(Box::new(Resolve { id, finding }));
                let outcome = match self.ask::<Result<Option<Intent>, LaneError>>(resolve).await {
                    Ok(outcome) => outcome,
                    Err(broken) => match self.reader.intent(id).await {
                        // Nobody answered; what the journal shows now counts.
                        Ok(Some(now)) if before.is_some_and(|before| before.updated_at != now.updated_at) => {
                            Ok(Some(now))
                        }
                        _ => Err(LaneError::Journal(JournalError::unwritable(broken.to_string()))),
                    },
                };
                self.tell(News::Resolved { id, outcome: outcome.map(|intent| intent.map(Box::new)) }).await;
            }
        }
    }

    /// Hands a decision over, until it is certain whether it was taken: its id makes it one, however often it is asked.
    async fn pay(&self, decision: Decision) {
        let Decision { id, reference, order, reason, again, .. } = decision;
        let until = tokio::time::Instant::now() + ASK_AGAIN_FOR;
        let pay = CashOut { id, reference, order, reason, again };
        let outcome = loop {
            let decided: Result<Result<Decided, JournalError>, _> =
                self.ask(Request::Decide(Box::new(pay.clone()))).await;
            match decided {
                Ok(Ok(decided)) => break decided.outcome(id),
                Ok(Err(JournalError::NotAllowed(why))) => break DecisionOutcome::NotAllowed(why),
                Ok(Err(error)) => break DecisionOutcome::NotJournalled(error.to_string()),
                Err(broken) => {
                    // It may be there, with nobody to answer.
                    if let Ok(Some(_)) = self.reader.intent(id).await {
                        break DecisionOutcome::Created;
                    }
                    if let Some(why) = broken.not_allowed() {
                        break DecisionOutcome::NotAllowed(why);
                    }
                    if broken.is_final() || tokio::time::Instant::now() >= until {
                        break DecisionOutcome::NotJournalled(broken.to_string());
                    }
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
            }
        };
        self.tell(News::CashOutDecided { id, outcome }).await;
    }

    /// The first acknowledgement stands, so it may be asked for again.
    async fn acknowledge(&self, subject: Subject, note: Option<String>) {
        let request = Request::Acknowledge(Box::new(Acknowledge { subject, note }));
        let asked: Result<Result<Alert, NotAcknowledged>, _> = self.ask(request).await;
        let outcome = asked.unwrap_or_else(|broken| {
            Err(NotAcknowledged::Journal(JournalError::unwritable(broken.to_string())))
        });
        self.tell(News::Acknowledged(outcome.map(Box::new))).await;
    }

    /// Asks for a portion after the other. The owner begins lines for as long as somebody waits for them.
    async fn pay_batch(&self, batch: Batch, result: Option<ResultFile>) {
        let (id, name) = (batch.id(), batch.name.clone());
        let reader = self.reader.as_ref();
        let work = async {
            let record = Request::RecordBatch(Box::new(batch));
            self.answered::<StoredBatch>(record).await?;
            loop {
                let run = Request::RunBatch(RunBatch { id, again: None });
                let ran: Ran = self.answered(run).await?;
                if !ran.more {
                    return Ok(ran.stopped);
                }
            }
        };
        let ended = batch::watched(reader, (id, &name), &self.news, work).await;
        if let Some(result) = result {
            batch::write_and_tell(reader, id, &result, &self.news).await;
        }
        batch::tell_end(reader, (id, name), &self.news, ended).await;
    }

    async fn answered<T: DeserializeOwned>(&self, request: Request) -> Result<T, String> {
        let answer: Result<Result<T, JournalError>, Broken> = self.ask(request).await;
        answer.map_err(|broken| broken.to_string())?.map_err(|error| error.to_string())
    }

    /// As [`Self::pay`]: the reference makes it one.
    async fn charge(&self, decision: ChargeDecision) {
        let ChargeDecision { id, reference, order, .. } = decision;
        let request = Request::Charge(Box::new(Charge { id, reference, order }));
        let outcome = match self.ask_until_taken::<Made<cash_in::Charge>>(&request).await {
            Ok(made) => AskedOutcome::of(made.found, made.stored.id == id, made.stored.id),
            // It may be there, with nobody to answer.
            Err(why) => match self.reader.find(&id.to_string()).await {
                Ok(Some(row)) => AskedOutcome::Created(row.id),
                _ => AskedOutcome::NotMade(why),
            },
        };
        self.tell(News::ChargeDecided { id, outcome }).await;
    }

    /// As [`Self::pay`]: the cash-in makes it one.
    async fn refund(&self, decision: RefundDecision) {
        let RefundDecision { id, cash_in, reason, description, .. } = decision;
        let request = Request::Refund(Box::new(Refund { id, cash_in, reason, description }));
        let outcome = match self.ask_until_taken::<Made<refund::Refund>>(&request).await {
            Ok(made) => AskedOutcome::of(made.found, made.stored.id == id, cash_in),
            Err(why) => match self.reader.life(cash_in).await {
                Ok(Some(life)) if life.incoming.refund.is_some() => AskedOutcome::Existing(cash_in),
                _ => AskedOutcome::NotMade(why),
            },
        };
        self.tell(News::RefundDecided { id, outcome }).await;
    }

    /// Asks until the request is known to be taken or not, for a while. It has to be one that may be asked again.
    async fn ask_until_taken<T: DeserializeOwned>(&self, request: &Request) -> Result<T, String> {
        let until = tokio::time::Instant::now() + ASK_AGAIN_FOR;
        loop {
            match self.ask::<Result<T, CounterError>>(request.clone()).await {
                Ok(made) => return made.map_err(|error| error.to_string()),
                Err(broken) if broken.is_final() || tokio::time::Instant::now() >= until => {
                    return Err(broken.to_string());
                }
                Err(_) => tokio::time::sleep(LOOK_AGAIN).await,
            }
        }
    }

    /// Asks for it once. Its row comes before its request, so where nobody answered, the journal says whether it was begun.
    async fn rebalance(&self, id: Uuid, request: Request) {
        let ended: Result<Result<StoredRebalance, NotRebalanced>, _> = self.ask(request).await;
        let ended = match ended {
            Ok(Ok(stored)) => Ok(Box::new(stored)),
            Ok(Err(why)) => Err(why.into()),
            Err(broken @ Broken::Unknown(_)) => self.stored(id, &broken.to_string()).await,
            Err(broken) => Err(trouble(&broken)),
        };
        self.tell(News::RebalanceEnded(ended)).await;
    }

    async fn stored(&self, id: Uuid, otherwise: &str) -> Result<Box<StoredRebalance>, RebalanceTrouble> {
        let missing = || RebalanceTrouble::NotJournalled(otherwise.to_owned());
        match self.reader.rebalance(id).await {
            Ok(stored) => stored.map(Box::new).ok_or_else(missing),
            Err(error) => Err(RebalanceTrouble::NotJournalled(error.to_string())),
        }
    }

    /// What became of a hand-over; where nobody answered, what the journal shows counts.
    async fn tell_handover(
        &self,
        id: Uuid,
        answer: Result<Result<StoredHandover, String>, Broken>,
        is_done: impl Fn(&StoredHandover) -> bool,
    ) {
        let outcome = match answer {
            Ok(outcome) => outcome,
            Err(broken) => match self.reader.handover(id).await {
                Ok(Some(stored)) if is_done(&stored) => Ok(stored),
                _ => Err(broken.to_string()),
            },
        };
        self.tell(News::Handover(outcome.map(Box::new))).await;
    }

    async fn ask<T: DeserializeOwned>(&self, request: Request) -> Result<T, Broken> {
        match Client::connect(&self.journal, self.access).await {
            Ok(Some(client)) => client.ask(&self.account, request, &CancellationToken::new()).await,
            Ok(None) => Err(Broken::NotSent(Pause::OwnerGone.to_string())),
            Err(refusal) => Err(Broken::Refused(refusal)),
        }
    }

    async fn tell(&self, news: News) {
        // Nobody listens any more while the screen closes.
        let _ = self.news.send(news).await;
    }
}

/// Why a rebalance that was asked for was not done, where that is certain.
fn trouble(broken: &Broken) -> RebalanceTrouble {
    match broken.not_allowed() {
        Some(why) => why.into(),
        None => RebalanceTrouble::NotJournalled(broken.to_string()),
    }
}

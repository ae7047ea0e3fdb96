//! What differs between a charge and a refund, as far as the counter has to know.

use futures::FutureExt;
use futures::future::BoxFuture;
use uuid::Uuid;

use super::Counter;
use crate::domain::attempt::Verdict;
use crate::domain::cash_in::{self, Charge};
use crate::domain::refund::{self, Refund};
use crate::domain::request::{Act, Asked, Dispatch, PayBy};
use crate::domain::text::Safe;
use crate::domain::transaction::CashIn;
use crate::engine::message::News;
use crate::gateway::{Charging, MoneyRequest};
use crate::journal::{Answer as JournalAnswer, AskedChange, CashIns, Stored};

/// What the counter has to know of a kind of order.
pub(super) trait Kind: Asked<Terms: Clone + Send + Sync + 'static> + Send + Sync + 'static {
    /// Whether it moves money out of the wallet, and so obeys the lane's pauses.
    const MOVES_MONEY: bool;

    fn get(journal: &dyn CashIns, id: Uuid) -> JournalAnswer<'_, Option<Stored<Self>>>;

    fn apply(
        journal: &dyn CashIns,
        id: Uuid,
        change: AskedChange<Self::Terms>,
    ) -> JournalAnswer<'_, Stored<Self>>;

    /// Sends its request.
    fn send<'a>(
        &'a self,
        gateway: &'a dyn Charging,
        request: &'a MoneyRequest,
    ) -> BoxFuture<'a, (Verdict, Option<PayBy>, Option<Vec<u8>>)>;

    /// What an acceptance has to echo as `externalReference`.
    fn echoed(&self) -> Option<String>;

    /// The id to ask the gateway by.
    fn look_id(&self) -> Option<Safe>;

    /// What to do now, whatever the waiting time.
    fn now(&self, counter: &Counter) -> Option<Act>;

    /// Whether the gateway's answer to it is known.
    fn is_answered(&self) -> bool;

    /// What a person has to be told of what has become of it.
    fn needs(&self, before: &Self) -> Option<News>;
}

impl Kind for Charge {
    const MOVES_MONEY: bool = false;

    fn get(journal: &dyn CashIns, id: Uuid) -> JournalAnswer<'_, Option<Stored<Self>>> {
        journal.charge(id)
    }

    fn apply(
        journal: &dyn CashIns,
        id: Uuid,
        change: AskedChange<cash_in::Terms>,
    ) -> JournalAnswer<'_, Stored<Self>> {
        journal.apply_charge(id, change)
    }

    fn send<'a>(
        &'a self,
        gateway: &'a dyn Charging,
        request: &'a MoneyRequest,
    ) -> BoxFuture<'a, (Verdict, Option<PayBy>, Option<Vec<u8>>)> {
        async move {
            let answer = gateway.send_cash_in(request).await;
            (answer.verdict, answer.pay_by, answer.raw.map(|raw| raw.body))
        }
        .boxed()
    }

    fn echoed(&self) -> Option<String> {
        Some(self.terms.reference.to_string())
    }

    fn look_id(&self) -> Option<Safe> {
        self.gateway_id().cloned()
    }

    fn now(&self, counter: &Counter) -> Option<Act> {
        let plan = self.plan()?;
        match (self.state, self.requests.dispatch(&counter.lane.moment())) {
            (CashIn::Approved | CashIn::Unknown, Dispatch::Send) => Some(Act::Send),
            (CashIn::Unknown, Dispatch::WindowClosed) if plan.act == Act::Send => Some(Act::Send),
            (CashIn::AwaitingPayment, _) => Some(Act::Look),
            _ => (plan.at <= counter.lane.moment().at).then_some(plan.act),
        }
    }

    fn is_answered(&self) -> bool {
        !matches!(self.state, CashIn::Approved | CashIn::Unknown)
    }

    // No money of the wallet's moves: its row says enough.
    fn needs(&self, _: &Self) -> Option<News> {
        None
    }
}

impl Kind for Refund {
    const MOVES_MONEY: bool = true;

    fn get(journal: &dyn CashIns, id: Uuid) -> JournalAnswer<'_, Option<Stored<Self>>> {
        journal.refund(id)
    }

    fn apply(
        journal: &dyn CashIns,
        id: Uuid,
        change: AskedChange<refund::Terms>,
    ) -> JournalAnswer<'_, Stored<Self>> {
        journal.apply_refund(id, change)
    }

    fn send<'a>(
        &'a self,
        gateway: &'a dyn Charging,
        request: &'a MoneyRequest,
    ) -> BoxFuture<'a, (Verdict, Option<PayBy>, Option<Vec<u8>>)> {
        async move {
            let answer = gateway.send_refund(self.terms.gateway_id.as_str(), request).await;
            (answer.verdict, None, answer.raw.map(|raw| raw.body))
        }
        .boxed()
    }

    fn echoed(&self) -> Option<String> {
        self.terms.reference.as_ref().map(ToString::to_string)
    }

    fn look_id(&self) -> Option<Safe> {
        Some(self.terms.gateway_id.clone())
    }

    fn now(&self, counter: &Counter) -> Option<Act> {
        self.act_now(&counter.lane.moment())
    }

    fn is_answered(&self) -> bool {
        self.state.is_final() || self.state == refund::State::Accepted
    }

    fn needs(&self, before: &Self) -> Option<News> {
        refund_needs(self, before)
    }
}

/// What a person has to be told of a refund, whichever way the news of it came: refused, held, let go, or contradicted.
pub(in crate::engine) fn refund_needs(now: &Refund, before: &Refund) -> Option<News> {
    let is_trouble =
        matches!(now.state, refund::State::Rejected | refund::State::Held | refund::State::Expired);
    let is_new = now.state != before.state && is_trouble || now.conflict && !before.conflict;
    let (cash_in, amount, state) = (now.terms.cash_in, now.terms.amount, now.state);
    is_new.then_some(News::RefundNeeds { cash_in, amount, state })
}

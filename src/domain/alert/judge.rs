//! These facts at this time: which alerts hold?
//!
//! What holds already is given as well, for two reasons. A figure that dances around an edge must not ring at each poll, so
//! an alert that stands ends further inside than where it began. And where a fact is not known at the moment, nothing
//! begins and nothing ends by it.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{About, Kind, What};
use crate::domain::balance::Reading;
use crate::domain::band::{Band, Standing};
use crate::domain::conservation::Gap;
use crate::domain::gap::GapFile;
use crate::domain::money::Centavos;
use crate::domain::text::Safe;
use crate::domain::transaction::State;

/// A balance that could not be read so many times in a row is told.
pub const UNREAD: u32 = 3;

/// Alerts of one kind at the same time. More of them than that are no news, but the same trouble; the screen counts all.
pub const MOST_OF_A_KIND: usize = 50;

/// A webhook that an address has not taken for so long is told, and so is a batch that nobody goes on with; before, there is
/// peace.
const STANDS: SignedDuration = SignedDuration::from_mins(1);

/// What the desk wants to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// What it holds against the transactional balance.
    pub band: Option<Band>,
    /// The balance ought to pay for so long at the present outflow.
    pub coverage: Option<SignedDuration>,
    /// The gateway may give the same snapshot for so long.
    pub stands_still: SignedDuration,
    /// A payment may be in doubt for so long: most doubts end with the next request.
    pub in_doubt: SignedDuration,
    /// Whether payments name an address for their webhooks: where none does, none can be late.
    pub expects_webhooks: bool,
    /// Whether saldo is told everything that moves, so that a difference is a fault.
    pub sees_everything: bool,
}

/// The newest balance, and how it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The balance.
    pub reading: Reading,
    /// When saldo first read the gateway's present `updatedAt` (UTC, saldo's clock).
    pub still_since: Timestamp,
}

/// That it cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failing {
    /// How many times in a row.
    pub failures: u32,
    /// Why.
    pub reason: Safe,
}

/// An address that webhooks are passed on to, and that does not take them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    /// Its address, without what may be secret in it.
    pub address: Safe,
    /// How many wait for it.
    pub waiting: u64,
    /// When the oldest of them came (UTC).
    pub oldest: Timestamp,
    /// Why the last try failed.
    pub reason: Safe,
}

/// A payment of which nobody knows the outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// saldo's id for it.
    pub id: Uuid,
    /// How much.
    pub amount: Option<Centavos>,
    /// Where it stands.
    pub state: State,
    /// When it was decided (UTC).
    pub since: Timestamp,
}

/// What it is that the gateway contradicts itself about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Contradicted {
    /// A payment of saldo's.
    Payment,
    /// One that was paid after it had counted as not paid.
    PaidAfterFailure,
    /// A charge of saldo's.
    Charge,
    /// The refund of a cash-in.
    Refund,
    /// A transaction that saldo did not order.
    Other,
}

/// Something that contradicts itself, and that nobody has looked into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// What.
    pub what: Contradicted,
    /// Its row, and since when.
    pub about: About,
}

/// A batch with lines that were not begun, and that nobody goes on with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standstill {
    /// Its id.
    pub id: Uuid,
    /// Lines that were not begun.
    pub waiting: u32,
    /// What they come to.
    pub amount: Centavos,
    /// Lines in doubt.
    pub in_doubt: u32,
    /// When somebody went on with it last, as far as this process knows (UTC).
    pub since: Timestamp,
}

/// Webhooks that ought to have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Missing {
    /// Payments of saldo's that settled a while ago and of which none came.
    pub missing: u64,
    /// Those of the last minutes that came long after what they tell.
    pub late: u64,
}

/// What the equation of the wallet leaves open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unexplained {
    /// From when on it was looked at (UTC). What lies before is not judged.
    pub opening: Timestamp,
    /// Lasting gaps that nobody has explained.
    pub gaps: Vec<GapFile>,
}

/// What is known. `None`: not at the moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The newest balance.
    pub balance: Option<Seen>,
    /// Why there is no newer one, if so.
    pub failing: Option<Failing>,
    /// How many minutes the transactional balance pays; inside, `None` where nothing leaves it.
    pub minutes_left: Option<Option<u64>>,
    /// Why saldo does not listen for webhooks, though it should.
    pub webhooks_off: Option<Safe>,
    /// Webhooks that ought to have come.
    pub missing: Option<Missing>,
    /// Webhooks refused for their signature, since that was last acknowledged.
    pub forged: u64,
    /// Webhooks kept aside, since that was last acknowledged.
    pub illegible: u64,
    /// Addresses that do not take what is passed on to them.
    pub forwards: Vec<Forward>,
    /// Payments in doubt, oldest first.
    pub payments: Option<Vec<Doubt>>,
    /// Rebalances in doubt: the id, the target, and when it was sent (UTC).
    pub rebalances: Option<Vec<(Uuid, Centavos, Timestamp)>>,
    /// What contradicts itself, oldest first.
    pub conflicts: Option<Vec<Conflict>>,
    /// Refunds in doubt, by their cash-in's row, oldest first.
    pub refunds: Option<Vec<About>>,
    /// Batches that nobody goes on with.
    pub batches: Option<Vec<Standstill>>,
    /// Why the journal takes nothing new; inside, `None` where it does.
    pub unwritable: Option<Option<Safe>>,
    /// Why nothing is sent, if so.
    pub paused: Option<Safe>,
    /// What the equation of the wallet leaves open.
    pub unexplained: Option<Unexplained>,
    /// Why the desk's command failed last; inside, `None` where it did not.
    pub hook: Option<Option<Safe>>,
}

/// Every alert that holds at `now`, given those that stood before.
pub fn judge(rules: &Rules, facts: &Facts, standing: &[&What], now: Timestamp) -> Vec<What> {
    let mut round = Round { standing, held: Vec::new() };
    balance(rules, facts, &mut round);
    coverage(rules, facts, &mut round);
    gateway(rules, facts, &mut round);
    webhooks(rules, facts, &mut round, now);
    doubts(rules, facts, &mut round, now);
    conflicts(facts, &mut round);
    batches(facts, &mut round, now);
    differences(rules, facts, &mut round);
    round.only(facts.paused.clone().map(|reason| What::PaymentsPaused { reason }));
    match &facts.unwritable {
        None => round.keep(Kind::JournalUnwritable),
        Some(why) => round.only(why.clone().map(|reason| What::JournalUnwritable { reason })),
    }
    match &facts.hook {
        // It was not run yet: what stood before the restart goes on.
        None => round.keep(Kind::HookFailed),
        Some(why) => round.only(why.clone().map(|reason| What::HookFailed { reason })),
    }
    round.held
}

struct Round<'a> {
    standing: &'a [&'a What],
    held: Vec<What>,
}

impl<'a> Round<'a> {
    fn of(&self, kind: Kind) -> impl Iterator<Item = &'a What> + use<'a> {
        let standing = self.standing;
        standing.iter().copied().filter(move |what| what.kind() == kind)
    }

    fn stands(&self, kind: Kind) -> bool {
        self.of(kind).next().is_some()
    }

    /// The fact is not known: what stood goes on.
    fn keep(&mut self, kind: Kind) {
        let kept: Vec<_> = self.of(kind).cloned().collect();
        self.held.extend(kept);
    }

    /// It holds if there is something to say.
    fn only(&mut self, what: Option<What>) {
        self.held.extend(what);
    }

    /// It holds while there is more to say, and goes on until it is acknowledged.
    fn stays(&mut self, kind: Kind, what: Option<What>) {
        match what {
            Some(what) => self.held.push(what),
            None => self.keep(kind),
        }
    }
}

fn balance(rules: &Rules, facts: &Facts, round: &mut Round<'_>) {
    const BELOW: Kind = Kind::BelowFloor;
    const ABOVE: Kind = Kind::AboveCeiling;
    let Some(band) = rules.band else { return };
    let Some(seen) = &facts.balance else {
        round.keep(BELOW);
        return round.keep(ABOVE);
    };
    let balance = seen.reading.balance.transactional;
    let (floor, ceiling) = (band.floor(), band.ceiling());
    let quarter = |from: Centavos, to: Centavos| Centavos::new(to.get().saturating_sub(from.get()) / 4);
    // A quarter of the way to the target: then somebody has topped up, or the money has come by itself.
    let back = Centavos::new(floor.get().saturating_add(quarter(floor, band.target()).get()));
    let down = Centavos::new(ceiling.get().saturating_sub(quarter(band.target(), ceiling).get()));
    let standing = band.standing(balance);
    if standing == Standing::BelowFloor || round.stands(BELOW) && balance < back {
        round.held.push(What::BelowFloor { balance, floor });
    }
    if standing == Standing::AboveCeiling || round.stands(ABOVE) && balance > down {
        round.held.push(What::AboveCeiling { balance, ceiling });
    }
}

fn coverage(rules: &Rules, facts: &Facts, round: &mut Round<'_>) {
    const IT: Kind = Kind::Coverage;
    let Some(limit) = rules.coverage else { return };
    let limit = u64::try_from(limit.as_mins()).unwrap_or_default();
    let (Some(left), Some(seen)) = (facts.minutes_left, &facts.balance) else { return round.keep(IT) };
    let Some(minutes) = left else { return };
    let enough = if round.stands(IT) { limit.saturating_add(limit / 4) } else { limit };
    if minutes < enough {
        round.held.push(What::Coverage { minutes, limit, balance: seen.reading.balance.transactional });
    }
}

fn gateway(rules: &Rules, facts: &Facts, round: &mut Round<'_>) {
    let last = facts.balance.as_ref().map(|seen| seen.reading.fetched_at);
    if let Some(failing) = facts.failing.as_ref().filter(|failing| failing.failures >= UNREAD) {
        round.held.push(What::GatewaySilent { last, reason: failing.reason.clone() });
    }
    match &facts.balance {
        None => round.keep(Kind::GatewayStandsStill),
        // A gateway that gives no time cannot be told to stand still.
        Some(seen) if seen.reading.balance.updated_at.is_none() => {}
        Some(seen) => {
            let still = seen.reading.fetched_at.duration_since(seen.still_since);
            if still >= rules.stands_still {
                round.held.push(What::GatewayStandsStill { since: seen.still_since });
            }
        }
    }
}

fn webhooks(rules: &Rules, facts: &Facts, round: &mut Round<'_>, now: Timestamp) {
    round.only(facts.webhooks_off.clone().map(|reason| What::WebhooksOff { reason }));
    match facts.missing {
        _ if !rules.expects_webhooks => {}
        None => round.keep(Kind::WebhooksLate),
        Some(Missing { missing: 0, late: 0 }) => {}
        Some(Missing { missing, late }) => round.held.push(What::WebhooksLate { missing, late }),
    }
    let some = |count: u64| (count > 0).then_some(count);
    round.stays(Kind::WebhookSignatures, some(facts.forged).map(|count| What::WebhookSignatures { count }));
    round
        .stays(Kind::WebhooksIllegible, some(facts.illegible).map(|count| What::WebhooksIllegible { count }));
    for Forward { address, waiting, oldest, reason } in facts.forwards.iter().take(MOST_OF_A_KIND) {
        if now.duration_since(*oldest) >= STANDS {
            let (address, reason) = (address.clone(), reason.clone());
            round.held.push(What::ForwardStands { address, waiting: *waiting, reason });
        }
    }
}

fn doubts(rules: &Rules, facts: &Facts, round: &mut Round<'_>, now: Timestamp) {
    match &facts.payments {
        None => round.keep(Kind::PaymentInDoubt),
        Some(payments) => {
            let old = payments.iter().filter(|doubt| now.duration_since(doubt.since) >= rules.in_doubt);
            let told = old.take(MOST_OF_A_KIND).map(|Doubt { id, amount, state, since }| {
                What::PaymentInDoubt { id: *id, amount: *amount, state: *state, since: *since }
            });
            round.held.extend(told);
        }
    }
    match &facts.refunds {
        None => round.keep(Kind::RefundInDoubt),
        Some(refunds) => {
            let old = refunds.iter().filter(|about| now.duration_since(about.since) >= rules.in_doubt);
            round.held.extend(old.take(MOST_OF_A_KIND).cloned().map(What::RefundInDoubt));
        }
    }
    match &facts.rebalances {
        None => round.keep(Kind::RebalanceInDoubt),
        Some(rebalances) => {
            // For as long as its request may be on the wire there is no doubt yet.
            let old = rebalances.iter().filter(|(_, _, since)| now.duration_since(*since) >= rules.in_doubt);
            round.held.extend(old.map(|(id, target, _)| What::RebalanceInDoubt { id: *id, target: *target }));
        }
    }
}

/// What contradicts itself rings at once: it does not pass.
fn conflicts(facts: &Facts, round: &mut Round<'_>) {
    use Contradicted::{Charge, Other, PaidAfterFailure, Payment, Refund};
    for (which, kind) in [
        (PaidAfterFailure, Kind::PaidAfterFailure),
        (Payment, Kind::PaymentConflict),
        (Charge, Kind::ChargeConflict),
        (Refund, Kind::RefundConflict),
        (Other, Kind::TransactionConflict),
    ] {
        let Some(conflicts) = &facts.conflicts else {
            round.keep(kind);
            continue;
        };
        let told = conflicts.iter().filter(|conflict| conflict.what == which).take(MOST_OF_A_KIND);
        round.held.extend(told.map(|Conflict { what, about }| {
            let about = about.clone();
            match what {
                PaidAfterFailure => What::PaidAfterFailure(about),
                Payment => What::PaymentConflict(about),
                Charge => What::ChargeConflict(about),
                Refund => What::RefundConflict(about),
                Other => What::TransactionConflict(about),
            }
        }));
    }
}

fn batches(facts: &Facts, round: &mut Round<'_>, now: Timestamp) {
    let Some(batches) = &facts.batches else { return round.keep(Kind::BatchStands) };
    let old = batches.iter().filter(|batch| now.duration_since(batch.since) >= STANDS);
    round.held.extend(old.take(MOST_OF_A_KIND).map(
        |Standstill { id, waiting, amount, in_doubt, .. }| What::BatchStands {
            id: *id,
            waiting: *waiting,
            amount: *amount,
            in_doubt: *in_doubt,
        },
    ));
}

/// The name of a gap is the one under which it was told first: another opening may move the edges of its window.
fn differences(rules: &Rules, facts: &Facts, round: &mut Round<'_>) {
    const IT: Kind = Kind::UnexplainedDifference;
    if !rules.sees_everything {
        return;
    }
    let Some(Unexplained { opening, gaps }) = &facts.unexplained else { return round.keep(IT) };
    let known: Vec<(&Gap, &What)> = round
        .of(IT)
        .filter_map(|what| match what {
            What::UnexplainedDifference { gap, .. } => Some((gap, what)),
            _ => None,
        })
        .collect();
    for (gap, what) in &known {
        match gaps.iter().find(|file| file.gap.is_same(gap)) {
            Some(file) => {
                let suspects = file.suspects.clone();
                round.held.push(What::UnexplainedDifference { gap: **gap, suspects });
            }
            // It lies before what is looked at, so that nothing is known of it any more.
            None if gap.from < *opening => round.held.push((*what).clone()),
            None => {}
        }
    }
    let new = gaps.iter().rev().filter(|file| !known.iter().any(|(gap, _)| file.gap.is_same(gap)));
    for file in new.take(MOST_OF_A_KIND.saturating_sub(known.len())) {
        let (gap, suspects) = (file.gap, file.suspects.clone());
        round.held.push(What::UnexplainedDifference { gap, suspects });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::balance::Balance;
    use crate::domain::cash_out::State as Out;
    use crate::domain::conservation::Kind as Where;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    fn rules() -> Rules {
        Rules {
            band: Band::new(Centavos::new(1_000), Centavos::new(2_000), Centavos::new(4_000)).ok(),
            coverage: Some(SignedDuration::from_mins(120)),
            stands_still: SignedDuration::from_mins(5),
            in_doubt: SignedDuration::from_mins(1),
            expects_webhooks: true,
            sees_everything: true,
        }
    }

    fn holding(transactional: i64) -> Facts {
        let reading = Reading {
            balance: Balance {
                total: Centavos::ZERO,
                transactional: Centavos::new(transactional),
                proprietary: Centavos::ZERO,
                banks: Vec::new(),
                updated_at: Some(at(0)),
            },
            fetched_at: at(0),
        };
        Facts {
            balance: Some(Seen { reading, still_since: at(0) }),
            minutes_left: Some(None),
            missing: Some(Missing::default()),
            payments: Some(Vec::new()),
            rebalances: Some(Vec::new()),
            conflicts: Some(Vec::new()),
            refunds: Some(Vec::new()),
            batches: Some(Vec::new()),
            unwritable: Some(None),
            hook: Some(None),
            unexplained: Some(Unexplained { opening: at(-1_000), gaps: Vec::new() }),
            ..Facts::default()
        }
    }

    /// The ids of what holds after each of these facts, one after the other.
    fn run(rules: &Rules, facts: &[Facts]) -> Vec<String> {
        let mut standing: Vec<What> = Vec::new();
        let mut told = Vec::new();
        for facts in facts {
            standing = judge(rules, facts, &standing.iter().collect::<Vec<_>>(), at(600));
            let ids: Vec<_> = standing.iter().map(|what| what.kind().as_str()).collect();
            told.push(ids.join(" "));
        }
        told
    }

    #[test]
    fn a_balance_that_dances_around_an_edge_rings_once() {
        let facts = [1_000, 999, 1_000, 1_100, 1_249, 999, 1_250, 1_100, 999].map(holding);
        let below = "below-floor";
        assert_eq!(run(&rules(), &facts), ["", below, below, below, below, below, "", "", below]);
        let facts = [4_000, 4_001, 3_501, 3_500, 4_000].map(holding);
        assert_eq!(run(&rules(), &facts), ["", "above-ceiling", "above-ceiling", "", ""]);
        let nothing = Facts { balance: None, ..holding(0) };
        assert_eq!(run(&rules(), &[holding(999), nothing]), [below, below], "what is not known ends nothing");
    }

    #[test]
    fn coverage_ends_where_there_is_some_more_of_it() {
        let left = |minutes| Facts { minutes_left: minutes, ..holding(2_000) };
        let facts = [
            Some(Some(120)),
            Some(Some(119)),
            None,
            Some(Some(149)),
            Some(Some(150)),
            Some(Some(119)),
            Some(None),
        ];
        let it = "coverage";
        assert_eq!(run(&rules(), &facts.map(left)), ["", it, it, it, "", it, ""]);
        let without = Rules { coverage: None, ..rules() };
        assert_eq!(run(&without, &[left(Some(Some(1)))]), [""]);
    }

    #[test]
    fn a_gateway_is_silent_after_some_failures_and_stands_still_after_some_minutes() {
        let failing = |failures| Facts {
            failing: Some(Failing { failures, reason: Safe::new("no route") }),
            ..holding(2_000)
        };
        let facts = [failing(2), failing(3), failing(9), holding(2_000)];
        assert_eq!(run(&rules(), &facts), ["", "gateway-silent", "gateway-silent", ""]);
        let still = |seconds, named| {
            let mut facts = holding(2_000);
            if let Some(seen) = &mut facts.balance {
                seen.reading.fetched_at = at(seconds);
                seen.reading.balance.updated_at = seen.reading.balance.updated_at.filter(|_| named);
            }
            facts
        };
        let facts = [still(299, true), still(300, true), still(900, false)];
        assert_eq!(run(&rules(), &facts), ["", "gateway-stands-still", ""]);
    }

    #[test]
    fn webhooks_are_off_late_forged_or_illegible() {
        let base = || holding(2_000);
        for (facts, ids) in [
            (Facts { webhooks_off: Some(Safe::new("in use")), ..base() }, "webhooks-off"),
            (Facts { missing: Some(Missing { missing: 1, late: 0 }), ..base() }, "webhooks-late"),
            (Facts { missing: Some(Missing { missing: 0, late: 3 }), ..base() }, "webhooks-late"),
            (Facts { paused: Some(Safe::new("401")), ..base() }, "payments-paused"),
            (Facts { hook: Some(Some(Safe::new("exit 1"))), ..base() }, "hook-failed"),
            (Facts { unwritable: Some(Some(Safe::new("full"))), ..base() }, "journal-unwritable"),
            (
                Facts { rebalances: Some(vec![(Uuid::nil(), Centavos::ZERO, at(540))]), ..base() },
                "rebalance-in-doubt",
            ),
        ] {
            assert_eq!(run(&rules(), &[facts, base()]), [ids, ""], "it ends by itself");
        }
        for (facts, ids) in [
            (Facts { forged: 2, ..base() }, "webhook-signatures"),
            (Facts { illegible: 2, ..base() }, "webhooks-illegible"),
        ] {
            assert_eq!(run(&rules(), &[facts, base()]), [ids, ids], "it stays until it is acknowledged");
        }
        let forward = |oldest| {
            let (address, reason) = (Safe::new("https://a"), Safe::new("HTTP 500"));
            let forward = Forward { address, waiting: 7, oldest: at(oldest), reason };
            Facts { forwards: vec![forward], ..base() }
        };
        assert_eq!(run(&rules(), &[forward(541), forward(540)]), ["", "forward-stands"]);
    }

    #[test]
    fn each_payment_is_an_alert_of_its_own_once_its_doubt_lasts() {
        let doubt = |id, since| Doubt {
            id: Uuid::from_u128(id),
            amount: Some(Centavos::new(5)),
            state: State::Out(Out::Held),
            since: at(since),
        };
        let facts = |payments| Facts { payments, ..holding(2_000) };
        let it = "payment-in-doubt";
        assert_eq!(
            run(
                &rules(),
                &[
                    facts(Some(vec![doubt(1, 541)])),
                    facts(Some(vec![doubt(1, 540), doubt(2, 0)])),
                    facts(None),
                    facts(Some(vec![doubt(2, 0)])),
                    facts(Some(Vec::new())),
                ]
            ),
            ["", "payment-in-doubt payment-in-doubt", "payment-in-doubt payment-in-doubt", it, ""]
        );
        let many = (0..200).map(|id| doubt(id, 0)).collect();
        assert_eq!(judge(&rules(), &facts(Some(many)), &[], at(600)).len(), MOST_OF_A_KIND);
    }

    #[test]
    fn what_contradicts_itself_rings_at_once_and_ends_when_somebody_has_looked_into_it() {
        let about = |id| About {
            id: Uuid::from_u128(id),
            amount: Some(Centavos::new(5)),
            state: State::Out(Out::Completed),
            since: at(600),
        };
        let base = || holding(2_000);
        for (what, id) in [
            (Contradicted::Payment, "payment-conflict"),
            (Contradicted::PaidAfterFailure, "paid-after-failure"),
            (Contradicted::Charge, "charge-conflict"),
            (Contradicted::Refund, "refund-conflict"),
            (Contradicted::Other, "transaction-conflict"),
        ] {
            let open = || Facts { conflicts: Some(vec![Conflict { what, about: about(1) }]), ..base() };
            let unknown = Facts { conflicts: None, ..base() };
            assert_eq!(run(&rules(), &[open(), unknown, base()]), [id, id, ""]);
        }
        let old = About { since: at(540), ..about(1) };
        let refund = |about| Facts { refunds: Some(vec![about]), ..base() };
        let facts = [refund(About { since: at(541), ..about(1) }), refund(old), base()];
        assert_eq!(run(&rules(), &facts), ["", "refund-in-doubt", ""]);
        let batch = |since| Facts {
            batches: Some(vec![Standstill {
                id: Uuid::nil(),
                waiting: 3,
                amount: Centavos::new(7),
                in_doubt: 0,
                since: at(since),
            }]),
            ..base()
        };
        assert_eq!(run(&rules(), &[batch(541), batch(540), base()]), ["", "batch-stands", ""]);
    }

    #[test]
    fn where_no_payment_names_an_address_no_webhook_is_late() {
        let late = Facts { missing: Some(Missing { missing: 2, late: 3 }), ..holding(2_000) };
        assert_eq!(run(&Rules { expects_webhooks: false, ..rules() }, &[late]), [""]);
    }

    #[test]
    fn after_a_restart_a_command_that_failed_still_does_until_it_has_worked() {
        let hook = |hook| Facts { hook, ..holding(2_000) };
        let failed = || hook(Some(Some(Safe::new("exit 1"))));
        let it = "hook-failed";
        assert_eq!(run(&rules(), &[failed(), hook(None), hook(Some(None))]), [it, it, ""]);
    }

    #[test]
    fn a_difference_is_an_alert_only_where_saldo_sees_everything() {
        let gap = |from: i64, to: i64, amount| Gap {
            from: at(from),
            to: at(to),
            kind: Where::Transactional,
            amount: Centavos::new(amount),
        };
        let open = |opening: i64, gaps: &[Gap]| {
            let gaps =
                gaps.iter().map(|gap| GapFile { gap: *gap, suspects: Vec::new(), explained: None }).collect();
            Facts { unexplained: Some(Unexplained { opening: at(opening), gaps }), ..holding(2_000) }
        };
        let it = "unexplained-difference";
        let lost = gap(-600, -540, -300);
        let without = Rules { sees_everything: false, ..rules() };
        assert_eq!(run(&without, &[open(-1_000, &[lost])]), [""]);
        let unknown = Facts { unexplained: None, ..holding(2_000) };
        assert_eq!(
            run(
                &rules(),
                &[
                    open(-1_000, &[lost]),
                    unknown,
                    open(-1_000, &[gap(-610, -540, -300)]),
                    open(-500, &[]),
                    open(-1_000, &[]),
                ]
            ),
            [it, it, it, it, ""],
            "kept while it is not looked at, and over when it was made up for"
        );
        let held = judge(&rules(), &open(-1_000, &[gap(-610, -540, -300)]), &[], at(600));
        let again = judge(&rules(), &open(-1_000, &[lost]), &held.iter().collect::<Vec<_>>(), at(600));
        assert_eq!(held[0].subject(), again[0].subject(), "its name is the first one");
    }
}

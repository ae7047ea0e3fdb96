//! The journal in memory: the rules of the real one (`src/journal/sqlite`), without a disk.

use std::sync::Arc;

use jiff::Timestamp;
use saldo::domain::cash_out::{Again, Because, CashOut, Event, Refused, State};
use saldo::domain::money::Centavos;
use saldo::domain::order::Reference;
use saldo::domain::report::{Direction, Report};
use saldo::domain::text::Safe;
use saldo::domain::transaction::{State as RowState, Transaction};
use saldo::journal::{Applied, Change, Intent, JournalError, Observation, Observed, Proposal, Proposed};
use uuid::Uuid;

use super::plant::Plant;

/// An attempt's row.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    pub key: Uuid,
    pub round: u32,
    /// Requests that reached the wire under it.
    pub sent: u32,
    /// The gateway itself refused it, as problem+json.
    pub proven: bool,
}

/// A payment with its events.
pub struct Record {
    pub intent: Intent,
    pub events: Vec<Event>,
    pub rows: Vec<Row>,
    pub seq: i64,
    pub debt: u8,
    /// When its plan is due, by the wall clock (microseconds since 1970).
    pub wake: Option<i64>,
    /// What the first request of this payment carried.
    pub first_body: Option<Vec<u8>>,
    /// When the last request really left.
    pub last_request: i64,
    /// Reminders since it is calm.
    pub reminders: u32,
}

/// A transaction that saldo does not take for its own.
struct Stranger {
    id: Uuid,
    seq: i64,
    code: Option<Safe>,
    end_to_end_id: Option<Safe>,
    reference: Option<Safe>,
    conflict: bool,
}

/// What an event did, for the checks.
pub struct Commit {
    pub record: usize,
    pub before: State,
    pub alarms: u32,
}

#[derive(Default)]
pub struct Store {
    pub records: Vec<Record>,
    strangers: Vec<Stranger>,
    seq: i64,
    /// Which payment each event belongs to, in the order of their commits, when each is durable, and whether it belongs to
    /// the commit before it.
    commits: Vec<(usize, i64, bool)>,
    /// What has not been checked yet.
    pub fresh: Vec<Commit>,
    pub alarms: Vec<(u8, saldo::domain::cash_out::Alarm)>,
    /// From when on what is committed now is durable. Later than now only for a planted bug.
    pub durable_at: i64,
    /// Rows that a planted bug holds back until their answers.
    held_back: Vec<(Uuid, Change)>,
}

/// The debt that a reference of a story names: `debt-3` and everything made from it.
pub fn debt_of(reference: &str) -> u8 {
    reference.as_bytes().get(5).map_or(0, |digit| digit.wrapping_sub(b'0'))
}

fn wake_of(cash_out: &CashOut) -> Option<i64> {
    cash_out.plan().map(|plan| plan.at.as_microsecond())
}

impl Store {
    pub fn position(&self, id: Uuid) -> Option<usize> {
        self.records.iter().position(|record| record.intent.id == id)
    }

    pub fn newest(&self, obligation: &Reference) -> Option<usize> {
        (0..self.records.len())
            .filter(|index| self.records[*index].intent.cash_out.terms.obligation == *obligation)
            .max_by_key(|index| self.records[*index].intent.cash_out.terms.generation)
    }

    pub fn by_reference(&self, reference: &str) -> Option<usize> {
        self.records.iter().position(|record| record.intent.reference.as_str() == reference)
    }

    pub fn newest_of_debt(&self, debt: u8) -> Option<usize> {
        (0..self.records.len())
            .filter(|index| self.records[*index].debt == debt)
            .max_by_key(|index| self.records[*index].intent.cash_out.terms.generation)
    }

    pub fn due(&self, by: Option<Timestamp>) -> Vec<Intent> {
        match by {
            None => self
                .records
                .iter()
                .filter(|record| {
                    let pay = &record.intent.cash_out;
                    !pay.state.is_final() || pay.on_the_wire
                })
                .map(|record| record.intent.clone())
                .collect(),
            Some(by) => {
                let by = by.as_microsecond();
                let mut due: Vec<&Record> =
                    self.records.iter().filter(|record| record.wake.is_some_and(|wake| wake <= by)).collect();
                due.sort_by_key(|record| record.wake);
                due.into_iter().map(|record| record.intent.clone()).collect()
            }
        }
    }

    pub fn propose(&mut self, proposal: Proposal, plant: Plant) -> Proposed {
        let terms = &proposal.terms;
        if let Some(known) = self.newest(&terms.obligation) {
            let known = &self.records[known].intent;
            let pay = &known.cash_out;
            let again = if plant == Plant::HeldPaysAgain && pay.state == State::Held {
                Some(Again::Generation)
            } else {
                pay.again()
            };
            let follows = terms.generation == pay.terms.generation + 1 && again == Some(Again::Generation);
            let unique = plant != Plant::ReferenceNotUnique;
            let in_the_way = match self.payer(&terms.obligation, None) {
                Some(payer) if !blind(plant) => Some(&self.records[payer].intent),
                _ if follows => None,
                _ => Some(known),
            };
            if let Some(known) = in_the_way.filter(|_| unique) {
                return if known.order == proposal.order {
                    Proposed::Existing(known.clone())
                } else {
                    Proposed::Taken(known.clone())
                };
            }
        }
        let cash_out = CashOut::proposed(Arc::clone(terms));
        let intent = Intent {
            id: proposal.id,
            reference: terms.expected.reference.clone(),
            order: proposal.order,
            reason: proposal.reason,
            body: proposal.body,
            created_at: terms.at,
            updated_at: terms.at,
            cash_out,
        };
        self.seq += 1;
        self.commits.push((self.records.len(), self.durable_at, false));
        let mut events = Vec::with_capacity(16);
        events.push(Event::Proposed(Arc::clone(terms)));
        self.records.push(Record {
            debt: debt_of(terms.obligation.as_str()),
            wake: wake_of(&intent.cash_out),
            intent: intent.clone(),
            events,
            rows: Vec::with_capacity(4),
            seq: self.seq,
            first_body: None,
            last_request: i64::MIN / 2,
            reminders: 0,
        });
        Proposed::Created(intent)
    }

    pub fn apply(&mut self, id: Uuid, change: Change, plant: Plant) -> Result<Applied, JournalError> {
        let index = self.position(id).ok_or_else(|| JournalError::NotFound(id.to_string()))?;
        if plant == Plant::RowAfterWire {
            match &change.event {
                Event::AttemptStarted { .. } => return self.hold_back(index, change, plant),
                Event::AttemptEnded { .. } => {
                    if let Some(place) = self.held_back.iter().position(|(held, _)| *held == id) {
                        let (_, row) = self.held_back.remove(place);
                        self.commit(index, row, plant)?;
                    }
                }
                _ => {}
            }
        }
        self.commit(index, change, plant)
    }

    /// Answers as if the row were written.
    fn hold_back(&mut self, index: usize, change: Change, plant: Plant) -> Result<Applied, JournalError> {
        let intent = &self.records[index].intent;
        let step = plant.step(&intent.cash_out, &change.event)?;
        let intent = Intent { cash_out: step.after, ..intent.clone() };
        self.held_back.push((intent.id, change));
        Ok(Applied { intent, alarms: step.alarms, overtaken: Vec::new() })
    }

    fn commit(&mut self, index: usize, change: Change, plant: Plant) -> Result<Applied, JournalError> {
        let record = &self.records[index];
        let before = record.intent.cash_out.state;
        let was_suspect = record.intent.cash_out.may_have_paid();
        let step = plant.step(&record.intent.cash_out, &change.event)?;
        if matches!(change.event, Event::AttemptStarted { .. } | Event::RoundStarted { .. }) {
            self.refuse_beside_a_sibling(index, plant)?;
        }
        if let Event::AttemptStarted { key, .. } = &change.event {
            let round = step.after.round;
            self.records[index].rows.push(Row { key: *key, round, sent: 0, proven: false });
        }
        let record = &mut self.records[index];
        record.intent.cash_out = step.after;
        record.intent.updated_at = change.event.at();
        record.wake = wake_of(&record.intent.cash_out);
        if plant == Plant::NoWakeUp && record.intent.cash_out.state == State::Accepted {
            record.wake = None;
        }
        if let Event::Adopted { internal_code, .. } = &change.event {
            self.strangers.retain(|stranger| stranger.code.as_ref() != Some(internal_code));
        }
        record.events.push(change.event);
        let intent = record.intent.clone();
        let debt = record.debt;
        let belongs_before = matches!(self.records[index].events.last(), Some(Event::Overtaken { .. }));
        self.commits.push((index, self.durable_at, belongs_before));
        let mut alarms = 0;
        for alarm in &step.alarms {
            alarms |= 1 << *alarm as u8;
            self.alarms.push((debt, *alarm));
        }
        self.fresh.push(Commit { record: index, before, alarms });
        let is_suspect_now = !was_suspect && intent.cash_out.may_have_paid();
        let overtaken = if is_suspect_now { self.overtake(&intent, plant)? } else { Vec::new() };
        Ok(Applied { intent, alarms: step.alarms, overtaken })
    }

    fn siblings(&self, index: usize) -> impl Iterator<Item = usize> + '_ {
        let own = &self.records[index].intent.cash_out.terms.obligation;
        (0..self.records.len()).filter(move |other| {
            *other != index && self.records[*other].intent.cash_out.terms.obligation == *own
        })
    }

    /// The payment of a debt that may have paid it, but for one.
    fn payer(&self, obligation: &Reference, but: Option<usize>) -> Option<usize> {
        (0..self.records.len()).find(|other| {
            let pay = &self.records[*other].intent.cash_out;
            Some(*other) != but && pay.terms.obligation == *obligation && pay.may_have_paid()
        })
    }

    fn refuse_beside_a_sibling(&self, index: usize, plant: Plant) -> Result<(), JournalError> {
        let own = &self.records[index].intent.cash_out;
        if !blind(plant) && self.payer(&own.terms.obligation, Some(index)).is_some() {
            return Err(Refused {
                state: own.state,
                event: "another request".into(),
                because: Because::Sibling,
            }
            .into());
        }
        Ok(())
    }

    fn overtake(&mut self, paid: &Intent, plant: Plant) -> Result<Vec<Applied>, JournalError> {
        let Some(index) = self.position(paid.id) else { return Ok(Vec::new()) };
        if plant == Plant::SiblingsIgnored || self.records.len() == 1 {
            return Ok(Vec::new());
        }
        let mut others: Vec<usize> = self.siblings(index).collect();
        others.sort_by_key(|other| self.records[*other].intent.cash_out.terms.generation);
        let event = Event::Overtaken { at: paid.updated_at, generation: paid.cash_out.terms.generation };
        others
            .into_iter()
            .filter(|other| !self.records[*other].intent.cash_out.state.is_final())
            .collect::<Vec<usize>>()
            .into_iter()
            .map(|other| self.commit(other, event.clone().into(), plant))
            .collect()
    }

    pub fn observe(&mut self, observation: &Observation, plant: Plant) -> Result<Observed, JournalError> {
        let report = &observation.report;
        match self.locate(report) {
            Some(Place::Ours(index)) => {
                let event = Event::Reported {
                    at: observation.at,
                    source: observation.source,
                    report: Arc::new(observation.report.clone()),
                };
                let code = observation.report.internal_code.clone();
                let applied = self.commit(index, event.into(), plant)?;
                if code.is_some() {
                    self.strangers.retain(|stranger| stranger.code != code);
                }
                let transaction = self.row_of(index);
                Ok(Observed {
                    before: Some(transaction.clone()),
                    transaction,
                    applied: Some(applied),
                    refund: None,
                })
            }
            Some(Place::Stranger(place)) => {
                let stranger = &mut self.strangers[place];
                stranger.code = stranger.code.take().or_else(|| report.internal_code.clone());
                stranger.reference = stranger.reference.take().or_else(|| report.external_reference.clone());
                let transaction = stranger_row(&self.strangers[place], observation.at.at);
                Ok(Observed { before: Some(transaction.clone()), transaction, applied: None, refund: None })
            }
            None => {
                self.seq += 1;
                let stranger = Stranger {
                    id: observation.new_id,
                    seq: self.seq,
                    code: report.internal_code.clone(),
                    end_to_end_id: report.settlement_id().cloned(),
                    reference: report.external_reference.clone(),
                    conflict: false,
                };
                let transaction = stranger_row(&stranger, observation.at.at);
                self.strangers.push(stranger);
                Ok(Observed { before: None, transaction, applied: None, refund: None })
            }
        }
    }

    /// The row that a report is about: a payment of ours before a transaction of others, then by the gateway's ids before
    /// a reference.
    fn locate(&self, report: &Report) -> Option<Place> {
        type Own = fn(&Intent) -> Option<&str>;
        type Their = fn(&Stranger) -> Option<&str>;
        let columns: [(Option<&Safe>, Own, Their); 4] = [
            (
                report.internal_code.as_ref(),
                |intent| intent.cash_out.ids.internal_code.as_ref().map(Safe::as_str),
                |stranger| stranger.code.as_ref().map(Safe::as_str),
            ),
            (
                report.transaction_id.as_ref(),
                |intent| intent.cash_out.ids.transaction_id.as_ref().map(Safe::as_str),
                |_| None,
            ),
            (
                report.settlement_id(),
                |intent| intent.cash_out.end_to_end_id.as_ref().map(Safe::as_str),
                |stranger| stranger.end_to_end_id.as_ref().map(Safe::as_str),
            ),
            (
                report.external_reference.as_ref(),
                |intent| Some(intent.reference.as_str()),
                |stranger| stranger.reference.as_ref().map(Safe::as_str),
            ),
        ];
        let told = |value: Option<&Safe>| value.filter(|value| !value.is_empty()).map(Safe::to_string);
        let ours = columns.iter().find_map(|(value, own, _)| {
            let value = told(*value)?;
            self.records
                .iter()
                .position(|record| own(&record.intent) == Some(value.as_str()))
                .map(Place::Ours)
        });
        ours.or_else(|| {
            columns.iter().find_map(|(value, _, their)| {
                let value = told(*value)?;
                let place =
                    self.strangers.iter().position(|stranger| their(stranger) == Some(value.as_str()));
                place.map(Place::Stranger)
            })
        })
    }

    /// A row by any id; the newest where several have it.
    pub fn find(&self, id: &str) -> Option<Transaction> {
        for column in 0..3 {
            let ours = (0..self.records.len())
                .filter(|index| {
                    let intent = &self.records[*index].intent;
                    match column {
                        0 => {
                            intent.cash_out.ids.internal_code.as_ref().is_some_and(|code| code.as_str() == id)
                        }
                        1 => intent.cash_out.end_to_end_id.as_ref().is_some_and(|e2e| e2e.as_str() == id),
                        _ => intent.reference.as_str() == id,
                    }
                })
                .max_by_key(|index| self.records[*index].seq);
            let theirs = self
                .strangers
                .iter()
                .filter(|stranger| {
                    let value = match column {
                        0 => &stranger.code,
                        1 => &stranger.end_to_end_id,
                        _ => &stranger.reference,
                    };
                    value.as_ref().is_some_and(|text| text.as_str() == id)
                })
                .max_by_key(|stranger| stranger.seq);
            match (ours, theirs) {
                (Some(index), Some(stranger)) if stranger.seq < self.records[index].seq => {
                    return Some(self.row_of(index));
                }
                (_, Some(stranger)) => return Some(stranger_row(stranger, Timestamp::UNIX_EPOCH)),
                (Some(index), None) => return Some(self.row_of(index)),
                (None, None) => {}
            }
        }
        None
    }

    fn row_of(&self, index: usize) -> Transaction {
        let record = &self.records[index];
        let (intent, pay) = (&record.intent, &record.intent.cash_out);
        Transaction {
            seq: record.seq,
            id: intent.id,
            ours: true,
            direction: Direction::Out,
            state: RowState::Out(pay.state),
            conflict: pay.conflict,
            looked_into: false,
            under_way: None,
            failure_reported: pay.failure_reported,
            refunded: pay.refunded,
            amount: Some(intent.order.amount),
            internal_code: pay.ids.internal_code.clone(),
            transaction_id: None,
            external_reference: None,
            end_to_end_id: pay.end_to_end_id.clone(),
            name: None,
            document: None,
            failure: None,
            created_at: intent.created_at,
            updated_at: intent.updated_at,
            happened_at: intent.created_at,
            settled_at: None,
            refunded_at: None,
            refunded_amount: None,
        }
    }

    /// Takes the last `count` commits back, as a restored copy would.
    pub fn lose_the_last(&mut self, count: usize, plant: Plant) {
        let mut keep = self.commits.len().saturating_sub(count);
        while self.commits.get(keep).is_some_and(|(_, _, belongs_before)| *belongs_before) {
            keep -= 1;
        }
        let lost = self.commits.split_off(keep);
        for (index, ..) in lost.iter().rev() {
            let record = &mut self.records[*index];
            if matches!(record.events.pop(), Some(Event::AttemptStarted { .. })) {
                record.rows.pop();
            }
            if record.events.is_empty() {
                self.records.truncate(*index);
            }
        }
        for (index, ..) in lost {
            let Some(record) = self.records.get_mut(index) else { continue };
            if let Ok(cash_out) = fold(&record.events, plant) {
                record.intent.cash_out = cash_out;
            }
            record.wake = wake_of(&record.intent.cash_out);
        }
        self.held_back.clear();
    }

    /// What was answered and is not durable at a crash. Only a planted bug leaves any.
    pub fn lose_what_is_not_durable(&mut self, now: i64, plant: Plant) {
        let count = self.commits.iter().rev().take_while(|(_, durable_at, _)| *durable_at > now).count();
        if count > 0 {
            self.lose_the_last(count, plant);
        }
        self.held_back.clear();
    }

    pub fn commits(&self) -> usize {
        self.commits.len()
    }
}

/// The planted bugs that do not look at the other payments of a debt.
fn blind(plant: Plant) -> bool {
    matches!(plant, Plant::SiblingsIgnored | Plant::HeldPaysAgain | Plant::ReferenceNotUnique)
}

enum Place {
    Ours(usize),
    Stranger(usize),
}

fn stranger_row(stranger: &Stranger, at: Timestamp) -> Transaction {
    Transaction {
        seq: stranger.seq,
        id: stranger.id,
        ours: false,
        direction: Direction::Out,
        state: RowState::Out(State::Accepted),
        conflict: stranger.conflict,
        looked_into: false,
        under_way: None,
        failure_reported: false,
        refunded: false,
        amount: Some(Centavos::ZERO),
        internal_code: stranger.code.clone(),
        transaction_id: None,
        external_reference: stranger.reference.clone(),
        end_to_end_id: stranger.end_to_end_id.clone(),
        name: None,
        document: None,
        failure: None,
        created_at: at,
        updated_at: at,
        happened_at: at,
        settled_at: None,
        refunded_at: None,
        refunded_amount: None,
    }
}

/// The state that a life comes to, by the machine as the planted bug leaves it.
pub fn fold(events: &[Event], plant: Plant) -> Result<CashOut, String> {
    let Some((Event::Proposed(terms), rest)) = events.split_first() else {
        return Err("a life that does not begin with a proposal".to_owned());
    };
    let mut pay = CashOut::proposed(Arc::clone(terms));
    for event in rest {
        pay = plant.step(&pay, event).map_err(|refused| refused.to_string())?.after;
    }
    Ok(pay)
}

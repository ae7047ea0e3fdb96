//! What people do, what happens to the clocks, and what their acts came to.

use std::sync::Arc;

use saldo::domain::cash_out::{Act, Because, Event, Refused, State, contradictions};
use saldo::domain::contradiction::{Found, LookedInto};
use saldo::domain::order::Digest;
use saldo::engine::lane::{Decision, Lane, LaneError};
use saldo::journal::{Journal as _, JournalError, Proposed};
use uuid::Uuid;

use super::Rule;
use super::fate::Fault;
use super::ledger::Truth;
use super::plant::Plant;
use super::run::{End, Run, Task, person, reference};
use super::store::debt_of;
use super::story::{Action, Deed, HOUR, MINUTE, SECOND};
use super::world::Happening;

impl Run<'_> {
    pub fn deed(&mut self, index: u16, at: i64) {
        let action = self.actions[usize::from(index)];
        if let Deed::Clock(fault) = action.deed {
            return self.clock(fault);
        }
        let (Some(lane), false) = (self.lane.clone(), self.taking_up) else {
            // They come back when it is up.
            let mut world = self.sim.world();
            if at < action.at + 12 * HOUR {
                world.after(5 * MINUTE, Happening::Act(index));
            } else {
                world.debts[usize::from(action.debt)].comes_again = false;
            }
            return;
        };
        self.sim.world().say(|_| format!("person {}: {:?} debt-{}", action.person, action.deed, action.debt));
        let Action { debt, person: uid, deed, .. } = action;
        match deed {
            Deed::Pay | Deed::PayTwice | Deed::PayOther | Deed::Again => self.pay(&lane, action),
            Deed::Clock(_) => {}
            Deed::Resume => {
                if lane.paused().is_some() {
                    self.sim.world().hit(Fault::Resumed);
                    lane.resume();
                }
            }
            Deed::Recover => self.recover(&lane),
            Deed::LookInto => self.look_into(debt, uid),
            _ => self.on_payment(&lane, debt, uid, deed),
        }
    }

    fn new_id(&mut self) -> Uuid {
        self.ids += 1;
        Uuid::from_u64_pair(0x1d, self.ids)
    }

    fn pay(&mut self, lane: &Arc<Lane>, action: Action) {
        let Action { debt, person: uid, deed, .. } = action;
        let number = usize::from(debt);
        let order = if deed == Deed::PayOther { &self.cast.other } else { &self.cast.orders[number] };
        let mut of = self.cast.references[number].clone();
        let plant = {
            let mut world = self.sim.world();
            world.debts[number].comes_again = false;
            if deed == Deed::Pay && world.debts[number].journal_lost && world.debts[number].decided {
                world.hit(Fault::EnteredAgain);
                if world.plant == Plant::LostReferenceDrawn && world.store.newest_of_debt(debt).is_none() {
                    of = reference(&format!("debt-{debt}-{}", action.at));
                }
            }
            world.plant
        };
        let decision = Decision {
            id: self.new_id(),
            reference: of,
            order: order.clone(),
            reason: None,
            maker: person(uid),
            approvals: 0,
            is_draft: false,
            again: deed == Deed::Again,
        };
        let decision = self.as_agreed(decision, debt);
        if deed == Deed::PayTwice {
            self.sim.world().hit(Fault::EnterTwice);
            let mut second = decision.clone();
            // Half of them come from two screens, with two ids.
            if self.sim.world().fate.random.percent(50) {
                second.id = self.new_id();
            }
            if plant == Plant::EnterTwiceTwoReferences {
                second.id = self.new_id();
                second.reference = reference(&format!("debt-{debt}-b"));
            }
            self.decide(lane, deed, second);
        }
        self.decide(lane, deed, decision);
    }

    /// How the debt is decided in this story: a draft, so many checkers.
    fn as_agreed(&self, mut decision: Decision, debt: u8) -> Decision {
        if let Some((is_draft, approvals)) = self.sim.world().agreed[usize::from(debt)] {
            decision.is_draft = is_draft;
            decision.approvals = approvals;
        }
        decision
    }

    fn decide(&mut self, lane: &Arc<Lane>, deed: Deed, decision: Decision) {
        self.sim.world().debts[usize::from(debt_of(decision.reference.as_str()))].decided = true;
        let lane = Arc::clone(lane);
        self.spawn(Box::pin(async move { End::Decided(deed, Box::new(lane.decide(decision).await)) }), None);
    }

    /// A person closes the first payment of the debt that contradicts itself.
    fn look_into(&mut self, debt: u8, uid: u32) {
        let found = {
            let world = self.sim.world();
            let mut records = world.store.records.iter().filter(|record| record.debt == debt);
            records.find(|record| record.intent.cash_out.is_contradicted()).map(|record| {
                let facts = contradictions(&record.events).into_iter().map(|one| one.fact).collect();
                (record.intent.id, facts)
            })
        };
        let (Some((id, facts)), Some(lane)) = (found, &self.lane) else { return };
        let (at, by, reason) = (lane.moment().at, person(uid), "they say so".to_owned());
        let looked = LookedInto { at, by, found: Found::NotPaid, reason, facts };
        let sim = self.sim.clone();
        self.spawn(
            Box::pin(async move {
                let event = Event::LookedInto(Box::new(looked));
                End::LookedInto(sim.apply(id, event.into()).await.map(drop))
            }),
            None,
        );
    }

    /// What `saldo recover` does: every payment that is open, whatever its waiting time.
    fn recover(&mut self, lane: &Arc<Lane>) {
        self.sim.world().hit(Fault::Recovered);
        let now = lane.moment();
        let open: Vec<(Uuid, Act)> = {
            let world = self.sim.world();
            let records =
                world.store.records.iter().filter(|record| !record.intent.cash_out.state.is_final());
            records
                .filter_map(|record| Some((record.intent.id, record.intent.cash_out.act_now(&now)?)))
                .collect()
        };
        for (id, act) in open {
            if !self.is_at_work(id) {
                self.act(lane, id, act);
            }
        }
    }

    fn on_payment(&mut self, lane: &Arc<Lane>, debt: u8, uid: u32, deed: Deed) {
        let mut world = self.sim.world();
        let Some(index) = world.store.newest_of_debt(debt) else { return };
        let intent = &world.store.records[index].intent;
        let (id, by) = (intent.id, person(uid));
        let payload = intent.cash_out.terms.fingerprints.payload;
        let is_maker = intent.cash_out.terms.maker.uid == uid;
        let pending = intent.cash_out.state == State::PendingApproval;
        let on_the_wire = intent.cash_out.on_the_wire;
        let order = world.ledger.by_reference(intent.reference.as_str());
        let lane = Arc::clone(lane);
        let task: Task = match deed {
            Deed::Submit => {
                Box::pin(async move { End::Person(deed, uid, lane.submit(id, by).await.map(drop)) })
            }
            Deed::Approve | Deed::ApproveOther => {
                if pending && is_maker {
                    world.hit(Fault::MakerApproves);
                }
                let shown = if deed == Deed::Approve { payload } else { Digest::of(b"something else") };
                Box::pin(async move { End::Person(deed, uid, lane.approve(id, by, shown).await.map(drop)) })
            }
            Deed::CallOff => {
                if on_the_wire {
                    world.hit(Fault::CalledOffInFlight);
                }
                Box::pin(async move { End::Person(deed, uid, lane.call_off(id, by, None).await.map(drop)) })
            }
            Deed::Adopt | Deed::AdoptWrong => {
                let code = match (deed, order) {
                    (Deed::Adopt, Some(order)) => world.ledger.orders[order].code.as_str().to_owned(),
                    (Deed::Adopt, None) => return,
                    _ => {
                        let others = world.ledger.orders.iter().enumerate();
                        let other = others.rev().find(|(other, _)| Some(*other) != order);
                        other.map_or("nonsense".to_owned(), |(_, other)| other.code.as_str().to_owned())
                    }
                };
                Box::pin(async move { End::Adopted(deed, lane.adopt(id, by, &code, None).await.map(drop)) })
            }
            _ => {
                let alive = order.is_some_and(|order| {
                    let order = &world.ledger.orders[order];
                    order.moved || matches!(order.truth, Truth::Processing | Truth::Completed)
                });
                // Whoever looks first does not declare what is not so.
                if deed == Deed::Declare && alive {
                    return;
                }
                let is_false = alive || world.is_late(world.store.records[index].intent.reference.as_str());
                let is_false = is_false && deed == Deed::DeclareBlindly;
                if is_false {
                    // Counted once it is accepted; until then it only explains what may follow.
                    world.debts[usize::from(debt)].false_declaration = true;
                }
                let statement = "not on the statement".to_owned();
                Box::pin(async move {
                    End::Declared(debt, is_false, lane.declare(id, by, statement).await.map(drop))
                })
            }
        };
        drop(world);
        self.spawn(task, None);
    }

    fn clock(&mut self, fault: Fault) {
        let mut world = self.sim.world();
        if world.is_calm {
            return;
        }
        world.hit(fault);
        let minutes = world.fate.random.between(2 * MINUTE, 50 * MINUTE);
        let day = world.fate.random.between(20 * HOUR, 26 * HOUR);
        match fault {
            Fault::WallForward => world.wall_off += minutes,
            Fault::WallForwardDay => world.wall_off += day,
            Fault::WallBack => world.wall_off -= minutes,
            Fault::WallBackDay => world.wall_off -= day,
            Fault::DateOff => {
                world.date_off = world.fate.random.between(-20 * MINUTE, 20 * MINUTE);
            }
            _ => {
                let nap = world.fate.random.between(MINUTE, 9 * HOUR);
                world.asleep_until = world.asleep_until.max(world.now + nap);
            }
        }
        if fault != Fault::Asleep && world.fate.random.percent(60) {
            let wait = world.fate.random.between(MINUTE, 30 * HOUR);
            world.after(wait, Happening::Mend);
        }
    }

    pub fn ended(&mut self, end: End) {
        match end {
            End::Acted(id, result) => {
                if let Err(LaneError::Refused(refused)) = &result
                    && refused.because == Because::Sibling
                {
                    self.sim.world().broken(Rule::S4, |world| {
                        let index = world.store.position(id);
                        let reference =
                            index.map(|index| world.store.records[index].intent.reference.as_str());
                        format!("{} can never be sent", reference.unwrap_or("a payment"))
                    });
                }
                if let Err(LaneError::Journal(JournalError::Unwritable(_))) = result {
                    // The real tracker tries again after its breath; every try is the same.
                    self.tick_after = self.sim.world().now + 2 * SECOND;
                }
                if let Err(error) = result {
                    self.sim.world().say(|_| format!("  {error}"));
                }
            }
            End::Decided(deed, result) => {
                let mut world = self.sim.world();
                match *result {
                    Ok(Proposed::Created(intent)) => {
                        if deed == Deed::Again {
                            world.hit(Fault::AgainTaken);
                        }
                        self.acknowledged.push(intent.id);
                    }
                    Ok(Proposed::Existing(_)) if deed == Deed::Again => world.hit(Fault::AgainEarly),
                    Ok(Proposed::Taken(_)) => world.hit(Fault::OtherPayload),
                    Ok(Proposed::Existing(_)) => {}
                    Err(error) => world.say(|_| format!("  {error}")),
                }
            }
            End::Declared(debt, is_false, result) => {
                let mut world = self.sim.world();
                let truth = &mut world.debts[usize::from(debt)];
                truth.false_statement |= is_false && result.is_ok();
                truth.false_declaration = truth.false_statement;
                match result {
                    Ok(()) if is_false => world.hit(Fault::DeclaredFalsely),
                    Err(LaneError::Paused(_)) => world.hit(Fault::DeclaredEarly),
                    Err(LaneError::Refused(Refused { because, .. })) => match because {
                        Because::TooEarly => world.hit(Fault::DeclaredEarly),
                        Because::SamePerson => world.hit(Fault::DeclaredTwiceByOne),
                        _ => {}
                    },
                    _ => {}
                }
            }
            End::LookedInto(result) => {
                if result.is_ok() {
                    self.sim.world().hit(Fault::LookedInto);
                }
            }
            End::Adopted(deed, result) => {
                let mut world = self.sim.world();
                match (deed, result) {
                    (Deed::Adopt, Ok(())) => world.hit(Fault::AdoptedRight),
                    (Deed::AdoptWrong, Err(_)) => world.hit(Fault::AdoptedWrong),
                    _ => {}
                }
            }
            End::Person(deed, _, result) => {
                let mut world = self.sim.world();
                if let Err(LaneError::Refused(Refused { because, .. })) = result {
                    match (deed, because) {
                        (Deed::ApproveOther, Because::Changed) => world.hit(Fault::OtherHash),
                        (Deed::Submit, Because::SamePerson) => world.hit(Fault::NotTheMaker),
                        _ => {}
                    }
                }
            }
            End::Read(index, Ok(read)) => {
                self.inbox.retain(|unread| *unread != index);
                let mut world = self.sim.world();
                for alarm in read.alarms {
                    world.tally.alarms.1 += 1;
                    if let Some(debt) = read.told {
                        world.rang(debt, alarm);
                    }
                }
            }
            End::Read(index, Err(_)) => {
                // Still unread: once more in a second.
                self.inbox.retain(|unread| *unread != index);
                self.sim.world().after(SECOND, Happening::Hook(index));
            }
            End::TakenUp(Ok(())) => {
                self.taking_up = false;
                self.tick_after = 0;
                for index in self.inbox.clone() {
                    self.read(index);
                }
            }
            End::TakenUp(Err(_)) => {
                self.stop();
                self.sim.world().after(5 * SECOND, Happening::Restart);
            }
        }
    }
}

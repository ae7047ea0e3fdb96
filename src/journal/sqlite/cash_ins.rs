//! The owner's door to charges and refunds.

use jiff::Timestamp;
use uuid::Uuid;

use super::super::{Answer, AskProposal, AskedChange, CashIns, Stored};
use super::writer::Purpose;
use super::{SqliteJournal, asked};
use crate::domain::cash_in::{self, Charge};
use crate::domain::order::Reference;
use crate::domain::refund::{self, Refund};
use crate::domain::request::Event;

fn purpose<T>(event: &Event<T>) -> Purpose {
    match event {
        Event::AttemptStarted { .. } => Purpose::Begins,
        Event::AttemptEnded { .. } => Purpose::Result,
        _ => Purpose::Other,
    }
}

impl CashIns for SqliteJournal {
    fn propose_charge(
        &self,
        proposal: AskProposal<cash_in::Terms>,
    ) -> Answer<'_, Result<Stored<Charge>, Stored<Charge>>> {
        Box::pin(self.writer.call(Purpose::Begins, move |connection| asked::propose(connection, &proposal)))
    }

    fn apply_charge(&self, id: Uuid, change: AskedChange<cash_in::Terms>) -> Answer<'_, Stored<Charge>> {
        let purpose = purpose(&change.event);
        Box::pin(self.writer.call(purpose, move |connection| asked::apply(connection, id, &change)))
    }

    fn charge(&self, id: Uuid) -> Answer<'_, Option<Stored<Charge>>> {
        Box::pin(self.reader.call(move |connection| asked::by_id(connection, id)))
    }

    fn charge_named(&self, reference: &Reference) -> Answer<'_, Option<Stored<Charge>>> {
        let reference = reference.clone();
        Box::pin(self.reader.call(move |connection| asked::by_lock(connection, reference.as_str())))
    }

    fn charges_due(&self, by: Option<Timestamp>) -> Answer<'_, Vec<Stored<Charge>>> {
        Box::pin(self.reader.call(move |connection| asked::due(connection, by)))
    }

    fn charges_on_the_wire(&self) -> Answer<'_, Vec<Stored<Charge>>> {
        Box::pin(self.reader.call(asked::on_the_wire))
    }

    fn propose_refund(
        &self,
        proposal: AskProposal<refund::Terms>,
    ) -> Answer<'_, Result<Stored<Refund>, Stored<Refund>>> {
        Box::pin(self.writer.call(Purpose::Begins, move |connection| asked::propose(connection, &proposal)))
    }

    fn apply_refund(&self, id: Uuid, change: AskedChange<refund::Terms>) -> Answer<'_, Stored<Refund>> {
        let purpose = purpose(&change.event);
        Box::pin(self.writer.call(purpose, move |connection| asked::apply(connection, id, &change)))
    }

    fn refund(&self, id: Uuid) -> Answer<'_, Option<Stored<Refund>>> {
        Box::pin(self.reader.call(move |connection| asked::by_id(connection, id)))
    }

    fn refund_of(&self, cash_in: Uuid) -> Answer<'_, Option<Stored<Refund>>> {
        Box::pin(self.reader.call(move |connection| asked::by_lock(connection, &cash_in.to_string())))
    }

    fn refunds_due(&self, by: Option<Timestamp>) -> Answer<'_, Vec<Stored<Refund>>> {
        Box::pin(self.reader.call(move |connection| asked::due(connection, by)))
    }

    fn refunds_on_the_wire(&self) -> Answer<'_, Vec<Stored<Refund>>> {
        Box::pin(self.reader.call(asked::on_the_wire))
    }

    fn next_asked_due(&self) -> Answer<'_, Option<Timestamp>> {
        Box::pin(self.reader.call(asked::next_due))
    }
}

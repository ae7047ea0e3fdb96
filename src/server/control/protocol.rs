//! What is said over the control socket: one JSON object a line, UTF-8, the same types both ways.
//!
//! ```text
//! owner    {"done":{"saldo":1,"command":"serve","pid":4711,"account":"48213 at staging"}}
//! command  {"saldo":1,"account":"48213 at staging","ask":{"cash_out":{…}}}
//! owner    {"done":{"Ok":{…}}}                       or {"refused":…}, and nothing was done
//! ```
//!
//! Nothing is asked before the owner has said who it is, so what ends before that has done nothing. A line counts once its
//! line end has come: half a line is no request.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};
use uuid::Uuid;

use crate::domain::balance::Reading;
use crate::domain::batch::{self, Batch};
use crate::domain::cash_in;
use crate::domain::cash_out::Alarm;
use crate::domain::document::Document;
use crate::domain::institution::Ispb;
use crate::domain::money::{Centavos, MAX_TYPED};
use crate::domain::order::{Destination, Order, Reference, parse_account, parse_branch};
use crate::domain::person::Person;
use crate::domain::pix_key::PixKey;
use crate::domain::refund;
use crate::domain::text::{Safe, is_unsafe};
use crate::engine::alerts::Subject;
use crate::engine::batch::RunBatch;
use crate::engine::counter::{ChargeDecision, RefundDecision};
use crate::engine::lane::Decision;
use crate::engine::message::{Finding, Intent, Pause, WebhookHealth};
use crate::engine::office::RebalanceOrder;
use crate::journal::beside;
use crate::journal::payees::Favour;

/// The version of what is said here. Another one is refused, before anything is asked.
pub const VERSION: u32 = 1;

/// The longest request, in bytes: a payment is a few hundred, a batch of the most lines some millions.
pub const MOST_REQUEST: usize = 8 << 20;

/// The longest answer: thousands of open payments, at some kilobytes each.
pub const MOST_ANSWER: usize = 64 << 20;

/// The longest name or description, in characters, as on the command line.
const MOST_TEXT: usize = 200;

/// Where the owner of `journal` listens.
pub fn socket_beside(journal: &Path) -> PathBuf {
    beside(journal, ".sock")
}

/// Who owns the journal: the first line of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// [`VERSION`].
    pub saldo: u32,
    /// The owner's command: `serve`, `cockpit`.
    pub command: String,
    /// Its process.
    pub pid: u32,
    /// The account that its journal belongs to.
    pub account: String,
    /// Whether it refuses every act.
    #[serde(default)]
    pub read_only: bool,
}

/// A request: the one line that a command writes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// [`VERSION`].
    pub saldo: u32,
    /// The account that the command works for.
    pub account: String,
    /// What is to be done.
    pub ask: Request,
}

/// What can be asked. Who asks is not said: the kernel knows.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Pay. Answered by `Result<Paid, JournalError>`.
    CashOut(Box<CashOut>),
    /// Move money between the pockets. Answered by `Result<StoredRebalance, NotRebalanced>`.
    Rebalance(Box<RebalanceOrder>),
    /// The operator has compared the balance after this rebalance. Answered by `Result<(), NotRebalanced>`.
    SettleDoubt(Uuid),
    /// Take up every payment that is not final. Answered by `Result<Recovered, JournalError>`.
    Recover,
    /// Take up one row. Answered by `Result<Option<Intent>, LaneError>`: the payment, if it is one.
    TakeUp(Uuid),
    /// Ask somebody to pay. Answered by `Result<Made<Charge>, CounterError>`.
    Charge(Box<Charge>),
    /// Ask the gateway for a cash-in by any id. Answered by `Result<Transaction, CounterError>`.
    LookUp(String),
    /// Give a cash-in back. Answered by `Result<Made<Refund>, CounterError>`.
    Refund(Box<Refund>),
    /// Record what a person found. Answered by `Result<Option<Intent>, LaneError>`.
    Resolve(Box<Resolve>),
    /// Journal a payment and send it, and answer before the gateway does: by `Result<Decided, JournalError>`.
    Decide(Box<CashOut>),
    /// What moving to this transactional balance would do. Answered by `Result<Forecast, RebalanceTrouble>`.
    Review(Centavos),
    /// Ask the gateway for the balance. Answered by `Result<Balance, ReadError>`.
    Balance,
    /// Read the desk's balance now. Answered by `null`; the balance comes to those who watch.
    PollBalance,
    /// Open the lane again. Answered by `null`.
    Resume,
    /// Record that a person has seen an alert. Answered by `Result<Alert, NotAcknowledged>`.
    Acknowledge(Box<Acknowledge>),
    /// Record whether a payee is a favourite. Answered by `Result<(), JournalError>`.
    Favour(Box<Favour>),
    /// Hand a shift over. Answered by `Result<StoredHandover, JournalError>`.
    HandOver(Box<HandOver>),
    /// Take a shift. Answered by `Result<StoredHandover, NotAccepted>`.
    AcceptHandover(Uuid),
    /// Record a batch, or find it, and send nothing. Answered by `Result<StoredBatch, JournalError>`.
    RecordBatch(Box<Batch>),
    /// Go on with a batch for a while. Answered by `Result<Ran, JournalError>`.
    RunBatch(RunBatch),
    /// Tell what changes, until either side goes: `null`, then a [`Told`] a line.
    Watch,
}

/// Something that has changed at the owner's desk. Of each kind only the newest is told, but for alarms; what is in the
/// journal is read there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// The journal has changed; the number only grows.
    Journal(u64),
    /// The balance as it was read last.
    Balance(Arc<Reading>),
    /// The balance cannot be read.
    BalanceFailed {
        /// When it was tried last (UTC).
        at: Timestamp,
        /// Why.
        reason: Safe,
        /// How many times in a row.
        failures: u32,
    },
    /// How the webhooks are doing.
    Webhooks(WebhookHealth),
    /// Why nothing is sent, if so.
    Paused(Option<Pause>),
    /// A payment needs a person.
    Alarm {
        /// What happened.
        alarm: Alarm,
        /// To which payment.
        intent: Arc<Intent>,
    },
    /// A payment is in doubt for another day.
    StillHeld(Arc<Intent>),
    /// A refund came to where a person has to look.
    RefundNeeds {
        /// The cash-in's row.
        cash_in: Uuid,
        /// What was to go back.
        amount: Option<Centavos>,
        /// Where it stands.
        state: refund::State,
    },
    /// The journal cannot be written.
    JournalTrouble(String),
}

/// A payment that a person, or a script of theirs, has decided.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CashOut {
    /// saldo's id for it.
    pub id: Uuid,
    /// The debt's name.
    pub reference: Reference,
    /// What is paid, to whom.
    pub order: Order,
    /// Why; stays in the journal.
    pub reason: Option<String>,
    /// The debt was to be paid before and is proven not to be: pay it once more.
    pub again: bool,
}

/// A charge that a person, or a script of theirs, has decided.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Charge {
    /// saldo's id for it.
    pub id: Uuid,
    /// Its name at the gateway.
    pub reference: Reference,
    /// What is asked, and of whom.
    pub order: cash_in::Order,
}

/// A refund that a person has decided.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refund {
    /// saldo's id for it.
    pub id: Uuid,
    /// The cash-in's row.
    pub cash_in: Uuid,
    /// Why.
    pub reason: refund::Reason,
    /// In the operator's words; the gateway gets them.
    pub description: Option<String>,
}

/// What a person found about a payment.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resolve {
    /// Which payment.
    pub id: Uuid,
    /// What was found.
    pub finding: Finding,
}

/// That a person has seen something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acknowledge {
    /// What.
    pub subject: Subject,
    /// What they found.
    pub note: Option<String>,
}

/// A shift that is handed over; who does is the kernel's word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandOver {
    /// The id that it gets: the same once more is the same.
    pub id: Uuid,
    /// When it began (UTC).
    pub since: Timestamp,
    /// What is to be known.
    pub note: Option<String>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply<T> {
    /// It was done, or what came of trying.
    Done(T),
    /// It was not begun.
    Refused(Refusal),
}

/// Why a request was not begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Another user's process.
    #[error("it takes requests of its own user (uid {owner}) and of root only, and this is uid {yours}")]
    Stranger {
        /// Whose process asks.
        yours: u32,
        /// Whose process was asked.
        owner: u32,
    },
    /// Another version of this protocol.
    #[error(
        "it is another version of saldo: it speaks version {ours} of the control protocol, and was asked in version {yours}"
    )]
    Version {
        /// The asker's.
        yours: u32,
        /// The owner's.
        ours: u32,
    },
    /// The journal is another account's.
    #[error("its journal belongs to {0}")]
    OtherAccount(String),
    /// Not a request. Names no value: they are people's data.
    #[error("the request cannot be read: {0}")]
    Malformed(String),
    /// Longer than [`MOST_REQUEST`].
    #[error("the request is longer than {MOST_REQUEST} bytes")]
    TooLong,
    /// No whole line in time.
    #[error("the request did not come in time")]
    TooSlow,
    /// The owner is ending.
    #[error("it is ending")]
    Stopping,
    /// The owner has a screen of its own, and tells nobody else what it shows.
    #[error("it is a cockpit, which cannot be watched")]
    NotWatched,
    /// Enough others watch.
    #[error("too many watch it already")]
    TooManyWatch,
    /// The owner only reads, and an act was asked of it.
    #[error("it is read-only")]
    ReadOnly,
}

impl Request {
    /// Whether it may move money, change something at the gateway, or free what moves money: what a read-only process neither
    /// asks nor does.
    pub const fn is_an_act(&self) -> bool {
        match self {
            Self::CashOut(_)
            | Self::Rebalance(_)
            | Self::SettleDoubt(_)
            | Self::Recover
            | Self::TakeUp(_)
            | Self::Charge(_)
            | Self::Refund(_)
            | Self::Resolve(_)
            | Self::Decide(_)
            | Self::Resume
            | Self::RecordBatch(_)
            | Self::RunBatch(_) => true,
            Self::LookUp(_)
            | Self::Review(_)
            | Self::Balance
            | Self::PollBalance
            | Self::Acknowledge(_)
            | Self::Favour(_)
            | Self::HandOver(_)
            | Self::AcceptHandover(_)
            | Self::Watch => false,
        }
    }
}

impl CashOut {
    /// The decision, as `maker`'s. Every value is checked as if it had been typed: what goes out must not depend on who
    /// wrote the line.
    ///
    /// # Errors
    ///
    /// The name of what is wrong.
    pub fn into_decision(self, maker: Person) -> Result<Decision, &'static str> {
        let Self { id, reference, order, reason, again } = self;
        // saldo's own references are no operator's, and pass the same check.
        Reference::parse(reference.as_str()).map_err(|_| "reference")?;
        check(&order)?;
        Ok(Decision { reason, again, ..Decision::alone(id, reference, order, maker) })
    }
}

impl Charge {
    /// The decision, as `maker`'s, checked as [`CashOut::into_decision`].
    ///
    /// # Errors
    ///
    /// The name of what is wrong.
    pub fn into_decision(self, maker: Person) -> Result<ChargeDecision, &'static str> {
        let Self { id, reference, order } = self;
        Reference::parse(reference.as_str()).map_err(|_| "reference")?;
        let sound = |holds: bool, what: &'static str| if holds { Ok(()) } else { Err(what) };
        sound(order.amount > Centavos::ZERO && order.amount <= MAX_TYPED, "amount")?;
        sound(!order.name.is_empty() && is_plain(&order.name), "name")?;
        sound(Document::parse(order.document.as_str()).as_ref() == Ok(&order.document), "document")?;
        sound((1..=cash_in::MOST_MINUTES).contains(&order.minutes), "minutes")?;
        let is_address = |url: &String| cash_in::parse_return_address(url).is_ok();
        sound(order.open_finance.as_ref().is_none_or(is_address), "open_finance")?;
        Ok(ChargeDecision { id, reference, order, maker })
    }
}

impl Refund {
    /// The decision, as `maker`'s, checked as [`CashOut::into_decision`].
    ///
    /// # Errors
    ///
    /// The name of what is wrong.
    pub fn into_decision(self, maker: Person) -> Result<RefundDecision, &'static str> {
        let Self { id, cash_in, reason, description } = self;
        if description.as_ref().is_some_and(|text| text.is_empty() || !is_plain(text)) {
            return Err("description");
        }
        Ok(RefundDecision { id, cash_in, reason, description, maker })
    }
}

/// Whether a batch is one that a file could have made: every line is checked as if it had been typed.
///
/// # Errors
///
/// The name of what is wrong.
pub fn check_batch(batch: &Batch) -> Result<(), &'static str> {
    if batch.lines.is_empty() || batch.lines.len() > batch::MOST_LINES {
        return Err("lines");
    }
    let mut references = HashSet::new();
    for line in &batch.lines {
        Reference::parse(line.reference.as_str()).map_err(|_| "reference")?;
        if !references.insert(&line.reference) {
            return Err("reference");
        }
        check(&line.order)?;
    }
    // In the file's order, so no number twice.
    if batch.lines.is_sorted_by(|one, next| one.number < next.number) { Ok(()) } else { Err("lines") }
}

fn check(order: &Order) -> Result<(), &'static str> {
    let Order { amount, name, document, destination, description } = order;
    let sound = |holds: bool, what: &'static str| if holds { Ok(()) } else { Err(what) };
    sound(*amount > Centavos::ZERO && *amount <= MAX_TYPED, "amount")?;
    sound(!name.is_empty() && is_plain(name), "name")?;
    sound(description.as_ref().is_none_or(|text| !text.is_empty() && is_plain(text)), "description")?;
    sound(Document::parse(document.as_str()).as_ref() == Ok(document), "document")?;
    match destination {
        Destination::Pix(key) => {
            sound(PixKey::parse(key.as_str(), Some(key.key_type())).as_ref() == Ok(key), "pix_key")
        }
        Destination::Account(account) => {
            sound(Ispb::parse(account.ispb.as_str()) == Ok(account.ispb), "ispb")?;
            sound(parse_branch(&account.branch).as_ref() == Ok(&account.branch), "branch")?;
            sound(parse_account(&account.account).as_ref() == Ok(&account.account), "account")
        }
    }
}

fn is_plain(text: &str) -> bool {
    text.trim() == text && text.chars().count() <= MOST_TEXT && !text.chars().any(is_unsafe)
}

/// How a line did not come.
#[derive(Debug)]
pub(super) enum NoLine {
    /// The other side has gone, in the middle of a line or before it.
    Gone(io::Error),
    /// It is longer than it may be.
    TooLong,
}

/// Reads one line of at most `most` bytes, without its end.
pub(super) async fn read_line(
    reader: &mut (impl AsyncBufRead + Unpin),
    most: usize,
) -> Result<Vec<u8>, NoLine> {
    let mut line = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    reader.take(limit).read_until(b'\n', &mut line).await.map_err(NoLine::Gone)?;
    match line.pop() {
        Some(b'\n') => Ok(line),
        Some(_) if line.len() >= most => Err(NoLine::TooLong),
        _ => Err(NoLine::Gone(io::ErrorKind::UnexpectedEof.into())),
    }
}

/// A line, its end included.
pub(super) fn to_line(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line)
}

/// Reads a line's JSON. What is wrong with it is said without its values: they are people's data.
pub(super) fn from_line<T: DeserializeOwned>(line: &[u8]) -> Result<T, String> {
    serde_json::from_slice(line).map_err(|error| {
        let kind = match error.classify() {
            serde_json::error::Category::Data => "a value that does not belong there",
            serde_json::error::Category::Eof => "it ends too early",
            serde_json::error::Category::Io | serde_json::error::Category::Syntax => "it is not JSON",
        };
        format!("{kind}, at column {}", error.column())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(order: &str) -> String {
        format!(
            r#"{{"saldo":1,"account":"a","ask":{{"cash_out":{{"id":"0193e1f0-0000-7000-8000-000000000001","reference":"INV-1","order":{order},"reason":null,"again":false}}}}}}"#
        )
    }

    fn order(change: (&str, &str)) -> String {
        r#"{"amount":50025,"name":"Maria Silva","document":"52998224725","destination":{"pix":{"key_type":"EMAIL","value":"maria@example.com"}},"description":null}"#
            .replace(change.0, change.1)
    }

    fn decide(line: &str) -> Result<Decision, String> {
        let line: Line = from_line(line.as_bytes())?;
        let Request::CashOut(pay) = line.ask else { panic!("another request") };
        pay.into_decision(Person { uid: 1, name: None }).map_err(str::to_owned)
    }

    #[test]
    fn a_payment_is_checked_as_if_it_had_been_typed() {
        let decision = decide(&request(&order(("", "")))).unwrap();
        assert_eq!((decision.order.amount, decision.maker.uid), (Centavos::new(50_025), 1));
        for (change, what) in [
            (("50025", "0"), "amount"),
            (("50025", "-1"), "amount"),
            (("50025", "9223372036854775807"), "amount"),
            (("Maria Silva", ""), "name"),
            (("Maria Silva", " Maria"), "name"),
            (("Maria Silva", "Maria\\u202e"), "name"),
            (("maria@example.com", "maria"), "pix_key"),
            (("null", "\"\""), "description"),
        ] {
            assert_eq!(decide(&request(&order(change))).unwrap_err(), what, "{change:?}");
        }
    }

    #[test]
    fn what_is_not_known_is_refused_without_its_values() {
        for change in [("50025", "500.25"), ("52998224725", "52998224726"), ("Maria Silva\"", "Maria")] {
            let error = decide(&request(&order(change))).unwrap_err();
            assert!(!["Maria", "500", "52998"].iter().any(|value| error.contains(value)), "{error}");
        }
    }

    #[tokio::test]
    async fn half_a_line_is_no_line() {
        assert_eq!(read_line(&mut &b"abc\nd"[..], 3).await.unwrap(), b"abc");
        assert!(matches!(read_line(&mut &b"abc"[..], 3).await, Err(NoLine::Gone(_))));
        assert!(matches!(read_line(&mut &b""[..], 3).await, Err(NoLine::Gone(_))));
        assert!(matches!(read_line(&mut &b"abcd\n"[..], 3).await, Err(NoLine::TooLong)));
    }
}

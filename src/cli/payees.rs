//! `saldo payees`: who was paid by this desk, out of its own payments; and what is told of a payee before it is paid.

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use super::cockpit::zone;
use super::context::Context;
use super::failure::{Exit, Failure};
use super::output::{say, say_json, spoken, tell};
use super::told::{Spoken as _, Told};
use super::view::destination_text;
use crate::domain::money::Centavos;
use crate::domain::order::{Destination, Order};
use crate::domain::payee::{Finding, Payee, findings};
use crate::journal::payees::{PayeeQuery, PayeeReader};

#[derive(Debug, Args)]
pub(super) struct PayeesArguments {
    /// Only those with this text in their name, key, account or document
    #[arg(long, value_name = "TEXT", default_value = "")]
    search: String,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..))]
    limit: u16,
}

pub(super) async fn run(arguments: PayeesArguments, context: &Context) -> Result<Exit, Failure> {
    let query = PayeeQuery { search: arguments.search, limit: usize::from(arguments.limit) };
    let payees = match context.reader().await? {
        Some(reader) => reader.payees(query).await?,
        None => Vec::new(),
    };
    if context.json {
        say_json(&payees.iter().map(PayeeView::of).collect::<Vec<_>>());
    } else if payees.is_empty() {
        tell(&told!("nobody like that was paid by this desk", "ninguém assim foi pago por esta mesa"));
    } else {
        say(&payees.iter().map(line).collect::<Vec<_>>().join("\n"));
    }
    Ok(Exit::Done)
}

fn line(payee: &Payee) -> String {
    let place = destination_text(&payee.destination);
    format!(
        "{}  {:>4}x  {:>18}  {}  {}  {}",
        day(payee.last_paid),
        payee.times,
        payee.total,
        payee.name,
        payee.document.masked(),
        place.spoken(spoken()),
    )
}

/// In the desk's zone.
fn day(at: Timestamp) -> String {
    at.to_zoned(zone()).strftime("%d/%m/%Y").to_string()
}

/// A payee as programs read it.
#[derive(Debug, Serialize)]
pub(super) struct PayeeView {
    pix_key: Option<String>,
    pix_key_type: Option<String>,
    bank_ispb: Option<String>,
    bank_branch: Option<String>,
    bank_account: Option<String>,
    name: String,
    document: String,
    times: u32,
    total_centavos: Centavos,
    last_paid_at: Timestamp,
}

impl PayeeView {
    fn of(payee: &Payee) -> Self {
        let (pix, account) = match &payee.destination {
            Destination::Pix(key) => (Some(key), None),
            Destination::Account(account) => (None, Some(account)),
        };
        Self {
            pix_key: pix.map(|key| key.as_str().to_owned()),
            pix_key_type: pix.map(|key| key.key_type().to_string()),
            bank_ispb: account.map(|account| account.ispb.to_string()),
            bank_branch: account.map(|account| account.branch.clone()),
            bank_account: account.map(|account| account.account.clone()),
            name: payee.name.clone(),
            document: payee.document.as_str().to_owned(),
            times: payee.times,
            total_centavos: payee.total,
            last_paid_at: payee.last_paid,
        }
    }
}

/// What the journal shows of a payee, as a warning of the payment.
#[derive(Debug, Serialize)]
pub(super) struct PayeeWarning {
    code: &'static str,
    /// Without anybody's data: it goes to standard error.
    message: Told,
    /// Whether it asks for a second look.
    loud: bool,
    /// The payee that was paid before; `null` with `payee_first`.
    known: Option<PayeeView>,
}

impl PayeeWarning {
    fn of(finding: &Finding) -> Self {
        Self {
            code: finding.code(),
            message: told_of(finding),
            loud: finding.is_loud(),
            known: finding.known().map(PayeeView::of),
        }
    }

    /// As a line of a question.
    pub(super) fn text(&self) -> Told {
        let told = &self.message;
        if self.loud {
            told!("LOOK TWICE: {told}", "CONFIRA: {told}"; told)
        } else {
            told!("note: {told}", "nota: {told}"; told)
        }
    }
}

/// What `known` shows of the payee of an order.
pub(super) fn warnings_of(order: &Order, known: &[Payee]) -> impl Iterator<Item = PayeeWarning> {
    findings(order, known).into_iter().map(|finding| PayeeWarning::of(&finding))
}

/// In words, with no more of a key than tells two of one payee apart.
fn told_of(finding: &Finding) -> Told {
    let day = finding.known().map(|payee| day(payee.last_paid)).unwrap_or_default();
    let known = match finding {
        Finding::OtherName(_) | Finding::OtherDocument(_) => None,
        finding => finding.known().map(Payee::place),
    };
    let known = known.unwrap_or_default();
    Told::both(|lang| lang.payee_finding(finding, &known, &day))
}

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
use crate::journal::payees::{Favour, PayeeQuery, PayeeReader};

#[derive(Debug, Args)]
pub(super) struct PayeesArguments {
    /// Only those with this text in their name, key, account or document
    #[arg(long, value_name = "TEXT", default_value = "")]
    search: String,
    /// Only favourites
    #[arg(long)]
    favourites: bool,
    /// Make the one payee with this name, key, account or document a favourite: it comes first, also in the cockpit's palette
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["search", "favourites", "limit"])]
    favour: Option<String>,
    /// Take that back
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["search", "favourites", "limit", "favour"])]
    unfavour: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..))]
    limit: u16,
}

pub(super) async fn run(arguments: PayeesArguments, context: &Context) -> Result<Exit, Failure> {
    let PayeesArguments { search, favourites, favour, unfavour, limit } = arguments;
    for (text, is_favourite) in [(favour, true), (unfavour, false)] {
        if let Some(text) = text {
            return change(context, text, is_favourite).await;
        }
    }
    // Favourites come first, so a limit leaves none of them out that would have been among the others.
    let query = PayeeQuery { search, limit: usize::from(limit) };
    let mut payees = paid(context, query).await?;
    payees.retain(|payee| payee.is_favourite || !favourites);
    if context.json {
        say_json(&payees.iter().map(PayeeView::of).collect::<Vec<_>>());
    } else if payees.is_empty() {
        tell(&told!("nobody like that was paid by this desk", "ninguém assim foi pago por esta mesa"));
    } else {
        say(&payees.iter().map(line).collect::<Vec<_>>().join("\n"));
    }
    Ok(Exit::Done)
}

async fn paid(context: &Context, query: PayeeQuery) -> Result<Vec<Payee>, Failure> {
    Ok(match context.reader().await? {
        Some(reader) => reader.payees(query).await?,
        None => Vec::new(),
    })
}

/// Makes the one payee that has the text a favourite, or takes that back.
async fn change(context: &Context, text: String, is_favourite: bool) -> Result<Exit, Failure> {
    // Two are enough to know that it is not one.
    let found = paid(context, PayeeQuery { search: text, limit: 2 }).await?;
    let [payee] = &found[..] else {
        return Err(match found.len() {
            0 => Failure::new(
                Exit::NotFound,
                "not_found",
                told!(
                    "nobody like that was paid by this desk; nothing was recorded",
                    "ninguém assim foi pago por esta mesa; nada foi gravado"
                ),
            ),
            _ => Failure::usage(told!(
                "more than one payee is like that: give more of the key, the account or the document; nothing was recorded",
                "mais de um recebedor é assim: informe mais da chave, da conta ou do documento; nada foi gravado"
            )),
        });
    };
    let favour = Favour { destination: payee.destination.clone(), is_favourite };
    context.office().await?.favour(favour).await?;
    let payee = Payee { is_favourite, ..payee.clone() };
    if context.json {
        say_json(&PayeeView::of(&payee));
    } else {
        say(&line(&payee));
    }
    Ok(Exit::Done)
}

fn line(payee: &Payee) -> String {
    let place = destination_text(&payee.destination);
    format!(
        "{} {}  {:>4}x  {:>18}  {}  {}  {}",
        if payee.is_favourite { '*' } else { ' ' },
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
    is_favourite: bool,
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
            is_favourite: payee.is_favourite,
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
    pub(super) fn of(finding: &Finding) -> Self {
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

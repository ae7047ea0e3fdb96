//! `saldo show`: everything known of one transaction, the journal's word first, then the gateway's.

use clap::Args;
use serde::Serialize;
use uuid::Uuid;

use super::alerts::local;
use super::cash_in::{self, ChargeView};
use super::context::Context;
use super::contradiction::{self, ContradictionView};
use super::failure::{Exit, Failure};
use super::output::{note, say, say_json, spoken, tell};
use super::refund::{self, RefundLifeView};
use super::spoken::{RebalanceWord, Way, Word};
use super::told::{Spoken as _, Told};
use super::view::{IntentView, RebalanceView, TransactionView, destination_text, sentence};
use crate::domain::cash_out::Event;
use crate::domain::contradiction::About;
use crate::domain::person::Person;
use crate::domain::rebalance::Pockets;
use crate::domain::report::{Direction, Report};
use crate::domain::text::Safe;
use crate::gateway::{Gateway, ReadError, parse_webhook};
use crate::journal::sqlite::SqliteReader;
use crate::journal::{AttemptRow, Life, Reader, StoredRebalance};
use crate::lang::Lang;

#[derive(Debug, Args)]
pub(super) struct ShowArguments {
    /// saldo's id, an internalCode, a transactionId, an endToEndId or a reference
    id: String,
}

#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    transaction: TransactionView<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    intent: Option<IntentView>,
    attempts: Vec<AttemptView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    charge: Option<ChargeView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refund: Option<RefundLifeView>,
    /// What was held, what was told, by whom and when, looked into or not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    contradictions: Vec<ContradictionView>,
    gateway: GatewayView<'a>,
    /// The newest payment of the same debt, where that is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    newest_of_debt: Option<IntentView>,
    /// What a person can do or record now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    advice: Vec<&'a str>,
}

#[derive(Debug, Serialize)]
pub(super) struct AttemptView {
    number: u32,
    idempotency_key: Uuid,
    started_at: jiff::Timestamp,
    ended_at: Option<jiff::Timestamp>,
    /// `accepted`, `exists`, `not_executed`, `unknown`, `on_the_wire`.
    outcome: &'static str,
    detail: Option<String>,
}

impl AttemptView {
    pub(super) fn new(attempt: &AttemptRow) -> Self {
        Self {
            number: attempt.number,
            idempotency_key: attempt.key,
            started_at: attempt.started_at,
            ended_at: attempt.ended_at,
            outcome: outcome(attempt.verdict.as_ref()),
            detail: attempt.verdict.as_ref().map(describe),
        }
    }
}

/// What the gateway says at this moment, or why that is not known.
#[derive(Serialize, Default)]
struct GatewayView<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<ReportView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Serialize)]
struct ReportView<'a> {
    direction: &'static str,
    status: String,
    internal_code: Option<&'a str>,
    transaction_id: Option<&'a str>,
    external_reference: Option<&'a str>,
    end_to_end_id: Option<&'a str>,
    amount_centavos: Option<crate::domain::money::Centavos>,
    name: Option<&'a str>,
    document: Option<&'a str>,
    failure: Option<String>,
}

impl<'a> ReportView<'a> {
    fn new(report: &'a Report) -> Self {
        let text = |value: &'a Option<Safe>| value.as_ref().map(Safe::as_str);
        Self {
            direction: report.direction.as_str(),
            status: report.status.as_wire().to_owned(),
            internal_code: text(&report.internal_code),
            transaction_id: text(&report.transaction_id),
            external_reference: text(&report.external_reference),
            end_to_end_id: text(&report.end_to_end_id),
            amount_centavos: report.amount,
            name: text(&report.name),
            document: text(&report.document),
            failure: report.failure.as_ref().map(|failure| format!("{}: {}", failure.code, failure.message)),
        }
    }
}

pub(super) async fn run(arguments: &ShowArguments, context: &Context) -> Result<Exit, Failure> {
    let reader = context.reader().await?;
    if let Some(reader) = &reader {
        if let Some(row) = reader.find(&arguments.id).await?
            && let Some(life) = reader.life(row.id).await?
        {
            return known(&life, reader.as_ref(), context, &[]).await;
        }
        if let Ok(id) = Uuid::parse_str(&arguments.id)
            && let Some(rebalance) = reader.rebalance(id).await?
        {
            if context.json {
                say_json(&RebalanceView::new(&rebalance));
            } else {
                rebalance_text(&rebalance);
            }
            return Ok(Exit::Done);
        }
    }
    let gateway = context.gateway().await?;
    let report = match gateway.cash_out(&arguments.id).await {
        Err(ReadError::NotFound(_)) => gateway.cash_in(&arguments.id).await,
        answer => answer,
    };
    match report {
        Ok(report) => {
            if context.json {
                say_json(&ReportView::new(&report));
            } else {
                note(told!("not in the journal; the gateway says:", "não está no diário; o gateway diz:"));
                print_report(&report);
            }
            Ok(Exit::Done)
        }
        Err(ReadError::NotFound(_)) => Err(Failure::new(Exit::NotFound, "not_found", {
            let id = &arguments.id;
            told!(
                "neither the journal nor the gateway knows {id:?} (the gateway finds nothing by a reference)",
                "nem o diário nem o gateway conhecem {id:?} (o gateway não acha nada por referência)"
            )
        })),
        Err(error) => Err(error.into()),
    }
}

/// A row of the journal. That the gateway cannot be asked is said, and is no failure: what is known is shown.
pub(super) async fn known(
    life: &Life,
    reader: &SqliteReader,
    context: &Context,
    advice: &[Told],
) -> Result<Exit, Failure> {
    let row = &life.transaction;
    let newest = match &life.intent {
        Some(intent) => reader.newest(&intent.cash_out.terms.obligation).await?,
        None => None,
    };
    let newest = newest.filter(|newest| newest.id != row.id);
    let id = row.internal_code.as_ref().or(row.transaction_id.as_ref()).or(row.end_to_end_id.as_ref());
    let answer = match id {
        None => Err(told!(
            "the gateway's id for it is not known yet",
            "o id dele no gateway ainda não é conhecido"
        )),
        Some(id) => match context.gateway().await {
            Err(failure) => Err(failure.message),
            Ok(gateway) => match row.direction {
                Direction::Out => gateway.cash_out(id.as_str()).await,
                Direction::In => gateway.cash_in(id.as_str()).await,
            }
            .map_err(|error| Told::of(&error)),
        },
    };
    let (charge, refund) = (life.incoming.charge.as_ref(), life.incoming.refund.as_ref());
    if context.json {
        say_json(&Shown {
            transaction: TransactionView::new(row),
            intent: life.intent.as_ref().map(|intent| IntentView::new(intent, &context.settings.client_id)),
            attempts: attempts_of(life).map(AttemptView::new).collect(),
            charge: charge.map(|charge| ChargeView::new(&charge.stored, &context.settings.client_id)),
            refund: refund.map(|refund| RefundLifeView::new(refund, &context.settings.client_id)),
            contradictions: contradiction::contradictions(life),
            gateway: match &answer {
                Ok(report) => GatewayView { report: Some(ReportView::new(report)), error: None },
                Err(error) => GatewayView { report: None, error: Some(error.en().to_owned()) },
            },
            newest_of_debt: newest
                .as_ref()
                .map(|newest| IntentView::new(newest, &context.settings.client_id)),
            advice: advice.iter().map(Told::en).collect(),
        });
        return Ok(Exit::Done);
    }
    match (&life.intent, charge) {
        (Some(intent), _) => tell(&sentence(intent)),
        (None, Some(charge)) => tell(&cash_in::sentence(&charge.stored.asked)),
        (None, None) => say(&format!(
            "{} {} {}",
            Way(row.direction).spoken(spoken()),
            Word(row.state).spoken(spoken()),
            row.amount.map_or_else(|| "?".to_owned(), |amount| amount.to_string())
        )),
    }
    contradiction::print(life, About::Payment);
    contradiction::print(life, About::Charge);
    let lang = spoken();
    tell_others_conflict(life);
    let line = |what: &str, value: Option<String>| {
        if let Some(value) = value {
            say(&format!("  {:<16} {value}", label(what, lang)));
        }
    };
    line("id", Some(row.id.to_string()));
    line("reference", row.external_reference.as_ref().map(ToString::to_string));
    line("internal code", row.internal_code.as_ref().map(ToString::to_string));
    line("transaction id", row.transaction_id.as_ref().map(ToString::to_string));
    line("endToEndId", row.end_to_end_id.as_ref().map(ToString::to_string));
    line("name", row.name.as_ref().map(ToString::to_string));
    line("document", row.document.as_ref().map(ToString::to_string));
    line(
        "pays to",
        life.intent
            .as_ref()
            .map(|intent| destination_text(&intent.order.destination).in_lang(lang).to_owned()),
    );
    line("reason", life.intent.as_ref().and_then(|intent| intent.reason.clone()));
    line("failure", row.failure.as_ref().map(ToString::to_string));
    line(
        "paid once more",
        newest.as_ref().map(|newest| {
            let (reference, said) = (&newest.reference, sentence(newest));
            told!("as {reference}: {said}", "como {reference}: {said}"; said).in_lang(lang).to_owned()
        }),
    );
    for event in &life.events {
        line("found", finding(event).map(|told| told.in_lang(lang).to_owned()));
    }
    if let Some(pay_by) = charge.and_then(|charge| charge.stored.asked.pay_by.as_ref()) {
        line("paid by", Some(pay_by.text().to_owned()));
    }
    for attempt in attempts_of(life) {
        line("attempt", Some(attempt_text(attempt).in_lang(lang).to_owned()));
    }
    if let Some(refund) = refund {
        let asked = &refund.stored.asked;
        tell(&refund::sentence(asked));
        contradiction::print(life, About::Refund);
        line("id", Some(refund.stored.id.to_string()));
        line("reason", Some(asked.terms.reason.to_string()));
        line("description", asked.terms.description.clone());
        let (maker, at) = (&asked.terms.maker, local(asked.terms.at));
        line("ordered by", Some(told!("{maker} at {at}", "{maker} em {at}").in_lang(lang).to_owned()));
        line("endToEndId", asked.end_to_end_id.as_ref().map(ToString::to_string));
        for request in &refund.requests {
            line("attempt", Some(attempt_text(request).in_lang(lang).to_owned()));
        }
    }
    match answer {
        Ok(report) => {
            tell(&told!("the gateway says now:", "o gateway diz agora:"));
            print_report(&report);
        }
        Err(error) => note(told!(
            "what the gateway has of it now cannot be told: {error}",
            "o que o gateway tem dele agora não pode ser dito: {error}"; error
        )),
    }
    advice.iter().for_each(note);
    Ok(Exit::Done)
}

/// What was told of a transaction of others about which the gateway contradicts itself. It has no life to fold: what there is are
/// the webhooks, as they came.
fn tell_others_conflict(life: &Life) {
    let row = &life.transaction;
    if row.ours || !(row.conflict || row.looked_into) {
        return;
    }
    tell(&if row.conflict {
        told!(
            "CONFLICT: the gateway contradicts itself about it, and saldo did not order it. What webhooks said, the newest first:",
            "CONFLITO: o gateway se contradiz sobre ela, e o saldo não a pediu. O que os webhooks disseram, do mais novo ao mais antigo:"
        )
    } else {
        told!(
            "there was a conflict, and somebody has looked into it. What webhooks said, the newest first:",
            "houve um conflito, e alguém já o apurou. O que os webhooks disseram, do mais novo ao mais antigo:"
        )
    });
    for delivery in &life.deliveries {
        let at = local(delivery.received_at);
        match parse_webhook(&delivery.body) {
            Ok(event) => {
                let status = event.report.status.as_wire().to_owned();
                let amount = event.report.amount.map_or_else(|| "?".to_owned(), |amount| amount.to_string());
                say(&format!("  {at}  {status} {amount}"));
            }
            Err(why) => say(&format!("  {at}  ({why})")),
        }
    }
}

/// The requests of the payment or of the charge, whichever the row is.
fn attempts_of(life: &Life) -> impl Iterator<Item = &AttemptRow> {
    let charge = life.incoming.charge.iter().flat_map(|charge| &charge.requests);
    life.attempts.iter().chain(charge)
}

fn attempt_text(attempt: &AttemptRow) -> Told {
    let AttemptRow { number, started_at, key, .. } = attempt;
    let started_at = local(*started_at);
    let came_to = attempt.verdict.as_ref().map_or_else(
        || told!("on the wire", "em trânsito"),
        |verdict| {
            Told::both(|lang| match lang {
                Lang::En => describe(verdict),
                Lang::PtBr => lang.verdict(verdict),
            })
        },
    );
    told!(
        "{number} at {started_at}, key {key}: {came_to}",
        "{number} em {started_at}, chave {key}: {came_to}"; came_to
    )
}

/// What a person did about a payment: who, when, what and why.
fn finding(event: &Event) -> Option<Told> {
    let told = |by: &Person, what: Told, why: Option<&str>| {
        let why = why.map(|why| format!(": {}", Safe::new(why))).unwrap_or_default();
        let at = local(event.at());
        Some(told!("{what} by {by} at {at}{why}", "{what} por {by} em {at}{why}"; what))
    };
    match event {
        Event::Adopted { by, internal_code, reason, .. } => {
            told(by, told!("as {internal_code}", "como {internal_code}"), reason.as_deref())
        }
        Event::Declared { by, statement, .. } => told(by, told!("not paid", "não pago"), Some(statement)),
        Event::CalledOff { by, reason, .. } => told(by, told!("called off", "retirado"), reason.as_deref()),
        Event::RoundStarted { by, .. } => told(by, told!("decided once more", "decidido mais uma vez"), None),
        _ => None,
    }
}

fn rebalance_text(stored: &StoredRebalance) {
    let rebalance = &stored.rebalance;
    let forecast = &rebalance.terms.forecast;
    let (target, amount, state) = (rebalance.terms.target, forecast.amount, RebalanceWord(rebalance.state));
    let direction = Told::both(|lang| match lang {
        Lang::En => forecast.direction.as_str().to_owned(),
        Lang::PtBr => lang.movement(forecast.direction).to_owned(),
    });
    tell(&told!(
        "rebalance to {target}: {direction} of {amount}, {state}",
        "rebalanceamento para {target}: {direction} de {amount}, {state}"; direction, state
    ));
    let lang = spoken();
    let pockets = |what: &str, pockets: Pockets| {
        let Pockets { transactional, proprietary } = pockets;
        let what = label(what, lang);
        tell(&told!(
            "  {what:<16} transactional {transactional}  proprietary {proprietary}",
            "  {what:<16} transacional {transactional}  próprio {proprietary}"
        ));
    };
    say(&format!("  {:<16} {}", label("sent at", lang), local(rebalance.terms.at)));
    pockets("before", forecast.before);
    pockets("expected", forecast.after);
    if let Some(after) = rebalance.after {
        pockets("read afterwards", after);
    }
    if let Some(reason) = &rebalance.terms.reason {
        say(&format!("  {:<16} {reason}", label("reason", lang)));
    }
}

fn print_report(report: &Report) {
    say(&format!(
        "  {} {} {}",
        Way(report.direction).spoken(spoken()),
        report.status.as_wire(),
        report.amount.map_or_else(|| "?".to_owned(), |amount| amount.to_string())
    ));
    for (what, value) in [
        ("internal code", &report.internal_code),
        ("transaction id", &report.transaction_id),
        ("reference", &report.external_reference),
        ("endToEndId", &report.end_to_end_id),
        ("name", &report.name),
    ] {
        if let Some(value) = value {
            say(&format!("  {:<16} {value}", label(what, spoken())));
        }
    }
    if let Some(failure) = &report.failure {
        let why = format!("{}: {}", failure.code, failure.message);
        say(&format!("  {:<16} {why}", label("failure", spoken())));
    }
}

/// What a line is about.
fn label(what: &str, lang: Lang) -> &str {
    match (lang, what) {
        (Lang::En, what) => what,
        (Lang::PtBr, "reference") => "referência",
        (Lang::PtBr, "internal code") => "código interno",
        (Lang::PtBr, "transaction id") => "id da transação",
        (Lang::PtBr, "name") => "nome",
        (Lang::PtBr, "document") => "documento",
        (Lang::PtBr, "pays to") => "paga a",
        (Lang::PtBr, "reason") => "motivo",
        (Lang::PtBr, "failure") => "falha",
        (Lang::PtBr, "paid once more") => "pago de novo",
        (Lang::PtBr, "found") => "apurado",
        (Lang::PtBr, "paid by") => "paga-se por",
        (Lang::PtBr, "attempt") => "tentativa",
        (Lang::PtBr, "description") => "descrição",
        (Lang::PtBr, "ordered by") => "pedido por",
        (Lang::PtBr, "sent at") => "enviado em",
        (Lang::PtBr, "before") => "antes",
        (Lang::PtBr, "expected") => "esperado",
        (Lang::PtBr, "read afterwards") => "lido depois",
        (Lang::PtBr, what) => what,
    }
}

fn outcome(verdict: Option<&crate::domain::attempt::Verdict>) -> &'static str {
    use crate::domain::attempt::Verdict;
    match verdict {
        None => "on_the_wire",
        Some(Verdict::Accepted(_)) => "accepted",
        Some(Verdict::Exists(_)) => "exists",
        Some(Verdict::NotExecuted(_)) => "not_executed",
        Some(Verdict::Ambiguous(_)) => "unknown",
    }
}

fn describe(verdict: &crate::domain::attempt::Verdict) -> String {
    use crate::domain::attempt::{Ambiguity, NotExecuted, Verdict};
    match verdict {
        Verdict::Accepted(_) => "accepted".to_owned(),
        Verdict::Exists(problem) => format!("the reference exists ({problem})"),
        Verdict::NotExecuted(NotExecuted::Refused(problem)) => format!("refused ({problem})"),
        Verdict::NotExecuted(NotExecuted::Unauthorized(problem) | NotExecuted::Forbidden(problem)) => {
            format!("not allowed ({problem})")
        }
        Verdict::NotExecuted(NotExecuted::Unreachable(reason) | NotExecuted::NoToken(reason)) => {
            format!("not sent ({reason})")
        }
        Verdict::NotExecuted(NotExecuted::TooLate) => "not sent (too late)".to_owned(),
        Verdict::NotExecuted(NotExecuted::ClockSkew { seconds_ahead }) => {
            format!("not sent (this machine's clock is {seconds_ahead} s ahead of the gateway's)")
        }
        Verdict::NotExecuted(NotExecuted::TooMany { .. }) => "not executed (asked too often)".to_owned(),
        Verdict::Ambiguous(Ambiguity::TimedOut) => "unknown: no answer in time".to_owned(),
        Verdict::Ambiguous(Ambiguity::Cut(reason)) => format!("unknown: cut ({reason})"),
        Verdict::Ambiguous(Ambiguity::Status(problem)) => format!("unknown: {problem}"),
        Verdict::Ambiguous(Ambiguity::Illegible { status, reason }) => format!("unknown: {status}, {reason}"),
        Verdict::Ambiguous(Ambiguity::Crashed) => "unknown: saldo ended before the answer".to_owned(),
    }
}

//! `saldo cash-out --dry-run`: everything of a payment that is told before it is made. Nothing is recorded or sent.

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::cockpit::zone;
use super::context::Context;
use super::effect::{Effect, EffectView};
use super::failure::Failure;
use super::output::say_json;
use super::payees::{PayeeWarning, warnings_of};
use super::spoken::Word;
use super::told::Told;
use super::view::{IntentView, destination_text, sentence};
use crate::domain::cash_out::Again;
use crate::domain::order::{Destination, Order, Reference, idempotency_key};
use crate::domain::text::Safe;
use crate::domain::transaction::Transaction;
use crate::engine::batch::Alike;
use crate::engine::clock;
use crate::journal::payees::PayeeReader as _;
use crate::journal::sqlite::SqliteReader;
use crate::journal::{Intent, Reader};

/// What a person has to see before paying.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Warning {
    /// A payment of the last day to the same payee and of the same amount.
    Repeat(Repeat),
    /// What the journal shows of the payee.
    Payee(PayeeWarning),
}

impl Warning {
    /// As a line of a question.
    pub(super) fn text(&self) -> Told {
        match self {
            Self::Repeat(repeat) => repeat.text(),
            Self::Payee(payee) => payee.text(),
        }
    }
}

/// A payment of the last day to the same payee and of the same amount: this one may pay the same again.
#[derive(Debug, Serialize)]
pub(super) struct Repeat {
    code: &'static str,
    message: String,
    #[serde(skip)]
    told: Told,
    id: Uuid,
    external_reference: Option<String>,
    state: &'static str,
    happened_at: Timestamp,
}

impl Repeat {
    fn of(row: &Transaction) -> Self {
        let at = row.happened_at.to_zoned(zone()).strftime("%d/%m/%Y %H:%M");
        let reference = row.external_reference.as_ref();
        let named = reference.map(|reference| format!(", {reference}")).unwrap_or_default();
        let state = Word(row.state);
        let told = told!(
            "the same payee and amount as a payment of {at} ({state}{named})",
            "o mesmo recebedor e valor de um pagamento de {at} ({state}{named})"; state
        );
        Self {
            code: "repeat",
            message: told.en().to_owned(),
            told,
            id: row.id,
            external_reference: reference.map(ToString::to_string),
            state: row.state.as_str(),
            happened_at: row.happened_at,
        }
    }

    fn text(&self) -> Told {
        let told = &self.told;
        told!("LIKELY A REPEAT: {told}", "PROVÁVEL REPETIÇÃO: {told}"; told)
    }
}

/// What the journal knows of a payment before it is made.
#[derive(Default)]
pub(super) struct Known {
    /// The payment that the reference names already.
    pub(super) payment: Option<Intent>,
    /// What a person has to see.
    pub(super) warnings: Vec<Warning>,
}

impl Known {
    /// Looks for the payment, and for others that are like it where it would be new.
    pub(super) async fn look(
        reader: Option<&SqliteReader>,
        order: &Order,
        reference: Option<&Reference>,
    ) -> Result<Self, Failure> {
        // Where nothing is journalled nobody was paid.
        let Some(reader) = reader else {
            let warnings = warnings_of(order, &[]).map(Warning::Payee).collect();
            return Ok(Self { payment: None, warnings });
        };
        let payment = match reference {
            Some(reference) => reader.newest(reference).await?,
            None => None,
        };
        let mut warnings = Vec::new();
        if payment.is_none()
            && let Some(row) = Alike::of_the_last_day(reader, clock::now()).find(order, |_| false).await?
        {
            warnings.push(Warning::Repeat(Repeat::of(&row)));
        }
        if payment.is_none() {
            let known = reader.payees_around(order).await?;
            warnings.extend(warnings_of(order, &known).map(Warning::Payee));
        }
        Ok(Self { payment, warnings })
    }
}

/// What the command would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Would {
    /// Make a payment and send it.
    Pay,
    /// Pay a debt once more that is proven unpaid.
    PayAgain,
    /// Go on with the payment that is there.
    GoOn,
    /// Nothing new: that payment has ended, or may have paid.
    Nothing,
}

impl Would {
    fn of(known: Option<&Intent>, again: bool) -> Self {
        match known {
            None => Self::Pay,
            Some(payment) if again && payment.cash_out.again().is_some() => Self::PayAgain,
            Some(payment) if !payment.cash_out.state.is_final() => Self::GoOn,
            Some(_) => Self::Nothing,
        }
    }

    fn words(self) -> Told {
        match self {
            Self::Pay => told!("it would be paid", "seria pago"),
            Self::PayAgain => told!("the debt would be paid once more", "a dívida seria paga mais uma vez"),
            Self::GoOn => told!(
                "the payment that is there would be gone on with; nothing new would be made",
                "o pagamento que existe seria retomado; nada de novo seria feito"
            ),
            Self::Nothing => told!(
                "nothing new would be made, and nothing sent",
                "nada de novo seria feito, e nada enviado"
            ),
        }
    }
}

#[derive(Debug, Serialize)]
struct PreviewView<'a> {
    dry_run: bool,
    would: Would,
    /// `null`: one would be drawn.
    external_reference: Option<&'a str>,
    idempotency_key: Option<Uuid>,
    /// SHA-256 of what is paid to whom: the same reference with another one is refused.
    payload_sha256: String,
    amount_centavos: crate::domain::money::Centavos,
    name: &'a str,
    document: &'a str,
    pix_key: Option<&'a str>,
    pix_key_type: Option<String>,
    bank_ispb: Option<String>,
    bank: Option<&'static str>,
    bank_branch: Option<&'a str>,
    bank_account: Option<&'a str>,
    description: Option<&'a str>,
    existing: Option<IntentView>,
    warnings: &'a [Warning],
    #[serde(flatten)]
    effect: EffectView,
}

/// Shows what would be done.
pub(super) async fn tell(
    context: &Context,
    reader: Option<&SqliteReader>,
    (order, reference, again): (&Order, Option<&Reference>, bool),
    known: &Known,
) {
    let client_id = &context.settings.client_id;
    let payment = known.payment.as_ref();
    let would = Would::of(payment, again);
    let key = reference.map(|reference| key(client_id, reference, payment.filter(|_| again), payment));
    let is_paying = matches!(would, Would::Pay | Would::PayAgain);
    let paying = if is_paying { order.amount } else { crate::domain::money::Centavos::ZERO };
    let effect = Effect::look(context, reader, paying).await;
    if context.json {
        let (pix, account) = match &order.destination {
            Destination::Pix(key) => (Some(key), None),
            Destination::Account(account) => (None, Some(account)),
        };
        say_json(&PreviewView {
            dry_run: true,
            would,
            external_reference: reference.map(Reference::as_str),
            idempotency_key: key,
            payload_sha256: order.payload_hash().to_string(),
            amount_centavos: order.amount,
            name: &order.name,
            document: order.document.as_str(),
            pix_key: pix.map(crate::domain::pix_key::PixKey::as_str),
            pix_key_type: pix.map(|key| key.key_type().to_string()),
            bank_ispb: account.map(|account| account.ispb.to_string()),
            bank: account.and_then(|account| crate::domain::institution::name_of(&account.ispb)),
            bank_branch: account.map(|account| account.branch.as_str()),
            bank_account: account.map(|account| account.account.as_str()),
            description: order.description.as_deref(),
            existing: payment.map(|payment| IntentView::new(payment, client_id)),
            warnings: &known.warnings,
            effect: effect.view(context),
        });
        return;
    }
    let (environment, Order { amount, name, document, .. }) = (context.settings.environment, order);
    let mut text = vec![
        told!(
            "[{environment}] {amount} to {name}, {document} (the name was typed, the gateway has not verified it)",
            "[{environment}] {amount} a {name}, {document} (o nome foi digitado, o gateway não o verificou)"
        ),
        destination_text(&order.destination),
    ];
    text.extend(order.description.as_ref().map(|text| {
        let text = Safe::new(text);
        told!("description {text}", "descrição {text}")
    }));
    text.push(reference.map_or_else(
        || {
            told!(
                "no reference was given: one would be drawn, and the command would not be repeatable",
                "nenhuma referência foi dada: uma seria sorteada, e o comando não poderia ser repetido"
            )
        },
        |reference| told!("reference {reference}", "referência {reference}"),
    ));
    text.extend(key.map(|key| told!("idempotency key {key}", "chave de idempotência {key}")));
    let fingerprint = order.payload_hash();
    text.push(told!("fingerprint {fingerprint}", "impressão digital {fingerprint}"));
    text.extend(payment.map(|payment| {
        let said = sentence(payment);
        told!("the reference names it already: {said}", "a referência já é dele: {said}"; said)
    }));
    text.extend(known.warnings.iter().map(Warning::text));
    text.extend(effect.text(context));
    let would = would.words();
    text.push(told!("{would}. Nothing was recorded or sent", "{would}. Nada foi gravado nem enviado"; would));
    super::output::tell(&Told::join(&text, "\n  "));
}

/// The key that its next request would carry.
fn key(client_id: &str, reference: &Reference, again: Option<&Intent>, known: Option<&Intent>) -> Uuid {
    let next = again.and_then(|payment| Some((payment, payment.cash_out.again()?)));
    match (next, known) {
        (Some((payment, Again::Round)), _) => {
            idempotency_key(client_id, &payment.reference, payment.cash_out.round + 1)
        }
        (Some((payment, Again::Generation)), _) => {
            let terms = &payment.cash_out.terms;
            idempotency_key(client_id, &reference.of_generation(terms.generation + 1), 1)
        }
        (None, Some(payment)) => idempotency_key(client_id, &payment.reference, payment.cash_out.round),
        (None, None) => idempotency_key(client_id, reference, 1),
    }
}

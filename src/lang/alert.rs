//! Alerts, gaps of the wallet and what may explain them, in words.

use super::Lang;
use crate::domain::alert::{Acknowledgement, What};
use crate::domain::conservation::{Gap, Kind};
use crate::domain::gap::{Reason, Suspect};
use crate::domain::money::Centavos;
use jiff::Timestamp;

/// How a time is told.
type Time<'a> = &'a dyn Fn(Timestamp) -> String;

impl Lang {
    /// What happened, in one line.
    pub fn alert(self, what: &What) -> &'static str {
        let words = &self.words().notices;
        let either = |portuguese, english| if self == Self::PtBr { portuguese } else { english };
        match what {
            What::BelowFloor { .. } => words.below_floor,
            What::AboveCeiling { .. } => words.above_ceiling,
            What::Coverage { .. } => {
                either("Cobertura ABAIXO do mínimo: o transacional dura pouco", "Coverage BELOW the minimum")
            }
            What::GatewaySilent { .. } => words.balance_unread,
            What::GatewayStandsStill { .. } => either(
                "O gateway repete o mesmo retrato do saldo",
                "The gateway gives the same snapshot of the balance",
            ),
            What::WebhooksOff { .. } => words.webhooks,
            What::WebhooksLate { .. } => either(
                "Webhooks atrasados: o saldo só sabe perguntando",
                "Webhooks are late: saldo learns by asking",
            ),
            What::WebhookSignatures { .. } => either(
                "Webhooks com assinatura errada: recusados",
                "Webhooks with a wrong signature: refused",
            ),
            What::WebhooksIllegible { .. } => words.illegible,
            What::ForwardStands { .. } => words.forward_stands,
            What::PaymentInDoubt { .. } => {
                either("PAGAMENTO EM DÚVIDA: não pague de novo", "A PAYMENT IS IN DOUBT: do not pay it again")
            }
            What::RebalanceInDoubt { .. } => words.rebalance_doubt,
            What::PaymentConflict(_) => either(
                "PAGAMENTO EM CONFLITO: o gateway contradiz a ordem; não pague de novo",
                "A PAYMENT IS IN CONFLICT: the gateway contradicts it; do not pay it again",
            ),
            What::PaidAfterFailure(_) => either(
                "PAGO DEPOIS DA FALHA: a dívida pode estar paga duas vezes",
                "PAID AFTER ITS FAILURE: the debt may be paid twice",
            ),
            What::ChargeConflict(_) => either(
                "COBRANÇA EM CONFLITO: o gateway contradiz o que foi pedido",
                "A CHARGE IS IN CONFLICT: the gateway contradicts what was asked",
            ),
            What::RefundInDoubt(_) => either(
                "DEVOLUÇÃO EM DÚVIDA: não devolva de outro jeito",
                "A REFUND IS IN DOUBT: give it back in no other way",
            ),
            What::RefundConflict(_) => either(
                "DEVOLUÇÃO EM CONFLITO: não devolva de outro jeito",
                "A REFUND IS IN CONFLICT: give it back in no other way",
            ),
            What::TransactionConflict(_) => either(
                "O gateway se contradiz sobre uma transação de fora",
                "The gateway contradicts itself about a transaction of others",
            ),
            What::BatchStands { .. } => either(
                "LOTE PARADO: há linhas que ninguém começou",
                "A BATCH STANDS: some lines were not begun",
            ),
            What::JournalUnwritable { .. } => either(
                "O DIÁRIO NÃO ACEITA NADA NOVO: nada é enviado",
                "THE JOURNAL TAKES NOTHING NEW: nothing is sent",
            ),
            What::PaymentsPaused { .. } => words.paused,
            What::UnexplainedDifference { .. } => {
                either("DIFERENÇA SEM EXPLICAÇÃO na carteira", "UNEXPLAINED DIFFERENCE in the wallet")
            }
            What::HookFailed { .. } => either(
                "O comando de alertas falha: ninguém foi chamado",
                "The alerts' command fails: nobody was called",
            ),
        }
    }

    /// What is known of it, in one line.
    pub fn alert_detail(self, what: &What, time: Time<'_>) -> String {
        let pt = self == Self::PtBr;
        let words = &self.words().coverage;
        match what {
            What::BelowFloor { balance, floor } => format!("{balance} · {} {floor}", words.floor),
            What::AboveCeiling { balance, ceiling } => format!("{balance} · {} {ceiling}", words.ceiling),
            What::Coverage { minutes, limit, balance } if pt => {
                format!("{balance} paga {minutes} min; o mínimo é {limit} min")
            }
            What::Coverage { minutes, limit, balance } => {
                format!("{balance} pays for {minutes} min; the minimum is {limit} min")
            }
            What::GatewaySilent { reason, .. }
            | What::WebhooksOff { reason }
            | What::PaymentsPaused { reason }
            | What::JournalUnwritable { reason }
            | What::HookFailed { reason } => self.raw_error(reason.as_str()),
            What::GatewayStandsStill { since } if pt => format!("desde {}", time(*since)),
            What::GatewayStandsStill { since } => format!("since {}", time(*since)),
            What::WebhooksLate { missing, late } if pt => {
                format!("{missing} pagamentos liquidados sem webhook · {late} chegaram com atraso")
            }
            What::WebhooksLate { missing, late } => {
                format!("{missing} settled payments without one · {late} came late")
            }
            What::WebhookSignatures { count } | What::WebhooksIllegible { count } => count.to_string(),
            What::ForwardStands { address, waiting, reason } => format!("{address}: {waiting} ({reason})"),
            What::PaymentInDoubt { amount, state, since, .. } => {
                let amount = amount.map(|amount| format!("{amount} · ")).unwrap_or_default();
                format!("{amount}{} · {}", self.state(*state), time(*since))
            }
            What::PaymentConflict(about)
            | What::PaidAfterFailure(about)
            | What::ChargeConflict(about)
            | What::RefundInDoubt(about)
            | What::RefundConflict(about)
            | What::TransactionConflict(about) => {
                let amount = about.amount.map(|amount| format!("{amount} · ")).unwrap_or_default();
                format!("{amount}{} · {}", self.state(about.state), time(about.since))
            }
            What::BatchStands { waiting, amount, in_doubt, .. } if pt => {
                format!("{waiting} linhas por começar, {amount} · {in_doubt} em dúvida")
            }
            What::BatchStands { waiting, amount, in_doubt, .. } => {
                format!("{waiting} lines to begin, {amount} · {in_doubt} in doubt")
            }
            What::RebalanceInDoubt { target, .. } => target.to_string(),
            What::UnexplainedDifference { gap, suspects } => {
                format!("{} · {}", self.gap(gap, time), self.suspects(suspects.len()))
            }
        }
    }

    /// `14:31:02 – 14:32:10  -R$ 300,00  transacional`.
    pub fn gap(self, gap: &Gap, time: Time<'_>) -> String {
        let words = &self.words().balances;
        let place = match (gap.kind, gap.amount > Centavos::ZERO, self) {
            (Kind::Transactional, ..) => words.transactional,
            (Kind::Proprietary, ..) => words.proprietary,
            (Kind::Between, true, Self::PtBr) => "do proprietário ao transacional, sem ordem do saldo",
            (Kind::Between, false, Self::PtBr) => "do transacional ao proprietário, sem ordem do saldo",
            (Kind::Between, true, Self::En) => "proprietary to transactional, not ordered by saldo",
            (Kind::Between, false, Self::En) => "transactional to proprietary, not ordered by saldo",
        };
        format!("{} – {}  {}  {place}", time(gap.from), time(gap.to), gap.amount)
    }

    fn suspects(self, count: usize) -> String {
        match (self, count) {
            (Self::PtBr, 0) => "nenhum suspeito".to_owned(),
            (Self::PtBr, 1) => "1 suspeito".to_owned(),
            (Self::PtBr, _) => format!("{count} suspeitos"),
            (Self::En, 0) => "no suspects".to_owned(),
            (Self::En, 1) => "1 suspect".to_owned(),
            (Self::En, _) => format!("{count} suspects"),
        }
    }

    /// One suspect and why: `14:31:05  R$ 300,00  0193e1f0…: o valor é o da diferença`.
    pub fn suspect(self, suspect: &Suspect, time: Time<'_>) -> String {
        let Suspect { reason, id, webhook, amount, at } = suspect;
        let amount = amount.map(|amount| format!("  {amount}")).unwrap_or_default();
        let what = match (id, webhook) {
            (Some(id), _) => id.to_string(),
            (None, Some(number)) => format!("webhook {number}"),
            (None, None) => String::new(),
        };
        let why = match (self, reason) {
            (Self::En, reason) => reason.words(),
            (Self::PtBr, Reason::InDoubt) => "não se sabe se foi pago",
            (Self::PtBr, Reason::RebalanceInDoubt) => "rebalanceamento em dúvida",
            (Self::PtBr, Reason::SameAmount) => "o valor é o da diferença",
            (Self::PtBr, Reason::Conflict) => "o gateway se contradisse sobre ele",
            (Self::PtBr, Reason::Illegible) => "webhook dessa hora que não se consegue ler",
            (Self::PtBr, Reason::Ended) => "terminou nesse intervalo",
        };
        format!("{}{amount}  {what}: {why}", time(*at))
    }

    /// Who has seen it, when, and what they found.
    pub fn seen_by(self, seen: &Acknowledgement, time: Time<'_>) -> String {
        let by = seen.by.name.clone().unwrap_or_else(|| seen.by.to_string());
        let note = seen.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
        match self {
            Self::PtBr => format!("reconhecido por {by} às {}{note}", time(seen.at)),
            Self::En => format!("acknowledged by {by} at {}{note}", time(seen.at)),
        }
    }

    /// What a desktop notification says when several alerts began at once.
    pub fn and_more(self, first: &str, more: usize) -> String {
        match (self, more) {
            (_, 0) => first.to_owned(),
            (Self::PtBr, _) => format!("{first} (e mais {more})"),
            (Self::En, _) => format!("{first} (and {more} more)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::person::Person;

    #[test]
    fn a_gap_its_suspects_and_its_note_are_told_in_both_languages() {
        let time = |_: Timestamp| "14:31".to_owned();
        let gap = Gap {
            from: Timestamp::UNIX_EPOCH,
            to: Timestamp::UNIX_EPOCH,
            kind: Kind::Transactional,
            amount: Centavos::new(-30_000),
        };
        let what = What::UnexplainedDifference { gap, suspects: Vec::new() };
        assert_eq!(
            Lang::PtBr.alert_detail(&what, &time),
            "14:31 – 14:31  -R$\u{a0}300,00  Transacional · nenhum suspeito"
        );
        assert_eq!(
            Lang::En.alert_detail(&what, &time),
            "14:31 – 14:31  -R$\u{a0}300,00  Transactional · no suspects"
        );
        let suspect = Suspect {
            reason: Reason::Illegible,
            id: None,
            webhook: Some(7),
            amount: None,
            at: Timestamp::UNIX_EPOCH,
        };
        assert_eq!(
            Lang::En.suspect(&suspect, &time),
            "14:31  webhook 7: a webhook of that time that cannot be read"
        );
        let seen = Acknowledgement {
            at: Timestamp::UNIX_EPOCH,
            by: Person { uid: 7, name: Some("ana".to_owned()) },
            note: Some("tarifa".to_owned()),
        };
        assert_eq!(Lang::PtBr.seen_by(&seen, &time), "reconhecido por ana às 14:31: tarifa");
        assert_eq!(Lang::En.and_more("x", 2), "x (and 2 more)");
    }
}

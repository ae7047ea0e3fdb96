//! A shift that is handed over, as a document for people.

use jiff::Timestamp;

use super::Lang;
use crate::domain::handover::{Alert, Deed, Handover, Open, Sum, Wallet};
use crate::domain::report::Direction;
use crate::domain::stand::Stand;
use crate::domain::transaction::State;

/// A heading with its lines: a label and what there is to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The heading.
    pub title: &'static str,
    /// Label and value; an empty label goes on with the line before.
    pub lines: Vec<(String, String)>,
}

/// How a time is told.
type Time<'a> = &'a dyn Fn(Timestamp) -> String;

/// The place of a part after those without an outcome.
const AFTER_OPEN: usize = 3;

impl Lang {
    /// The whole document. The same document gives the same words, whenever it is written.
    pub fn handover(self, shift: &Handover, time: Time<'_>) -> Vec<Part> {
        let pick = |portuguese: &'static str, english| if self == Self::PtBr { portuguese } else { english };
        let line = |label: &str, value: String| (label.to_owned(), value);
        let mut head = vec![
            line(pick("Turno", "Shift"), format!("{} – {}", time(shift.since), time(shift.until))),
            line(pick("Passado por", "Handed over by"), shift.by.to_string()),
        ];
        // What is only looked at has none yet.
        if !shift.id.is_nil() {
            head.push(line("Id", shift.id.to_string()));
        }
        if let Some(note) = &shift.note {
            head.extend(
                note.lines().enumerate().map(|(at, text)| {
                    line(if at == 0 { pick("Recado", "Note") } else { "" }, text.to_owned())
                }),
            );
        }
        let mut money = Vec::new();
        for (label, wallet) in [
            (pick("No início", "At the beginning"), &shift.opening),
            (pick("No fim", "At the end"), &shift.closing),
        ] {
            money.extend(self.wallet(label, wallet.as_ref(), time));
        }
        for (label, sum) in [
            (pick("Recebido", "Received"), shift.moved.received),
            (pick("Pago", "Paid"), shift.moved.paid),
            (pick("Devolvido a pagadores", "Refunded to payers"), shift.moved.refunded),
            (pick("Devolvido por favorecidos", "Returned by payees"), shift.moved.returned),
        ] {
            money.push(line(label, total(sum)));
        }
        for one in &shift.rebalances {
            let direction = match one.direction.as_str() {
                "top_up" => pick("próprio → transacional", "proprietary → transactional"),
                _ => pick("transacional → próprio", "transactional → proprietary"),
            };
            let text = format!(
                "{} · {direction} · {} · {} · {}",
                one.amount_centavos,
                one.state,
                one.by,
                time(one.at)
            );
            money.push(line(pick("Rebalanceamento", "Rebalance"), text));
        }
        let mut open: Vec<_> = shift.open.iter().map(|row| self.open_row(row, time)).collect();
        if shift.open_more > 0 {
            open.push(line("", format!("{} {}", pick("e mais", "and more:"), shift.open_more)));
        }
        let batches = shift.batches.iter().map(|batch| {
            let text = match self {
                Self::PtBr => format!(
                    "{} de {} linhas por começar, {} em andamento, {} incertas · {}",
                    batch.waiting, batch.lines, batch.under_way, batch.in_doubt, batch.id
                ),
                Self::En => format!(
                    "{} of {} lines not begun, {} under way, {} in doubt · {}",
                    batch.waiting, batch.lines, batch.under_way, batch.in_doubt, batch.id
                ),
            };
            (batch.name.to_string(), text)
        });
        let gaps = shift.gaps.iter().map(|gap| {
            let found = match (&gap.explained_by, &gap.note) {
                (Some(by), note) => format!(" · {by}: {}", note.clone().unwrap_or_default()),
                (None, _) => format!(" · {}", pick("sem explicação", "not explained")),
            };
            (format!("{} – {}", time(gap.from), time(gap.to)), format!("{}{found}", gap.amount_centavos))
        });
        let mut parts = vec![
            (pick("Passagem de turno", "Hand-over of a shift"), head),
            (pick("Carteira", "Wallet"), money),
            (pick("Sem desfecho", "Without an outcome"), open),
            (
                pick("Alertas que valem", "Alerts that stand"),
                shift.alerts.iter().map(|one| self.alert_row(one, time)).collect(),
            ),
            (pick("Diferenças na carteira", "Differences in the wallet"), gaps.collect()),
            (pick("Lotes em aberto", "Batches under way"), batches.collect()),
            (
                pick("Quem fez o quê", "Who did what"),
                shift.deeds.iter().map(|deed| self.deed(deed)).collect(),
            ),
            (
                pick("Prova", "Proof"),
                vec![line(pick("Topo da auditoria", "Audit head"), shift.audit_head.clone())],
            ),
        ];
        if !shift.unpaid.is_empty() {
            let unpaid = shift.unpaid.iter().map(|row| self.open_row(row, time)).collect();
            parts.insert(AFTER_OPEN, (pick("Não pagos neste turno", "Not paid in this shift"), unpaid));
        }
        let nothing = || vec![line("", pick("nada", "nothing").to_owned())];
        parts
            .into_iter()
            .map(|(title, lines)| Part { title, lines: if lines.is_empty() { nothing() } else { lines } })
            .collect()
    }

    fn wallet(self, label: &str, wallet: Option<&Wallet>, time: Time<'_>) -> Vec<(String, String)> {
        let pt = self == Self::PtBr;
        let Some(wallet) = wallet else {
            let none = if pt { "nenhum saldo lido até então" } else { "no balance had been read by then" };
            return vec![(label.to_owned(), none.to_owned())];
        };
        let (transactional, proprietary, read) = if pt {
            ("transacional", "próprio", "lido em")
        } else {
            ("transactional", "proprietary", "read at")
        };
        vec![
            (label.to_owned(), format!("{} · {read} {}", wallet.total_centavos, time(wallet.fetched_at))),
            (
                String::new(),
                format!(
                    "{transactional} {} · {proprietary} {}",
                    wallet.transactional_centavos, wallet.proprietary_centavos
                ),
            ),
        ]
    }

    fn open_row(self, row: &Open, time: Time<'_>) -> (String, String) {
        let direction = if row.direction == "in" { Direction::In } else { Direction::Out };
        let state = State::parse(direction, &row.state)
            .map_or(row.state.as_str(), |state| self.row_stand(Stand::of(state, row.failure_reported, None)));
        let conflict = match (row.conflict, self) {
            (false, _) => "",
            (true, Self::PtBr) => "CONFLITO, ",
            (true, Self::En) => "CONFLICT, ",
        };
        let amount = row.amount_centavos.map_or_else(|| "?".to_owned(), |amount| amount.to_string());
        let reference = row.external_reference.as_ref().map_or("-", |text| text.as_str());
        (
            format!("{conflict}{state}"),
            format!("{} {amount} · {reference} · {}", self.direction(direction), time(row.created_at)),
        )
    }

    fn alert_row(self, alert: &Alert, time: Time<'_>) -> (String, String) {
        let what = format!("{} · {}", self.alert(&alert.what), self.alert_detail(&alert.what, time));
        let seen = match (&alert.acknowledged_by, self) {
            (Some(by), Self::PtBr) => format!(" · reconhecido por {by}"),
            (Some(by), Self::En) => format!(" · acknowledged by {by}"),
            (None, Self::PtBr) => " · ninguém reconheceu".to_owned(),
            (None, Self::En) => " · acknowledged by nobody".to_owned(),
        };
        let note = alert.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
        (time(alert.began_at), format!("{what}{seen}{note}"))
    }

    fn deed(self, deed: &Deed) -> (String, String) {
        let words = match deed.what.as_str() {
            "cash_out" => {
                [("pagamento decidido", "pagamentos decididos"), ("cash-out decided", "cash-outs decided")]
            }
            "cash_in" => [("cobrança", "cobranças"), ("charge", "charges")],
            "refund" => [("devolução", "devoluções"), ("refund", "refunds")],
            "rebalance" => [("rebalanceamento", "rebalanceamentos"), ("rebalance", "rebalances")],
            "acknowledge" => [("reconhecimento", "reconhecimentos"), ("acknowledgement", "acknowledgements")],
            "resolve" => [
                ("dúvida resolvida ou declaração", "dúvidas resolvidas ou declarações"),
                ("doubt resolved, or declaration", "doubts resolved, or declarations"),
            ],
            "approve" => [("aprovação", "aprovações"), ("approval", "approvals")],
            "call_off" => [("cancelamento", "cancelamentos"), ("called off", "called off")],
            other => [(other, other), (other, other)],
        };
        let [pt, en] = words;
        let (one, many) = if self == Self::PtBr { pt } else { en };
        let what = if deed.count == 1 { one } else { many };
        let amount = match deed.amount_centavos.get() {
            0 => String::new(),
            _ => format!(" · {}", deed.amount_centavos),
        };
        (deed.by.to_string(), format!("{} {what}{amount}", deed.count))
    }
}

fn total(sum: Sum) -> String {
    format!("{} · {}", sum.count, sum.amount_centavos)
}

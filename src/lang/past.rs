//! What is said of the desk as it was.

use super::Lang;

/// The words of the time machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PastWords {
    pub(crate) banner: &'static str,
    pub(crate) nothing_paid: &'static str,
    pub(crate) nothing_paid_short: &'static str,
    pub(crate) that_day: &'static str,
    pub(crate) received_short: &'static str,
    pub(crate) paid_short: &'static str,
    pub(crate) reading: &'static str,
    pub(crate) prompt: &'static str,
    pub(crate) refused: &'static str,
    pub(crate) no_change: &'static str,
    pub(crate) polled: &'static str,
    pub(crate) next_kept: &'static str,
    pub(crate) no_balance: &'static str,
    pub(crate) known: &'static str,
    pub(crate) by_gateway: &'static str,
    pub(crate) at_least: &'static str,
    pub(crate) not_recorded: &'static str,
    pub(crate) today_is_used: &'static str,
    pub(crate) kept_nowhere: &'static str,
    pub(crate) thinned: &'static str,
    pub(crate) no_notices: &'static str,
}

const EN: PastWords = PastWords {
    banner: "AS IT WAS",
    nothing_paid: "saldo shows the past, nothing can be paid here",
    nothing_paid_short: "the past: nothing can be paid here",
    that_day: "That day until then",
    received_short: "In, that day",
    paid_short: "Out, that day",
    reading: "reading the journal…",
    prompt: "as it was at",
    refused: "saldo shows the past: nothing can be done here. Esc goes back to now.",
    no_change: "The journal has no further change that way.",
    polled: "as polled at",
    next_kept: "next one kept:",
    no_balance: "no balance had been read by then, or none is kept",
    known: "What is known of then",
    by_gateway: "Moved: by the gateway's times of payment.",
    at_least: "Under way: at least, of what ended soon after.",
    not_recorded: "not recorded",
    today_is_used: "The band is today's.",
    kept_nowhere: "Kept nowhere: webhooks' health, pauses, exposure, failed polls.",
    thinned: "Balances thin out: after a day one a minute, after a month one an hour.",
    no_notices: "No alert stood then.",
};

const PT_BR: PastWords = PastWords {
    banner: "COMO ERA",
    nothing_paid: "o saldo mostra o passado, nada pode ser pago aqui",
    nothing_paid_short: "o passado: nada se paga aqui",
    that_day: "Naquele dia até então",
    received_short: "Receb. no dia",
    paid_short: "Pagam. no dia",
    reading: "lendo o diário…",
    prompt: "como era em",
    refused: "O saldo mostra o passado: nada pode ser feito aqui. Esc volta ao agora.",
    no_change: "O diário não tem outra mudança nesse sentido.",
    polled: "lido às",
    next_kept: "próximo guardado:",
    no_balance: "nenhum saldo tinha sido lido até então, ou nenhum foi guardado",
    known: "O que se sabe de então",
    by_gateway: "Movimentos: pelas horas de pagamento do gateway.",
    at_least: "Em andamento: no mínimo, do que acabou logo depois.",
    not_recorded: "não registrado",
    today_is_used: "A faixa é a de hoje.",
    kept_nowhere: "Não se guarda: estado dos webhooks, pausas, exposição, leituras que falharam.",
    thinned: "Saldos rareiam: após um dia um por minuto, após um mês um por hora.",
    no_notices: "Nenhum alerta valia então.",
};

impl Lang {
    /// What is said of the desk as it was.
    pub(crate) const fn past(self) -> &'static PastWords {
        match self {
            Self::PtBr => &PT_BR,
            Self::En => &EN,
        }
    }

    /// Movements that are left out of the sums.
    pub(crate) fn came_late(self, count: u32) -> String {
        match (self, count) {
            (Self::PtBr, 1) => "Fora da soma: 1 movimento, conhecido só depois.".to_owned(),
            (Self::PtBr, _) => format!("Fora da soma: {count} movimentos, conhecidos só depois."),
            (Self::En, 1) => "Left out: 1 movement that was learned of only later.".to_owned(),
            (Self::En, _) => format!("Left out: {count} movements that were learned of only later."),
        }
    }

    /// Rows whose state is told by webhooks alone, and rows whose state nobody wrote down.
    pub(crate) fn states_known(self, by_webhooks: usize, unrecorded: usize) -> Vec<String> {
        let mut lines = Vec::new();
        if by_webhooks > 0 {
            lines.push(match self {
                Self::PtBr => format!("Situação só pelos webhooks até então: {by_webhooks}."),
                Self::En => format!("State by the webhooks until then alone: {by_webhooks}."),
            });
        }
        if unrecorded > 0 {
            lines.push(match self {
                Self::PtBr => format!("Situação não registrada, e mudou depois: {unrecorded}."),
                Self::En => format!("State not recorded, and changed since: {unrecorded}."),
            });
        }
        lines
    }
}

//! Phrases that depend on a number or on what happened.

use super::Lang;
use crate::domain::attempt::{Ambiguity, NotExecuted, Verdict};
use crate::domain::freshness::Age;
use crate::domain::money::Centavos;
use crate::domain::pace::PRIZES_DUE;
use crate::domain::rebalance::{Forecast, ForecastError, Move};
use crate::domain::report::{Source, Status};

impl Lang {
    /// `há 20 s`, `20 s ago`.
    pub fn ago(self, age: Age) -> String {
        let (count, unit) = match age {
            Age::Seconds(count) => (u32::from(count), "s"),
            Age::Minutes(count) => (u32::from(count), "min"),
            Age::Hours(count) => (u32::from(count), "h"),
            Age::Days(count) => (
                count,
                if self == Self::PtBr {
                    if count == 1 { "dia" } else { "dias" }
                } else if count == 1 {
                    "day"
                } else {
                    "days"
                },
            ),
        };
        match self {
            Self::PtBr => format!("há {count} {unit}"),
            Self::En => format!("{count} {unit} ago"),
        }
    }

    /// How long the transactional balance still pays. `untold`: it fell by more than saldo was told, and the fall counts.
    pub fn minutes_left(self, minutes: u64, untold: bool) -> String {
        let span = self.span(minutes);
        let told = match self {
            Self::PtBr if untold => format!("cobre {span} de saídas (queda do saldo em 10 min)"),
            Self::PtBr => format!("cobre {span} de saídas (vistas em 10 min)"),
            Self::En if untold => format!("pays {span} of outflow (its fall in 10 min)"),
            Self::En => format!("pays {span} of outflow (seen in 10 min)"),
        };
        match self {
            _ if minutes >= PRIZES_DUE => told,
            Self::PtBr => format!("{told}, menos que os {PRIZES_DUE} min dos prêmios"),
            Self::En => format!("{told}, less than the {PRIZES_DUE} min for prizes"),
        }
    }

    /// The same in as few words as are honest.
    pub fn minutes_left_short(self, minutes: u64, untold: bool) -> String {
        let span = self.span(minutes);
        match self {
            Self::PtBr if untold => format!("cobre {span} (queda)"),
            Self::PtBr => format!("cobre {span} (visto)"),
            Self::En if untold => format!("pays {span} (fell)"),
            Self::En => format!("pays {span} (seen)"),
        }
    }

    /// Which partner bank's transactional account is empty first.
    pub fn dry_first(self, partner: &str, minutes: u64) -> String {
        let span = self.span(minutes);
        match self {
            Self::PtBr => {
                format!("{partner} seca primeiro, em {span} (rebalancear não escolhe a instituição)")
            }
            Self::En => format!("{partner} is dry first, in {span} (a rebalance cannot choose the partner)"),
        }
    }

    /// A rebalance that would bring the balance to where it is wanted; `key` opens its form.
    pub fn suggestion(self, forecast: &Forecast, key: &str) -> String {
        let (amount, target) = (forecast.amount, forecast.after.transactional);
        match (self, forecast.direction) {
            (Self::PtBr, Move::TopUp) => format!("sugestão: aporte de {amount} até {target} ({key})"),
            (Self::PtBr, Move::Sweep) => format!("sugestão: recolher {amount} até {target} ({key})"),
            (Self::En, Move::TopUp) => format!("suggestion: top up {amount} to {target} ({key})"),
            (Self::En, Move::Sweep) => format!("suggestion: sweep {amount} down to {target} ({key})"),
        }
    }

    /// The proprietary account does not hold what a top-up to the target needs.
    pub fn cannot_top_up(self, needed: Centavos, available: Centavos) -> String {
        match self {
            Self::PtBr => format!("o alvo pede {needed}, e o próprio só tem {available}"),
            Self::En => {
                format!("the target needs {needed}, and the proprietary account holds only {available}")
            }
        }
    }

    /// A span of minutes as a short label: `1 min`, `1 h`.
    pub fn span_label(self, minutes: i64) -> String {
        if minutes % 60 == 0 { format!("{} h", minutes / 60) } else { format!("{minutes} min") }
    }

    /// Minutes, up to a day: what was seen in ten minutes says nothing of next week.
    fn span(self, minutes: u64) -> String {
        match self {
            _ if minutes <= 24 * 60 => format!("{minutes} min"),
            Self::PtBr => "mais de 24 h".to_owned(),
            Self::En => "more than 24 h".to_owned(),
        }
    }

    /// No row has the text that was searched.
    pub fn nothing_found(self, search: &str) -> String {
        match self {
            Self::PtBr => format!("Nenhuma transação com “{search}” neste filtro."),
            Self::En => format!("No transaction with “{search}” in this filter."),
        }
    }

    /// `2 avisos`.
    pub fn notices(self, count: usize) -> String {
        match (self, count) {
            (Self::PtBr, 1) => "1 aviso".to_owned(),
            (Self::PtBr, _) => format!("{count} avisos"),
            (Self::En, 1) => "1 notice".to_owned(),
            (Self::En, _) => format!("{count} notices"),
        }
    }

    /// Why the last polls came to nothing.
    pub fn polls_failed(self, count: u32) -> String {
        match (self, count) {
            (Self::PtBr, 0 | 1) => "1 consulta falhou".to_owned(),
            (Self::PtBr, _) => format!("{count} consultas seguidas falharam"),
            (Self::En, 0 | 1) => "1 poll failed".to_owned(),
            (Self::En, _) => format!("{count} polls in a row failed"),
        }
    }

    /// Said on the shell when the cockpit was left in the middle of a request.
    pub fn waiting_for_the_wire(self) -> &'static str {
        match self {
            Self::PtBr => {
                "há um pedido em trânsito; o saldo espera a resposta por até 30 s. Ctrl-C é seguro: o diário já sabe dele"
            }
            Self::En => {
                "a request is on the wire; saldo waits up to 30 s for its answer. Ctrl-C is safe: the journal knows of it"
            }
        }
    }

    /// A bank account in a line.
    pub fn account(self, institution: &str, branch: &str, account: &str) -> String {
        match self {
            Self::PtBr => format!("{institution}, agência {branch}, conta {account}"),
            Self::En => format!("{institution}, branch {branch}, account {account}"),
        }
    }

    /// What a request came to, and what that means for the money.
    pub fn verdict(self, verdict: &Verdict) -> String {
        match (self, verdict) {
            (Self::PtBr, Verdict::Accepted(_)) => "202: o gateway aceitou a ordem".to_owned(),
            (Self::En, Verdict::Accepted(_)) => "202: the gateway took the order".to_owned(),
            (Self::PtBr, Verdict::Exists(problem)) => {
                format!("o gateway já conhece esta referência ({problem}); pode já ter sido pago")
            }
            (Self::En, Verdict::Exists(problem)) => {
                format!("the gateway knows this reference already ({problem}); it may have been paid")
            }
            (_, Verdict::NotExecuted(how)) => self.not_executed(how),
            (_, Verdict::Ambiguous(why)) => self.ambiguity(why),
        }
    }

    /// How it is known that a request took no effect.
    pub fn not_executed(self, how: &NotExecuted) -> String {
        match self {
            Self::PtBr => match how {
                NotExecuted::Unreachable(why) => format!("não enviado: o gateway não foi alcançado ({why})"),
                NotExecuted::TooLate => "não enviado: o prazo passou antes do primeiro byte".to_owned(),
                NotExecuted::ClockSkew { seconds_ahead } => {
                    format!("não enviado: o relógio desta máquina está {seconds_ahead} s à frente do gateway")
                }
                NotExecuted::NoToken(why) => format!("não enviado: sem token de acesso ({why})"),
                NotExecuted::Refused(problem) => format!("recusado pelo gateway, sem efeito: {problem}"),
                NotExecuted::Unauthorized(problem) => {
                    format!("credenciais não aceitas, sem efeito: {problem}")
                }
                NotExecuted::Forbidden(problem) => {
                    format!("as credenciais não permitem isto, sem efeito: {problem}")
                }
                NotExecuted::TooMany { retry_after } => {
                    format!("pedidos demais, sem efeito{}", wait(*retry_after, "; esperar"))
                }
            },
            Self::En => match how {
                NotExecuted::Unreachable(why) => {
                    format!("not sent: the gateway could not be reached ({why})")
                }
                NotExecuted::TooLate => "not sent: the time was over before the first byte".to_owned(),
                NotExecuted::ClockSkew { seconds_ahead } => {
                    format!("not sent: this machine's clock is {seconds_ahead} s ahead of the gateway's")
                }
                NotExecuted::NoToken(why) => format!("not sent: no access token ({why})"),
                NotExecuted::Refused(problem) => format!("refused by the gateway, no effect: {problem}"),
                NotExecuted::Unauthorized(problem) => format!("credentials not taken, no effect: {problem}"),
                NotExecuted::Forbidden(problem) => {
                    format!("the credentials do not allow it, no effect: {problem}")
                }
                NotExecuted::TooMany { retry_after } => {
                    format!("asked too often, no effect{}", wait(*retry_after, "; to wait"))
                }
            },
        }
    }

    /// Why nobody can tell. The sentence says so first.
    pub fn ambiguity(self, why: &Ambiguity) -> String {
        let (unknown, reason) = match self {
            Self::PtBr => (
                "INCERTO",
                match why {
                    Ambiguity::TimedOut => "sem resposta a tempo".to_owned(),
                    Ambiguity::Cut(reason) => format!("a conexão caiu antes da resposta ({reason})"),
                    Ambiguity::Status(problem) => format!("o gateway respondeu {problem}"),
                    Ambiguity::Illegible { status, reason } => {
                        format!("resposta {status} que não se consegue ler ({reason})")
                    }
                    Ambiguity::Crashed => "o saldo terminou antes da resposta".to_owned(),
                },
            ),
            Self::En => (
                "UNKNOWN",
                match why {
                    Ambiguity::TimedOut => "no answer in time".to_owned(),
                    Ambiguity::Cut(reason) => format!("the connection was cut before the answer ({reason})"),
                    Ambiguity::Status(problem) => format!("the gateway answered {problem}"),
                    Ambiguity::Illegible { status, reason } => {
                        format!("an answer {status} that cannot be read ({reason})")
                    }
                    Ambiguity::Crashed => "saldo ended before the answer did".to_owned(),
                },
            ),
        };
        format!("{unknown}: {reason}")
    }

    /// What the gateway said, and by which way.
    pub fn reported(self, source: Source, status: &Status) -> String {
        let status = self.status(status);
        match (self, source) {
            (Self::PtBr, Source::Get) => format!("consulta: {status}"),
            (Self::PtBr, Source::Webhook) => format!("webhook: {status}"),
            (Self::En, Source::Get) => format!("asked: {status}"),
            (Self::En, Source::Webhook) => format!("webhook: {status}"),
        }
    }

    /// Why a target leads nowhere.
    pub fn forecast_error(self, error: ForecastError) -> String {
        match (self, error) {
            (Self::En, error) => error.to_string(),
            (Self::PtBr, ForecastError::NothingToMove(balance)) => {
                format!("o saldo transacional já é {balance}: nada seria movido")
            }
            (Self::PtBr, ForecastError::NotEnough { needed, available }) => {
                format!("um aporte de {needed} é maior que o saldo próprio de {available}")
            }
            (Self::PtBr, ForecastError::Impossible) => "este alvo não é um saldo possível".to_owned(),
        }
    }

    /// What a rebalance would move.
    pub fn forecast(self, forecast: &Forecast) -> String {
        format!("{}  {}", self.movement(forecast.direction), forecast.amount)
    }

    /// Nothing was sent: the balance could not be read.
    pub fn no_fresh_balance(self, why: &str) -> String {
        match self {
            Self::PtBr => {
                format!("o saldo não pôde ser lido, então nada foi enviado: {}", self.raw_error(why))
            }
            Self::En => format!("the balance could not be read, so nothing was sent: {why}"),
        }
    }

    /// Nothing was sent: another rebalance is on the wire.
    pub fn rebalance_under_way(self, target: Centavos) -> String {
        match self {
            Self::PtBr => format!(
                "um rebalanceamento para {target} está em andamento, então nada foi enviado: tente de novo quando terminar"
            ),
            Self::En => {
                format!(
                    "a rebalance to {target} is under way, so nothing was sent: try again when it has ended"
                )
            }
        }
    }

    /// Nothing was sent: an older rebalance is in doubt.
    pub fn rebalance_in_doubt(self, target: Centavos) -> String {
        match self {
            Self::PtBr => format!(
                "um rebalanceamento para {target} ainda está incerto, então nada foi enviado: compare os saldos e reconheça em Avisos"
            ),
            Self::En => format!(
                "a rebalance to {target} is still in doubt, so nothing was sent: compare the balances and acknowledge it in Notices"
            ),
        }
    }

    /// Nothing was sent, for this reason.
    pub fn nothing_sent(self, why: &str) -> String {
        match self {
            Self::PtBr => format!("nada foi enviado: {why}"),
            Self::En => format!("nothing was sent: {why}"),
        }
    }

    /// The credentials are not taken, or may not pay.
    pub fn paused_credentials(self, may_not: bool, problem: &str) -> String {
        match (self, may_not) {
            (Self::PtBr, false) => {
                format!("o gateway não aceita estas credenciais ({problem}); nenhum pagamento foi recusado")
            }
            (Self::PtBr, true) => format!(
                "o gateway não deixa estas credenciais pagar ({problem}); nenhum pagamento foi recusado"
            ),
            (Self::En, false) => {
                format!("the gateway does not take these credentials ({problem}); no payment was rejected")
            }
            (Self::En, true) => {
                format!("the gateway does not let these credentials pay ({problem}); no payment was rejected")
            }
        }
    }

    /// The clocks differ too much.
    pub fn paused_clock(self, seconds: i64) -> String {
        match self {
            Self::PtBr => {
                format!("o relógio desta máquina difere {seconds} s do relógio do gateway; acerte-o")
            }
            Self::En => format!("this machine's clock is {seconds} s away from the gateway's; set it right"),
        }
    }

    /// Nobody owns the journal that this screen looks at.
    pub const fn owner_gone(self) -> &'static str {
        match self {
            Self::PtBr => {
                "o saldo serve saiu: nada é consultado, recebido nem enviado até que ele volte; o que já foi decidido está no diário"
            }
            Self::En => {
                "saldo serve has gone: nothing is polled, taken or sent until it runs again; what was decided is in the journal"
            }
        }
    }

    /// That a payment may be a repeat, and of what: when, in which state and under which reference.
    pub fn repeat(self, amount: Centavos, at: &str, known: &str) -> String {
        match self {
            Self::PtBr => format!("MESMO RECEBEDOR E VALOR: {amount} às {at} ({known})"),
            Self::En => format!("SAME PAYEE AND AMOUNT: {amount} at {at} ({known})"),
        }
    }

    /// What a text was understood as.
    pub fn understood(self, what: &str) -> String {
        match self {
            Self::PtBr => format!("entendido: {what}"),
            Self::En => format!("understood: {what}"),
        }
    }
}

fn wait(seconds: Option<u32>, words: &str) -> String {
    seconds.map(|seconds| format!("{words} {seconds} s")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_their_unit_and_number() {
        for (age, pt, en) in [
            (Age::Seconds(20), "há 20 s", "20 s ago"),
            (Age::Minutes(3), "há 3 min", "3 min ago"),
            (Age::Hours(1), "há 1 h", "1 h ago"),
            (Age::Days(1), "há 1 dia", "1 day ago"),
            (Age::Days(12), "há 12 dias", "12 days ago"),
        ] {
            assert_eq!((Lang::PtBr.ago(age).as_str(), Lang::En.ago(age).as_str()), (pt, en));
        }
    }

    #[test]
    fn doubt_is_never_told_as_failure() {
        for lang in Lang::ALL {
            for why in [Ambiguity::TimedOut, Ambiguity::Crashed, Ambiguity::Cut("reset".into())] {
                let text = lang.ambiguity(&why).to_lowercase();
                assert!(!text.contains("falh") && !text.contains("fail"), "{text}");
            }
        }
    }
}

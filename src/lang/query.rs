//! A query as it was understood, what is wrong with one, and what it found.

use std::time::Duration;

use jiff::Timestamp;

use super::Lang;
use crate::domain::query::{Field, Filter, Group, Mistake, QueryError, Term, Test};
use crate::domain::report::Direction;

impl Lang {
    /// What was understood: `pagamentos · situação falhou · valor > R$ 1.000,00 · “padaria”`.
    pub fn query_terms(self, filter: &Filter, time: &dyn Fn(Timestamp) -> String) -> String {
        filter.terms.iter().map(|term| self.query_term(term, time)).collect::<Vec<_>>().join(" · ")
    }

    fn query_term(self, term: &Term, time: &dyn Fn(Timestamp) -> String) -> String {
        let pt = self == Self::PtBr;
        let either = |portuguese: &str, english: &str| if pt { portuguese } else { english }.to_owned();
        let said = match &term.test {
            Test::Direction(Direction::In) => either("recebimentos", "cash-ins"),
            Test::Direction(Direction::Out) => either("pagamentos", "cash-outs"),
            Test::Status(group) => self.group(*group),
            Test::Amount(comparison, amount) => {
                format!("{} {} {amount}", either("valor", "amount"), comparison.as_str())
            }
            Test::Since(at) => format!("{} {}", either("desde", "since"), time(*at)),
            Test::Until(at) => format!("{} {}", either("até", "until"), time(*at)),
            Test::Text(field, words) => {
                let place = match field {
                    Field::Any => String::new(),
                    Field::Name => either("nome ", "name "),
                    Field::Document => either("documento ", "document "),
                    Field::Reference => either("referência ", "reference "),
                    Field::EndToEndId => "endToEndId ".to_owned(),
                };
                format!("{place}“{}”", words.typed().trim())
            }
        };
        if term.negated { format!("{} {said}", either("não", "not")) } else { said }
    }

    fn group(self, group: Group) -> String {
        match (self, group) {
            (Self::PtBr, Group::Open) => "em aberto".to_owned(),
            (Self::PtBr, Group::InDoubt) => "em dúvida".to_owned(),
            (Self::PtBr, Group::Settled) => "liquidados".to_owned(),
            (Self::PtBr, Group::Unpaid) => "sem sucesso".to_owned(),
            (Self::En, Group::InDoubt) => "in doubt".to_owned(),
            (Self::En, Group::Open | Group::Settled | Group::Unpaid) => group.as_str().to_owned(),
            (_, Group::Word(_)) => {
                let mut words: Vec<&str> = group.states().map(|state| self.state(state)).collect();
                words.dedup();
                words.join("/")
            }
        }
    }

    /// What is wrong with a query or a time, where, and what would be right.
    pub fn query_mistake(self, error: &QueryError) -> String {
        let QueryError { at, what } = error;
        if self == Self::En {
            return error.to_string();
        }
        let what = match what {
            Mistake::OpenQuote => "as aspas não se fecham: escreva a \" final".to_owned(),
            Mistake::Key(key) => format!(
                "não há a chave {key}: há status:, valor:, desde:, até:, nome:, doc:, ref:, e2e:, entrada, saída; texto com dois-pontos vai entre aspas"
            ),
            Mistake::NoValue(key) => format!("falta o valor depois de {key}: escreva sem espaço"),
            Mistake::Status(word) => format!(
                "não há situação {word}: por exemplo aberto, dúvida, aceito, concluído, falhou, recusado, retido, recebido"
            ),
            Mistake::Amount(text) => {
                format!("{text} não é valor em reais: escreva valor:>1000, valor:<=500,25 ou valor:10")
            }
            Mistake::NotYet(text) => format!("{text} ainda não chegou"),
            Mistake::Time(text) => {
                format!("{text} não é hora nem data: escreva 2h, 7d, 14:30, 10/03, 10/03/2026, hoje ou ontem")
            }
            Mistake::Nothing(text) => format!("{text} não tem letra nem algarismo para buscar"),
            Mistake::TooMany => "condições demais: deixe algumas de fora".to_owned(),
        };
        format!("na posição {at}: {what}")
    }

    /// How many rows fit and how long they took to find: `37 em 3 ms`, `1.000 ou mais em 12 ms`.
    pub fn found(self, rows: Option<(u32, bool)>, took: Duration) -> String {
        let took = took.as_millis().max(1);
        match (self, rows) {
            (Self::PtBr, None) => format!("em {took} ms"),
            (Self::En, None) => format!("in {took} ms"),
            (Self::PtBr, Some((rows, more))) => format!("{} em {took} ms", self.up_to(rows, more)),
            (Self::En, Some((rows, more))) => format!("{} in {took} ms", self.up_to(rows, more)),
        }
    }

    /// How many rows have come since the person left the top.
    pub fn come_since(self, rows: u32, more: bool) -> String {
        let count = self.up_to(rows, more);
        match self {
            Self::PtBr if rows == 1 => "1 nova".to_owned(),
            Self::PtBr => format!("{count} novas"),
            Self::En => format!("{count} new"),
        }
    }

    /// `37`, or `1.000+` where counting ended.
    fn up_to(self, rows: u32, more: bool) -> String {
        if !more {
            return rows.to_string();
        }
        let point = if self == Self::PtBr { '.' } else { ',' };
        format!("{}{point}{:03}+", rows / 1_000, rows % 1_000)
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::domain::query::{Times, parse};

    fn read(text: &str) -> Result<Filter, QueryError> {
        parse(text, &Times { now: Timestamp::UNIX_EPOCH, zone: TimeZone::UTC })
    }

    #[test]
    fn a_query_is_told_as_it_was_understood() {
        let filter =
            read("out status:failed -status:expired amount:>1000 since:2h padaria -doc:123").unwrap();
        let at = |_: Timestamp| "22:00".to_owned();
        assert_eq!(
            Lang::PtBr.query_terms(&filter, &at),
            "pagamentos · falhou · não expirado/vencido · valor > R$\u{a0}1.000,00 · desde 22:00 · “padaria” · não documento “123”"
        );
        assert_eq!(
            Lang::En.query_terms(&filter, &at),
            "cash-outs · failed · not expired · amount > R$\u{a0}1.000,00 · since 22:00 · “padaria” · not document “123”"
        );
    }

    #[test]
    fn a_mistake_is_told_in_both_languages() {
        for text in ["a \"b", "x:1", "status:", "status:x", "valor:x", "desde:x", "***", &"a ".repeat(20)] {
            let error = read(text).unwrap_err();
            for lang in Lang::ALL {
                let told = lang.query_mistake(&error);
                assert!(told.contains(&error.at.to_string()) && told.contains(": "), "{told}");
            }
            assert_ne!(Lang::En.query_mistake(&error), Lang::PtBr.query_mistake(&error));
        }
    }

    #[test]
    fn counts_say_where_they_ended() {
        assert_eq!(Lang::PtBr.found(Some((37, false)), Duration::from_micros(300)), "37 em 1 ms");
        assert_eq!(Lang::En.found(Some((1_000, true)), Duration::from_millis(12)), "1,000+ in 12 ms");
        assert_eq!(Lang::PtBr.come_since(1_000, true), "1.000+ novas");
        assert_eq!(Lang::PtBr.come_since(1, false), "1 nova");
    }
}

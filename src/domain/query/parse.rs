//! From text to [`Filter`].

use super::{Comparison, Field, Filter, Group, Mistake, QueryError, Term, Test, Times, Words, every_state};
use crate::domain::money::Centavos;
use crate::domain::report::Direction;
use crate::domain::transaction::State;

/// Terms at most.
pub(super) const MOST: usize = 16;

/// Reads a query.
///
/// # Errors
///
/// [`QueryError`] names the first thing that is wrong, where it stands, and what would be right.
pub fn parse(text: &str, times: &Times) -> Result<Filter, QueryError> {
    let mut terms = Vec::new();
    for token in tokens(text)? {
        if terms.len() == MOST {
            return Err(QueryError { at: token.at, what: Mistake::TooMany });
        }
        let at = token.at;
        terms.push(token.term(times).map_err(|what| QueryError { at, what })?);
    }
    Ok(Filter { terms })
}

/// What stands between blanks: `-key:value`, of which the value may be quoted.
#[derive(Debug, Default)]
struct Token {
    /// The character at which it begins, from 1.
    at: usize,
    negated: bool,
    /// Before the colon, if there is one outside quotes.
    key: Option<String>,
    value: String,
    /// Whether a part of it was quoted: then it is a text, whatever it looks like.
    quoted: bool,
}

fn tokens(text: &str) -> Result<Vec<Token>, QueryError> {
    let mut characters = text.chars().zip(1..).peekable();
    let mut tokens = Vec::new();
    while let Some((first, at)) = characters.peek().copied() {
        if first.is_whitespace() {
            characters.next();
            continue;
        }
        let mut token = Token { at, ..Token::default() };
        if first == '-' {
            token.negated = true;
            characters.next();
        }
        while let Some((character, at)) = characters.next_if(|(character, _)| !character.is_whitespace()) {
            match character {
                '"' | '“' | '”' => {
                    token.quoted = true;
                    loop {
                        match characters.next() {
                            Some(('"' | '“' | '”', _)) => break,
                            Some((inner, _)) => token.value.push(inner),
                            None => return Err(QueryError { at, what: Mistake::OpenQuote }),
                        }
                    }
                }
                ':' if token.key.is_none() && !token.quoted && is_a_key(&token.value) => {
                    token.key = Some(std::mem::take(&mut token.value));
                }
                other => token.value.push(other),
            }
        }
        tokens.push(token);
    }
    Ok(tokens)
}

/// Whether a colon behind it makes it a key: `14:30` is none.
fn is_a_key(text: &str) -> bool {
    text.starts_with(char::is_alphabetic)
}

impl Token {
    fn term(self, times: &Times) -> Result<Term, Mistake> {
        Ok(Term { negated: self.negated, test: self.test(times)? })
    }

    fn test(self, times: &Times) -> Result<Test, Mistake> {
        let Self { key, value, quoted, .. } = self;
        let Some(key) = key else { return free(value, quoted) };
        if value.is_empty() {
            return Err(Mistake::NoValue(key));
        }
        match crate::domain::text::folded(&key).as_str() {
            "status" | "state" | "estado" | "situacao" => {
                group(&value).map(Test::Status).ok_or(Mistake::Status(value))
            }
            "amount" | "valor" => amount(&value).ok_or(Mistake::Amount(value)),
            "since" | "desde" => times.since(&value).map(Test::Since).ok_or(Mistake::Time(value)),
            "until" | "ate" => times.until(&value).map(Test::Until).ok_or(Mistake::Time(value)),
            "name" | "nome" => words(Field::Name, value),
            "doc" | "document" | "documento" => words(Field::Document, value),
            "ref" | "reference" | "referencia" => words(Field::Reference, value),
            "e2e" => words(Field::EndToEndId, value),
            _ => Err(Mistake::Key(key)),
        }
    }
}

/// A token without a key: a direction, or words to find.
fn free(value: String, quoted: bool) -> Result<Test, Mistake> {
    if !quoted {
        match crate::domain::text::folded(&value).as_str() {
            "in" | "entrada" | "entradas" => return Ok(Test::Direction(Direction::In)),
            "out" | "saida" | "saidas" => return Ok(Test::Direction(Direction::Out)),
            _ => {}
        }
    }
    words(Field::Any, value)
}

fn words(field: Field, value: String) -> Result<Test, Mistake> {
    Words::new(&value).map(|words| Test::Text(field, words)).ok_or(Mistake::Nothing(value))
}

fn amount(value: &str) -> Option<Test> {
    let compared = Comparison::ALL.into_iter().find_map(|one| Some((one, value.strip_prefix(one.as_str())?)));
    let (comparison, amount) = compared.unwrap_or((Comparison::Exactly, value));
    Centavos::parse_typed(amount).ok().map(|amount| Test::Amount(comparison, amount))
}

/// The words of the contract, and those that the screen shows in Portuguese.
fn group(word: &str) -> Option<Group> {
    let word = crate::domain::text::folded(word);
    let known = every_state().map(State::as_str).find(|known| *known == word);
    known.map(Group::Word).or_else(|| {
        Some(match word.as_str() {
            "open" | "aberto" | "aberta" | "abertas" => Group::Open,
            "doubt" | "duvida" => Group::InDoubt,
            "settled" | "liquidado" | "liquidada" => Group::Settled,
            "unpaid" => Group::Unpaid,
            "rascunho" => Group::Word("draft"),
            "decidido" => Group::Word("approved"),
            "incerto" => Group::Word("unknown"),
            "aceito" => Group::Word("accepted"),
            "retido" => Group::Word("held"),
            "recusado" => Group::Word("rejected"),
            "concluido" => Group::Word("completed"),
            "falhou" | "falha" => Group::Word("failed"),
            "cancelado" => Group::Word("cancelled"),
            "expirado" | "vencido" => Group::Word("expired"),
            "recebido" => Group::Word("paid"),
            "devolvido" => Group::Word("refunded"),
            _ => return None,
        })
    })
}

/// Every word of a state, once.
pub(super) fn state_words() -> Vec<&'static str> {
    let mut words = Vec::new();
    for state in every_state() {
        if !words.contains(&state.as_str()) {
            words.push(state.as_str());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::*;

    fn times() -> Times {
        Times {
            now: "2026-03-10T17:45:00Z".parse().unwrap(),
            zone: TimeZone::get("America/Sao_Paulo").unwrap(),
        }
    }

    fn shown(text: &str) -> String {
        match parse(text, &times()) {
            Ok(filter) => filter.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn what_is_written_is_what_is_asked() {
        for (text, asked) in [
            ("", ""),
            ("  ", ""),
            (
                "status:failed amount:>1000 out padaria since:2h",
                "status:failed amount:>1000,00 out \"padaria\" since:2026-03-10T15:45:00Z",
            ),
            ("estado:concluído valor:<=1.234,56 saída", "status:completed amount:<=1234,56 out"),
            ("-in -status:open -name:\"São João\"", "-in -status:open -name:\"São João\""),
            ("até:10/03 desde:14:30", "until:2026-03-11T03:00:00Z since:2026-03-10T17:30:00Z"),
            ("since:\"01/03 14:30\"", "since:2026-03-01T17:30:00Z"),
            ("\"in\" “a b”", "\"in\" \"a b\""),
            ("amount:10 amount:=10,5", "amount:=10,00 amount:=10,50"),
            ("\"pedido:7\" 14:30", "\"pedido:7\" \"14:30\""),
            ("doc:529.982.247-25 e2e:E123 ref:a-1", "doc:\"529.982.247-25\" e2e:\"E123\" ref:\"a-1\""),
        ] {
            assert_eq!(shown(text), asked, "{text}");
        }
    }

    #[test]
    fn a_mistake_says_where_and_what_would_be_right() {
        for (text, says) in [
            ("out stauts:failed", "at 5: there is no key stauts: there are status:, amount:"),
            ("status:payed", "at 1: there is no status payed: there are draft, "),
            ("status: failed", "at 1: nothing follows status:"),
            ("é amount:>1.000", "at 3: >1.000 is no amount in reais: write amount:>1000"),
            ("amount:>-5", "at 1: >-5 is no amount"),
            ("since:amanhã", "at 1: amanhã is no time: write 2h"),
            ("name:\"São", "at 6: the quotation does not end"),
            ("a -", "at 3:  has no letter"),
            ("***", "at 1: *** has no letter"),
            (&"a ".repeat(17), "at 33: more than 16 conditions"),
        ] {
            let error = shown(text);
            assert!(error.starts_with(says), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in ".{0,60}") {
            if let Err(error) = parse(&text, &times()) {
                prop_assert!((1..=text.chars().count()).contains(&error.at));
            }
        }

        #[test]
        fn what_was_understood_reads_back(
            text in "( |-|in|out|status:(open|paid|held)|amount:(>|<=|)[0-9]{1,5}(,[0-9]{2})?|since:[1-9]h|until:1[0-9]/0[1-3]|[a-zé\"]{1,6}|doc:[0-9.]{1,9}|ref:[a-z-]{1,5}){0,8}"
        ) {
            if let Ok(filter) = parse(&text, &times()) {
                prop_assert_eq!(parse(&filter.to_string(), &times()), Ok(filter));
            }
        }
    }
}

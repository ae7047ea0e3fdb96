//! People who do not exist: believable names, documents whose check digits hold, PIX keys of every kind.

use serde_json::{Value, json};

use crate::sandbox::random::Random;

const FIRST: [&str; 24] = [
    "Ana",
    "Antônio",
    "Beatriz",
    "Bruno",
    "Camila",
    "Carlos",
    "Daniela",
    "Diego",
    "Eduardo",
    "Fernanda",
    "Gabriel",
    "Helena",
    "Igor",
    "João",
    "Juliana",
    "Larissa",
    "Lucas",
    "Mariana",
    "Mateus",
    "Patrícia",
    "Rafael",
    "Sônia",
    "Thiago",
    "Vitória",
];
const LAST: [&str; 20] = [
    "Almeida",
    "Araújo",
    "Barbosa",
    "Cardoso",
    "Carvalho",
    "Conceição",
    "Costa",
    "Ferreira",
    "Gonçalves",
    "Lima",
    "Magalhães",
    "Moreira",
    "Nascimento",
    "Oliveira",
    "Pereira",
    "Ribeiro",
    "Santos",
    "Silva",
    "Souza",
    "Teixeira",
];
const COMPANIES: [&str; 4] = [
    "Afiliados Boa Sorte Ltda",
    "Palpite Certo Mídia Ltda",
    "Tribuna do Gol Publicidade Ltda",
    "Arena Parceiros S.A.",
];
/// Area codes of large cities.
const AREAS: [&str; 8] = ["11", "21", "31", "41", "51", "61", "71", "81"];

/// Somebody with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Somebody {
    pub(super) name: String,
    pub(super) document: String,
}

/// Somebody to be paid, and the `destination` of the request.
#[derive(Debug)]
pub(super) struct Payee {
    pub(super) person: Somebody,
    pub(super) destination: Value,
}

/// A person who pays.
pub(super) fn payer(random: &mut Random) -> Somebody {
    let name = format!("{} {} {}", random.pick(&FIRST), random.pick(&LAST), random.pick(&LAST));
    Somebody { name, document: cpf(random) }
}

/// A person (now and then a partner company) who is paid. Two in a hundred have a key that does not exist,
/// and from one the money comes back.
pub(super) fn payee(random: &mut Random) -> Payee {
    if random.below(33) == 0 {
        let person = Somebody { name: (*random.pick(&COMPANIES)).to_owned(), document: cnpj(random) };
        let destination = pix("CNPJ", &person.document);
        return Payee { person, destination };
    }
    let person = payer(random);
    let destination = match random.below(100) {
        0 | 1 => pix("EMAIL", &email("falha.", &person.name, random)),
        2 => pix("EMAIL", &email("devolve.", &person.name, random)),
        3..=19 => pix("EMAIL", &email("", &person.name, random)),
        20..=44 => pix("PHONE", &format!("+55{}9{}", random.pick(&AREAS), random.digits(8))),
        45..=56 => pix("EVP", &random.uuid()),
        57..=64 => json!({
            "type": "BANK_ACCOUNT",
            // The last digit keeps clear of the account numbers that order an outcome.
            "bankAccount": {
                "ispb": random.pick(&["00000000", "60701190", "60746948", "18236120"]),
                "branch": random.digits(4),
                "account": format!("{}1", random.digits(6)),
            },
        }),
        _ => pix("CPF", &person.document),
    };
    Payee { person, destination }
}

fn pix(kind: &str, key: &str) -> Value {
    json!({ "type": "PIX", "pixKeyType": kind, "pixKey": key })
}

/// An address at a domain that nobody can own (RFC 2606).
fn email(prefix: &str, name: &str, random: &mut Random) -> String {
    let plain: String = name.to_lowercase().chars().map(without_accent).collect();
    format!("{prefix}{plain}{}@example.com", random.digits(2))
}

fn without_accent(letter: char) -> char {
    match letter {
        ' ' => '.',
        'á' | 'ã' | 'â' | 'à' => 'a',
        'é' | 'ê' => 'e',
        'í' => 'i',
        'ó' | 'ô' | 'õ' => 'o',
        'ú' => 'u',
        'ç' => 'c',
        other => other,
    }
}

fn cpf(random: &mut Random) -> String {
    let mut digits = random.digits(9);
    for first_weight in [10, 11] {
        digits.push(check_digit(&digits, (2..=first_weight).rev()));
    }
    digits
}

fn cnpj(random: &mut Random) -> String {
    let mut digits = format!("{}0001", random.digits(8));
    for first_weight in [5, 6] {
        digits.push(check_digit(&digits, (2..=first_weight).rev().chain((2..=9).rev())));
    }
    digits
}

/// Modulo 11: 0 for a rest below 2, otherwise 11 less the rest (Receita Federal).
fn check_digit(digits: &str, weights: impl Iterator<Item = u32>) -> char {
    let sum: u32 =
        digits.chars().filter_map(|digit| digit.to_digit(10)).zip(weights).map(|(d, w)| d * w).sum();
    let digit = match sum % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    };
    char::from_digit(digit, 10).unwrap_or('0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_as_known() {
        assert_eq!(check_digit("529982247", (2..=10).rev()), '2');
        assert_eq!(check_digit("5299822472", (2..=11).rev()), '5');
        let weights = |first: u32| (2..=first).rev().chain((2..=9).rev());
        assert_eq!(check_digit("000000000001", weights(5)), '9');
        assert_eq!(check_digit("0000000000019", weights(6)), '1');
    }

    #[test]
    fn documents_hold_before_another_implementation() {
        let mut random = Random::new(1, "people");
        for _ in 0..500 {
            let cpf = cpf(&mut random);
            assert!(
                cpf_cnpj::cpf::validate(&cpf) || cpf.bytes().all(|byte| byte == cpf.as_bytes()[0]),
                "{cpf}"
            );
            let cnpj = cnpj(&mut random);
            assert!(cpf_cnpj::cnpj::validate(&cnpj), "{cnpj}");
        }
    }

    #[test]
    fn nobody_orders_an_outcome_by_accident() {
        let mut random = Random::new(1, "people");
        for _ in 0..500 {
            let Payee { destination, .. } = payee(&mut random);
            let key = destination["pixKey"].as_str().unwrap_or_default();
            assert!(key.is_ascii(), "{key}");
            if let Some(account) = destination["bankAccount"]["account"].as_str() {
                assert!(!account.ends_with("404") && !account.ends_with("909"));
            }
            for word in ["slow", "lento", "stuck", "preso", "cancel", "fail", "refund"] {
                assert!(!key.starts_with(word), "{key}");
            }
        }
    }
}

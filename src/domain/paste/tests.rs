use proptest::prelude::*;

use super::*;

const BR_CODE: &str = "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-4266554400005204000053039865802BR5913Fulano de Tal6008BRASILIA62070503***63041D3D";

/// What it can be, in the words of a test.
fn told(text: &str) -> String {
    let of = |meaning: &Meaning| match meaning {
        Meaning::BrCode(code) => format!("code {}", code.merchant_name),
        Meaning::Line(line) => {
            let fields = line.fields.iter().map(|(column, text)| format!("{}={text}", column.english()));
            let left = line.left.iter().map(|text| format!("?{text}"));
            format!("line {}", fields.chain(left).collect::<Vec<_>>().join(" | "))
        }
        Meaning::Lines(count) => format!("{count} lines"),
        Meaning::EndToEndId(id) => format!("e2e {}", id.ispb()),
        Meaning::Key(key) => format!("{} {}", key.key_type(), key.as_str()),
        Meaning::Document(document) => format!("document {}", document.masked()),
        Meaning::Id(id) => format!("id {id}"),
        Meaning::Amount(amount) => format!("amount {}", amount.to_typed()),
    };
    recognise(text).meanings.iter().map(of).collect::<Vec<_>>().join(", ")
}

#[test]
fn everything_that_it_can_be_is_told_and_nothing_else() {
    for (text, what) in [
        ("", ""),
        (" \n\t ", ""),
        ("hello there", ""),
        (BR_CODE, "code Fulano de Tal"),
        (&BR_CODE.replace("6304", "63\n04"), "code Fulano de Tal"),
        ("E6074694820261123173012345678901", "e2e 60746948"),
        (" D6074694820261123173012345678901\r\n", "e2e 60746948"),
        // Lower case is another id; 31 characters are none.
        ("e6074694820261123173012345678901", "id e6074694820261123173012345678901"),
        ("maria@example.com", "EMAIL maria@example.com"),
        ("Maria@Example.com\u{200b}", "EMAIL maria@example.com"),
        ("+5511987654321", "PHONE +5511987654321"),
        ("+55 (11) 98765-4321", "PHONE +5511987654321"),
        ("52998224725", "CPF 52998224725, document 529.982.247-25"),
        ("529.982.247-25", "CPF 52998224725, document 529.982.247-25"),
        // Both a CPF and a mobile number of São Paulo: chosen by a person.
        ("11987654374", "CPF 11987654374, PHONE +5511987654374, document 119.876.543-74"),
        ("12.ABC.345/01DE-35", "CNPJ 12ABC34501DE35, document 12.ABC.345/01DE-35"),
        (
            "123e4567-e12b-12d1-a456-426655440000",
            "id 123e4567-e12b-12d1-a456-426655440000, EVP 123e4567-e12b-12d1-a456-426655440000",
        ),
        ("saldo-01990000-0000-7000-8000-000000000001", "id saldo-01990000-0000-7000-8000-000000000001"),
        ("FOLHA-07-001", "id FOLHA-07-001"),
        ("CP000016", "id CP000016"),
        ("500,25", "amount 500,25"),
        ("R$\u{a0}1.234,56", "amount 1234,56"),
        // Ambiguous as everywhere.
        ("1.234", ""),
        ("0,00", ""),
        ("-5,00", ""),
    ] {
        assert_eq!(told(text), what, "{text:?}");
    }
}

#[test]
fn a_line_of_a_spreadsheet_is_read_in_any_order() {
    for (text, what) in [
        (
            "Maria Silva\t529.982.247-25\tmaria@example.com\t500,25\tSalário de julho",
            "line name=Maria Silva | document=529.982.247-25 | key=maria@example.com | amount=500,25 | description=Salário de julho",
        ),
        (
            "500,25;maria@example.com;FOLHA-07;52998224725;Maria Silva",
            "line amount=500,25 | key=maria@example.com | reference=FOLHA-07 | document=52998224725 | name=Maria Silva",
        ),
        // An e-mail is the key, so eleven digits that could be a telephone are the document.
        (
            "maria@example.com;11987654374;Maria;10",
            "line key=maria@example.com | document=11987654374 | name=Maria | amount=10",
        ),
        // Only one of two documents can be a telephone: that is the key, and its type is asked for.
        (
            "11987654374;52998224725;Maria;10,00",
            "line key=11987654374 | document=52998224725 | name=Maria | amount=10,00",
        ),
        ("52998224725;529.982.247-25;Maria", "line document=52998224725 | key=529.982.247-25 | name=Maria"),
        // A document alone is not taken for a key.
        ("Maria;52998224725;10,00", "line name=Maria | document=52998224725 | amount=10,00"),
        // Two of a kind are nobody's guess.
        ("Maria;10,00;20,00;52998224725", "line name=Maria | document=52998224725 | ?10,00 | ?20,00"),
        ("Maria;a@b.com;c@d.com;10,00", "line name=Maria | amount=10,00 | ?a@b.com | ?c@d.com"),
        ("Maria;1234;10,00", "line name=Maria | amount=10,00 | ?1234"),
        // Dates and signs are nobody's.
        ("10/03/2026;Maria;10,00;---", "line name=Maria | amount=10,00 | ?10/03/2026 | ?---"),
        (
            "Favorecido;Chave PIX;Tipo de chave;Valor;CPF\nMaria;11987654374;telefone;10,00;52998224725",
            "line name=Maria | key=11987654374 | key type=telefone | amount=10,00 | document=52998224725",
        ),
        ("nome\tvalor\tobservação\r\nMaria\t10,00\tx y", "line name=Maria | amount=10,00 | ?x y"),
        ("\"Silva; Maria\";10,00", "line name=Silva; Maria | amount=10,00"),
        ("Maria;10,00\nJoão;20,00\n\nAna;30,00\n", "3 lines"),
        ("nome;valor\nMaria;10,00\nJoão;20,00", "2 lines"),
        ("nome;valor", ""),
        ("hello; there", ""),
        ("Maria;10,00\n", "line name=Maria | amount=10,00"),
    ] {
        assert_eq!(told(text), what, "{text:?}");
    }
}

#[test]
fn what_is_nearly_something_says_what_is_wrong() {
    assert!(matches!(recognise("00020126").trouble, Some(Trouble::BrCode(_))));
    assert_eq!(recognise("52998224724").trouble, Some(Trouble::Key(PixKeyError::ElevenDigits)));
    assert!(matches!(recognise("12.ABC.345/01DE-36").trouble, Some(Trouble::Key(_))));
    assert!(matches!(recognise("maria@@example.com").trouble, Some(Trouble::Key(_))));
    assert_eq!(recognise("hello").trouble, None);
}

#[test]
fn control_characters_are_shown_and_counted() {
    let pasted = recognise("a\u{1b}[2Jb\u{7f}\u{9b}\u{202e}c\td\n\nsecond\nthird");
    assert_eq!(pasted.lines, ["a^[[2Jb^?<U+009B><U+202E>c  d", "second", "third"]);
    assert_eq!((pasted.hidden, pasted.more), (4, 0));
    let many = recognise(&"x\n".repeat(100));
    assert_eq!((many.lines.len(), many.more), (SHOWN_LINES, 94));
    assert_eq!(recognise(&"y".repeat(9_000)).lines[0].chars().count(), SHOWN_CHARS + 1);
}

#[test]
fn the_types_of_a_key_that_rival_are_named() {
    assert_eq!(rival_keys(&recognise("11987654374").meanings), [PixKeyType::Cpf, PixKeyType::Phone]);
    assert_eq!(rival_keys(&recognise("52998224725").meanings), []);
}

#[test]
fn what_was_pasted_is_in_no_log() {
    let shown = format!("{:?} {:?}", recognise("Maria;52998224725;10,00"), recognise("maria@example.com"));
    assert!(!shown.contains("Maria") && !shown.contains("maria") && !shown.contains("529"), "{shown}");
}

proptest! {
    #[test]
    fn no_text_is_too_strange(text in any::<String>()) {
        let pasted = recognise(&text);
        prop_assert!(pasted.lines.iter().flat_map(|line| line.chars()).all(|one| !is_unsafe(one)));
    }

    #[test]
    fn whatever_is_understood_can_be_looked_for(
        text in "[0-9a-zA-Z@.,;\t/+-]{1,40}|E[0-9]{20}[0-9A-Za-z]{11}|R\\$ [0-9]{1,4},[0-9]{2}"
    ) {
        let times = crate::domain::query::Times {
            now: jiff::Timestamp::UNIX_EPOCH,
            zone: jiff::tz::TimeZone::UTC,
        };
        for query in recognise(&text).meanings.iter().filter_map(Meaning::query) {
            prop_assert!(crate::domain::query::parse(&query, &times).is_ok(), "{}", query);
        }
    }
}

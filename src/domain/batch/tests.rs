//! What files are read as, and what is said of those that cannot be.

use super::*;
use crate::domain::order::BankAccount;

const HEADING: &str = "chave;valor;nome;documento;referencia";
const MARIA: &str = "maria@example.com;500,25;Maria Silva;529.982.247-25;INV-1";

fn file(lines: &[&str]) -> String {
    lines.join("\n")
}

fn good(text: &str) -> Sheet {
    read("folha.csv", text.as_bytes()).unwrap_or_else(|mistakes| panic!("{mistakes:#?}"))
}

/// The mistakes, as a person reads them.
fn bad(text: &[u8]) -> Vec<String> {
    read("folha.csv", text).unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn a_file_is_read_whatever_its_ways() {
    let wanted = good(&file(&[HEADING, MARIA])).batch.lines;
    assert_eq!(wanted[0].order.amount, Centavos::new(50_025));
    assert_eq!(wanted[0].reference.as_str(), "INV-1");
    for text in [
        "key,amount,name,document,reference\nmaria@example.com,500.25,Maria Silva,52998224725,INV-1".to_owned(),
        "Chave PIX\tVALOR\tFavorecido\tCPF/CNPJ\tReferência\nmaria@example.com\tR$ 500,25\tMaria Silva\t529.982.247-25\tINV-1\n"
            .to_owned(),
        format!("\u{feff}{HEADING}\r\n{MARIA}\r\n;;;;\r\n"),
        format!("{HEADING}\n\"maria@example.com\";\"500,25\";\"Maria Silva\";529.982.247-25;\"INV-1\""),
        format!("sep=;\r\n{HEADING}\r\n{MARIA}\r\n"),
        format!("\u{feff}SEP=,\n{}\n\"maria@example.com\",\"500,25\",Maria Silva,529.982.247-25,INV-1", HEADING.replace(';', ",")),
        // A separator at the end of each line.
        format!("{HEADING};\n{MARIA};\n"),
        // Columns in another order, one more of them, and blanks around.
        "tipo_de_chave;documento;nome;valor;chave;reference;repetir\nemail;52998224725; Maria Silva ;500,25; maria@example.com;INV-1;não"
            .to_owned(),
    ] {
        let mut lines = good(&text).batch.lines;
        // The line that declares the separator is one, too.
        lines[0].number -= u32::from(text.to_lowercase().contains("sep="));
        assert_eq!(lines, wanted, "{text}");
    }
    let sheet = good(&format!("{HEADING}\n\n{MARIA}\n"));
    assert_eq!(sheet.batch.lines[0].number, 3, "a blank line counts as the editor counts it");
}

#[test]
fn an_account_takes_the_place_of_a_key() {
    let text = "chave;ispb;agencia;conta;valor;nome;documento;descricao\n\
                ;60746948;1234;56789-0;10;Maria;52998224725;Julho\n\
                maria@example.com;;;;1,00;\"Silva; Maria\";52998224725;";
    let lines = good(text).batch.lines;
    let Destination::Account(BankAccount { branch, account, .. }) = &lines[0].order.destination else {
        panic!("{lines:?}")
    };
    assert_eq!((branch.as_str(), account.as_str()), ("1234", "567890"));
    assert_eq!(lines[0].order.description.as_deref(), Some("Julho"));
    assert_eq!(lines[1].order.name, "Silva; Maria");
    assert_eq!(lines[1].order.description, None);
    assert_eq!(Ways::of(&lines), Ways { by_key: 1, by_account: 1 });
}

#[test]
fn a_pasted_code_brings_what_is_left_out() {
    let code = "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-42665544000052040000530398654041.005802BR5913Fulano de Tal6008BRASILIA62070503***63046D0A";
    let crc = crate::domain::br_code::crc16(&code.as_bytes()[..code.len() - 4]);
    let code = format!("{}{crc:04X}", &code[..code.len() - 4]);
    let line = |amount: &str| format!("copia e cola;valor;nome;documento\n{code};{amount};;52998224725");
    let lines = good(&line("")).batch.lines;
    assert_eq!((lines[0].order.amount, lines[0].order.name.as_str()), (Centavos::new(100), "Fulano de Tal"));
    assert_eq!(good(&line("1")).batch.lines, {
        let mut same = lines;
        // The file is another one, and so is its own reference.
        same[0].reference = good(&line("1")).batch.lines[0].reference.clone();
        same
    });
    let other = bad(line("2,00").as_bytes());
    assert!(other[0].contains("line 2, amount: the BR Code asks for R$\u{a0}1,00"), "{other:?}");
    let cut = bad(line("").replace("Fulano", "Fulana").as_bytes());
    assert!(cut[0].starts_with("line 2, key: the checksum"), "{cut:?}");
}

#[test]
fn every_mistake_of_every_line_is_said() {
    let text = file(&[
        "chave;valor;nome;documento;referencia;repetir",
        "maria@example.com;1.234;Maria;52998224725;A;",
        "maria@example.com;0;;52998224726;A ;talvez",
        "52998224725;-1;Maria\u{200b};;;",
        ";5;Maria;52998224725;B~2;sim",
        "maria@example.com;5;Maria;52998224725;A;",
        "maria@example.com;5;Maria;52998224725;A;",
        "maria@example.com;5;Maria",
        "maria@example.com;5;Maria;52998224725;C;;x",
    ]);
    let said = bad(text.as_bytes());
    let starts = [
        "line 2, amount: ambiguous",
        "line 3, amount: the amount is zero",
        "line 3, name: is empty",
        "line 3, document: the check digits",
        "line 3, reference: the reference begins or ends with a space",
        "line 3, repeat: write yes (sim)",
        "line 4, amount: an amount has no sign",
        "line 4, name: has a control or invisible character at position 6",
        "line 4, document: is empty",
        "line 5, key: is empty",
        "line 5, reference: the reference ends with",
        "line 6, reference: line 2 has the same reference",
        "line 7, reference: line 6 has the same reference",
        "line 8: it has 3 fields, and the heading has 6",
        "line 9: it has 7 fields, and the heading has 6",
    ];
    for wanted in starts {
        assert!(said.iter().any(|one| one.starts_with(wanted)), "{wanted:?} is not in {said:#?}");
    }
    assert_eq!(said.len(), starts.len(), "{said:#?}");
    assert!(
        !said.iter().any(|one| one.contains("maria@") || one.contains("52998224")),
        "people's data: {said:#?}"
    );
}

#[test]
fn a_file_that_is_none_says_why() {
    for (text, wanted) in [
        (&b""[..], "there is no line to pay"),
        (b"chave;valor;nome;documento\n", "there is no line to pay"),
        (b"chave;valor;nome;documento\n;;;\n", "there is no line to pay"),
        (b"chave;valor;nome;documento\nx;1;Jos\xe9;52998224725\n", "line 2: this is not UTF-8"),
        (b"chave;valor;nome;cpf;salario\n", "line 1: the column salario is not known"),
        (b"chave;valor;nome\n", "line 1, document: there is no such column"),
        (b"valor;nome;cpf\n", "line 1: there is no column for the payee's key"),
        (b"ispb;conta;valor;nome;cpf\n", "line 1, branch: there is no such column"),
        (b"chave;key;valor;nome;cpf\n", "line 1, key: two columns are this one"),
        (
            b"chave;valor;nome;docmento\n",
            "line 1: the column docmento is not known; did you mean \"documento\"?",
        ),
        (
            b"chave;valor;nome;cpf;1/2\n",
            "line 1: the column (…) is not known; take it out, or name it chave,",
        ),
        // Without a heading, the first payment is one; nothing of it is repeated.
        (
            b"maria@example.com;1,00;Maria;52998224725\n",
            "line 1: the first line names no column that is known",
        ),
        (b"chave|valor|nome|documento\n", "line 1: the first line names no column that is known"),
        (b"sep=|\nchave|valor|nome|documento\n", "line 1: what separates the fields is"),
        (
            b"chave;valor;nome;cpf\nx;1;\"Maria;529\ny;2;Jo;3\n",
            "line 2: a quote opens in field 3 and is not closed on the line",
        ),
        (
            b"chave;valor;nome;cpf\nx;1;\"Maria\" S;529\n",
            "line 2: in field 3, something stands behind the closing quote",
        ),
    ] {
        let said = bad(text);
        let wanted = std::str::from_utf8(wanted.as_bytes()).unwrap();
        assert!(said.iter().any(|one| one.starts_with(wanted)), "{wanted:?} is not in {said:#?}");
    }
    let long = format!("{HEADING}\n{}", format!("{MARIA}\n").repeat(MOST_LINES + 1));
    assert_eq!(bad(long.as_bytes()).len(), 1);
    assert!(bad(&vec![b'x'; MOST_BYTES + 1])[0].starts_with("the file is larger"));
}

#[test]
fn the_same_file_names_the_same_debts() {
    let text = "chave;valor;nome;documento\nmaria@example.com;1;Maria;52998224725\nmaria@example.com;2;Maria;52998224725";
    let (one, again) = (good(text).batch, good(text).batch);
    assert_eq!(one, again);
    assert_eq!(one.id(), again.id());
    assert_eq!(one.total(), Centavos::new(300));
    assert!(
        one.lines[0].reference.as_str().starts_with("saldo-")
            && one.lines[0].reference.as_str().ends_with("-2")
    );
    let other = good(&format!("{text}\n")).batch;
    assert_ne!((one.id(), &one.lines[0].reference), (other.id(), &other.lines[0].reference));
}

#[test]
fn the_same_payee_and_amount_twice_is_a_repeat() {
    let text = "chave;valor;nome;documento;repetir\n\
        maria@example.com;1;Maria;52998224725;\n\
        maria@example.com;2;Maria;52998224725;\n\
        52998224725;1;M Silva;52998224725;sim\n";
    let text = text.replace("\n52998224725;1", "\n123e4567-e12b-12d1-a456-426655440000;1");
    let sheet = good(&text);
    assert_eq!(repeats_within(&sheet.batch.lines), [Repeat { line: 4, like: Like::Line(2) }]);
    assert_eq!(sheet.meant.iter().copied().collect::<Vec<_>>(), [4]);
}

#[test]
fn every_heading_means_one_column() {
    let mut seen = std::collections::HashSet::new();
    for column in Column::ALL {
        for heading in [column.portuguese(), column.english()] {
            assert_eq!(Column::of(&heading.to_uppercase().replace(' ', "_")), Some(column));
        }
        assert!(seen.insert(column.portuguese()), "{column:?}");
    }
    assert_eq!(Column::of("salário"), None);
}

#[test]
fn a_masked_document_may_be_the_payees() {
    for (shown, fits) in [
        ("52998224725", true),
        ("529.982.247-25", true),
        ("***.982.247-**", true),
        ("***.983.247-**", false),
        ("***.982.247", false),
        ("***.982.247-***", false),
        ("", false),
    ] {
        assert_eq!(may_be(shown, "52998224725"), fits, "{shown}");
    }
}

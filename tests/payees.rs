//! Who was paid before, and what is said of a payee before it is paid; over real HTTP against the sandbox.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use saldo::sandbox::Where;
use serde_json::Value;
use support::{Desk, prompt};

fn pay<'a>(key: &'a str, name: &'a str, document: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
    let order =
        ["cash-out", "--pix-key", key, "--name", name, "--document", document, "--amount", "10", "--json"];
    [&order[..], rest].concat()
}

fn codes(said: &Value) -> Vec<&str> {
    said["warnings"].as_array().unwrap().iter().map(|warning| warning["code"].as_str().unwrap()).collect()
}

#[test]
fn a_payee_is_known_once_it_was_paid() {
    const MARIA: &str = "52998224725";
    const JOAO: &str = "11144477735";
    let desk = Desk::start(prompt());
    assert_eq!(desk.saldo(&["payees", "--json"]).expect(0).json(), serde_json::json!([]));
    let first =
        pay("maria@example.com", "Maria Silva", MARIA, &["--reference", "A-1", "--yes", "--wait", "60s"]);
    desk.saldo(&first).expect(0);

    let payees = desk.saldo(&["payees", "--json"]).expect(0).json();
    assert_eq!(payees.as_array().unwrap().len(), 1, "{payees}");
    let payee = &payees[0];
    assert_eq!(
        (&payee["pix_key"], &payee["name"], &payee["document"], &payee["times"], &payee["total_centavos"]),
        (&"maria@example.com".into(), &"Maria Silva".into(), &MARIA.into(), &1.into(), &1_000.into())
    );
    for (text, found) in [("SÍLVA", 1), ("example.com", 1), ("529.982", 1), ("ana", 0)] {
        let said = desk.saldo(&["payees", "--search", text, "--json"]).expect(0).json();
        assert_eq!(said.as_array().unwrap().len(), found, "{text}");
    }
    let listed = desk.saldo(&["payees", "--lang", "pt-BR"]);
    assert!(listed.expect(0).stdout.contains("chave Pix maria@example.com"), "{listed:#?}");

    // At hand: first of all, until it is taken back.
    let favourite = |arguments: &[&str]| {
        let said = desk.saldo(&[&["payees", "--json"], arguments].concat()).expect(0).json();
        said.as_array().map_or_else(|| said["is_favourite"].clone(), |all| all.len().into())
    };
    assert_eq!(favourite(&["--favourites"]), 0);
    assert_eq!(favourite(&["--favour", "maria@example.com"]), true);
    assert_eq!(favourite(&["--favour", "529.982"]), true, "twice is once");
    assert_eq!(favourite(&["--favourites"]), 1);
    assert!(desk.saldo(&["payees"]).expect(0).stdout.starts_with("* "));
    assert_eq!(favourite(&["--unfavour", "Maria"]), false);
    assert_eq!(favourite(&["--favourites"]), 0);
    desk.saldo(&["payees", "--favour", "nobody", "--json"]).expect(5);
    desk.saldo(&["payees", "--favour", "maria", "--search", "x"]).expect(2);
    desk.saldo(&["fsck"]).expect(0);

    let dry = |key, name, document| desk.saldo(&pay(key, name, document, &["--dry-run"])).expect(0).json();
    let repeat = ["repeat"];
    let table: [(&str, &str, &str, &[&str]); 6] = [
        ("maria@example.com", "Maria da Silva", MARIA, &repeat),
        ("maria@example.com", "Ana Souza", MARIA, &["repeat", "payee_other_name"]),
        ("maria@example.com", "Maria Silva", JOAO, &["payee_other_document"]),
        ("rnaria@example.com", "Maria Silva", JOAO, &["payee_looks_like", "payee_first"]),
        ("+5511987654321", "M. Silva", MARIA, &["repeat", "payee_known_document", "payee_first"]),
        ("joao@example.com", "João Souza", JOAO, &["payee_first"]),
    ];
    for (key, name, document, expected) in table {
        let said = dry(key, name, document);
        assert_eq!(codes(&said), expected, "{key} {name}: {said}");
    }
    let near = dry("rnaria@example.com", "Maria Silva", JOAO);
    assert_eq!(near["warnings"][0]["known"]["pix_key"], "maria@example.com", "{near}");

    // The lines of a file are looked up as well, and those that are loud are named.
    let file = desk.folder().join("folha.csv");
    let lines = "chave;valor;nome;documento\nmaria@example.com;1;Maria Silva;52998224725\n\
                 rnaria@example.com;2;Maria Silva;11144477735\nmaria@example.com;3;Ana Souza;52998224725\n\
                 joao@example.com;4;João Souza;11144477735\n";
    std::fs::write(&file, lines).unwrap();
    let pay_file = ["batch", "pay", file.to_str().unwrap(), "--dry-run"];
    let said = desk.saldo(&[&pay_file[..], &["--json"]].concat()).expect(0).json();
    let odd: Vec<_> = said["payees"]
        .as_array()
        .unwrap()
        .iter()
        .map(|odd| {
            (odd["line"].as_u64().unwrap(), odd["code"].as_str().unwrap(), odd["loud"].as_bool().unwrap())
        })
        .collect();
    assert_eq!(odd, [(3, "payee_looks_like", true), (4, "payee_other_name", true)], "{said}");
    let told = desk.saldo(&[&pay_file[..], &["--lang", "pt-BR"]].concat());
    assert!(
        told.expect(0).stdout.contains("linha 3: CONFIRA: difere por pouco de m***@example.com"),
        "{told:#?}"
    );

    // It blocks nothing; and what goes to standard error is nobody's data.
    let order = ["cash-out", "--pix-key", "rnaria@example.com", "--name", "Maria Silva", "--document", JOAO];
    let order = [&order[..], &["--amount", "20", "--reference", "A-2", "--yes"]].concat();
    let run = desk.saldo(&order);
    assert!(
        run.expect(0).stderr.contains("LOOK TWICE: it differs by little from m***@example.com"),
        "{run:#?}"
    );
    assert!(!run.stderr.contains("Silva") && !run.stderr.contains("maria@"), "{run:#?}");
    assert_eq!(desk.ledger().requests_to(Where::CashOut).count(), 2);
}

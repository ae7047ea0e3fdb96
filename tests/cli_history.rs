//! The history on the command line: what is found, what is written out, what a receipt is given for.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::os::unix::fs::PermissionsExt;

use support::{Desk, MARIA, prompt};

/// A desk with one payment that settled and one that the gateway refused.
fn desk() -> Desk {
    let desk = Desk::start(prompt());
    let pay = |amount: &str, reference: &str| {
        let mut arguments = vec![
            "cash-out",
            "--amount",
            amount,
            "--reference",
            reference,
            "--wait",
            "60s",
            "--yes",
            "--json",
        ];
        arguments.extend(MARIA);
        desk.saldo(&arguments)
    };
    pay("1.234,56", "folha-1").expect(0);
    pay("999.999.999,00", "folha-2").expect(3);
    desk
}

#[test]
fn a_filter_finds_and_says_what_is_wrong_with_it() {
    let desk = desk();
    let found = |filter: &str| {
        let run = desk.saldo(&["transactions", "--json", "--filter", filter]);
        let rows = run.expect(0).json();
        rows.as_array()
            .unwrap()
            .iter()
            .map(|row| row["external_reference"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(found("folha"), ["folha-2", "folha-1"]);
    assert_eq!(found("out status:settled maria since:1h"), ["folha-1"]);
    assert_eq!(found("status:unpaid amount:>1000000"), ["folha-2"]);
    assert_eq!(found("-folha-1"), ["folha-2"]);
    assert_eq!(found("in"), [] as [&str; 0]);
    let wrong = desk.saldo(&["transactions", "--filter", "out stauts:failed"]);
    assert!(wrong.expect(2).stderr.contains("--filter: at 5: there is no key stauts:"), "{}", wrong.stderr);
}

#[test]
fn an_export_is_whole_private_and_overwrites_nothing() {
    let desk = desk();
    let file = desk.folder().join("history.csv");
    let name = file.to_str().unwrap();
    let export = ["export", "--format", "csv", "--output", name];
    let run = desk.saldo(&export);
    assert!(run.expect(0).stderr.contains("2 transactions"), "{}", run.stderr);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let first = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = first.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[1].contains(",folha-1,") && lines[2].contains(",folha-2,"), "the oldest first: {first}");
    let again = desk.saldo(&export);
    assert!(again.expect(2).stderr.contains("--force"), "{}", again.stderr);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), first);
    desk.saldo(&["export", "--format", "jsonl", "--filter", "folha-1", "--output", name, "--force"])
        .expect(0);
    let row: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(row["amount_centavos"], 123_456);
    // A link, like a device, is not made into a file.
    let link = desk.folder().join("link.csv");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let refused = desk.saldo(&["export", "--format", "csv", "--force", "--output", link.to_str().unwrap()]);
    assert!(refused.expect(2).stderr.contains("is no regular file"), "{}", refused.stderr);
    assert!(link.is_symlink());
    let nowhere = desk.saldo(&["export", "--format", "csv", "--output", "/nonexistent/folder/e.csv"]);
    assert!(
        nowhere.stderr.contains("/nonexistent/folder/e.csv could not be written: No such file"),
        "{}",
        nowhere.stderr
    );
    // What is begun and not finished leaves nothing behind.
    let left: Vec<_> =
        std::fs::read_dir(desk.folder()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with(".tmp")), "{left:?}");
    let sheet = desk.saldo(&["export", "--format", "csv-br"]);
    assert!(sheet.expect(0).stdout.contains(";1234,56;"), "{}", sheet.stdout);
    let statement = desk.saldo(&["export", "--format", "ofx"]);
    assert_eq!(statement.expect(0).stdout.matches("<STMTTRN>").count(), 1, "{}", statement.stdout);
    assert!(statement.stdout.contains("<TRNAMT>-1234.56</TRNAMT>"), "{}", statement.stdout);
    assert_eq!(
        desk.saldo(&["export", "--format", "csv", "--filter", "xyzzy"]).expect(0).stdout.lines().count(),
        1
    );
    assert_eq!(
        desk.saldo(&["transactions", "--format", "json", "--filter", "xyzzy"]).expect(0).stdout,
        "[]\n"
    );
}

#[test]
fn a_receipt_is_for_money_that_moved() {
    let desk = desk();
    let run = desk.saldo(&["receipt", "folha-1", "--lang", "pt-BR"]);
    let text = &run.expect(0).stdout;
    for part in
        ["Comprovante de PIX enviado", "1.234,56", "Maria", "endToEndId", "folha-1", "Visto pelo saldo em"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let document = MARIA[MARIA.iter().position(|part| *part == "--document").unwrap() + 1];
    assert!(!text.contains(document), "the document is masked: {text}");
    let file = desk.folder().join("receipt.pdf");
    desk.saldo(&["receipt", "folha-1", "--output", file.to_str().unwrap()]).expect(0);
    assert!(std::fs::read(&file).unwrap().starts_with(b"%PDF-"));
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let refused = desk.saldo(&["receipt", "folha-2"]);
    assert!(refused.expect(3).stderr.contains("no money has moved"), "{}", refused.stderr);
    desk.saldo(&["receipt", "folha-9"]).expect(5);
}

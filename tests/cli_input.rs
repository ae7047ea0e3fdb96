//! Input as the world gives it: typed amounts, pasted keys, broken JSON, answers that are none, pipes that close.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

mod support;

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use serde_json::{Value, json};
use support::scripted::{self, Scripted};
use support::{Desk, cash_out, finish, prompt};

/// A payment with some of its flags replaced.
fn with(replaced: &[(&str, &str)]) -> Vec<String> {
    let mut arguments: Vec<String> = cash_out("10", "INV-1").into_iter().map(str::to_owned).collect();
    for (flag, value) in replaced {
        match arguments.iter().position(|argument| argument == flag) {
            Some(at) => arguments[at + 1] = (*value).to_owned(),
            None => arguments.extend([(*flag).to_owned(), (*value).to_owned()]),
        }
    }
    arguments
}

#[test]
fn what_cannot_be_read_in_one_way_is_refused_and_never_sent() {
    let desk = Desk::start(prompt());
    let amounts = [
        "0",
        "0,00",
        "-1",
        "1.234",
        "1e3",
        "1,234.56",
        "1,234",
        "500,255",
        "99999999999999",
        "99999999999999999999999",
        "abc",
        "",
        " ",
        "+5",
        "R$",
        "NaN",
        "0x10",
        "١٢٣",
        "5 00,0 0",
        "5,",
        ",5,",
        "10\n",
        "1_000",
    ];
    let mut refused = 0;
    for amount in amounts {
        let run = desk.saldo(&with(&[("--amount", amount)]));
        if amount == "10\n" {
            // White space around an amount is no other amount.
            continue;
        }
        run.expect_error(2, "invalid_argument", "nothing_sent");
        assert!(run.error()["message"].as_str().unwrap().starts_with("--amount"), "{run:#?}");
        refused += 1;
    }
    for (flag, value) in [
        ("--document", "52998224724"),
        ("--document", "12345678901"),
        ("--document", "11111111111"),
        ("--document", "1234567890"),
        ("--document", "12.ABC.345/01DE-36"),
        ("--document", "00000000000000"),
        ("--document", ""),
        // A mobile number and a CPF: the payer has to say which.
        ("--pix-key", "11976543053"),
        ("--pix-key", "maria silva@example.com"),
        ("--pix-key", "maria@exa\u{7}mple.com"),
        ("--pix-key", "ma\u{1b}[2Jria@example.com"),
        ("--pix-key", "52998224724"),
        ("--pix-key", ""),
        ("--pix-key", "123e4567-e89b-12d3-a456"),
        ("--pix-key-type", "TELEX"),
        ("--pix-key-type", "CPF"),
        ("--bank-ispb", "60746948"),
        ("--reference", "INV\n1"),
        ("--reference", "INV\u{200b}1"),
        ("--reference", " INV-1"),
        ("--reference", ""),
        ("--name", ""),
        ("--name", "Maria\u{202e}avliS"),
        ("--description", "a\nb"),
        ("--wait", "soon"),
        ("--wait", "-1s"),
    ] {
        let run = desk.saldo(&with(&[(flag, value)]));
        run.expect_error(2, "invalid_argument", "nothing_sent");
        assert_eq!(run.stdout, "");
        // Nothing that a terminal would obey comes back.
        assert!(!run.stderr.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{run:#?}");
        refused += 1;
    }
    assert!(refused > 40);
    for target in ["-1", "1.234", "1e3", "", "abc"] {
        let run = desk.saldo(&["rebalance", "--target", target, "--yes", "--json"]);
        run.expect_error(2, "invalid_argument", "nothing_sent");
    }
    // An account is all three parts, and never beside a key.
    let run = desk.saldo(&[
        "cash-out",
        "--amount",
        "1",
        "--bank-ispb",
        "60746948",
        "--name",
        "M",
        "--document",
        "52998224725",
        "--reference",
        "A",
        "--yes",
        "--json",
    ]);
    run.expect_error(2, "invalid_argument", "nothing_sent");
    let not_utf_8 = OsString::from_vec(b"INV-\xff".to_vec());
    let mut arguments: Vec<OsString> = with(&[]).into_iter().map(OsString::from).collect();
    let at = arguments.iter().position(|argument| argument == "INV-1").unwrap();
    arguments[at] = not_utf_8;
    desk.saldo(&arguments).expect_error(2, "invalid_argument", "nothing_sent");
    let ledger = desk.ledger();
    // Only the white space around "10" was taken.
    assert_eq!((ledger.cash_outs.len(), ledger.requests_seen), (1, 1));
}

#[test]
fn what_can_be_read_in_one_way_is_paid_to_the_centavo() {
    let desk = Desk::start(prompt());
    let cases = [
        ("R$\u{a0}1.234,56", "maria@example.com", 123_456, "EMAIL", "maria@example.com"),
        ("\u{a0}500,25\u{202f}", "  MARIA@Example.COM ", 50_025, "EMAIL", "maria@example.com"),
        ("0,01", "529.982.247-25", 1, "CPF", "52998224725"),
        ("500.25", "+5511987654321", 50_025, "PHONE", "+5511987654321"),
        ("7", "123E4567-E89B-42D3-A456-426614174000", 700, "EVP", "123e4567-e89b-42d3-a456-426614174000"),
    ];
    for (number, (amount, key, centavos, key_type, sent)) in cases.into_iter().enumerate() {
        let reference = format!("INV-{number}");
        let run = desk.saldo(&with(&[("--amount", amount), ("--pix-key", key), ("--reference", &reference)]));
        assert_eq!(run.expect(0).json()["amount_centavos"], centavos);
        let body: Value =
            serde_json::from_slice(desk.ledger().requests[number].body.as_ref().unwrap()).unwrap();
        assert_eq!(body["payee"]["destination"]["pixKeyType"], key_type);
        assert_eq!(body["payee"]["destination"]["pixKey"], sent);
        assert_eq!(desk.ledger().cash_outs[number].amount.get(), centavos);
    }
    // Eleven digits that are both, once the payer has said which.
    for (key_type, sent) in [("CPF", "11976543053"), ("PHONE", "+5511976543053")] {
        let run = desk.saldo(&with(&[
            ("--pix-key", "11976543053"),
            ("--pix-key-type", key_type),
            ("--reference", key_type),
        ]));
        run.expect(0);
        let ledger = desk.ledger();
        let body: Value =
            serde_json::from_slice(ledger.requests.last().unwrap().body.as_ref().unwrap()).unwrap();
        assert_eq!(body["payee"]["destination"]["pixKey"], sent);
    }
    desk.reconcile();
}

#[test]
fn standard_input_is_json_of_known_names_and_exact_amounts() {
    let desk = Desk::start(prompt());
    let good = json!({
        "amount": "10", "pix_key": "maria@example.com", "name": "Maria Silva", "document": "52998224725",
        "reference": "INV-1",
    })
    .to_string();
    let replaced = |from: &str, to: &str| {
        assert!(good.contains(from));
        good.replace(from, to).into_bytes()
    };
    let bad: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"null".to_vec(),
        b"[]".to_vec(),
        // In the order of the fields, which is nobody's contract.
        br#"["10",null,"maria@example.com",null,null,null,null,null,"Maria Silva","52998224725","INV-1",null,null]"#.to_vec(),
        b"{".to_vec(),
        b"\xff\xfe".to_vec(),
        good.as_bytes()[..good.len() / 2].to_vec(),
        [good.as_bytes(), good.as_bytes()].concat(),
        replaced("\"reference\"", "\"refrence\""),
        replaced("\"amount\"", "\"Amount\""),
        replaced("\"10\"", "10.255"),
        replaced("\"10\"", "1e1"),
        replaced("\"10\"", "-10"),
        replaced("\"10\"", "0.30000000000000004"),
        replaced("\"10\"", "[10]"),
        replaced("\"10\"", "true"),
        replaced("\"10\"", "null"),
        replaced("\"52998224725\"", "52998224725"),
        replaced("INV-1", "INV\\n1"),
        replaced("Maria Silva", "Maria\\u0000"),
        replaced("{", "{\"amount\":\"20\","),
        replaced("\"reference\":\"INV-1\"", "\"reference\":null"),
        vec![b' '; 3 << 20],
    ];
    for input in &bad {
        let run = desk.saldo_reading(&["cash-out", "--input", "-", "--yes", "--json"], input);
        run.expect_error(2, "invalid_argument", "nothing_sent");
        assert!(!run.stderr.contains("52998224725"), "people's data stay out of errors: {run:#?}");
    }
    let both = desk
        .saldo_reading(&["cash-out", "--input", "-", "--amount", "1", "--yes", "--json"], good.as_bytes());
    both.expect_error(2, "invalid_argument", "nothing_sent");
    assert_eq!(desk.ledger().requests_seen, 0);
    desk.saldo_reading(&["cash-out", "--input", "-", "--yes", "--json"], good.as_bytes()).expect(0);
    desk.reconcile();
}

fn balance(banks: &str, consolidated: &str) -> String {
    format!(
        r#"{{"currency":"BRL","referenceDate":"2026-03-10","consolidated":{consolidated},"banks":{banks},"updatedAt":"2026-03-10T14:22:18Z"}}"#
    )
}

const SUMS: &str = r#"{"totalBalance":300,"transactionalBalance":100.5,"proprietaryBalance":199.50}"#;

fn answered_with(bytes: Vec<u8>) -> (Scripted, Desk) {
    let gateway = Scripted::start(&[("GET /account/balance", bytes)]);
    let desk = Desk::at(&gateway.base_url());
    (gateway, desk)
}

#[test]
fn a_balance_with_holes_is_shown_with_them() {
    for banks in [
        "[]",
        r#"[{"ispb":"13935893","bank":"CELCOIN IP S.A.","accounts":{"transactional":null,"proprietary":{"branch":"1","account":"2","balance":1.5}}}]"#,
        r#"[{"ispb":null,"bank":null,"accounts":{}}]"#,
        r#"[{"ispb":"00000000","bank":"a\u001b[2Jb","accounts":{"transactional":{"balance":5}}}]"#,
    ] {
        let (_gateway, desk) = answered_with(scripted::json(200, &balance(banks, SUMS)));
        let run = desk.saldo(&["balance", "--json"]);
        let view = run.expect(0).json();
        assert_eq!(view["transactional_centavos"], 10_050);
        for bank in view["banks"].as_array().unwrap() {
            let centavos = &bank["transactional_centavos"];
            assert!(centavos.is_null() || centavos == 500, "{bank}");
        }
        let table = desk.saldo(&["balance"]);
        assert!(!table.expect(0).stdout.contains('\u{1b}'));
    }
    let zeros = balance("[]", &SUMS.replace("100.5", &format!("100.5{}", "0".repeat(39))));
    let (_gateway, desk) = answered_with(scripted::json(200, &zeros));
    assert_eq!(desk.saldo(&["balance", "--json"]).expect(0).json()["transactional_centavos"], 10_050);
}

#[test]
fn a_balance_that_cannot_be_read_is_never_a_number() {
    let good = balance("[]", SUMS);
    let mut cut = scripted::json(200, &good);
    cut.truncate(cut.len() - 20);
    let huge = format!("{good}{}", " ".repeat(10 << 20));
    let answers = [
        scripted::json(200, &balance("[]", &SUMS.replace("100.5", "\"100.5\""))),
        scripted::json(200, &balance("[]", &SUMS.replace("100.5", "null"))),
        scripted::json(200, &balance("[]", &SUMS.replace("100.5", &format!("100.{}", "3".repeat(40))))),
        scripted::json(200, &balance("[]", &SUMS.replace("100.5", "1e400"))),
        scripted::json(200, &balance("[]", "null")),
        scripted::json(200, &balance("7", SUMS)),
        scripted::json(200, "{}"),
        scripted::json(200, "[]"),
        scripted::json(200, ""),
        scripted::answer(200, "text/html", b"<html>hello</html>"),
        scripted::answer(200, "application/json", b"\xff\xfe"),
        scripted::json(200, &huge),
        scripted::json(204, ""),
        cut,
    ];
    for bytes in answers {
        let start = String::from_utf8_lossy(&bytes[..bytes.len().min(400)]).into_owned();
        let (_gateway, desk) = answered_with(bytes);
        let run = desk.saldo(&["balance", "--json"]);
        assert!(matches!(run.code, Some(1 | 69)), "{start}: {run:#?}");
        assert_eq!((run.stdout.as_str(), &run.error()["outcome"]), ("", &json!("nothing_sent")));
        // What cannot be read is nothing to compute a rebalance from.
        let rebalance = desk.saldo(&["rebalance", "--target", "5", "--yes", "--json"]);
        assert!(matches!(rebalance.code, Some(1 | 69)), "{start}: {rebalance:#?}");
    }
    for (status, exit) in [(401, 77), (403, 77), (404, 3), (429, 75), (500, 69), (503, 69), (418, 3)] {
        let (_gateway, desk) = answered_with(scripted::json(
            status,
            &format!(r#"{{"status":{status},"code":"X","title":"t"}}"#),
        ));
        let run = desk.saldo(&["balance", "--json"]);
        run.expect(exit);
        run.error();
        let (_gateway, desk) = answered_with(scripted::answer(status, "text/html", b"<html>proxy</html>"));
        desk.saldo(&["balance", "--json"]).expect(exit);
    }
}

/// Runs a line of shell with `$SALDO` as the program.
fn shell(desk: &Desk, line: &str) -> support::Run {
    let mut command = desk.command_of("/bin/sh", &["-c", line]);
    command.env("SALDO", support::SALDO);
    finish(command)
}

#[test]
fn closed_pipes_and_odd_terminals_are_no_crash() {
    let desk = Desk::start(prompt());
    for number in 0..3 {
        desk.pay("10", &format!("INV-{number}")).expect(0);
    }
    let pay = "--amount 5 --pix-key maria@example.com --name Maria --document 52998224725 --yes --json";
    for (line, code) in [
        // A pipe that nobody reads any more, before the first byte.
        ("{ \"$SALDO\" transactions; echo $? >&3; } 3>&2 | true", 0),
        ("{ \"$SALDO\" transactions --format csv; echo $? >&3; } 3>&2 | head -0", 0),
        ("{ \"$SALDO\" balance --json; echo $? >&3; } 3>&2 | true", 0),
        ("{ \"$SALDO\" --help; echo $? >&3; } 3>&2 | true", 0),
        ("{ \"$SALDO\" show INV-404 --json 2>&1; echo $? >&3; } 3>&2 | true", 5),
        ("{ SALDO_LOG=trace \"$SALDO\" balance 2>&1; echo $? >&3; } 3>&2 | true", 0),
        ("{ \"$SALDO\" nonsense 2>&1; echo $? >&3; } 3>&2 | true", 2),
        // No standard streams at all.
        ("\"$SALDO\" transactions >&- 2>&- <&-; echo $? >&2", 0),
        ("\"$SALDO\" nonsense >&- 2>&- <&-; echo $? >&2", 2),
        ("\"$SALDO\" show INV-404 >&- 2>&- <&-; echo $? >&2", 5),
        (&format!("{{ \"$SALDO\" cash-out {pay} --reference P1; echo $? >&3; }} 3>&2 | true"), 0),
        (&format!("\"$SALDO\" cash-out {pay} --reference P2 >&- 2>&- <&-; echo $? >&2"), 0),
        ("TERM=dumb \"$SALDO\" balance; echo $? >&2", 0),
        ("TERM=dumb NO_COLOR=1 LC_ALL=C \"$SALDO\" transactions; echo $? >&2", 0),
    ] {
        let run = shell(&desk, line);
        assert!(!run.stderr.contains("panicked"), "{line}: {run:#?}");
        assert_eq!(run.stderr.lines().last(), Some(code.to_string().as_str()), "{line}: {run:#?}");
        assert!(!run.stdout.contains('\u{1b}'), "{line}: an escape for a pipe: {run:#?}");
    }
    assert_eq!(desk.ledger().cash_outs.len(), 5);
    desk.reconcile();
}

#[test]
fn an_answer_that_could_not_be_written_is_said() {
    let desk = Desk::start(prompt());
    desk.pay("10", "INV-1").expect(0);
    for line in ["\"$SALDO\" transactions --json >/dev/full", "\"$SALDO\" balance >/dev/full"] {
        let run = shell(&desk, line);
        run.expect(1);
        assert!(run.stderr.contains("No space left"), "{run:#?}");
    }
    // Of a payment the exit code says what became of the money; that its answer was lost is said beside it.
    let pay =
        "cash-out --amount 5 --pix-key maria@example.com --name Maria --document 52998224725 --yes --json";
    let run = shell(&desk, &format!("\"$SALDO\" {pay} --reference P1 >/dev/full"));
    assert!(run.expect(0).stderr.contains("No space left"), "{run:#?}");
}

#[test]
fn transactions_in_every_format_and_by_every_filter() {
    let desk = Desk::start(prompt());
    for number in 0..3 {
        let name = format!("=cmd|{number}, \"x\"");
        let reference = format!("INV-{number}");
        desk.saldo(&with(&[("--reference", &reference), ("--name", &name)])).expect(0);
    }
    let references = |arguments: &[&str]| -> Vec<String> {
        let run = desk.saldo(&[&["transactions", "--json"][..], arguments].concat());
        let rows = run.expect(0).json();
        rows.as_array()
            .unwrap()
            .iter()
            .map(|row| row["external_reference"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(references(&[]), ["INV-2", "INV-1", "INV-0"]);
    assert_eq!(references(&["--limit", "1"]), ["INV-2"]);
    assert_eq!(references(&["--search", "INV-1"]), ["INV-1"]);
    assert_eq!(references(&["--search", "%"]), Vec::<String>::new());
    assert_eq!(references(&["--direction", "in"]), Vec::<String>::new());
    assert_eq!(references(&["--direction", "out", "--state", "accepted", "--since", "1h"]).len(), 3);
    assert_eq!(references(&["--since", "2999-01-01"]), Vec::<String>::new());
    for wrong in [
        ["--state", "paying"],
        ["--since", "someday"],
        ["--direction", "up"],
        ["--format", "xml"],
        ["--limit", "-1"],
    ] {
        let run = desk.saldo(&[&["transactions", "--json"][..], &wrong].concat());
        run.expect_error(2, "invalid_argument", "nothing_sent");
    }
    let csv = desk.saldo(&["transactions", "--format", "csv"]);
    let lines: Vec<&str> = csv.expect(0).stdout.lines().collect();
    assert_eq!(lines.len(), 4);
    assert!(lines[1].contains("\"'=cmd|2, \"\"x\"\"\""), "no cell becomes a formula: {csv:#?}");
    let array = desk.saldo(&["transactions", "--format", "json"]);
    assert_eq!(array.expect(0).json().as_array().unwrap().len(), 3);
    assert_eq!(desk.saldo(&["transactions"]).expect(0).stdout.lines().count(), 3);
}

/// A static BR Code with these fields behind the account, and its checksum.
fn br_code(account: &str, rest: &str) -> String {
    let account = format!("0014br.gov.bcb.pix{account}");
    let text = format!(
        "00020126{:02}{account}520400005303986{rest}5802BR5911Maria Silva6009SAO PAULO62140510PEDIDO00776304",
        account.len()
    );
    let crc = saldo::domain::br_code::crc16(text.as_bytes());
    format!("{text}{crc:04X}")
}

#[test]
fn a_br_code_names_key_amount_name_and_txid() {
    let desk = Desk::start(prompt());
    let key = "0117maria@example.com0205lanch";
    let code = br_code(key, "5405500.5");
    let pay = |reference: &str, extra: &[&str]| {
        let mut arguments =
            vec!["cash-out", "--document", "52998224725", "--reference", reference, "--yes", "--json"];
        arguments.extend(extra);
        desk.saldo(&arguments)
    };
    pay("B-1", &["--br-code", &code]).expect(0);
    let body: Value = serde_json::from_slice(desk.ledger().requests[0].body.as_deref().unwrap()).unwrap();
    assert_eq!(body["payee"]["destination"]["pixKey"], "maria@example.com");
    assert_eq!(
        (&body["amount"].to_string(), &body["payee"]["name"]),
        (&"500.50".to_owned(), &"Maria Silva".into())
    );
    assert_eq!(body["description"], "lanch, txid PEDIDO0077");
    // The same from standard input, with a name of one's own.
    let input = json!({ "br_code": code, "name": "Maria S.", "amount": "500,50" }).to_string();
    let arguments =
        ["cash-out", "--input", "-", "--document", "52998224725", "--reference", "B-2", "--yes", "--json"];
    desk.saldo_reading(&arguments, input.as_bytes()).expect(0);
    let ledger = desk.ledger();
    assert_eq!((ledger.cash_outs.len(), ledger.cash_outs[1].payee.name.as_str()), (2, "Maria S."));

    let broken = code.replace("5802BR", "5803BR");
    let wrong_sum = format!("{}0000", &code[..code.len() - 4]);
    let url = br_code("2521pix.example.com/qr/v2", "");
    let open = br_code(key, "");
    for (extra, says) in [
        (vec!["--br-code", broken.as_str()], "at character"),
        (vec!["--br-code", &wrong_sum], "checksum"),
        (vec!["--br-code", &url], "pix.example.com/qr/v2"),
        (vec!["--br-code", &open], "--amount is missing"),
        (vec!["--br-code", &code, "--amount", "500,51"], "asks for R$\u{a0}500,50"),
        (vec!["--br-code", &code, "--pix-key", "a@example.com"], "either --br-code"),
        (vec!["--br-code", &code, "--bank-ispb", "60746948"], "either --br-code"),
    ] {
        let run = pay("B-3", &extra);
        run.expect(2);
        assert!(run.stderr.contains(says), "{says}: {run:#?}");
    }
    pay("B-4", &["--br-code", &open, "--amount", "1"]).expect(0);
    assert_eq!(desk.ledger().requests.len(), 3);
}

//! A shift that is handed over: what stands in it, that it is proven by the journal, and who may accept it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use jiff::Timestamp;
use saldo::domain::person::Person;
use saldo::journal::handover::{HandoverReader as _, Handovers as _, Shift};
use saldo::journal::lock::Lock;
use saldo::journal::sqlite::SqliteJournal;
use serde_json::{Value, json};
use support::{Desk, runtime, with_faults};
use uuid::Uuid;

/// Two payments that have not left yet and a rebalance: what a shift may leave behind.
fn shift() -> Desk {
    let desk = Desk::start(with_faults(&["cash-out:expire"]));
    desk.pay("5,00", "INV-1").expect(77);
    desk.pay("7,50", "INV-2").expect(77);
    desk.saldo(&["rebalance", "--target", "600000,00", "--yes", "--json"]).expect(0);
    desk
}

/// Its id, and the file that it was written to.
fn handed_over(desk: &Desk, name: &str, more: &[&str]) -> (String, String) {
    let file = desk.folder().join(name).to_str().unwrap().to_owned();
    let mut arguments =
        vec!["handover", "--since", "1h", "--note", "Ligar para o gateway.\nINV-1.", "--out", &file];
    arguments.extend(more);
    desk.saldo(&arguments).expect(0);
    let listed = desk.saldo(&["handover", "list", "--json"]).expect(0).json();
    (listed[0]["id"].as_str().unwrap().to_owned(), file)
}

#[test]
fn a_shift_tells_what_the_next_person_has_to_know() {
    let desk = shift();
    let run = desk.saldo(&["handover", "--since", "1h", "--note", "fila", "--json"]);
    let told = run.expect(0).json();
    assert_eq!(told["note"], "fila");
    let open: Vec<(&str, &str, i64)> = told["open"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let text = |name: &str| row[name].as_str().unwrap();
            (text("external_reference"), text("state"), row["amount_centavos"].as_i64().unwrap())
        })
        .collect();
    assert!(open.contains(&("INV-1", "unknown", 500)), "{open:?}");
    assert_eq!(told["rebalances"][0]["state"], "completed");
    let deeds: Vec<(&str, i64, i64)> = told["deeds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|deed| {
            let number = |name: &str| deed[name].as_i64().unwrap();
            (deed["what"].as_str().unwrap(), number("count"), number("amount_centavos"))
        })
        .collect();
    assert!(deeds.contains(&("cash_out", 2, 1_250)), "{deeds:?}");
    assert!(deeds.iter().any(|(what, count, _)| (*what, *count) == ("rebalance", 1)), "{deeds:?}");
    assert_eq!((&told["accepted_by"], &told["accepted_at"]), (&Value::Null, &Value::Null));
    let head = told["audit_head"].as_str().unwrap();
    desk.saldo(&["fsck", "--noted", head]).expect(0);

    // Nothing is recorded of a look.
    let looked = desk.saldo(&["handover", "--dry-run", "--since", "1h", "--json"]).expect(0).json();
    assert_eq!((&looked["digest"], looked["open"].as_array().unwrap().len()), (&Value::Null, open.len()));
    assert_eq!(desk.saldo(&["handover", "list", "--json"]).expect(0).json().as_array().unwrap().len(), 1);

    for (lang, words) in
        [("pt-BR", ["SEM DESFECHO", "INV-1", "Recado"]), ("en", ["WITHOUT AN OUTCOME", "INV-1", "Note"])]
    {
        let id = told["id"].as_str().unwrap();
        let text = desk.saldo(&["handover", "show", id, "--lang", lang]).expect(0).stdout.clone();
        for word in words {
            assert!(text.contains(word), "{word}:\n{text}");
        }
    }
    let refused = desk.saldo(&["handover", "--note", "a\u{1b}[2J", "--json"]);
    refused.expect(2);
}

#[test]
fn a_file_is_proven_by_the_journal_or_it_is_not() {
    let desk = shift();
    let formats: [(&str, &[&str]); 4] = [
        ("a.txt", &["--lang", "pt-BR"]),
        ("b.txt", &["--lang", "en"]),
        ("c.csv", &["--format", "csv"]),
        ("d.json", &["--json"]),
    ];
    let mut files = Vec::new();
    for (name, more) in formats {
        let (_, file) = handed_over(&desk, name, more);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        files.push(file);
    }
    // What happens afterwards changes nothing about it.
    desk.pay("8,50", "INV-3").expect(77);
    for file in &files {
        desk.saldo(&["handover", "check", file]).expect(0);
        let text = fs::read_to_string(file).unwrap();
        let edited = desk.folder().join("edited");
        fs::write(&edited, text.replacen("INV-1", "INV-9", 1)).unwrap();
        let run = desk.saldo(&["handover", "check", edited.to_str().unwrap(), "--json"]);
        run.expect_error(65, "handover_unproven", "unknown");
    }
    let other = desk.folder().join("other.txt");
    fs::write(&other, "no hand-over 0199c0de-0000-7000-8000-000000000001").unwrap();
    desk.saldo(&["handover", "check", other.to_str().unwrap()]).expect(5);
    // An event from before that somebody has edited is found, whatever the file says.
    let journal = rusqlite::Connection::open(desk.journal_path()).unwrap();
    journal.execute("UPDATE events SET at = at + 1 WHERE seq = 1", []).unwrap();
    drop(journal);
    desk.saldo(&["handover", "check", &files[0]]).expect(65);
}

#[test]
fn another_person_accepts_it_and_the_first_one_stands() {
    let desk = shift();
    let (id, _) = handed_over(&desk, "a.txt", &[]);
    let run = desk.saldo(&["handover", "accept", &id, "--json"]);
    run.expect_error(77, "own_handover", "not_executed");
    desk.saldo(&["handover", "accept", &Uuid::nil().to_string()]).expect(5);
    let ana = Person { uid: 4_000_001, name: Some("ana".to_owned()) };
    let rui = Person { uid: 4_000_002, name: None };
    runtime().block_on(async {
        let account: String = {
            let connection = desk.journal();
            connection
                .query_row("SELECT value FROM meta WHERE key = 'account'", [], |row| row.get(0))
                .unwrap()
        };
        let lock = Lock::acquire(&desk.journal_path(), "test", Duration::from_secs(5)).await.unwrap();
        let journal = SqliteJournal::open(&desk.journal_path(), &account, lock).await.unwrap();
        let number = Uuid::parse_str(&id).unwrap();
        let at = Timestamp::now();
        let accepted = journal.accept_handover(number, at, ana.clone()).await.unwrap();
        assert_eq!(accepted.accepted.as_ref().map(|(_, by)| by), Some(&ana));
        let again = journal.accept_handover(number, at, rui.clone()).await.unwrap();
        assert_eq!(again, accepted);
        // The same id once more is what is there.
        let shift = Shift { id: number, since: at, until: at, by: rui, note: None };
        assert_eq!(journal.hand_over(shift).await.unwrap(), accepted);
        assert_eq!(journal.handovers(9).await.unwrap(), [accepted]);
    });
    let listed = desk.saldo(&["handover", "list", "--json"]).expect(0).json();
    assert_eq!(listed[0]["accepted_by"], json!({ "uid": 4_000_001, "name": "ana" }));
    desk.saldo(&["fsck"]).expect(0);
}

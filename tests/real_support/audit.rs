//! The journal held against the gateway's ledger, by two doors that saldo's own code does not share: the command line's
//! JSON and the rows of `intents` and `attempts` on one side, what came over the wire on the other.

use std::collections::{BTreeMap, BTreeSet};

use saldo::sandbox::{CashOutStatus, LedgerView, Where};
use serde_json::Value;

use crate::support::Desk;

/// One payment, from both sides.
#[derive(Debug, Default)]
pub struct Story {
    /// By the command line: `completed`, `unknown` and so on.
    pub state: String,
    /// The key of each attempt row.
    pub attempts: Vec<String>,
    /// How many of them have an end.
    pub ended: usize,
    /// Rounds begun: each has a key of its own.
    pub rounds: usize,
    /// Key and body of each request that the gateway saw.
    pub requests: Vec<(String, Vec<u8>)>,
    /// Payments under this reference that took or will take money.
    pub paid: usize,
    /// Payments under this reference that took none in the end.
    pub unpaid: usize,
}

/// Everything that both sides know, by reference.
pub fn stories(desk: &Desk) -> BTreeMap<String, Story> {
    // The journal first: what is sent meanwhile has to be there too, so only the other order could accuse wrongly. That
    // is why nobody may be at work while this is called.
    let mut stories: BTreeMap<String, Story> = BTreeMap::new();
    let is_there = desk.journal_path().exists()
        && desk.journal().table_exists(None, "attempts").is_ok_and(|is_there| is_there);
    if is_there {
        let journal = desk.journal();
        let mut intents = journal.prepare("SELECT reference, snapshot ->> '$.round' FROM intents").unwrap();
        for row in intents.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, u32>(1)?))).unwrap()
        {
            let (reference, rounds) = row.unwrap();
            let rounds = usize::try_from(rounds).unwrap();
            stories.insert(reference, Story { rounds, ..Story::default() });
        }
        let sql = "SELECT i.reference, a.key, a.ended_at IS NOT NULL
                   FROM attempts a JOIN intents i ON i.id = a.intent ORDER BY a.intent, a.number";
        let mut attempts = journal.prepare(sql).unwrap();
        let rows =
            attempts.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get::<_, bool>(2)?)));
        for row in rows.unwrap() {
            let (reference, key, ended) = row.unwrap();
            let story = stories.get_mut(&reference).unwrap();
            story.attempts.push(key);
            story.ended += usize::from(ended);
        }
        let told = desk.saldo(&["transactions", "--direction", "out", "--limit", "10000", "--json"]);
        for row in told.expect(0).json().as_array().unwrap() {
            if let Some(story) = row["external_reference"].as_str().and_then(|name| stories.get_mut(name)) {
                story.state = row["state"].as_str().unwrap().to_owned();
            }
        }
    }
    let ledger = desk.ledger();
    for request in ledger.requests_to(Where::CashOut) {
        // Without a body the connection had ended before the request was whole: nothing was asked.
        let Some(body) = &request.body else { continue };
        let reference = reference_of(body);
        let story = stories
            .get_mut(&reference)
            .unwrap_or_else(|| panic!("{reference} was sent and never journalled"));
        story.requests.push((request.idempotency_key.clone().unwrap(), body.clone()));
    }
    for paid in &ledger.cash_outs {
        let story = stories
            .get_mut(&paid.external_reference)
            .unwrap_or_else(|| panic!("{} was paid and never journalled", paid.external_reference));
        match paid.status {
            CashOutStatus::Failed | CashOutStatus::Cancelled => story.unpaid += 1,
            CashOutStatus::Processing | CashOutStatus::Completed | CashOutStatus::Refunded => story.paid += 1,
        }
    }
    stories
}

/// The `externalReference` of a request's body.
pub fn reference_of(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap();
    body["externalReference"].as_str().unwrap().to_owned()
}

/// Holds both sides against each other: nothing paid twice, nothing sent that was not journalled, one body a
/// reference and one key a round, no state that claims what is not so. Gives what it looked at.
///
/// Nothing may be at work on the journal meanwhile. What saldo itself says of its journal is asked too: `fsck`.
pub fn audit(desk: &Desk) -> BTreeMap<String, Story> {
    let stories = stories(desk);
    desk.saldo(&["fsck"]).expect_one_of(&[0, 5]);
    for (reference, story) in &stories {
        let Story { state, attempts, requests, paid, unpaid, .. } = story;
        assert!(paid + unpaid <= 1, "{reference} was accepted {} times: {story:#?}", paid + unpaid);
        let mut by_key: BTreeMap<&str, usize> = BTreeMap::new();
        for (key, _) in requests {
            *by_key.entry(key).or_default() += 1;
        }
        for (key, sent) in &by_key {
            let rows = attempts.iter().filter(|row| row == key).count();
            assert!(
                *sent <= rows,
                "{reference}: {sent} requests with the key {key} and {rows} attempts: {story:#?}"
            );
        }
        let keys: BTreeSet<&String> = attempts.iter().collect();
        assert!(keys.len() <= story.rounds, "{reference}: several keys in one round: {story:#?}");
        let bodies: BTreeSet<&Vec<u8>> = requests.iter().map(|(_, body)| body).collect();
        assert!(bodies.len() <= 1, "{reference}: several bodies: {story:#?}");
        match state.as_str() {
            "rejected" | "failed" | "cancelled" | "expired" | "declared_not_paid" => {
                assert_eq!(*paid, 0, "{reference} is {state} and was paid: {story:#?}");
            }
            "accepted" => assert_eq!(paid + unpaid, 1, "{reference} is {state}: {story:#?}"),
            "completed" => assert_eq!(*paid, 1, "{reference} is {state}: {story:#?}"),
            "draft" | "pending_approval" | "approved" => {
                assert!(requests.is_empty(), "{reference} is {state} and was sent: {story:#?}");
            }
            "unknown" | "exists" | "held" => {}
            other => panic!("{reference} is {other:?}"),
        }
    }
    stories
}

/// Whether this state needs nothing more.
pub fn is_final(state: &str) -> bool {
    matches!(state, "completed" | "rejected" | "failed" | "cancelled" | "expired" | "declared_not_paid")
}

/// Runs `recover` until nothing is open any more, `at_most` times, and gives what is open then.
pub fn recover(desk: &Desk, at_most: u32) -> Vec<(String, String)> {
    let mut open = Vec::new();
    for _ in 0..at_most {
        let run = desk.saldo(&["recover", "--json"]);
        // 5: a look at an accepted payment was answered with 404.
        run.expect_one_of(&[0, 1, 4, 69, 75, 77]);
        open = run
            .json()
            .as_array()
            .unwrap()
            .iter()
            .map(|view| ["external_reference", "state"].map(|name| view[name].as_str().unwrap().to_owned()))
            .filter(|[_, state]| !is_final(state))
            .map(|[reference, state]| (reference, state))
            .collect();
        if open.is_empty() {
            break;
        }
    }
    open
}

/// How many requests with this reference the gateway saw.
pub fn requests_of(ledger: &LedgerView, reference: &str) -> usize {
    let is_it = |body: &[u8]| reference_of(body) == reference;
    ledger.requests_to(Where::CashOut).filter(|request| request.body.as_deref().is_some_and(is_it)).count()
}

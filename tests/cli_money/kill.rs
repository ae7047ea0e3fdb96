//! SIGKILL for the real process at random moments, with faults at the gateway, and the same command again.
//!
//! `SALDO_TEST_KILLS` says how many processes are killed (a release wants thousands), `SALDO_TEST_SEED` which moments:
//! the same seed takes the same ones, as far as the machine's own pace allows.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use saldo::domain::attempt::{Ambiguity, Verdict};
use saldo::sandbox::Where;

use crate::support::payment::Attempt;
use crate::support::{Desk, cash_out, prompt, runtime, with_faults};

/// At the same time: each has a desk of its own, and most of their time is waiting.
const WORKERS: u64 = 8;

fn wanted(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// splitmix64: enough to pick moments with.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

/// Starts the command and kills it after `moment`, unless it was faster. Says whether it was killed.
fn kill_after(desk: &Desk, arguments: &[&str], moment: Duration) -> bool {
    runtime().block_on(async {
        let mut child = desk.command(arguments).spawn().unwrap();
        match tokio::time::timeout(moment, child.wait()).await {
            Ok(_) => false,
            Err(_) => {
                child.kill().await.unwrap();
                true
            }
        }
    })
}

/// How long a command takes here and now, so that the moments fall within its life.
fn life_of(desk: &Desk, arguments: &[&str]) -> u64 {
    let start = Instant::now();
    desk.saldo(arguments).expect(0);
    u64::try_from(start.elapsed().as_micros()).unwrap()
}

/// Gives how many processes died with a request on the wire.
fn pay_under_fire(worker: u64, kills: u64, seed: u64) -> usize {
    let faults = [
        "cash-out:drop-after:0.15",
        "cash-out:500-after:0.1",
        "cash-out:truncate:0.1",
        "cash-out:drop-before:0.1",
        "cash-out:429:0.05",
        "cash-out:expire:0.05",
        // The longer a request is on the wire, the more of the moments fall there.
        "cash-out:slow:0.2",
        "cash-out-get:drop-before:0.1",
        "token:500-before:0.05",
    ];
    let options = saldo::sandbox::Options { seed: seed + worker, ..with_faults(&faults) };
    let desk = Desk::start(options);
    let life = {
        let calm = Desk::start(prompt());
        life_of(&calm, &cash_out("1", "CALM"))
    };
    let mut dice = Dice(seed * 1_000 + worker);
    let mut killed = 0;
    let mut number = 0;
    while killed < kills {
        number += 1;
        let reference = format!("INV-{number}");
        let amount = format!("{},{:02}", 1 + dice.below(500), dice.below(100));
        let arguments = cash_out(&amount, &reference);
        for _ in 0..=dice.below(3) {
            killed +=
                u64::from(kill_after(&desk, &arguments, Duration::from_micros(dice.below(life * 5 / 4))));
        }
        let last = desk.saldo(&arguments);
        assert!(matches!(last.code, Some(0 | 4 | 69 | 75 | 77)), "{last:#?}");
        assert_eq!(last.json()["external_reference"], reference.as_str());
    }
    desk.reconcile();
    desk.recover_until_final(60);
    desk.reconcile();
    // I11: every payment that was asked for is there, once, and none was given up.
    let payments = desk.payments();
    assert_eq!(payments.len() as u64, number);
    let mut paid = BTreeMap::new();
    for cash_out in desk.ledger().cash_outs {
        *paid.entry(cash_out.external_reference).or_insert(0) += 1;
    }
    assert!(payments.iter().all(|payment| payment.state == "completed" && paid[&payment.reference] == 1));
    let crashed =
        |attempt: &&Attempt| matches!(attempt.verdict, Some(Verdict::Ambiguous(Ambiguity::Crashed)));
    payments.iter().flat_map(|payment| &payment.attempts).filter(crashed).count()
}

fn rebalance_under_fire(kills: u64, seed: u64) {
    let desk = Desk::start(with_faults(&["rebalance:drop-after:0.2", "rebalance:500-before:0.1"]));
    let life = {
        let calm = Desk::start(prompt());
        life_of(&calm, &["rebalance", "--target", "1000", "--yes", "--json"])
    };
    let mut dice = Dice(seed);
    let mut killed = 0;
    let mut targets = 0;
    while killed < kills {
        // No target twice: each would move money if it were sent.
        targets += 1;
        let target = format!("{}", 100_000 + targets);
        let arguments = ["rebalance", "--target", &target, "--yes", "--json"];
        killed += u64::from(kill_after(&desk, &arguments, Duration::from_micros(dice.below(life * 5 / 4))));
        settle_doubts(&desk);
    }
    let (rows, sent) = (desk.rebalances().len(), desk.ledger().requests_to(Where::Rebalance).count());
    let effects = desk.ledger().rebalances.len();
    assert!(effects <= sent && sent <= rows, "{rows} journalled, {sent} sent, {effects} took effect");
}

/// A doubt stops the next rebalance until a person has looked; nothing is sent meanwhile.
fn settle_doubts(desk: &Desk) {
    let in_doubt = desk.rebalances().iter().filter(|state| *state == "unknown").count();
    assert!(in_doubt <= 1, "{:?}", desk.rebalances());
    if in_doubt == 0 {
        return;
    }
    let sent = desk.ledger().requests_to(Where::Rebalance).count();
    let refused = desk.saldo(&["rebalance", "--target", "77", "--yes", "--json"]);
    refused.expect_error(4, "rebalance_in_doubt", "unknown");
    // Recover compares and never sends.
    desk.saldo(&["recover", "--json"]).expect(0);
    assert_eq!(desk.ledger().requests_to(Where::Rebalance).count(), sent, "sent while in doubt");
    let id: String = desk
        .journal()
        .query_row("SELECT id FROM rebalances WHERE state = 'unknown'", [], |row| row.get(0))
        .unwrap();
    let now = desk.saldo(&["balance", "--json"]);
    let transactional = now.expect(0).json()["transactional_centavos"].as_i64().unwrap();
    // To where it is already: settles the doubt and moves nothing.
    let target = format!("{},{:02}", transactional / 100, transactional % 100);
    let settled = desk.saldo(&["rebalance", "--target", &target, "--after-doubt", &id, "--yes", "--json"]);
    settled.expect(0);
    assert_eq!(settled.json()["amount_centavos"], 0);
    assert_eq!(desk.ledger().requests_to(Where::Rebalance).count(), sent);
}

#[test]
fn a_killed_command_pays_once_when_it_runs_again() {
    let kills = wanted("SALDO_TEST_KILLS", 40);
    let seed = wanted("SALDO_TEST_SEED", 1);
    let on_the_wire: usize = thread::scope(|scope| {
        scope.spawn(move || rebalance_under_fire(kills.div_ceil(2), seed));
        let workers: Vec<_> = (0..WORKERS)
            .map(|worker| scope.spawn(move || pay_under_fire(worker, kills.div_ceil(WORKERS), seed)))
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    assert!(on_the_wire > 0, "no kill ever hit the moment that counts");
}

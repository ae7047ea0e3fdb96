//! The rules, without a network and without a clock.

use super::*;
use crate::sandbox::random::Random;
use crate::sandbox::transaction::Person;

const OPENING: (i64, i64) = (50_000_000, 120_000_000);

fn start() -> Timestamp {
    "2026-03-10T14:22:18Z".parse().unwrap()
}

fn after(seconds: u64) -> Timestamp {
    start().checked_add(Duration::from_secs(seconds)).unwrap()
}

fn ledger() -> Ledger {
    let rules = Rules { settle_after: Duration::from_secs(2), pay_cash_ins_after: None };
    Ledger::new(1, rules, Centavos::new(OPENING.0), Centavos::new(OPENING.1))
}

fn order(reference: &str, centavos: i64, key: &str) -> CashOutOrder {
    CashOutOrder {
        amount: Centavos::new(centavos),
        external_reference: reference.to_owned(),
        webhook_url: Some("http://127.0.0.1:1/hook".to_owned()),
        payee: Person { name: "Maria Silva".to_owned(), document: "12345678909".to_owned() },
        destination: Destination::Pix { key_type: "EMAIL".to_owned(), key: key.to_owned() },
    }
}

fn charge(reference: &str, centavos: i64) -> CashInOrder {
    CashInOrder {
        amount: Centavos::new(centavos),
        external_reference: reference.to_owned(),
        webhook_url: Some("http://127.0.0.1:1/hook".to_owned()),
        payer: Person { name: "João Souza".to_owned(), document: "12345678909".to_owned() },
        expires_after: Duration::from_secs(60),
        open_finance: false,
    }
}

fn assert_conserved(ledger: &Ledger) {
    let Balances { transactional, proprietary, in_flight, outside } = ledger.balances();
    let total = transactional.get() + proprietary.get() + in_flight.get() + outside.get();
    assert_eq!(total, OPENING.0 + OPENING.1);
    for pocket in [Pocket::Transactional, Pocket::Proprietary] {
        assert!(ledger.pockets().of(pocket).iter().all(|account| account.get() >= 0));
    }
}

fn events(notices: &[Notice]) -> Vec<&'static str> {
    notices.iter().map(|notice| notice.event.as_str()).collect()
}

#[test]
fn a_cash_out_reserves_then_completes() {
    let mut ledger = ledger();
    let accepted = ledger.order_cash_out(order("r1", 10_000, "maria@example.com"), "k", start()).unwrap();
    let code = accepted.internal_code.clone();
    assert_eq!(accepted.status, CashOutStatus::Processing);
    assert_eq!(ledger.balances().transactional.get(), OPENING.0 - 10_000);
    assert_eq!(ledger.balances().in_flight.get(), 10_000);
    assert!(ledger.advance(after(1)).is_empty());
    assert_eq!(events(&ledger.advance(after(3))), ["CASHOUT_COMPLETED"]);
    assert_eq!(ledger.balances().in_flight, Centavos::ZERO);
    let paid = ledger.cash_out(&code).unwrap().clone();
    let end_to_end_id = paid.end_to_end_id.clone().unwrap();
    assert_eq!(end_to_end_id.len(), 32);
    assert_eq!(&end_to_end_id[9..21], "202603101422");
    assert!(paid.bank_data.is_some());
    assert_eq!(ledger.cash_out(&end_to_end_id).unwrap(), &paid);
    assert_eq!(ledger.cash_out(&paid.transaction_id).unwrap(), &paid);
    assert_eq!(ledger.cash_out("r1").unwrap_err().code, "TRANSACTION_NOT_FOUND");
    assert_conserved(&ledger);
}

#[test]
fn the_payee_decides_the_end() {
    for (key, end, told, balance) in [
        ("falha@example.com", "FAILED", vec!["CASHOUT_FAILED"], OPENING.0),
        ("devolve@example.com", "REFUNDED", vec!["CASHOUT_COMPLETED", "CASHOUT_REFUNDED"], OPENING.0),
        ("cancel@example.com", "CANCELLED", vec![], OPENING.0),
        ("stuck@example.com", "PROCESSING", vec![], OPENING.0 - 10_000),
        ("slow@example.com", "PROCESSING", vec![], OPENING.0 - 10_000),
    ] {
        let mut ledger = ledger();
        let code =
            ledger.order_cash_out(order("r", 10_000, key), "k", start()).unwrap().internal_code.clone();
        assert_eq!(events(&ledger.advance(after(10))), told, "{key}");
        let cash_out = ledger.cash_out(&code).unwrap();
        assert_eq!(cash_out.status.as_str(), end, "{key}");
        assert_eq!(ledger.balances().transactional.get(), balance, "{key}");
        if end == "REFUNDED" {
            assert!(cash_out.end_to_end_id.as_ref().unwrap().starts_with('D'));
            assert!(cash_out.original_end_to_end_id.as_ref().unwrap().starts_with('E'));
        }
        if end == "FAILED" {
            assert_eq!(cash_out.failure.unwrap().0, "PIX_KEY_NOT_FOUND");
        }
        if key.starts_with("slow") {
            assert_eq!(events(&ledger.advance(after(31))), ["CASHOUT_COMPLETED"]);
        }
        assert_conserved(&ledger);
    }
}

#[test]
fn refuses_a_known_reference_and_what_is_not_there() {
    let mut ledger = ledger();
    ledger.order_cash_out(order("r1", OPENING.0, "stuck@example.com"), "k", start()).unwrap();
    let mut refused = |reference| {
        ledger.order_cash_out(order(reference, 1, "a@example.com"), "k2", start()).unwrap_err().code
    };
    assert_eq!(refused("r1"), "DUPLICATED_EXTERNAL_REFERENCE");
    assert_eq!(refused("r2"), "INSUFFICIENT_FUNDS");
    assert_eq!(ledger.cash_outs().len(), 1);
    assert_conserved(&ledger);
}

#[test]
fn a_failed_reference_stays_taken() {
    let mut ledger = ledger();
    ledger.order_cash_out(order("r1", 1, "fail@example.com"), "k", start()).unwrap();
    ledger.advance(after(10));
    let again = ledger.order_cash_out(order("r1", 1, "a@example.com"), "k2", after(11));
    assert_eq!(again.unwrap_err().code, "DUPLICATED_EXTERNAL_REFERENCE");
}

#[test]
fn a_rebalance_follows_the_target() {
    let mut ledger = ledger();
    for (target, transactional) in [(60_000_000, 60_000_000), (60_000_000, 60_000_000), (0, 0)] {
        ledger.rebalance(Centavos::new(target), start()).unwrap();
        assert_eq!(ledger.balances().transactional.get(), transactional);
        assert_conserved(&ledger);
    }
    let refused = ledger.rebalance(Centavos::new(OPENING.0 + OPENING.1 + 1), start()).unwrap_err();
    assert_eq!(refused.code, "INSUFFICIENT_FUNDS");
    assert_eq!(ledger.rebalances().len(), 3);
}

#[test]
fn the_life_of_a_cash_in() {
    let mut ledger = ledger();
    let code = ledger.order_cash_in(charge("c1", 5_000), start()).unwrap().internal_code.clone();
    assert_eq!(ledger.refund_cash_in(&code, start()).unwrap_err().code, "CASH_IN_NOT_PAID");
    ledger.pay_cash_in(&code, after(1)).unwrap();
    assert_eq!(ledger.balances().transactional.get(), OPENING.0 + 5_000);
    assert_eq!(ledger.pay_cash_in(&code, after(1)).unwrap_err().code, "CASH_IN_ALREADY_PAID");
    let returned = ledger.refund_cash_in(&code, after(2)).unwrap().clone();
    assert!(returned.end_to_end_id.unwrap().starts_with('D'));
    assert!(returned.original_end_to_end_id.unwrap().starts_with('E'));
    assert_eq!(ledger.refund_cash_in(&code, after(3)).unwrap_err().code, "CASH_IN_ALREADY_REFUNDED");
    assert_eq!(events(&ledger.advance(after(4))), ["CASHIN_PAID", "CASHIN_REFUNDED"]);
    assert_eq!(ledger.balances().transactional.get(), OPENING.0);

    let late = ledger.order_cash_in(charge("c2", 5_000), start()).unwrap().internal_code.clone();
    ledger.advance(after(60));
    assert_eq!(ledger.cash_in(&late).unwrap().status, CashInStatus::Expired);
    assert_eq!(ledger.pay_cash_in(&late, after(61)).unwrap_err().code, "CASH_IN_EXPIRED");
    assert_eq!(ledger.refund_cash_in(&late, after(61)).unwrap_err().code, "CASH_IN_EXPIRED");
    assert_conserved(&ledger);
}

#[test]
fn charges_pay_themselves_where_the_rules_say_so() {
    let rules =
        Rules { settle_after: Duration::from_secs(2), pay_cash_ins_after: Some(Duration::from_secs(3)) };
    let mut ledger = Ledger::new(1, rules, Centavos::new(OPENING.0), Centavos::new(OPENING.1));
    ledger.order_cash_in(charge("c1", 5_000), start()).unwrap();
    assert_eq!(ledger.next_due(), Some(after(3)));
    assert_eq!(events(&ledger.advance(after(3))), ["CASHIN_PAID"]);
}

/// Runs a random story and returns its last state as text.
fn story(seed: u64) -> String {
    let mut random = Random::new(seed, "story");
    let mut ledger = ledger();
    let mut told = Vec::new();
    for step in 0..400 {
        let now = after(step);
        let centavos = i64::try_from(random.between(1, 9_000_000)).unwrap();
        let key = *random.pick(&["a@b.c", "fail@b.c", "refund@b.c", "slow@b.c", "stuck@b.c", "cancel@b.c"]);
        let reference = format!("r{}", random.below(300));
        let known = ledger.cash_ins().last().map(|cash_in| cash_in.internal_code.clone());
        // Refusals are part of the story.
        match (random.below(6), known) {
            (0 | 1, _) => drop(ledger.order_cash_out(order(&reference, centavos, key), "k", now)),
            (2, _) => drop(ledger.order_cash_in(charge(&reference, centavos), now)),
            (3, Some(id)) => drop(ledger.pay_cash_in(&id, now)),
            (4, Some(id)) => drop(ledger.refund_cash_in(&id, now)),
            _ => drop(ledger.rebalance(Centavos::new(centavos * 20), now)),
        }
        assert_conserved(&ledger);
        told.extend(ledger.advance(now));
        assert_conserved(&ledger);
    }
    let processing: i64 = ledger
        .cash_outs()
        .iter()
        .filter(|cash_out| cash_out.status == CashOutStatus::Processing)
        .map(|cash_out| cash_out.amount.get())
        .sum();
    assert_eq!(ledger.balances().in_flight.get(), processing);
    format!("{:?} {:?} {told:?}", ledger.balances(), ledger.cash_outs())
}

#[test]
fn money_is_conserved_and_a_seed_tells_the_same_story() {
    for seed in 0..20 {
        assert_eq!(story(seed), story(seed));
    }
}

#[test]
fn a_reference_fixes_the_ids_whatever_the_order() {
    let codes = |references: [&str; 3]| {
        let mut ledger = ledger();
        for reference in references {
            ledger.order_cash_out(order(reference, 100, "a@example.com"), "k", start()).unwrap();
        }
        ledger.advance(after(10));
        let mut ids: Vec<_> = ledger
            .cash_outs()
            .iter()
            .map(|cash_out| (cash_out.internal_code.clone(), cash_out.end_to_end_id.clone()))
            .collect();
        ids.sort();
        ids
    };
    assert_eq!(codes(["a", "b", "c"]), codes(["c", "a", "b"]));
}

//! The engine of a desk against the sandbox, over real HTTP: what the screen would be told.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use saldo::config::AlertSettings;
use saldo::domain::attempt::Verdict;
use saldo::domain::cash_in;
use saldo::domain::cash_out::State;
use saldo::domain::document::Document;
use saldo::domain::money::Centavos;
use saldo::domain::order::{Destination, Order, Reference};
use saldo::domain::payee::Finding;
use saldo::domain::person::Person;
use saldo::domain::pix_key::PixKey;
use saldo::domain::rebalance::Pockets;
use saldo::domain::refund;
use saldo::domain::text::Safe;
use saldo::domain::transaction;
use saldo::engine::alerts;
use saldo::engine::desk::{Desk, Parts};
use saldo::engine::lane::{Decision, LaneSettings};
use saldo::engine::message::{
    AskedOutcome, ChargeDecision, Command, DecisionOutcome, Favour, Life, News, RebalanceTrouble,
    RefundDecision,
};
use saldo::gateway::{
    CashOutBody, Charging, Credentials, Deadline, DestinationBody, HttpGateway, MoneyRequest, Options,
    PayeeBody, cash_out_body,
};
use saldo::journal::CashIns;
use saldo::journal::lock::Lock;
use saldo::journal::sqlite::SqliteJournal;
use saldo::sandbox::{self, Sandbox};
use saldo::server::webhooks::{bind, listen};
use secrecy::SecretString;
use tokio::sync::mpsc::{Receiver, Sender};
use uuid::Uuid;

/// Nothing here takes longer unless it never comes.
const PATIENCE: Duration = Duration::from_secs(60);

struct Screen {
    desk: Desk,
    news: Receiver<News>,
    commands: Sender<Command>,
}

async fn sandbox(faults: &[&str]) -> Sandbox {
    let options = sandbox::Options {
        faults: faults.iter().map(|fault| fault.parse().unwrap()).collect(),
        settle_after: Duration::from_millis(200),
        ..sandbox::Options::default()
    };
    sandbox::start(options).await.unwrap()
}

fn client_of(sandbox: &Sandbox) -> Arc<dyn Charging> {
    let access = sandbox.access().clone();
    let credentials = Credentials {
        client_id: access.client_id,
        client_secret: access.client_secret.into(),
        application_token: access.application_token.into(),
        crypto_token: access.crypto_token.into(),
    };
    Arc::new(HttpGateway::new(Options::new(access.base_url), credentials).unwrap())
}

async fn open(folder: &Path, sandbox: &Sandbox, listens: bool) -> Screen {
    let access = sandbox.access().clone();
    let path = folder.join("journal.db");
    let lock = Lock::acquire(&path, "test", Duration::from_secs(5)).await.unwrap();
    let journal: Arc<dyn CashIns> = Arc::new(SqliteJournal::open(&path, "sandbox", lock).await.unwrap());
    let crypto_token = SecretString::from(access.crypto_token.clone());
    let gateway = client_of(sandbox);
    let socket = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
    let webhook_url = listens.then(|| format!("http://{}/hook", socket.local_addr().unwrap()));
    let (mut desk, news) = Desk::start(Parts {
        journal: Arc::clone(&journal),
        gateway,
        lane: LaneSettings {
            client_id: access.client_id,
            resend_window: SignedDuration::from_hours(1),
            webhook_url,
            keep_offering: Some(Duration::from_secs(10)),
        },
        poll_every: Duration::from_secs(1),
        zone: TimeZone::UTC,
        operator: person(),
        alerts: alerts::Settings::new(&AlertSettings::default(), None, true, (TimeZone::UTC, "test")),
    })
    .await
    .unwrap();
    if listens {
        desk.listen(listen(socket, "/hook", journal, crypto_token, desk.board()).unwrap());
    }
    let commands = desk.commands();
    Screen { desk, news, commands }
}

impl Screen {
    /// The first news of which `pick` makes something.
    async fn wait<T>(&mut self, what: &str, mut pick: impl FnMut(News) -> Option<T>) -> T {
        let seen = async {
            loop {
                let news = self.news.recv().await.unwrap();
                if let Some(picked) = pick(news) {
                    return picked;
                }
            }
        };
        tokio::time::timeout(PATIENCE, seen).await.unwrap_or_else(|_| panic!("never came: {what}"))
    }

    async fn wait_for_state(&mut self, id: Uuid, state: State) {
        self.wait(state.as_str(), |news| match news {
            News::Feed(window) => window
                .rows
                .iter()
                .any(|row| row.id == id && row.state == transaction::State::Out(state))
                .then_some(()),
            _ => None,
        })
        .await;
    }

    async fn pay(&mut self, key: &str, reference: &str) -> Uuid {
        let id = Uuid::now_v7();
        let decision = Decision::alone(
            id,
            Reference::parse(reference).unwrap(),
            Order {
                amount: Centavos::new(50_025),
                name: "Maria Silva".to_owned(),
                document: Document::parse("52998224725").unwrap(),
                destination: Destination::Pix(PixKey::parse(key, None).unwrap()),
                description: None,
            },
            person(),
        );
        self.commands.send(Command::Pay(Box::new(decision))).await.unwrap();
        let outcome = self
            .wait("the decision", |news| match news {
                News::CashOutDecided { id: decided, outcome } if decided == id => Some(outcome),
                _ => None,
            })
            .await;
        assert!(matches!(outcome, DecisionOutcome::Created), "{outcome:?}");
        id
    }

    /// As when the terminal goes away: nobody listens any more.
    async fn close(self) {
        drop(self.news);
        self.desk.stop().await;
    }
}

#[tokio::test]
async fn a_payment_settles_by_webhook_before_the_screen() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = sandbox(&[]).await;
    let mut screen = open(folder.path(), &sandbox, true).await;
    let id = screen.pay("maria@example.com", "inv-1").await;
    screen.wait_for_state(id, State::Completed).await;
    assert_eq!(sandbox.ledger().cash_outs_of("inv-1").count(), 1);
    screen.close().await;
}

#[tokio::test]
async fn closed_in_the_middle_of_a_payment_and_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = sandbox(&["cash-out:drop-after:1:1"]).await;
    let mut screen = open(folder.path(), &sandbox, false).await;
    let id = screen.pay("maria@example.com", "inv-1").await;
    screen.close().await;
    let mut screen = open(folder.path(), &sandbox, false).await;
    screen.wait_for_state(id, State::Completed).await;
    screen.close().await;
    let ledger = sandbox.ledger();
    assert_eq!(ledger.cash_outs_of("inv-1").count(), 1, "paid once");
}

#[tokio::test]
async fn the_same_decision_twice_is_one_payment() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = sandbox(&[]).await;
    let mut screen = open(folder.path(), &sandbox, true).await;
    let first = screen.pay("maria@example.com", "inv-1").await;
    screen.wait_for_state(first, State::Completed).await;
    let again = Decision::alone(
        Uuid::now_v7(),
        Reference::parse("inv-1").unwrap(),
        Order {
            amount: Centavos::new(1),
            name: "Maria Silva".to_owned(),
            document: Document::parse("52998224725").unwrap(),
            destination: Destination::Pix(PixKey::parse("maria@example.com", None).unwrap()),
            description: None,
        },
        person(),
    );
    screen.commands.send(Command::Pay(Box::new(again))).await.unwrap();
    let taken = screen
        .wait("the refusal", |news| match news {
            News::CashOutDecided { outcome: DecisionOutcome::Taken(intent), .. } => Some(intent.id),
            _ => None,
        })
        .await;
    assert_eq!(taken, first);
    screen.close().await;
    assert_eq!(sandbox.ledger().cash_outs.len(), 1);
}

#[tokio::test]
async fn the_palette_finds_transactions_and_each_payee_once() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = sandbox(&[]).await;
    let mut screen = open(folder.path(), &sandbox, true).await;
    for (key, reference) in
        [("maria@example.com", "inv-1"), ("maria@example.com", "inv-2"), ("joao@example.com", "fee-3")]
    {
        let id = screen.pay(key, reference).await;
        screen.wait_for_state(id, State::Completed).await;
    }
    for (text, references) in [("", &["fee-3", "inv-2", "inv-1"][..]), ("fee-3", &["fee-3"]), ("nobody", &[])]
    {
        screen.commands.send(Command::Seek(Some(text.to_owned()))).await.unwrap();
        let sought = screen
            .wait("what was sought", |news| match news {
                News::Sought(sought) if sought.text == text => Some(sought),
                _ => None,
            })
            .await;
        let found: Vec<&str> =
            sought.rows.iter().filter_map(|row| row.external_reference.as_ref()).map(Safe::as_str).collect();
        assert_eq!(found, references, "{text:?}");
        let keys: Vec<&str> = sought
            .payees
            .iter()
            .filter_map(|payee| match &payee.destination {
                Destination::Pix(key) => Some(key.as_str()),
                Destination::Account(_) => None,
            })
            .collect();
        assert_eq!(keys, ["joao@example.com", "maria@example.com"], "the last first, whatever is sought");
    }
    // A favourite comes first, and is one for whoever looks next.
    let maria = Destination::Pix(PixKey::parse("maria@example.com", None).unwrap());
    for (is_favourite, keys) in [
        (true, ["maria@example.com", "joao@example.com"]),
        (false, ["joao@example.com", "maria@example.com"]),
    ] {
        let favour = Favour { destination: maria.clone(), is_favourite };
        screen.commands.send(Command::Favour(Box::new(favour))).await.unwrap();
        let recorded = screen
            .wait("that it is recorded", |news| match news {
                News::Favoured(outcome) => Some(outcome),
                _ => None,
            })
            .await;
        assert_eq!(recorded, Ok(()));
        screen.commands.send(Command::SeekAnew).await.unwrap();
        let sought = screen
            .wait("the payees anew", |news| match news {
                News::Sought(sought) => Some(sought),
                _ => None,
            })
            .await;
        let found: Vec<String> = sought
            .payees
            .iter()
            .map(|payee| match &payee.destination {
                Destination::Pix(key) => key.as_str().to_owned(),
                Destination::Account(account) => account.account.clone(),
            })
            .collect();
        assert_eq!(found, keys);
        assert_eq!(
            sought.payees.iter().filter(|payee| payee.is_favourite).count(),
            usize::from(is_favourite)
        );
    }
    // Nobody whom this desk has not paid.
    let stranger = Destination::Pix(PixKey::parse("ana@example.com", None).unwrap());
    let favour = Favour { destination: stranger, is_favourite: true };
    screen.commands.send(Command::Favour(Box::new(favour))).await.unwrap();
    screen
        .wait("that it is not recorded", |news| match news {
            News::Favoured(outcome) => Some(outcome.unwrap_err()),
            _ => None,
        })
        .await;
    // Who is paid again, and whose key nearly is a known one; each review asks anew.
    for (at, key, found) in [
        (1, "maria@example.com", &[][..]),
        (2, "marla@example.com", &["payee_looks_like", "payee_known_document", "payee_first"]),
    ] {
        let order = Order {
            amount: Centavos::new(1),
            name: "Maria Silva".to_owned(),
            document: Document::parse("52998224725").unwrap(),
            destination: Destination::Pix(PixKey::parse(key, None).unwrap()),
            description: None,
        };
        let lookup = Command::LookUpPayee(Duration::from_secs(at), Box::new(order.clone()));
        screen.commands.send(lookup).await.unwrap();
        let told = screen
            .wait("what is known of the payee", |news| match news {
                News::Payee(about, told) if *about == order => Some(told),
                _ => None,
            })
            .await;
        let codes: Vec<&str> = told.iter().map(Finding::code).collect();
        assert_eq!(codes, found, "{key}");
    }
    screen.close().await;
}

#[tokio::test]
async fn a_rebalance_each_way_and_none_that_leads_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = sandbox(&[]).await;
    let mut screen = open(folder.path(), &sandbox, false).await;
    for target in [60_000_000, 55_000_000] {
        let target = Centavos::new(target);
        screen.commands.send(Command::ReviewRebalance { target }).await.unwrap();
        let reviewed = screen
            .wait("the review", |news| match news {
                News::RebalanceReviewed { outcome, .. } => Some(outcome.unwrap()),
                _ => None,
            })
            .await;
        let (id, reviewed) = (Uuid::now_v7(), Box::new(reviewed));
        screen.commands.send(Command::Rebalance { id, target, reviewed, reason: None }).await.unwrap();
        let ended = screen
            .wait("the end", |news| match news {
                News::RebalanceEnded(ended) => Some(ended.unwrap()),
                _ => None,
            })
            .await;
        assert_eq!(ended.rebalance.as_expected(), Some(true));
    }
    screen.commands.send(Command::ReviewRebalance { target: Centavos::new(i64::MAX) }).await.unwrap();
    let nowhere = screen
        .wait("the refusal", |news| match news {
            News::RebalanceReviewed { outcome, .. } => Some(outcome.unwrap_err()),
            _ => None,
        })
        .await;
    assert!(matches!(nowhere, RebalanceTrouble::Impossible(_)), "{nowhere:?}");
    screen.close().await;
    assert_eq!(sandbox.ledger().rebalances.len(), 2);
}

/// The platform's backend pays through the same account and tells saldo nothing of it.
#[tokio::test]
async fn what_nobody_told_is_missing_from_the_equation() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = sandbox(&[]).await;
    let mut screen = open(folder.path(), &sandbox, true).await;
    // A balance in whose second nothing moved is the opening.
    let sound = |news| match news {
        News::Conservation(drawn)
            if drawn.now.at.duration_since(drawn.opening.at) > SignedDuration::from_secs(1) =>
        {
            Some(drawn.unseen)
        }
        _ => None,
    };
    let nothing = Pockets { transactional: Centavos::ZERO, proprietary: Centavos::ZERO };
    assert_eq!(screen.wait("a sound wallet", sound).await, nothing);
    let id = screen.pay("maria@example.com", "inv-1").await;
    screen.wait_for_state(id, State::Completed).await;
    let received = |news| match news {
        News::Conservation(drawn) if drawn.now.moved.paid == Centavos::new(50_025) => Some(drawn),
        _ => None,
    };
    let drawn = screen.wait("its own payment", received).await;
    assert_eq!((drawn.unseen.transactional, drawn.gaps), (Centavos::ZERO, Vec::new()));

    let body = cash_out_body(&CashOutBody {
        amount: Centavos::new(12_300),
        external_reference: "theirs-1",
        description: None,
        webhook_url: None,
        payee: PayeeBody {
            name: "João",
            document: "52998224725",
            destination: DestinationBody::Pix { pix_key_type: "EMAIL", pix_key: "joao@example.com" },
        },
    });
    let client = client_of(&sandbox);
    let order = MoneyRequest {
        body,
        idempotency_key: Some(Uuid::new_v4()),
        reference: None,
        deadline: Deadline::after(PATIENCE),
        permit: client.permit().unwrap(),
    };
    let answer = client.send_cash_out(&order).await;
    assert!(matches!(answer.verdict, Verdict::Accepted(_)), "{answer:?}");
    let drawn = screen
        .wait("what is missing", |news| match news {
            News::Conservation(drawn) if drawn.unseen.transactional != Centavos::ZERO => Some(drawn),
            _ => None,
        })
        .await;
    assert_eq!(drawn.unseen.transactional, Centavos::new(-12_300));
    assert_eq!(drawn.gaps.iter().map(|gap| gap.amount.get()).sum::<i64>(), -12_300);
    screen.close().await;
}

#[tokio::test]
async fn a_failed_poll_is_told_and_the_next_one_comes() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = sandbox(&["balance:html:1:2"]).await;
    let mut screen = open(folder.path(), &sandbox, false).await;
    let reason = screen
        .wait("a failure", |news| match news {
            News::BalanceFailed { reason, .. } => Some(reason),
            _ => None,
        })
        .await;
    assert!(reason.as_str().contains("502"), "{reason}");
    screen
        .wait("a balance", |news| match news {
            News::Balance(reading) => Some(reading),
            _ => None,
        })
        .await;
    screen.close().await;
}

fn person() -> Person {
    Person { uid: 1000, name: Some("ana".to_owned()) }
}

impl Screen {
    async fn wait_for_cash_in(&mut self, id: Uuid, state: transaction::CashIn) {
        self.wait(state.as_str(), |news| match news {
            News::Feed(window) => window
                .rows
                .iter()
                .any(|row| row.id == id && row.state == transaction::State::In(state))
                .then_some(()),
            _ => None,
        })
        .await;
    }

    async fn charge(&mut self, reference: &str) -> Uuid {
        let id = Uuid::now_v7();
        let decision = ChargeDecision {
            id,
            reference: Reference::parse(reference).unwrap(),
            order: cash_in::Order {
                amount: Centavos::new(5_025),
                name: "João Pereira".to_owned(),
                document: Document::parse("52998224725").unwrap(),
                minutes: 30,
                open_finance: None,
            },
            maker: person(),
        };
        self.commands.send(Command::Charge(Box::new(decision))).await.unwrap();
        let outcome = self
            .wait("the charge", |news| match news {
                News::ChargeDecided { id: decided, outcome } if decided == id => Some(outcome),
                _ => None,
            })
            .await;
        assert_eq!(outcome, AskedOutcome::Created(id));
        id
    }

    async fn refund(&mut self, cash_in: Uuid) -> AskedOutcome {
        let id = Uuid::now_v7();
        let (reason, description, maker) = (refund::Reason::CustomerRequest, None, person());
        let decision = RefundDecision { id, cash_in, reason, description, maker };
        self.commands.send(Command::Refund(Box::new(decision))).await.unwrap();
        self.wait("the refund", |news| match news {
            News::RefundDecided { id: decided, outcome } if decided == id => Some(outcome),
            _ => None,
        })
        .await
    }

    /// The life of a row, once `is_so` of it.
    async fn wait_for_life(&mut self, id: Uuid, what: &str, is_so: impl Fn(&Life) -> bool) -> Box<Life> {
        self.commands.send(Command::ShowLife(Some(id))).await.unwrap();
        self.wait(what, |news| match news {
            News::Life(Some(life)) if life.transaction.id == id && is_so(&life) => Some(life),
            _ => None,
        })
        .await
    }
}

async fn payer(sandbox: &Sandbox, reference: &str, does: &str) {
    let ledger = sandbox.ledger();
    let cash_in = ledger.cash_ins.iter().find(|one| one.external_reference == reference).unwrap();
    let url = format!("{}/sandbox/cash-in/{}/{does}", sandbox.access().base_url, cash_in.internal_code);
    let http = reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap();
    assert!(http.post(url).send().await.unwrap().status().is_success());
}

#[tokio::test]
async fn a_charge_is_followed_by_webhooks_and_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = sandbox(&["refund:drop-after::1"]).await;
    let mut screen = open(folder.path(), &sandbox, true).await;
    let id = screen.charge("C-1").await;
    let life = screen
        .wait_for_life(id, "a code", |life| {
            life.incoming.charge.as_ref().is_some_and(|charge| charge.stored.asked.pay_by.is_some())
        })
        .await;
    assert_eq!(life.transaction.state, transaction::State::In(transaction::CashIn::AwaitingPayment));
    // Nobody has paid yet, so nothing can go back.
    let outcome = screen.refund(id).await;
    assert!(
        matches!(&outcome, AskedOutcome::NotMade(why) if why.contains("awaiting_payment")),
        "{outcome:?}"
    );
    payer(&sandbox, "C-1", "pay").await;
    screen.wait_for_cash_in(id, transaction::CashIn::Paid).await;
    // The refund is cut after it took effect; a look, or its webhook, settles it.
    assert_eq!(screen.refund(id).await, AskedOutcome::Created(id));
    screen.wait_for_cash_in(id, transaction::CashIn::Refunded).await;
    let life = screen
        .wait_for_life(id, "a settled refund", |life| {
            let refund = life.incoming.refund.as_ref();
            refund.is_some_and(|refund| {
                refund.stored.asked.state == refund::State::Completed
                    && !refund.stored.asked.requests.on_the_wire
            })
        })
        .await;
    assert!(life.deliveries.len() >= 2, "CASHIN_PAID and CASHIN_REFUNDED: {}", life.deliveries.len());
    assert_eq!(screen.refund(id).await, AskedOutcome::Existing(id));
    let ledger = sandbox.ledger();
    assert_eq!(ledger.requests_to(sandbox::Where::Refund).count(), 1);
    assert_eq!(ledger.cash_ins[0].status, sandbox::CashInStatus::Refunded);
    screen.close().await;
}

#[tokio::test]
async fn a_charge_in_doubt_is_made_once_by_the_tracker() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = sandbox(&["cash-in:drop-after::2"]).await;
    let mut screen = open(folder.path(), &sandbox, false).await;
    let id = screen.charge("C-1").await;
    screen.wait_for_cash_in(id, transaction::CashIn::Unknown).await;
    screen.wait_for_cash_in(id, transaction::CashIn::AwaitingPayment).await;
    assert_eq!(sandbox.ledger().cash_ins.len(), 1);
    assert_eq!(sandbox.ledger().requests_to(sandbox::Where::CashIn).count(), 3);
    // Without webhooks a look finds out that it has expired.
    payer(&sandbox, "C-1", "expire").await;
    screen.commands.send(Command::TakeUp(id)).await.unwrap();
    screen.wait_for_cash_in(id, transaction::CashIn::Expired).await;
    screen.close().await;
}

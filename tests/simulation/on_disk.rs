//! Short stories on the real journal. Each holds a rule that the simulation also checks, where the journal in memory could
//! differ from the one on the disk.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use saldo::domain::attempt::{GatewayIds, Problem, Verdict};
use saldo::domain::cash_out::{Event, State};
use saldo::domain::moment::Moment;
use saldo::domain::report::{Direction, Report, Source, Status};
use saldo::domain::text::Safe;
use saldo::engine::lane::{Decision, Lane, LaneSettings};
use saldo::gateway::Gateway;
use saldo::journal::sqlite::SqliteJournal;
use saldo::journal::{Intent, Journal, Observation, Proposed, Reader};
use uuid::Uuid;

use crate::builders::{self, decision, moment, open};
use crate::sim::doors::Sim;
use crate::sim::plant::Plant;
use crate::sim::story::Story;
use crate::sim::world::World;

struct Bench {
    journal: Arc<SqliteJournal>,
    lane: Arc<Lane>,
}

/// A real journal, and a gateway and clock that nobody asks.
async fn bench(folder: &Path) -> Bench {
    let journal = Arc::new(open(&folder.join("journal.db")).await);
    let sim = Arc::new(Sim::new(World::new(&Story::draw(1), Plant::None)));
    let settings = LaneSettings {
        client_id: "48213".to_owned(),
        resend_window: SignedDuration::from_hours(1),
        webhook_url: None,
        keep_offering: Some(Duration::from_secs(10)),
    };
    let lane = Lane::new(
        Arc::clone(&journal) as Arc<dyn Journal>,
        Arc::clone(&sim) as Arc<dyn Gateway>,
        sim,
        settings,
        None,
    );
    Bench { journal, lane }
}

fn report(status: Status, code: &str, reference: &str) -> Report {
    Report { name: None, ..builders::report(Direction::Out, status, code, reference) }
}

impl Bench {
    async fn decide(&self, again: bool) -> Intent {
        match self.lane.decide(Decision { again, ..decision("inv-1") }).await.unwrap() {
            Proposed::Created(intent) => intent,
            other => panic!("not created: {other:?}"),
        }
    }

    async fn apply(&self, id: Uuid, event: Event) -> Intent {
        self.journal.apply(id, event.into()).await.unwrap().intent
    }

    async fn start(&self, intent: &Intent) {
        let fingerprints = intent.fingerprints();
        self.apply(intent.id, Event::AttemptStarted { at: moment(0), key: Uuid::nil(), fingerprints }).await;
    }

    async fn accept(&self, id: Uuid, code: &str) {
        let ids = GatewayIds { internal_code: Some(Safe::new(code)), transaction_id: None };
        self.apply(id, Event::AttemptEnded { at: moment(0), verdict: Verdict::Accepted(ids) }).await;
    }

    async fn hear(&self, source: Source, at: Moment, report: Report) -> Option<Intent> {
        let observation = Observation { report, source, happened_at: None, at, new_id: Uuid::now_v7() };
        self.journal.observe(observation).await.unwrap().applied.map(|applied| applied.intent)
    }

    /// Paid, failed, and failed for good.
    async fn fail(&self, intent: &Intent, code: &str) {
        self.start(intent).await;
        self.accept(intent.id, code).await;
        let reference = intent.reference.as_str();
        for seconds in [1, 62] {
            self.hear(Source::Get, moment(seconds), report(Status::Failed, code, reference)).await;
        }
        let state = self.journal.intent(intent.id).await.unwrap().unwrap().cash_out.state;
        assert_eq!(state, State::Failed);
    }
}

#[tokio::test]
async fn an_attempt_that_a_webhook_overtook_is_taken_up_after_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    let intent = bench.decide(false).await;
    bench.start(&intent).await;
    bench.hear(Source::Webhook, moment(0), report(Status::Completed, "c0", "inv-1")).await;
    bench.lane.take_up_the_lost().await.unwrap();
    let pay = bench.journal.intent(intent.id).await.unwrap().unwrap().cash_out;
    assert!(!pay.on_the_wire, "and so it is never looked at again: {:?}", pay.plan());
}

#[tokio::test]
async fn a_webhook_with_our_reference_reaches_its_payment_though_a_stranger_has_its_code() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    // The journal was lost; a webhook of the payment comes before it is entered again.
    bench.hear(Source::Webhook, moment(0), report(Status::Processing, "c0", "inv-1")).await;
    let intent = bench.decide(false).await;
    bench.start(&intent).await;
    let problem = Problem { status: 409, code: None, title: None, detail: None };
    bench.apply(intent.id, Event::AttemptEnded { at: moment(0), verdict: Verdict::Exists(problem) }).await;
    let told = bench.hear(Source::Webhook, moment(9), report(Status::Completed, "c0", "inv-1")).await;
    assert_eq!(told.map(|intent| intent.cash_out.state), Some(State::Completed));
}

#[tokio::test]
async fn a_debt_that_an_earlier_payment_paid_after_all_is_not_decided_again() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    let first = bench.decide(false).await;
    bench.fail(&first, "c0").await;
    let second = bench.decide(true).await;
    bench.fail(&second, "c1").await;
    bench.hear(Source::Webhook, moment(90), report(Status::Completed, "c0", "inv-1")).await;
    let told = bench.lane.decide(Decision { again: true, ..decision("inv-1") }).await.unwrap();
    let Proposed::Existing(paid) = told else { panic!("decided for a debt that is paid: {told:?}") };
    assert_eq!(paid.id, first.id);
}

#[tokio::test]
async fn nothing_is_sent_once_the_gateway_contradicts_the_failure_of_an_earlier_payment() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    let first = bench.decide(false).await;
    bench.fail(&first, "c0").await;
    let second = bench.decide(true).await;
    let paid =
        Report { document: Some(Safe::new("11144477735")), ..report(Status::Completed, "c0", "inv-1") };
    let told = bench.hear(Source::Webhook, moment(90), paid).await.unwrap();
    assert!(told.cash_out.conflict, "it is known that something is wrong");
    let fingerprints = second.fingerprints();
    let started = Event::AttemptStarted { at: moment(91), key: Uuid::nil(), fingerprints };
    assert!(bench.journal.apply(second.id, started.into()).await.is_err(), "and the debt is paid once more");
}

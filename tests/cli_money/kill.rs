//! SIGKILL for the real process at random moments, with faults at the gateway, and then the journal against the ledger.
//!
//! `SALDO_TEST_KILLS` says how many processes are killed (a release wants thousands), `SALDO_TEST_SEED` which moments:
//! the same seed takes the same ones, as far as the machine's own pace allows. `SALDO_TEST_WORKERS` says how many do so
//! at a time.
//!
//! What takes the time: starting processes. A kill costs about three of them (the one that dies, `recover` until nothing
//! is open, the command again that must send nothing), each some 40 ms of a core in a debug build. Waiting costs little:
//! `recover` sends without the usual back-off, the sandbox settles after 20 ms, and only the answers that are 3 s late
//! keep a worker, while the others go on. So a few workers a core are enough.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::AddAssign;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use saldo::sandbox::{Options, Where};
use serde_json::Value;

use crate::real_support::audit::{Story, audit, is_final, recover, requests_of, stories};
use crate::real_support::{Dice, cockpit, kill_after, kill_when, pass, say, wanted};
use crate::support::{Desk, cash_out, end_of, prompt, runtime, until, with_faults};
use crate::terminal::PATIENCE;

/// How far a payment had come when its process was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// Nothing is in the journal.
    Undecided,
    /// It is decided, and no attempt was begun.
    Decided,
    /// The attempt is journalled; the gateway has not seen it.
    Journalled,
    /// The gateway has seen the request; the journal knows no answer.
    OnTheWire,
    /// The journal has the answer.
    Answered,
}

impl Phase {
    fn of(story: &Story) -> Self {
        if story.attempts.is_empty() {
            Self::Decided
        } else if story.ended == story.attempts.len() {
            Self::Answered
        } else if story.requests.len() < story.attempts.len() {
            // Of several attempts an earlier one may have come to nothing, so this is the lesser claim.
            Self::Journalled
        } else {
            Self::OnTheWire
        }
    }
}

/// What was done, for the figures.
#[derive(Debug, Default)]
struct Tally {
    kills: BTreeMap<&'static str, u64>,
    phases: BTreeMap<Phase, u64>,
    payments: usize,
    requests: usize,
    /// How often each fault fired.
    fired: BTreeMap<String, u32>,
    /// Payments that a gateway which remembers badly has left without an end, by state.
    open: BTreeMap<String, u64>,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        other.kills.into_iter().for_each(|(what, count)| *self.kills.entry(what).or_default() += count);
        other.phases.into_iter().for_each(|(phase, count)| *self.phases.entry(phase).or_default() += count);
        other.fired.into_iter().for_each(|(fault, count)| *self.fired.entry(fault).or_default() += count);
        other.open.into_iter().for_each(|(state, count)| *self.open.entry(state).or_default() += count);
        self.payments += other.payments;
        self.requests += other.requests;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kills: u64 = self.kills.values().sum();
        write!(out, "{kills} kills {:?}; their cash-outs were {:?}; ", self.kills, self.phases)?;
        write!(out, "{} payments, {} requests, 0 paid twice; ", self.payments, self.requests)?;
        write!(out, "left open by a gateway that remembers badly: {:?}; ", self.open)?;
        write!(out, "faults that fired: {:?}", self.fired)
    }
}

/// What goes wrong at a gateway that is otherwise well: every payment must come to its end.
const ROUGH: [&str; 12] = [
    "cash-out:drop-after:0.15",
    "cash-out:500-after:0.1",
    "cash-out:truncate:0.1",
    "cash-out:drop-before:0.1",
    "cash-out:429:0.05",
    "cash-out:expire:0.05",
    "cash-out:garble:0.05",
    "cash-out:wrong-reference:0.05",
    // The longer a request is on the wire, the more of the moments fall there.
    "cash-out:slow:0.2",
    "cash-out-get:drop-before:0.1",
    "cash-out-get:404:0.1",
    "token:500-before:0.05",
];

/// What goes wrong at one that remembers badly and tells what is not so: some payments wait for a person.
const FORGETFUL: [&str; 8] = [
    "cash-out:drop-after:0.2",
    "cash-out:forget-key:0.4",
    "cash-out:cache-500:0.1",
    "cash-out:cache-refusal:0.3",
    "cash-out:500-after:0.2",
    "cash-out-get:failed:0.2",
    "cash-out-get:404:0.2",
    "cash-out-get:mask:0.5",
];

/// A desk of a worker: its own journal, its own gateway, and what commands have promised.
struct Worker {
    desk: Desk,
    dice: Dice,
    /// How long a command takes here and now, so that the moments fall within its life.
    life: Duration,
    kills: u64,
    tally: Tally,
    /// Payments that a command said were taken.
    promised: Vec<String>,
    number: u64,
}

impl Worker {
    fn new(faults: &[&str], (seed, place): (u64, u64), kills: u64) -> Self {
        let desk = Desk::start(Options { seed: seed + place, ..with_faults(faults) });
        let start = Instant::now();
        Desk::start(prompt()).pay("1", "CALM").expect(0);
        let life = start.elapsed();
        let dice = Dice::new(seed, place);
        Self { desk, dice, life, kills, tally: Tally::default(), promised: Vec::new(), number: 0 }
    }

    fn killed(&self) -> u64 {
        self.tally.kills.values().sum()
    }

    fn another_reference(&mut self) -> String {
        self.number += 1;
        format!("INV-{}", self.number)
    }

    /// Lets the command run for a random part of its life, and says whether that killed it.
    fn strike(&mut self, what: &'static str, arguments: &[&str]) -> bool {
        // Its first third is the start of a process: a few moments fall there, most behind it.
        let start = if self.dice.happens(1, 5) { Duration::ZERO } else { self.life / 3 };
        let moment = start + self.dice.moment(self.life * 5 / 4);
        let (killed, output) = kill_after(&self.desk, arguments, moment);
        let said = String::from_utf8(output.stdout).unwrap();
        if killed {
            *self.tally.kills.entry(what).or_default() += 1;
        }
        // A line that was not finished is no promise.
        for view in said.split_inclusive('\n').filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            let views = view.as_array().cloned().unwrap_or_else(|| vec![view.clone()]);
            let taken = |view: &&Value| matches!(view["state"].as_str(), Some("accepted" | "completed"));
            let references =
                views.iter().filter(taken).filter_map(|view| view["external_reference"].as_str());
            self.promised.extend(references.map(str::to_owned));
        }
        if output.status.code() == Some(0) && arguments[0] == "cash-out" {
            let at = arguments.iter().position(|argument| *argument == "--reference").unwrap() + 1;
            self.promised.push(arguments[at].to_owned());
        }
        killed
    }

    /// Every promise is kept, and both sides agree. Where a process was killed, says how far it had come.
    fn check(&mut self, killed: bool, reference: Option<&str>) {
        let stories = audit(&self.desk);
        for reference in &self.promised {
            let story =
                stories.get(reference).unwrap_or_else(|| panic!("{reference} was promised and is not there"));
            assert_eq!(story.paid + story.unpaid, 1, "{reference} was promised: {story:#?}");
        }
        self.tally.payments = stories.len();
        let fired = self.desk.ledger().faults_fired.into_iter();
        self.tally.fired =
            fired.map(|(spec, times)| (format!("{}:{}", spec.place, spec.what), times)).collect();
        self.tally.requests = stories.values().map(|story| story.requests.len()).sum();
        if !killed {
            return;
        }
        let phase = match reference {
            Some(reference) => stories.get(reference).map_or(Phase::Undecided, Phase::of),
            // Of several, the one that was furthest from an end.
            None => stories
                .values()
                .map(Phase::of)
                .min_by_key(|phase| match phase {
                    Phase::OnTheWire => 0,
                    Phase::Journalled => 1,
                    _ => 2,
                })
                .unwrap_or(Phase::Undecided),
        };
        *self.tally.phases.entry(phase).or_default() += 1;
    }

    /// Nothing is open any more, and every payment was made.
    fn all_is_paid(&mut self) {
        assert_eq!(recover(&self.desk, 60), [], "still open: {:#?}", audit(&self.desk));
        self.check(false, None);
        for (reference, story) in audit(&self.desk) {
            assert_eq!((story.state.as_str(), story.paid), ("completed", 1), "{reference}: {story:#?}");
        }
    }
}

/// `cash-out`, killed up to three times, and run again.
fn pay_under_fire(seed: (u64, u64), kills: u64) -> Tally {
    let mut worker = Worker::new(&ROUGH, seed, kills);
    while worker.killed() < worker.kills {
        let reference = worker.another_reference();
        let amount = format!("{},{:02}", 1 + worker.dice.below(90), worker.dice.below(100));
        let arguments = cash_out(&amount, &reference);
        for _ in 0..=worker.dice.below(3) {
            let killed = worker.strike("cash-out", &arguments);
            worker.check(killed, Some(&reference));
        }
        recover(&worker.desk, 1);
    }
    worker.all_is_paid();
    // Each command again tells what became of it, and sends nothing; those that were killed before they decided pay now.
    for number in 1..=worker.number.min(3) {
        let reference = format!("INV-{number}");
        if let Some(story) = stories(&worker.desk).get(&reference) {
            let amount = body_amount(&story.requests[0].1);
            let run = worker.desk.pay(&amount, &reference);
            assert!(matches!(run.code, Some(0 | 4)), "{run:#?}");
            assert_eq!(requests_of(&worker.desk.ledger(), &reference), story.requests.len(), "{run:#?}");
        }
    }
    worker.tally
}

/// The amount of a request, as a person types it.
fn body_amount(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap();
    body["amount"].to_string().replace('.', ",")
}

/// The same at a gateway that forgets keys, remembers refusals and tells what is not so. What it leaves in doubt waits
/// for a person; what matters is that nothing is paid twice and nothing is called refused that was paid.
fn pay_a_forgetful_gateway(seed: (u64, u64), kills: u64) -> Tally {
    let mut worker = Worker::new(&FORGETFUL, seed, kills);
    while worker.killed() < worker.kills {
        let reference = worker.another_reference();
        // One in four asks for more than there is: refused, which some keys remember.
        let amount = if worker.dice.happens(1, 4) { "600000".to_owned() } else { "7,50".to_owned() };
        let arguments = cash_out(&amount, &reference);
        for _ in 0..=worker.dice.below(2) {
            let killed = worker.strike("cash-out, forgetful gateway", &arguments);
            worker.check(killed, Some(&reference));
        }
        recover(&worker.desk, 1);
    }
    recover(&worker.desk, 5);
    worker.check(false, None);
    for (reference, story) in audit(&worker.desk) {
        if is_final(&story.state) {
            assert_eq!(story.state == "completed", story.paid == 1, "{reference}: {story:#?}");
        } else {
            *worker.tally.open.entry(story.state).or_default() += 1;
        }
    }
    worker.tally
}

/// Some payments are in doubt, and `recover` is killed while it works on them.
fn recover_under_fire(seed: (u64, u64), kills: u64) -> Tally {
    let mut worker = Worker::new(&ROUGH, seed, kills);
    while worker.killed() < worker.kills {
        doubts(&mut worker, 3);
        for _ in 0..4 {
            let killed = worker.strike("recover", &["recover", "--json"]);
            worker.check(killed, None);
        }
    }
    worker.all_is_paid();
    worker.tally
}

/// Payments whose process ended when the gateway had their request.
fn doubts(worker: &mut Worker, count: u64) {
    for _ in 0..count {
        let reference = worker.another_reference();
        let arguments = cash_out("3,21", &reference);
        let desk = &worker.desk;
        kill_when(desk, &arguments, || requests_of(&desk.ledger(), &reference) > 0);
    }
}

/// The cockpit takes the doubts up by itself, and is killed at any moment from its first breath on.
fn cockpit_under_fire(seed: (u64, u64), kills: u64) -> Tally {
    // Its webhooks hide and lie as well.
    let faults = [&ROUGH[..], &["webhook:failed:0.3", "webhook:mask:0.5"]].concat();
    let mut worker = Worker::new(&faults, seed, kills);
    let port = free_port();
    let webhooks = format!(
        "webhook_url = \"http://127.0.0.1:{port}/hook\"\n[profiles.test.webhook]\nlisten = \"127.0.0.1:{port}\""
    );
    worker.desk.configure(&worker.desk.access.base_url, &worker.desk.access.client_id, &webhooks);
    while worker.killed() < worker.kills {
        doubts(&mut worker, 2);
        for _ in 0..3 {
            let moment = worker.dice.moment(worker.life * 3);
            let screen = cockpit(&worker.desk);
            pass(moment);
            screen.signal(Signal::KILL);
            screen.exit(PATIENCE);
            *worker.tally.kills.entry("cockpit").or_default() += 1;
            worker.check(true, None);
        }
    }
    worker.all_is_paid();
    worker.tally
}

/// `serve` pays on behalf of commands, and is killed at any moment from its first breath on; the command is run again with
/// the next one, or with none.
fn serve_under_fire(seed: (u64, u64), kills: u64) -> Tally {
    let mut worker = Worker::new(&ROUGH, seed, kills);
    while worker.killed() < worker.kills {
        let reference = worker.another_reference();
        let arguments = cash_out("4,56", &reference);
        for _ in 0..=worker.dice.below(3) {
            let desk = &worker.desk;
            let mut owner = runtime().block_on(async { desk.command(&["serve"]).spawn().unwrap() });
            // One in four asks before it can answer; the others find it there, or it is gone already.
            if !worker.dice.happens(1, 4) {
                let socket = desk.folder().join("state/journal.db.sock");
                until(|| UnixStream::connect(&socket).is_ok());
            }
            let command = runtime().block_on(async { desk.command(&arguments).spawn().unwrap() });
            pass(worker.dice.moment(worker.life * 3));
            runtime().block_on(async { owner.kill().await.unwrap() });
            let run = runtime().block_on(end_of("cash-out".to_owned(), command));
            run.expect_one_of(&[0, 4, 69, 75]);
            if run.code == Some(0) {
                worker.promised.push(reference.clone());
            }
            *worker.tally.kills.entry("serve").or_default() += 1;
            worker.check(true, Some(&reference));
        }
        recover(&worker.desk, 1);
    }
    worker.all_is_paid();
    worker.tally
}

/// A port that nobody had a moment ago. Where somebody takes it meanwhile, the cockpit works without webhooks.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn rebalance_under_fire((seed, place): (u64, u64), kills: u64) -> Tally {
    let faults = ["rebalance:drop-after:0.2", "rebalance:500-before:0.1", "rebalance:garble:0.1"];
    let mut worker = Worker::new(&faults, (seed, place), kills);
    let mut targets = 0;
    while worker.killed() < worker.kills {
        // No target twice: each would move money if it were sent.
        targets += 1;
        let target = format!("{}", 100_000 + targets);
        worker.strike("rebalance", &["rebalance", "--target", &target, "--yes", "--json"]);
        settle_doubts(&worker.desk);
    }
    let desk = &worker.desk;
    no_target_is_sent_twice(desk);
    let (rows, sent) = (desk.rebalances().len(), desk.ledger().requests_to(Where::Rebalance).count());
    let effects = desk.ledger().rebalances.len();
    assert!(effects <= sent && sent <= rows, "{rows} journalled, {sent} sent, {effects} took effect");
    worker.tally
}

/// A doubt stops the next rebalance until a person has looked; nothing is sent meanwhile.
///
/// That is seen by the targets, not by the number of requests: the one of the process that was killed may be on its way
/// through the machine still, and arrive while others are refused.
fn settle_doubts(desk: &Desk) {
    let in_doubt = desk.rebalances().iter().filter(|state| *state == "unknown").count();
    assert!(in_doubt <= 1, "{:?}", desk.rebalances());
    if in_doubt == 0 {
        return;
    }
    let rows = desk.rebalances().len();
    let refused = desk.saldo(&["rebalance", "--target", "77", "--yes", "--json"]);
    refused.expect_error(4, "rebalance_in_doubt", "unknown");
    // Recover compares and never sends.
    desk.saldo(&["recover", "--json"]).expect(0);
    let id: String = desk
        .journal()
        .query_row("SELECT id FROM rebalances WHERE state = 'unknown'", [], |row| row.get(0))
        .unwrap();
    // To where it is already: settles the doubt and moves nothing. It may have moved between the look and the command.
    for _ in 0..5 {
        let now = desk.saldo(&["balance", "--json"]);
        let transactional = now.expect(0).json()["transactional_centavos"].as_i64().unwrap();
        let target = format!("{},{:02}", transactional / 100, transactional % 100);
        let still = desk.saldo(&["balance", "--json"]);
        if still.expect(0).json()["transactional_centavos"] == transactional {
            let settled =
                desk.saldo(&["rebalance", "--target", &target, "--after-doubt", &id, "--yes", "--json"]);
            assert_eq!(settled.expect(0).json()["amount_centavos"], 0);
            break;
        }
    }
    assert!(!desk.rebalances().iter().any(|state| state == "unknown"), "{:?}", desk.rebalances());
    assert_eq!(desk.rebalances().len(), rows, "journalled while in doubt");
    no_target_is_sent_twice(desk);
}

/// Each target is given to one command only, and a rebalance has no key: so none may reach the gateway twice.
fn no_target_is_sent_twice(desk: &Desk) {
    let mut sent: BTreeMap<String, u64> = BTreeMap::new();
    for request in desk.ledger().requests_to(Where::Rebalance) {
        let Some(body) = &request.body else { continue };
        let body: Value = serde_json::from_slice(body).unwrap();
        *sent.entry(body["targetAmount"].to_string()).or_default() += 1;
    }
    assert!(sent.values().all(|times| *times == 1), "{sent:?}");
    assert!(
        !sent.keys().any(|target| target == "77" || target.starts_with("77.")),
        "sent while in doubt: {sent:?}"
    );
}

type Fire = fn((u64, u64), u64) -> Tally;

/// Each kind of story with its share of the kills, in twentieths.
const KINDS: [(Fire, u64); 6] = [
    (pay_under_fire, 7),
    (pay_a_forgetful_gateway, 4),
    (recover_under_fire, 3),
    (cockpit_under_fire, 2),
    (serve_under_fire, 2),
    (rebalance_under_fire, 2),
];

#[test]
fn a_killed_process_never_pays_twice() {
    let kills = wanted("SALDO_TEST_KILLS", 200);
    let seed = wanted("SALDO_TEST_SEED", 1);
    let cores = u64::try_from(thread::available_parallelism().map_or(2, usize::from)).unwrap();
    let workers = wanted("SALDO_TEST_WORKERS", 4 * cores).max(1);
    let began = Instant::now();
    // Small portions, so that a long run keeps journals short and every worker busy to the end.
    let mut portions: Vec<(Fire, u64)> = Vec::new();
    for (story, share) in KINDS {
        let mut left = (kills * share).div_ceil(20);
        while left > 0 {
            let portion = left.min(if kills > 400 { 40 } else { 10 });
            portions.push((story, portion));
            left -= portion;
        }
    }
    let next = AtomicUsize::new(0);
    let mut tally = Tally::default();
    thread::scope(|scope| {
        let running: Vec<_> = (0..workers)
            .map(|_| {
                scope.spawn(|| {
                    let mut tally = Tally::default();
                    loop {
                        let place = next.fetch_add(1, Ordering::Relaxed);
                        let Some((story, portion)) = portions.get(place) else { return tally };
                        tally += story((seed, u64::try_from(place).unwrap()), *portion);
                    }
                })
            })
            .collect();
        running.into_iter().for_each(|worker| tally += worker.join().unwrap());
    });
    say(&format!("seed {seed}: {tally}; {} s with {workers} workers", began.elapsed().as_secs()));
    let on_the_wire = tally.phases.get(&Phase::OnTheWire).copied().unwrap_or_default();
    // With enough of them each of the faults has to have had its say.
    let silent: Vec<_> = tally.fired.iter().filter(|(_, times)| **times == 0).collect();
    assert!(kills < 1_000 || silent.is_empty(), "never fired: {silent:?}");
    assert!(kills < 50 || on_the_wire > 0, "no kill ever hit the moment that counts");
}

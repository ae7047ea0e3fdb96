//! The terminal goes away in the middle of a payment: at each of twenty phases, and at random ones for a release.
//!
//! `SALDO_TEST_HANG_UPS` says how many (the first twenty are the fixed phases), `SALDO_TEST_SEED` which moments. What
//! takes the time is one gateway that never answers: the process waits out its request, 30 s. The others do so beside it.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod real_support;
mod support;
mod terminal;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use real_support::audit::{audit, requests_of};
use real_support::{Dice, close, cockpit_on, fields, pass, review_payment, say, wanted};
use rustix::process::Signal;
use saldo::sandbox::Options;
use support::{Desk, until, with_faults};
use terminal::{PATIENCE, Terminal};

/// The time-out of an order's request, and a little for the rest of the process.
const REQUEST: Duration = Duration::from_secs(30 + 5);

/// How far the payment is when the terminal goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// The panes are on the screen.
    Home,
    /// The form is open.
    Form,
    /// So many fields are filled in.
    Field(usize),
    /// The review is on the screen.
    Review,
    /// The confirming key was pressed so many milliseconds ago.
    Confirmed(u64),
    /// The gateway has the request, and takes its time.
    AtGateway,
    /// The gateway has the request, has paid, and never answers.
    Hanging,
    /// The first request came to nothing that can be known.
    InDoubt,
    /// The gateway has accepted it.
    Accepted,
}

impl Phase {
    /// Twenty, from the first screen to the end.
    fn all() -> Vec<Self> {
        let mut phases = vec![Self::Hanging, Self::AtGateway, Self::InDoubt, Self::Home, Self::Form];
        phases.extend([1, 3, 4, 5, 6].map(Self::Field));
        phases.push(Self::Review);
        phases.extend([0, 1, 2, 5, 10, 20, 50, 100].map(Self::Confirmed));
        phases.push(Self::Accepted);
        phases
    }

    fn random(dice: &mut Dice) -> Self {
        match dice.below(20) {
            0 => Self::Form,
            1 => Self::Field(usize::try_from(1 + dice.below(6)).unwrap()),
            2 => Self::Review,
            3 => Self::AtGateway,
            4 => Self::InDoubt,
            5 => Self::Accepted,
            _ => Self::Confirmed(dice.below(400)),
        }
    }

    /// What goes wrong at the gateway meanwhile.
    fn faults(self, dice: &mut Dice) -> Vec<&'static str> {
        match self {
            Self::AtGateway => vec!["cash-out:slow::1"],
            Self::Hanging => vec!["cash-out:hang-after::1"],
            Self::InDoubt => vec!["cash-out:drop-after::1"],
            Self::Confirmed(_) => {
                let any = [
                    "cash-out:slow::1",
                    "cash-out:drop-after::1",
                    "cash-out:drop-before::1",
                    "cash-out:500-after::1",
                ];
                any.get(usize::try_from(dice.below(8)).unwrap()).copied().into_iter().collect()
            }
            Self::Home | Self::Form | Self::Field(_) | Self::Review | Self::Accepted => Vec::new(),
        }
    }

    /// Brings the payment there.
    fn reach(self, desk: &Desk, screen: &mut Terminal) {
        screen.wait_text("Transact.");
        match self {
            Self::Home => {}
            Self::Form | Self::Field(_) => {
                screen.send(b"p");
                screen.wait_text("New cash-out");
                if let Self::Field(count) = self {
                    let before = screen.seen.0.lock().unwrap().raw.len();
                    screen.send(fields("10", "INV-1")[..count].join("\t").as_bytes());
                    screen.wait("answer to the keys", |seen| seen.raw.len() > before);
                }
            }
            Self::Review
            | Self::Confirmed(_)
            | Self::AtGateway
            | Self::Hanging
            | Self::InDoubt
            | Self::Accepted => {
                review_payment(screen, "10", "INV-1");
            }
        }
        match self {
            Self::Home | Self::Form | Self::Field(_) | Self::Review => return,
            _ => screen.send(b"y"),
        }
        match self {
            Self::Confirmed(milliseconds) => pass(Duration::from_millis(milliseconds)),
            Self::AtGateway | Self::Hanging => until(|| requests_of(&desk.ledger(), "INV-1") == 1),
            Self::InDoubt => until(|| !desk.ledger().cash_outs.is_empty()),
            _ => {
                until(|| !desk.ledger().cash_outs.is_empty());
                screen.wait("accepted", |seen| {
                    let text = seen.parser.screen().contents();
                    text.contains("accepted") || text.contains("completed")
                });
            }
        }
    }

    /// Whether the payment must not be known, must be, or may be either.
    fn is_decided(self) -> Option<bool> {
        match self {
            Self::Home | Self::Form | Self::Field(_) | Self::Review => Some(false),
            Self::Confirmed(_) => None,
            Self::AtGateway | Self::Hanging | Self::InDoubt | Self::Accepted => Some(true),
        }
    }
}

/// What the hang-up found, in words for the figures.
fn hang_up_in(phase: Phase, seed: u64, place: u64) -> &'static str {
    let mut dice = Dice::new(seed, place);
    let faults = phase.faults(&mut dice);
    let desk = Desk::start(Options { seed: seed + place, ..with_faults(&faults) });
    // Every other time without a controlling terminal: then there is no SIGHUP, only the end of input.
    let mut screen = cockpit_on(&desk, dice.happens(1, 2));
    phase.reach(&desk, &mut screen);
    close(&mut screen);
    let hung_up = Instant::now();
    screen.exit(REQUEST);
    let lasted = hung_up.elapsed();
    // Only a request on the wire is waited for, and only where there is one that is late.
    if !faults.iter().any(|fault| fault.contains("slow") || fault.contains("hang")) {
        assert!(lasted < Duration::from_secs(10), "{phase:?}: it went on for {lasted:?}");
    }
    let stories = audit(&desk);
    let story = stories.get("INV-1");
    if let Some(decided) = phase.is_decided() {
        assert_eq!(story.is_some(), decided, "{phase:?}: {stories:#?}");
    }
    let found = match story {
        None => "not decided",
        Some(story) if story.attempts.is_empty() => "decided, not sent",
        Some(story) if story.state == "unknown" => "in doubt",
        Some(_) => "answered",
    };
    if story.is_some() {
        let screen = cockpit_on(&desk, true);
        screen.wait_text("completed");
        screen.signal(Signal::TERM);
        assert!(screen.exit(PATIENCE).success());
        let settled = audit(&desk);
        assert_eq!((settled["INV-1"].state.as_str(), settled["INV-1"].paid), ("completed", 1), "{phase:?}");
        assert_eq!(desk.ledger().cash_outs.len(), 1, "{phase:?}");
    } else {
        assert_eq!(desk.ledger().requests_seen, 0, "{phase:?}");
    }
    found
}

#[test]
fn a_terminal_that_goes_away_leaves_a_payment_undecided_or_known() {
    let seed = wanted("SALDO_TEST_SEED", 1);
    let count = usize::try_from(wanted("SALDO_TEST_HANG_UPS", 20)).unwrap();
    let mut dice = Dice::new(seed, 0);
    let fixed = Phase::all().into_iter();
    let phases: Vec<Phase> =
        fixed.chain(std::iter::repeat_with(|| Phase::random(&mut dice))).take(count).collect();
    let began = Instant::now();
    let next = AtomicUsize::new(0);
    let workers = 4 * thread::available_parallelism().map_or(2, usize::from);
    let mut found: BTreeMap<&str, u64> = BTreeMap::new();
    thread::scope(|scope| {
        let running: Vec<_> = (0..workers)
            .map(|_| {
                scope.spawn(|| {
                    let mut found = Vec::new();
                    loop {
                        let place = next.fetch_add(1, Ordering::Relaxed);
                        let Some(phase) = phases.get(place) else { return found };
                        found.push(hang_up_in(*phase, seed, u64::try_from(place).unwrap()));
                    }
                })
            })
            .collect();
        for what in running.into_iter().flat_map(|worker| worker.join().unwrap()) {
            *found.entry(what).or_default() += 1;
        }
    });
    say(&format!(
        "seed {seed}: {count} hang-ups, the payment then was {found:?}; {} s",
        began.elapsed().as_secs()
    ));
}

//! Many stories on some threads, and the report of what they came to.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::Rule;
use super::fate::{Fault, mix};
use super::run::{Cast, Settings, run};
use super::story::Story;
use super::tally::{TRANSITIONS, Tally};
use super::world::Violation;

/// What many stories came to.
pub struct Report {
    pub seed: u64,
    pub tally: Tally,
    pub time: Duration,
    /// The first story, by its number, that broke a rule.
    pub failure: Option<(u64, Violation)>,
    pub failures: u64,
    /// The rules that were broken, how often, and the first story of each.
    pub broken: Vec<(Rule, u64, u64)>,
    /// Of every story's trace, whatever thread ran it.
    pub trace: u64,
}

/// The seed of the `number`th story of a run.
pub const fn story_seed(seed: u64, number: u64) -> u64 {
    mix(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ mix(number + 1))
}

/// Runs stories in chunks, so that threads meet rarely.
pub fn many(seed: u64, stories: u64, threads: usize, settings: Settings) -> Report {
    const CHUNK: u64 = 256;
    let started = Instant::now();
    let next = AtomicU64::new(0);
    let work = || {
        let cast = Cast::new();
        let mut tally = Tally::default();
        let mut failure: Option<(u64, Violation)> = None;
        let mut broken: Vec<(Rule, u64, u64)> = Vec::new();
        let (mut failures, mut trace) = (0, 0_u64);
        loop {
            let from = next.fetch_add(CHUNK, Ordering::Relaxed);
            if from >= stories {
                return (tally, failure, failures, trace, broken);
            }
            for number in from..(from + CHUNK).min(stories) {
                let story = Story::draw(story_seed(seed, number));
                let outcome = run(&story, &cast, settings);
                tally.add(&outcome.tally);
                trace ^= mix(outcome.trace ^ number);
                if let Some(violation) = outcome.violation {
                    failures += 1;
                    note(&mut broken, violation.rule, 1, number);
                    if failure.as_ref().is_none_or(|(earlier, _)| number < *earlier) {
                        failure = Some((number, violation));
                    }
                }
            }
        }
    };
    let results: Vec<_> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        handles.into_iter().filter_map(|handle| handle.join().ok()).collect()
    });
    let mut report = Report {
        seed,
        tally: Tally::default(),
        time: started.elapsed(),
        failure: None,
        failures: 0,
        broken: Vec::new(),
        trace: 0,
    };
    for (tally, failure, failures, trace, broken) in results {
        for (rule, count, first) in broken {
            note(&mut report.broken, rule, count, first);
        }
        report.tally.add(&tally);
        report.failures += failures;
        report.trace ^= trace;
        if let Some((number, violation)) = failure
            && report.failure.as_ref().is_none_or(|(earlier, _)| number < *earlier)
        {
            report.failure = Some((number, violation));
        }
    }
    report
}

fn note(broken: &mut Vec<(Rule, u64, u64)>, rule: Rule, count: u64, first: u64) {
    match broken.iter_mut().find(|(other, _, _)| *other == rule) {
        Some((_, sum, earliest)) => {
            *sum += count;
            *earliest = first.min(*earliest);
        }
        None => broken.push((rule, count, first)),
    }
}

impl Report {
    /// As lines for people.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let tally = &self.tally;
        let millis = self.time.as_millis().max(1);
        let rate = u128::from(tally.stories) * 1000 / millis;
        let _ = writeln!(
            out,
            "seed {}: {} schedules in {}.{:03} s, {rate} a second; trace {:016x}",
            self.seed,
            tally.stories,
            millis / 1000,
            millis % 1000,
            self.trace
        );
        let _ = writeln!(
            out,
            "{} events, {} attempts, {} requests, {} payments, {} crashes; {} broken; paid twice and not to be prevented: {} after the gateway took its FAILED back, {} after a false declaration",
            tally.events,
            tally.attempts,
            tally.requests,
            tally.payments,
            tally.crashes,
            self.failures,
            tally.unavoidable[0],
            tally.unavoidable[1]
        );
        let broken = |rules: &[Rule]| -> u64 {
            let counted = self.broken.iter().filter(|(rule, _, _)| rules.contains(rule));
            counted.map(|(_, count, _)| count).sum()
        };
        let _ = writeln!(
            out,
            "double payments: {}; lost intents: {}; stuck intents: {}",
            broken(&[Rule::I1, Rule::W2]),
            broken(&[Rule::I11]),
            broken(&[Rule::I12, Rule::S1, Rule::S2, Rule::S3, Rule::S4])
        );
        let _ = writeln!(
            out,
            "ends: {} final, {} held, {} accepted without an id; alarms: {} raised, {} told",
            tally.ends[0], tally.ends[1], tally.ends[2], tally.alarms.0, tally.alarms.1
        );
        for (rule, count, first) in &self.broken {
            let story = story_seed(self.seed, *first);
            let words = rule.words();
            let _ = writeln!(
                out,
                "BROKEN {rule} ({words}): {count} times, first in schedule {first} (--story {story})"
            );
        }
        let _ = writeln!(out, "\nfaults fired ({} kinds):", Fault::ALL.len());
        for fault in Fault::ALL {
            let _ = writeln!(out, "{:>10}  {}", tally.struck(*fault), fault.words());
        }
        let _ = writeln!(out, "\ntransitions:");
        for (from, to) in TRANSITIONS {
            let _ = writeln!(out, "{:>10}  {} -> {}", tally.count_of(from, to), from.as_str(), to.as_str());
        }
        out
    }
}

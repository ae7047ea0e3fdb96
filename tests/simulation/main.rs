//! Random schedules of the real core and the real lane against an adversarial gateway: see [`sim`].

#![allow(missing_docs, clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::disallowed_macros, reason = "the figures, for whoever runs it with --nocapture")]

#[path = "../builders/mod.rs"]
mod builders;
mod on_disk;
mod refunds;
mod sim;

use sim::Rule;
use sim::batch::{Report, many, story_seed};
use sim::plant::Plant;
use sim::run::{Cast, Settings, run};
use sim::shrink::shortest;
use sim::story::Story;

const SEED: u64 = 1;

/// Stories at most until a planted bug has to be found.
const PATIENCE: u64 = 3_000;

fn settings(plant: Plant) -> Settings {
    Settings { plant, aloud: false }
}

/// The shortest story that fails, as lines.
fn told(report: &Report) -> String {
    let Some((number, violation)) = &report.failure else { return String::new() };
    let seed = story_seed(report.seed, *number);
    let (story, outcome) = shortest(&Story::draw(seed), &Cast::new(), settings(Plant::None));
    format!("{violation} (--story {seed})\n{story}\n{}", outcome.log.join("\n"))
}

#[test]
fn no_schedule_breaks_a_rule_and_every_kind_of_trouble_is_met() {
    let report = many(SEED, 10_000, 2, settings(Plant::None));
    println!("{}", report.text());
    assert_eq!(report.failures, 0, "{}", told(&report));
    assert_eq!(report.tally.missing(), Vec::<String>::new(), "never reached");
}

#[test]
fn the_same_seed_tells_the_same_story() {
    let first = many(7, 500, 1, settings(Plant::None));
    let second = many(7, 500, 3, settings(Plant::None));
    assert_eq!(first.trace, second.trace);
    assert_ne!(first.trace, many(8, 500, 2, settings(Plant::None)).trace);
    let story = Story::draw(story_seed(7, 3));
    let aloud = Settings { aloud: true, ..settings(Plant::None) };
    let cast = Cast::new();
    let (one, two) = (run(&story, &cast, aloud), run(&story, &cast, aloud));
    assert_eq!(one.log, two.log);
    assert_eq!(one.trace, run(&story, &cast, settings(Plant::None)).trace, "telling it changes nothing");
}

#[test]
fn every_planted_bug_is_found() {
    let mut missed = Vec::new();
    for plant in Plant::ALL.iter().copied().filter(|plant| *plant != Plant::None) {
        match schedules_until_found(plant) {
            Some((schedules, rule)) => println!("{schedules:>6}  {rule:<5} {}", plant.words()),
            None => missed.push(plant.words()),
        }
    }
    assert_eq!(missed, Vec::<&str>::new(), "planted and not found");
}

/// How many stories it took, and which rule it broke.
fn schedules_until_found(plant: Plant) -> Option<(u64, Rule)> {
    let cast = Cast::new();
    (0..PATIENCE).find_map(|number| {
        let story = Story::draw(story_seed(SEED, number));
        let violation = run(&story, &cast, settings(plant)).violation?;
        Some((number + 1, violation.rule))
    })
}

#[test]
fn a_failing_story_is_made_short() {
    let cast = Cast::new();
    let plant = settings(Plant::TimeoutIsFailure);
    let (number, _) = schedules_until_found(Plant::TimeoutIsFailure).unwrap();
    let story = Story::draw(story_seed(SEED, number - 1));
    let (short, outcome) = shortest(&story, &cast, plant);
    let violation = outcome.violation.unwrap();
    assert!(short.debts.len() == 1 && short.kinds.len() <= 3 && short.actions.len() <= 3, "{short}");
    assert!(outcome.log.last().is_some_and(|line| line.contains(violation.rule.code())), "{:?}", outcome.log);
}

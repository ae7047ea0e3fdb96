//! Runs random schedules of the real core and the real lane against an adversarial gateway, in virtual time.
//!
//! ```text
//! cargo run --release --example simulate -- --seed 1 --schedules 10000 [--threads 2] [--story SEED] [--plant N]
//! ```
//!
//! `--story` tells one story aloud, `--plant` takes one rule away. A failure prints the shortest story that still fails, and
//! the exit code is 1.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_macros,
    reason = "a tool of the developer's, at a terminal"
)]

use std::process::ExitCode;

#[path = "../tests/simulation/sim/mod.rs"]
mod sim;

use sim::batch::{many, story_seed};
use sim::plant::Plant;
use sim::run::{Cast, Settings, run};
use sim::shrink::shortest;
use sim::story::Story;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (mut seed, mut schedules, mut threads, mut story, mut plant) = (1, 10_000, 2, None, 0);
    while let Some(name) = arguments.next() {
        let Some(value) = arguments.next().and_then(|value| value.parse::<u64>().ok()) else {
            println!("usage: simulate [--seed N] [--schedules M] [--threads T] [--story SEED] [--plant N]");
            return ExitCode::from(2);
        };
        match name.as_str() {
            "--seed" => seed = value,
            "--schedules" => schedules = value,
            "--threads" => threads = value,
            "--story" => story = Some(value),
            "--plant" => plant = value,
            _ => {
                println!("no such option: {name}");
                return ExitCode::from(2);
            }
        }
    }
    let plant =
        usize::try_from(plant).ok().and_then(|plant| Plant::ALL.get(plant)).copied().unwrap_or(Plant::None);
    let settings = Settings { plant, aloud: false };
    let cast = Cast::new();
    if let Some(seed) = story {
        let story = Story::draw(seed);
        let outcome = run(&story, &cast, Settings { aloud: true, ..settings });
        println!("{story}");
        for line in &outcome.log {
            println!("{line}");
        }
        println!("trace {:016x}", outcome.trace);
        return match outcome.violation {
            Some(violation) => {
                println!("{violation}");
                ExitCode::FAILURE
            }
            None => ExitCode::SUCCESS,
        };
    }
    let threads = usize::try_from(threads).unwrap_or(1);
    let report = many(seed, schedules, threads, settings);
    println!("{}", report.text());
    let missing = report.tally.missing();
    for name in &missing {
        println!("never reached: {name}");
    }
    let Some((number, violation)) = report.failure else {
        return if missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    };
    let failed = story_seed(seed, number);
    println!("\nschedule {number} (--story {failed}) breaks {violation}\n");
    let (story, outcome) = shortest(&Story::draw(failed), &cast, settings);
    println!("the shortest story that still does:\n{story}");
    for line in &outcome.log {
        println!("{line}");
    }
    ExitCode::FAILURE
}

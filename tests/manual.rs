//! The operator's manual holds: what it says to press leads where it says, on the real program and the real sandbox, in
//! both languages; and the keys that it counts are the keys that are pressed.
//!
//! Under the line with the keys of a task stands a comment that is played:
//! `<!-- task NAME | KEY | type:TEXT | paste:TEXT | see:WORDS -->`. The last `see` is where the task arrives, and the
//! words stand in the task's own text.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod manual_tasks;
mod support;
mod terminal;

use std::collections::BTreeSet;
use std::path::Path;

use manual_tasks::{Language, Step, tasks};

const BOTH: [Language; 2] = [Language::English, Language::Portuguese];

fn manual(language: Language) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(language.file());
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn the_keys_are_counted_and_are_those_that_are_pressed() {
    for language in BOTH {
        for task in tasks(&manual(language)) {
            let pressed: Vec<String> = task.steps.iter().filter_map(|step| step.shown(language)).collect();
            assert_eq!(task.shown, pressed, "{} in {}", task.name, language.file());
            let counted = pressed.iter().filter(|one| !one.starts_with('‹')).count();
            assert_eq!(task.count, counted, "{} in {}", task.name, language.file());
            let Some(Step::See(words)) = task.steps.last() else { panic!("{} arrives nowhere", task.name) };
            assert!(task.text.contains(words), "{}: {words:?} is not in its text", task.name);
        }
    }
}

#[test]
fn both_languages_have_the_same_headings_and_tasks() {
    let outline = |language| {
        let text = manual(language);
        let headings: Vec<usize> =
            text.lines().filter(|line| line.starts_with('#')).map(|line| line.find(' ').unwrap()).collect();
        let tasks: Vec<_> = tasks(&text).into_iter().map(|task| (task.name, task.count)).collect();
        let tables: Vec<usize> =
            text.lines().filter(|line| line.starts_with('|')).map(|line| line.matches('|').count()).collect();
        let pictures = text.matches("](../assets/pictures/").count();
        (headings, tasks, tables, pictures)
    };
    assert_eq!(outline(Language::English), outline(Language::Portuguese));
}

#[test]
fn each_task_is_in_the_manual_once() {
    let tasks = tasks(&manual(Language::English));
    let names: BTreeSet<&str> = tasks.iter().map(|task| task.name.as_str()).collect();
    assert_eq!(names.len(), tasks.len(), "a task stands there twice");
    assert_eq!(names, manual_tasks::STAGES.iter().map(|(name, _)| *name).collect());
}

fn play(language: Language, wanted: impl Fn(usize) -> bool) {
    let only = std::env::var("SALDO_TEST_TASK").ok();
    for (index, task) in tasks(&manual(language)).iter().enumerate() {
        if wanted(index) && only.as_ref().is_none_or(|only| *only == task.name) {
            manual_tasks::play(task, language);
        }
    }
}

// In parts, so that they run side by side.

#[test]
fn the_english_manual_arrives_where_it_says_first_half() {
    play(Language::English, |index| index % 2 == 0);
}

#[test]
fn the_english_manual_arrives_where_it_says_second_half() {
    play(Language::English, |index| index % 2 == 1);
}

#[test]
fn the_portuguese_manual_arrives_where_it_says_first_half() {
    play(Language::Portuguese, |index| index % 2 == 0);
}

#[test]
fn the_portuguese_manual_arrives_where_it_says_second_half() {
    play(Language::Portuguese, |index| index % 2 == 1);
}

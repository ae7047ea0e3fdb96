//! Making a failing story short: leave things out one at a time, as long as it still breaks the same rule.

use super::run::{Cast, Outcome, Settings, run};
use super::story::{DAY, HOUR, MINUTE, Story};

/// Runs at most, so that a long story cannot take for ever.
const MOST: usize = 4000;

/// The shortest story found that breaks the same rule, and what it comes to, told aloud.
pub fn shortest(story: &Story, cast: &Cast, settings: Settings) -> (Story, Outcome) {
    let settings = Settings { aloud: true, ..settings };
    let mut best = story.clone();
    let mut outcome = run(&best, cast, settings);
    let Some(rule) = outcome.violation.as_ref().map(|violation| violation.rule) else {
        return (best, outcome);
    };
    let mut runs = 0;
    loop {
        let before = runs;
        let mut shorter = false;
        for candidate in candidates(&best, &outcome) {
            runs += 1;
            if runs > MOST {
                return (best, outcome);
            }
            let tried = run(&candidate, cast, settings);
            if tried.violation.as_ref().is_some_and(|violation| violation.rule == rule) {
                best = candidate;
                outcome = tried;
                shorter = true;
                break;
            }
        }
        if !shorter || runs == before {
            return (best, outcome);
        }
    }
}

/// The story with one thing less, the largest things first.
fn candidates(story: &Story, outcome: &Outcome) -> Vec<Story> {
    let mut all = Vec::new();
    for index in (0..story.debts.len()).filter(|_| story.debts.len() > 1) {
        let mut less = story.clone();
        let gone = less.debts.remove(index).number;
        less.actions.retain(|action| action.debt != gone);
        all.push(less);
    }
    for index in 0..story.debts.len() {
        if story.debts[index].approvals > 0 || story.debts[index].is_draft {
            let mut less = story.clone();
            less.debts[index].approvals = 0;
            less.debts[index].is_draft = false;
            all.push(less);
        }
    }
    for calm_at in [30 * MINUTE, 6 * HOUR, 4 * DAY].into_iter().filter(|calm_at| *calm_at < story.calm_at) {
        all.push(Story { calm_at, ..story.clone() });
    }
    for index in 0..story.kinds.len() {
        let mut less = story.clone();
        less.kinds.remove(index);
        all.push(less);
    }
    for index in 0..story.actions.len() {
        let mut less = story.clone();
        less.actions.remove(index);
        all.push(less);
    }
    for strike in &outcome.struck {
        let mut less = story.clone();
        less.withheld.push(*strike);
        all.push(less);
    }
    if story.rebalances {
        all.push(Story { rebalances: false, ..story.clone() });
    }
    if story.diligent {
        all.push(Story { diligent: false, ..story.clone() });
    }
    all
}

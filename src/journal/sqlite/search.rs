//! The search index: which rows of the feed may have a word, an amount, a time.
//!
//! It is an FTS5 table that holds words and no rows. Besides the words of name, document and reference, a row has words
//! that nobody types ([`MARK`]): its direction, its amount, the step of amounts it stands on, and the hour, the day and
//! the 32 days in which it happened. FTS5 walks through the rows of several words at once, newest first, and
//! skips what one of them lacks; so a few rows among ten million are found without looking at the others.
//!
//! The index only says where to look. Whether a row fits is asked of the row itself ([`super::history`]).

use std::fmt::Write as _;

use jiff::Timestamp;
use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};

use crate::domain::query::{Comparison, Field, Filter, Test, Words, normalised};

/// Before words that are no text: it is no letter, so no text has such a word.
const MARK: char = '¤';

/// The stretches of time that a row's words name, in hours.
const STRETCHES: [(i64, char); 3] = [(768, 'm'), (24, 'd'), (1, 'h')];

const HOUR: i64 = 3_600_000_000;

/// More words than this for a stretch of time, and it is left out: it would be most of the journal.
const MOST_STRETCHES: usize = 400;

/// The step on which all larger amounts stand, from some ten billion reais.
const LAST_STEP: u32 = 152;

/// Installs the functions of this program that SQL uses on the feed.
pub(super) fn install(connection: &Connection) -> Result<(), rusqlite::Error> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("searchable", 6, flags, |row| searchable(row))?;
    connection.create_scalar_function("has_words", -1, flags, |row| {
        let words = row.get_or_create_aux(0, |value| {
            Ok::<_, rusqlite::types::FromSqlError>(Words::new(value.as_str()?))
        })?;
        let Some(words) = words.as_ref() else { return Ok(true) };
        (1..row.len()).try_fold(false, |found, column| {
            Ok(found || row.get_raw(column).as_str_or_null()?.is_some_and(|text| words.are_in(text)))
        })
    })?;
    connection.create_scalar_function("has_document", 2, flags, |row| {
        let wanted = Words::new(row.get_raw(0).as_str()?);
        let document = row.get_raw(1).as_str_or_null()?;
        Ok(wanted.zip(document).is_some_and(|(wanted, document)| wanted.are_in_document(document)))
    })
}

/// The words of a row: its direction, amount, time, name, document, reference.
fn searchable(row: &Context<'_>) -> rusqlite::Result<String> {
    let direction = row.get_raw(0).as_str()?;
    let mut words = format!("{MARK}{direction}");
    if let Some(amount) = row.get_raw(1).as_i64_or_null()? {
        // Writing to a string cannot fail.
        let _ = write!(words, " {MARK}a{amount} {MARK}s{}", step(amount));
    }
    let hour = row.get_raw(2).as_i64()?.div_euclid(HOUR);
    for (hours, letter) in STRETCHES {
        let _ = write!(words, " {MARK}{letter}{}", hour.div_euclid(hours));
    }
    for column in [3, 4, 5] {
        let Some(text) = row.get_raw(column).as_str_or_null()? else { continue };
        let text = normalised(text);
        words.push(' ');
        words.push_str(&text);
        // A document is found by its digits too, however they are divided.
        if column == 4 && text.contains(' ') {
            words.push(' ');
            words.push_str(&text.replace(' ', ""));
        }
    }
    Ok(words)
}

/// The step an amount stands on: four to each doubling, so that none is wider than a quarter of its amounts.
fn step(amount: i64) -> u32 {
    let amount = u64::try_from(amount).unwrap_or(0);
    let Some(exponent) = amount.checked_ilog2().filter(|exponent| *exponent >= 2) else {
        return u32::try_from(amount).unwrap_or(LAST_STEP);
    };
    let quarter = u32::try_from(amount >> (exponent - 2) & 3).unwrap_or(0);
    ((exponent - 1) * 4 + quarter).min(LAST_STEP)
}

/// What to look up in the index, so that every row that fits `filter` is among what is found. `None` where it has
/// nothing to say. `is_word` tells which texts without a field are looked up: what may be an id is in no index of words.
/// `oldest` is the first time that any row happened at.
pub(super) fn expression(
    filter: &Filter,
    is_word: impl Fn(&Words) -> bool,
    oldest: impl FnOnce() -> Option<i64>,
) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    let (mut least, mut most, mut exact) = (None, None, None);
    let (mut since, mut until): (Option<Timestamp>, Option<Timestamp>) = (None, None);
    let mut direction = None;
    for term in filter.terms.iter().filter(|term| !term.negated) {
        match &term.test {
            Test::Text(Field::Name, words) => parts.push(all(words)),
            // What it begins with is an index's affair; where many do, its words narrow all the same.
            Test::Text(Field::Reference, words) => parts.push(all(words)),
            // A document's digits, however they are divided.
            Test::Text(Field::Any, words) if is_word(words) => parts.push(all_or_joined(words)),
            Test::Text(Field::Document, words) => parts.push(all_or_joined(words)),
            Test::Amount(comparison, amount) => match comparison {
                Comparison::Above | Comparison::AtLeast => least = least.max(Some(step(amount.get()))),
                Comparison::Below | Comparison::AtMost => {
                    let step = step(amount.get());
                    most = Some(most.map_or(step, |most: u32| most.min(step)));
                }
                Comparison::Exactly => exact = Some(amount.get()),
            },
            Test::Since(at) => since = since.max(Some(*at)),
            Test::Until(at) => until = Some(until.map_or(*at, |until| until.min(*at))),
            Test::Direction(one) => direction = Some(*one),
            Test::Text(..) | Test::Status(_) => {}
        }
    }
    if let Some(amount) = exact {
        parts.push(format!("\"{MARK}a{amount}\""));
    }
    if least.is_some() || most.is_some() {
        let steps = least.unwrap_or(0)..=most.unwrap_or(LAST_STEP);
        parts.push(any(steps.map(|step| format!("s{step}"))));
    }
    if since.is_some() || until.is_some() {
        let first = since.map(Timestamp::as_microsecond).or_else(oldest)?;
        // A row is as good as never from the future; those that are, by a wrong clock, are of the last stretch.
        let stretches =
            stretches(first.div_euclid(HOUR), until.map(|at| at.as_microsecond().div_euclid(HOUR)));
        if stretches.len() <= MOST_STRETCHES {
            parts.push(any(stretches.into_iter()));
        }
    }
    if let Some(direction) = direction.filter(|_| parts.is_empty()) {
        parts.push(format!("\"{MARK}{}\"", direction.as_str()));
    }
    (!parts.is_empty()).then(|| parts.join(" AND "))
}

/// Every word, of which the last may go on.
fn all(words: &Words) -> String {
    let mut text =
        words.as_str().split(' ').map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" AND ");
    text.push_str(" *");
    format!("({text})")
}

/// The same, or all of it as one word, as a document's digits are one.
fn all_or_joined(words: &Words) -> String {
    let joined = words.as_str().replace(' ', "");
    if joined == words.as_str() { all(words) } else { format!("({} OR \"{joined}\" *)", all(words)) }
}

/// One of these words that are no text.
fn any(words: impl Iterator<Item = String>) -> String {
    let words: Vec<_> = words.map(|word| format!("\"{MARK}{word}\"")).collect();
    // A range with nothing in it: no row has this.
    if words.is_empty() { format!("\"{MARK}never\"") } else { format!("({})", words.join(" OR ")) }
}

/// The fewest stretches of time that hold these hours, both included. Without an end, until two of the longest
/// stretches after any clock that is not wrong by years.
fn stretches(first: i64, last: Option<i64>) -> Vec<String> {
    let [(longest, letter), ..] = STRETCHES;
    let Some(last) = last else {
        // Everything since: the longest stretches up to the year 2100.
        const END: i64 = 1_139_544;
        let mut all = stretches(first, Some((first.div_euclid(longest) + 1) * longest - 1));
        all.extend(
            (first.div_euclid(longest) + 1..=END.div_euclid(longest))
                .map(|number| format!("{letter}{number}")),
        );
        return all;
    };
    let (mut at, mut all) = (first, Vec::new());
    while at <= last && all.len() <= MOST_STRETCHES {
        let fits = STRETCHES.iter().find(|(hours, _)| at.rem_euclid(*hours) == 0 && at + hours - 1 <= last);
        let (hours, letter) = *fits.unwrap_or(&(1, 'h'));
        all.push(format!("{letter}{}", at.div_euclid(hours)));
        at += hours;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_rise_with_amounts_and_are_narrow() {
        let mut last = 0;
        for amount in (0..40).flat_map(|bit| [1_i64 << bit, (1 << bit) + (1 << bit) / 3, (2 << bit) - 1]) {
            assert!(step(amount) >= last, "{amount}");
            last = step(amount);
        }
        assert_eq!((step(-5), step(0), step(3), step(4), step(i64::MAX)), (0, 0, 3, 4, LAST_STEP));
        assert_eq!(step(100_000), step(110_000));
        assert!(step(100_000) < step(125_001));
    }

    #[test]
    fn stretches_cover_every_hour_once() {
        for (first, last) in [(0, 0), (5, 30), (767, 769), (-3, 50), (100, 5_000), (5, 4)] {
            let all = stretches(first, Some(last));
            let mut hours: Vec<i64> = Vec::new();
            for word in &all {
                let (letter, number) = word.split_at(1);
                let length = STRETCHES.iter().find(|(_, one)| letter.starts_with(*one)).unwrap().0;
                let number: i64 = number.parse().unwrap();
                hours.extend(number * length..(number + 1) * length);
            }
            assert_eq!(hours, (first..=last).collect::<Vec<_>>(), "{first}..={last}");
        }
        assert!(stretches(480_000, None).len() < 1_000);
    }
}

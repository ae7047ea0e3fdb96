//! The line in which a query or a time is typed, read anew with every key.

use super::TextField;
use super::key::KeyPress;
use crate::domain::query::{Filter, Mistake, QueryError, Times, parse};
use jiff::{SignedDuration, Timestamp};

/// Between a day's last second and the next day.
const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// The line of a query or of a time.
#[derive(Debug, Clone)]
pub(crate) struct Prompt {
    pub(crate) field: TextField,
    pub(crate) wanted: Wanted,
}

/// What is typed, and what was understood of it.
#[derive(Debug, Clone)]
pub(crate) enum Wanted {
    /// Which rows.
    Rows(Result<Filter, QueryError>),
    /// Which time (UTC); `None` before anything was typed.
    Time(Result<Option<Timestamp>, QueryError>),
    /// Which time the desk is to be shown at, likewise.
    Past(Result<Option<Timestamp>, QueryError>),
}

impl Prompt {
    pub(crate) fn rows(search: &str, terms: Filter) -> Self {
        Self { field: TextField::with(search), wanted: Wanted::Rows(Ok(terms)) }
    }

    pub(crate) fn time() -> Self {
        Self { field: TextField::default(), wanted: Wanted::Time(Ok(None)) }
    }

    pub(crate) fn past() -> Self {
        Self { field: TextField::default(), wanted: Wanted::Past(Ok(None)) }
    }

    pub(crate) fn press(&mut self, press: KeyPress, times: &Times) {
        self.field.press(press);
        self.read(times);
    }

    pub(crate) fn paste(&mut self, text: &str, times: &Times) {
        self.field.paste(text);
        self.read(times);
    }

    fn read(&mut self, times: &Times) {
        let text = self.field.text().trim();
        match &mut self.wanted {
            Wanted::Rows(read) => *read = parse(self.field.text(), times),
            Wanted::Time(read) | Wanted::Past(read) if text.is_empty() => *read = Ok(None),
            Wanted::Time(read) => *read = last_moment(text, times),
            Wanted::Past(read) => {
                *read = match times.since(text) {
                    Some(begin) if begin > times.now => {
                        Err(QueryError { at: 1, what: Mistake::NotYet(text.to_owned()) })
                    }
                    _ => last_moment(text, times).map(|time| time.map(|time| time.min(times.now))),
                };
            }
        }
    }

    /// What is wrong with it.
    pub(crate) fn mistake(&self) -> Option<&QueryError> {
        match &self.wanted {
            Wanted::Rows(read) => read.as_ref().err(),
            Wanted::Time(read) | Wanted::Past(read) => read.as_ref().err(),
        }
    }
}

/// Of a day, its last second: the newest rows are on top.
fn last_moment(text: &str, times: &Times) -> Result<Option<Timestamp>, QueryError> {
    let mistake = || QueryError { at: 1, what: Mistake::Time(text.to_owned()) };
    let (begin, end) = times.since(text).zip(times.until(text)).ok_or_else(mistake)?;
    let is_moment = begin == end;
    Ok(Some(if is_moment { end } else { end.checked_sub(SECOND).unwrap_or(end) }))
}

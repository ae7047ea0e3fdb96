//! Which rows of the history: the flags that `transactions` and `export` share, and the rows page by page.

use std::collections::BTreeSet;
use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;
use tokio::task::JoinHandle;

use super::cockpit::zone;
use super::failure::Failure;
use crate::domain::query::{Filter, Group, Term, Test, Times, every_state, parse};
use crate::domain::report::Direction;
use crate::domain::transaction::{State, Transaction};
use crate::engine::clock;
use crate::journal::sqlite::SqliteReader;
use crate::journal::{JournalError, Query, Reader};

/// Rows read at once: enough to spread a question's cost thin, few enough to hold.
const PAGE: u32 = 2_000;

#[derive(Debug, Args)]
pub(super) struct Selection {
    /// Only cash-ins or only cash-outs
    #[arg(long, value_name = "in|out", value_parser = ["in", "out"])]
    direction: Option<String>,
    /// Only this state, e.g. completed, paid, unknown
    #[arg(long, value_name = "STATE")]
    state: Option<String>,
    /// Only since then: 2h, 14:30, 10/03, 2026-03-10 (São Paulo), 2026-03-10T14:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only before then; of a day, to its end
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only with this text in a name, document, reference or id
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Only what fits: 'status:failed amount:>1000 out padaria since:2h'; docs/queries.md has all of it
    #[arg(long, value_name = "QUERY", allow_hyphen_values = true)]
    filter: Option<String>,
}

impl Selection {
    /// What to ask the journal.
    pub(super) fn query(&self) -> Result<Query, Failure> {
        self.query_at(&Times { now: clock::now(), zone: zone() })
    }

    fn query_at(&self, times: &Times) -> Result<Query, Failure> {
        let mut filter = match &self.filter {
            Some(text) => parse(text, times).map_err(|error| Failure::wrong("--filter", &error))?,
            None => Filter::default(),
        };
        let mut add = |test| filter.terms.push(Term { negated: false, test });
        let direction = self.direction.as_deref().map(|word| match word {
            "in" => Direction::In,
            _ => Direction::Out,
        });
        if let Some(direction) = direction {
            add(Test::Direction(direction));
        }
        if let Some(word) = &self.state {
            add(Test::Status(status(word)?));
        }
        if let Some(text) = &self.since {
            add(Test::Since(time("--since", text, times.since(text))?));
        }
        if let Some(text) = &self.until {
            add(Test::Until(time("--until", text, times.until(text))?));
        }
        Ok(Query { search: self.search.clone(), filter, ..Query::default() })
    }
}

/// A time as people write it, in the flag of that name.
pub(super) fn time(flag: &str, text: &str, read: Option<Timestamp>) -> Result<Timestamp, Failure> {
    read.ok_or_else(|| {
        Failure::usage(told!(
            "{flag}: {text:?} is no time; write 2026-03-10T14:00:00Z, 2026-03-10, 14:30, or a length of time like 2h",
            "{flag}: {text:?} não é uma hora; escreva 2026-03-10T14:00:00Z, 2026-03-10, 14:30 ou uma duração como 2h"
        ))
    })
}

fn status(word: &str) -> Result<Group, Failure> {
    every_state().map(State::as_str).find(|known| *known == word).map(Group::Word).ok_or_else(|| {
        // Some words are of both directions.
        let mut named = BTreeSet::new();
        let known: Vec<&str> = every_state().map(State::as_str).filter(|word| named.insert(*word)).collect();
        let known = known.join(", ");
        Failure::usage(told!(
            "--state: there is no state {word:?}; there are {known}",
            "--state: não existe o estado {word:?}; existem {known}"
        ))
    })
}

/// The rows of a query page by page: while one is written, the next is read.
pub(super) struct Pages {
    reader: Option<Arc<SqliteReader>>,
    query: Query,
    left: u64,
    /// The oldest first.
    upwards: bool,
    next: Option<JoinHandle<Result<Vec<Transaction>, JournalError>>>,
}

impl Pages {
    /// At most `most` rows, the newest first.
    pub(super) fn newest_first(reader: Option<Arc<SqliteReader>>, query: Query, most: u32) -> Self {
        Self { reader, query, left: u64::from(most), upwards: false, next: None }
    }

    /// All rows that are there now, the oldest first.
    pub(super) async fn oldest_first(
        reader: Option<Arc<SqliteReader>>,
        mut query: Query,
    ) -> Result<Self, Failure> {
        query.after = Some(0);
        if let Some(reader) = &reader {
            // What comes while this goes on is for the next time.
            let newest = reader.transactions(Query { limit: 1, ..Query::default() }).await?;
            query.before = Some(newest.first().map_or(0, |row| row.seq).saturating_add(1));
        }
        Ok(Self { reader, query, left: u64::MAX, upwards: true, next: None })
    }

    /// The next page; `None` after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Transaction>>, Failure> {
        if self.next.is_none() {
            self.ask();
        }
        let Some(answer) = self.next.take() else { return Ok(None) };
        let mut rows = answer.await.map_err(|error| {
            Failure::other(told!("the journal was not read: {error}", "o diário não foi lido: {error}"))
        })??;
        if self.upwards {
            rows.reverse();
        }
        self.left = self.left.saturating_sub(u64::try_from(rows.len()).unwrap_or(u64::MAX));
        let Some(last) = rows.last().map(|row| row.seq) else {
            self.left = 0;
            return Ok(None);
        };
        let place = if self.upwards { &mut self.query.after } else { &mut self.query.before };
        *place = Some(last);
        if rows.len() < usize::try_from(self.query.limit).unwrap_or(usize::MAX) {
            self.left = 0;
        }
        self.ask();
        Ok(Some(rows))
    }

    fn ask(&mut self) {
        let Some(reader) = self.reader.clone().filter(|_| self.left > 0) else { return };
        self.query.limit = u32::try_from(self.left).unwrap_or(PAGE).min(PAGE);
        let query = self.query.clone();
        self.next = Some(tokio::spawn(async move { reader.transactions(query).await }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::failure::Exit;

    #[test]
    fn flags_and_query_are_one_filter() {
        let times = Times { now: "2026-03-10T17:45:00Z".parse().unwrap(), zone: zone() };
        let none =
            Selection { direction: None, state: None, since: None, until: None, search: None, filter: None };
        let all = Selection {
            direction: Some("out".to_owned()),
            state: Some("failed".to_owned()),
            since: Some("2026-03-10".to_owned()),
            until: Some("2h".to_owned()),
            filter: Some("padaria".to_owned()),
            ..none
        };
        assert_eq!(
            all.query_at(&times).unwrap().filter.to_string(),
            "\"padaria\" out status:failed since:2026-03-10T03:00:00Z until:2026-03-10T15:45:00Z"
        );
        for wrong in [
            Selection { state: Some("payed".to_owned()), ..clone(&all) },
            Selection { since: Some("soon".to_owned()), ..clone(&all) },
            Selection { filter: Some("stauts:x".to_owned()), ..clone(&all) },
        ] {
            assert_eq!(wrong.query_at(&times).unwrap_err().exit, Exit::Usage);
        }
    }

    fn clone(one: &Selection) -> Selection {
        Selection {
            direction: one.direction.clone(),
            state: one.state.clone(),
            since: one.since.clone(),
            until: one.until.clone(),
            search: one.search.clone(),
            filter: one.filter.clone(),
        }
    }
}

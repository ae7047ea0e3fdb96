//! What is wrong with a query, where, and what would be right.

use std::fmt;

/// A query that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryError {
    /// The first character of what is wrong, from 1.
    pub at: usize,
    /// What is wrong.
    pub what: Mistake,
}

/// What can be wrong with a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mistake {
    /// A quotation that does not end.
    OpenQuote,
    /// There is no such key.
    Key(String),
    /// A key, and nothing behind it.
    NoValue(String),
    /// There is no such state.
    Status(String),
    /// Not an amount in reais.
    Amount(String),
    /// Not a time.
    Time(String),
    /// A time that has not come yet, where one looks back.
    NotYet(String),
    /// Nothing in it is a letter or a digit.
    Nothing(String),
    /// More terms than anybody means.
    TooMany,
}

/// The keys that there are, for those who took another.
pub(crate) const KEYS: &str = "status:, amount:, since:, until:, name:, doc:, ref:, e2e:, in, out";

impl fmt::Display for QueryError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "at {}: {}", self.at, self.what)
    }
}

/// English, for the command line; the screen has its own words.
impl fmt::Display for Mistake {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OpenQuote => out.write_str("the quotation does not end: write the closing \""),
            Self::Key(key) => {
                write!(out, "there is no key {key}: there are {KEYS}; a text with a colon goes in quotes")
            }
            Self::NoValue(key) => {
                write!(out, "nothing follows {key}: write its value without a blank before it")
            }
            Self::Status(word) => write!(
                out,
                "there is no status {word}: there are {} and the groups open, doubt, settled, unpaid",
                super::parse::state_words().join(", ")
            ),
            Self::Amount(text) => {
                write!(out, "{text} is no amount in reais: write amount:>1000, amount:<=500,25 or amount:10")
            }
            Self::NotYet(text) => write!(out, "{text} has not come yet"),
            Self::Time(text) => write!(
                out,
                "{text} is no time: write 2h, 7d, 14:30, 10/03, 10/03/2026, 2026-03-10, 2026-03-10T14:30 or today"
            ),
            Self::Nothing(text) => write!(out, "{text} has no letter and no digit to look for"),
            Self::TooMany => write!(out, "more than {} conditions: leave some out", super::parse::MOST),
        }
    }
}

impl std::error::Error for QueryError {}

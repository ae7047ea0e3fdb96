//! What is wrong with a configuration, and where.

use std::fmt;

use super::origin::Origin;

/// A fault and its remedy, before it is known where the value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    what: String,
    remedy: String,
}

impl Fault {
    /// `what` is wrong; `remedy` says what to write instead. Neither may hold a secret.
    pub fn new(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), remedy: remedy.into() }
    }

    /// The same fault, now with its place.
    #[must_use]
    pub fn at(self, origin: &Origin) -> ConfigError {
        ConfigError::new(origin.place(), self)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}; {}", self.what, self.remedy)
    }
}

/// Why saldo cannot work with this configuration: `PATH:LINE: what is wrong; what to write instead`. The
/// command line exits with 78.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {fault}")]
pub struct ConfigError {
    place: String,
    fault: Fault,
}

impl ConfigError {
    /// A fault at `place`: `PATH`, `PATH:LINE`, a flag or a variable.
    pub(super) fn new(place: impl Into<String>, fault: Fault) -> Self {
        Self { place: place.into(), fault }
    }

    /// What is wrong and what to write instead, without the place.
    pub fn fault(&self) -> &Fault {
        &self.fault
    }
}

/// `; did you mean "staging"?`'s inside: the word of `known` that `word` was probably meant to be.
pub(crate) fn suggestion<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (distance(&word.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= 1.max(candidate.chars().count() / 3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many insertions, deletions, replacements and swaps of neighbours lead from one word to the other.
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut rows = vec![(0..=to.len()).collect::<Vec<usize>>()];
    for row in 1..=from.len() {
        let mut current = vec![row];
        for column in 1..=to.len() {
            let same = from[row - 1] == to[column - 1];
            let above = &rows[row - 1];
            let mut best =
                (above[column] + 1).min(current[column - 1] + 1).min(above[column - 1] + usize::from(!same));
            if row > 1 && column > 1 && from[row - 1] == to[column - 2] && from[row - 2] == to[column - 1] {
                best = best.min(rows[row - 2][column - 2] + 1);
            }
            current.push(best);
        }
        rows.push(current);
    }
    rows[from.len()][to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_the_near_and_not_the_far() {
        let known = ["client_id", "client_secret", "webhook", "environment"];
        for (word, meant) in [
            ("clien_id", Some("client_id")),
            ("clinet_id", Some("client_id")),
            ("CLIENT_SECRET", Some("client_secret")),
            ("webhooks", Some("webhook")),
            ("enviroment", Some("environment")),
            ("pix", None),
            ("", None),
        ] {
            assert_eq!(suggestion(word, known), meant, "{word}");
        }
        assert_eq!(distance("ação", "acao"), 2);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("ab", "ba"), 1);
    }
}

//! The events against their audit tree, and against what somebody has noted of it.

use super::super::audit::{AuditHead, Tree};
use super::super::digest::Digest;

/// The tree as it grows over the events that are there, held against what is stored and what was noted.
pub(super) struct History<'a> {
    pub(super) now: Tree,
    stored: Option<&'a Tree>,
    /// The tree when it had the size of the stored one.
    then: Option<Tree>,
    noted: &'a [AuditHead],
    matched: Vec<AuditHead>,
}

impl<'a> History<'a> {
    pub(super) fn new(stored: Option<&'a Tree>, noted: &'a [AuditHead]) -> Self {
        let mut audit = Self { now: Tree::default(), stored, then: None, noted, matched: Vec::new() };
        audit.look();
        audit
    }

    pub(super) fn push(&mut self, digest: Digest) {
        self.now.push(digest);
        self.look();
    }

    fn look(&mut self) {
        if self.stored.is_some_and(|stored| stored.size() == self.now.size()) {
            self.then = Some(self.now.clone());
        }
        if self.noted.iter().any(|noted| noted.size == self.now.size()) {
            self.matched.push(self.now.head());
        }
    }

    pub(super) fn findings(&self) -> Vec<String> {
        let mut findings = Vec::new();
        match (self.stored, &self.then) {
            (Some(stored), Some(then)) => {
                if let Some((first, last)) = stored.difference(then) {
                    findings.push(format!(
                        "the audit tree differs: among the rows {first} to {last} in the order of seq, or from there on, \
                         is one that saldo did not write so"
                    ));
                }
                if stored.size() < self.now.size() {
                    let (has, ought) = (self.now.size(), stored.size());
                    findings.push(format!("the audit tree is over {ought} events, and there are {has}"));
                }
            }
            (Some(stored), None) => findings.push(format!(
                "the audit tree is over {} events, and there are only {}",
                stored.size(),
                self.now.size()
            )),
            (None, _) => findings.push("the audit tree is gone or illegible".to_owned()),
        }
        for noted in self.noted.iter().filter(|noted| !self.matched.contains(noted)) {
            findings.push(if noted.size > self.now.size() {
                format!("events are missing that a noted head is over: {noted}")
            } else {
                format!("the first {} events are not those that a noted head is over: {noted}", noted.size)
            });
        }
        findings
    }
}

//! What happened to a payment, event by event, in words: who did it and what they said stands whole.

use super::App;
use super::detail::Lines;
use crate::domain::cash_out::{Event, Terms};
use crate::domain::person::Person;
use crate::domain::report::{Report, Source};
use crate::domain::request;
use crate::domain::text::{MAX_CHARS, Safe};

impl App {
    pub(super) fn events(&self, lines: &mut Lines, events: &[Event]) {
        if events.is_empty() {
            return;
        }
        lines.heading(self.words().detail.timeline);
        for event in events {
            lines.fact(&self.clock.near(event.at(), self.now), self.event(event));
        }
    }

    fn event(&self, event: &Event) -> String {
        let words = &self.words().events;
        match event {
            Event::Proposed(terms) => self.proposed(terms),
            Event::Submitted { by, .. } => did(words.submitted, by, None),
            Event::Approved { by, .. } => did(words.approved, by, None),
            Event::CalledOff { by, reason, .. } => did(words.called_off, by, reason.as_deref()),
            Event::Expired { .. } => words.expired.to_owned(),
            Event::Overtaken { generation, .. } => self.lang.overtaken(*generation),
            Event::AttemptStarted { .. } => words.attempt_started.to_owned(),
            Event::AttemptEnded { verdict, .. } => self.lang.verdict(verdict),
            Event::Reported { source, report, .. } => self.reported(report, *source),
            Event::LookedInVain { .. } => words.looked_in_vain.to_owned(),
            Event::WindowClosed { .. } => words.window_closed.to_owned(),
            Event::PutOnHold { .. } => words.put_on_hold.to_owned(),
            Event::WentStale { .. } => words.went_stale.to_owned(),
            Event::Adopted { by, internal_code, reason, .. } => {
                let found = format!("{} {internal_code}, {}", words.adopted, self.words().resolve.by);
                did(&found, by, reason.as_deref())
            }
            Event::Declared { by, statement, .. } => did(words.declared, by, Some(statement)),
            Event::RoundStarted { by, .. } => did(words.round_started, by, None),
            Event::LookedInto(looked) => whole(&self.lang.looked_into(looked, &name_of)),
        }
    }

    /// What happened to a charge or a refund.
    pub(super) fn asked_events<T: request::Terms>(
        &self,
        lines: &mut Lines,
        events: &[request::Event<T>],
        maker: &Person,
    ) {
        use request::Event as Asked;
        lines.heading(self.words().detail.timeline);
        let words = &self.words().events;
        for event in events {
            let text = match event {
                Asked::Proposed(_) => did(words.proposed, maker, None),
                Asked::AttemptStarted { .. } => words.attempt_started.to_owned(),
                Asked::AttemptEnded { verdict, .. } => self.lang.verdict(verdict),
                Asked::Reported { source, report, .. } => self.reported(report, *source),
                Asked::LookedInVain { .. } => words.looked_in_vain.to_owned(),
                Asked::WindowClosed { .. } => words.window_closed.to_owned(),
                Asked::LetGo { .. } => words.expired.to_owned(),
                Asked::PutOnHold { .. } => words.put_on_hold.to_owned(),
                Asked::RoundStarted { by, .. } => did(words.round_started, by, None),
                Asked::LookedInto(looked) => whole(&self.lang.looked_into(looked, &name_of)),
            };
            lines.fact(&self.clock.near(event.at(), self.now), text);
        }
    }

    fn proposed(&self, terms: &Terms) -> String {
        let mut text = did(self.words().events.proposed, &terms.maker, None);
        if terms.is_draft {
            text.push_str(self.words().events.as_draft);
        }
        if terms.approvals > 0 {
            text.push_str(&self.lang.approvals_wanted(terms.approvals));
        }
        if terms.generation > 1 {
            text.push_str(&self.lang.generation(terms.generation));
        }
        text
    }

    fn reported(&self, report: &Report, source: Source) -> String {
        let mut text = self.lang.reported(source, &report.status);
        if let Some(failure) = &report.failure {
            text.push_str(&format!(": {} {}", failure.code, failure.message));
        }
        text
    }
}

/// What was done, by whom, and what they said.
fn did(what: &str, who: &Person, said: Option<&str>) -> String {
    let said = said.map(whole).filter(|said| !said.is_empty());
    let said = said.map(|said| format!(": {said}")).unwrap_or_default();
    format!("{what} {}{said}", name_of(who))
}

/// A person's name, and the number where there is none.
pub(super) fn name_of(who: &Person) -> String {
    let name = who.name.as_deref().map(Safe::new).filter(|name| !name.is_empty());
    name.map_or_else(|| format!("uid {}", who.uid), |name| name.to_string())
}

/// A person's words, safe to draw and, unlike a server's, never cut short.
pub(super) fn whole(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let letters: Vec<char> = word.chars().collect();
        let parts = letters.chunks(MAX_CHARS).map(|part| Safe::new(&part.iter().collect::<String>()));
        let word: String = parts.map(|part| part.to_string()).collect();
        if !word.is_empty() {
            if !kept.is_empty() {
                kept.push(' ');
            }
            kept.push_str(&word);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_persons_words_are_whole_and_safe() {
        for (text, shown) in [
            ("not in the\nportal\t of 22/11", "not in the portal of 22/11"),
            (" \u{1b}[2J\u{202e}gone ", "[2Jgone"),
            ("", ""),
        ] {
            assert_eq!(whole(text), shown, "{text:?}");
        }
        let long = "asked twice ".repeat(200);
        assert_eq!(whole(&long), long.trim_end());
        let word = "x".repeat(MAX_CHARS * 2 + 1);
        assert_eq!(whole(&word), word);
    }

    #[test]
    fn people_are_told_by_name_and_else_by_number() {
        for (name, shown) in [(Some("ana"), "ana"), (Some("\u{1b}"), "uid 7"), (None, "uid 7")] {
            let person = Person { uid: 7, name: name.map(str::to_owned) };
            assert_eq!(name_of(&person), shown);
        }
    }
}

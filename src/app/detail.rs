//! The life of a row as lines of text: what happened, what was sent, what was told.

use super::App;
use super::keymap::{Action, Place};
use super::timeline::{name_of, whole};
use crate::domain::cash_in::Charge;
use crate::domain::cash_out::{Act, CashOut, State as Out};
use crate::domain::end_to_end_id::EndToEndId;
use crate::domain::institution::{self, Ispb};
use crate::domain::order::{BankAccount, Destination};
use crate::domain::refund::Refund;
use crate::domain::report::{BankData, Direction};
use crate::domain::request::{Asked as _, PayBy};
use crate::domain::stand::Stand;
use crate::domain::text::Safe;
use crate::engine::message::{AskedLife, AttemptRow, Delivery, Intent, Life};

/// What a line is, for the eye.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// The name of a part.
    Heading,
    /// A fact, after its label.
    Fact,
    /// Where the transaction stands.
    Stand(Stand),
    /// What a person can do next.
    Next,
    /// Something that a person should not pass over.
    Warning,
    /// The gateway's own bytes.
    Raw,
    /// Nothing.
    Blank,
}

/// One line; a screen wraps it as it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it is.
    pub kind: LineKind,
    /// The name of a fact; empty elsewhere.
    pub label: String,
    /// The text.
    pub text: String,
}

/// Lines being collected.
#[derive(Default)]
pub(super) struct Lines(pub(super) Vec<Line>);

impl Lines {
    pub(super) fn heading(&mut self, text: &str) {
        if !self.0.is_empty() {
            self.push(LineKind::Blank, "", "");
        }
        self.push(LineKind::Heading, "", text);
    }

    pub(super) fn fact(&mut self, label: &str, text: impl AsRef<str>) {
        self.push(LineKind::Fact, label, text.as_ref());
    }

    pub(super) fn known(&mut self, label: &str, text: Option<&Safe>) {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            self.fact(label, text.as_str());
        }
    }

    pub(super) fn push(&mut self, kind: LineKind, label: &str, text: &str) {
        self.0.push(Line { kind, label: label.to_owned(), text: text.to_owned() });
    }
}

impl App {
    /// The life of the row that is open, line by line.
    pub(crate) fn life_lines(&self, life: &Life) -> Vec<Line> {
        let mut lines = Lines::default();
        self.summary(&mut lines, life);
        if let Some(intent) = &life.intent {
            self.order(&mut lines, intent);
        }
        if let Some(id) = &life.transaction.end_to_end_id {
            self.end_to_end(&mut lines, id);
        }
        let last_report = life.intent.as_ref().and_then(|intent| intent.cash_out.last_report.as_ref());
        if let Some(bank) = last_report.and_then(|report| report.bank_data.as_ref()) {
            self.bank(&mut lines, bank);
            let ordered = life.intent.as_ref().map(|intent| &intent.order.destination);
            if let Some(Destination::Account(account)) = ordered
                && is_elsewhere(account, bank)
            {
                lines.push(LineKind::Warning, "", self.words().detail.settled_elsewhere);
            }
        }
        if let Some(charge) = &life.incoming.charge {
            self.charge(&mut lines, charge);
        }
        if let Some(refund) = &life.incoming.refund {
            self.refund(&mut lines, refund);
        }
        self.attempts(&mut lines, &life.attempts);
        self.events(&mut lines, &life.events);
        self.deliveries(&mut lines, &life.deliveries);
        self.discreet_lines(lines.0)
    }

    fn summary(&self, lines: &mut Lines, life: &Life) {
        let words = &self.words().detail;
        let row = &life.transaction;
        let pay = life.intent.as_ref().map(|intent| &intent.cash_out);
        let stand = Stand::of(row.state, row.failure_reported, pay);
        lines.heading(words.transaction);
        lines.push(LineKind::Stand(stand), words.state, self.lang.stand(stand));
        lines.fact(words.meaning, self.meaning(stand, pay));
        for (applies, text) in [
            (row.conflict, words.conflict),
            (row.looked_into, self.lang.conflict_closed()),
            (row.failure_reported, words.failure_reported),
            (row.refunded, words.refunded),
            (pay.is_some_and(|pay| pay.frozen && pay.state == Out::Unknown), words.frozen),
            (
                self.facts.access.is_read_only() && pay.is_some_and(may_be_sent),
                self.lang.permission().not_sent_again,
            ),
            (pay.is_some_and(|pay| pay.stale && pay.state == Out::Accepted), words.stale),
        ] {
            if applies {
                lines.push(LineKind::Warning, "", text);
            }
        }
        self.contradictions(lines, life);
        let look = || {
            let key = self.keys.key_of(Place::Detail, Action::Resolve, self.lang);
            life.contradicted().map(|_| self.lang.may_look_into(&key))
        };
        let next = if pay.is_some() { pay.and_then(|pay| self.next_step(pay)) } else { look() };
        if let Some(next) = next {
            lines.push(LineKind::Next, words.next, &next);
        }
        if let Some(failure) = &row.failure {
            lines.push(LineKind::Warning, words.failure, failure.as_str());
        }
        if let Some(amount) = row.amount {
            lines.fact(words.amount, amount.to_string());
        }
        let (name, document) = match row.direction {
            Direction::Out => (words.payee, words.payee_document),
            Direction::In => (words.payer, words.payer_document),
        };
        lines.known(name, row.name.as_ref());
        lines.known(document, row.document.as_ref());
        lines.known(words.reference, row.external_reference.as_ref());
        lines.known(words.internal_code, row.internal_code.as_ref());
        lines.known(words.transaction_id, row.transaction_id.as_ref());
        lines.fact(words.saldo_id, row.id.to_string());
        lines.fact(words.origin, if row.ours { words.ours } else { words.not_ours });
        lines.fact(words.happened, self.clock.full(row.happened_at));
        lines.fact(words.learned, self.clock.full(row.created_at));
        lines.fact(words.updated, self.clock.full(row.updated_at));
    }

    fn charge(&self, lines: &mut Lines, life: &AskedLife<Charge>) {
        let (detail, words) = (&self.words().detail, &self.words().cash_in);
        let charge = &life.stored.asked;
        let order = &charge.terms.order;
        lines.heading(self.words().refund.charge_heading);
        lines.fact(detail.name_typed, &order.name);
        lines.fact(detail.document_typed, order.document.masked());
        if let Some(at) = charge.expires_at {
            lines.fact(words.until, self.clock.full(at));
        }
        match &charge.pay_by {
            Some(PayBy::CopyAndPaste(code)) => lines.fact(words.copy_and_paste, code),
            Some(PayBy::PaymentUrl(url)) => lines.fact(words.payment_url, url),
            None => {}
        }
        self.attempts(lines, &life.requests);
        self.asked_events(lines, &life.events, &charge.terms.maker);
    }

    fn refund(&self, lines: &mut Lines, life: &AskedLife<Refund>) {
        let (detail, words) = (&self.words().detail, &self.words().refund);
        let refund = &life.stored.asked;
        lines.heading(words.heading);
        lines.fact(detail.state, self.lang.refund_state(refund.state));
        lines.fact(detail.meaning, self.lang.refund_meaning(refund.state));
        if refund.is_contradicted() {
            lines.push(LineKind::Warning, "", detail.conflict);
        } else if refund.conflict {
            lines.push(LineKind::Warning, "", self.lang.conflict_closed());
        }
        lines.fact(words.reason, self.lang.refund_reason(refund.terms.reason));
        if let Some(description) = &refund.terms.description {
            lines.fact(words.description, whole(description));
        }
        lines.fact(words.ordered_by, name_of(&refund.terms.maker));
        lines.fact(detail.saldo_id, life.stored.id.to_string());
        lines.known("endToEndId", refund.end_to_end_id.as_ref());
        self.attempts(lines, &life.requests);
        self.asked_events(lines, &life.events, &refund.terms.maker);
    }

    fn order(&self, lines: &mut Lines, intent: &Intent) {
        let words = &self.words().detail;
        lines.heading(words.order);
        self.destination(lines, &intent.order.destination);
        lines.fact(words.name_typed, &intent.order.name);
        lines.fact(words.document_typed, intent.order.document.masked());
        if let Some(description) = &intent.order.description {
            lines.fact(words.description, description);
        }
        if let Some(reason) = &intent.reason {
            lines.fact(words.reason, whole(reason));
        }
    }

    pub(super) fn destination(&self, lines: &mut Lines, destination: &Destination) {
        let words = &self.words().detail;
        match destination {
            Destination::Pix(key) => {
                lines.fact(words.key, format!("{} ({})", key.as_str(), self.lang.key_type(key.key_type())));
            }
            Destination::Account(account) => lines.fact(
                words.account,
                self.lang.account(&self.institution(account.ispb), &account.branch, &account.account),
            ),
        }
    }

    /// `60701190 ITAÚ UNIBANCO S.A.`; a young institution has no name yet.
    pub(crate) fn institution(&self, ispb: Ispb) -> String {
        let name = institution::name_of(&ispb).unwrap_or(self.words().detail.unknown_institution);
        format!("{ispb} {name}")
    }

    fn end_to_end(&self, lines: &mut Lines, id: &Safe) {
        let words = &self.words().detail;
        lines.heading("endToEndId");
        lines.fact("endToEndId", id.as_str());
        match EndToEndId::parse(id.as_str()) {
            Ok(decoded) => {
                let (local, utc) = self.clock.both(decoded.instant());
                lines.fact(words.e2e_institution, self.institution(decoded.ispb()));
                lines.fact(words.e2e_minute, format!("{local} ({utc})"));
            }
            Err(error) => lines.push(LineKind::Warning, "", &self.lang.end_to_end_error(error)),
        }
    }

    fn bank(&self, lines: &mut Lines, bank: &BankData) {
        let words = &self.words().detail;
        lines.heading(words.settled_to);
        let named = bank.ispb.as_ref().and_then(|ispb| Ispb::parse(ispb.as_str()).ok());
        match (named, &bank.bank) {
            (_, Some(name)) => {
                let ispb = bank.ispb.as_ref().map(|ispb| format!("{ispb} ")).unwrap_or_default();
                lines.fact(words.institution, format!("{ispb}{name}"));
            }
            (Some(ispb), None) => lines.fact(words.institution, self.institution(ispb)),
            (None, None) => lines.known(words.institution, bank.ispb.as_ref()),
        }
        lines.known(words.branch, bank.branch.as_ref());
        lines.known(words.account, bank.account.as_ref());
    }

    fn attempts(&self, lines: &mut Lines, attempts: &[AttemptRow]) {
        if attempts.is_empty() {
            return;
        }
        let words = &self.words().detail;
        lines.heading(words.attempts);
        for attempt in attempts {
            let verdict = attempt
                .verdict
                .as_ref()
                .map_or_else(|| words.on_the_wire.to_owned(), |verdict| self.lang.verdict(verdict));
            let label = format!("{} {}", attempt.number, self.clock.second(attempt.started_at));
            lines.fact(&label, verdict);
            lines.fact("", format!("{} {}", words.idempotency_key, attempt.key));
        }
    }

    fn deliveries(&self, lines: &mut Lines, deliveries: &[Delivery]) {
        let words = &self.words().detail;
        for delivery in deliveries {
            lines.heading(&format!("{} {}", words.webhook, self.clock.full(delivery.received_at)));
            if let Some(id) = &delivery.event_id {
                lines.fact("X-Event-Id", Safe::new(id).as_str());
            }
            for line in pretty(&delivery.body) {
                lines.push(LineKind::Raw, "", &line);
            }
        }
    }
}

/// The most lines of one webhook that are shown.
const MAX_RAW_LINES: usize = 400;

/// A webhook's body a member a line, and otherwise to the letter: nothing is parsed, so that what cannot be read
/// shows as what it is. Each line is made safe to draw.
fn pretty(body: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(body);
    if !text.trim_start().starts_with(['{', '[']) {
        let lines = text.lines().map(Safe::new).filter(|line| !line.is_empty());
        return lines.map(|line| line.to_string()).take(MAX_RAW_LINES).collect();
    }
    let mut lines = Vec::new();
    let mut line = String::new();
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let mut flush = |line: &mut String, depth: usize| {
        let kept = Safe::new(line);
        if !kept.is_empty() {
            lines.push(format!("{}{kept}", "  ".repeat(depth.min(12))));
        }
        line.clear();
    };
    for character in text.chars() {
        if quoted {
            line.push(character);
            (quoted, escaped) = match character {
                _ if escaped => (true, false),
                '\\' => (true, true),
                '"' => (false, false),
                _ => (true, false),
            };
            continue;
        }
        match character {
            '{' | '[' => {
                line.push(character);
                flush(&mut line, depth);
                depth += 1;
            }
            '}' | ']' => {
                flush(&mut line, depth);
                depth = depth.saturating_sub(1);
                line.push(character);
            }
            ',' => {
                line.push(character);
                flush(&mut line, depth);
            }
            other => {
                quoted = other == '"';
                line.push(other);
            }
        }
    }
    flush(&mut line, depth);
    lines.truncate(MAX_RAW_LINES);
    lines
}

/// Whether the money settled at another institution or account than was ordered. Banks write leading zeros or leave
/// them out, and what was masked or not said cannot differ.
fn is_elsewhere(ordered: &BankAccount, settled: &BankData) -> bool {
    let digits = |text: &str| -> String {
        let kept: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
        kept.trim_start_matches('0').to_ascii_uppercase()
    };
    let differs = |ordered: &str, settled: &Option<Safe>| {
        settled
            .as_ref()
            .map(Safe::as_str)
            .filter(|text| !text.is_empty() && !text.contains('*'))
            .is_some_and(|text| digits(text) != digits(ordered))
    };
    differs(ordered.ispb.as_str(), &settled.ispb)
        || differs(&ordered.branch, &settled.branch)
        || differs(&ordered.account, &settled.account)
}

/// Whether saldo sends it, or sends it again, by itself.
fn may_be_sent(pay: &CashOut) -> bool {
    pay.plan().is_some_and(|plan| plan.act == Act::Send)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_is_shown_to_the_letter_a_member_a_line() {
        let shown = pretty(br#"{"eventType":"CASHIN_PAID","data":{"amount":50.00,"name":"a, \"b\" {c}"}}"#);
        let expected = [
            "{",
            "  \"eventType\":\"CASHIN_PAID\",",
            "  \"data\":{",
            "    \"amount\":50.00,",
            "    \"name\":\"a, \\\"b\\\" {c}\"",
            "  }",
            "}",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn what_is_no_json_shows_as_what_it_is_and_is_safe() {
        assert_eq!(pretty(b"<html>\x1b[2J"), ["<html>[2J"]);
        assert_eq!(pretty(&[0xff, b'a']), ["\u{fffd}a"]);
        assert!(pretty(b"").is_empty());
        assert_eq!(pretty(b"{}]]"), ["{", "}", "]", "]"]);
    }

    #[test]
    fn money_that_settled_elsewhere_is_told() {
        let ordered = BankAccount {
            ispb: Ispb::parse("60746948").unwrap(),
            branch: "1234".to_owned(),
            account: "567890".to_owned(),
        };
        let bank = |ispb: &str, branch: Option<&str>, account: &str| BankData {
            ispb: Some(Safe::new(ispb)),
            bank: None,
            branch: branch.map(Safe::new),
            account: Some(Safe::new(account)),
        };
        for (settled, elsewhere) in [
            (bank("60746948", Some("1234"), "567890"), false),
            (bank("60746948", Some("01234"), "00056789-0"), false),
            (bank("60746948", None, "***890"), false),
            (bank("60746948", Some("1235"), "567890"), true),
            (bank("60746948", Some("1234"), "567891"), true),
            (bank("13935893", Some("1234"), "567890"), true),
        ] {
            assert_eq!(is_elsewhere(&ordered, &settled), elsewhere, "{settled:?}");
        }
    }
}

//! What became of what a person said.

use super::super::cash_out::stand_style;
use super::super::form;
use super::super::notices::pause_words;
use super::super::text::Lines;
use super::super::theme::Theme;
use super::finding;
use crate::app::resolve::{Fate, Sent};
use crate::app::{App, Finding, Intent, LaneError, Life, NotLookedInto};
use crate::domain::cash_out::{Because, CashOut, Refused, State};
use crate::domain::stand::Stand;
use crate::domain::text::Safe;
use crate::domain::transaction;

/// What became of it.
pub(super) fn render(app: &App, sent: &Sent, life: &Life, theme: &Theme, lines: &mut Lines<'_>) {
    let words = app.words();
    let intent = life.intent.as_ref();
    let [whose, reference] = app.whose(life);
    lines.line(&whose, theme.strong);
    lines.wrapped(&reference, theme.label);
    lines.line(&app.clock.full(sent.at), theme.label);
    lines.blank();
    let said = finding(app, &sent.finding);
    let columns = form::label_columns(said.iter().map(|(label, _)| *label), lines.columns());
    for (label, text) in &said {
        form::fact(lines, columns, (label, theme.label), (text, theme.text));
    }
    lines.blank();
    match &sent.fate {
        Fate::Waiting => {
            let asks = matches!(sent.finding, Finding::InternalCode { .. });
            lines.wrapped(if asks { words.resolve.asking } else { words.resolve.recording }, theme.text);
        }
        Fate::Recorded(after) => {
            // What was learned since says more than the answer to the finding.
            let after = after.as_deref();
            let now = match (intent, after) {
                (Some(intent), Some(after)) if intent.updated_at > after.updated_at => Some(intent),
                (_, after) => after,
            };
            lines.wrapped(words.resolve.recorded, theme.good);
            if let Some(now) = now {
                let is_declared = matches!(sent.finding, Finding::NotPaid { .. });
                if is_declared && now.cash_out.state == State::Held {
                    lines.wrapped(words.resolve.one_more, theme.warn);
                }
                lines.blank();
                stands(app, now, theme, lines);
            }
        }
        fate @ (Fate::NotRecorded(_) | Fate::Busy) => {
            let why = not_recorded(app, fate, intent.map(|intent| &intent.cash_out)).unwrap_or_default();
            lines.wrapped(&format!("{}: {why}", words.resolve.not_recorded), theme.bad);
            if let Some(intent) = intent {
                lines.wrapped(&app.lang.stays(intent.cash_out.state), theme.text);
            }
            lines.blank();
            lines.wrapped(words.cash_out.text_kept, theme.text);
        }
    }
}

fn stands(app: &App, now: &Intent, theme: &Theme, lines: &mut Lines<'_>) {
    let pay = &now.cash_out;
    let stand = Stand::of(transaction::State::Out(pay.state), pay.failure_reported, Some(pay));
    lines.wrapped(app.lang.stand(stand), stand_style(stand, theme));
    lines.wrapped(app.meaning(stand, Some(pay)), theme.text);
    if pay.is_contradicted() {
        lines.wrapped(app.words().detail.conflict, theme.bad);
    } else if pay.conflict {
        lines.wrapped(app.lang.conflict_closed(), theme.text);
    }
    if let Some(next) = app.next_step(pay) {
        lines.blank();
        lines.wrapped(&format!("{}: {next}", app.words().detail.next), theme.strong);
    }
}

/// Why nothing was recorded, if so; `pay` as it stands, where it is known.
pub(in crate::ui) fn not_recorded(app: &App, fate: &Fate, pay: Option<&CashOut>) -> Option<String> {
    let words = &app.words().resolve;
    let error = match fate {
        Fate::Waiting | Fate::Recorded(_) => return None,
        Fate::Busy => return Some(words.busy.to_owned()),
        Fate::NotRecorded(error) => error,
    };
    Some(match error {
        LaneError::Refused(Refused { because, .. }) => match (because, pay) {
            (Because::TooEarly, Some(pay)) => {
                let from = pay.declarable_from().unwrap_or(app.now);
                app.lang.too_early(&app.clock.near(from, app.now))
            }
            (Because::Contradicted, pay) => {
                app.lang.another_id(pay.and_then(CashOut::gateway_id).map(Safe::as_str))
            }
            (because, _) => app.lang.because(*because).to_owned(),
        },
        LaneError::Journal(error) => app.lang.raw_error(Safe::new(&error.to_string()).as_str()),
        LaneError::Look(error) => {
            format!("{}: {}", words.not_asked, app.lang.raw_error(&error.to_string()))
        }
        LaneError::NotThisPayment(why) => app.lang.not_this_payment(why),
        LaneError::NotLookedInto(why) => match why {
            NotLookedInto::Nothing => app.lang.nothing_to_look_into(),
            NotLookedInto::MoreTold => app.lang.more_told(),
            NotLookedInto::Reason => app.lang.look_reason(),
        }
        .to_owned(),
        LaneError::Busy => words.working.to_owned(),
        LaneError::Changed => words.changed.to_owned(),
        LaneError::Paused(pause) => pause_words(app, pause),
    })
}

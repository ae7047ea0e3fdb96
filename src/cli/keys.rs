//! `saldo keys`: which key does what, and where.

use serde::Serialize;

use super::Global;
use super::cockpit::language;
use super::failure::{Exit, Failure};
use super::output::{say, say_json, speak, spoken};
use crate::app::keymap::{Action, Keymap, RebindError, Refusal, Row, Wish};
use crate::config::{ConfigError, Env, Fault, Screen, load_screen};
use crate::domain::suggestion::suggestion;

/// A row as scripts read it.
#[derive(Debug, Serialize)]
struct Bound {
    /// Where; `everywhere` for what counts in every place.
    place: &'static str,
    /// The action's stable id.
    action: &'static str,
    /// By the names that the configuration takes.
    keys: Vec<String>,
    /// Whether the configuration bound it.
    rebound: bool,
    /// What it does.
    does: &'static str,
}

pub(super) fn run(global: &Global) -> Result<Exit, Failure> {
    let (overrides, env) = (global.overrides(), Env::of_process());
    let screen = load_screen(&overrides, &env)?;
    speak(language(screen.lang.as_ref().map(|lang| lang.value)));
    let lang = spoken();
    let keymap = keymap(&screen)?;
    let bound = |row: &Row| Bound {
        place: row.place.map_or("everywhere", |place| place.id()),
        action: row.action.id(),
        keys: row.keys(lang).iter().map(ToString::to_string).collect(),
        rebound: screen.keys.iter().any(|(id, _)| id == row.action.id()),
        does: row.action.term(&lang.words().actions).long,
    };
    let rows: Vec<Bound> = keymap.rows().map(bound).collect();
    if global.json {
        say_json(&rows);
        return Ok(Exit::Done);
    }
    let keys = |row: &Bound| if row.keys.is_empty() { "-".to_owned() } else { row.keys.join(" ") };
    let widest = |text: &dyn Fn(&Bound) -> usize| rows.iter().map(text).max().unwrap_or(0);
    let (place, action) = (widest(&|row| row.place.len()), widest(&|row| row.action.len()));
    let pressed = widest(&|row| keys(row).chars().count());
    for row in &rows {
        let mark = if row.rebound { "*" } else { " " };
        let (keys, does) = (keys(row), row.does);
        say(&format!("{:place$}  {:action$} {mark} {keys:pressed$}  {does}", row.place, row.action));
    }
    Ok(Exit::Done)
}

/// The keymap with what the configuration binds.
///
/// # Errors
///
/// The line of the binding that breaks a rule, and which.
pub(super) fn keymap(screen: &Screen) -> Result<Keymap, ConfigError> {
    let wish = |(id, keys): &(String, crate::config::Setting<Vec<String>>)| Wish {
        id: id.clone(),
        keys: keys.value.clone(),
    };
    let wishes: Vec<Wish> = screen.keys.iter().map(wish).collect();
    Keymap::rebound(&wishes).map_err(|refusal| told(screen, &refusal))
}

fn told(screen: &Screen, refusal: &Refusal) -> ConfigError {
    let origin = |at: usize| screen.keys.get(at).map(|(_, keys)| keys.origin.clone());
    let other = refusal.against.and_then(origin).map(|origin| format!(" (the other is bound by {origin})"));
    let what = format!("{}{}", refusal.why, other.unwrap_or_default());
    let remedy = match &refusal.why {
        RebindError::UnknownAction(id) => {
            let meant = suggestion(id, Action::ALL.iter().map(|action| action.id()));
            let meant = meant.map(|meant| format!("did you mean {meant:?}? "));
            format!("{}{}", meant.unwrap_or_default(), refusal.why.remedy())
        }
        why => why.remedy(),
    };
    let fault = Fault::new(what, remedy);
    fault.at(&origin(refusal.at).unwrap_or(crate::config::Origin::Default))
}

//! `saldo config show`: what saldo is told, and by whom.

use clap::Subcommand;

use super::Global;
use super::failure::{Exit, Failure};
use super::output::{say, say_json};
use crate::config::{Env, load, show};

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Every setting of the chosen profile; secrets show where they come from, never what they are
    Show {
        /// Also who decided each: flag, environment, profile, file or default
        #[arg(long)]
        origin: bool,
    },
}

pub(super) fn run(command: &ConfigCommand, global: &Global) -> Result<Exit, Failure> {
    let ConfigCommand::Show { origin } = *command;
    let loaded = load(&global.overrides(), &Env::of_process())?;
    let settings = show(&loaded, origin);
    if global.json {
        #[derive(serde::Serialize)]
        struct Setting {
            key: String,
            value: String,
            #[serde(skip_serializing_if = "Option::is_none")]
            origin: Option<String>,
        }
        let settings: Vec<Setting> =
            settings.into_iter().map(|(key, value, origin)| Setting { key, value, origin }).collect();
        say_json(&settings);
        return Ok(Exit::Done);
    }
    let keys = settings.iter().map(|(key, ..)| key.len()).max().unwrap_or(0);
    let values = settings.iter().map(|(_, value, _)| value.chars().count()).max().unwrap_or(0);
    for (key, value, origin) in settings {
        match origin {
            Some(origin) => say(&format!("{key:keys$}  {value:values$}  {origin}")),
            None => say(&format!("{key:keys$}  {value}")),
        }
    }
    Ok(Exit::Done)
}

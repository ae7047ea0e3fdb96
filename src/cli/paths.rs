//! `saldo paths`: where everything of a profile is, whether it exists yet or not.

use std::path::PathBuf;

use serde::Serialize;

use super::context::Context;
use super::failure::Exit;
use super::output::{say, say_json, spoken};
use crate::config::SecretSource;
use crate::journal::beside;
use crate::lang::Lang;

/// One file.
#[derive(Debug, Serialize)]
struct Place {
    what: &'static str,
    path: PathBuf,
    exists: bool,
}

pub(super) fn run(context: &Context) -> Exit {
    let mut places = Vec::new();
    let mut add = |what, path: PathBuf| {
        let exists = path.exists();
        places.push(Place { what, path, exists });
    };
    add("configuration", context.config_path.clone());
    let secrets = &context.settings.secrets;
    for (what, secret) in [
        ("client_secret", &secrets.client_secret),
        ("application_token", &secrets.application_token),
        ("crypto_token", &secrets.crypto_token),
    ] {
        if let SecretSource::File(path) = &secret.value {
            add(what, path.clone());
        }
    }
    let journal = context.journal_path();
    add("journal", journal.to_owned());
    for (what, ending) in [("lock", ".lock"), ("socket", ".sock"), ("reserve", "-reserve"), ("log", ".log")] {
        add(what, beside(journal, ending));
    }
    if context.json {
        say_json(&places);
        return Exit::Done;
    }
    for place in &places {
        let there = match spoken() {
            _ if place.exists => "",
            Lang::En => "  (not there yet)",
            Lang::PtBr => "  (ainda não existe)",
        };
        say(&format!("{:<17}  {}{there}", place.what, place.path.display()));
    }
    Exit::Done
}

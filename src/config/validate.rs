//! From the raw file to the typed one: one function a rule, each told its value's line.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::Spanned;

use crate::domain::alert::Quiet;
use crate::domain::money::Centavos;
use crate::domain::suggestion::suggestion;

use super::duration::validate_duration;
use super::error::{ConfigError, Fault};
use super::file::{
    Config, Environment, ExposureSource, JournalUrl, Lang, Notify, Profile, Screen, Sections, Setting,
};
use super::origin::Origin;
use super::raw::{
    RawAlerts, RawBand, RawConfig, RawConservation, RawExposure, RawJournal, RawKeys, RawPayments, RawPoll,
    RawProfile, RawSecret, RawWebhook, Text, describe,
};
use super::secret::{SecretSource, Secrets, validate_credential_name, validate_source_of_environment};
use super::url::{BaseUrl, WebUrl};

/// More often would be a load on the gateway; more seldom would be a picture of the past.
const POLL: RangeInclusive<Duration> = Duration::from_millis(500)..=Duration::from_secs(3_600);
/// After 24 hours a payment in doubt is held for a person, so nothing is sent again later than that.
const RESEND: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(24 * 3_600);
/// From a minute, below which a pace says nothing, to a week.
const COVERAGE: RangeInclusive<Duration> = Duration::from_secs(60)..=Duration::from_secs(7 * 24 * 3_600);
/// Shorter would ring for what passes by itself; longer, somebody would have noticed.
const PATIENT: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(24 * 3_600);
/// As for the poll; a command is started each time.
const EXPOSURE: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(3_600);

impl Config {
    /// Reads the text of a file; `path` is for the errors.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, with its line. Every profile is validated, not only the one in use.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let mut scope = Scope { text, path, profile: None };
        let raw: RawConfig = toml::from_str(text).map_err(|error| {
            describe(error.message()).at(&scope.origin(&error.span().unwrap_or_default()))
        })?;
        let screen = screen(&scope, (raw.lang, raw.theme), raw.mouse, raw.private, raw.keys)?;
        let mut config = Self {
            screen,
            profile: scope.text(raw.profile, |name| validate_profile_name(name).map(|()| name.to_owned()))?,
            sections: sections(
                &scope,
                (raw.webhook, raw.journal, raw.poll, raw.payments, raw.band, raw.exposure),
                (raw.alerts, raw.conservation),
            )?,
            ..Self::default()
        };
        for (name, raw) in raw.profiles {
            let span = name.span();
            let name = name.into_inner();
            scope.profile = Some(name.clone());
            validate_profile_name(&name).map_err(|fault| fault.at(&scope.origin(&span)))?;
            let read = profile(&scope, &span, raw)?;
            validate_band(&read.sections.clone().over(config.sections.clone()))?;
            config.profiles.insert(name, read);
        }
        if let Some(chosen) = &config.profile {
            validate_profile_exists(&chosen.value, &config, path)
                .map_err(|fault| fault.at(&chosen.origin))?;
        }
        Ok(config.with_defaults())
    }

    /// The file's own settings over saldo's.
    fn with_defaults(mut self) -> Self {
        self.sections = self.sections.over(Sections::default());
        self
    }
}

/// The text that is being read, and whose part of it.
struct Scope<'a> {
    text: &'a str,
    path: &'a Path,
    profile: Option<String>,
}

impl Scope<'_> {
    fn origin(&self, span: &Range<usize>) -> Origin {
        let before = self.text.as_bytes().iter().take(span.start);
        let line = before.filter(|byte| **byte == b'\n').count() + 1;
        let path = self.path.to_owned();
        match &self.profile {
            Some(name) => Origin::Profile { name: name.clone(), path, line },
            None => Origin::File { path, line },
        }
    }

    /// Applies a rule to a value that may be there.
    fn setting<R, T>(
        &self,
        raw: Option<Spanned<R>>,
        rule: impl FnOnce(R) -> Result<T, Fault>,
    ) -> Result<Option<Setting<T>>, ConfigError> {
        let Some(raw) = raw else { return Ok(None) };
        let origin = self.origin(&raw.span());
        match rule(raw.into_inner()) {
            Ok(value) => Ok(Some(Setting { value, origin })),
            Err(fault) => Err(fault.at(&origin)),
        }
    }

    fn text<T>(
        &self,
        raw: Text,
        rule: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Result<Option<Setting<T>>, ConfigError> {
        self.setting(raw, |text| rule(&text))
    }

    /// A key without which the profile at `span` is none.
    fn required<T>(
        &self,
        setting: Option<Setting<T>>,
        span: &Range<usize>,
        key: &str,
        example: &str,
    ) -> Result<Setting<T>, ConfigError> {
        setting.ok_or_else(|| {
            Fault::new(format!("the profile has no {key}"), format!("write {key} = {example}"))
                .at(&self.origin(span))
        })
    }
}

fn profile(scope: &Scope<'_>, span: &Range<usize>, raw: RawProfile) -> Result<Profile, ConfigError> {
    let environment = scope.text(raw.environment, validate_environment)?;
    let environment = scope.required(environment, span, "environment", "\"staging\"")?;
    let base_url = match (scope.text(raw.base_url, BaseUrl::parse)?, environment.value.default_base_url()) {
        (Some(own), _) => own,
        (None, Some(default)) => {
            Setting::default_of(BaseUrl::parse(default).map_err(|fault| fault.at(&scope.origin(span)))?)
        }
        (None, None) => {
            scope.required(None, span, "base_url", "\"http://127.0.0.1:8080\", where the sandbox is")?
        }
    };
    base_url.value.validate_environment(environment.value).map_err(|fault| fault.at(&base_url.origin))?;
    let client_id = scope.text(raw.client_id, validate_client_id)?;
    let secret = |raw: Option<Spanned<RawSecret>>, key: &str| {
        let example = format!("{{ file = \"/etc/saldo/{}\" }}", key.replace('_', "-"));
        let secret = scope.required(scope.setting(raw, validate_secret_source)?, span, key, &example)?;
        validate_source_of_environment(&secret.value, environment.value, &secret.origin)?;
        Ok(secret)
    };
    Ok(Profile {
        client_id: scope.required(client_id, span, "client_id", "\"48213\"")?,
        secrets: Secrets {
            client_secret: secret(raw.client_secret, "client_secret")?,
            application_token: secret(raw.application_token, "application_token")?,
            crypto_token: secret(raw.crypto_token, "crypto_token")?,
        },
        webhook_url: scope.text(raw.webhook_url, WebUrl::parse)?,
        read_only: scope.setting(raw.read_only, Ok)?.unwrap_or(Setting::default_of(false)),
        sections: sections(
            scope,
            (raw.webhook, raw.journal, raw.poll, raw.payments, raw.band, raw.exposure),
            (raw.alerts, raw.conservation),
        )?,
        environment,
        base_url,
    })
}

fn screen(
    scope: &Scope<'_>,
    (lang, theme): (Text, Text),
    mouse: Option<Spanned<bool>>,
    private: Option<Spanned<bool>>,
    keys: BTreeMap<Spanned<String>, RawKeys>,
) -> Result<Screen, ConfigError> {
    let default = Screen::default();
    let mut bound = Vec::new();
    for (id, keys) in keys {
        // The action's line, for that is what a person looks for.
        let origin = scope.origin(&id.span());
        let id = id.into_inner();
        match keys {
            RawKeys::Bound(keys) => bound.push((id, Setting { value: keys.into_inner(), origin })),
            RawKeys::Table(inner) => {
                let rest = inner.keys().next().map_or("open", String::as_str);
                let what = format!("{id}.{rest} without quotes is a table in TOML, and no action");
                let remedy = format!("write \"{id}.{rest}\" = [\"x\"], with the id in quotes");
                return Err(Fault::new(what, remedy).at(&origin));
            }
        }
    }
    Ok(Screen {
        lang: scope.text(lang, validate_lang)?,
        theme: scope.text(theme, validate_theme)?.unwrap_or(default.theme),
        mouse: scope.setting(mouse, Ok)?,
        private: scope.setting(private, Ok)?.unwrap_or(default.private),
        themes: scope.path.parent().map(|folder| folder.join("themes")),
        keys: bound,
    })
}

type RawSections = (
    Option<RawWebhook>,
    Option<RawJournal>,
    Option<RawPoll>,
    Option<RawPayments>,
    Option<RawBand>,
    Option<RawExposure>,
);

fn sections(
    scope: &Scope<'_>,
    raw: RawSections,
    (alerts, conservation): (Option<RawAlerts>, Option<RawConservation>),
) -> Result<Sections, ConfigError> {
    let (webhook, journal, poll, payments, band, exposure) = raw;
    let alerts = alerts.unwrap_or_default();
    let conservation = conservation.unwrap_or_default();
    let webhook = webhook.unwrap_or_default();
    let band = band.unwrap_or_default();
    let exposure = exposure.unwrap_or_default();
    let duration =
        |raw: Text, range: &RangeInclusive<Duration>| scope.text(raw, |text| validate_duration(text, range));
    Ok(Sections {
        listen: scope.text(webhook.listen, validate_listen)?,
        forward: forward(scope, webhook.forward)?,
        journal: scope.text(journal.unwrap_or_default().url, validate_journal)?,
        poll_balance: duration(poll.unwrap_or_default().balance, &POLL)?,
        resend_window: duration(payments.unwrap_or_default().resend_window, &RESEND)?,
        floor: scope.text(band.floor, validate_amount)?,
        target: scope.text(band.target, validate_amount)?,
        ceiling: scope.text(band.ceiling, validate_amount)?,
        exposure: exposure_source(scope, exposure.command, exposure.file)?,
        exposure_every: duration(exposure.every, &EXPOSURE)?,
        notify: scope.text(alerts.notify, validate_notify)?,
        alert_command: scope.setting(alerts.command, validate_command)?,
        quiet: scope.text(alerts.quiet, validate_quiet)?,
        coverage: duration(alerts.coverage, &COVERAGE)?,
        stands_still: duration(alerts.stands_still, &PATIENT)?,
        webhooks_late: duration(alerts.webhooks_late, &PATIENT)?,
        in_doubt: duration(alerts.in_doubt, &PATIENT)?,
        sees_everything: scope.setting(conservation.sees_everything, Ok)?,
    })
}

/// Each address has a line of its own to complain about.
fn forward(
    scope: &Scope<'_>,
    raw: Option<Spanned<Vec<Spanned<String>>>>,
) -> Result<Option<Setting<Vec<WebUrl>>>, ConfigError> {
    let Some(raw) = raw else { return Ok(None) };
    let origin = scope.origin(&raw.span());
    let mut value = Vec::new();
    for address in raw.into_inner() {
        value.extend(scope.text(Some(address), WebUrl::parse)?.map(|address| address.value));
    }
    Ok(Some(Setting { value, origin }))
}

fn exposure_source(
    scope: &Scope<'_>,
    command: Option<Spanned<Vec<String>>>,
    file: Text,
) -> Result<Option<Setting<ExposureSource>>, ConfigError> {
    if let (Some(_), Some(file)) = (&command, &file) {
        let fault = Fault::new("the exposure comes from a command and from a file", "keep one of the two");
        return Err(fault.at(&scope.origin(&file.span())));
    }
    let command = scope.setting(command, |words| validate_command(words).map(ExposureSource::Command))?;
    let file = scope.text(file, |path| validate_whole_path(path).map(ExposureSource::File))?;
    Ok(command.or(file))
}

/// The name of a file without its ending; which themes there are is not known here.
pub(super) fn validate_theme(name: &str) -> Result<String, Fault> {
    let in_order = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
    if (1..=64).contains(&name.len()) && name.chars().all(in_order) {
        return Ok(name.to_owned());
    }
    let remedy = "write auto, dark, light, high-contrast, ansi16, none, or the name of a file in the folder `themes`, \
                  without .toml";
    Err(Fault::new(format!("{name:?} is no name for a theme"), remedy))
}

/// A profile's name is also the name of its folder.
pub(super) fn validate_profile_name(name: &str) -> Result<(), Fault> {
    let in_order =
        |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.');
    if (1..=64).contains(&name.len()) && !name.starts_with(['.', '-']) && name.chars().all(in_order) {
        return Ok(());
    }
    Err(Fault::new(
        format!("{name:?} is no name for a profile"),
        "write up to 64 letters, digits, - _ or ., a letter or digit first",
    ))
}

pub(super) fn validate_profile_exists(name: &str, config: &Config, path: &Path) -> Result<(), Fault> {
    if config.profiles.contains_key(name) {
        return Ok(());
    }
    let names: Vec<&str> = config.profiles.keys().map(String::as_str).collect();
    let remedy = match suggestion(name, names.iter().copied()) {
        Some(meant) => format!("did you mean {meant:?}?"),
        None if names.is_empty() => format!("write a table [profiles.{name}]"),
        None => format!("it has {}", names.join(", ")),
    };
    Err(Fault::new(format!("there is no profile {name:?} in {}", path.display()), remedy))
}

fn validate_environment(text: &str) -> Result<Environment, Fault> {
    Environment::ALL.into_iter().find(|one| one.as_str() == text).ok_or_else(|| {
        let remedy = suggestion(text, Environment::ALL.map(Environment::as_str)).map_or_else(
            || "write staging, production or sandbox".to_owned(),
            |meant| format!("did you mean {meant:?}?"),
        );
        Fault::new(format!("there is no environment {text:?}"), remedy)
    })
}

fn validate_client_id(text: &str) -> Result<String, Fault> {
    if (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    Err(Fault::new(
        "a client_id has digits only, at most 20",
        "write the number that the gateway gave you, in quotes",
    ))
}

fn validate_secret_source(raw: RawSecret) -> Result<SecretSource, Fault> {
    let remedy = "write one of { file = … }, { env = … }, { command = [ … ] }, { credential = … }";
    let sources = [
        raw.file.map(|path| validate_whole_path(&path).map(SecretSource::File)),
        raw.env.map(|name| validate_variable_name(&name).map(|()| SecretSource::Env(name))),
        raw.command.map(|words| validate_command(words).map(SecretSource::Command)),
        raw.credential.map(|name| validate_credential_name(&name).map(|()| SecretSource::Credential(name))),
        raw.value.map(|secret| Ok(SecretSource::Value(secret.into()))),
    ];
    let mut given = sources.into_iter().flatten();
    match (given.next(), given.next()) {
        (Some(only), None) => only,
        (None, _) => Err(Fault::new("the secret has no source", remedy)),
        (Some(_), Some(_)) => Err(Fault::new("the secret has more than one source", remedy)),
    }
}

fn validate_variable_name(name: &str) -> Result<(), Fault> {
    let in_order = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.bytes().all(in_order)
    {
        return Ok(());
    }
    // Not repeated: somebody may have written the secret itself here.
    Err(Fault::new("not the name of a variable", "write it like SALDO_CLIENT_SECRET, without $"))
}

fn validate_command(words: Vec<String>) -> Result<Vec<String>, Fault> {
    let remedy = "write a list like [\"/usr/local/bin/program\", \"argument\"]; no shell reads it";
    match words.first() {
        None => Err(Fault::new("the command is empty", remedy)),
        Some(program) if program.trim().is_empty() => Err(Fault::new("the command names no program", remedy)),
        Some(_) if words.iter().any(|word| word.contains('\0')) => {
            Err(Fault::new("there is a null character in the command", remedy))
        }
        Some(_) => Ok(words),
    }
}

fn validate_notify(text: &str) -> Result<Notify, Fault> {
    Notify::ALL.into_iter().find(|one| one.as_str() == text).ok_or_else(|| {
        let remedy = suggestion(text, Notify::ALL.map(Notify::as_str)).map_or_else(
            || "write auto, osc9, osc777 or off".to_owned(),
            |meant| format!("did you mean {meant:?}?"),
        );
        Fault::new(format!("there is no way to notify {text:?}"), remedy)
    })
}

fn validate_quiet(text: &str) -> Result<Quiet, Fault> {
    Quiet::parse(text).map_err(|error| {
        Fault::new(
            format!("{text:?} are no quiet hours: {error}"),
            "write two times of the desk's day, like \"22:00-07:00\"",
        )
    })
}

/// saldo is started from many folders, as a service from `/`: a path that depends on it is a trap.
fn validate_whole_path(text: &str) -> Result<PathBuf, Fault> {
    let path = PathBuf::from(text);
    if path.is_absolute() && !text.contains('\0') {
        return Ok(path);
    }
    Err(Fault::new("not a whole path", "write it from the root on, like /etc/saldo/client-secret"))
}

fn validate_listen(text: &str) -> Result<SocketAddr, Fault> {
    text.parse().map_err(|_| {
        Fault::new(
            format!("{text:?} is no address to listen at"),
            "write an IP address and a port, like 127.0.0.1:8087",
        )
    })
}

/// The address of a journal. It is not repeated: a server's address may hold a password.
fn validate_journal(text: &str) -> Result<JournalUrl, Fault> {
    let path = validate_sqlite(text)?;
    if !path.is_absolute() {
        return Err(Fault::new("the journal's path is not whole", JOURNAL_REMEDY));
    }
    Ok(JournalUrl::Sqlite(path))
}

/// As in the file, but a person at a prompt may also name a path from where they are.
pub(super) fn validate_journal_given(text: &str) -> Result<JournalUrl, Fault> {
    let path = validate_sqlite(text)?;
    std::path::absolute(path).map(JournalUrl::Sqlite).map_err(|error| {
        Fault::new(format!("the journal's path cannot be made whole ({error})"), JOURNAL_REMEDY)
    })
}

const JOURNAL_REMEDY: &str = "write sqlite: and a whole path, like sqlite:/var/lib/saldo/journal.db";

fn validate_sqlite(text: &str) -> Result<PathBuf, Fault> {
    let Some(path) = text.strip_prefix("sqlite:") else {
        let what = match text.split_once(':') {
            Some(("postgres" | "postgresql", _)) => "this saldo keeps its journal in SQLite only",
            _ => "not the address of a journal",
        };
        return Err(Fault::new(what, JOURNAL_REMEDY));
    };
    // `sqlite:///path` is how many programs write the same.
    let path = path.strip_prefix("//").unwrap_or(path);
    if path == ":memory:" {
        return Err(Fault::new("a journal has to outlive the program", JOURNAL_REMEDY));
    }
    if path.is_empty() || path.ends_with('/') || path.contains('\0') {
        return Err(Fault::new("the journal's path names no file", JOURNAL_REMEDY));
    }
    if path.starts_with('~') {
        return Err(Fault::new("nobody expands ~ in the journal's path", JOURNAL_REMEDY));
    }
    Ok(PathBuf::from(path))
}

fn validate_amount(text: &str) -> Result<Centavos, Fault> {
    Centavos::parse_typed(text).map_err(|error| {
        Fault::new(format!("{text:?} is no amount ({error})"), "write reais in quotes, like \"300000,00\"")
    })
}

/// All three or none, and in order. Layered first: a profile may move one edge of the file's band.
fn validate_band(sections: &Sections) -> Result<(), ConfigError> {
    let edges = [("floor", &sections.floor), ("target", &sections.target), ("ceiling", &sections.ceiling)];
    let Some(given) = edges.iter().find_map(|(_, edge)| edge.as_ref()) else { return Ok(()) };
    let mut lower: Option<(&str, Centavos)> = None;
    for (name, edge) in edges {
        let Some(edge) = edge else {
            let fault = Fault::new(
                format!("the band has no {name}"),
                "write floor, target and ceiling, or none of them",
            );
            return Err(fault.at(&given.origin));
        };
        if let Some((lower, least)) = lower.filter(|(_, least)| *least > edge.value) {
            let fault = Fault::new(
                format!("the band's {name} ({}) is below its {lower} ({least})", edge.value),
                "write floor <= target <= ceiling",
            );
            return Err(fault.at(&edge.origin));
        }
        lower = Some((name, edge.value));
    }
    Ok(())
}

/// `pt-BR` or `en`, in any case.
pub(super) fn validate_lang(text: &str) -> Result<Lang, Fault> {
    [Lang::PtBr, Lang::En]
        .into_iter()
        .find(|lang| lang.as_str().eq_ignore_ascii_case(text))
        .ok_or_else(|| Fault::new(format!("saldo does not speak {text:?}"), "write pt-BR or en"))
}

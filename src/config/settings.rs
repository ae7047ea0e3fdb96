//! One profile, layered and ready to use.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::duration::shown;
use super::error::{ConfigError, Fault};
use super::file::{
    Config, DEFAULT_EXPOSURE_EVERY, DEFAULT_IN_DOUBT, DEFAULT_POLL, DEFAULT_RESEND_WINDOW,
    DEFAULT_STANDS_STILL, DEFAULT_WEBHOOKS_LATE, Environment, ExposureSource, JournalUrl, Lang, Notify,
    Profile, Screen, Sections, Setting,
};
use super::locate::{Env, Overrides, config_path};
use super::origin::{Origin, Origins};
use super::secret::{Credentials, SecretSource, Secrets};
use super::url::{BaseUrl, WebUrl};
use super::validate::{validate_journal_given, validate_lang, validate_profile_exists, validate_theme};
use crate::domain::alert::Quiet;
use crate::domain::band::Band;
use crate::domain::permission::Access;

/// A configuration of any sense is shorter; a device or a log given by mistake is not read to its end.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// Where webhooks are taken if no `webhook_url` says otherwise.
const DEFAULT_WEBHOOK_PATH: &str = "/webhooks/connectpsp";

/// What the smallest file of use says.
const PROFILE_REMEDY: &str = "`saldo init` writes one and checks it, `saldo demo` needs none; by hand: a table [profiles.staging] \
                              with environment, client_id, client_secret, application_token and crypto_token";

/// The chosen profile and how it came to be.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The file that was read.
    pub path: PathBuf,
    /// What to work with.
    pub settings: Settings,
    /// Who decided each setting.
    pub origins: Origins,
}

/// Everything that a run of saldo is told. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The profile's name.
    pub profile: String,
    /// Which gateway, as a word.
    pub environment: Environment,
    /// Which gateway, as an address.
    pub base_url: BaseUrl,
    /// Digits, sent as text.
    pub client_id: String,
    /// Where the secrets are; [`Settings::read_secrets`] reads them.
    pub secrets: Secrets,
    /// Whether anything may be sent; `--read-only` or the profile's `read_only` say no.
    pub access: Access,
    /// Sent with cash-outs and cash-ins.
    pub webhook_url: Option<WebUrl>,
    /// Our own end of the webhooks.
    pub webhook: WebhookSettings,
    /// Where the journal is.
    pub journal: JournalUrl,
    /// From one poll of the balance to the next.
    pub poll_balance: Duration,
    /// How long the same bytes of a payment in doubt may be sent again.
    pub resend_window: Duration,
    /// What the desk holds against the transactional balance.
    pub band: Option<Band>,
    /// What the platform's users hold plus what is in flight.
    pub exposure: Option<Exposure>,
    /// What the desk is told, and how.
    pub alerts: AlertSettings,
    /// The language that was asked for; otherwise the locale decides.
    pub lang: Option<Lang>,
    /// How the cockpit is worked and looks.
    pub screen: Screen,
}

/// What the desk is told, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertSettings {
    /// How the terminal is asked to notify.
    pub notify: Notify,
    /// A program and its arguments, run without a shell, that is given each alert as a line of JSON.
    pub command: Option<Vec<String>>,
    /// When only what cannot wait is told.
    pub quiet: Option<Quiet>,
    /// The balance ought to pay for so long at the present outflow.
    pub coverage: Option<Duration>,
    /// The gateway may give the same snapshot for so long.
    pub stands_still: Duration,
    /// A webhook may come so long after what it tells.
    pub webhooks_late: Duration,
    /// A payment may be in doubt for so long.
    pub in_doubt: Duration,
    /// Whether saldo is told everything that moves.
    pub sees_everything: bool,
}

impl Default for AlertSettings {
    fn default() -> Self {
        Self {
            notify: Notify::default(),
            command: None,
            quiet: None,
            coverage: None,
            stands_still: DEFAULT_STANDS_STILL,
            webhooks_late: DEFAULT_WEBHOOKS_LATE,
            in_doubt: DEFAULT_IN_DOUBT,
            sees_everything: false,
        }
    }
}

/// Our own end of the webhooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookSettings {
    /// Where to listen; `None` is nowhere.
    pub listen: Option<SocketAddr>,
    /// The path of `webhook_url`, or `/webhooks/connectpsp`.
    pub path: String,
    /// Who gets every authentic webhook verbatim.
    pub forward: Vec<WebUrl>,
}

/// Where the exposure comes from and how often it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposure {
    /// Who says it.
    pub source: ExposureSource,
    /// From one question to the next.
    pub every: Duration,
}

impl Settings {
    /// Reads the three secrets of the profile. Blocks, for a command up to 10 s each.
    ///
    /// # Errors
    ///
    /// The line of the source that gave no usable secret, and why; never a secret.
    pub fn read_secrets(&self, env: &Env) -> Result<Credentials, ConfigError> {
        self.secrets.read(env)
    }
}

/// Finds, reads and validates the file, chooses the profile and applies flag > environment > profile > file >
/// default. Reads no secret.
///
/// # Errors
///
/// The first thing that is wrong, as `PATH:LINE: what is wrong; what to write instead`.
pub fn load(overrides: &Overrides, env: &Env) -> Result<Loaded, ConfigError> {
    let (path, named_by) = config_path(overrides, env)?;
    let config = Config::parse(&read_file(&path, &named_by)?, &path)?;
    let name = choose_profile(overrides, env, &config, &path)?;
    let mut profile = config.profiles.get(&name.value).ok_or_else(|| no_profile(&path))?.clone();
    if overrides.read_only {
        profile.read_only = Setting { value: true, origin: Origin::Flag("--read-only") };
    }
    let mut sections = profile.sections.clone().over(config.sections);
    if let Some(given) = given(overrides.journal.as_ref(), "--journal", env, "SALDO_JOURNAL")? {
        sections.journal = Some(given.checked(validate_journal_given)?);
    }
    if sections.journal.is_none() {
        sections.journal = Some(Setting::default_of(default_journal(&name.value, env)?));
    }
    let screen = config.screen.under(overrides, env)?;
    let origins = origins(&name, &profile, &sections, &screen);
    Ok(Loaded { path, settings: settle(name.value, profile, sections, screen)?, origins })
}

/// How the cockpit is worked and looks, whichever profile is chosen; saldo's own where there is no file and none was
/// named.
///
/// # Errors
///
/// As [`load`].
pub fn load_screen(overrides: &Overrides, env: &Env) -> Result<Screen, ConfigError> {
    let screen = match config_path(overrides, env) {
        Ok((path, Origin::Default)) if !path.exists() => Screen::default(),
        Err(_) => Screen::default(),
        Ok((path, named_by)) => Config::parse(&read_file(&path, &named_by)?, &path)?.screen,
    };
    screen.under(overrides, env)
}

impl Screen {
    /// The same, with what command line and environment say.
    ///
    /// # Errors
    ///
    /// A language that saldo does not speak, a theme that cannot be one.
    pub fn under(mut self, overrides: &Overrides, env: &Env) -> Result<Self, ConfigError> {
        self.lang = given_language(overrides, env)?.or(self.lang);
        if let Some(value) = overrides.theme.clone() {
            let flag = Setting { value, origin: Origin::Flag("--theme") };
            self.theme = flag.checked(validate_theme)?;
        }
        if overrides.private {
            self.private = Setting { value: true, origin: Origin::Flag("--private") };
        }
        Ok(self)
    }
}

/// The language that flag or environment ask for, where there is no file to read.
///
/// # Errors
///
/// A language that saldo does not speak.
pub fn asked_language(overrides: &Overrides, env: &Env) -> Result<Option<Lang>, ConfigError> {
    Ok(given_language(overrides, env)?.map(|lang| lang.value))
}

fn given_language(overrides: &Overrides, env: &Env) -> Result<Option<Setting<Lang>>, ConfigError> {
    given(overrides.lang.as_ref(), "--lang", env, "SALDO_LANG")?
        .map(|lang| lang.checked(validate_lang))
        .transpose()
}

/// The layers are merged; what is left is to take the values out.
fn settle(
    name: String,
    profile: Profile,
    sections: Sections,
    screen: Screen,
) -> Result<Settings, ConfigError> {
    let webhook_url = profile.webhook_url.map(|url| url.value);
    let duration =
        |setting: Option<Setting<Duration>>, default| setting.map_or(default, |setting| setting.value);
    let every = duration(sections.exposure_every, DEFAULT_EXPOSURE_EVERY);
    Ok(Settings {
        profile: name,
        environment: profile.environment.value,
        base_url: profile.base_url.value,
        client_id: profile.client_id.value,
        secrets: profile.secrets,
        access: if profile.read_only.value { Access::ReadOnly } else { Access::Full },
        webhook: WebhookSettings {
            listen: sections.listen.map(|listen| listen.value),
            path: webhook_url.as_ref().map_or(DEFAULT_WEBHOOK_PATH, WebUrl::path).to_owned(),
            forward: sections.forward.map(|forward| forward.value).unwrap_or_default(),
        },
        webhook_url,
        journal: sections.journal.map(|journal| journal.value).ok_or_else(no_state_folder)?,
        poll_balance: duration(sections.poll_balance, DEFAULT_POLL),
        resend_window: duration(sections.resend_window, DEFAULT_RESEND_WINDOW),
        band: match (sections.floor, sections.target, sections.ceiling) {
            (Some(floor), Some(target), Some(ceiling)) => {
                let edges = Band::new(floor.value, target.value, ceiling.value);
                Some(edges.map_err(|error| {
                    Fault::new(error.to_string(), "write floor <= target <= ceiling").at(&floor.origin)
                })?)
            }
            _ => None,
        },
        exposure: sections.exposure.map(|source| Exposure { source: source.value, every }),
        alerts: AlertSettings {
            notify: sections.notify.map(|notify| notify.value).unwrap_or_default(),
            command: sections.alert_command.map(|command| command.value),
            quiet: sections.quiet.map(|quiet| quiet.value),
            coverage: sections.coverage.map(|coverage| coverage.value),
            stands_still: duration(sections.stands_still, DEFAULT_STANDS_STILL),
            webhooks_late: duration(sections.webhooks_late, DEFAULT_WEBHOOKS_LATE),
            in_doubt: duration(sections.in_doubt, DEFAULT_IN_DOUBT),
            sees_everything: sections.sees_everything.is_some_and(|sees| sees.value),
        },
        lang: screen.lang.as_ref().map(|lang| lang.value),
        screen,
    })
}

/// Every setting with its origin, in the order of the sample file.
fn origins(name: &Setting<String>, profile: &Profile, sections: &Sections, screen: &Screen) -> Origins {
    let mut origins = Origins::default();
    origins.record("profile", Some(name), String::clone);
    origins.record("environment", Some(&profile.environment), Environment::to_string);
    origins.record("base_url", Some(&profile.base_url), BaseUrl::to_string);
    origins.record("client_id", Some(&profile.client_id), String::clone);
    origins.record("client_secret", Some(&profile.secrets.client_secret), SecretSource::to_string);
    origins.record("application_token", Some(&profile.secrets.application_token), SecretSource::to_string);
    origins.record("crypto_token", Some(&profile.secrets.crypto_token), SecretSource::to_string);
    origins.record("webhook_url", profile.webhook_url.as_ref(), WebUrl::to_string);
    origins.record("read_only", Some(&profile.read_only), bool::to_string);
    origins.record("webhook.listen", sections.listen.as_ref(), SocketAddr::to_string);
    origins.record("webhook.forward", sections.forward.as_ref(), |addresses| {
        let shown: Vec<String> = addresses.iter().map(WebUrl::to_string).collect();
        format!("[{}]", shown.join(", "))
    });
    origins.record("journal.url", sections.journal.as_ref(), JournalUrl::to_string);
    origins.record("poll.balance", sections.poll_balance.as_ref(), |poll| shown(*poll));
    origins.record("payments.resend_window", sections.resend_window.as_ref(), |window| shown(*window));
    origins.record("band.floor", sections.floor.as_ref(), |edge| edge.to_typed());
    origins.record("band.target", sections.target.as_ref(), |edge| edge.to_typed());
    origins.record("band.ceiling", sections.ceiling.as_ref(), |edge| edge.to_typed());
    let exposure_key = match sections.exposure.as_ref().map(|source| &source.value) {
        Some(ExposureSource::File(_)) => "exposure.file",
        _ => "exposure.command",
    };
    origins.record(exposure_key, sections.exposure.as_ref(), |source| match source {
        ExposureSource::Command(words) => format!("{words:?}"),
        ExposureSource::File(path) => path.display().to_string(),
    });
    origins.record("exposure.every", sections.exposure_every.as_ref(), |every| shown(*every));
    origins.record("alerts.notify", sections.notify.as_ref(), |notify| notify.as_str().to_owned());
    origins.record("alerts.command", sections.alert_command.as_ref(), |words| format!("{words:?}"));
    origins.record("alerts.quiet", sections.quiet.as_ref(), Quiet::to_string);
    origins.record("alerts.coverage", sections.coverage.as_ref(), |coverage| shown(*coverage));
    origins.record("alerts.stands_still", sections.stands_still.as_ref(), |still| shown(*still));
    origins.record("alerts.webhooks_late", sections.webhooks_late.as_ref(), |late| shown(*late));
    origins.record("alerts.in_doubt", sections.in_doubt.as_ref(), |doubt| shown(*doubt));
    origins.record("conservation.sees_everything", sections.sees_everything.as_ref(), bool::to_string);
    origins.record("lang", screen.lang.as_ref(), |lang| lang.as_str().to_owned());
    origins.record("theme", Some(&screen.theme), String::clone);
    origins.record("mouse", screen.mouse.as_ref(), bool::to_string);
    origins.record("private", Some(&screen.private), bool::to_string);
    origins
}

/// What a flag or, failing that, a variable says; a variable that is set to nothing says nothing.
fn given(
    flag: Option<&String>,
    flag_name: &'static str,
    env: &Env,
    variable: &'static str,
) -> Result<Option<Setting<String>>, ConfigError> {
    if let Some(value) = flag {
        return Ok(Some(Setting { value: value.clone(), origin: Origin::Flag(flag_name) }));
    }
    let value = env.text(variable)?;
    Ok(value.map(|value| Setting { value, origin: Origin::Environment(variable) }))
}

impl Setting<String> {
    /// The value by a rule, which complains with the value's origin.
    fn checked<T>(self, rule: impl FnOnce(&str) -> Result<T, Fault>) -> Result<Setting<T>, ConfigError> {
        let value = rule(&self.value).map_err(|fault| fault.at(&self.origin))?;
        Ok(Setting { value, origin: self.origin })
    }
}

/// The flag's, the variable's or the file's profile; if the file has a single one, that one.
fn choose_profile(
    overrides: &Overrides,
    env: &Env,
    config: &Config,
    path: &Path,
) -> Result<Setting<String>, ConfigError> {
    let named = given(overrides.profile.as_ref(), "--profile", env, "SALDO_PROFILE")?;
    if let Some(named) = named.or_else(|| config.profile.clone()) {
        return named.checked(|name| validate_profile_exists(name, config, path).map(|()| name.to_owned()));
    }
    let mut names = config.profiles.keys();
    match (names.next(), names.next()) {
        (Some(only), None) => Ok(Setting::default_of(only.clone())),
        (Some(first), Some(_)) => {
            let all: Vec<&str> = config.profiles.keys().map(String::as_str).collect();
            let fault = Fault::new(
                format!("there are several profiles ({}) and none is chosen", all.join(", ")),
                format!("write profile = {first:?} at the top, or give --profile"),
            );
            Err(ConfigError::new(format!("{}:1", path.display()), fault))
        }
        (None, _) => Err(no_profile(path)),
    }
}

fn no_profile(path: &Path) -> ConfigError {
    ConfigError::new(format!("{}:1", path.display()), Fault::new("there is no profile", PROFILE_REMEDY))
}

fn default_journal(profile: &str, env: &Env) -> Result<JournalUrl, ConfigError> {
    let folder = env.state_folder().ok_or_else(no_state_folder)?;
    Ok(JournalUrl::Sqlite(folder.join(profile).join("journal.db")))
}

fn no_state_folder() -> ConfigError {
    let fault = Fault::new(
        "there is no home folder to keep the journal in",
        "write url = \"sqlite:/var/lib/saldo/journal.db\", or give --journal",
    );
    ConfigError::new("journal.url", fault)
}

fn read_file(path: &Path, named_by: &Origin) -> Result<String, ConfigError> {
    let shown = path.display().to_string();
    let failed = |what: String, remedy: &str| ConfigError::new(&shown, Fault::new(what, remedy));
    let file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            failed(format!("there is no configuration here, {}", why_here(named_by)), PROFILE_REMEDY)
        }
        _ => failed(
            format!("the configuration cannot be read ({error})"),
            "give this user the right to read it",
        ),
    })?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| failed(format!("the configuration cannot be read ({error})"), "name a TOML file"))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(failed("larger than 1 MiB".to_owned(), "name a TOML file"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error.as_bytes().iter().take(valid).filter(|byte| **byte == b'\n').count() + 1;
        let fault = Fault::new(format!("byte {} of the file is not UTF-8", valid + 1), "save it as UTF-8");
        ConfigError::new(format!("{shown}:{line}"), fault)
    })
}

fn why_here(named_by: &Origin) -> String {
    match named_by {
        Origin::Default => "where saldo looks without --config and SALDO_CONFIG".to_owned(),
        other => format!("the file that {} names", other.place()),
    }
}

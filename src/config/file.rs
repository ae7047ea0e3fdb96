//! What a file says, typed and validated, before one of its profiles is chosen.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::domain::alert::Quiet;
use crate::domain::money::Centavos;

use super::origin::Origin;
use super::secret::Secrets;
use super::url::{BaseUrl, WebUrl};

/// `poll.balance`, if nobody says otherwise.
pub(super) const DEFAULT_POLL: Duration = Duration::from_secs(5);
/// `payments.resend_window`, if nobody says otherwise.
pub(super) const DEFAULT_RESEND_WINDOW: Duration = Duration::from_secs(3_600);
/// `exposure.every`, if nobody says otherwise.
pub(super) const DEFAULT_EXPOSURE_EVERY: Duration = Duration::from_secs(30);
/// `alerts.stands_still`, if nobody says otherwise.
pub(super) const DEFAULT_STANDS_STILL: Duration = Duration::from_secs(5 * 60);
/// `alerts.webhooks_late`, if nobody says otherwise.
pub(super) const DEFAULT_WEBHOOKS_LATE: Duration = Duration::from_secs(2 * 60);
/// `alerts.in_doubt`, if nobody says otherwise.
pub(super) const DEFAULT_IN_DOUBT: Duration = Duration::from_secs(60);

/// Which gateway a profile speaks to: it decides the address, and the colour and word on every screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Environment {
    /// ConnectPSP's test environment (homologação).
    Staging,
    /// Real money.
    Production,
    /// saldo's own imitation of the gateway.
    Sandbox,
}

impl Environment {
    /// Every environment.
    pub const ALL: [Self; 3] = [Self::Staging, Self::Production, Self::Sandbox];

    /// `staging`, `production`, `sandbox`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Staging => "staging",
            Self::Production => "production",
            Self::Sandbox => "sandbox",
        }
    }

    /// The gateway's published address; a sandbox has none.
    pub const fn default_base_url(self) -> Option<&'static str> {
        match self {
            Self::Staging => Some("https://api.homologacao.connectpsp.com"),
            Self::Production => Some("https://api.connectpsp.com"),
            Self::Sandbox => None,
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

/// The language of the screens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lang {
    /// Portuguese as in Brazil.
    PtBr,
    /// English.
    En,
}

impl Lang {
    /// `pt-BR` or `en`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PtBr => "pt-BR",
            Self::En => "en",
        }
    }
}

/// Where the journal is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JournalUrl {
    /// A SQLite file, by its whole path.
    Sqlite(PathBuf),
}

/// `sqlite:/var/lib/saldo/journal.db`.
impl fmt::Display for JournalUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Sqlite(path) = self;
        write!(out, "sqlite:{}", path.display())
    }
}

/// Who says what the platform's users hold plus what is in flight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExposureSource {
    /// A program and its arguments, run without a shell, that prints an amount.
    Command(Vec<String>),
    /// A file that holds an amount.
    File(PathBuf),
}

/// How the terminal is asked to notify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Notify {
    /// As the terminal is known to understand.
    #[default]
    Auto,
    /// By OSC 9 (iTerm2, WezTerm, Windows Terminal, kitty, ghostty).
    Osc9,
    /// By OSC 777 (urxvt, foot, VTE).
    Osc777,
    /// Not at all.
    Off,
}

impl Notify {
    /// Every way.
    pub const ALL: [Self; 4] = [Self::Auto, Self::Osc9, Self::Osc777, Self::Off];

    /// `auto`, `osc9`, `osc777`, `off`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Osc9 => "osc9",
            Self::Osc777 => "osc777",
            Self::Off => "off",
        }
    }
}

/// A value and who decided it. Two settings are equal if they say the same, wherever each stands.
#[derive(Debug, Clone)]
pub struct Setting<T> {
    /// What was decided.
    pub value: T,
    /// Who decided it.
    pub origin: Origin,
}

impl<T: PartialEq> PartialEq for Setting<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T> Setting<T> {
    /// saldo's own default.
    pub(super) const fn default_of(value: T) -> Self {
        Self { value, origin: Origin::Default }
    }
}

/// The settings that may stand for every profile or under one of them; `None` is not set there.
#[derive(Debug, Clone, PartialEq)]
pub struct Sections {
    /// `webhook.listen`
    pub listen: Option<Setting<SocketAddr>>,
    /// `webhook.forward`
    pub forward: Option<Setting<Vec<WebUrl>>>,
    /// `journal.url`
    pub journal: Option<Setting<JournalUrl>>,
    /// `poll.balance`
    pub poll_balance: Option<Setting<Duration>>,
    /// `payments.resend_window`
    pub resend_window: Option<Setting<Duration>>,
    /// `band.floor`
    pub floor: Option<Setting<Centavos>>,
    /// `band.target`
    pub target: Option<Setting<Centavos>>,
    /// `band.ceiling`
    pub ceiling: Option<Setting<Centavos>>,
    /// `exposure.command` or `exposure.file`
    pub exposure: Option<Setting<ExposureSource>>,
    /// `exposure.every`
    pub exposure_every: Option<Setting<Duration>>,
    /// `alerts.notify`
    pub notify: Option<Setting<Notify>>,
    /// `alerts.command`
    pub alert_command: Option<Setting<Vec<String>>>,
    /// `alerts.quiet`
    pub quiet: Option<Setting<Quiet>>,
    /// `alerts.coverage`
    pub coverage: Option<Setting<Duration>>,
    /// `alerts.stands_still`
    pub stands_still: Option<Setting<Duration>>,
    /// `alerts.webhooks_late`
    pub webhooks_late: Option<Setting<Duration>>,
    /// `alerts.in_doubt`
    pub in_doubt: Option<Setting<Duration>>,
    /// `conservation.sees_everything`
    pub sees_everything: Option<Setting<bool>>,
}

impl Sections {
    /// Each setting from here, or else from `weaker`.
    #[must_use]
    pub fn over(self, weaker: Self) -> Self {
        Self {
            listen: self.listen.or(weaker.listen),
            forward: self.forward.or(weaker.forward),
            journal: self.journal.or(weaker.journal),
            poll_balance: self.poll_balance.or(weaker.poll_balance),
            resend_window: self.resend_window.or(weaker.resend_window),
            floor: self.floor.or(weaker.floor),
            target: self.target.or(weaker.target),
            ceiling: self.ceiling.or(weaker.ceiling),
            exposure: self.exposure.or(weaker.exposure),
            exposure_every: self.exposure_every.or(weaker.exposure_every),
            notify: self.notify.or(weaker.notify),
            alert_command: self.alert_command.or(weaker.alert_command),
            quiet: self.quiet.or(weaker.quiet),
            coverage: self.coverage.or(weaker.coverage),
            stands_still: self.stands_still.or(weaker.stands_still),
            webhooks_late: self.webhooks_late.or(weaker.webhooks_late),
            in_doubt: self.in_doubt.or(weaker.in_doubt),
            sees_everything: self.sees_everything.or(weaker.sees_everything),
        }
    }
}

/// saldo's own defaults.
impl Default for Sections {
    fn default() -> Self {
        Self {
            listen: None,
            forward: Some(Setting::default_of(Vec::new())),
            journal: None,
            poll_balance: Some(Setting::default_of(DEFAULT_POLL)),
            resend_window: Some(Setting::default_of(DEFAULT_RESEND_WINDOW)),
            floor: None,
            target: None,
            ceiling: None,
            exposure: None,
            exposure_every: Some(Setting::default_of(DEFAULT_EXPOSURE_EVERY)),
            notify: Some(Setting::default_of(Notify::default())),
            alert_command: None,
            quiet: None,
            coverage: None,
            stands_still: Some(Setting::default_of(DEFAULT_STANDS_STILL)),
            webhooks_late: Some(Setting::default_of(DEFAULT_WEBHOOKS_LATE)),
            in_doubt: Some(Setting::default_of(DEFAULT_IN_DOUBT)),
            sees_everything: Some(Setting::default_of(false)),
        }
    }
}

/// One account at one gateway.
#[derive(Debug, Clone)]
pub struct Profile {
    /// `environment`
    pub environment: Setting<Environment>,
    /// `base_url`, or the environment's own.
    pub base_url: Setting<BaseUrl>,
    /// `client_id`: digits.
    pub client_id: Setting<String>,
    /// Where the three secrets are.
    pub secrets: Secrets,
    /// `webhook_url`
    pub webhook_url: Option<Setting<WebUrl>>,
    /// `read_only`: nothing is sent under this profile.
    pub read_only: Setting<bool>,
    /// The sections that stand under this profile.
    pub sections: Sections,
}

/// How the cockpit is worked and looks; it is every profile's.
#[derive(Debug, Clone, PartialEq)]
pub struct Screen {
    /// `lang`: the language in which people are answered; otherwise the locale decides.
    pub lang: Option<Setting<Lang>>,
    /// `theme`: `auto`, or a theme's name.
    pub theme: Setting<String>,
    /// `mouse`: whether saldo takes it; without a word, not over SSH.
    pub mouse: Option<Setting<bool>>,
    /// `private`: whether the screen begins masked.
    pub private: Setting<bool>,
    /// Where the user's own themes are: `themes` beside the configuration file.
    pub themes: Option<PathBuf>,
    /// `[keys]`: an action's id and the names of its keys, by the lines of the file. What they mean is the keymap's to
    /// say.
    pub keys: Vec<(String, Setting<Vec<String>>)>,
}

/// saldo's own defaults.
impl Default for Screen {
    fn default() -> Self {
        Self {
            lang: None,
            theme: Setting::default_of("auto".to_owned()),
            mouse: None,
            private: Setting::default_of(false),
            themes: None,
            keys: Vec::new(),
        }
    }
}

/// A whole file.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// `profile`: which one is taken if nobody says otherwise.
    pub profile: Option<Setting<String>>,
    /// `[profiles.NAME]`
    pub profiles: BTreeMap<String, Profile>,
    /// The sections that hold for every profile.
    pub sections: Sections,
    /// The cockpit's own.
    pub screen: Screen,
}

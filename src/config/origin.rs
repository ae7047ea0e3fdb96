//! Where a setting came from, for `saldo config show --origin` and for errors.

use std::fmt;
use std::path::PathBuf;

use super::file::Setting;
use super::settings::Loaded;

/// The layer that decided a setting, the strongest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag of the command line, with its dashes.
    Flag(&'static str),
    /// A variable of the environment.
    Environment(&'static str),
    /// The chosen profile's part of the file.
    Profile {
        /// The profile.
        name: String,
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// The part of the file that holds for every profile.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// saldo's own default.
    Default,
}

impl Origin {
    /// The beginning of an error about the value: `PATH:LINE`, `--journal` or `SALDO_JOURNAL`.
    pub(super) fn place(&self) -> String {
        match self {
            Self::Flag(name) | Self::Environment(name) => (*name).to_owned(),
            Self::Profile { path, line, .. } | Self::File { path, line } => {
                format!("{}:{line}", path.display())
            }
            Self::Default => "default".to_owned(),
        }
    }
}

/// `flag --journal`, `environment SALDO_JOURNAL`, `profile staging (PATH:LINE)`, `file PATH:LINE`, `default`.
impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(_) => write!(out, "flag {}", self.place()),
            Self::Environment(_) => write!(out, "environment {}", self.place()),
            Self::Profile { name, .. } => write!(out, "profile {name} ({})", self.place()),
            Self::File { .. } => write!(out, "file {}", self.place()),
            Self::Default => out.write_str("default"),
        }
    }
}

/// Every setting of the chosen profile: its dotted key, what may be shown of it, and who decided it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origins(Vec<(&'static str, String, Origin)>);

impl Origins {
    /// Takes down a setting, if it is set; `shown` says what of it may be seen.
    pub(super) fn record<T>(
        &mut self,
        key: &'static str,
        setting: Option<&Setting<T>>,
        shown: impl FnOnce(&T) -> String,
    ) {
        self.0.extend(setting.map(|setting| (key, shown(&setting.value), setting.origin.clone())));
    }

    /// Dotted key, shown value, origin; in the order of the sample file.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str, &Origin)> {
        self.0.iter().map(|(key, shown, origin)| (*key, shown.as_str(), origin))
    }

    /// Who decided `key`, or `None` where nothing has set it.
    pub fn of(&self, key: &str) -> Option<&Origin> {
        self.iter().find(|(one, _, _)| *one == key).map(|(_, _, origin)| origin)
    }
}

/// The rows of `saldo config show`: key, value and, if asked for, origin. A secret shows as its source, such as
/// `<file /etc/saldo/client-secret>`.
pub fn show(loaded: &Loaded, origin: bool) -> Vec<(String, String, Option<String>)> {
    loaded
        .origins
        .iter()
        .map(|(key, shown, from)| (key.to_owned(), shown.to_owned(), origin.then(|| from.to_string())))
        .collect()
}

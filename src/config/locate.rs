//! Which file is read, and what the environment says.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use directories::ProjectDirs;

use super::error::{ConfigError, Fault};
use super::origin::Origin;

/// What the command line says: the strongest layer.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--config FILE`.
    pub config: Option<PathBuf>,
    /// `--profile NAME`.
    pub profile: Option<String>,
    /// `--journal URL`.
    pub journal: Option<String>,
    /// `--lang pt-BR|en`.
    pub lang: Option<String>,
    /// `--theme NAME`.
    pub theme: Option<String>,
    /// `--private`.
    pub private: bool,
    /// `--read-only`: it can only tighten what the profile says.
    pub read_only: bool,
}

/// The process's environment as data, so that tests need not change their own. It has no `Debug`: variables
/// hold secrets.
#[derive(Clone, Default)]
pub struct Env {
    variables: BTreeMap<OsString, OsString>,
    config_folder: Option<PathBuf>,
    state_folder: Option<PathBuf>,
}

impl Env {
    /// This process's environment and the user's folders (XDG).
    pub fn of_process() -> Self {
        let folders = ProjectDirs::from("", "", "saldo");
        Self {
            variables: std::env::vars_os().collect(),
            config_folder: folders.as_ref().map(|folders| folders.config_dir().to_owned()),
            state_folder: folders
                .as_ref()
                .map(|folders| folders.state_dir().unwrap_or(folders.data_local_dir()).to_owned()),
        }
    }

    /// An environment of these variables, without any folder.
    pub fn new(variables: impl IntoIterator<Item = (impl Into<OsString>, impl Into<OsString>)>) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { variables, config_folder: None, state_folder: None }
    }

    /// The same with the user's folders for saldo's configuration and state.
    #[must_use]
    pub fn with_folders(mut self, config: impl Into<PathBuf>, state: impl Into<PathBuf>) -> Self {
        self.config_folder = Some(config.into());
        self.state_folder = Some(state.into());
        self
    }

    /// A variable; one that is set to nothing counts as not set.
    pub(super) fn path(&self, name: &str) -> Option<PathBuf> {
        self.variables.get(Path::new(name).as_os_str()).filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    /// As [`Self::path`], for a variable that is text.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, ConfigError> {
        let Some(value) = self.path(name) else { return Ok(None) };
        value.into_os_string().into_string().map(Some).map_err(|_| {
            ConfigError::new(name, Fault::new("the variable is not UTF-8", "set it to a text in UTF-8"))
        })
    }

    /// Where saldo keeps what has to survive: `$STATE_DIRECTORY` (systemd; the first of several), then the
    /// user's state folder. A profile has a folder of its own in it.
    pub fn state_folder(&self) -> Option<PathBuf> {
        let of_systemd =
            self.path("STATE_DIRECTORY").and_then(|folders| std::env::split_paths(&folders).next());
        of_systemd.or_else(|| self.state_folder.clone())
    }
}

/// The file that would be read, and who says so: `--config`, `SALDO_CONFIG`, or `config.toml` in the user's
/// configuration folder.
///
/// # Errors
///
/// If there is no such folder, for want of a home.
pub fn config_path(overrides: &Overrides, env: &Env) -> Result<(PathBuf, Origin), ConfigError> {
    if let Some(path) = &overrides.config {
        return Ok((path.clone(), Origin::Flag("--config")));
    }
    if let Some(path) = env.path("SALDO_CONFIG") {
        return Ok((path, Origin::Environment("SALDO_CONFIG")));
    }
    match &env.config_folder {
        Some(folder) => Ok((folder.join("config.toml"), Origin::Default)),
        None => Err(ConfigError::new(
            "configuration",
            Fault::new("there is no home folder to look for config.toml in", "give the file with --config"),
        )),
    }
}

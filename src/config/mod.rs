//! Configuration: the file, its validation, secrets.
//!
//! ```text
//! locate (which file) -> raw (its shape) -> validate (one function a rule) -> file (typed, with lines)
//!        -> settings (one profile, layered: flag > environment > profile > file > default) -> secret
//! ```
//!
//! [`load`] reads no secret: a profile that is not used needs none. [`Settings::read_secrets`] does, when the
//! gateway is about to be spoken to. Every error prints as `PATH:LINE: what is wrong; what to write instead`,
//! and no error, no `Debug` and no [`show`] ever holds a secret.

mod draft;
mod duration;
mod error;
mod file;
mod locate;
mod origin;
pub mod program;
mod raw;
mod secret;
mod settings;
mod url;
mod validate;

pub use draft::{Draft, SECRETS};
pub use duration::validate_duration as parse_duration;
pub(crate) use error::suggestion;
pub use error::{ConfigError, Fault};
pub use file::{
    Config, Environment, ExposureSource, JournalUrl, Lang, Notify, Profile, Screen, Sections, Setting,
};
pub use locate::{Env, Overrides, config_path};
pub use origin::{Origin, Origins, show};
pub use secret::{Credentials, SecretSource, Secrets, validate_secret};
pub use settings::{
    AlertSettings, Exposure, Loaded, Settings, WebhookSettings, asked_language, load, load_screen,
};
pub use url::{BaseUrl, WebUrl};

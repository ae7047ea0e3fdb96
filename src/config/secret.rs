//! The three secrets of a profile: where they are, and how they are read.
//!
//! A secret is read into memory that is wiped, never put into an error, a log or `Debug`, and never taken
//! from the command line.

use std::fmt;
use std::fs::File;
use std::os::fd::AsFd;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FileType, Mode, OFlags};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use super::error::{ConfigError, Fault};
use super::file::{Environment, Setting};
use super::locate::Env;
use super::origin::Origin;
use super::program::{self, ProgramError, read_bounded};

/// No credential of the gateway is longer; what is, was read from the wrong place.
const MAX_BYTES: usize = 16 * 1024;

/// Where a secret is.
#[derive(Clone)]
pub enum SecretSource {
    /// A file that is ours alone, by its whole path.
    File(PathBuf),
    /// A variable of the environment.
    Env(String),
    /// A program and its arguments, run without a shell, that prints the secret.
    Command(Vec<String>),
    /// A credential that systemd hands over (`LoadCredential=`).
    Credential(String),
    /// In the file itself; for a sandbox only.
    Value(SecretString),
}

/// `<file /etc/saldo/client-secret>` and the like: never the secret, nor the arguments of a command.
impl fmt::Display for SecretSource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(out, "<file {}>", path.display()),
            Self::Env(name) => write!(out, "<env {name}>"),
            Self::Command(words) => write!(out, "<command {}>", words.first().map_or("", String::as_str)),
            Self::Credential(name) => write!(out, "<credential {name}>"),
            Self::Value(_) => out.write_str("<value in the file>"),
        }
    }
}

impl fmt::Debug for SecretSource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self}")
    }
}

/// Where the secrets of a profile are.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// Goes into the body of `POST /auth/token`.
    pub client_secret: Setting<SecretSource>,
    /// Goes into the header `ApplicationToken`.
    pub application_token: Setting<SecretSource>,
    /// The key of both HMACs; never sent.
    pub crypto_token: Setting<SecretSource>,
}

/// The secrets themselves. `Debug` shows none of them.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Goes into the body of `POST /auth/token`.
    pub client_secret: SecretString,
    /// Goes into the header `ApplicationToken`.
    pub application_token: SecretString,
    /// The key of both HMACs; never sent.
    pub crypto_token: SecretString,
}

impl Secrets {
    /// Reads the three secrets. Blocks, for a command up to 10 s each: not for a runtime's thread.
    pub(super) fn read(&self, env: &Env) -> Result<Credentials, ConfigError> {
        Ok(Credentials {
            client_secret: read(&self.client_secret, env)?,
            application_token: read(&self.application_token, env)?,
            crypto_token: read(&self.crypto_token, env)?,
        })
    }
}

fn read(setting: &Setting<SecretSource>, env: &Env) -> Result<SecretString, ConfigError> {
    let secret = match &setting.value {
        SecretSource::File(path) => from_file(path, Ownership::Ours),
        SecretSource::Env(name) => from_variable(name, env),
        SecretSource::Command(words) => from_command(words, program::PATIENCE),
        SecretSource::Credential(name) => from_credential(name, env),
        SecretSource::Value(secret) => Ok(Zeroizing::new(secret.expose_secret().as_bytes().to_vec())),
    };
    secret.and_then(|bytes| validate_secret(&bytes)).map_err(|fault| fault.at(&setting.origin))
}

/// One line of text, without its end of line.
///
/// # Errors
///
/// What is wrong with it; the secret itself is not repeated.
pub fn validate_secret(bytes: &[u8]) -> Result<SecretString, Fault> {
    let remedy = "store the secret alone, on one line";
    let text = str::from_utf8(bytes).map_err(|_| Fault::new("the secret is not text in UTF-8", remedy))?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(Fault::new("the secret is empty", remedy));
    }
    if text.chars().any(char::is_control) {
        return Err(Fault::new("the secret has a line end or control character in it", remedy));
    }
    if text.trim() != text || text.starts_with('\u{feff}') {
        return Err(Fault::new("the secret begins or ends with a space or a byte order mark", remedy));
    }
    Ok(SecretString::from(text))
}

/// Whose a file has to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ownership {
    /// Ours or root's, and readable by nobody else.
    Ours,
    /// systemd's: it keeps others out by the folder and by access lists, which look like group bits.
    Systemd,
}

fn from_file(path: &Path, ownership: Ownership) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let shown = path.display();
    let unreadable = |error: &dyn fmt::Display| {
        Fault::new(
            format!("the secret's file {shown} cannot be read ({error})"),
            "make it, for this user, mode 0600",
        )
    };
    // Not to wait for a writer where a pipe stands; and judged by the open file, so that it cannot be exchanged.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = rustix::fs::open(path, flags, Mode::empty()).map_err(|error| unreadable(&error))?;
    let status = rustix::fs::fstat(file.as_fd()).map_err(|error| unreadable(&error))?;
    if FileType::from_raw_mode(status.st_mode) != FileType::RegularFile {
        return Err(Fault::new(format!("{shown} is no file"), "give the whole path of a file"));
    }
    if ownership == Ownership::Ours {
        validate_mode(path, status.st_mode & 0o777)?;
        validate_owner(path, status.st_uid, rustix::process::geteuid().as_raw())?;
    }
    read_bounded(File::from(file), MAX_BYTES).map_err(|error| unreadable(&error))?.ok_or_else(too_long)
}

fn validate_mode(path: &Path, mode: u32) -> Result<(), Fault> {
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let shown = path.display();
    Err(Fault::new(format!("others can read {shown} (mode {mode:04o})"), format!("run: chmod 0600 {shown}")))
}

fn validate_owner(path: &Path, owner: u32, ours: u32) -> Result<(), Fault> {
    if owner == ours || owner == 0 {
        return Ok(());
    }
    let shown = path.display();
    Err(Fault::new(
        format!("{shown} belongs to user {owner}, who can change it; saldo runs as user {ours}"),
        format!("run: chown {ours} {shown}"),
    ))
}

fn from_variable(name: &str, env: &Env) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let value = env.path(name).ok_or_else(|| {
        Fault::new(
            format!("the variable {name} is not set"),
            format!("set {name} to the secret, or use {{ file = … }}"),
        )
    })?;
    Ok(Zeroizing::new(value.into_os_string().into_encoded_bytes()))
}

fn from_credential(name: &str, env: &Env) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let folder = env.path("CREDENTIALS_DIRECTORY").ok_or_else(|| {
        Fault::new(
            "systemd has handed over no credentials ($CREDENTIALS_DIRECTORY is not set)",
            format!("write LoadCredential={name}:/path in the unit, or use {{ file = … }}"),
        )
    })?;
    from_file(&folder.join(name), Ownership::Systemd)
}

/// What a command prints. Its own words may hold the secret, so that only how it ended is told.
fn from_command(words: &[String], patience: Duration) -> Result<Zeroizing<Vec<u8>>, Fault> {
    program::run(words, b"", MAX_BYTES, patience).map_err(|error| match (&error, words.first()) {
        (ProgramError::TooMuch(..), _) => too_long(),
        (_, Some(program)) => Fault::new(error.to_string(), format!("run {program} by hand to see why")),
        (_, None) => Fault::new(error.to_string(), "name a program"),
    })
}

fn too_long() -> Fault {
    Fault::new("the secret is longer than 16 KiB", "store the secret alone, on one line")
}

/// A credential's name is a file's name, so that it cannot lead out of its folder.
pub(super) fn validate_credential_name(name: &str) -> Result<(), Fault> {
    let mut parts = Path::new(name).components();
    match (parts.next(), parts.next()) {
        (Some(Component::Normal(only)), None) if only == name => Ok(()),
        _ => {
            Err(Fault::new("not the name of a credential", "write the name before the : in LoadCredential="))
        }
    }
}

/// Secrets in the file itself are for a sandbox, where there is nothing to steal.
pub(super) fn validate_source_of_environment(
    source: &SecretSource,
    environment: Environment,
    origin: &Origin,
) -> Result<(), ConfigError> {
    match source {
        SecretSource::Value(_) if environment != Environment::Sandbox => Err(Fault::new(
            format!(
                "a secret stands in the file, which is for a sandbox only; the environment is {environment}"
            ),
            "write { file = \"…\" } with a file of mode 0600",
        )
        .at(origin)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn takes_one_line_and_its_end() {
        for text in ["hunter2", "hunter2\n", "hunter2\r\n"] {
            assert_eq!(validate_secret(text.as_bytes()).unwrap().expose_secret(), "hunter2");
        }
        for (bytes, what) in [
            (&b""[..], "empty"),
            (b"\n", "empty"),
            (b"hunter2\n\n", "line end"),
            (b"hunter2\nmore", "line end"),
            (b"hun\0ter2", "control"),
            (b" hunter2", "space"),
            (b"hunter2 \n", "space"),
            ("\u{feff}hunter2".as_bytes(), "byte order mark"),
            (b"hunter2\xff", "UTF-8"),
        ] {
            let fault = validate_secret(bytes).unwrap_err().to_string();
            assert!(fault.contains(what) && !fault.contains("hunter"), "{fault}");
        }
    }

    #[test]
    fn a_file_has_to_be_ours_alone() {
        let path = Path::new("/etc/saldo/client-secret");
        for mode in [0o600, 0o400, 0o700] {
            assert_eq!(validate_mode(path, mode), Ok(()));
        }
        for mode in [0o640, 0o604, 0o660, 0o644, 0o601, 0o777] {
            let fault = validate_mode(path, mode).unwrap_err().to_string();
            assert!(fault.ends_with("run: chmod 0600 /etc/saldo/client-secret"), "{fault}");
        }
        assert!(validate_owner(path, 1_000, 1_000).is_ok() && validate_owner(path, 0, 1_000).is_ok());
        assert!(validate_owner(path, 1_001, 1_000).is_err() && validate_owner(path, 1_000, 0).is_err());
    }

    #[test]
    fn reads_the_output_of_a_command_without_a_shell() {
        let read = from_command(&words(&["printf", "%s\n", "a;b $HOME"]), program::PATIENCE).unwrap();
        assert_eq!(&*read, b"a;b $HOME\n");
        for (command, what) in [
            (words(&["false"]), "failed (exit status: 1)"),
            (words(&["saldo-has-no-such-program"]), "does not start"),
            (words(&["head", "-c", "20000", "/dev/zero"]), "longer than 16 KiB"),
            (vec![], "empty"),
        ] {
            let fault = from_command(&command, program::PATIENCE).unwrap_err().to_string();
            assert!(fault.contains(what), "{fault}");
        }
    }

    #[test]
    fn a_command_that_hangs_is_ended() {
        let begun = std::time::Instant::now();
        let fault = from_command(&words(&["sleep", "600"]), Duration::from_millis(50)).unwrap_err();
        assert!(fault.to_string().contains("took longer"), "{fault}");
        assert!(begun.elapsed() < Duration::from_secs(60));
    }

    #[test]
    fn a_credential_stays_in_its_folder() {
        assert!(validate_credential_name("client-secret").is_ok());
        for name in ["", ".", "..", "../x", "/etc/passwd", "a/b", "a/", "./a"] {
            assert!(validate_credential_name(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_source_shows_no_secret() {
        let sources = [
            (SecretSource::File("/etc/saldo/x".into()), "<file /etc/saldo/x>"),
            (SecretSource::Env("X".to_owned()), "<env X>"),
            (SecretSource::Command(words(&["pass", "hunter2"])), "<command pass>"),
            (SecretSource::Credential("x".to_owned()), "<credential x>"),
            (SecretSource::Value("hunter2".into()), "<value in the file>"),
        ];
        for (source, shown) in sources {
            assert_eq!((source.to_string().as_str(), format!("{source:?}").as_str()), (shown, shown));
        }
    }
}

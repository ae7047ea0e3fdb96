//! `saldo init`: the first run. It asks, writes a profile and its secrets' files, and has them checked.
//!
//! The configuration is only ever added to, whole or not at all. Answers come from a terminal or a pipe, one a line;
//! a secret is not shown while it is typed, is no argument of any command, and goes to a file of its own.

use std::fmt::Display;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{BufRead, ErrorKind, IsTerminal, Write, stdin};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use super::Global;
use super::cockpit::language;
use super::context::asked_to_stop;
use super::failure::{Exit, Failure};
use super::output::{aside, prompt, wrapped};
use super::told::Told;
use super::{Context, doctor};
use crate::config::{Config, Draft, Env, Overrides, SECRETS, asked_language, config_path, validate_secret};
use crate::lang::{GuideWords, Lang};

/// What the sandbox says of itself when it is started as the README does.
const SANDBOX: &str = "http://127.0.0.1:8080";

/// The conversation.
struct Guide {
    words: &'static GuideWords,
    path: PathBuf,
    before: String,
    draft: Draft,
}

pub(super) async fn run(global: &Global) -> Result<Exit, Failure> {
    if global.json {
        return Err(Failure::usage(told!(
            "init is a conversation and answers no JSON; leave --json out. Nothing was written",
            "init é uma conversa e não responde em JSON; retire --json. Nada foi escrito"
        )));
    }
    let env = Env::of_process();
    let lang: Lang = language(asked_language(&global.overrides(), &env)?);
    let (path, _) = config_path(&global.overrides(), &env)?;
    // What stands behind a link is written, and the link stays.
    let path = std::fs::canonicalize(&path).or_else(|_| std::path::absolute(&path)).unwrap_or(path);
    let before = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(cannot(&path, "read", &error)),
    };
    let others = Config::parse(&before, &path)?.profiles.len();
    let mut guide = Guide { words: lang.guide(), path, before, draft: Draft::default() };
    // Stopped in the middle, a terminal that was made quiet gets its echo back before the process goes.
    tokio::select! {
        held = guide.hold(global.profile.as_deref()) => held?,
        () = asked_to_stop() => return Err(Failure::usage(Told::verbatim(guide.words.stopped))),
    }
    let Guide { words, path, draft, .. } = guide;
    if others > 0 {
        aside(&wrapped(&words.choose.replace("{}", &draft.name)));
    }
    aside(words.checking);
    let overrides = Overrides { config: Some(path), profile: Some(draft.name), ..global.overrides() };
    doctor::check(Context::told(&overrides, "doctor"), false).await
}

impl Guide {
    async fn hold(&mut self, name: Option<&str>) -> Result<(), Failure> {
        let secrets = self.ask(name).await?;
        let text = self.review().await?;
        self.write(&text, &secrets)
    }

    /// Every question in turn. The secrets that were typed stay out of the draft; the others are in files already.
    async fn ask(&mut self, name: Option<&str>) -> Result<Vec<Option<SecretString>>, Failure> {
        let words = self.words;
        aside(&words.begin.replace("{}", &self.path.display().to_string()));
        aside(&wrapped(words.begin_stop));
        self.answer(
            words.environment,
            Some("staging"),
            words.right.map(|right| right.environment),
            |draft, text| {
                // The address is the next question; until it is answered, a sandbox has a usual one.
                draft.base_url = (text == "sandbox").then(|| SANDBOX.to_owned());
                draft.environment = text;
            },
        )
        .await?;
        let usual = name.map_or_else(|| self.draft.environment.clone(), str::to_owned);
        self.answer(words.name, Some(&usual), words.right.map(|right| right.name), |draft, text| {
            draft.name = text;
        })
        .await?;
        if self.draft.base_url.is_some() {
            self.answer(
                words.base_url,
                Some(SANDBOX),
                words.right.map(|right| right.base_url),
                |draft, text| draft.base_url = Some(text),
            )
            .await?;
        }
        self.answer(words.client_id, None, words.right.map(|right| right.client_id), |draft, text| {
            draft.client_id = text;
        })
        .await?;
        let secrets = self.secrets().await?;
        self.option(words.listen, words.right.map(|right| right.listen), |draft, text| {
            draft.listen = Some(text);
        })
        .await?;
        self.option(words.webhook_url, words.right.map(|right| right.webhook_url), |draft, text| {
            draft.webhook_url = Some(text);
        })
        .await?;
        self.band().await?;
        Ok(secrets)
    }

    /// Asks until the answer offends no rule. Without a usual answer, there has to be one.
    async fn answer(
        &mut self,
        question: &str,
        usual: Option<&str>,
        right: Option<&str>,
        put: impl Fn(&mut Draft, String),
    ) -> Result<(), Failure> {
        loop {
            let bracket = usual.map(|usual| format!(" [{usual}]")).unwrap_or_default();
            let text = line(&format!("{question}{bracket}: "), self.words).await?;
            let text = match (text.is_empty(), usual) {
                (false, _) => text,
                (true, Some(usual)) => usual.to_owned(),
                (true, None) => {
                    self.not_taken(self.words.needed);
                    continue;
                }
            };
            if self.took(right, |draft| put(draft, text)) {
                return Ok(());
            }
        }
    }

    /// A question that Enter leaves out.
    async fn option(
        &mut self,
        question: &str,
        right: Option<&str>,
        put: impl Fn(&mut Draft, String),
    ) -> Result<(), Failure> {
        loop {
            let text = line(&format!("{question} [{}]: ", self.words.none), self.words).await?;
            if text.is_empty() || self.took(right, |draft| put(draft, text)) {
                return Ok(());
            }
        }
    }

    async fn band(&mut self) -> Result<(), Failure> {
        loop {
            let text = line(&format!("{} [{}]: ", self.words.band, self.words.none), self.words).await?;
            let edges: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            match <[String; 3]>::try_from(edges) {
                Err(edges) if edges.is_empty() => return Ok(()),
                Err(_) => self.not_taken(self.words.three_amounts),
                Ok(edges) => {
                    if self.took(self.words.right.map(|right| right.band), |draft| draft.band = Some(edges)) {
                        return Ok(());
                    }
                }
            }
        }
    }

    async fn secrets(&mut self) -> Result<Vec<Option<SecretString>>, Failure> {
        aside(&wrapped(self.words.secret_hint));
        let mut secrets = Vec::new();
        for (index, key) in SECRETS.iter().enumerate() {
            secrets.push(loop {
                let text = hidden_line(&format!("{key}: "), self.words).await?;
                let path = PathBuf::from(text.as_str());
                if path.is_absolute() && path.is_file() {
                    self.draft.secrets[index] = path;
                    break None;
                }
                // What looks like a path is one: a slip in it must not become the secret. It is not repeated; it may be one.
                if path.is_absolute() {
                    self.not_taken(self.words.no_file);
                    continue;
                }
                match validate_secret(text.as_bytes()) {
                    Ok(secret) => {
                        self.draft.secrets[index] = self.folder().join(key.replace('_', "-"));
                        break Some(secret);
                    }
                    Err(fault) => self.refuse(&fault.to_string(), self.words.right.map(|right| right.secret)),
                }
            });
        }
        Ok(secrets)
    }

    /// Whether an answer offends no rule; the draft has it only then.
    fn took(&mut self, right: Option<&str>, put: impl FnOnce(&mut Draft)) -> bool {
        let mut draft = self.draft.clone();
        put(&mut draft);
        match draft.added_to(&self.before, &self.path) {
            Ok(_) => {
                self.draft = draft;
                true
            }
            Err(error) => {
                self.refuse(&error.fault().to_string(), right);
                false
            }
        }
    }

    /// Why an answer was not taken: the rule's own words, or in another language what would be right.
    fn refuse(&self, why: &str, right: Option<&str>) {
        self.not_taken(right.unwrap_or(why));
    }

    fn not_taken(&self, why: &str) {
        let told = self.words.not_taken.replace("{}", why);
        // A reason may be a question.
        aside(&wrapped(told.strip_suffix("?.").map_or(told.as_str(), |_| told.trim_end_matches('.'))));
    }

    /// Where secrets that were typed are kept: beside the configuration, one folder a profile.
    fn folder(&self) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("/")).join(&self.draft.name)
    }

    /// Shows what will be written. The file as it will be, if the answer is yes.
    async fn review(&self) -> Result<String, Failure> {
        let text = self.draft.added_to(&self.before, &self.path)?;
        aside("");
        aside(&self.words.review.replace("{}", &self.path.display().to_string()));
        aside("");
        for line in self.draft.section().lines() {
            aside(&format!("    {line}"));
        }
        aside("");
        if self.draft.secrets.iter().any(|file| file.starts_with(self.folder())) {
            aside(&self.words.files.replace("{}", &self.folder().display().to_string()));
        }
        aside(self.words.confirm);
        let answer = line("", self.words).await?;
        if [self.words.yes, "yes"].iter().any(|yes| answer.eq_ignore_ascii_case(yes)) {
            Ok(text)
        } else {
            Err(Failure::usage(Told::verbatim(self.words.stopped)))
        }
    }

    /// The secrets first: a profile whose secrets are not there would be of no use.
    fn write(&self, text: &str, secrets: &[Option<SecretString>]) -> Result<(), Failure> {
        for (file, given) in self.draft.secrets.iter().zip(secrets) {
            if let Some(secret) = given {
                write_secret(file, secret).map_err(|error| cannot(file, "written", &error))?;
            }
        }
        write_configuration(&self.path, text).map_err(|error| cannot(&self.path, "written", &error))?;
        aside(self.words.written);
        Ok(())
    }
}

fn cannot(path: &Path, verb: &str, error: &std::io::Error) -> Failure {
    let advice = match error.kind() {
        ErrorKind::AlreadyExists => "; move it away, or give its path as the answer",
        _ => "",
    };
    let shown = path.display();
    Failure::new(
        Exit::Config,
        "init",
        Told::verbatim(format!("{shown} cannot be {verb}: {error}{advice}. The configuration is as it was")),
    )
}

/// A file that is there is somebody's secret, and is not written over.
fn write_secret(file: &Path, secret: &SecretString) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    out.write_all(secret.expose_secret().as_bytes())?;
    out.write_all(b"\n")?;
    out.sync_all()
}

/// Whole or not at all, with the rights that the file has.
fn write_configuration(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mut draft = tempfile::NamedTempFile::new_in(folder)?;
    draft.write_all(text.as_bytes())?;
    if let Ok(there) = std::fs::metadata(path) {
        draft.as_file().set_permissions(there.permissions())?;
    }
    draft.as_file().sync_all()?;
    draft.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// A line that somebody types or a pipe gives, without the white space around it.
async fn line(question: &str, words: &GuideWords) -> Result<String, Failure> {
    let text = read(question, words).await?;
    Ok(text.trim().to_owned())
}

/// The same without being shown. Nothing is cut off but the line's end.
async fn hidden_line(question: &str, words: &GuideWords) -> Result<Zeroizing<String>, Failure> {
    let quiet = Quiet::begin();
    let text = read(question, words).await;
    if quiet.is_some() {
        // The Enter that ended the line was not shown either.
        aside("");
    }
    let mut text = text?;
    let kept = text.trim_end_matches(['\n', '\r']).len();
    text.truncate(kept);
    Ok(text)
}

async fn read(question: &str, words: &GuideWords) -> Result<Zeroizing<String>, Failure> {
    prompt(question);
    let line = tokio::task::spawn_blocking(|| {
        let mut text = Zeroizing::new(String::new());
        stdin().lock().read_line(&mut text).map(|bytes| (bytes > 0).then_some(text))
    });
    let lost = |error: &dyn Display| {
        let stopped = words.stopped;
        Failure::other(told!(
            "no answer could be read: {error}; {stopped}",
            "a resposta não pôde ser lida: {error}; {stopped}"
        ))
    };
    let text = line.await.map_err(|error| lost(&error))?.map_err(|error| lost(&error))?;
    text.ok_or_else(|| Failure::usage(Told::verbatim(words.stopped)))
}

/// A terminal that does not show what is typed, until this is dropped.
struct Quiet(Termios);

impl Quiet {
    fn begin() -> Option<Self> {
        if !stdin().is_terminal() {
            return None;
        }
        let before = tcgetattr(stdin()).ok()?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        tcsetattr(stdin(), OptionalActions::Now, &quiet).ok()?;
        Some(Self(before))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.0);
    }
}

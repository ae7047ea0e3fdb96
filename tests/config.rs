//! The configuration as its users meet it: folders of valid and invalid files, the sample file, the layers,
//! the secrets.
#![expect(clippy::unwrap_used, reason = "clippy takes a helper of a test for something else")]

use std::fs;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use saldo::config::{
    Config, Credentials, Env, Environment, ExposureSource, JournalUrl, Lang, Loaded, Origin, Overrides, load,
    show,
};
use secrecy::ExposeSecret;

fn fixtures(folder: &str) -> Vec<(PathBuf, String, Vec<String>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config").join(folder);
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} is empty", folder.display());
    paths
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let expected: Vec<String> =
                text.lines().map_while(|line| line.strip_prefix("# expect: ")).map(str::to_owned).collect();
            assert!(!expected.is_empty(), "{} expects nothing", path.display());
            (path, text, expected)
        })
        .collect()
}

fn no_variables() -> Env {
    Env::new(Vec::<(String, String)>::new()).with_folders("/nowhere", "/state")
}

fn from(path: &Path) -> Overrides {
    Overrides { config: Some(path.to_owned()), ..Overrides::default() }
}

/// The rows of `config show --origin`, with the file's path as `PATH`.
fn rows(loaded: &Loaded) -> Vec<String> {
    let path = loaded.path.display().to_string();
    show(loaded, true)
        .into_iter()
        .map(|(key, value, origin)| format!("{key} = {value} ({})", origin.unwrap().replace(&path, "PATH")))
        .collect()
}

#[test]
fn every_valid_file_is_taken_as_it_says() {
    for (path, _, expected) in fixtures("valid") {
        let loaded = load(&from(&path), &no_variables()).unwrap_or_else(|error| panic!("{error}"));
        let rows = rows(&loaded);
        for line in expected {
            assert!(rows.contains(&line), "{}: no {line:?} in {rows:#?}", path.display());
        }
        let said = format!("{loaded:?} {rows:?}");
        assert!(!said.contains("hunter2"), "{}: a secret shows", path.display());
    }
}

#[test]
fn every_invalid_file_is_refused_with_line_and_remedy() {
    for (path, _, expected) in fixtures("invalid") {
        let Err(error) = load(&from(&path), &no_variables()) else { panic!("{} was taken", path.display()) };
        let said = error.to_string();
        let shown = path.display().to_string();
        let rest = said.strip_prefix(&shown).unwrap_or_else(|| panic!("{shown}: {said}"));
        assert!(rest.starts_with(&expected[0]), "{shown}: {rest}");
        let (_, remedy) = rest.split_once("; ").unwrap_or_else(|| panic!("{shown} has no remedy: {rest}"));
        assert!(!remedy.is_empty());
        assert!(!format!("{said}{error:?}").contains("hunter2"), "{shown} shows a secret: {said}");
    }
}

#[test]
fn no_slip_of_the_finger_shows_a_secret() {
    let (_, text, _) = fixtures("valid").into_iter().find(|(_, text, _)| text.contains("= { value")).unwrap();
    let mut refused = 0;
    for at in 0..text.len() {
        for slip in ["", "\"", "'", "\n", "=", "{", "}", "#", "\u{0}", "x"] {
            let slipped = format!("{}{slip}{}", &text[..at], &text[at + 1..]);
            if let Err(error) = Config::parse(&slipped, Path::new("x")) {
                assert!(!format!("{error} {error:?}").contains("hunter2"), "{slipped}\n{error}");
                refused += 1;
            }
        }
    }
    assert!(refused > 1_000, "{refused}");
}

const SAMPLE: &str = include_str!("../config.example.toml");

/// The sample with its commented keys in force: a `#` without a space after it.
fn uncommented() -> String {
    let line = |line: &'static str| match line.strip_prefix('#') {
        Some(rest) if !rest.is_empty() && !rest.starts_with(' ') => rest,
        _ => line,
    };
    SAMPLE.lines().map(|text| format!("{}\n", line(text))).collect()
}

#[test]
fn the_sample_says_the_defaults() {
    let sample = Config::parse(SAMPLE, Path::new("config.example.toml")).unwrap();
    let default = Config::default();
    assert!(sample.profiles.is_empty() && sample.profile.is_none());
    assert_eq!(sample.sections, default.sections);
    assert_eq!(sample.screen.theme, default.screen.theme);
    assert_eq!(sample.screen.private, default.screen.private);
    assert!(sample.screen.mouse.is_none() && sample.screen.keys.is_empty());
    // Said by the sample itself, not put in for want of a word.
    let sections = sample.sections;
    for origin in [
        sections.forward.map(|setting| setting.origin),
        sections.poll_balance.map(|setting| setting.origin),
        sections.resend_window.map(|setting| setting.origin),
        sections.exposure_every.map(|setting| setting.origin),
        sections.notify.map(|setting| setting.origin),
        sections.stands_still.map(|setting| setting.origin),
        sections.webhooks_late.map(|setting| setting.origin),
        sections.in_doubt.map(|setting| setting.origin),
        sections.sees_everything.map(|setting| setting.origin),
        Some(sample.screen.theme.origin),
        Some(sample.screen.private.origin),
    ] {
        assert!(matches!(origin, Some(Origin::File { .. })), "{origin:?}");
    }
}

#[test]
fn what_the_sample_has_commented_out_is_in_order() {
    let text = uncommented();
    let config = Config::parse(&text, Path::new("sample")).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(config.profile.map(|name| name.value).as_deref(), Some("staging"));
    assert_eq!(config.profiles.keys().collect::<Vec<_>>(), ["production", "sandbox", "staging"]);
    assert!(config.sections.exposure.is_some() && config.sections.ceiling.is_some());
    assert!(config.sections.quiet.is_some() && config.sections.coverage.is_some());
}

#[test]
fn the_sample_has_every_key() {
    // An unknown key makes saldo list those that it knows in that table.
    for table in [
        "",
        "profiles.x",
        "profiles.x.client_secret",
        "webhook",
        "journal",
        "poll",
        "payments",
        "band",
        "exposure",
        "alerts",
        "conservation",
    ] {
        let text = match table {
            "" => "unknown-key-zzzzzz = 1".to_owned(),
            _ => format!("[{table}]\nunknown-key-zzzzzz = 1"),
        };
        let error = Config::parse(&text, Path::new("x")).unwrap_err().to_string();
        let (_, known) = error.split_once("the keys here are ").unwrap_or_else(|| panic!("{error}"));
        for key in known.split(", ") {
            let written = |line: &str| {
                let line = line.trim_start_matches('#');
                line.starts_with(&format!("{key} = "))
                    || line.starts_with(&format!("[{key}"))
                    || line.contains(&format!("{{ {key} = "))
            };
            assert!(SAMPLE.lines().any(written), "the sample has no {key} of [{table}]");
        }
    }
}

const TWO_PROFILES: &str = r#"
profile = "staging"
[journal]
url = "sqlite:/file.db"
[profiles.staging]
environment = "staging"
client_id = "1"
client_secret = { env = "A" }
application_token = { env = "B" }
crypto_token = { env = "C" }
[profiles.production]
environment = "production"
client_id = "2"
client_secret = { env = "A" }
application_token = { env = "B" }
crypto_token = { env = "C" }
[profiles.production.journal]
url = "sqlite:/profile.db"
"#;

fn written(folder: &tempfile::TempDir, text: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join("config.toml");
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn flag_wins_over_environment_over_profile_over_file_over_default() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(&folder, TWO_PROFILES);
    let journal_of = |overrides: &Overrides, env: &Env| {
        let loaded = load(overrides, env).unwrap();
        let JournalUrl::Sqlite(path) = loaded.settings.journal;
        (
            loaded.settings.profile,
            path.display().to_string(),
            loaded.origins.of("journal.url").unwrap().to_string(),
        )
    };
    let shown = path.display().to_string();
    let row = |profile: &str, path: &str, origin: String| (profile.to_owned(), path.to_owned(), origin);

    let mut overrides = from(&path);
    assert_eq!(
        journal_of(&overrides, &no_variables()),
        row("staging", "/file.db", format!("file {shown}:4"))
    );
    let env = Env::new([
        ("SALDO_PROFILE", "production"),
        ("SALDO_JOURNAL", ""),
        ("STATE_DIRECTORY", "/var/lib/x:/y"),
    ]);
    let from_profile = format!("profile production ({shown}:18)");
    assert_eq!(journal_of(&overrides, &env), row("production", "/profile.db", from_profile));
    let env = Env::new([("SALDO_PROFILE", "production"), ("SALDO_JOURNAL", "sqlite:/env.db")]);
    let from_environment = "environment SALDO_JOURNAL".to_owned();
    assert_eq!(journal_of(&overrides, &env), row("production", "/env.db", from_environment));
    overrides.journal = Some("sqlite:/flag.db".to_owned());
    overrides.profile = Some("staging".to_owned());
    assert_eq!(journal_of(&overrides, &env), row("staging", "/flag.db", "flag --journal".to_owned()));

    overrides.journal = Some("sqlite:here.db".to_owned());
    let here = std::env::current_dir().unwrap().join("here.db").display().to_string();
    assert_eq!(journal_of(&overrides, &env), row("staging", &here, "flag --journal".to_owned()));

    overrides.journal = None;
    let text = TWO_PROFILES.replace("[journal]\nurl = \"sqlite:/file.db\"", "");
    fs::write(&path, text).unwrap();
    let env = Env::new([("STATE_DIRECTORY", "/var/lib/x:/y")]).with_folders("/nowhere", "/state");
    assert_eq!(
        journal_of(&overrides, &env),
        row("staging", "/var/lib/x/staging/journal.db", "default".to_owned())
    );
    assert_eq!(journal_of(&overrides, &no_variables()).1, "/state/staging/journal.db");
    let homeless = Env::new(Vec::<(String, String)>::new());
    assert!(load(&overrides, &homeless).unwrap_err().to_string().contains("give --journal"));
}

#[test]
fn the_file_is_found_by_flag_variable_or_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(&folder, TWO_PROFILES);
    let by_variable = Env::new([("SALDO_CONFIG", &path)]).with_folders("/nowhere", "/state");
    let by_folder = Env::new(Vec::<(String, String)>::new()).with_folders(folder.path(), "/state");
    for (overrides, env) in [
        (from(&path), no_variables()),
        (Overrides::default(), by_variable),
        (Overrides::default(), by_folder),
    ] {
        assert_eq!(load(&overrides, &env).unwrap().path, path);
    }
    let error = load(&Overrides::default(), &no_variables()).unwrap_err().to_string();
    assert!(error.starts_with("/nowhere/config.toml: there is no configuration here"), "{error}");
    assert!(error.contains("`saldo init` writes one and checks it"), "{error}");
    let error = load(&from(Path::new("/no/such.toml")), &no_variables()).unwrap_err().to_string();
    assert!(error.contains("the file that --config names"), "{error}");
    let error = load(&from(folder.path()), &no_variables()).unwrap_err().to_string();
    assert!(error.contains("cannot be read"), "{error}");
}

#[test]
fn a_wrong_override_is_told_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(&folder, TWO_PROFILES);
    let flag = |set: fn(&mut Overrides)| {
        let mut overrides = from(&path);
        set(&mut overrides);
        load(&overrides, &no_variables()).unwrap_err().to_string()
    };
    let said = flag(|overrides| overrides.profile = Some("prodution".to_owned()));
    assert!(
        said.starts_with("--profile: there is no profile \"prodution\"")
            && said.ends_with("did you mean \"production\"?"),
        "{said}"
    );
    let said = flag(|overrides| overrides.journal = Some("journal.db".to_owned()));
    assert!(said.starts_with("--journal: not the address of a journal; write sqlite:"), "{said}");
    let said = flag(|overrides| overrides.lang = Some("pt".to_owned()));
    assert_eq!(said, "--lang: saldo does not speak \"pt\"; write pt-BR or en");
    let env = Env::new([("SALDO_LANG", "de")]).with_folders("/nowhere", "/state");
    assert!(load(&from(&path), &env).unwrap_err().to_string().starts_with("SALDO_LANG: "));
    let env = Env::new([("SALDO_LANG", "pt-br")]).with_folders("/nowhere", "/state");
    assert_eq!(load(&from(&path), &env).unwrap().settings.lang, Some(Lang::PtBr));
}

#[test]
fn a_file_of_another_encoding_is_told_its_byte_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(&folder, b"profile = \"x\"\n# S\xe3o Paulo\n");
    let error = load(&from(&path), &no_variables()).unwrap_err().to_string();
    assert_eq!(error, format!("{}:2: byte 18 of the file is not UTF-8; save it as UTF-8", path.display()));
}

#[test]
fn the_settings_are_typed() {
    let (path, _, _) = fixtures("valid")
        .into_iter()
        .find(|(path, _, _)| path.ends_with("profile_wins_over_file.toml"))
        .unwrap();
    let settings = load(&from(&path), &no_variables()).unwrap().settings;
    assert_eq!(settings.environment, Environment::Staging);
    assert_eq!(settings.base_url.as_str(), "https://api.homologacao.connectpsp.com");
    assert_eq!(
        (settings.poll_balance, settings.resend_window),
        (Duration::from_millis(500), Duration::from_secs(120))
    );
    assert_eq!(settings.webhook.listen, Some("127.0.0.1:1".parse().unwrap()));
    assert_eq!((settings.webhook.path.as_str(), settings.webhook.forward.len()), ("/webhooks/connectpsp", 2));
    let exposure = settings.exposure.unwrap();
    assert_eq!(exposure.source, ExposureSource::File("/run/exposure".into()));
    assert_eq!((exposure.every, settings.band), (Duration::from_secs(30), None));
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in "(\\[?[a-z_.]{0,9}\\]?( = (\"[^\"]{0,9}\"|[0-9]{1,3}|\\{ value = \"x\" \\}))?\n){0,9}|.*") {
        let _ = Config::parse(&text, Path::new("x"));
    }
}

/// A staging profile whose client_secret comes from `source`, the other two from variables.
fn read_secrets(source: &str, env: &Env) -> Result<Credentials, String> {
    let folder = tempfile::tempdir().unwrap();
    let text = TWO_PROFILES.replacen("{ env = \"A\" }", source, 1);
    let loaded = load(&from(&written(&folder, text)), env).unwrap_or_else(|error| panic!("{error}"));
    let path = loaded.path.display().to_string();
    loaded.settings.read_secrets(env).map_err(|error| error.to_string().replace(&path, "PATH"))
}

fn secret_file(folder: &tempfile::TempDir, mode: u32, text: &str) -> PathBuf {
    let path = folder.path().join("client-secret");
    let mut file = fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path
}

fn with_tokens(more: &[(&str, &str)]) -> Env {
    let tokens = [("B", "token-b"), ("C", "token-c")];
    Env::new(tokens.iter().chain(more).copied()).with_folders("/nowhere", "/state")
}

#[test]
fn secrets_come_from_every_source() {
    let folder = tempfile::tempdir().unwrap();
    let path = secret_file(&folder, 0o400, "hunter2\n");
    let credentials = folder.path().display().to_string();
    let env = with_tokens(&[("A", "hunter2"), ("CREDENTIALS_DIRECTORY", &credentials)]);
    for source in [
        "{ env = \"A\" }".to_owned(),
        "{ command = [\"printf\", \"hunter2\"] }".to_owned(),
        "{ credential = \"client-secret\" }".to_owned(),
        format!("{{ file = {:?} }}", path.display().to_string()),
    ] {
        let read = read_secrets(&source, &env).unwrap_or_else(|error| panic!("{source}: {error}"));
        assert_eq!(read.client_secret.expose_secret(), "hunter2", "{source}");
        assert_eq!(read.application_token.expose_secret(), "token-b");
        assert_eq!(read.crypto_token.expose_secret(), "token-c");
        assert!(!format!("{read:?}").contains("hunter2"));
    }
}

#[test]
fn a_secret_that_cannot_be_had_is_told_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let open = secret_file(&folder, 0o644, "hunter2\n").display().to_string();
    let env =
        with_tokens(&[("CREDENTIALS_DIRECTORY", "/nowhere"), ("EMPTY", ""), ("LINES", "hunter2\nhunter2")]);
    for (source, what) in [
        (
            format!("{{ file = {open:?} }}"),
            format!("others can read {open} (mode 0644); run: chmod 0600 {open}"),
        ),
        ("{ file = \"/no/such\" }".to_owned(), "the secret's file /no/such cannot be read".to_owned()),
        ("{ file = \"/dev/null\" }".to_owned(), "/dev/null is no file".to_owned()),
        ("{ env = \"UNSET\" }".to_owned(), "the variable UNSET is not set".to_owned()),
        ("{ env = \"EMPTY\" }".to_owned(), "the variable EMPTY is not set".to_owned()),
        ("{ env = \"LINES\" }".to_owned(), "the secret has a line end".to_owned()),
        ("{ credential = \"x\" }".to_owned(), "the secret's file /nowhere/x cannot be read".to_owned()),
        ("{ command = [\"false\"] }".to_owned(), "the command false failed".to_owned()),
        ("{ command = [\"true\"] }".to_owned(), "the secret is empty".to_owned()),
    ] {
        let error = read_secrets(&source, &env).unwrap_err();
        assert!(error.starts_with(&format!("PATH:8: {what}")), "{source}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

//! A profile that is being written: answers in, TOML out.
//!
//! Every answer is judged by the parser that will read the file later, on the file as it would be; so nothing that is
//! accepted here can be refused tomorrow, and no rule is written twice.

use std::path::{Path, PathBuf};

use toml::Value;

use super::error::{ConfigError, Fault};
use super::file::{Config, Environment};

/// The three secrets, as keys of the file.
pub const SECRETS: [&str; 3] = ["client_secret", "application_token", "crypto_token"];

/// The answers so far. What is not answered yet has a value that offends no rule.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The profile's name.
    pub name: String,
    /// Which gateway, as a word.
    pub environment: String,
    /// Which gateway, as an address; for a sandbox only.
    pub base_url: Option<String>,
    /// The number that the gateway gave.
    pub client_id: String,
    /// Where each of [`SECRETS`] is.
    pub secrets: [PathBuf; 3],
    /// Where saldo takes webhooks.
    pub listen: Option<String>,
    /// Where the gateway is told to send them.
    pub webhook_url: Option<String>,
    /// Floor, target and ceiling.
    pub band: Option<[String; 3]>,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            name: "new".to_owned(),
            environment: Environment::Staging.as_str().to_owned(),
            base_url: None,
            client_id: "0".to_owned(),
            secrets: SECRETS.map(|key| Path::new("/").join(key)),
            listen: None,
            webhook_url: None,
            band: None,
        }
    }
}

impl Draft {
    /// The file `before` with the profile at its end; not a byte of `before` is changed.
    ///
    /// # Errors
    ///
    /// What would be wrong with it, by the rules that every file is read by.
    pub fn added_to(&self, before: &str, path: &Path) -> Result<String, ConfigError> {
        // Of a file that is wrong already, this is the fault to tell.
        let known = Config::parse(before, path)?;
        if known.profiles.contains_key(&self.name) {
            let fault = Fault::new(
                format!("there is a profile {:?} in {} already", self.name, path.display()),
                "choose another name",
            );
            return Err(ConfigError::new(self.name.clone(), fault));
        }
        let gap = match before {
            "" => "",
            _ if before.ends_with('\n') => "\n",
            _ => "\n\n",
        };
        let text = format!("{before}{gap}{}", self.section());
        Config::parse(&text, path)?;
        Ok(text)
    }

    /// The tables of the profile.
    pub fn section(&self) -> String {
        let name = self.key();
        let quoted = |text: &str| Value::from(text).to_string();
        let mut lines =
            vec![format!("[profiles.{name}]"), format!("environment = {}", quoted(&self.environment))];
        lines.extend(self.base_url.as_deref().map(|url| format!("base_url = {}", quoted(url))));
        lines.push(format!("client_id = {}", quoted(&self.client_id)));
        for (key, file) in SECRETS.iter().zip(&self.secrets) {
            lines.push(format!("{key} = {{ file = {} }}", quoted(&file.to_string_lossy())));
        }
        lines.extend(self.webhook_url.as_deref().map(|url| format!("webhook_url = {}", quoted(url))));
        if let Some(listen) = &self.listen {
            lines.extend([String::new(), format!("[profiles.{name}.webhook]")]);
            lines.push(format!("listen = {}", quoted(listen)));
        }
        if let Some(edges) = &self.band {
            lines.extend([String::new(), format!("[profiles.{name}.band]")]);
            for (key, edge) in ["floor", "target", "ceiling"].iter().zip(edges) {
                lines.push(format!("{key} = {}", quoted(edge)));
            }
        }
        lines.push(String::new());
        lines.join("\n")
    }

    /// The name as TOML writes a key: in quotes where it has to.
    fn key(&self) -> String {
        let bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if !self.name.is_empty() && self.name.bytes().all(bare) {
            self.name.clone()
        } else {
            Value::from(self.name.as_str()).to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path() -> &'static Path {
        Path::new("/somewhere/config.toml")
    }

    fn refusal(draft: &Draft, before: &str) -> String {
        draft.added_to(before, path()).unwrap_err().fault().to_string()
    }

    #[test]
    fn what_it_writes_is_what_was_answered() {
        let draft = Draft {
            name: "desk.1".to_owned(),
            environment: "sandbox".to_owned(),
            base_url: Some("http://127.0.0.1:8080".to_owned()),
            client_id: "48213".to_owned(),
            listen: Some("127.0.0.1:8087".to_owned()),
            webhook_url: Some("http://127.0.0.1:8087/hooks".to_owned()),
            band: Some(["1,00", "2,00", "3,00"].map(str::to_owned)),
            ..Draft::default()
        };
        let before = "# mine\n[poll]\nbalance = \"2s\"";
        let text = draft.added_to(before, path()).unwrap();
        assert!(text.starts_with(before), "what was there stays: {text}");
        let config = Config::parse(&text, path()).unwrap();
        let profile = &config.profiles["desk.1"];
        assert_eq!(profile.environment.value, Environment::Sandbox);
        assert_eq!(profile.base_url.value.as_str(), "http://127.0.0.1:8080");
        assert_eq!(profile.client_id.value, "48213");
        assert_eq!(profile.secrets.crypto_token.value.to_string(), "<file /crypto_token>");
        assert_eq!(profile.sections.listen.as_ref().unwrap().value.to_string(), "127.0.0.1:8087");
        assert_eq!(profile.webhook_url.as_ref().unwrap().value.as_str(), "http://127.0.0.1:8087/hooks");
        assert_eq!(profile.sections.ceiling.as_ref().unwrap().value.get(), 300);
    }

    #[test]
    fn the_smallest_one_offends_no_rule() {
        let text = Draft::default().added_to("", path()).unwrap();
        assert!(text.starts_with("[profiles.new]\nenvironment = \"staging\"\nclient_id = \"0\"\n"), "{text}");
    }

    #[test]
    fn an_answer_is_judged_by_the_rules_of_the_file() {
        let with = |change: fn(&mut Draft)| {
            let mut draft = Draft::default();
            change(&mut draft);
            refusal(&draft, "")
        };
        for (told, words) in [
            (with(|draft| draft.name = "a b".to_owned()), "is no name for a profile"),
            (with(|draft| draft.name = "a\"]".to_owned()), "is no name for a profile"),
            (with(|draft| draft.environment = "prodution".to_owned()), "did you mean \"production\"?"),
            (with(|draft| draft.environment = "sandbox".to_owned()), "base_url"),
            (with(|draft| draft.client_id = "abc".to_owned()), "digits only"),
            (with(|draft| draft.listen = Some("8087".to_owned())), "an IP address and a port"),
            (with(|draft| draft.webhook_url = Some("example".to_owned())), "http"),
            (
                with(|draft| draft.band = Some(["3,00", "2,00", "1,00"].map(str::to_owned))),
                "floor <= target <= ceiling",
            ),
        ] {
            assert!(told.contains(words), "{told:?} does not say {words:?}");
        }
    }

    #[test]
    fn a_profile_is_never_written_over() {
        let before = Draft::default().added_to("", path()).unwrap();
        assert!(refusal(&Draft::default(), &before).contains("choose another name"));
        let broken = refusal(&Draft::default(), "[nonsense");
        assert!(broken.contains("not TOML"), "{broken}");
    }
}

//! Addresses: of the gateway, of our own webhook, of those we forward to.

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;

use super::error::Fault;
use super::file::Environment;

/// Where the gateway answers: `https`, or `http` to this machine alone; no name, password, query or fragment.
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

/// Where somebody takes webhooks: the same rules, but a query may stand in it.
#[derive(Clone, PartialEq, Eq)]
pub struct WebUrl(Url);

impl BaseUrl {
    /// Reads the address of a gateway.
    ///
    /// # Errors
    ///
    /// What is wrong with it, without repeating it: an address may hold a password.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let url = web_address(text)?;
        if url.query().is_some() {
            return Err(Fault::new(
                "the address of a gateway has no query",
                "leave out the ? and what follows",
            ));
        }
        Ok(Self(url))
    }

    /// Whether the address fits the environment: each of ConnectPSP's hosts belongs to one, and production is
    /// never on this machine.
    ///
    /// # Errors
    ///
    /// Says which of the two has to change. Real money must not meet an imitation, nor a test real money.
    pub fn validate_environment(&self, environment: Environment) -> Result<(), Fault> {
        let host = self.0.host_str().unwrap_or_default().trim_end_matches('.');
        for owner in [Environment::Staging, Environment::Production] {
            let owners_host = owner.default_base_url().and_then(|url| url.strip_prefix("https://"));
            if owners_host == Some(host) && owner != environment {
                return Err(Fault::new(
                    format!("{host} is the {owner} gateway, but the environment is {environment}"),
                    format!("write environment = \"{owner}\" with {owner} credentials, or another base_url"),
                ));
            }
        }
        if environment == Environment::Production && reaches_this_machine(&self.0) {
            return Err(Fault::new(
                "production credentials do not go to this machine",
                "leave base_url out, or write environment = \"sandbox\"",
            ));
        }
        Ok(())
    }

    /// The address without a slash at its end: paths such as `/auth/token` are put behind it.
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// Whether the address names this machine, so that `http` is in order.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }
}

impl WebUrl {
    /// Reads an address that takes webhooks.
    ///
    /// # Errors
    ///
    /// As [`BaseUrl::parse`].
    pub fn parse(text: &str) -> Result<Self, Fault> {
        web_address(text).map(Self)
    }

    /// The whole address, as it is sent along. Its query may hold a token: not for the screen.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The path, from its slash on.
    pub fn path(&self) -> &str {
        self.0.path()
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "BaseUrl({self})")
    }
}

/// Without the query's contents.
impl fmt::Display for WebUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_str().split_once('?') {
            Some((address, _)) => out.pad(&format!("{address}?…")),
            None => out.pad(self.0.as_str()),
        }
    }
}

impl fmt::Debug for WebUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "WebUrl({self})")
    }
}

fn web_address(text: &str) -> Result<Url, Fault> {
    let remedy = "write it like https://treasury.example.com/path";
    // The parser of the web's addresses would quietly drop these.
    if text.chars().any(|character| character.is_whitespace() || character.is_control()) {
        return Err(Fault::new("there is a space or control character in the address", remedy));
    }
    let url = Url::parse(text).map_err(|error| Fault::new(format!("not an address ({error})"), remedy))?;
    if !url.has_host() || !matches!(url.scheme(), "https" | "http") {
        return Err(Fault::new("not an address of the web", remedy));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Fault::new(
            "there is a user name or password in the address",
            "leave out what stands before the @",
        ));
    }
    if url.fragment().is_some() {
        return Err(Fault::new("there is a fragment in the address", "leave out the # and what follows"));
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err(Fault::new(
            "http is not encrypted and only in order to this machine (127.0.0.1, ::1, localhost)",
            "write https://",
        ));
    }
    Ok(url)
}

fn ip_of(url: &Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
}

/// Certainly this machine: what may be spoken to without encryption.
fn is_loopback(url: &Url) -> bool {
    url.host_str() == Some("localhost") || ip_of(url).is_some_and(|ip| ip.is_loopback())
}

/// Perhaps this machine: what real money must not be sent to.
fn reaches_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_end_matches('.');
    host == "localhost"
        || host.ends_with(".localhost")
        || ip_of(url).is_some_and(|ip| ip.is_loopback() || ip.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_https_and_http_to_this_machine() {
        for (text, shown) in [
            ("https://api.connectpsp.com", "https://api.connectpsp.com"),
            ("https://API.ConnectPSP.com/", "https://api.connectpsp.com"),
            ("https://gateway.example.com:8443/v2/", "https://gateway.example.com:8443/v2"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://127.9.9.9", "http://127.9.9.9"),
            ("http://localhost:1/", "http://localhost:1"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("http://[::ffff:127.0.0.1]", "http://[::ffff:7f00:1]"),
        ] {
            assert_eq!(BaseUrl::parse(text).unwrap().as_str(), shown, "{text}");
        }
    }

    #[test]
    fn refuses_the_rest_without_repeating_it() {
        for (text, words) in [
            ("", "not an address"),
            ("api.connectpsp.com", "not an address"),
            ("ftp://api.connectpsp.com", "not an address of the web"),
            ("file:///etc/passwd", "not an address of the web"),
            ("http://api.connectpsp.com", "not encrypted"),
            ("http://10.0.0.1", "not encrypted"),
            ("http://localhost.example.com", "not encrypted"),
            ("http://127.0.0.1.example.com", "not encrypted"),
            ("http://0.0.0.0", "not encrypted"),
            ("https://user:hunter2@api.connectpsp.com", "password"),
            ("http://127.0.0.1@evil.example.com", "password"),
            ("https://api.connectpsp.com/#hunter2", "fragment"),
            ("https://api.connectpsp.com/?token=hunter2", "query"),
            ("https://api.connectpsp.com/a b", "space"),
            ("https://api.connect\npsp.com", "control"),
        ] {
            let fault = BaseUrl::parse(text).unwrap_err().to_string();
            assert!(fault.contains(words) && !fault.contains("hunter2"), "{text}: {fault}");
        }
    }

    #[test]
    fn no_environment_takes_the_address_of_another() {
        use Environment::{Production, Sandbox, Staging};
        for (text, fits) in [
            ("https://api.connectpsp.com", [false, true, false]),
            ("https://api.connectpsp.com.:443/v2", [false, true, false]),
            ("https://api.homologacao.connectpsp.com", [true, false, false]),
            ("http://127.0.0.1:8080", [true, false, true]),
            ("https://localhost", [true, false, true]),
            ("https://gateway.localhost", [true, false, true]),
            ("https://[::ffff:127.0.0.1]", [true, false, true]),
            ("https://0.0.0.0:1", [true, false, true]),
            ("https://proxy.example.com", [true, true, true]),
        ] {
            let url = BaseUrl::parse(text).unwrap();
            let told = [Staging, Production, Sandbox].map(|one| url.validate_environment(one).is_ok());
            assert_eq!(told, fits, "{text}");
        }
    }

    #[test]
    fn a_query_is_sent_and_not_shown() {
        let url = WebUrl::parse("https://treasury.example.com/hooks?token=hunter2").unwrap();
        assert_eq!((url.path(), url.as_str().ends_with("hunter2")), ("/hooks", true));
        assert_eq!(format!("{url} {url:?}").matches("hunter2").count(), 0);
    }
}

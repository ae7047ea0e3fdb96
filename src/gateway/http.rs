//! What both HTTP clients share: where they may connect, and reading an answer with a bound.

use std::error::Error;
use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, ClientBuilder, Response, Url, redirect, retry};

use super::error::{BuildError, ReadError};
use crate::domain::text::Safe;

/// Name and version in every request.
const USER_AGENT: &str = concat!("saldo/", env!("CARGO_PKG_VERSION"));

/// Where the gateway is.
#[derive(Debug)]
pub(super) struct Endpoint {
    /// Without a slash at the end.
    base: String,
    pub(super) https: bool,
}

impl Endpoint {
    /// Reads a base URL: https, or http to this machine alone; a path prefix is kept.
    pub(super) fn parse(text: &str) -> Result<Self, BuildError> {
        let refuse = |url: &str, reason| BuildError::BaseUrl { url: Safe::new(url), reason };
        let Ok(url) = text.trim().parse::<Url>() else {
            return Err(refuse("", "is not a URL"));
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse(url.host_str().unwrap_or_default(), "must not hold a user name or password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refuse(url.as_str(), "must not have a query or fragment"));
        }
        let https = match url.scheme() {
            "https" => true,
            "http" if is_loopback(&url) => false,
            "http" => return Err(refuse(url.as_str(), "is plain http; only https may leave this machine")),
            _ => return Err(refuse(url.as_str(), "must begin with https://")),
        };
        Ok(Self { base: url.as_str().trim_end_matches('/').to_owned(), https })
    }

    /// The address of a path that begins with a slash.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// What every client of this endpoint has in common: nothing is ever repeated, redirected or sent through
    /// a proxy, and compression is not compiled in.
    pub(super) fn client(&self, connect_timeout: Duration, timeout: Duration) -> ClientBuilder {
        let builder = Client::builder()
            .user_agent(USER_AGENT)
            .http1_only()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .connect_timeout(connect_timeout)
            .timeout(timeout);
        // Over plain http there is no certificate to check; without this line a machine without a CA store
        // could not even speak to its own sandbox.
        if self.https { builder.https_only(true) } else { builder.tls_certs_only([]) }
    }
}

/// Builds a client and says in the user's words why it cannot be.
pub(super) fn build(builder: ClientBuilder) -> Result<Client, BuildError> {
    builder.build().map_err(|error| BuildError::NoCertificates(deepest(&error)))
}

fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        let address = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    })
}

/// How the body of an answer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    /// As the sender framed it.
    Complete,
    /// The rest was not read.
    TooLarge,
    /// Nothing more came in time.
    TimedOut,
    /// The connection ended before the body did.
    Cut(Safe),
}

/// An answer of which the status line arrived, with as much of its body as came and was wanted.
pub(super) struct HttpAnswer {
    pub(super) status: u16,
    /// `None` where it is missing, no text, or there are several.
    pub(super) content_type: Option<String>,
    pub(super) retry_after: Option<u32>,
    /// The gateway's clock.
    pub(super) date: Option<Timestamp>,
    pub(super) body: Vec<u8>,
    pub(super) ending: Ending,
}

impl HttpAnswer {
    /// Reads at most `cap` bytes of body, piece by piece, so that no length a server claims is ever allocated.
    pub(super) async fn read(mut response: Response, cap: usize) -> Self {
        let mut answer = Self::head(response.status().as_u16(), response.headers());
        loop {
            match response.chunk().await {
                Ok(Some(piece)) => {
                    let room = cap - answer.body.len();
                    answer.body.extend_from_slice(&piece[..piece.len().min(room)]);
                    if piece.len() > room {
                        answer.ending = Ending::TooLarge;
                        return answer;
                    }
                }
                Ok(None) => return answer,
                Err(error) => {
                    answer.ending =
                        if error.is_timeout() { Ending::TimedOut } else { Ending::Cut(deepest(&error)) };
                    return answer;
                }
            }
        }
    }

    fn head(status: u16, headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let single_type = headers.get_all(CONTENT_TYPE).iter().count() == 1;
        Self {
            status,
            content_type: text(CONTENT_TYPE).filter(|_| single_type).map(str::to_owned),
            // The form with a date is rare and of no use with a wrong clock: no wait is known then.
            retry_after: text(RETRY_AFTER).and_then(|value| value.trim().parse().ok()),
            date: text(DATE).and_then(|value| DateTimeParser::new().parse_timestamp(value).ok()),
            body: Vec::new(),
            ending: Ending::Complete,
        }
    }

    /// Whether this is the content type, whatever its parameters.
    pub(super) fn is_of_type(&self, wanted: &str) -> bool {
        let found = self.content_type.as_deref().unwrap_or_default();
        found.split(';').next().is_some_and(|found| found.trim().eq_ignore_ascii_case(wanted))
    }
}

/// Why a question got no answer.
pub(super) fn unanswered(error: &reqwest::Error) -> ReadError {
    if error.is_timeout() && !error.is_connect() {
        ReadError::TimedOut
    } else {
        ReadError::Unreachable(describe(error))
    }
}

/// What was in the way of a request, in the user's words. Holds neither headers nor the address.
pub(super) fn describe(error: &reqwest::Error) -> Safe {
    if error.is_dns() {
        Safe::new(&format!("its name could not be resolved: {}", deepest(error)))
    } else if error.is_timeout() {
        Safe::new("no connection in time")
    } else {
        deepest(error)
    }
}

/// The innermost cause: the outer ones name layers of the program ("client error (Connect)").
fn deepest(error: &reqwest::Error) -> Safe {
    let Some(mut cause) = error.source() else {
        // Only the outermost layer knows the URL, and then says nothing else of use.
        return Safe::new("the request could not be made");
    };
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    Safe::new(&cause.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_keeps_its_prefix_and_loses_its_slash() {
        for (base, url) in [
            ("https://api.connectpsp.com", "https://api.connectpsp.com/x"),
            ("https://api.connectpsp.com/", "https://api.connectpsp.com/x"),
            ("https://proxy.example/psp/v2/", "https://proxy.example/psp/v2/x"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/x"),
            ("http://127.9.9.9/", "http://127.9.9.9/x"),
            ("http://[::1]:1/p", "http://[::1]:1/p/x"),
            (" http://LOCALHOST:80 ", "http://localhost/x"),
        ] {
            assert_eq!(Endpoint::parse(base).unwrap().url("/x"), url, "{base}");
        }
    }

    #[test]
    fn a_base_url_that_could_leak_is_refused() {
        for (base, reason) in [
            ("", "is not a URL"),
            ("api.connectpsp.com", "is not a URL"),
            ("http://api.connectpsp.com", "is plain http; only https may leave this machine"),
            ("http://127.0.0.1.example.com", "is plain http; only https may leave this machine"),
            ("http://localhost.example.com", "is plain http; only https may leave this machine"),
            ("http://10.0.0.1", "is plain http; only https may leave this machine"),
            ("ftp://127.0.0.1", "must begin with https://"),
            ("https://u:hunter2@x.example", "must not hold a user name or password"),
            ("https://x.example/?a=1", "must not have a query or fragment"),
            ("https://x.example/#a", "must not have a query or fragment"),
        ] {
            let error = Endpoint::parse(base).unwrap_err();
            assert!(error.to_string().ends_with(reason), "{base}: {error}");
            assert!(!format!("{error:?}").contains("hunter2"));
        }
    }

    #[test]
    fn reads_the_head_of_an_answer() {
        let head = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            HttpAnswer::head(429, &headers)
        };
        assert_eq!(head("retry-after", "17").retry_after, Some(17));
        for illegible in ["Wed, 21 Oct 2026 07:28:00 GMT", "-1", "1.5", "99999999999999"] {
            assert_eq!(head("retry-after", illegible).retry_after, None, "{illegible}");
        }
        let date = head("date", "Sun, 06 Nov 1994 08:49:37 GMT").date;
        assert_eq!(date, Some("1994-11-06T08:49:37Z".parse().unwrap()));
        assert_eq!(head("date", "yesterday").date, None);
    }
}

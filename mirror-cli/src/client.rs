//! How a page and a control router are called.

mod address;
mod token;

use std::{fmt, io, time::Duration};

use http::{
    Response, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, LOCATION},
};
use mirror_dashboard::{
    Change, Refused,
    snapshot::{Snapshot, VERSION},
};
use serde::Deserialize;
use ureq::{Agent, Body, Proxy, ResponseExt, config::RedirectAuthHeaders};

pub(crate) use self::address::Address;
use self::token::{Token, VARIABLE};
use crate::{
    args::Access,
    exit::{Exit, Stop},
    output, text,
};

/// How much of a response is read. A mirror with all that is known of its eight targets takes some
/// hundred thousand bytes, and hardly a program has a hundred of those.
const MAX_BODY: u64 = 64 << 20;

/// What stands in messages of an error that is no snapshot and no refusal.
const MAX_ERROR: u64 = 64 << 10;

/// As many as browsers need for a login, and no loop.
const MAX_REDIRECTS: u32 = 5;

/// What was heard is not what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// Fit for a terminal.
    pub(crate) text: String,
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// No response, or one that says that it may be better later.
    Unreachable,
    /// There is something else at this address. It may be there once the program has started.
    Elsewhere,
    /// There is no such mirror, or it is no such page.
    NotFound,
    /// The caller may not, or the two versions do not fit: asking again is of no use.
    Final,
}

impl Failure {
    pub(crate) fn new(kind: Kind, text: impl fmt::Display) -> Self {
        Self {
            text: text::message(&text.to_string()),
            kind,
        }
    }
}

/// A client of one server, and of one token.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    agent: Agent,
    token: Option<Token>,
    timeout: Duration,
}

impl Client {
    /// A client as the options say. Warns of a token that others can read.
    pub(crate) fn new(access: &Access, address: &Address) -> Result<Self, Stop> {
        let token = Token::find(access)?;
        if token.is_some() && !address.is_https() && !address.is_loopback() {
            let host = text::name(address.authority());
            output::warning(&format!(
                "the token is sent to {host} over plain HTTP, where others may read it"
            ));
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(MAX_REDIRECTS)
            .redirect_auth_headers(RedirectAuthHeaders::SameHost)
            .user_agent(concat!("mirror-cli/", env!("CARGO_PKG_VERSION")))
            // A connection that has been idle may be closed at any time, and then a request on it
            // would fail although the server is there.
            .max_idle_connections(0)
            .proxy(if address.is_loopback() {
                None
            } else {
                Proxy::try_from_env()
            });
        #[cfg(any(feature = "tls-aws-lc", feature = "tls-ring"))]
        let config = config.tls_config(tls());
        Ok(Self {
            agent: config.build().into(),
            token,
            timeout: access.timeout,
        })
    }

    /// How long it waits for one response.
    pub(crate) const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Asks for a snapshot, and waits no longer than this.
    pub(crate) fn snapshot(
        &self,
        address: &Address,
        timeout: Duration,
    ) -> Result<Snapshot, Failure> {
        let mut request = self
            .agent
            .get(address.to_uri())
            .header(ACCEPT, "application/json");
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, &token.authorization);
        }
        let response = request
            .config()
            .timeout_global(Some(timeout))
            .build()
            .call()
            .map_err(|error| unheard(&error, address, timeout))?;
        let status = response.status();
        // Where redirects have led.
        let shown = shown(&response.get_uri().to_string());
        let kind = content_type(&response);
        if status != StatusCode::OK {
            return Err(self.refused_snapshot(status, &shown));
        }
        let body = read(response, MAX_BODY, address, timeout)?;
        serde_json::from_slice(&body)
            .ok()
            .filter(|snapshot: &Snapshot| snapshot.version == VERSION)
            .ok_or_else(|| unread(&body, &shown, &kind))
    }

    fn refused_snapshot(&self, status: StatusCode, shown: &str) -> Failure {
        let said = format_args!("{shown} responded with {status}");
        match status {
            StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
                Failure::new(Kind::Final, format_args!("{said}: {}", self.about_token()))
            }
            StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::METHOD_NOT_ALLOWED => {
                Failure::new(
                    Kind::NotFound,
                    format_args!(
                        "{said}: give the URL at which the program mounts the page of `mirror-dashboard`, like http://localhost:8080/admin/mirror"
                    ),
                )
            }
            _ if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                Failure::new(Kind::Unreachable, said)
            }
            _ => Failure::new(Kind::Elsewhere, said),
        }
    }

    /// Sends a change, and returns the body of a response that says that it was made.
    pub(crate) fn change(&self, address: &Address, change: &Change) -> Result<Vec<u8>, Stop> {
        let body = serde_json::to_vec(change)
            .map_err(|error| Stop::usage(format_args!("the change cannot be written: {error}")))?;
        let mut request = self
            .agent
            .put(address.to_uri())
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json");
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, &token.authorization);
        }
        let response = request
            .config()
            .timeout_global(Some(self.timeout))
            // A change is for the server that was named, and for no other.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .build()
            .send(&body[..]);
        let response = response.map_err(|error| {
            let failure = unheard(&error, address, self.timeout);
            Stop::new(Exit::Unreachable, failure.text)
        })?;
        let status = response.status();
        if status == StatusCode::OK {
            return read(response, MAX_BODY, address, self.timeout).map_err(|failure| {
                let text = format!(
                    "the change was accepted, but its response was not: {}",
                    failure.text
                );
                Stop::new(Exit::Unreachable, text)
            });
        }
        let to = response.headers().get(LOCATION).cloned();
        let body = read(response, MAX_ERROR, address, self.timeout).unwrap_or_default();
        let reason = serde_json::from_slice(&body)
            .ok()
            .map(|refused: Refused| refused.error);
        let said = format!("{address} responded with {status}");
        let text = match (status, reason) {
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, reason) => {
                let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
                format!("{said}{reason}: {}", self.about_token())
            }
            (_, Some(reason)) => format!("{said}: {reason}"),
            (StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED, None) => format!(
                "{said}: give the URL of the control router, and not that of the page, like http://localhost:8080/admin/mirror-control"
            ),
            (status, None) if status.is_redirection() => {
                let to = to
                    .as_ref()
                    .and_then(|to| to.to_str().ok())
                    .unwrap_or("nowhere");
                format!(
                    "{said}, to {}: changes are sent to no other address than the one that is given",
                    self::shown(to)
                )
            }
            (_, None) => said,
        };
        let exit = if status.is_server_error() {
            Exit::Unreachable
        } else {
            Exit::Bad
        };
        Err(Stop::new(exit, text))
    }

    fn about_token(&self) -> String {
        match &self.token {
            Some(token) => format!("the token from {} does not do", token.source),
            None => format!(
                "no token was sent: put one into the environment variable `{VARIABLE}`, or name another with `--token-env`"
            ),
        }
    }
}

/// Verification by the system, with the crypto provider that was chosen when this was built.
#[cfg(any(feature = "tls-aws-lc", feature = "tls-ring"))]
fn tls() -> ureq::tls::TlsConfig {
    #[cfg(feature = "tls-aws-lc")]
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    #[cfg(not(feature = "tls-aws-lc"))]
    let provider = rustls::crypto::ring::default_provider();
    ureq::tls::TlsConfig::builder()
        .provider(ureq::tls::TlsProvider::Rustls)
        .root_certs(ureq::tls::RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(std::sync::Arc::new(provider))
        .build()
}

fn content_type(response: &Response<Body>) -> String {
    let value = response.headers().get(CONTENT_TYPE);
    let value = value.and_then(|value| value.to_str().ok());
    value.unwrap_or("no content type").to_owned()
}

/// A URL without its query, which may be secret.
fn shown(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let authority = rest.split('/').next().unwrap_or_default();
            let path = &rest[authority.len()..];
            let host = authority.rsplit('@').next().unwrap_or_default();
            format!("{scheme}://{host}{path}")
        }
        None => url.to_owned(),
    }
}

fn read(
    mut response: Response<Body>,
    limit: u64,
    address: &Address,
    timeout: Duration,
) -> Result<Vec<u8>, Failure> {
    let body = response.body_mut().with_config().limit(limit).read_to_vec();
    body.map_err(|error| unheard(&error, address, timeout))
}

/// Why a body that was read is no snapshot.
fn unread(body: &[u8], shown: &str, content_type: &str) -> Failure {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }

    if let Ok(Versioned { version }) = serde_json::from_slice(body)
        && version != VERSION
    {
        let advice = if version > VERSION {
            "install the mirror-cli of the service's release"
        } else {
            "install an older mirror-cli, or update the service"
        };
        return Failure::new(
            Kind::Final,
            format_args!(
                "the snapshot of {shown} is of version {version}, and this program reads version {VERSION}: {advice}"
            ),
        );
    }
    let reason = serde_json::from_slice::<Snapshot>(body)
        .err()
        .map_or_else(String::new, |error| format!(": {error}"));
    let what = if content_type.starts_with("text/html") {
        "an HTML page, perhaps one to log in"
    } else {
        content_type
    };
    Failure::new(
        Kind::Elsewhere,
        format_args!("{shown} is no snapshot, but {what}{reason}"),
    )
}

/// Why nothing was heard.
fn unheard(error: &ureq::Error, address: &Address, timeout: Duration) -> Failure {
    let host = address.authority();
    let late = || {
        format!(
            "no response from {host} within {}",
            humantime::format_duration(timeout)
        )
    };
    let text = match error {
        ureq::Error::Timeout(_) => late(),
        ureq::Error::HostNotFound => format!("cannot find the host of {host}"),
        ureq::Error::TooManyRedirects => {
            return Failure::new(
                Kind::Elsewhere,
                format_args!("{address} redirects more than {MAX_REDIRECTS} times"),
            );
        }
        ureq::Error::BodyExceedsLimit(limit) => {
            return Failure::new(
                Kind::Elsewhere,
                format_args!(
                    "the response of {address} is larger than {} MiB",
                    limit >> 20
                ),
            );
        }
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::TimedOut => late(),
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => format!(
            "cannot connect to {host}: connection refused; does the program run, and listen there?"
        ),
        ureq::Error::Io(error) if error.to_string().contains("certificate") => format!(
            "cannot connect to {host}: {error}; the certificates that the system trusts count, or those of the file that `SSL_CERT_FILE` names"
        ),
        ureq::Error::Io(error) => format!("the connection to {host} failed: {error}"),
        ureq::Error::Protocol(error) => {
            format!("{host} does not speak HTTP as it should: {error}")
        }
        other => format!("cannot reach {host}: {other}"),
    };
    Failure::new(Kind::Unreachable, text)
}

//! Copies over reqwest: with the client of a program, or one of our own per tokio runtime.

mod classify;
mod client;

use std::time::Duration;

use ::reqwest::{Client, Url};
use axum::body::Body;
use http::{HeaderMap, Request, Response, Uri, header, uri::Scheme};

use self::{
    classify::classify,
    client::{Clients, Kind},
};
use super::{Sending, Transport, Unsendable, tls};
use crate::{body::CopyBody, error::ConfigError, outcome::MirrorError, target::Target};

/// Sends copies with a client of reqwest, for programs that want the client they know.
///
/// [`new`](Self::new) takes the program's own client, with whatever it is set up to do: its proxy,
/// certificates, and connections. [`default`](Self::default) makes clients, one per tokio runtime,
/// that send a copy once and nowhere else: they follow no redirect, try nothing again, use no proxy
/// and decode nothing. A client of the program should do the same, and it must live on the runtime
/// that serves its requests: its connections are tasks of the runtime that opened them.
///
/// reqwest rewrites some paths and queries, such as `/a/../b` and `?it's`: those copies are skipped
/// ([`Unsendable`](crate::SkipReason::Unsendable)). It adds `Accept: */*` if there is no `Accept`.
/// It does not bound `1xx` responses, or the time of each step of a connection. A copy costs more
/// than over a mirror's own connections.
///
/// ```
/// use mirror_runtime::{Mirror, ReqwestTransport};
///
/// let mirror = Mirror::builder()
///     .target("https://staging.example.com")
///     .transport(ReqwestTransport::default())
///     .build()?;
/// # Ok::<(), mirror_runtime::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ReqwestTransport {
    client: Option<Client>,
}

impl ReqwestTransport {
    /// Sends copies with a client of the program's. `connect_timeout` is the client's own then.
    ///
    /// ```no_run
    /// use mirror_runtime::{Mirror, ReqwestTransport};
    ///
    /// let client = reqwest::Client::builder()
    ///     .redirect(reqwest::redirect::Policy::none())
    ///     .build()
    ///     .unwrap();
    /// let mirror = Mirror::builder()
    ///     .target("https://staging.example.com")
    ///     .transport(ReqwestTransport::new(client))
    ///     .build()?;
    /// # Ok::<(), mirror_runtime::ConfigError>(())
    /// ```
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self {
            client: Some(client),
        }
    }
}

static CLIENTS: Clients = Clients::new();

impl Transport for ReqwestTransport {
    /// It needs a URL. A client that is made here has a configuration of TLS, whatever it is for;
    /// that of a program is made already.
    fn check(&self, target: &Target) -> Result<(), ConfigError> {
        if target.url().is_empty() {
            return Err(ConfigError::WithoutUrl(target.name().to_owned()));
        }
        match self.client {
            Some(_) => Ok(()),
            None => tls::check(target),
        }
    }

    fn send(
        &self,
        copy: Request<CopyBody>,
        connect_timeout: Duration,
    ) -> Result<Sending, Unsendable> {
        let (parts, body) = copy.into_parts();
        let mut request = ::reqwest::Request::new(parts.method, exact_url(&parts.uri)?);
        let kind = Kind {
            tls: parts.uri.scheme() == Some(&Scheme::HTTPS),
            http1_only: sets_host(&parts.headers),
            connect_timeout,
        };
        *request.headers_mut() = parts.headers;
        if !kind.tls || kind.http1_only {
            // Over HTTP/1 it is about the connection, and nothing here names it there.
            request.headers_mut().remove(header::TE);
        }
        if !body.is_empty() {
            *request.body_mut() = Some(::reqwest::Body::wrap(body));
        }
        let given = self.client.clone();
        Ok(Box::pin(async move {
            let client = match given {
                Some(client) => client,
                None => CLIENTS.current(kind).await?,
            };
            let answer = client.execute(request).await.map_err(classify)?;
            Ok(into_http(answer))
        }))
    }
}

/// The URL that reqwest takes, or an error if it would send something other than the URI.
///
/// `Url` resolves dot segments and encodes some characters, each of which makes it differ from what
/// it was parsed from. An equal text is an equal request, and an equal origin.
fn exact_url(uri: &Uri) -> Result<Url, Unsendable> {
    let text = uri.to_string();
    Url::parse(&text)
        .ok()
        .filter(|url| url.as_str() == text)
        .ok_or(Unsendable)
}

/// A `Host` of its own is sent over HTTP/1.1 only: in HTTP/2 it would stand beside an `:authority`
/// that contradicts it.
fn sets_host(headers: &HeaderMap) -> bool {
    headers.contains_key(header::HOST)
}

fn into_http(mut answer: ::reqwest::Response) -> Response<Body> {
    let (status, headers) = (answer.status(), std::mem::take(answer.headers_mut()));
    let mut response = Response::new(Body::new(::reqwest::Body::from(answer)));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// The error of a client that could not be made.
fn no_client(error: impl Into<axum::BoxError>) -> MirrorError {
    MirrorError::Request(error.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_client_would_change_or_refuse_is_refused() {
        for exact in [
            "http://a/x%2Fy?a=b%20c&d",
            "http://a//x",
            "http://a/@b",
            "https://[::1]:8443/a;b=c/",
        ] {
            assert!(exact_url(&exact.parse().unwrap()).is_ok(), "{exact}");
        }
        for changed in [
            "http://a/x/../y",
            "http://a/%2e%2E/y",
            "http://a/\\b",
            "http://a/?it's",
            "http://a/\"x\"",
            // Neither a name in ASCII nor one that stands for another.
            "http://xn--a/",
        ] {
            assert_eq!(
                exact_url(&changed.parse().unwrap()),
                Err(Unsendable),
                "{changed}"
            );
        }
    }
}

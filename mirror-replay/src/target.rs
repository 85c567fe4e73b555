//! The server that is sent the records.

use std::{
    convert::Infallible,
    fmt,
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, Request, header};
use http_body::Frame;
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use mirror_compare::{BufferedResponse, Ending};

use crate::copy::Destination;

#[cfg(feature = "tls")]
type Connector = hyper_rustls::HttpsConnector<HttpConnector>;
#[cfg(not(feature = "tls"))]
type Connector = HttpConnector;

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// How many times as much is read of a response as is compared of it: to the end of most, so that
/// its connection can be used again.
const READ_ON: usize = 16;

/// How long a connection waits for the next request. Servers close theirs after five seconds and
/// more.
const IDLE: Duration = Duration::from_secs(4);

/// Sends requests, and reads the responses.
#[derive(Clone)]
pub struct Target {
    client: Client<Connector, Body>,
    destination: Destination,
    timeout: Duration,
    /// The largest body that is compared.
    max_body: usize,
}

/// There is no response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No connection could be made.
    Connect(String),
    /// The head of the response did not come in time.
    TimedOut,
    /// The connection broke, or what came is not HTTP.
    Broken(String),
}

impl Failure {
    /// As it is counted.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Connect(_) => "connect",
            Self::TimedOut => "timed_out",
            Self::Broken(_) => "broken",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(error) => write!(f, "no connection: {error}"),
            Self::TimedOut => f.write_str("no response in time"),
            Self::Broken(error) => write!(f, "the connection broke: {error}"),
        }
    }
}

impl Target {
    /// A server, which is given so long for each response.
    ///
    /// # Errors
    ///
    /// What is wrong with TLS on this machine, for an `https` target.
    pub fn new(
        destination: Destination,
        timeout: Duration,
        max_body: usize,
        max_concurrent: usize,
    ) -> Result<Self, String> {
        let mut http = HttpConnector::new();
        http.set_nodelay(true);
        http.set_connect_timeout(Some(timeout));
        http.enforce_http(false);
        let connector = connector(http, destination.is_https())?;
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(max_concurrent)
            .build(connector);
        Ok(Self {
            client,
            destination,
            timeout,
            max_body,
        })
    }

    /// Where it is.
    #[must_use]
    pub fn destination(&self) -> &Destination {
        &self.destination
    }

    /// Sends a request, and reads the response as far as it is compared.
    ///
    /// # Errors
    ///
    /// [`Failure`], if there is no response.
    pub async fn send(
        &self,
        request: Request<Bytes>,
        trailers: HeaderMap,
    ) -> Result<BufferedResponse, Failure> {
        // A connection that a server closes while a request is on its way is no fault of either.
        // Others may have had an effect.
        let is_safe = matches!(
            *request.method(),
            Method::GET | Method::HEAD | Method::OPTIONS
        );
        let began = Instant::now();
        let again = is_safe.then(|| (request.clone(), trailers.clone()));
        let sent = tokio::time::timeout(self.timeout, async {
            match (
                self.client.request(with_trailers(request, trailers)).await,
                again,
            ) {
                (Err(error), Some((request, trailers))) if !error.is_connect() => {
                    self.client.request(with_trailers(request, trailers)).await
                }
                (sent, _) => sent,
            }
        });
        let response = match sent.await {
            Err(_) => return Err(Failure::TimedOut),
            Ok(Err(error)) => {
                let is_connect = error.is_connect();
                let text = innermost(&error);
                return Err(if is_connect {
                    Failure::Connect(text)
                } else {
                    Failure::Broken(text)
                });
            }
            Ok(Ok(response)) => response,
        };
        let first_byte = began.elapsed();
        let (head, mut body) = response.into_parts();
        let mut read = Read::default();
        let left = self.timeout.saturating_sub(first_byte);
        let reading = read.read(&mut body, self.max_body);
        let ending = match tokio::time::timeout(left, reading).await {
            Ok(ending) => ending,
            Err(_) if read.is_too_large(self.max_body) => Ending::Truncated,
            Err(_) => Ending::Streaming,
        };
        let latency = match ending {
            Ending::Streaming => first_byte,
            _ => began.elapsed(),
        };
        let response = BufferedResponse::new(head.status, head.headers, read.kept.freeze())
            .with_version(head.version)
            .with_first_byte(first_byte)
            .with_latency(latency)
            .with_ending(ending);
        Ok(match read.trailers {
            Some(trailers) => response.with_trailers(trailers),
            None => response,
        })
    }
}

/// What was read of a body.
#[derive(Default)]
struct Read {
    kept: BytesMut,
    bytes: usize,
    trailers: Option<HeaderMap>,
}

impl Read {
    async fn read(&mut self, body: &mut Incoming, max: usize) -> Ending {
        while let Some(frame) = body.frame().await {
            match frame.map(Frame::into_data) {
                Ok(Ok(data)) => {
                    self.bytes = self.bytes.saturating_add(data.len());
                    // One byte more says that it is too large.
                    let room = (max + 1).saturating_sub(self.kept.len());
                    self.kept.extend_from_slice(&data[..data.len().min(room)]);
                }
                Ok(Err(frame)) => self.trailers = frame.into_trailers().ok(),
                Err(_) if self.is_too_large(max) => return Ending::Truncated,
                Err(_) => return Ending::CutShort,
            }
            if self.bytes > max.saturating_mul(READ_ON) {
                return Ending::Truncated;
            }
        }
        if self.is_too_large(max) {
            Ending::Truncated
        } else {
            Ending::Complete
        }
    }

    const fn is_too_large(&self, max: usize) -> bool {
        self.bytes > max
    }
}

fn with_trailers(request: Request<Bytes>, trailers: HeaderMap) -> Request<Body> {
    if trailers.is_empty() {
        return request.map(|body| Full::new(body).boxed_unsync());
    }
    let (mut head, body) = request.into_parts();
    // A client of HTTP/1 sends those that are announced.
    let names: Vec<_> = trailers.keys().map(http::HeaderName::as_str).collect();
    if let Ok(names) = HeaderValue::from_str(&names.join(", ")) {
        head.headers.insert(header::TRAILER, names);
    }
    let frames = [Frame::data(body), Frame::trailers(trailers)];
    let frames = futures_util::stream::iter(frames.map(Ok));
    Request::from_parts(head, StreamBody::new(frames).boxed_unsync())
}

/// What went wrong at the bottom of an error.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

#[cfg(not(feature = "tls"))]
fn connector(http: HttpConnector, is_https: bool) -> Result<Connector, String> {
    if is_https {
        return Err("this program was built without TLS".to_owned());
    }
    Ok(http)
}

#[cfg(feature = "tls")]
fn connector(http: HttpConnector, _: bool) -> Result<Connector, String> {
    use std::sync::Arc;

    use rustls_platform_verifier::BuilderVerifierExt;
    use tokio_rustls::rustls::{ClientConfig, crypto::CryptoProvider};

    let provider = match CryptoProvider::get_default() {
        Some(provider) => Arc::clone(provider),
        None => provider()?,
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(BuilderVerifierExt::with_platform_verifier)
        .map_err(|error| format!("TLS is not available: {error}"))?
        .with_no_client_auth();
    Ok(hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(config)
        .https_or_http()
        .enable_all_versions()
        .wrap_connector(http))
}

#[cfg(feature = "tls")]
#[allow(
    clippy::unnecessary_wraps,
    reason = "there may be none, by the features"
)]
fn provider() -> Result<std::sync::Arc<tokio_rustls::rustls::crypto::CryptoProvider>, String> {
    #[cfg(feature = "tls-aws-lc")]
    return Ok(std::sync::Arc::new(
        tokio_rustls::rustls::crypto::aws_lc_rs::default_provider(),
    ));
    #[cfg(all(feature = "tls-ring", not(feature = "tls-aws-lc")))]
    return Ok(std::sync::Arc::new(
        tokio_rustls::rustls::crypto::ring::default_provider(),
    ));
    #[cfg(not(any(feature = "tls-aws-lc", feature = "tls-ring")))]
    Err("TLS is not available: the program has no crypto provider".to_owned())
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("destination", &self.destination)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

//! An HTTP/2 connection, which many copies share; it is a task of its own.

use std::{fmt, future::Future, time::Duration};

use axum::body::Body;
use futures_util::FutureExt;
use http::{Request, Response, Uri, Version, header};
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};

use super::{Origin, connect::Connected, http1::NotAnswered};
use crate::{body::CopyBody, outcome::MirrorError};

/// How often a connection with copies under way is asked whether anybody is there, and for how long an answer is waited
/// for. A connection that leads nowhere would take every further copy with it.
const PING_INTERVAL: Duration = Duration::from_secs(5);
const PING_TIMEOUT: Duration = Duration::from_secs(5);

/// A share in a connection. It is closed when the last share is dropped.
#[derive(Clone)]
pub(super) struct Http2 {
    sender: SendRequest<CopyBody>,
}

impl Http2 {
    pub(super) async fn new(connected: Connected) -> Result<Self, MirrorError> {
        let handshake = Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT)
            .handshake(TokioIo::new(connected.stream));
        let (sender, connection) = handshake
            .await
            .map_err(|error| MirrorError::Request(error.into()))?;
        // It ends with its last share, or with its runtime; its errors are told to the copies that it carries.
        drop(tokio::spawn(connection));
        Ok(Self { sender })
    }

    /// Sends a copy. This share is kept until the answer begins.
    pub(super) fn send(
        mut self,
        copy: Request<CopyBody>,
    ) -> impl Future<Output = Result<Response<Body>, NotAnswered>> + use<> {
        let answer = self.sender.try_send_request(copy);
        answer.map(move |answer| {
            drop(self);
            Ok(answer?.map(Body::new))
        })
    }

    pub(super) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }
}

impl fmt::Debug for Http2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http2")
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

/// The pseudo-headers of a copy: all of the URI, and no `Host` (RFC 9113 section 8.3.1).
pub(super) fn in_absolute_form(copy: &mut Request<CopyBody>, origin: &Origin) {
    let mut parts = origin.uri.clone().into_parts();
    parts.path_and_query = copy.uri().path_and_query().cloned();
    if let Ok(uri) = Uri::from_parts(parts) {
        *copy.uri_mut() = uri;
    }
    *copy.version_mut() = Version::HTTP_2;
    copy.headers_mut().remove(header::HOST);
}

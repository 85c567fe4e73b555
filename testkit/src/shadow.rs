//! A shadow that records what it is sent.
//!
//! Shadows of attributes have addresses that are known when the tests are compiled. Each has a
//! loopback address of its own (`127.77.0.x`), so that no other program has its port.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, Version, request::Parts};
use http_body_util::BodyExt;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use tokio::{net::TcpListener, sync::Semaphore, task::AbortHandle};
use tokio_rustls::TlsAcceptor;

use crate::until;

/// A request as a shadow got it.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The method.
    pub method: Method,
    /// The request target, as it stood in the request.
    pub target: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The trailers, if there were any.
    pub trailers: Option<HeaderMap>,
    /// The version of HTTP over which it came.
    pub version: Version,
}

impl Recorded {
    /// All values of a header.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers
            .get_all(name)
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect()
    }
}

type Answering = dyn Fn(&Recorded) -> Response<Body> + Send + Sync;

/// A server that records each request and responds to it. It stops when it is dropped.
pub struct Shadow {
    address: SocketAddr,
    state: Arc<State>,
    server: AbortHandle,
}

struct State {
    recorded: Mutex<Vec<Recorded>>,
    connections: AtomicUsize,
    answering: Box<Answering>,
    /// One permit per response that may be given.
    answers: Semaphore,
}

impl Shadow {
    /// A shadow that responds with 200.
    pub async fn start() -> Self {
        Self::answering(|_| Response::new(Body::from("shadow"))).await
    }

    /// A shadow that responds with 200, at a URL that is known beforehand.
    pub async fn at(url: &str) -> Self {
        Self::answering_at(url, |_| Response::new(Body::from("shadow"))).await
    }

    /// A shadow that responds as it is told, at a URL that is known beforehand.
    pub async fn answering_at(
        url: &str,
        answer: impl Fn(&Recorded) -> Response<Body> + Send + Sync + 'static,
    ) -> Self {
        let address = url.trim_start_matches("http://").split('/').next().unwrap();
        Self::listen(address, answer, Semaphore::MAX_PERMITS, None).await
    }

    /// A shadow that speaks TLS, as `localhost`.
    pub async fn tls(acceptor: TlsAcceptor) -> Self {
        let answer = |_: &Recorded| Response::new(Body::from("shadow"));
        Self::listen(
            "127.0.0.1:0",
            answer,
            Semaphore::MAX_PERMITS,
            Some(acceptor),
        )
        .await
    }

    /// A shadow that speaks TLS, as `localhost`, and responds as it is told.
    pub async fn tls_answering(
        acceptor: TlsAcceptor,
        answer: impl Fn(&Recorded) -> Response<Body> + Send + Sync + 'static,
    ) -> Self {
        let answers = Semaphore::MAX_PERMITS;
        Self::listen("127.0.0.1:0", answer, answers, Some(acceptor)).await
    }

    /// A shadow that responds as it is told.
    pub async fn answering(
        answer: impl Fn(&Recorded) -> Response<Body> + Send + Sync + 'static,
    ) -> Self {
        Self::listen("127.0.0.1:0", answer, Semaphore::MAX_PERMITS, None).await
    }

    /// A shadow that records requests, and responds only when it is [`release`](Self::release)d.
    pub async fn holding() -> Self {
        Self::holding_after(0).await
    }

    /// The same, after so many responses.
    pub async fn holding_after(answers: usize) -> Self {
        let answer = |_: &Recorded| Response::new(Body::from("late"));
        Self::listen("127.0.0.1:0", answer, answers, None).await
    }

    /// A shadow that records requests, and responds only when it is released, at a URL that is known
    /// beforehand.
    pub async fn holding_at(url: &str) -> Self {
        let address = url.trim_start_matches("http://").split('/').next().unwrap();
        let answer = |_: &Recorded| Response::new(Body::from("late"));
        Self::listen(address, answer, 0, None).await
    }

    async fn listen(
        address: &str,
        answer: impl Fn(&Recorded) -> Response<Body> + Send + Sync + 'static,
        answers: usize,
        tls: Option<TlsAcceptor>,
    ) -> Self {
        let listener = TcpListener::bind(address)
            .await
            .unwrap_or_else(|e| panic!("{address}: {e}"));
        let state = Arc::new(State {
            recorded: Mutex::default(),
            connections: AtomicUsize::new(0),
            answering: Box::new(answer),
            answers: Semaphore::new(answers),
        });
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(accept(listener, Arc::clone(&state), tls)).abort_handle();
        Self {
            address,
            state,
            server,
        }
    }

    /// The base URL of the shadow.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets a holding shadow give its responses.
    pub fn release(&self) {
        self.state.answers.add_permits(1_000_000);
    }

    /// What it got so far.
    pub fn recorded(&self) -> Vec<Recorded> {
        self.state.recorded.lock().unwrap().clone()
    }

    /// The port of the shadow.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many connections were made to it.
    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    /// Waits until it has got so many requests.
    pub async fn receives(&self, requests: usize) -> Vec<Recorded> {
        until(&format!("{requests} requests at the shadow"), || {
            self.state.recorded.lock().unwrap().len() >= requests
        })
        .await;
        self.recorded()
    }

    /// Waits until it has got a request, which must be the only one.
    pub async fn receives_one(&self) -> Recorded {
        let mut recorded = self.receives(1).await;
        assert_eq!(recorded.len(), 1);
        recorded.remove(0)
    }
}

impl Drop for Shadow {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn accept(listener: TcpListener, state: Arc<State>, tls: Option<TlsAcceptor>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        state.connections.fetch_add(1, Ordering::SeqCst);
        let (state, tls) = (Arc::clone(&state), tls.clone());
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let state = Arc::clone(&state);
                async move { Ok::<_, Infallible>(state.answer(request).await) }
            });
            let server = auto::Builder::new(TokioExecutor::new());
            // A connection that breaks is the client's affair.
            match tls {
                None => drop(server.serve_connection(TokioIo::new(stream), service).await),
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        drop(server.serve_connection(TokioIo::new(stream), service).await);
                    }
                }
            }
        });
    }
}

impl State {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let Parts {
            method,
            uri,
            headers,
            version,
            ..
        } = parts;
        let Ok(body) = body.collect().await else {
            return Response::new(Body::from("a request without its end is not recorded"));
        };
        let target = uri.to_string();
        let trailers = body.trailers().cloned();
        let body = body.to_bytes();
        let recorded = Recorded {
            method,
            target,
            headers,
            body,
            trailers,
            version,
        };
        self.recorded.lock().unwrap().push(recorded.clone());
        self.answers.acquire().await.unwrap().forget();
        (self.answering)(&recorded)
    }
}

//! Requests to an app over a few connections that stay open, and whether each response is the right
//! one.

use std::time::{Duration, Instant};

use axum::body::Body;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, task::JoinSet};

use super::process::App;

/// Connections at once: enough to keep an app busy on the machine that all of this shares.
const CONNECTIONS: usize = 16;

/// Bodies of the requests, in turn. Most are small; one in ten is what a form with a picture is.
const BODIES: [usize; 10] = [0, 1024, 0, 1024, 10, 64 * 1024, 0, 1024, 5000, 1];

/// What became of the requests of one phase.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Load {
    pub(crate) requests: u64,
    pub(crate) wrong: u64,
    /// Half of the requests took no longer.
    pub(crate) median: Duration,
}

impl Load {
    /// Sends requests to one route of an app until a moment.
    pub(crate) async fn run(app: &App, route: usize, until: Instant) -> Self {
        let mut connections = JoinSet::new();
        for _ in 0..CONNECTIONS {
            connections.spawn(Self::over_one_connection(app.address(), route, until));
        }
        let mut load = Self::default();
        let mut took = Vec::new();
        while let Some(of_one) = connections.join_next().await {
            // A client that panicked has a wrong response to show.
            let (wrong, of_one) = of_one.unwrap_or((1, vec![Duration::ZERO]));
            load.wrong += wrong;
            took.extend(of_one);
        }
        load.requests = took.len() as u64;
        took.sort_unstable();
        load.median = took.get(took.len() / 2).copied().unwrap_or_default();
        load
    }

    /// How many responses were wrong, and how long each took.
    async fn over_one_connection(
        address: String,
        route: usize,
        until: Instant,
    ) -> (u64, Vec<Duration>) {
        let mut wrong = 0;
        let mut took = Vec::new();
        let mut connection = None;
        for length in BODIES.into_iter().cycle() {
            if Instant::now() >= until {
                break;
            }
            let body = Bytes::from(vec![b'x'; length]);
            let began = Instant::now();
            if !is_answered(&mut connection, &address, route, body).await {
                wrong += 1;
                connection = None;
            }
            took.push(began.elapsed());
        }
        (wrong, took)
    }
}

/// Sends a request, over the connection if there is one, and compares the response with what an
/// echo responds.
async fn is_answered(
    connection: &mut Option<SendRequest<Body>>,
    address: &str,
    route: usize,
    body: Bytes,
) -> bool {
    if connection.is_none() {
        let Ok(stream) = TcpStream::connect(address).await else {
            return false;
        };
        let Ok((sender, driver)) = http1::handshake(TokioIo::new(stream)).await else {
            return false;
        };
        tokio::spawn(driver);
        *connection = Some(sender);
    }
    let Some(sender) = connection else {
        return false;
    };
    let request = Request::post(format!("/{route}")).header("host", address);
    let Ok(request) = request.body(Body::from(body.clone())) else {
        return false;
    };
    let Ok(()) = sender.ready().await else {
        return false;
    };
    let Ok(answer) = sender.send_request(request).await else {
        return false;
    };
    let status = answer.status();
    let answered = answer.into_body().collect().await;
    status == StatusCode::OK && answered.is_ok_and(|answered| answered.to_bytes() == body)
}

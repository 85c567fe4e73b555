//! Requests to a primary over connections that stay open.

use std::{
    future::Future,
    thread,
    time::{Duration, Instant},
};

use axum::body::Body;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, sync::mpsc, task::JoinSet};

use super::scenario::{Load as Manner, Scenario};

/// How long after its end a load waits for responses that are still to come.
const PATIENCE: Duration = Duration::from_secs(2);

/// What came of a load.
#[derive(Clone, Debug, Default)]
pub(crate) struct Load {
    /// In microseconds, of each response within the time that counts.
    pub(crate) latencies: Vec<u32>,
    /// Requests that were sent, before that time too.
    pub(crate) sent: u64,
    /// Responses that were wrong or did not come.
    pub(crate) wrong: u64,
}

/// The requests of a load.
#[derive(Clone, Debug)]
pub(crate) struct Requests {
    pub(crate) address: String,
    pub(crate) payload: usize,
    /// The handlers that they are for, in turn.
    pub(crate) handlers: usize,
}

impl Requests {
    pub(crate) fn of(scenario: Scenario, address: String) -> Self {
        Self {
            address,
            payload: scenario.payload,
            handlers: scenario.handlers,
        }
    }

    /// Sends them as a scenario says, from now to `until`. Responses count that were asked for
    /// after `from`.
    pub(crate) async fn send(&self, scenario: Scenario, [from, until]: [Instant; 2]) -> Load {
        let connections = scenario.connections;
        match scenario.load {
            Manner::Saturated => Load::saturate(self, connections, [from, until]).await,
            Manner::Steady(rate) => Load::keep_steady(self, connections, rate, [from, until]).await,
        }
    }
}

impl Load {
    /// Sends over each connection one request after another, from now to `until`. Responses count
    /// that were asked for after `from`.
    pub(crate) async fn saturate(
        requests: &Requests,
        connections: usize,
        [from, until]: [Instant; 2],
    ) -> Self {
        let mut workers = JoinSet::new();
        for number in 0..connections {
            let mut worker = Worker::new(requests, number);
            workers.spawn(async move {
                loop {
                    let begun = Instant::now();
                    if begun >= until {
                        return worker.load;
                    }
                    worker.send(begun, begun >= from).await;
                }
            });
        }
        gather(workers, until).await
    }

    /// Sends so many requests a second from now to `until`, over connections in turn.
    pub(crate) async fn keep_steady(
        requests: &Requests,
        connections: usize,
        rate: u32,
        [from, until]: [Instant; 2],
    ) -> Self {
        let mut workers = JoinSet::new();
        let mut due = Vec::new();
        for number in 0..connections {
            let (sender, mut receiver) = mpsc::unbounded_channel();
            due.push(sender);
            let mut worker = Worker::new(requests, number);
            workers.spawn(async move {
                worker.connect().await;
                while let Some(begun) = receiver.recv().await {
                    worker.send(begun, begun >= from).await;
                }
                worker.load
            });
        }
        // A thread, because the runtime's timer is no finer than a millisecond.
        let pace = thread::spawn(move || {
            let interval = Duration::from_secs(1) / rate;
            let mut next = Instant::now();
            for sender in due.iter().cycle() {
                if next >= until || sender.send(next).is_err() {
                    return;
                }
                next += interval;
                thread::sleep(next.saturating_duration_since(Instant::now()));
            }
        });
        let load = gather(workers, until).await;
        // It ends when its time is over, or when nobody receives any more.
        let _ = pace.join();
        load
    }
}

/// The latency that so many of all responses took at most.
pub(crate) fn percentile(mut latencies: Vec<u32>, share: f64) -> f64 {
    latencies.sort_unstable();
    let last = latencies.len().saturating_sub(1);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "an index of a vector of some hundred thousand"
    )]
    let at = (last as f64 * share).round() as usize;
    latencies
        .get(at)
        .map_or(f64::NAN, |micros| f64::from(*micros))
}

/// Waits for all workers, but for those no longer that get no response.
async fn gather(mut workers: JoinSet<Load>, until: Instant) -> Load {
    let mut sum = Load::default();
    let all = async {
        while let Some(load) = workers.join_next().await {
            let load = load.unwrap_or_default();
            sum.latencies.extend(load.latencies);
            sum.sent += load.sent;
            sum.wrong += load.wrong;
        }
    };
    let end = tokio::time::Instant::from_std(until + PATIENCE);
    if tokio::time::timeout_at(end, all).await.is_err() {
        // Each of those waits for one response.
        sum.wrong += workers.len() as u64;
    }
    sum
}

/// One connection.
struct Worker {
    requests: Requests,
    handler: usize,
    body: Bytes,
    sender: Option<SendRequest<Body>>,
    load: Load,
}

impl Worker {
    fn new(requests: &Requests, number: usize) -> Self {
        Self {
            requests: requests.clone(),
            handler: number % requests.handlers,
            body: vec![b'x'; requests.payload].into(),
            sender: None,
            load: Load::default(),
        }
    }

    async fn connect(&mut self) {
        let connect = async {
            let stream = TcpStream::connect(&self.requests.address).await.ok()?;
            stream.set_nodelay(true).ok()?;
            let (sender, driver) = http1::handshake(TokioIo::new(stream)).await.ok()?;
            tokio::spawn(driver);
            Some(sender)
        };
        self.sender = connect.await;
        if self.sender.is_none() {
            // Not in a circle without end.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn send(&mut self, begun: Instant, counts: bool) {
        if self.sender.is_none() {
            self.connect().await;
        }
        self.load.sent += 1;
        self.handler = (self.handler + 1) % self.requests.handlers;
        if self.exchange().await != Some(StatusCode::OK) {
            self.load.wrong += 1;
            self.sender = None;
        } else if counts {
            let micros = begun.elapsed().as_micros();
            self.load
                .latencies
                .push(u32::try_from(micros).unwrap_or(u32::MAX));
        }
    }

    fn exchange(&mut self) -> impl Future<Output = Option<StatusCode>> {
        let uri = format!("/{}", self.handler);
        let request = if self.body.is_empty() {
            Request::get(uri).body(Body::empty())
        } else {
            Request::post(uri)
                .header("content-type", "application/json")
                .body(Body::from(self.body.clone()))
        };
        let host = self.requests.address.clone();
        let sender = self.sender.as_mut();
        async move {
            let (sender, mut request) = (sender?, request.ok()?);
            let headers = request.headers_mut();
            headers.insert("host", host.parse().ok()?);
            headers.insert("user-agent", "bench/1.0".parse().ok()?);
            headers.insert("accept", "*/*".parse().ok()?);
            headers.insert(
                "x-request-id",
                "0af7651916cd43dd8448eb211c80319c".parse().ok()?,
            );
            sender.ready().await.ok()?;
            let answer = sender.send_request(request).await.ok()?;
            let status = answer.status();
            answer.into_body().collect().await.ok()?;
            Some(status)
        }
    }
}

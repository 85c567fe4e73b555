//! The clients: real orders over real connections, with the responses checked and the time taken.

use std::{fmt, net::SocketAddr, time::Duration};

use axum::http::{Method, StatusCode};
use testkit::demo::{Answer, Client, Result};
use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};

use crate::shop::{MIRRORED, NewOrder, Order};

/// As many clients at once, each with a connection of its own.
const CLIENTS: usize = 4;

/// Each client sends an order this often: 200 orders a second in all, which leaves the machine time
/// to spare. A machine that is busy would be what is measured.
const PACE: Duration = Duration::from_millis(20);

/// The clients begin that long after one another: four orders at the same moment would wait for
/// each other.
const APART: Duration = Duration::from_millis(5);

const ITEMS: [&str; 4] = ["tea", "cup", "teapot", "sugar"];

pub(crate) struct Traffic {
    clients: Vec<Client>,
    sent: usize,
    mirrored: u64,
    wrong: Vec<String>,
}

impl Traffic {
    pub(crate) async fn connect(address: SocketAddr) -> Result<Self> {
        let mut clients = Vec::new();
        for _ in 0..CLIENTS {
            clients.push(Client::connect(address).await?);
        }
        Ok(Self {
            clients,
            sent: 0,
            mirrored: 0,
            wrong: Vec::new(),
        })
    }

    /// The orders that went to the mirrored route.
    pub(crate) fn mirrored(&self) -> u64 {
        self.mirrored
    }

    /// All orders, and what is wrong with the responses that were wrong.
    pub(crate) fn answers(&self) -> (usize, &[String]) {
        (self.sent, &self.wrong)
    }

    /// Sends one order to the mirrored route. Returns it, and the response.
    pub(crate) async fn send_one(&mut self) -> Result<(String, Answer)> {
        let order = order(self.sent);
        let answer = send(&mut self.clients[0], MIRRORED, &order).await?;
        self.sent += 1;
        self.mirrored += 1;
        self.wrong.extend(wrong(&order, &answer));
        Ok((serde_json::to_string(&order)?, answer))
    }

    /// Sends orders at a steady pace, from all clients at once.
    pub(crate) async fn send(&mut self, requests: usize, path: &'static str) -> Result<Latencies> {
        let mut clients = JoinSet::<Result<_>>::new();
        let mut begin = Instant::now();
        for mut client in self.clients.drain(..) {
            begin += APART;
            clients.spawn(async move {
                sleep_until(begin).await;
                let answers = keep_sending(&mut client, requests / CLIENTS, path).await?;
                Ok((client, answers))
            });
        }
        let mut latencies = Vec::new();
        while let Some(done) = clients.join_next().await {
            let (client, answers) = done??;
            self.clients.push(client);
            for (latency, wrong) in answers {
                latencies.push(latency);
                self.wrong.extend(wrong);
            }
        }
        self.sent += latencies.len();
        if path == MIRRORED {
            self.mirrored += latencies.len() as u64;
        }
        Ok(Latencies::new(latencies))
    }
}

/// How long the client waited for a response, and what is wrong with it.
type Checked = (Duration, Option<String>);

async fn keep_sending(client: &mut Client, requests: usize, path: &str) -> Result<Vec<Checked>> {
    let mut answers = Vec::new();
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for number in 0..requests {
        pace.tick().await;
        let order = order(number);
        let answer = send(client, path, &order).await?;
        answers.push((answer.latency, wrong(&order, &answer)));
    }
    Ok(answers)
}

fn order(number: usize) -> NewOrder {
    NewOrder {
        item: ITEMS[number % ITEMS.len()].to_owned(),
        quantity: 1 + u32::try_from(number % 5).unwrap_or_default(),
    }
}

async fn send(client: &mut Client, path: &str, order: &NewOrder) -> Result<Answer> {
    let json = serde_json::to_string(order)?;
    client.send(Method::POST, path, &json).await
}

/// What is wrong with a response, if anything is.
fn wrong(order: &NewOrder, answer: &Answer) -> Option<String> {
    let expected = Order {
        item: order.item.clone(),
        quantity: order.quantity,
        cents: order.quantity * 250,
    };
    let got = serde_json::from_str::<Order>(&answer.body).ok();
    let right = answer.status == StatusCode::CREATED && got.as_ref() == Some(&expected);
    (!right).then(|| {
        format!(
            "{order:?} got the response {} {}",
            answer.status, answer.body
        )
    })
}

/// How long the clients waited for the primary.
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    fn new(mut latencies: Vec<Duration>) -> Self {
        latencies.sort_unstable();
        Self(latencies)
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The time within which so many percent of the requests were answered.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.0.len() * percent).div_ceil(100);
        self.0
            .get(rank.saturating_sub(1))
            .copied()
            .unwrap_or_default()
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "primary: {} responses, p50 {:.1?}, p99 {:.1?}",
            self.count(),
            self.percentile(50),
            self.percentile(99)
        )
    }
}

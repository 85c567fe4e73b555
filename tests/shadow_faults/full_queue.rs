//! Servers that are busy, or that nothing reaches: the time to connect, and what is done in it. How
//! long a queue is, and that what finds no place in it is dropped, is how Linux does it.

use std::{
    collections::HashSet,
    fs,
    future::IntoFuture,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use mirror_runtime::FailureKind;
use testkit::{settled, until};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::{one_more, plain, primary_of, to};

/// A server that takes no connections from its queue, which has room for one and is full: what
/// arrives is dropped, as by a firewall.
async fn deaf() -> (TcpListener, TcpStream) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let deaf = socket.listen(0).unwrap();
    let queued = TcpStream::connect(deaf.local_addr().unwrap()).await;
    (deaf, queued.unwrap())
}

#[tokio::test]
async fn a_connection_that_is_not_made_in_time_fails_long_before_the_timeout() {
    let (deaf, _queued) = deaf().await;
    let mirror = to(format!("http://{}", deaf.local_addr().unwrap()))
        .connect_timeout(Duration::from_millis(100))
        .build()
        .unwrap();
    let primary = primary_of(&mirror).await;
    let stats = one_more(&mirror, &primary).await;
    assert_eq!(stats.failed_with(FailureKind::Connect), 1, "{stats}");
}

/// The local addresses of the connections to a server that are being made. The list may have one of
/// them twice, if it changes while it is read.
fn connecting_to(server: SocketAddr) -> HashSet<String> {
    let IpAddr::V4(address) = server.ip() else {
        return HashSet::new();
    };
    let address = u32::from_ne_bytes(address.octets());
    // As the system writes it: the server, and `02` where a `SYN` was sent.
    let server = format!("{address:08X}:{:04X}", server.port());
    let all = fs::read_to_string("/proc/net/tcp").unwrap();
    let rows = all.lines().map(|row| row.split_whitespace().collect());
    let begun = rows.filter(|row: &Vec<_>| row[2] == server && row[3] == "02");
    begun.map(|row| row[1].to_owned()).collect()
}

#[tokio::test]
async fn a_server_whose_queue_was_full_is_tried_once_more() {
    let (deaf, _queued) = deaf().await;
    let server = deaf.local_addr().unwrap();
    // The second attempt begins after a quarter. The system goes on trying by itself, after a
    // second, two and four: whenever the server is free again in the next seconds, something
    // arrives before the time is over.
    let mirror = to(format!("http://{server}"))
        .connect_timeout(Duration::from_secs(10))
        .build()
        .unwrap();
    let primary = primary_of(&mirror).await;
    primary.post("/", "hello").await;
    let mut attempts = HashSet::new();
    until("another attempt", || {
        let attempt = connecting_to(server);
        assert!(attempt.len() <= 2, "the first attempt, and one beside it");
        attempts.extend(attempt);
        attempts.len() == 2
    })
    .await;
    tokio::spawn(axum::serve(deaf, plain()).into_future());
    let stats = settled(&mirror, 1).await.remove(0);
    assert_eq!((stats.answered, stats.failed), (1, 0), "{stats}");
}

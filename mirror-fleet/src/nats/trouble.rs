//! Why there is no connection, and servers that demand what cannot be had.

use std::io;

use async_nats::{ReconnectToServer, Server, ServerAddr};
use serde::Deserialize;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    net::TcpStream,
    time::{sleep, timeout},
};

use super::{
    error::plain,
    options::{CONNECT_TIMEOUT, wait_before},
    tls::{NO_PROVIDER, has_provider},
};

/// What a server says of itself is far shorter.
const LONGEST_INFO: u64 = 64 * 1024;

/// What a server says before anything else, as far as it matters here.
#[derive(Deserialize)]
struct Info {
    #[serde(default)]
    tls_required: bool,
}

/// Of each server, why there is no connection to it; `None` if nothing is known.
pub(super) fn of(servers: &[Server]) -> Option<String> {
    let reason = |server: &Server| {
        let reason = server.last_error.as_deref()?;
        Some(format!("{server}: {reason}"))
    };
    let mut reasons: Vec<_> = servers.iter().filter_map(reason).collect();
    // The client has them in any order.
    reasons.sort_unstable();
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

/// Waits until there is a server that does not demand TLS, for a program without a crypto provider:
/// the client panics if it cannot have what a server demands. `None` is any server: there is a
/// provider meanwhile.
pub(super) async fn without_tls(
    mut servers: Vec<Server>,
    tell: impl Fn(String),
) -> Option<ReconnectToServer> {
    // As the client does it: the one that has failed least.
    servers.sort_by_key(|server| server.failed_attempts);
    for attempt in 1.. {
        for server in &servers {
            if has_provider() {
                return None;
            }
            // Of what is no server, or no server of NATS, the client says what is wrong.
            let asked = timeout(CONNECT_TIMEOUT, demands_tls(&server.addr)).await;
            if !matches!(asked, Ok(Ok(true))) {
                return Some(ReconnectToServer {
                    addr: server.addr.clone(),
                    delay: None,
                });
            }
        }
        tell(format!(
            "TLS is demanded by {}, and {NO_PROVIDER}",
            plain(&names(servers.iter().map(|server| &server.addr)))
        ));
        sleep(wait_before(attempt)).await;
    }
    None
}

/// Servers by their addresses, in which there are no passwords.
pub(super) fn names<'a>(servers: impl IntoIterator<Item = &'a ServerAddr>) -> String {
    let name = |server: &ServerAddr| server.clone().into_inner().to_string();
    let mut names: Vec<_> = servers.into_iter().map(name).collect();
    names.sort_unstable();
    names.join(", ")
}

async fn demands_tls(server: &ServerAddr) -> io::Result<bool> {
    if server.tls_required() {
        return Ok(true);
    }
    let host = server.host().trim_matches(['[', ']']);
    let stream = TcpStream::connect((host, server.port())).await?;
    let mut line = Vec::new();
    let mut stream = BufReader::new(stream).take(LONGEST_INFO);
    stream.read_until(b'\n', &mut line).await?;
    let info = line.strip_prefix(b"INFO ").unwrap_or_default();
    let info = serde_json::from_slice::<Info>(info);
    Ok(info.is_ok_and(|info| info.tls_required))
}

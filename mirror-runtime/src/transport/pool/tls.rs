//! TLS sessions with shadows: verified by what the system trusts.

use std::{sync::Arc, thread};

use axum::BoxError;
use tokio::sync::{OnceCell, oneshot};
pub(super) use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsConnector, rustls::pki_types::ServerName};

use super::wire::Wire;
use crate::{outcome::MirrorError, transport::tls};

/// The protocols to offer, for connections that may speak HTTP/2 and for those that must not.
const EITHER: [&[u8]; 2] = [HTTP2, HTTP1];
const HTTP2: &[u8] = b"h2";
const HTTP1: &[u8] = b"http/1.1";

/// Read once, and again only if that failed.
static CONFIG: OnceCell<Configs> = OnceCell::const_new();

/// Not more than pointers: cheap to hand on.
#[derive(Clone)]
struct Configs {
    either: TlsConnector,
    http1_only: TlsConnector,
}

/// Makes a TLS session; tells whether the server chose HTTP/2.
pub(super) async fn handshake(
    wire: Wire,
    host: &str,
    http1_only: bool,
) -> Result<(Box<TlsStream<Wire>>, bool), MirrorError> {
    let configs = configs().await?;
    let connector = if http1_only {
        &configs.http1_only
    } else {
        &configs.either
    };
    let name = ServerName::try_from(host.to_owned()).map_err(failed)?;
    let session = connector.connect(name, wire).await.map_err(failed)?;
    let http2 = session.get_ref().1.alpn_protocol() == Some(HTTP2);
    Ok((Box::new(session), http2))
}

/// Reads the system's certificates before the first copy needs them. That takes milliseconds, on a
/// thread of its own.
pub(super) fn prepare() {
    if CONFIG.initialized() {
        return;
    }
    let read = || {
        if let Ok(configs) = load() {
            // Whoever was first has read the same.
            let _ = CONFIG.set(configs);
        }
    };
    // If no thread can be started, the first copy tries again.
    drop(
        thread::Builder::new()
            .name("mirror-tls".to_owned())
            .spawn(read),
    );
}

async fn configs() -> Result<&'static Configs, MirrorError> {
    let read = || async {
        let (sender, configs) = oneshot::channel();
        // A thread of its own, because tokio's blocking pool is the primary's, and may be full.
        let thread = thread::Builder::new().name("mirror-tls".to_owned());
        thread
            .spawn(move || drop(sender.send(load())))
            .map_err(failed)?;
        configs.await.map_err(failed)?.map_err(failed)
    };
    CONFIG.get_or_try_init(read).await
}

fn load() -> Result<Configs, BoxError> {
    let config = tls::trusting_the_system()?;
    let offering = |protocols: &[&[u8]]| {
        let mut config = config.clone();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        TlsConnector::from(Arc::new(config))
    };
    Ok(Configs {
        either: offering(&EITHER),
        http1_only: offering(&[HTTP1]),
    })
}

/// What is below a session.
pub(super) fn wire(session: &TlsStream<Wire>) -> &Wire {
    session.get_ref().0
}

fn failed(error: impl Into<BoxError>) -> MirrorError {
    MirrorError::Tls(error.into())
}

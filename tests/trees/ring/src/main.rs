//! A program that uses rustls with ring, and says so to `mirror-runtime`: nothing else is compiled
//! in, so that rustls can still tell which provider the program means.

use mirror_runtime::{Mirror, ReqwestTransport};
use shadow::{Shadow, assert_answered};
use tokio_rustls::rustls::{ClientConfig, crypto::CryptoProvider, crypto::ring};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let shadow = Shadow::start(ring::default_provider()).await;
    assert_answered(&Mirror::new([&shadow.url]).unwrap()).await;

    let over_reqwest = Mirror::builder().transport(ReqwestTransport::default());
    let over_reqwest = over_reqwest.target(&shadow.url).build().unwrap();
    assert_answered(&over_reqwest).await;
    let plain = Mirror::builder().transport(ReqwestTransport::default());
    let plain = plain.target(shadow::plain().await).build().unwrap();
    assert_answered(&plain).await;

    assert!(
        CryptoProvider::get_default().is_none(),
        "the default is the program's to choose"
    );
    // Panics if another provider is compiled in, too.
    drop(ClientConfig::builder());
}

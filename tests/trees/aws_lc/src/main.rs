//! A program that says nothing about TLS: it has aws-lc, which is what rustls takes by itself, too.

use mirror_runtime::Mirror;
use shadow::{Shadow, assert_answered};
use tokio_rustls::rustls::{ClientConfig, crypto::CryptoProvider, crypto::aws_lc_rs};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let shadow = Shadow::start(aws_lc_rs::default_provider()).await;
    assert_answered(&Mirror::new([&shadow.url]).unwrap()).await;

    assert!(
        CryptoProvider::get_default().is_none(),
        "the default is the program's to choose"
    );
    drop(ClientConfig::builder());
}

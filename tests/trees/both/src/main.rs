//! A program in which two crates ask for different providers: copies use aws-lc, also if the
//! program has installed ring.

use mirror_runtime::Mirror;
use shadow::{Shadow, assert_answered};
use tokio_rustls::rustls::{
    SignatureScheme,
    crypto::{CryptoProvider, aws_lc_rs, ring},
};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let installed = ring::default_provider();
    installed.install_default().unwrap();
    let shadow = Shadow::start(aws_lc_rs::default_provider()).await;
    assert_answered(&Mirror::new([&shadow.url]).unwrap()).await;

    // Only aws-lc verifies these.
    let only_aws_lc = SignatureScheme::ECDSA_NISTP521_SHA512;
    assert!(
        shadow.offered().contains(&only_aws_lc),
        "{:?}",
        shadow.offered()
    );
    let default = CryptoProvider::get_default().unwrap();
    let mapping = default.signature_verification_algorithms.mapping;
    let is_ring = !mapping.iter().any(|(scheme, _)| *scheme == only_aws_lc);
    assert!(is_ring, "the default is the program's to choose");
}

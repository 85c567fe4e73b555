//! Faults of shadows that speak TLS.
//!
//! The certificates that are trusted are those of the system, so what can only go wrong after a TLS session was made is
//! shown in a process of its own, which is told where to find another authority's.

use std::{process::Command, sync::Arc};

use http::StatusCode;
use mirror_runtime::FailureKind;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, PKCS_ECDSA_P256_SHA256,
    date_time_ymd,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivateKeyDer},
};

use super::{Expected, one_more, primary_of, to};
use crate::support::{Fault, Faulty};

/// Names the file with the certificates to trust, for the process that a test starts again; unset elsewhere.
const VARIABLE: &str = "MIRROR_TESTS_TRUSTED";

/// An authority, and what it certifies.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, key()).unwrap())
    }

    /// A server's side of TLS, with a certificate for a name that is valid up to the end of a year.
    fn certifies(&self, name: &str, year: i32, protocol: &str) -> TlsAcceptor {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(year, 12, 31);
        let key = key();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let mut config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        config.alpn_protocols = vec![protocol.into()];
        TlsAcceptor::from(Arc::new(config))
    }
}

fn key() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap()
}

/// Runs twice: by itself, where nobody trusts the authority, and from the test below, where it is trusted.
#[tokio::test]
async fn a_certificate_decides_whether_there_is_a_session() {
    let authority = Authority::new();
    let trusted = std::env::var_os(VARIABLE);
    if let Some(file) = &trusted {
        std::fs::write(file, authority.0.pem()).unwrap();
    }
    let ours = |year, protocol| authority.certifies("localhost", year, protocol);
    let tls: Expected = Err(FailureKind::Tls);
    let cases = [
        (
            "foreign",
            Authority::new().certifies("localhost", 2090, "http/1.1"),
            Fault::None,
            tls,
        ),
        ("expired", ours(2021, "http/1.1"), Fault::None, tls),
        (
            "of another name",
            authority.certifies("a.example", 2090, "h2"),
            Fault::None,
            tls,
        ),
        (
            "valid",
            ours(2090, "http/1.1"),
            Fault::None,
            Ok(StatusCode::OK),
        ),
        (
            "valid",
            ours(2090, "http/1.1"),
            Fault::HalfAnswer,
            Err(FailureKind::Body),
        ),
        (
            "valid",
            ours(2090, "h2"),
            Fault::GoAwayBeforeTheAnswer,
            Err(FailureKind::Request),
        ),
        (
            "valid",
            ours(2090, "h2"),
            Fault::GoAwayInTheAnswer,
            Err(FailureKind::Body),
        ),
    ];
    for (certificate, acceptor, fault, expected) in cases {
        let faulty = Faulty::tls(fault, acceptor);
        let target = format!("https://localhost:{}", faulty.port());
        let mirror = to(target).build().unwrap();
        let primary = primary_of(&mirror).await;
        let stats = one_more(&mirror, &primary).await;
        let expected = if trusted.is_some() { expected } else { tls };
        match expected {
            Ok(class) => assert_eq!(stats.answered_with(class), 1, "{certificate}: {stats}"),
            Err(kind) => assert_eq!(
                stats.failed_with(kind),
                1,
                "{certificate} {fault:?}: {stats}"
            ),
        }
        // Nothing of the request is told to a shadow that is not who it should be, and nothing is sent twice.
        let requests = usize::from(expected != tls);
        assert_eq!(faulty.requests(), requests, "{certificate} {fault:?}");
    }
}

#[tokio::test]
async fn a_shadow_that_is_trusted_can_still_go_away() {
    let file = concat!(env!("CARGO_TARGET_TMPDIR"), "/trusted-by-shadow-faults.pem");
    let this_test = std::env::current_exe().unwrap();
    let test = "shadow_faults::tls::a_certificate_decides_whether_there_is_a_session";
    let run = move || {
        Command::new(this_test)
            .args(["--exact", test])
            .env(VARIABLE, file)
            .env("SSL_CERT_FILE", file)
            .env_remove("SSL_CERT_DIR")
            .output()
    };
    let output = tokio::task::spawn_blocking(run).await.unwrap().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && told.contains("1 passed"),
        "{told}"
    );
}

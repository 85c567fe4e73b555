//! Certificates of our own, and processes that trust them.
//!
//! The certificates that are trusted are those of the system, so what comes after a TLS session was
//! made is shown in a process of its own, which is told where to find another authority's.

use std::{ffi::OsString, process::Command, sync::Arc};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, IsCa, KeyPair,
    PKCS_ECDSA_P256_SHA256, date_time_ymd,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivateKeyDer},
};

/// Names the file with the certificates to trust, for the process that a test starts again; unset
/// elsewhere.
const VARIABLE: &str = "MIRROR_TESTS_TRUSTED";

/// The file whose certificates this process trusts: it is to be written before the first TLS
/// session.
pub fn trusted_file() -> Option<OsString> {
    std::env::var_os(VARIABLE)
}

/// Runs a test of this program in a process that trusts the certificates in a file.
pub async fn passes_where_trusted(test: &'static str, file: &'static str) {
    let program = std::env::current_exe().unwrap();
    let run = move || {
        Command::new(program)
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

/// An authority, and what it certifies.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    /// Its certificate, as a file to trust.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// An authority that nobody trusts yet.
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, key()).unwrap())
    }

    /// A server's side of TLS, with a certificate for a name that is valid up to the end of a year.
    pub fn certifies(&self, name: &str, year: i32, protocol: &str) -> TlsAcceptor {
        self.certifies_until(name, year, &[protocol])
    }

    /// The same, for many years, with several protocols to choose from.
    pub fn certifies_all(&self, name: &str, protocols: &[&str]) -> TlsAcceptor {
        self.certifies_until(name, 2090, protocols)
    }

    /// A certificate for a name that is valid up to the end of a year, and its key.
    pub fn issue(&self, name: &str, year: i32) -> (Certificate, KeyPair) {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(year, 12, 31);
        let key = key();
        (params.signed_by(&key, &self.0).unwrap(), key)
    }

    fn certifies_until(&self, name: &str, year: i32, protocols: &[&str]) -> TlsAcceptor {
        let (certificate, key) = self.issue(name, year);
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let mut config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let protocols = protocols
            .iter()
            .map(|protocol| protocol.as_bytes().to_vec());
        config.alpn_protocols = protocols.collect();
        TlsAcceptor::from(Arc::new(config))
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

fn key() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap()
}

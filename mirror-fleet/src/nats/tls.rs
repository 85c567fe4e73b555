//! What a connection trusts, and what it proves itself with.

use std::{
    fmt::Display,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use tokio_rustls::rustls::{
    ClientConfig, RootCertStore, SignatureScheme,
    client::ResolvesClientCert,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};

use super::{NatsError, credentials::wrong, options::Tls};

/// What is wrong, and what to do.
pub(super) const NO_PROVIDER: &str = "there is no crypto provider: turn on the feature `tls-aws-lc` or \
     `tls-ring` of `mirror-fleet`, or install one as the default of rustls";

/// Whether TLS can be had, at this moment.
pub(super) fn has_provider() -> bool {
    provider().is_some()
}

/// The provider that the program has installed, or that of the features.
fn provider() -> Option<Arc<CryptoProvider>> {
    if let Some(installed) = CryptoProvider::get_default() {
        return Some(Arc::clone(installed));
    }
    #[cfg(feature = "tls-aws-lc")]
    let provider = Some(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    #[cfg(all(feature = "tls-ring", not(feature = "tls-aws-lc")))]
    let provider = Some(tokio_rustls::rustls::crypto::ring::default_provider());
    #[cfg(not(any(feature = "tls-aws-lc", feature = "tls-ring")))]
    let provider: Option<CryptoProvider> = None;
    provider.map(Arc::new)
}

impl Tls {
    /// The configuration of rustls; `None` if there is no provider, and nothing asks for TLS. It
    /// reads files.
    ///
    /// It names its provider, because a program that has two of them has no default.
    pub(super) fn config(&self, is_asked_for: bool) -> Result<Option<ClientConfig>, NatsError> {
        let Some(provider) = provider() else {
            if !is_asked_for && self.roots.is_empty() && self.certificate.is_none() {
                return Ok(None);
            }
            return Err(tls(NO_PROVIDER));
        };
        let own = self.certificate.as_ref().map(|(certificate, key)| Own {
            certificate: certificate.clone(),
            key: key.clone(),
            provider: Arc::clone(&provider),
            last: Mutex::new(None),
        });
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(tls)?
            .with_root_certificates(self.trusted()?);
        let Some(own) = own else {
            return Ok(Some(builder.with_no_client_auth()));
        };
        own.read()?;
        Ok(Some(builder.with_client_cert_resolver(Arc::new(own))))
    }

    /// Those of the files, or those of the system.
    fn trusted(&self) -> Result<RootCertStore, NatsError> {
        let mut roots = RootCertStore::empty();
        if self.roots.is_empty() {
            let of_system = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(of_system.certs);
        }
        for path in &self.roots {
            for certificate in certificates("the file of root certificates", path)? {
                roots.add(certificate).map_err(tls)?;
            }
        }
        Ok(roots)
    }
}

/// What a client proves itself with. It is read again for each connection: certificates that expire
/// are replaced while the program runs.
#[derive(Debug)]
struct Own {
    certificate: PathBuf,
    key: PathBuf,
    provider: Arc<CryptoProvider>,
    last: Mutex<Option<Arc<CertifiedKey>>>,
}

impl Own {
    fn read(&self) -> Result<(), NatsError> {
        let chain = certificates("the client certificate", &self.certificate)?;
        let refused =
            |error: &dyn Display| wrong("the client's key", &self.key, &error.to_string());
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|error| refused(&error))?;
        let read = CertifiedKey::from_der(chain, key, &self.provider);
        let read = read.map_err(|error| refused(&error))?;
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(read));
        Ok(())
    }
}

impl ResolvesClientCert for Own {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        // While they are being replaced, one may not be of the other.
        if let Err(error) = self.read() {
            tracing::warn!(%error, "the client certificate that was read before is used");
        }
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone()
    }

    fn has_certs(&self) -> bool {
        true
    }
}

fn certificates(
    what: &'static str,
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, NatsError> {
    let refused = |error: &dyn Display| wrong(what, path, &error.to_string());
    let found = CertificateDer::pem_file_iter(path).map_err(|error| refused(&error))?;
    let found: Vec<_> = found
        .collect::<Result<_, _>>()
        .map_err(|error| refused(&error))?;
    if found.is_empty() {
        return Err(refused(&"it has no certificate"));
    }
    Ok(found)
}

fn tls(reason: impl Display) -> NatsError {
    NatsError::Tls {
        reason: reason.to_string(),
    }
}

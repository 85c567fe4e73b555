//! What a connection trusts, and what it proves itself with.

use std::{path::Path, sync::Arc};

use tokio_rustls::rustls::{
    ClientConfig, RootCertStore,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
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
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(tls)?
            .with_root_certificates(self.trusted()?);
        let config = match &self.certificate {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = certificates("the client certificate", certificate)?;
                let key = PrivateKeyDer::from_pem_file(key)
                    .map_err(|error| wrong("the client's key", key, &error.to_string()))?;
                builder.with_client_auth_cert(chain, key).map_err(tls)?
            }
        };
        Ok(Some(config))
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

fn certificates(
    what: &'static str,
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, NatsError> {
    let refused = |error: &dyn std::fmt::Display| wrong(what, path, &error.to_string());
    let found = CertificateDer::pem_file_iter(path).map_err(|error| refused(&error))?;
    let found: Vec<_> = found
        .collect::<Result<_, _>>()
        .map_err(|error| refused(&error))?;
    if found.is_empty() {
        return Err(refused(&"it has no certificate"));
    }
    Ok(found)
}

fn tls(reason: impl std::fmt::Display) -> NatsError {
    NatsError::Tls {
        reason: reason.to_string(),
    }
}

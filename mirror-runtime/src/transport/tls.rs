//! The crypto provider of rustls, and what is trusted.
//!
//! All configurations are made with a provider that is named: `ClientConfig::builder()` panics if
//! two of them are compiled in and none is installed. The default of the process is the program's
//! own, and is never set here.

use std::sync::Arc;

use axum::BoxError;
use rustls_platform_verifier::BuilderVerifierExt;
use tokio_rustls::rustls::{ClientConfig, ConfigBuilder, WantsVerifier, crypto::CryptoProvider};

use crate::{error::ConfigError, target::Target};

/// The provider that the features name; with `tls` alone, the one that the program has installed as
/// its default, if any.
///
/// The features come first, so that it does not matter whether the program installs its own before
/// or after the first mirror is built.
#[allow(
    clippy::unnecessary_wraps,
    reason = "with some features there is one always"
)]
fn provider() -> Option<Arc<CryptoProvider>> {
    #[cfg(feature = "tls-aws-lc")]
    let provider = Some(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider().into());
    #[cfg(all(feature = "tls-ring", not(feature = "tls-aws-lc")))]
    let provider = Some(tokio_rustls::rustls::crypto::ring::default_provider().into());
    #[cfg(not(any(feature = "tls-ring", feature = "tls-aws-lc")))]
    let provider = CryptoProvider::get_default().cloned();
    provider
}

/// Whether there is a provider, for a target that needs one.
pub(crate) fn check(target: &Target) -> Result<(), ConfigError> {
    // An installed default stays the default: what is found now, copies will find.
    match provider() {
        Some(_) => Ok(()),
        None => Err(ConfigError::NoCryptoProvider(target.name().to_owned())),
    }
}

/// TLS with servers whose certificates the system trusts. Reads them, which blocks for
/// milliseconds.
pub(super) fn trusting_the_system() -> Result<ClientConfig, BoxError> {
    Ok(builder()?.with_platform_verifier()?.with_no_client_auth())
}

/// TLS with no server: for clients that do not speak it, and have a configuration all the same.
#[cfg(feature = "reqwest")]
pub(super) fn trusting_nobody() -> Result<ClientConfig, BoxError> {
    let nobody = tokio_rustls::rustls::RootCertStore::empty();
    let builder = builder()?.with_root_certificates(nobody);
    Ok(builder.with_no_client_auth())
}

fn builder() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, BoxError> {
    let provider = provider().ok_or("no crypto provider of rustls is installed")?;
    let builder = ClientConfig::builder_with_provider(provider);
    Ok(builder.with_safe_default_protocol_versions()?)
}

//! A build without TLS.

use crate::{error::ConfigError, target::Target};

/// Always an error, which says how to build it with TLS.
pub(crate) fn check(target: &Target) -> Result<(), ConfigError> {
    Err(ConfigError::WithoutTls(target.name().to_owned()))
}

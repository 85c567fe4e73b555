//! Which kind of failure an error of reqwest is.

use std::error::Error;

use axum::BoxError;

use crate::{outcome::MirrorError, transport::resolver::DnsError};

/// Tells failures apart by the errors underneath, and drops the URL from the message: its query may
/// be a secret.
pub(super) fn classify(error: reqwest::Error) -> MirrorError {
    let error = error.without_url();
    let kind = if has_cause(&error, is_dns) {
        MirrorError::Dns
    } else if has_cause(&error, is_tls) {
        MirrorError::Tls
    } else if error.is_connect() {
        MirrorError::Connect
    } else if error.is_body() || error.is_decode() {
        MirrorError::Body
    } else {
        MirrorError::Request
    };
    kind(BoxError::from(error))
}

fn has_cause(error: &(dyn Error + 'static), is: fn(&(dyn Error + 'static)) -> bool) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if is(error) {
            return true;
        }
        // An `io::Error` that wraps another error names that error's source as its own, and skips
        // the error itself.
        let wrapped = error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        cause = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    false
}

fn is_dns(error: &(dyn Error + 'static)) -> bool {
    error.is::<DnsError>()
}

fn is_tls(error: &(dyn Error + 'static)) -> bool {
    error.is::<tokio_rustls::rustls::Error>()
}

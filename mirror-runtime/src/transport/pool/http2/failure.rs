//! Why a copy got no response over HTTP/2, in words of our own: an error of `h2` repeats what the shadow said when it went
//! away, which may be anything.

use super::Meter;
use crate::outcome::{ConnectionLost, MirrorError};

/// The end of a connection, or of a stream. `is_echo` is whether the same event has been told already, for another copy.
pub(super) fn lost(error: &h2::Error, meter: &Meter, is_echo: bool) -> ConnectionLost {
    ConnectionLost {
        what: describe(error, meter),
        is_echo,
    }
}

/// An error before a connection carried anything.
pub(super) fn before_any(error: &h2::Error, meter: &Meter) -> MirrorError {
    MirrorError::Request(Box::new(lost(error, meter, false)))
}

fn describe(error: &h2::Error, meter: &Meter) -> String {
    if meter.is_flooded() {
        return "the shadow sent more frames or bytes than its copies allow".to_owned();
    }
    let by = if error.is_remote() {
        "by the shadow"
    } else {
        "here"
    };
    match (error.reason(), error.get_io()) {
        (Some(reason), _) if error.is_go_away() => {
            format!("the connection was ended {by}: {}", reason.description())
        }
        (Some(reason), _) => format!("the stream was reset {by}: {}", reason.description()),
        (None, Some(error)) => format!("the connection broke: {}", error.kind()),
        (None, None) => "the connection was closed".to_owned(),
    }
}

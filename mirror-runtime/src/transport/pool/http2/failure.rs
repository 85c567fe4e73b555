//! Why a copy got no response over HTTP/2, in words of our own: an error of `h2` repeats what the
//! shadow said when it went away, which may be anything.

use tracing::{Dispatch, dispatcher::with_default, level_filters::LevelFilter};

use super::Meter;
use crate::outcome::{ConnectionLost, MirrorError};

/// The end of a connection, which is told of by its number, or of a stream.
pub(super) fn lost(error: &h2::Error, meter: &Meter, link: Option<u64>) -> ConnectionLost {
    ConnectionLost {
        what: describe(error, meter),
        link,
    }
}

/// An error before a connection carried anything.
pub(super) fn before_any(error: &h2::Error, meter: &Meter) -> MirrorError {
    MirrorError::Request(Box::new(lost(error, meter, None)))
}

fn describe(error: &h2::Error, meter: &Meter) -> String {
    if meter.is_foreign() {
        return "the shadow does not speak HTTP/2".to_owned();
    }
    if meter.is_flooded() {
        return "the shadow sent more than its copies allow".to_owned();
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

/// Runs code of `h2` that reads frames, without what it would tell the log: of each that is the
/// response to a `PING` which nobody has sent, at `WARN`, as often as a shadow likes.
pub(super) fn quietly<T>(run: impl FnOnce() -> T) -> T {
    // Without a subscriber nothing would be told, and who has none pays nothing for it.
    if LevelFilter::current() == LevelFilter::OFF {
        run()
    } else {
        with_default(&Dispatch::none(), run)
    }
}

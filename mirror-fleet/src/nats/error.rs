//! What is wrong with how NATS is to be used.

use std::path::PathBuf;

/// A connection to NATS, or a stream, cannot be had as it is described.
///
/// No text of it holds a password, a token, a seed, or a URL with one.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NatsError {
    /// The address of a server is invalid.
    #[error(
        "invalid address of a NATS server: {reason}; write it like `nats://nats.internal:4222`"
    )]
    Url {
        /// What is wrong with it.
        reason: String,
    },
    /// A file cannot be used.
    #[error("{what} `{}` cannot be used: {reason}", path.display())]
    File {
        /// What the file is for.
        what: &'static str,
        /// Its path.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The seed of an nkey is invalid.
    #[error("the seed of the nkey is invalid: a user's begins with `SU`, and has 58 characters")]
    Nkey,
    /// TLS cannot be had.
    #[error("TLS cannot be used: {reason}")]
    Tls {
        /// What is wrong.
        reason: String,
    },
    /// The thread on which the connection lives could not be started, or is gone.
    #[error("the connection's thread does not run: {reason}")]
    Thread {
        /// What is wrong.
        reason: String,
    },
    /// An option is out of its bounds.
    #[error("{option}: {reason}")]
    Option {
        /// Its name.
        option: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// There is a stream of that name with other bounds.
    #[error(
        "the stream `{stream}` exists, and differs: {}; change the options to what it has, or the \
         stream by `nats stream edit {stream}`",
        differences.join("; ")
    )]
    Differs {
        /// Its name.
        stream: String,
        /// For each difference, what the stream has and what was asked for.
        differences: Vec<String>,
    },
    /// The stream could not be created or looked at.
    #[error("the stream `{stream}` cannot be had: {reason}")]
    Stream {
        /// Its name.
        stream: String,
        /// What the server says.
        reason: String,
    },
}

/// A reason is one line of a log. Some of its text is of whoever is at the port.
const LONGEST: usize = 400;

/// A text of a server, as one line.
pub(super) fn plain(text: &str) -> String {
    let of_line = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().take(LONGEST).map(of_line).collect()
}

//! Who calls.

use std::{env, fmt, fs};

use http::HeaderValue;

use crate::{args::Access, exit::Stop};

/// The variable with the token, unless another is named.
pub(crate) const VARIABLE: &str = "MIRROR_TOKEN";

/// A token is a line. What is longer is another file.
const MAX_FILE: u64 = 64 * 1024;

/// A token, and where it is from. It is in no message.
#[derive(Clone)]
pub(crate) struct Token {
    /// The value of `Authorization`.
    pub(crate) authorization: HeaderValue,
    /// A variable or a file, for messages.
    pub(crate) source: String,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl Token {
    /// The token that the options name, or that of the usual variable, if it has one.
    pub(crate) fn find(access: &Access) -> Result<Option<Self>, Stop> {
        if let Some(path) = &access.token_file {
            let source = format!("the file `{}`", path.display());
            let length = fs::metadata(path).map_or(0, |file| file.len());
            if length > MAX_FILE {
                return Err(Stop::usage(format_args!(
                    "{source} is too large for a token"
                )));
            }
            let value = fs::read_to_string(path).map_err(|error| {
                Stop::usage(format_args!("cannot read the token from {source}: {error}"))
            })?;
            return Self::new(&value, source).map(Some);
        }
        let name = access.token_env.as_deref().unwrap_or(VARIABLE);
        let source = format!("the environment variable `{name}`");
        match env::var(name) {
            // Unset by a script that knows no other way.
            Ok(value) if value.trim().is_empty() && access.token_env.is_none() => Ok(None),
            Ok(value) => Self::new(&value, source).map(Some),
            Err(env::VarError::NotPresent) if access.token_env.is_none() => Ok(None),
            Err(env::VarError::NotPresent) => Err(Stop::usage(format_args!("{source} is not set"))),
            Err(env::VarError::NotUnicode(_)) => Err(Stop::usage(format_args!(
                "the token in {source} is no text"
            ))),
        }
    }

    fn new(value: &str, source: String) -> Result<Self, Stop> {
        let value = value.trim();
        if value.is_empty() {
            return Err(Stop::usage(format_args!("there is no token in {source}")));
        }
        let is_plain = value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        let has_scheme = ["Bearer ", "Basic "].iter().any(|scheme| {
            value
                .get(..scheme.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        });
        // A space elsewhere is a sign of a file with more than a token in it.
        if !is_plain || (value.contains(' ') && !has_scheme) {
            return Err(Stop::usage(format_args!(
                "the token in {source} must be one word of visible ASCII characters"
            )));
        }
        let whole = if has_scheme {
            value.to_owned()
        } else {
            format!("Bearer {value}")
        };
        let mut authorization = HeaderValue::try_from(whole)
            .map_err(|_| Stop::usage(format_args!("the token in {source} cannot be sent")))?;
        authorization.set_sensitive(true);
        Ok(Self {
            authorization,
            source,
        })
    }
}

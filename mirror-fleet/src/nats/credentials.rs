//! Who a connection is, as the server is told.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use async_nats::{Auth, AuthError};
use nkeys::KeyPair;

use super::NatsError;

/// What is told instead of a secret.
const HIDDEN: &str = "[redacted]";

/// Prints nothing of what is secret.
#[derive(Clone, Default)]
pub(super) enum Credentials {
    #[default]
    None,
    Password(String, String),
    Token(String),
    Nkey(String),
    NkeyFile(PathBuf),
    File(PathBuf),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Password(user, _) => f.debug_tuple("Password").field(user).finish(),
            Self::Token(_) => f.write_str("Token"),
            Self::Nkey(_) => f.write_str("Nkey"),
            Self::NkeyFile(path) => f.debug_tuple("NkeyFile").field(path).finish(),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}

impl Credentials {
    /// What a server is told that has sent `nonce`. Files are read each time, because credentials
    /// that expire are replaced while the program runs.
    pub(super) fn answer(&self, nonce: &[u8]) -> Result<Auth, NatsError> {
        let mut auth = Auth::new();
        match self {
            Self::None => {}
            Self::Password(user, password) => {
                auth.username = Some(user.clone());
                auth.password = Some(password.clone());
            }
            Self::Token(token) => auth.token = Some(token.clone()),
            Self::Nkey(seed) => {
                let pair = KeyPair::from_seed(seed).map_err(|_| NatsError::Nkey)?;
                signed(&mut auth, &pair, nonce)?;
                auth.nkey = Some(pair.public_key());
            }
            Self::NkeyFile(path) => {
                let text = read("the nkey file", path)?;
                let seed = text
                    .lines()
                    .map(str::trim)
                    .find(|line| line.starts_with('S'));
                let pair = seed.and_then(|seed| KeyPair::from_seed(seed).ok());
                let pair = pair.ok_or_else(|| wrong("the nkey file", path, "it has no seed"))?;
                signed(&mut auth, &pair, nonce)?;
                auth.nkey = Some(pair.public_key());
            }
            Self::File(path) => {
                let what = "the credentials file";
                let text = read(what, path)?;
                let token = between(&text, "NATS USER JWT");
                let token = token.ok_or_else(|| wrong(what, path, "it has no JWT of a user"))?;
                let seed = between(&text, "USER NKEY SEED");
                let pair = seed.and_then(|seed| KeyPair::from_seed(seed).ok());
                let pair = pair.ok_or_else(|| wrong(what, path, "it has no seed of a user"))?;
                signed(&mut auth, &pair, nonce)?;
                auth.jwt = Some(token.to_owned());
            }
        }
        Ok(auth)
    }

    /// A text of whoever is at the port of a server, who may repeat what he was sent.
    pub(super) fn hide(&self, text: &str) -> String {
        let secret = match self {
            Self::None | Self::NkeyFile(_) | Self::File(_) => "",
            Self::Password(_, secret) | Self::Token(secret) | Self::Nkey(secret) => secret,
        };
        if secret.is_empty() {
            return text.to_owned();
        }
        // As it is, and as it is in JSON.
        let quoted = serde_json::Value::from(secret).to_string();
        let text = text.replace(quoted.trim_matches('"'), HIDDEN);
        text.replace(secret, HIDDEN)
    }

    /// As [`answer`](Self::answer), for a client.
    pub(super) fn auth(&self, nonce: &[u8]) -> Result<Auth, AuthError> {
        self.answer(nonce).map_err(AuthError::new)
    }
}

fn signed(auth: &mut Auth, pair: &KeyPair, nonce: &[u8]) -> Result<(), NatsError> {
    auth.signature = Some(pair.sign(nonce).map_err(|_| NatsError::Nkey)?);
    Ok(())
}

fn read(what: &'static str, path: &Path) -> Result<String, NatsError> {
    fs::read_to_string(path).map_err(|error| wrong(what, path, &error.to_string()))
}

pub(super) fn wrong(what: &'static str, path: &Path, reason: &str) -> NatsError {
    NatsError::File {
        what,
        path: path.to_owned(),
        reason: reason.to_owned(),
    }
}

/// The line between `-----BEGIN NAME-----` and `------END NAME------`.
fn between<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let begin = format!("BEGIN {name}");
    let mut lines = text.lines().map(str::trim);
    lines.find(|line| line.starts_with("---") && line.contains(&begin))?;
    lines
        .find(|line| !line.is_empty())
        .filter(|line| !line.starts_with("---"))
}

//! Names of fields, parameters and headers that hold secrets.

use http::{HeaderName, header};
use mirror_grammar::{PointerToken, parse_pointer};

/// Parts of the names of credentials: `new_password`, `X-Auth-Token`, `accessToken`. Compared
/// without case, and without what is neither a letter nor a digit.
const PARTS: [&str; 11] = [
    "apikey",
    "authorization",
    "credential",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "secret",
    "session",
    "signature",
    "token",
];

/// Names that are usual for credentials, and too short to look for them in others.
const WHOLE: [&str; 11] = [
    "auth", "cvc", "cvv", "jwt", "key", "otp", "pass", "pin", "pwd", "sid", "sig",
];

/// Headers that carry credentials. Their values are never shown.
pub(crate) static CREDENTIALS: [HeaderName; 5] = [
    header::AUTHORIZATION,
    header::PROXY_AUTHORIZATION,
    header::COOKIE,
    header::SET_COOKIE,
    HeaderName::from_static("x-api-key"),
];

/// Every HTTP status of gRPC is 200: this is its status, and must agree whatever is asked for.
pub static GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// Whether a value is no secret whatever is: one of the seventeen codes of gRPC.
pub(crate) fn says_nothing(name: &HeaderName, value: &[u8]) -> bool {
    *name == GRPC_STATUS && value.len() <= 2 && value.iter().all(u8::is_ascii_digit)
}

/// The names that are secret in one mirror.
pub(crate) struct Names {
    /// The last keys of the places that are redacted.
    redacted: Vec<String>,
}

impl Names {
    /// `redact` are JSON pointers.
    pub(crate) fn new(redact: &[String]) -> Self {
        let last = |pointer: &String| {
            let tokens = parse_pointer(pointer).ok()?;
            tokens.into_iter().rev().find_map(|token| match token {
                PointerToken::Key(key) => Some(normal(&key)).filter(|key| !key.is_empty()),
                PointerToken::Any => None,
            })
        };
        Self {
            redacted: redact.iter().filter_map(last).collect(),
        }
    }

    /// Whether a name is one of them. `user[password]` and `user.password` are fields called
    /// `password`.
    pub(crate) fn are(&self, name: &str) -> bool {
        let is = |name: &str| {
            let name = normal(name);
            self.redacted.contains(&name)
                || WHOLE.contains(&&*name)
                || PARTS.iter().any(|part| name.contains(part))
        };
        is(name) || name.split(['[', ']', '.', '/', ':']).any(is)
    }
}

fn normal(name: &str) -> String {
    let characters = name.chars().filter(|character| character.is_alphanumeric());
    characters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_and_the_last_keys_of_pointers_are_secret() {
        let redact = ["/user/e-mail", "/cards/*", "/*", ""].map(str::to_owned);
        let names = Names::new(&redact);
        for name in [
            "email",
            "E_Mail",
            "user[email]",
            "cards",
            "user.cards",
            "password",
            "newPassword",
            "X-Auth-Token",
            "key",
            "user[pin]",
            "api_key",
            "SID",
        ] {
            assert!(names.are(name), "{name}");
        }
        for name in ["", "user", "emails", "keyword", "page", "spin", "id"] {
            assert!(!names.are(name), "{name}");
        }
    }
}

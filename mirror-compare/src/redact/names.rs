//! Names of fields, parameters, headers and cookies that hold secrets.

use http::{HeaderName, header};
use mirror_grammar::{PointerToken, parse_pointer};

/// Parts of the names of credentials: `new_password`, `X-Auth-Token`, `accesskey`. Compared without
/// case, and without what is neither a letter nor a digit.
const PARTS: [&str; 18] = [
    "accesskey",
    "apikey",
    "assertion",
    "authorization",
    "bearer",
    "connectionstring",
    "credential",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "samlresponse",
    "secret",
    "session",
    "signature",
    "subscriptionkey",
    "token",
];

/// Names that are usual for credentials, and too short to look for them in others.
const WHOLE: [&str; 11] = [
    "auth", "cvc", "cvv", "jwt", "key", "otp", "pass", "pin", "pwd", "sid", "sig",
];

/// Words that make a secret of the name in which they stand: `X-Goog-Iap-Jwt-Assertion`.
const WORDS: [&str; 12] = [
    "csrf", "cvc", "cvv", "jwe", "jws", "jwt", "otp", "pwd", "sid", "sig", "totp", "xsrf",
];

/// Words that do so at the end of a name: `proxy_auth`, `card.pin`.
const LAST: [&str; 4] = ["auth", "cookie", "pass", "pin"];

/// A key of these is a credential, wherever the words stand: `accessKeyId`.
const KEYS: [&str; 16] = [
    "access",
    "account",
    "admin",
    "api",
    "auth",
    "client",
    "consumer",
    "encryption",
    "functions",
    "license",
    "master",
    "private",
    "shared",
    "signing",
    "storage",
    "subscription",
];

/// Keys that are none: they find, sort or name something. Any other name that ends in `key` is one
/// of a credential, as in `X-Functions-Key`.
const ORDINARY_KEYS: [&str; 42] = [
    "cache",
    "column",
    "composite",
    "config",
    "dedup",
    "deduplication",
    "event",
    "feature",
    "field",
    "foreign",
    "group",
    "hash",
    "i18n",
    "idempotency",
    "index",
    "issue",
    "item",
    "label",
    "lookup",
    "map",
    "message",
    "metric",
    "natural",
    "object",
    "order",
    "parent",
    "partition",
    "primary",
    "project",
    "public",
    "range",
    "resource",
    "routing",
    "row",
    "search",
    "setting",
    "shard",
    // Of a WebSocket.
    "socket",
    "sort",
    "surrogate",
    "translation",
    "unique",
];

/// A code of these lets somebody in: `device_code`. `country_code` and `status_code` do not.
const CODES: [&str; 14] = [
    "access",
    "activation",
    "auth",
    "backup",
    "confirmation",
    "device",
    "login",
    "mfa",
    "recovery",
    "reset",
    "security",
    "sms",
    "user",
    "verification",
];

/// Fields that stand beside the `code` of OAuth (RFC 6749 section 4.1).
const BESIDE_CODE: [&str; 5] = [
    "clientid",
    "codeverifier",
    "granttype",
    "redirecturi",
    "sessionstate",
];

/// The parts of a name whose value is hidden in comparisons as well, in which a person looks for
/// what differs: those that leave no doubt.
const SURE: [&str; 12] = [
    "accesskey",
    "apikey",
    "authorization",
    "connectionstring",
    "credential",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "secret",
    "token",
];

/// No part is shorter.
const MIN_SURE: usize = 5;

/// Short names of the same kind.
const SURELY: [&str; 5] = ["cvc", "cvv", "jwt", "otp", "pwd"];

/// What every name of a secret has in it, by all of the lists above.
const SIGNS: [&str; 27] = [
    "assertion",
    "auth",
    "bearer",
    "code",
    "connectionstring",
    "cookie",
    "credential",
    "csrf",
    "cvc",
    "cvv",
    "jwe",
    "jws",
    "jwt",
    "key",
    "oidc",
    "otp",
    "pass",
    "pin",
    "pwd",
    "samlresponse",
    "secret",
    "session",
    "sid",
    "sig",
    "token",
    "verifier",
    "xsrf",
];

/// The first two bytes of these.
const BEGIN_SIGNS: [[bool; 26]; 26] = {
    let mut begin = [[false; 26]; 26];
    let mut i = 0;
    while i < SIGNS.len() {
        let sign = SIGNS[i].as_bytes();
        begin[(sign[0] - b'a') as usize][(sign[1] - b'a') as usize] = true;
        i += 1;
    }
    begin
};

/// The ends of names that tell about a secret, and do not hold it: `token_type`.
const ABOUT: [&str; 19] = [
    "algorithm",
    "at",
    "count",
    "enabled",
    "endpoint",
    "expires",
    "expiresin",
    "expiry",
    "length",
    "lifetime",
    "name",
    "policy",
    "required",
    "scope",
    "status",
    // How many.
    "tokens",
    "type",
    "uri",
    "url",
];

/// Of each byte the digit or the letter that it is, without case; zero for what is neither.
const LETTERS: [u8; 256] = {
    let mut letters = [0; 256];
    let mut byte = u8::MAX;
    while byte > 0 {
        if byte.is_ascii_alphanumeric() {
            letters[byte as usize] = byte.to_ascii_lowercase();
        }
        byte -= 1;
    }
    letters
};

/// Bytes of a name that are looked at: enough for all of the above, with something before it.
const LOOKED_AT: usize = 64;

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
    /// Those of any mirror.
    pub(super) const NONE: Self = Self {
        redacted: Vec::new(),
    };

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

    /// Whether there are some that other mirrors do not have.
    pub(super) fn are_own(&self) -> bool {
        !self.redacted.is_empty()
    }

    /// Whether a name is one of them. `user[password]` and `user.password` are fields called
    /// `password`.
    pub(crate) fn are(&self, name: &str) -> bool {
        if !self.may_be(name) {
            return false;
        }
        let is = |part: &str| {
            let name = normal(part);
            self.redacted.contains(&name)
                || WHOLE.contains(&&*name)
                || PARTS.iter().any(|part| name.contains(part))
                || are_secret(&words(part))
        };
        is(name) || name.split(['[', ']', '.', '/', ':']).any(is)
    }

    /// Whether a name has something in it that all of them have. It is asked of every name, and the
    /// answer is no for most, so it takes no allocation.
    fn may_be(&self, name: &str) -> bool {
        if !name.is_ascii() || name.len() > LOOKED_AT {
            return true;
        }
        let (letters, length) = letters(name.as_bytes());
        let name = &letters[..length];
        let index = |letter: u8| usize::from(letter.wrapping_sub(b'a'));
        let begins = |pair: &[u8; 2]| {
            let second = BEGIN_SIGNS.get(index(pair[0]));
            second.is_some_and(|second| second.get(index(pair[1])) == Some(&true))
        };
        let has_sign = name.array_windows().enumerate().any(|(at, pair)| {
            begins(pair)
                && SIGNS
                    .iter()
                    .any(|sign| name[at..].starts_with(sign.as_bytes()))
        });
        has_sign
            || self.redacted.iter().any(|redacted| {
                let redacted = redacted.as_bytes();
                name.windows(redacted.len()).any(|part| part == redacted)
            })
    }

    /// Whether a member of an object, or a parameter among others, is one of them: what `code` is,
    /// its neighbours say.
    pub(crate) fn are_among<'n>(
        &self,
        name: &str,
        mut names: impl Iterator<Item = &'n str>,
    ) -> bool {
        self.are(name) || is_code(name) && names.any(stands_beside_code)
    }
}

/// Whether a name says that a `code` beside it is one of OAuth.
pub(super) fn stands_beside_code(name: &str) -> bool {
    BESIDE_CODE.contains(&&*normal(name))
}

/// Whether a name is that of a code of OAuth, or of any other.
pub(crate) fn is_code(name: &str) -> bool {
    name.eq_ignore_ascii_case("code")
}

/// Whether a name leaves no doubt that its value is a credential. Without an allocation: it is asked
/// of every key that a comparison shows.
pub(crate) fn are_sure(name: &[u8]) -> bool {
    if name.len() < 3 {
        return false;
    }
    let (letters, length) = letters(name);
    let name = &letters[..length];
    let has_part = |pair: [u8; 2], at: usize| {
        // The beginnings of these parts.
        let begins = matches!(
            pair,
            [b'a', b'c' | b'p' | b'u']
                | [b'c', b'o' | b'r']
                | [b'p', b'a' | b'r']
                | [b's', b'e']
                | [b't', b'o']
        );
        begins
            && SURE
                .iter()
                .any(|part| name[at..].starts_with(part.as_bytes()))
    };
    let is_sure = match length {
        0..3 => false,
        3..MIN_SURE => SURELY.iter().any(|whole| name == whole.as_bytes()),
        _ => {
            let mut pairs = name.array_windows().take(length - MIN_SURE + 1).enumerate();
            pairs.any(|(at, pair)| has_part(*pair, at)) || name == b"samlresponse"
        }
    };
    is_sure && !ABOUT.iter().any(|end| name.ends_with(end.as_bytes()))
}

/// The letters and digits among the last bytes of a name, without case, and how many they are. Without
/// an allocation.
fn letters(name: &[u8]) -> ([u8; LOOKED_AT], usize) {
    let (mut letters, mut length) = ([0; LOOKED_AT], 0);
    for byte in &name[name.len().saturating_sub(LOOKED_AT)..] {
        let letter = LETTERS[usize::from(*byte)];
        letters[length] = letter;
        length += usize::from(letter > 0);
    }
    (letters, length)
}

/// Whether the words of a name make it that of a secret.
fn are_secret(words: &[String]) -> bool {
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&&**word));
    let Some((last, before)) = words.split_last() else {
        return false;
    };
    if has(&WORDS) || LAST.contains(&&**last) {
        return true;
    }
    let before_last = before.last().map_or("", |word| word);
    match &**last {
        "key" if !before.is_empty() && !ORDINARY_KEYS.contains(&before_last) => return true,
        "code" | "codes" | "verifier" if has(&CODES) || before_last == "code" => return true,
        "data" | "identity" if has(&["oidc"]) => return true,
        _ => {}
    }
    has(&["key", "keys"]) && has(&KEYS) && !has(&["public"])
}

/// The words of a name, in lower case and without the digits at their ends: those of `apiKey`,
/// `API-Key` and `api_key2` are `api` and `key`.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let characters: Vec<char> = name.chars().collect();
    let mut is_within = false;
    for (i, character) in characters.iter().enumerate() {
        if !character.is_alphanumeric() {
            is_within = false;
            continue;
        }
        let before = i.checked_sub(1).map(|before| characters[before]);
        let after = characters.get(i + 1);
        let begins = character.is_uppercase()
            && (before.is_some_and(char::is_lowercase)
                || after.is_some_and(|after| after.is_lowercase()));
        if !is_within || begins {
            words.push(String::new());
        }
        is_within = true;
        if let Some(word) = words.last_mut() {
            word.extend(character.to_lowercase());
        }
    }
    for word in &mut words {
        let end = word.trim_end_matches(|last: char| last.is_ascii_digit());
        if !end.is_empty() && word != "i18n" {
            word.truncate(end.len());
        }
    }
    words
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

    #[test]
    fn a_name_is_secret_by_its_words() {
        let names = Names::new(&[]);
        for name in [
            "Ocp-Apim-Subscription-Key",
            "X-Functions-Key",
            "X-Auth-Key",
            "x-vendor-key",
            "Cf-Access-Jwt-Assertion",
            "X-Goog-Iap-Jwt-Assertion",
            "X-Amzn-Oidc-Data",
            "access_key",
            "accessKeyId",
            "AWSAccessKeyID",
            "storageAccountKey",
            "signing-keys",
            "licenseKey",
            "idTokenJWT",
            "csrfmiddleware",
            "XSRF-TOKEN",
            "proxy_auth",
            "cvv2",
            "card_pin",
            "device_code",
            "recoveryCodes",
            "code_verifier",
            "SAMLResponse",
            "dbConnectionString",
            "PHPSESSIONID",
            "connect.sid",
        ] {
            // Of two words that are one, no word is seen.
            let expected = name != "csrfmiddleware";
            assert_eq!(names.are(name), expected, "{name}");
        }
        for name in [
            "Idempotency-Key",
            "Sec-WebSocket-Key",
            "x-sort-key",
            "primaryKey",
            "publicKeyId",
            "issue_key",
            "monkey",
            "code",
            "country_code",
            "statusCode",
            "zipCode",
            "author",
            "authorId",
            "pinned",
            "passenger",
            "compass",
            "data",
            "design",
            "sidebar",
            "keys",
            "signal",
        ] {
            assert!(!names.are(name), "{name}");
        }
    }

    #[test]
    fn every_name_of_the_lists_has_a_sign() {
        let names = Names::new(&[]);
        let lists: [&[&str]; 4] = [&PARTS, &WHOLE, &WORDS, &LAST];
        for name in lists.into_iter().flatten() {
            assert!(names.may_be(name), "{name}");
        }
        for name in [
            "some_key",
            "Keys",
            "device_code",
            "codes",
            "verifier",
            "x-oidc-data",
        ] {
            assert!(names.may_be(name), "{name}");
        }
        // In the lower case of this, there is a `k`.
        assert!(names.are("\u{212A}ey"));
        for name in ["id", "total", "customer_name", "k", ""] {
            assert!(!names.may_be(name), "{name}");
        }
    }

    #[test]
    fn a_code_is_secret_beside_the_fields_of_oauth() {
        let names = Names::new(&[]);
        let beside = |others: [&'static str; 2]| names.are_among("code", others.into_iter());
        assert!(beside(["grant_type", "code"]) && beside(["code", "redirectUri"]));
        assert!(!beside(["message", "code"]) && !beside(["code", "state"]));
    }

    #[test]
    fn each_of_the_parts_leaves_no_doubt() {
        for part in SURE {
            assert!(are_sure(format!("x{part}").as_bytes()), "{part}");
        }
    }

    #[test]
    fn some_names_leave_no_doubt() {
        for name in [
            "password",
            "userPassword2",
            "client-secret",
            "access_token",
            "Authorization",
            "apiKey",
            "db.password_hash",
            "JWT",
            "cvv",
        ] {
            assert!(are_sure(name.as_bytes()), "{name}");
        }
        for name in [
            "key",
            "session",
            "token_type",
            "passwordUpdatedAt",
            "secretName",
            "tokenEndpoint",
            "author",
            "pin",
            "",
            "é",
        ] {
            assert!(!are_sure(name.as_bytes()), "{name}");
        }
    }
}

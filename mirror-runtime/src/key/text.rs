//! Keys as they are written: `ID:SECRET,ID:SECRET`. No message repeats a part of one.

use std::hash::{BuildHasher, RandomState};

/// The fewest characters of a secret. As hexadecimal digits, they hold the 128 bits that nobody
/// guesses; written by hand, they hold as much as most keyboards get out of a person.
const MIN_LEN: usize = 32;

/// The longest id: a date, a name, a UUID without its hyphens.
const MAX_ID_LEN: usize = 32;

/// The most secrets of a key. One that is being changed has two; whoever forgets to remove the old
/// ones is told before the text grows for years.
const MAX_SECRETS: usize = 8;

/// How to get one.
const HELP: &str = "`openssl rand -base64 32` makes one";

/// A secret with its id.
pub(super) struct Secret<'a> {
    pub(super) id: Option<&'a str>,
    pub(super) bytes: &'a [u8],
}

impl<'a> Secret<'a> {
    pub(super) fn new(id: &'a str, bytes: &'a [u8]) -> Self {
        Self {
            id: Some(id),
            bytes,
        }
    }
}

/// The secrets of a text, the one that is used first.
pub(super) fn parse(text: &str) -> Result<Vec<Secret<'_>>, String> {
    // Files and templates end in newlines.
    let secrets: Vec<_> = text.split(',').map(str::trim_ascii).collect();
    let count = secrets.len();
    if count > MAX_SECRETS {
        return Err(format!(
            "it has {count} secrets, and at most {MAX_SECRETS} are accepted: remove the oldest"
        ));
    }
    let which = |index: usize| match count {
        1 => "the secret".to_owned(),
        _ => format!("secret {} of {count}", index + 1),
    };
    let secrets = secrets.into_iter().enumerate();
    let secrets = secrets.map(|(index, text)| secret(text, &which(index)));
    let secrets = secrets.collect::<Result<Vec<_>, _>>()?;
    for (index, secret) in secrets.iter().enumerate() {
        let mut earlier = secrets[..index].iter();
        if earlier.any(|earlier| secret.id.is_some() && earlier.id == secret.id) {
            return Err(format!(
                "{} has the id of an earlier one: give each an id of its own",
                which(index)
            ));
        }
    }
    Ok(secrets)
}

fn secret<'a>(text: &'a str, which: &str) -> Result<Secret<'a>, String> {
    let (id, secret) = match text.split_once(':') {
        Some((id, secret)) => (Some(id), secret),
        None => (None, text),
    };
    if id.is_some_and(|id| !is_id(id)) {
        return Err(format!(
            "the id of {which}, before its colon, must have 1 to {MAX_ID_LEN} letters, digits, `.`, `_` and `-`"
        ));
    }
    if !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!(
            "{which} has a character that is not visible ASCII: {HELP}"
        ));
    }
    if secret.len() < MIN_LEN {
        return Err(format!(
            "{which} has {} characters, and must have at least {MIN_LEN}: {HELP}",
            secret.len()
        ));
    }
    Ok(Secret {
        id,
        bytes: secret.as_bytes(),
    })
}

fn is_id(id: &str) -> bool {
    let is_of_id = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=MAX_ID_LEN).contains(&id.len()) && id.bytes().all(is_of_id)
}

/// The id of a secret that was given none: eight digits of what is derived from it.
pub(super) fn id_of(derived: &[u8]) -> Box<str> {
    let digits = derived[..4].iter().map(|byte| format!("{byte:02x}"));
    digits.collect::<String>().into()
}

/// The randomness of the keys of hash maps.
pub(super) fn from_hash_maps() -> [u8; 32] {
    let mut bytes = [0; 32];
    for (index, chunk) in bytes.chunks_exact_mut(8).enumerate() {
        chunk.copy_from_slice(&RandomState::new().hash_one(index).to_le_bytes());
    }
    bytes
}

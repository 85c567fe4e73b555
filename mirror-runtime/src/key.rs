//! The key of a mirror: which users are sampled, what stands for a masked value, and who has sent a
//! copy all follow from it.
//!
//! Each use has keys of its own, which are derived from the secret, so that what one use shows is
//! of no help against another. The secret itself is not kept.

mod text;

#[cfg(feature = "testing")]
use std::sync::atomic::{AtomicBool, Ordering};
use std::{
    env, fmt,
    sync::{Arc, LazyLock},
};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use siphasher::sip::SipHasher13;

use self::text::Secret;
use crate::error::ConfigError;

/// The variable of the process's key. It is read once, for the first mirror that has no other.
const VARIABLE: &str = "MIRROR_KEY";

/// What each derivation begins with. Another number in it makes all hashes and signatures others.
const CONTEXT: &str = "mirror/1/";

/// The bytes of a signature, or of what stands for a masked value: all of SHA-256.
pub(crate) const TAG_LEN: usize = 32;

/// Whether a random key is always the same.
#[cfg(feature = "testing")]
static IS_FIXED: AtomicBool = AtomicBool::new(false);

/// Makes the random key of the process one that is the same in each run.
#[cfg(feature = "testing")]
pub(crate) fn fix() {
    IS_FIXED.store(true, Ordering::Relaxed);
}

/// The key of sticky sampling, of what stands for masked values, and of the signatures of copies.
///
/// Mirrors with the same key sample the same users, and mask a value alike. A shadow with the same
/// key can verify who has sent a copy. A mirror that is given no key has that of the environment
/// variable `MIRROR_KEY`. If that is unset or empty, the key is random: each process samples other
/// users then, and no copy is signed.
///
/// It is written `ID:SECRET`, or `SECRET` alone. Several, separated by commas, are for changing the
/// key: hashes and signatures are made with the first, and the signatures of all are accepted. See
/// [the manual](macro@crate::mirror#the-key) for the three steps.
///
/// The id of a secret travels with signatures. It has up to 32 letters, digits, `.`, `_` and `-`. A
/// secret without an id has one that is derived from it. A secret has at least 32 characters of
/// visible ASCII, without commas, and without a colon if it has no id. Its characters are used as
/// they are, and are not decoded. `openssl rand -base64 32` makes one.
///
/// Nothing shows a secret: no `Debug`, error, log line or list of options.
///
/// ```
/// use mirror_runtime::Key;
///
/// let key = Key::new("2026-11:q83vEjRWeJASNFZ4kBI0VniQEjRWeJASNFZ4kBI0Vng=")?;
/// assert_eq!(key.id(), "2026-11");
/// assert_eq!(format!("{key:?}"), r#"Key { ids: ["2026-11"] }"#);
/// assert!(Key::new("too short").is_err());
/// # Ok::<(), mirror_runtime::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Key(Arc<Inner>);

struct Inner {
    /// The one that is used, and then those that are accepted as well.
    versions: Box<[Version]>,
    is_random: bool,
}

struct Version {
    id: Box<str>,
    subkeys: Box<[Subkey]>,
}

struct Subkey {
    mac: Hmac<Sha256>,
    sip: SipHasher13,
}

/// What a key is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Which users are sampled.
    Sticky,
    /// What stands for a masked value.
    Mask,
    /// Who has sent a copy.
    Signature,
    /// What stands for a secret in what sinks are given.
    Redacted,
    /// What stands for a session in a record.
    #[cfg(feature = "log")]
    Session,
}

impl Purpose {
    const ALL: &'static [Self] = &[
        Self::Sticky,
        Self::Mask,
        Self::Signature,
        Self::Redacted,
        #[cfg(feature = "log")]
        Self::Session,
    ];

    const fn label(self) -> &'static str {
        match self {
            Self::Sticky => "sticky",
            Self::Mask => "mask",
            Self::Signature => "signature",
            Self::Redacted => "redacted",
            #[cfg(feature = "log")]
            Self::Session => "session",
        }
    }
}

/// That the holder of a key has signed something.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signature<'a> {
    /// Of the key.
    pub(crate) id: &'a str,
    pub(crate) tag: [u8; TAG_LEN],
}

impl Key {
    /// A key of a text: `ID:SECRET`, or several, separated by commas.
    ///
    /// Text in the source ends up in the binary and in the repository. Take it from where the
    /// program has its other secrets.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Key`] if a secret is too short or cannot be written so, if an id cannot or is
    /// there twice, or if there are more than eight.
    pub fn new(text: &str) -> Result<Self, ConfigError> {
        let secrets = text::parse(text).map_err(ConfigError::Key)?;
        Ok(Self::of(&secrets, false))
    }

    /// The key of an environment variable. If that is unset or empty, it is the random key of the
    /// process.
    ///
    /// # Errors
    ///
    /// [`ConfigError::KeyEnv`] if the variable does not hold a key.
    pub fn from_env(variable: &str) -> Result<Self, ConfigError> {
        let Some(text) = env::var_os(variable) else {
            return Ok(Self::random());
        };
        // What is not Unicode has characters that are not visible ASCII, as the message says.
        let text = text.to_string_lossy();
        if text.trim().is_empty() {
            return Ok(Self::random());
        }
        match text::parse(&text) {
            Ok(secrets) => Ok(Self::of(&secrets, false)),
            Err(reason) => Err(ConfigError::KeyEnv {
                variable: variable.to_owned(),
                reason,
            }),
        }
    }

    /// The key of the process: that of `MIRROR_KEY`, as it was when it was first asked for, or the
    /// random one.
    ///
    /// # Errors
    ///
    /// [`ConfigError::KeyEnv`] if the variable does not hold a key.
    pub fn of_process() -> Result<Self, ConfigError> {
        static KEY: LazyLock<Result<Key, ConfigError>> = LazyLock::new(|| Key::from_env(VARIABLE));
        match &*KEY {
            // It may have been fixed since.
            Ok(key) if key.is_random() => Ok(Self::random()),
            key => key.clone(),
        }
    }

    /// The random key of the process. It is the same for all mirrors.
    pub(crate) fn random() -> Self {
        static RANDOM: LazyLock<Key> = LazyLock::new(|| {
            let mut bytes = [0; 32];
            if getrandom::fill(&mut bytes).is_err() {
                // A system without randomness has none for its hash maps either, and then no
                // process begins. What is left is a system call that is not allowed.
                bytes = text::from_hash_maps();
            }
            Key::of(&[Secret::new("random", &bytes)], true)
        });
        #[cfg(feature = "testing")]
        if IS_FIXED.load(Ordering::Relaxed) {
            return Self::of(&[Secret::new("fixed", b"the same in each run")], true);
        }
        RANDOM.clone()
    }

    fn of(secrets: &[Secret<'_>], is_random: bool) -> Self {
        let versions = secrets.iter().map(Version::new).collect();
        Self(Arc::new(Inner {
            versions,
            is_random,
        }))
    }

    /// The id of the secret that hashes and signatures are made with.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.current().id
    }

    /// Whether the process has made it up, because none was given: another process has another.
    #[must_use]
    pub fn is_random(&self) -> bool {
        self.0.is_random
    }

    fn current(&self) -> &Version {
        // A text has at least one secret.
        &self.0.versions[0]
    }

    /// A hash that nobody without the key can compute, of these parts and no others: `["ab", "c"]`
    /// has another than `["a", "bc"]`. It is `SipHash-1-3`, and allocates nothing.
    ///
    /// It is the same in each process with the key, and in each release of this crate.
    pub(crate) fn hash(&self, purpose: Purpose, parts: &[&[u8]]) -> u64 {
        use std::hash::Hasher;
        let mut hasher = self.current().subkey(purpose).sip;
        for part in parts {
            hasher.write(&(part.len() as u64).to_le_bytes());
            hasher.write(part);
        }
        hasher.finish()
    }

    /// The same with HMAC-SHA-256, for what others get to see. A prefix of it is as good as it is
    /// long.
    pub(crate) fn digest(&self, purpose: Purpose, parts: &[&[u8]]) -> [u8; TAG_LEN] {
        let mut mac = self.current().subkey(purpose).mac.clone();
        for part in parts {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// The signature of a message, by HMAC-SHA-256. `None` if the key is random, which nobody could
    /// verify.
    ///
    /// Who writes a verifier in another language computes
    /// `HMAC(HMAC(secret, "mirror/1/signature"), message)`.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Signature<'_>> {
        if self.is_random() {
            return None;
        }
        let version = self.current();
        Some(Signature {
            id: &version.id,
            tag: version.signed(message).finalize().into_bytes().into(),
        })
    }

    /// Whether the holder of a secret of this key, the one with this id, has signed a message. It
    /// takes as long for a tag that is nearly right.
    pub(crate) fn verify(&self, id: &str, message: &[u8], tag: &[u8]) -> bool {
        let mut versions = self.0.versions.iter();
        let version = versions.find(|version| &*version.id == id);
        let signed = version.map(|version| version.signed(message));
        !self.is_random() && signed.is_some_and(|signed| signed.verify_slice(tag).is_ok())
    }
}

impl Version {
    fn new(secret: &Secret<'_>) -> Self {
        let mac = keyed(secret.bytes);
        Self {
            id: match secret.id {
                Some(id) => id.into(),
                None => text::id_of(&derived(&mac, "id")),
            },
            subkeys: Purpose::ALL
                .iter()
                .map(|purpose| Subkey::new(&mac, *purpose))
                .collect(),
        }
    }

    fn subkey(&self, purpose: Purpose) -> &Subkey {
        &self.subkeys[purpose as usize]
    }

    fn signed(&self, message: &[u8]) -> Hmac<Sha256> {
        self.subkey(Purpose::Signature)
            .mac
            .clone()
            .chain_update(message)
    }
}

impl Subkey {
    fn new(secret: &Hmac<Sha256>, purpose: Purpose) -> Self {
        let mac = keyed(&derived(secret, purpose.label()));
        let [sip, _] = halves(&derived(&mac, "siphash"));
        Self {
            sip: SipHasher13::new_with_key(&sip),
            mac,
        }
    }
}

fn keyed(secret: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(secret).expect("a key of HMAC has any length")
}

/// A key for one use.
fn derived(secret: &Hmac<Sha256>, label: &str) -> [u8; TAG_LEN] {
    let mac = secret.clone().chain_update(CONTEXT).chain_update(label);
    mac.finalize().into_bytes().into()
}

fn halves(bytes: &[u8; TAG_LEN]) -> [[u8; 16]; 2] {
    let mut halves = [[0; 16]; 2];
    halves[0].copy_from_slice(&bytes[..16]);
    halves[1].copy_from_slice(&bytes[16..]);
    halves
}

impl TryFrom<&str> for Key {
    type Error = ConfigError;

    fn try_from(text: &str) -> Result<Self, ConfigError> {
        Self::new(text)
    }
}

impl TryFrom<String> for Key {
    type Error = ConfigError;

    fn try_from(text: String) -> Result<Self, ConfigError> {
        Self::new(&text)
    }
}

impl TryFrom<&String> for Key {
    type Error = ConfigError;

    fn try_from(text: &String) -> Result<Self, ConfigError> {
        Self::new(text)
    }
}

/// Without the secrets.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<_> = self.0.versions.iter().map(|version| &version.id).collect();
        f.debug_struct("Key").field("ids", &ids).finish()
    }
}

#[cfg(test)]
mod tests;

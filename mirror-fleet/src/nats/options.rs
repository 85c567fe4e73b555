//! Where NATS is, and who asks.

use std::{
    hash::{BuildHasher, RandomState},
    path::PathBuf,
    time::Duration,
};

use async_nats::{ConnectOptions, ServerAddr};

use super::{NatsError, credentials::Credentials, error::plain};

/// The first wait before a server is tried again; each next one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(50);

/// The longest wait: a NATS that has come back is used again soon, and one that is away is hardly
/// asked.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// A server that takes longer to accept a connection is tried again.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection on which nothing comes back for two of these is dead.
const PING_INTERVAL: Duration = Duration::from_secs(10);

/// How long the answer to a request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// So many messages wait for the connection to take them: more than the sink ever has under way.
const QUEUED: usize = 65_536;

/// What TLS is to be like.
#[derive(Clone, Debug, Default)]
pub(super) struct Tls {
    pub(super) roots: Vec<PathBuf>,
    pub(super) certificate: Option<(PathBuf, PathBuf)>,
    required: bool,
    first: bool,
}

/// Where NATS is, and who asks.
///
/// Neither `Debug` nor any error holds a password, a token or a seed.
///
/// ```
/// use mirror_fleet::NatsOptions;
///
/// let options = NatsOptions::new("nats://nats-1.internal:4222,nats://nats-2.internal:4222")?
///     .name("orders-7")
///     .user_and_password("mirror", "s3cr3t");
/// assert!(!format!("{options:?}").contains("s3cr3t"));
/// let connection = options.connect()?;
/// # Ok::<(), mirror_fleet::NatsError>(())
/// ```
#[derive(Clone, Debug)]
pub struct NatsOptions {
    servers: Vec<ServerAddr>,
    name: String,
    credentials: Credentials,
    tls: Tls,
}

impl NatsOptions {
    /// One server, or several of a cluster, separated by commas: `nats://host:4222`, or
    /// `tls://host:4222` if it must be TLS. A user and a password in the URL are taken as by
    /// [`user_and_password`](Self::user_and_password), a user alone as a
    /// [`token`](Self::token).
    ///
    /// # Errors
    ///
    /// An address is not one.
    pub fn new(servers: &str) -> Result<Self, NatsError> {
        let mut options = Self {
            servers: Vec::new(),
            name: "mirror".to_owned(),
            credentials: Credentials::None,
            tls: Tls::default(),
        };
        for server in servers.split(',') {
            options.add(server.trim())?;
        }
        Ok(options)
    }

    /// The reason names no part of the address: it may hold a password.
    fn add(&mut self, server: &str) -> Result<(), NatsError> {
        let invalid = |reason: &str| NatsError::Url {
            reason: reason.to_owned(),
        };
        if server.is_empty() {
            return Err(invalid("it is empty"));
        }
        let address: ServerAddr = server
            .parse()
            .map_err(|_| invalid("it is no URL with the scheme `nats` or `tls` and a host"))?;
        let mut url = address.into_inner();
        if !matches!(url.scheme(), "nats" | "tls") {
            return Err(invalid("the scheme must be `nats` or `tls`"));
        }
        match (url.username(), url.password()) {
            ("", None) => {}
            (token, None) => self.credentials = Credentials::Token(token.to_owned()),
            (user, Some(password)) => {
                self.credentials = Credentials::Password(user.to_owned(), password.to_owned());
            }
        }
        // The client logs addresses.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        let address = ServerAddr::from_url(url).map_err(|_| invalid("it is no address"))?;
        self.servers.push(address);
        Ok(())
    }

    /// The name of the connection, as `nats server report connections` shows it. Default:
    /// `mirror`.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// A file with the JWT of a user and its seed (`.creds`). It is read again for each connection,
    /// so that it can be replaced while the program runs.
    #[must_use]
    pub fn credentials_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.credentials = Credentials::File(path.into());
        self
    }

    /// The seed of a user's nkey: `SU..`.
    #[must_use]
    pub fn nkey(mut self, seed: impl Into<String>) -> Self {
        self.credentials = Credentials::Nkey(seed.into());
        self
    }

    /// A file with the seed of a user's nkey. It is read again for each connection.
    #[must_use]
    pub fn nkey_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.credentials = Credentials::NkeyFile(path.into());
        self
    }

    /// A user and a password.
    #[must_use]
    pub fn user_and_password(
        mut self,
        user: impl Into<String>,
        password: impl Into<String>,
    ) -> Self {
        self.credentials = Credentials::Password(user.into(), password.into());
        self
    }

    /// A token.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.credentials = Credentials::Token(token.into());
        self
    }

    /// A PEM file of the authorities to trust, instead of those of the system. It can be called
    /// several times.
    #[must_use]
    pub fn root_certificates(mut self, path: impl Into<PathBuf>) -> Self {
        self.tls.roots.push(path.into());
        self.tls.required = true;
        self
    }

    /// PEM files of a certificate and its key, for servers that want one of their clients. They are
    /// read again for each connection, so that they can be replaced while the program runs.
    #[must_use]
    pub fn client_certificate(
        mut self,
        certificate: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Self {
        self.tls.certificate = Some((certificate.into(), key.into()));
        self.tls.required = true;
        self
    }

    /// Never without TLS. It is used in any case if the server asks for it, if the scheme is
    /// `tls`, and if there are certificates of your own.
    #[must_use]
    pub fn require_tls(mut self) -> Self {
        self.tls.required = true;
        self
    }

    /// TLS from the first byte, for servers with `handshake_first`.
    #[must_use]
    pub fn tls_first(mut self) -> Self {
        self.tls.required = true;
        self.tls.first = true;
        self
    }

    /// Whether there is what is needed to prove who it is.
    pub(super) fn check(&self) -> Result<(), NatsError> {
        self.credentials.answer(b"")?;
        self.client()?;
        Ok(())
    }

    /// What a server has said, or what was found in its place, as a line without secrets.
    pub(super) fn said(&self, text: &str) -> String {
        plain(&self.credentials.hide(text))
    }

    pub(super) fn servers(&self) -> Vec<ServerAddr> {
        self.servers.clone()
    }

    /// The options of the client. They read files.
    pub(super) fn client(&self) -> Result<ConnectOptions, NatsError> {
        let credentials = self.credentials.clone();
        let mut options = match credentials {
            Credentials::None => ConnectOptions::new(),
            credentials => ConnectOptions::with_auth_callback(move |nonce| {
                let auth = credentials.auth(&nonce);
                async move { auth }
            }),
        };
        options = options
            .name(&self.name)
            .retry_on_initial_connect()
            .connection_timeout(CONNECT_TIMEOUT)
            .ping_interval(PING_INTERVAL)
            .client_capacity(QUEUED)
            .request_timeout(Some(REQUEST_TIMEOUT))
            .reconnect_delay_callback(wait_before)
            .require_tls(self.tls.required);
        if self.tls.first {
            options = options.tls_first();
        }
        let by_scheme = self.servers.iter().any(ServerAddr::tls_required);
        if let Some(config) = self.tls.config(self.tls.required || by_scheme)? {
            options = options.tls_client_config(config);
        }
        Ok(options)
    }
}

/// The wait before an attempt: exponential, and up to a quarter shorter at random, so that the
/// instances of a fleet do not all come at once.
pub(super) fn wait_before(attempt: usize) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
    let factor = 2_u32.saturating_pow(doublings);
    let wait = FIRST_WAIT.saturating_mul(factor).min(LONGEST_WAIT);
    let random = u32::try_from(RandomState::new().hash_one(attempt) % 1024).unwrap_or(0);
    wait.saturating_sub(wait / 4 * random / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_five_seconds() {
        assert!(wait_before(1) <= FIRST_WAIT);
        for attempt in 8..200 {
            assert!(wait_before(attempt) <= LONGEST_WAIT);
            assert!(wait_before(attempt) >= LONGEST_WAIT / 4 * 3);
        }
        assert!(wait_before(usize::MAX) <= LONGEST_WAIT);
    }

    #[test]
    fn a_password_of_a_url_is_neither_printed_nor_kept_in_the_address() {
        let options = NatsOptions::new("nats://mirror:s3cr3t@127.0.0.1:4222").unwrap();
        assert!(!format!("{options:?}").contains("s3cr3t"), "{options:?}");
        assert!(format!("{options:?}").contains("mirror"), "{options:?}");
    }

    #[test]
    fn an_error_repeats_no_address() {
        for wrong in [
            "http://a:s3cr3t@b:1",
            "nats://a:s3cr3t@",
            "ws://s3cr3t@b",
            "",
        ] {
            let error = NatsOptions::new(wrong).unwrap_err();
            assert!(!error.to_string().contains("s3cr3t"), "{error}");
            assert!(!format!("{error:?}").contains("s3cr3t"), "{error:?}");
        }
    }

    #[test]
    fn a_seed_that_is_none_is_told_before_anything_is_connected() {
        let options = NatsOptions::new("nats://127.0.0.1:4222").unwrap();
        let error = options.nkey("SUNONSENSE").connect().unwrap_err();
        assert!(!error.to_string().contains("NONSENSE"), "{error}");
    }

    #[test]
    fn a_file_that_is_missing_is_named() {
        let options = NatsOptions::new("nats://127.0.0.1:4222").unwrap();
        let absent = "/nowhere/at/all.creds";
        for options in [
            options.clone().credentials_file(absent),
            options.clone().nkey_file(absent),
            options.clone().root_certificates(absent),
            options.client_certificate(absent, absent),
        ] {
            let error = options.connect().unwrap_err().to_string();
            assert!(error.contains(absent), "{error}");
        }
    }
}

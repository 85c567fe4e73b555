//! A shadow that speaks TLS, and is trusted.

use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{
    LazyConfigAcceptor,
    rustls::{
        ServerConfig, SignatureScheme, crypto::CryptoProvider, pki_types::PrivateKeyDer,
        server::Acceptor,
    },
};

/// A shadow whose authority the process trusts.
pub struct Shadow {
    /// Its URL.
    pub url: String,
    offered: Arc<Mutex<Vec<SignatureScheme>>>,
}

impl Shadow {
    /// Starts it before the first TLS session of the process, which reads the file that
    /// `SSL_CERT_FILE` names.
    pub async fn start(provider: CryptoProvider) -> Self {
        let file = std::env::var_os("SSL_CERT_FILE").expect("run by `.ci/trees`, which sets it");
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let authority = CertifiedIssuer::self_signed(params, key).unwrap();
        std::fs::write(file, authority.pem()).unwrap();

        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        // Platforms do not trust certificates that are valid for decades.
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2090, 12, 31);
        let certificate = params.signed_by(&key, &authority).unwrap();
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let config = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!(
            "https://localhost:{}",
            listener.local_addr().unwrap().port()
        );
        let offered = Arc::default();
        tokio::spawn(serve(listener, Arc::new(config), Arc::clone(&offered)));
        Self { url, offered }
    }

    /// How clients would have let it sign: each crypto provider has a list of its own.
    pub fn offered(&self) -> Vec<SignatureScheme> {
        self.offered.lock().unwrap().clone()
    }
}

async fn serve(
    listener: TcpListener,
    config: Arc<ServerConfig>,
    offered: Arc<Mutex<Vec<SignatureScheme>>>,
) {
    loop {
        let (connection, _) = listener.accept().await.unwrap();
        let session = session(connection, Arc::clone(&config), Arc::clone(&offered));
        tokio::spawn(session);
    }
}

async fn session(
    connection: TcpStream,
    config: Arc<ServerConfig>,
    offered: Arc<Mutex<Vec<SignatureScheme>>>,
) -> std::io::Result<()> {
    let hello = LazyConfigAcceptor::new(Acceptor::default(), connection).await?;
    *offered.lock().unwrap() = hello.client_hello().signature_schemes().to_vec();
    crate::respond(hello.into_stream(config).await?).await
}

//! TLS, and who a client is.

use std::{
    fs,
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use mirror_fleet::{NatsOptions, NatsSink};
use mirror_runtime::{FailureKind, MirrorError};
use nkeys::KeyPair;
use serde_json::{Value, json};
use testkit::{
    Authority, Directory,
    nats::{NatsServer, programs},
};

use super::support::*;

/// Files of one test.
struct Files(Directory);

impl Files {
    fn new(name: &str) -> Self {
        let files = Directory::new(name);
        fs::create_dir_all(files.path()).unwrap();
        Self(files)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

fn log(options: NatsOptions) -> NatsSink {
    NatsSink::builder(&options.connect().unwrap(), MAX_BYTES)
        .ack_timeout(SOON)
        .build()
        .unwrap()
}

/// It keeps a record, once it is connected.
async fn keeps(options: NatsOptions) {
    let log = log(options);
    ready(&log).await;
    keep(&log, "hello").await.unwrap();
}

/// It is not let in, which is told as no connection.
async fn is_refused(options: NatsOptions) {
    let shown = format!("{options:?}");
    let error = keep(&log(options), "hello").await.unwrap_err();
    let kind = MirrorError::from(error).kind();
    assert_eq!(kind, FailureKind::Closed, "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_spoken_with_a_server_whose_authority_is_trusted() {
    for (version, program) in programs() {
        let files = Files::new(&format!("nats-tls-{version}"));
        let authority = Authority::new();
        let (certificate, key) = authority.issue("localhost", 2090);
        let roots = files.write("roots.pem", &authority.pem());
        let certificate = files.write("certificate.pem", &certificate.pem());
        let key = files.write("key.pem", &key.serialize_pem());
        let (own, own_key) = authority.issue("client", 2090);
        let own = files.write("own.pem", &own.pem());
        let own_key = files.write("own-key.pem", &own_key.serialize_pem());
        let config = format!(
            "tls {{ cert_file: {certificate:?}, key_file: {key:?}, ca_file: {roots:?}, verify: true }}\n"
        );
        let server = NatsServer::of(&program, &config);
        let options = |scheme: &str| {
            let url = format!("{scheme}://localhost:{}", server.port());
            NatsOptions::new(&url).unwrap()
        };
        let trusting = |scheme: &str| {
            let options = options(scheme).root_certificates(&roots);
            options.client_certificate(&own, &own_key)
        };
        keeps(trusting("tls")).await;
        keeps(trusting("nats")).await;
        // It does not know who we are.
        is_refused(options("tls").root_certificates(&roots)).await;
        // The system does not know who it is.
        is_refused(options("nats").client_certificate(&own, &own_key)).await;
        is_refused(options("nats")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_gets_nothing_where_tls_is_required() {
    for (_, program) in programs() {
        let server = NatsServer::of(&program, "");
        is_refused(NatsOptions::new(&server.url()).unwrap().require_tls()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_known_by_a_password_or_a_token() {
    for (_, program) in programs() {
        let config = "authorization { user: mirror, password: s3cr3t }\n";
        let server = NatsServer::of(&program, config);
        let options = NatsOptions::new(&server.url()).unwrap();
        keeps(options.clone().user_and_password("mirror", "s3cr3t")).await;
        let url = format!("nats://mirror:s3cr3t@127.0.0.1:{}", server.port());
        keeps(NatsOptions::new(&url).unwrap()).await;
        is_refused(options.clone().user_and_password("mirror", "other")).await;
        is_refused(options).await;

        let server = NatsServer::of(&program, "authorization { token: t0k3n }\n");
        let options = NatsOptions::new(&server.url()).unwrap();
        keeps(options.clone().token("t0k3n")).await;
        let url = format!("nats://t0k3n@127.0.0.1:{}", server.port());
        keeps(NatsOptions::new(&url).unwrap()).await;
        is_refused(options.token("other")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_known_by_an_nkey() {
    for (version, program) in programs() {
        let pair = KeyPair::new_user();
        let config = format!(
            "authorization {{ users: [ {{ nkey: {} }} ] }}\n",
            pair.public_key()
        );
        let server = NatsServer::of(&program, &config);
        let seed = pair.seed().unwrap();
        let options = NatsOptions::new(&server.url()).unwrap();
        keeps(options.clone().nkey(&seed)).await;
        let files = Files::new(&format!("nats-nkey-{version}"));
        let file = files.write("user.nk", &format!("{seed}\n"));
        keeps(options.clone().nkey_file(file)).await;
        let other = KeyPair::new_user().seed().unwrap();
        let shown = format!("{:?}", options.clone().nkey(&other));
        assert!(!shown.contains(&other), "{shown}");
        is_refused(options.nkey(other)).await;
    }
}

/// A JWT as servers of NATS have them.
fn token(by: &KeyPair, subject: &KeyPair, name: &str, nats: &Value) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = encode(&json!({ "typ": "JWT", "alg": "ed25519-nkey" }));
    let claims = encode(&json!({
        "jti": name,
        "iat": now.as_secs(),
        "iss": by.public_key(),
        "name": name,
        "sub": subject.public_key(),
        "nats": nats,
    }));
    let signed = format!("{head}.{claims}");
    let signature = by.sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_known_by_a_credentials_file_which_may_be_replaced() {
    let operator = KeyPair::new_operator();
    let (account, system) = (KeyPair::new_account(), KeyPair::new_account());
    let limits = json!({
        "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true,
        "conn": -1, "leaf": -1, "mem_storage": -1, "disk_storage": -1, "streams": -1,
        "consumer": -1,
    });
    let of_account = json!({ "type": "account", "version": 2, "limits": limits });
    let of_system = json!({
        "type": "account", "version": 2,
        "limits": {
            "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true,
            "conn": -1, "leaf": -1,
        },
    });
    let config = format!(
        "operator: {}\nresolver: MEMORY\nsystem_account: {}\nresolver_preload {{ {}: {}, {}: {} }}\n",
        token(
            &operator,
            &operator,
            "operator",
            &json!({ "type": "operator", "version": 2 })
        ),
        system.public_key(),
        account.public_key(),
        token(&operator, &account, "account", &of_account),
        system.public_key(),
        token(&operator, &system, "system", &of_system),
    );
    let credentials = |by: &KeyPair| {
        let user = KeyPair::new_user();
        let of_user = json!({
            "type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1,
            "pub": {}, "sub": {},
        });
        format!(
            "-----BEGIN NATS USER JWT-----\n{}\n------END NATS USER JWT------\n\n\
             ************************* IMPORTANT *************************\n\
             NKEY Seed printed below can be used to sign and prove identity.\n\n\
             -----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
            token(by, &user, "mirror", &of_user),
            user.seed().unwrap(),
        )
    };
    for (version, program) in programs() {
        let mut server = NatsServer::of(&program, &config);
        let files = Files::new(&format!("nats-creds-{version}"));
        let file = files.write("mirror.creds", &credentials(&account));
        let options = NatsOptions::new(&server.url()).unwrap();
        let options = options.credentials_file(&file);
        let log = log(options.clone());
        ready(&log).await;
        keep(&log, "hello").await.unwrap();
        // Of nobody whom the server knows.
        files.write("mirror.creds", &credentials(&KeyPair::new_account()));
        is_refused(options).await;
        // Those of the first are used no more either, once it connects again.
        server.restart();
        assert!(keep(&log, "hello").await.is_err());
        files.write("mirror.creds", &credentials(&account));
        while keep(&log, "hello").await.is_err() {}
    }
}

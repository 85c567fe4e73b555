//! Over TLS, with the certificates that the system trusts.

use std::fs;

use testkit::{Authority, Directory};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::{
    sample::orders,
    support::{command, run},
};

#[cfg(feature = "replay")]
#[tokio::test]
async fn a_replay_trusts_whom_the_system_trusts_over_each_protocol() {
    use axum::{body::Body, http::Version};
    use testkit::Shadow;

    let authority = Authority::new();
    let directory = Directory::new("cli-https-replay");
    fs::create_dir_all(directory.path()).unwrap();
    let trusted = directory.path().join("authority.pem");
    fs::write(&trusted, authority.pem()).unwrap();
    let log = crate::replay::Log::new("replay-https", &crate::replay::orders(500));
    let none: [&str; 0] = [];
    for (protocols, version) in [
        (&["http/1.1"][..], Version::HTTP_11),
        (&["h2"], Version::HTTP_2),
        (&["h2", "http/1.1"], Version::HTTP_2),
        (&none, Version::HTTP_11),
    ] {
        let acceptor = authority.certifies_all("localhost", protocols);
        let shadow = Shadow::tls_answering(acceptor, |recorded| {
            let path = recorded.target.split('?').next().unwrap();
            let number: u64 = path.rsplit('/').next().unwrap().parse().unwrap();
            let body = format!("{{\"number\":{number},\"total\":12.5}}");
            let response = axum::http::Response::builder();
            let response = response.header("content-type", "application/json");
            response.body(Body::from(body)).unwrap()
        })
        .await;
        let replay = |host: &str| {
            let to = format!("https://{host}:{}", shadow.port());
            let args = log.args(&to, &["--speed", "max"]);
            let args: Vec<_> = args.iter().map(String::as_str).collect();
            let mut command = command(&args);
            command
                .env_remove("SSL_CERT_DIR")
                .env_remove("SSL_CERT_FILE");
            command
        };
        let mut with = replay("localhost");
        with.env("SSL_CERT_FILE", &trusted);
        run(with).await.expect(0, "promote: orders -> localhost");
        let recorded = shadow.recorded();
        assert_eq!(recorded.len(), 500);
        assert!(
            recorded.iter().all(|it| it.version == version),
            "{protocols:?}"
        );
        if version == Version::HTTP_2 {
            // The authority stands in the target, and nowhere else.
            assert!(
                recorded.iter().all(|it| it.all("host").is_empty()),
                "{recorded:?}"
            );
        }
        run(replay("localhost")).await.expect(3, "certificate");
        let mut of_another_name = replay("127.0.0.1");
        of_another_name.env("SSL_CERT_FILE", &trusted);
        run(of_another_name).await.expect(3, "certificate");
        assert_eq!(shadow.recorded().len(), 500);
    }
}

#[tokio::test]
async fn a_certificate_must_be_trusted() {
    let authority = Authority::new();
    let directory = Directory::new("cli-https");
    fs::create_dir_all(directory.path()).unwrap();
    let trusted = directory.path().join("authority.pem");
    fs::write(&trusted, authority.pem()).unwrap();
    let acceptor = authority.certifies("localhost", 2090, "http/1.1");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let body = orders("promote", "good").to_string();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            // Who does not trust it hangs up.
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n")
                && stream.read_buf(&mut request).await.unwrap() > 0
            {}
            let length = body.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
            );
            stream.write_all((head + &body).as_bytes()).await.unwrap();
            let _ = stream.shutdown().await;
        }
    });
    let check = |host: &str| {
        let mut command = command(&["check", &format!("https://{host}:{port}")]);
        command
            .env_remove("SSL_CERT_DIR")
            .env_remove("SSL_CERT_FILE");
        command
    };
    let mut with = check("localhost");
    with.env("SSL_CERT_FILE", &trusted);
    run(with)
        .await
        .expect(0, "promote: orders -> rewrite: good");
    run(check("localhost")).await.expect(3, "certificate");
    let mut of_another_name = check("127.0.0.1");
    of_another_name.env("SSL_CERT_FILE", &trusted);
    run(of_another_name).await.expect(3, "certificate");
}

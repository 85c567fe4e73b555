//! nginx: a connection of it takes so many requests, and what comes after them is not processed.

use std::process::Command;

use testkit::{passes_where_trusted, trusted_file};

use super::{
    TURN,
    load::responds_to_every_copy,
    server::{Site, is_installed},
};

/// One process, of nobody in particular, that writes nowhere but into its folder. What it proxies
/// to is itself: a request that it proxies is read to its end; at `/early`, it responds before
/// that.
fn configuration(site: &Site) -> String {
    let (port, folder) = (site.port, site.path().display());
    format!(
        "daemon off;
        master_process off;
        pid {folder}/nginx.pid;
        error_log stderr error;
        events {{ worker_connections 1024; }}
        http {{
            access_log off;
            client_body_temp_path {folder}/client_body;
            proxy_temp_path {folder}/proxy;
            fastcgi_temp_path {folder}/fastcgi;
            uwsgi_temp_path {folder}/uwsgi;
            scgi_temp_path {folder}/scgi;
            client_max_body_size 2m;
            client_body_buffer_size 2m;
            keepalive_requests 100;
            server {{
                listen 127.0.0.1:{port} ssl http2;
                ssl_certificate {folder}/certificate.pem;
                ssl_certificate_key {folder}/key.pem;
                location /early {{ return 200 early; }}
                location / {{ proxy_pass http://unix:{folder}/socket; }}
            }}
            server {{
                listen unix:{folder}/socket;
                location / {{ return 200 whole; }}
            }}
        }}"
    )
}

/// Runs in a process that trusts the authority: the test below starts it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nginx_responds_to_every_copy_where_it_is_trusted() {
    let Some(trusted) = trusted_file() else {
        return;
    };
    let site = Site::new("nginx", trusted);
    let file = site.write("nginx.conf", &configuration(&site));
    let mut nginx = Command::new("nginx");
    nginx
        .args(["-e", "stderr", "-p"])
        .arg(site.path())
        .arg("-c")
        .arg(file);
    responds_to_every_copy(site.serve(&mut nginx), "/early").await;
}

#[tokio::test]
async fn nginx_responds_to_every_copy() {
    let _turn = TURN.lock().await;
    if !is_installed("nginx") {
        return;
    }
    let file = concat!(env!("CARGO_TARGET_TMPDIR"), "/trusted-by-nginx.pem");
    let test = "nginx::nginx_responds_to_every_copy_where_it_is_trusted";
    passes_where_trusted(test, file).await;
}

//! Envoy, which most service meshes are made of.

use std::process::Command;

use axum::{Router, body::Bytes, extract::DefaultBodyLimit};
use testkit::{Primary, passes_where_trusted, trusted_file};

use super::{
    TURN,
    load::responds_to_every_copy,
    server::{Site, is_installed},
};

/// A listener for HTTP/2 over TLS: `/early` is responded to at once, and the rest by a server
/// behind it. A connection takes a thousand requests.
fn configuration(site: &Site, behind: &Primary) -> String {
    let (port, folder, host) = (site.port, site.path().display(), behind.host());
    let (_, behind) = host.split_once(':').unwrap();
    format!(
        r#"
static_resources:
  listeners:
  - address: {{ socket_address: {{ address: 127.0.0.1, port_value: {port} }} }}
    filter_chains:
    - transport_socket:
        name: envoy.transport_sockets.tls
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
          common_tls_context:
            alpn_protocols: [h2]
            tls_certificates:
            - certificate_chain: {{ filename: {folder}/certificate.pem }}
              private_key: {{ filename: {folder}/key.pem }}
      filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: shadow
          codec_type: AUTO
          common_http_protocol_options: {{ max_requests_per_connection: 1000 }}
          http2_protocol_options: {{ max_concurrent_streams: 100 }}
          http_filters:
          - name: envoy.filters.http.router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
          route_config:
            virtual_hosts:
            - name: shadow
              domains: ["*"]
              routes:
              - match: {{ prefix: /early }}
                direct_response: {{ status: 200, body: {{ inline_string: early }} }}
              - match: {{ prefix: / }}
                route: {{ cluster: behind, timeout: 120s }}
  clusters:
  - name: behind
    type: STATIC
    connect_timeout: 60s
    load_assignment:
      cluster_name: behind
      endpoints:
      - lb_endpoints:
        - endpoint:
            address: {{ socket_address: {{ address: 127.0.0.1, port_value: {behind} }} }}
"#
    )
}

/// Runs in a process that trusts the authority: the test below starts it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn envoy_responds_to_every_copy_where_it_is_trusted() {
    let Some(trusted) = trusted_file() else {
        return;
    };
    let whole = Router::new()
        .fallback(|body: Bytes| async move { body.len().to_string() })
        .layer(DefaultBodyLimit::disable());
    let behind = Primary::start(whole).await;
    let site = Site::new("envoy", trusted);
    let file = site.write("envoy.yaml", &configuration(&site, &behind));
    let mut envoy = Command::new("envoy");
    envoy.arg("-c").arg(file);
    envoy.args([
        "--disable-hot-restart",
        "--concurrency",
        "1",
        "--log-level",
        "error",
    ]);
    responds_to_every_copy(site.serve(&mut envoy), "/early").await;
}

#[tokio::test]
async fn envoy_responds_to_every_copy() {
    let _turn = TURN.lock().await;
    if !is_installed("envoy") {
        return;
    }
    let file = concat!(env!("CARGO_TARGET_TMPDIR"), "/trusted-by-envoy.pem");
    let test = "envoy::envoy_responds_to_every_copy_where_it_is_trusted";
    passes_where_trusted(test, file).await;
}

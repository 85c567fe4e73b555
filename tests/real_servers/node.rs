//! Node's `http2`.

use std::process::Command;

use testkit::{passes_where_trusted, trusted_file};

use super::{
    TURN,
    load::responds_to_every_copy,
    server::{Site, is_installed},
};

/// Responds to a request when it has come whole, and at `/early` at once.
const SERVER: &str = r"
const fs = require('fs');
const [port, folder] = process.argv.slice(2);
const server = require('http2').createSecureServer({
    cert: fs.readFileSync(`${folder}/certificate.pem`),
    key: fs.readFileSync(`${folder}/key.pem`),
});
server.on('stream', (stream, headers) => {
    stream.on('error', (error) => console.error(error));
    const respond = () => {
        stream.respond({ ':status': 200 });
        stream.end('whole');
    };
    if (headers[':path'] === '/early') {
        respond();
    } else {
        stream.on('end', respond);
    }
    stream.resume();
});
server.on('sessionError', (error) => console.error(error));
server.listen(Number(port), '127.0.0.1');
";

/// Runs in a process that trusts the authority: the test below starts it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn node_responds_to_every_copy_where_it_is_trusted() {
    let Some(trusted) = trusted_file() else {
        return;
    };
    let site = Site::new("node", trusted);
    let file = site.write("server.js", SERVER);
    let mut node = Command::new("node");
    node.arg(file).arg(site.port.to_string()).arg(site.path());
    responds_to_every_copy(site.serve(&mut node), "/early").await;
}

#[tokio::test]
async fn node_responds_to_every_copy() {
    let _turn = TURN.lock().await;
    if !is_installed("node") {
        return;
    }
    let file = concat!(env!("CARGO_TARGET_TMPDIR"), "/trusted-by-node.pem");
    let test = "node::node_responds_to_every_copy_where_it_is_trusted";
    passes_where_trusted(test, file).await;
}

//! nginx and Envoy, each in front of a plain primary, with the mirror that it has.

use std::{env, fs, net::TcpListener, path::PathBuf, process::Stdio, time::Duration};

use measure::account::Account;
use serde_json::{Value, json};
use tokio::{
    net::TcpStream,
    process::{Child, Command},
};

use super::{Result, scenario::Primary};

/// Times that a peer is asked whether it listens, and the time in between.
const ATTEMPTS: u32 = 500;
const BETWEEN: Duration = Duration::from_millis(10);

/// A running peer, with its configuration in a directory of its own.
#[derive(Debug)]
pub(crate) struct Peer {
    kind: Primary,
    child: Child,
    address: String,
    directory: PathBuf,
}

impl Peer {
    /// What an installed peer says of its version, if it is installed.
    pub(crate) async fn version(kind: Primary) -> Option<String> {
        let version = if kind == Primary::Nginx {
            "-v"
        } else {
            "--version"
        };
        let output = Command::new(kind.name()).arg(version).output().await.ok()?;
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        let is_version =
            |word: &&str| word.split('.').count() > 2 && word.contains(char::is_numeric);
        let word = text
            .split(|c: char| c.is_whitespace() || c == '/')
            .find(is_version)?;
        output.status.success().then(|| word.to_owned())
    }

    /// Starts it in front of an app, and, where there is a shadow, with a mirror to that.
    pub(crate) async fn start(kind: Primary, app: &str, shadow: Option<&String>) -> Result<Self> {
        // Somebody else could take the port; then the peer ends and the run with it.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let name = format!("mirror-bench-{}-{}", std::process::id(), kind.name());
        let directory = env::temp_dir().join(name);
        fs::create_dir_all(&directory)?;
        let shadow = shadow.map(|url| url.trim_start_matches("http://"));
        let configuration = directory.join("configuration.json");
        let mut command = Command::new(kind.name());
        if kind == Primary::Nginx {
            fs::write(&configuration, nginx(&address, app, shadow))?;
            command
                .arg("-p")
                .arg(&directory)
                .arg("-c")
                .arg(&configuration);
        } else {
            fs::write(&configuration, envoy(&address, app, shadow).to_string())?;
            command.arg("-c").arg(&configuration);
            command.args(["--concurrency", "2", "-l", "off", "--use-dynamic-base-id"]);
        }
        let child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let peer = Self {
            kind,
            child,
            address,
            directory,
        };
        for _ in 0..ATTEMPTS {
            if TcpStream::connect(&peer.address).await.is_ok() {
                return Ok(peer);
            }
            tokio::time::sleep(BETWEEN).await;
        }
        Err(format!("{} does not listen", kind.name()).into())
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn account(&self) -> Account {
        self.child.id().map(Account::of).unwrap_or_default()
    }

    /// Ends it. The workers of nginx would outlive a master that is killed.
    pub(crate) async fn stop(mut self) {
        if self.kind == Primary::Nginx {
            let mut stop = Command::new("nginx");
            stop.arg("-p").arg(&self.directory);
            stop.arg("-c")
                .arg(self.directory.join("configuration.json"));
            let _ = stop
                .args(["-s", "stop"])
                .stderr(Stdio::null())
                .status()
                .await;
        } else {
            let _ = self.child.start_kill();
        }
        let _ = self.child.wait().await;
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Two workers, as the primary has threads; connections to both servers are kept.
fn nginx(address: &str, app: &str, shadow: Option<&str>) -> String {
    let upstream = |name: &str, server: &str| {
        format!("upstream {name} {{ server {server} max_fails=0; keepalive 256; }}\n")
    };
    let pass = |to: &str| {
        format!("proxy_pass http://{to}; proxy_http_version 1.1; proxy_set_header Connection '';")
    };
    let (mut upstreams, mut mirror, mut location) = (upstream("app", app), "", String::new());
    if let Some(shadow) = shadow {
        upstreams += &upstream("shadow", shadow);
        mirror = "mirror /mirror;";
        location = format!(
            "location = /mirror {{ internal; {} }}",
            pass("shadow$request_uri")
        );
    }
    format!(
        "daemon off; worker_processes 2; pid nginx.pid; error_log /dev/null crit;\n\
         events {{ worker_connections 16384; }}\n\
         http {{ access_log off; client_body_buffer_size 128k; keepalive_requests 10000000;\n\
         client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;\n\
         uwsgi_temp_path uwsgi; scgi_temp_path scgi;\n\
         {upstreams}server {{ listen {address}; location / {{ {mirror} {} }} {location} }} }}\n",
        pass("app")
    )
}

fn envoy(address: &str, app: &str, shadow: Option<&str>) -> Value {
    let mut route = json!({ "cluster": "app", "timeout": "60s" });
    let mut clusters = vec![cluster("app", app)];
    if let Some(shadow) = shadow {
        route["request_mirror_policies"] = json!([{ "cluster": "shadow" }]);
        clusters.push(cluster("shadow", shadow));
    }
    let hosts = json!([{
        "name": "all", "domains": ["*"],
        "routes": [{ "match": { "prefix": "/" }, "route": route }],
    }]);
    let manager = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "in",
        "route_config": { "virtual_hosts": hosts },
        "http_filters": [{
            "name": "envoy.filters.http.router",
            "typed_config": { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
        }],
    });
    let filter = json!({
        "name": "envoy.filters.network.http_connection_manager", "typed_config": manager,
    });
    json!({ "static_resources": {
        "listeners": [{
            "address": socket(address), "filter_chains": [{ "filters": [filter] }],
        }],
        "clusters": clusters,
    } })
}

fn cluster(name: &str, address: &str) -> Value {
    let endpoint = json!({ "endpoint": { "address": socket(address) } });
    json!({
        "name": name, "type": "STATIC", "connect_timeout": "1s",
        "load_assignment": { "cluster_name": name, "endpoints": [{ "lb_endpoints": [endpoint] }] },
    })
}

fn socket(address: &str) -> Value {
    let (host, port) = address.rsplit_once(':').unwrap_or((address, ""));
    json!({ "socket_address": { "address": host, "port_value": port.parse::<u16>().unwrap_or_default() } })
}

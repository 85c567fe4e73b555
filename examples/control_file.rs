//! `cargo run --example control_file`
//!
//! A file says what mirrors do, and the program polls it. Kubernetes mounts a `ConfigMap` as a
//! directory whose files are symbolic links, and exchanges one of them; a watch of the file would
//! watch what is gone. Reading the file again every few seconds sees each change, over NFS as well.

use std::{fs, io, path::PathBuf, time::Duration};

use axum::{Router, http::Method, routing::get};
use mirror_runtime::{ControlFile, control, mirror};
use testkit::demo::{Client, Server, print_counters, settle};

const SHADOW: &str = "http://127.0.0.1:20260";

#[mirror(targets = [target(SHADOW, name = "rewrite")], name = "orders")]
async fn orders() -> &'static str {
    "orders"
}

/// Applies the file whenever its content has changed. One that is missing or wrong changes nothing:
/// what held before holds on.
async fn follow(path: PathBuf, every: Duration) {
    let mut applied = String::new();
    loop {
        match tokio::fs::read_to_string(&path).await {
            Ok(text) if text == applied => {}
            Ok(text) => {
                let file = toml::from_str::<ControlFile>(&text).map_err(|error| error.to_string());
                let done = file.and_then(|file| file.apply().map_err(|error| error.to_string()));
                if let Err(error) = done {
                    eprintln!("{}: {error}", path.display());
                }
                applied = text;
            }
            Err(error) => eprintln!("{}: {error}", path.display()),
        }
        tokio::time::sleep(every).await;
    }
}

#[tokio::main]
async fn main() -> testkit::demo::Result {
    let _shadow = Server::start(SHADOW, Router::new().fallback(|| async { "shadow" }))?;
    let primary = Server::anywhere(Router::new().route("/orders", get(orders)))?;
    let mut client = Client::connect(primary.address()).await?;

    let volume = Volume::new()?;
    volume.write("1", "[mirrors.orders.targets]\nrewrite = 100\n")?;
    // Every five seconds is often enough; this program is in a hurry.
    tokio::spawn(follow(volume.file(), Duration::from_millis(50)));
    client.send(Method::GET, "/orders", "").await?;
    settle().await;

    volume.write(
        "2",
        "[mirrors.orders]\nenabled = false\nreason = \"the shadow is down\"\n",
    )?;
    while control("orders").state().is_enabled {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    println!("{}", control("orders").state());
    client.send(Method::GET, "/orders", "").await?;
    settle().await;
    print_counters();
    Ok(())
}

/// A volume as Kubernetes mounts it: `control.toml -> ..data/control.toml`, and `..data` is a link
/// to a directory of this version.
struct Volume(PathBuf);

impl Volume {
    fn new() -> io::Result<Self> {
        let name = format!("mirror-control-{}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        fs::create_dir_all(&directory)?;
        Ok(Self(directory))
    }

    fn file(&self) -> PathBuf {
        self.0.join("control.toml")
    }

    #[cfg(unix)]
    fn write(&self, version: &str, text: &str) -> io::Result<()> {
        use std::os::unix::fs::symlink;

        let directory = self.0.join(version);
        fs::create_dir_all(&directory)?;
        fs::write(directory.join("control.toml"), text)?;
        let new = self.0.join("..data_tmp");
        symlink(version, &new)?;
        fs::rename(new, self.0.join("..data"))?;
        if !self.file().exists() {
            symlink("..data/control.toml", self.file())?;
        }
        Ok(())
    }

    #[cfg(not(unix))]
    fn write(&self, _: &str, text: &str) -> io::Result<()> {
        fs::write(self.file(), text)
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

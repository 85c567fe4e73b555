//! An app in a process of its own, and what the system says of that process.

use std::{fs, process::Stdio, time::Duration};

use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpStream,
    process::{Child, Command},
};

/// A running app. It ends with this program, or when this is dropped.
pub(crate) struct App {
    child: Child,
    address: String,
}

impl App {
    /// Starts this program again, as the app, mirrored to shadows.
    pub(crate) async fn start(shadows: &[String]) -> Self {
        let program = std::env::current_exe().expect("the path of this program");
        let mut child = Command::new(program)
            .arg("app")
            .args(shadows)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("this program starts again");
        let stdout = child.stdout.take().expect("standard output is piped");
        let address = BufReader::new(stdout).lines().next_line().await;
        let address = address
            .expect("the app prints")
            .expect("the app prints its address");
        Self { child, address }
    }

    pub(crate) fn address(&self) -> String {
        self.address.clone()
    }

    /// The most memory it had at once, in MiB.
    pub(crate) fn peak_memory(&self) -> u64 {
        self.status("VmHWM:")
    }

    /// The memory it has now, in MiB.
    pub(crate) fn memory(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// The time that processors have spent on it.
    pub(crate) fn processor_time(&self) -> Duration {
        /// A hundredth of a second, on every Linux.
        const TICK: Duration = Duration::from_millis(10);
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap_or_default();
        // Behind the name, which may have anything in it.
        let fields = stat.rsplit(')').next().unwrap_or_default();
        let ticks = fields.split_whitespace().skip(11).take(2);
        let ticks = ticks.filter_map(|ticks| ticks.parse::<u32>().ok());
        TICK * ticks.sum::<u32>()
    }

    fn status(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap_or_default();
        let line = status
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap_or_default();
        let kib = line
            .split_whitespace()
            .nth(1)
            .and_then(|kib| kib.parse::<u64>().ok());
        kib.unwrap_or_default() / 1024
    }

    /// The files and connections it has open now.
    pub(crate) fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.pid())).map_or(0, Iterator::count)
    }

    fn pid(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }

    /// What it responds at `/stats`.
    pub(crate) async fn stats(&self) -> String {
        let stream = TcpStream::connect(&self.address)
            .await
            .expect("the app listens");
        let (mut sender, driver) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
        tokio::spawn(driver);
        let request = Request::get("/stats").header("host", &self.address);
        let request = request.body(Body::empty()).expect("a request");
        let answer = sender.send_request(request).await.expect("a response");
        let body = answer
            .into_body()
            .collect()
            .await
            .expect("a whole response")
            .to_bytes();
        String::from_utf8_lossy(&body).into_owned()
    }
}

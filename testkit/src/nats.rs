//! Servers of NATS with JetStream: the program of others, started for a test, and ended with it.
//!
//! The program is named by the variable `NATS_SERVER`, or is `nats-server` in the `PATH`. An older
//! one is named by `NATS_SERVER_OLD`, or is where Debian has it. A program that is missing is said,
//! and is a failure where `CI` is `true`.

use std::{
    ffi::OsString,
    fmt::Write as _,
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

/// How long a server may take until it is ready.
const PATIENCE: Duration = Duration::from_mins(1);

/// A port that was free may be taken by somebody else before the server has it.
const ATTEMPTS: usize = 5;

/// Where Debian has it.
const OF_DEBIAN: &str = "/usr/sbin/nats-server";

/// Tells the folders of one process apart.
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// The program, if it is installed.
pub fn program() -> Option<PathBuf> {
    let named = std::env::var_os("NATS_SERVER").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = named.or_else(|| {
        let files = std::env::split_paths(&path).map(|folder| folder.join("nats-server"));
        let files: Vec<_> = files.filter(|file| file.is_file()).collect();
        // That of Debian is the older one, wherever it is in the `PATH`.
        let newer = files.iter().find(|file| *file != Path::new(OF_DEBIAN));
        newer.or(files.first()).cloned()
    });
    present(found, "nats-server")
}

/// The program in the version that Debian has, if it is installed.
pub fn old_program() -> Option<PathBuf> {
    let named = std::env::var_os("NATS_SERVER_OLD").map(PathBuf::from);
    let found = named.unwrap_or_else(|| OF_DEBIAN.into());
    present(Some(found), "the nats-server of Debian")
}

/// Both, or those that are installed: with a name for each.
pub fn programs() -> Vec<(&'static str, PathBuf)> {
    let all = [("new", program()), ("old", old_program())];
    all.into_iter()
        .filter_map(|(name, program)| Some((name, program?)))
        .collect()
}

fn present(program: Option<PathBuf>, name: &str) -> Option<PathBuf> {
    let found = program.filter(|program| program.is_file());
    if found.is_none() {
        let left_out = format!("LEFT OUT: NATS with {name}, which is not installed");
        assert!(
            std::env::var_os("CI") != Some(OsString::from("true")),
            "{left_out}"
        );
        eprintln!("\n{left_out}\n");
    }
    found
}

/// A server that runs, with JetStream in a folder of its own. It is killed when this is dropped.
pub struct NatsServer {
    program: PathBuf,
    /// Lines of the configuration, beside those that each has.
    config: String,
    store: Folder,
    port: u16,
    monitor: u16,
    child: Option<Child>,
}

impl NatsServer {
    /// A server of the version in the `PATH`; `None` if there is none.
    pub fn start() -> Option<Self> {
        Some(Self::of(&program()?, ""))
    }

    /// A server of that program, with more lines of its configuration, such as
    /// `max_payload: 1024`.
    pub fn of(program: &Path, config: &str) -> Self {
        let folder = Folder::new();
        for attempt in 1.. {
            let mut server = Self {
                program: program.to_owned(),
                config: config.to_owned(),
                store: folder.clone(),
                port: free_port(),
                monitor: free_port(),
                child: None,
            };
            match server.run() {
                Ok(()) => return server,
                Err(error) => assert!(attempt < ATTEMPTS, "{error}"),
            }
        }
        unreachable!("it has started, or the test has failed")
    }

    /// So many servers that know one another.
    pub fn cluster(program: &Path, size: usize) -> Vec<Self> {
        let ports = || (0..size).map(|_| free_port()).collect::<Vec<_>>();
        let (clients, monitors, routes) = (ports(), ports(), ports());
        let known: Vec<_> = routes
            .iter()
            .map(|port| format!("nats://127.0.0.1:{port}"))
            .collect();
        let known = known.join(", ");
        let mut servers: Vec<_> = (0..size)
            .map(|at| Self {
                program: program.to_owned(),
                config: format!(
                    "server_name: n{at}\n\
                     cluster {{ name: fleet, listen: \"127.0.0.1:{}\", routes: [{known}] }}\n",
                    routes[at]
                ),
                store: Folder::new(),
                port: clients[at],
                monitor: monitors[at],
                child: None,
            })
            .collect();
        for server in &mut servers {
            server.spawn();
        }
        for server in &mut servers {
            server.wait().unwrap_or_else(|error| panic!("{error}"));
        }
        servers
    }

    /// Where clients connect: `nats://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// The port where clients connect.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends it at once, as a power failure would. What it has stored stays.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Starts it again at the same port, with what it has stored, and waits until it is ready.
    pub fn restart(&mut self) {
        self.kill();
        self.run().unwrap_or_else(|error| panic!("{error}"));
    }

    /// Starts it again with other lines of its configuration.
    pub fn restart_with(&mut self, config: &str) {
        config.clone_into(&mut self.config);
        self.restart();
    }

    /// As [`restart`](Self::restart), but waits for nothing: the first of a cluster is ready only
    /// when others are.
    pub fn restart_soon(&mut self) {
        self.kill();
        self.spawn();
    }

    /// Stops it in the middle of what it does: it takes connections, and says nothing.
    pub fn pause(&self) {
        self.signal("-STOP");
        // Its threads stop one by one.
        let tasks = format!("/proc/{}/task", self.id());
        let is_stopped = |task: fs::DirEntry| {
            let state = fs::read_to_string(task.path().join("stat"));
            state.is_ok_and(|state| state.contains(") T "))
        };
        let all = || fs::read_dir(&tasks).is_ok_and(|all| all.flatten().all(is_stopped));
        let end = Instant::now() + PATIENCE;
        while Path::new(&tasks).exists() && !all() {
            assert!(Instant::now() < end, "it does not stop");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let id = self.id().to_string();
        let status = Command::new("kill").args([signal, &id]).status();
        assert!(status.unwrap().success());
    }

    /// Waits until it is ready.
    pub fn ready(&mut self) {
        self.wait().unwrap_or_else(|error| panic!("{error}"));
    }

    /// How many clients are connected.
    pub fn connections(&self) -> usize {
        let Some(body) = self.monitored("/connz") else {
            return 0;
        };
        let (_, rest) = body.split_once("\"num_connections\":").unwrap();
        let number = rest.trim_start().split([',', '\n']).next().unwrap();
        number.trim().parse().unwrap()
    }

    /// What its monitoring says at a path.
    pub fn monitored(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.monitor)).ok()?;
        let request = format!("GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n");
        stream.write_all(request.as_bytes()).ok()?;
        let mut response = String::new();
        stream.read_to_string(&mut response).ok()?;
        let (head, body) = response.split_once("\r\n\r\n")?;
        head.split(' ').nth(1).filter(|status| *status == "200")?;
        Some(body.to_owned())
    }

    /// What it had to say, which is of interest if something is amiss.
    pub fn said(&self) -> String {
        fs::read_to_string(self.store.path().join("said.txt")).unwrap_or_default()
    }

    fn run(&mut self) -> Result<(), String> {
        self.spawn();
        self.wait()
    }

    fn spawn(&mut self) {
        let folder = self.store.path();
        let mut config = String::new();
        let _ = writeln!(config, "host: \"127.0.0.1\"\nport: {}", self.port);
        let _ = writeln!(config, "http: \"127.0.0.1:{}\"", self.monitor);
        let store = folder.join("jetstream");
        // A configuration of its own says that there is none.
        if !self
            .config
            .lines()
            .any(|line| line.starts_with("jetstream"))
        {
            let store = store.display().to_string();
            let _ = writeln!(config, "jetstream {{ store_dir: {store:?} }}");
        }
        config.push_str(&self.config);
        let file = folder.join("nats.conf");
        fs::write(&file, config).unwrap();
        let said = fs::File::options()
            .create(true)
            .append(true)
            .open(folder.join("said.txt"))
            .unwrap();
        let child = Command::new(&self.program)
            .arg("-c")
            .arg(file)
            .stdin(Stdio::null())
            .stdout(said.try_clone().unwrap())
            .stderr(said)
            .spawn()
            .unwrap();
        self.child = Some(child);
    }

    /// With JetStream, and with a leader of the cluster if it is of one.
    fn wait(&mut self) -> Result<(), String> {
        let end = Instant::now() + PATIENCE;
        loop {
            let child = self.child.as_mut().unwrap();
            if child.try_wait().unwrap().is_some() {
                return Err(format!("the server has ended: {}", self.said()));
            }
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok()
                && self.monitored("/healthz").is_some()
            {
                return Ok(());
            }
            if Instant::now() >= end {
                return Err(format!("the server is not ready: {}", self.said()));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A folder that goes away with the last that uses it.
#[derive(Clone)]
struct Folder(std::sync::Arc<Removed>);

struct Removed(PathBuf);

impl Folder {
    fn new() -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("mirror-tests-nats-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(std::sync::Arc::new(Removed(path)))
    }

    fn path(&self) -> &Path {
        &self.0.0
    }
}

impl Drop for Removed {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A port that nobody has, which somebody else may take before the server does.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

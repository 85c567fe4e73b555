//! The program of a server: started for a test, and ended with it.

use std::{
    ffi::OsString,
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use testkit::{Authority, Directory};

/// How long a server may take to listen.
const PATIENCE: Duration = Duration::from_mins(1);

/// Whether a program is installed. One that is not is said, and is a failure where all are needed.
pub(crate) fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let sbin = ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from);
    let found = std::env::split_paths(&path).chain(sbin);
    let is_installed = found
        .map(|folder| folder.join(program))
        .any(|file| file.is_file());
    if !is_installed {
        let left_out = format!("LEFT OUT: copies to {program}, which is not installed");
        assert!(
            std::env::var_os("CI") != Some(OsString::from("true")),
            "{left_out}"
        );
        eprintln!("\n{left_out}\n");
    }
    is_installed
}

/// What a server needs: a folder of its own, in it a certificate for `localhost`, and a port.
pub(crate) struct Site {
    folder: Directory,
    pub(crate) port: u16,
}

impl Site {
    /// `trusted` is the file with the authorities that this process trusts.
    pub(crate) fn new(name: &str, trusted: OsString) -> Self {
        let authority = Authority::new();
        fs::write(trusted, authority.pem()).unwrap();
        let site = Self {
            folder: Directory::new(name),
            port: free_port(),
        };
        fs::create_dir_all(site.folder.path()).unwrap();
        let (certificate, key) = authority.issue("localhost", 2090);
        site.write("certificate.pem", &certificate.pem());
        site.write("key.pem", &key.serialize_pem());
        site
    }

    pub(crate) fn write(&self, file: &str, text: &str) -> PathBuf {
        let path = self.path().join(file);
        fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Starts the server, and waits until it listens at the port.
    pub(crate) fn serve(self, command: &mut Command) -> Server {
        let said = fs::File::create(self.path().join("said.txt")).unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(said.try_clone().unwrap())
            .stderr(said)
            .spawn()
            .unwrap();
        let mut server = Server { child, site: self };
        let end = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", server.site.port)).is_err() {
            let ended = server.child.try_wait().unwrap();
            assert!(ended.is_none(), "it has ended: {}", server.said());
            assert!(
                Instant::now() < end,
                "it does not listen: {}",
                server.said()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        server
    }
}

/// A server that runs. It ends when this is dropped.
pub(crate) struct Server {
    child: Child,
    site: Site,
}

impl Server {
    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}", self.site.port)
    }

    /// What it had to say, which is of interest if something is amiss.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(self.site.path().join("said.txt")).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that nobody has, which somebody else may take before the server does.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

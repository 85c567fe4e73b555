//! `mirror watch` in a terminal, and the terminal.

use std::{
    fs::{File, OpenOptions},
    io::{Read, Write},
    os::fd::OwnedFd,
    process::Stdio,
    sync::{Arc, Mutex},
    thread,
};

use axum::{Json, response::IntoResponse};
use rustix::{
    process::{Pid, Signal, kill_process},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize},
};
use testkit::{eventually, until};
use tokio::process::Child;

use crate::{
    sample::{HOSTILE, mirror as a_mirror, snapshot, target},
    support::{Stub, command, response},
};

const ENTER: &str = "\u{1b}[?1049h";
const LEAVE: &str = "\u{1b}[?1049l";

/// The program in a terminal, whose side of the person is ours.
pub(crate) struct Terminal {
    pub(crate) child: Child,
    keys: File,
    line: OwnedFd,
    seen: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    pub(crate) fn start(args: &[&str]) -> Self {
        let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&person).unwrap();
        unlockpt(&person).unwrap();
        let name = ptsname(&person, Vec::new()).unwrap().into_string().unwrap();
        let line = OpenOptions::new()
            .read(true)
            .write(true)
            .open(name)
            .unwrap();
        let size = Winsize {
            ws_row: 24,
            ws_col: 80,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&line, size).unwrap();
        let mut command = command(args);
        command
            .env("TERM", "xterm-256color")
            .stdin(Stdio::from(line.try_clone().unwrap()))
            .stdout(Stdio::from(line.try_clone().unwrap()))
            .stderr(Stdio::from(line.try_clone().unwrap()));
        let child = command.spawn().unwrap();
        let mut screen = File::from(person);
        let keys = screen.try_clone().unwrap();
        let seen = Arc::<Mutex<Vec<u8>>>::default();
        let all = seen.clone();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = screen.read(&mut buffer) {
                all.lock().unwrap().extend(&buffer[..length]);
            }
        });
        Self {
            child,
            keys,
            line: line.into(),
            seen,
        }
    }

    pub(crate) fn seen(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().unwrap()).into_owned()
    }

    pub(crate) async fn sees(&self, text: &str) {
        until(&format!("the screen shows `{text}`"), || {
            self.seen().contains(text)
        })
        .await;
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Whether keys are echoed, and lines are edited, as a shell wants it.
    pub(crate) fn is_as_it_was(&self) -> bool {
        let modes = tcgetattr(&self.line).unwrap().local_modes;
        modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG)
    }

    async fn ends(&mut self) -> std::process::ExitStatus {
        let status = eventually("the program ends", self.child.wait())
            .await
            .unwrap();
        self.sees(LEAVE).await;
        status
    }
}

fn some() -> Stub {
    Stub::with(snapshot(&[
        a_mirror("orders", &[target("rewrite", "hold", "about 390 more")]),
        a_mirror("users", &[target("canary", "regressed", "many differ")]),
    ]))
}

#[tokio::test]
async fn the_screen_is_drawn_and_given_back() {
    for keys in ["q", "\u{3}"] {
        let stub = some();
        let mut terminal = Terminal::start(&["watch", &stub.url()]);
        terminal.sees("canary").await;
        assert!(!terminal.is_as_it_was(), "keys are read one by one");
        assert!(terminal.seen().contains(ENTER));
        terminal.press(keys);
        assert_eq!(terminal.ends().await.code(), Some(0));
        assert!(terminal.is_as_it_was());
    }
}

#[tokio::test]
async fn keys_filter() {
    let stub = some();
    let mut terminal = Terminal::start(&["watch", &stub.url()]);
    terminal.sees("canary").await;
    terminal.press("/zzz\r");
    terminal.sees("Nothing matches").await;
    terminal.press("q");
    assert_eq!(terminal.ends().await.code(), Some(0));
}

#[tokio::test]
async fn a_signal_gives_the_terminal_back_first() {
    use std::os::unix::process::ExitStatusExt;

    // Ctrl-C is a key here; the signal is that of `kill -INT`, or of a shell that ends its jobs.
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let stub = some();
        let mut terminal = Terminal::start(&["watch", &stub.url()]);
        terminal.sees("canary").await;
        let id = Pid::from_raw(terminal.child.id().unwrap().try_into().unwrap());
        kill_process(id.unwrap(), signal).unwrap();
        assert_eq!(terminal.ends().await.signal(), Some(signal.as_raw()));
        assert!(terminal.is_as_it_was());
    }
}

#[tokio::test]
async fn a_server_that_goes_away_is_survived_and_a_wrong_address_is_told() {
    let stub = Stub::start(|number, _| match number {
        0 => Json(snapshot(&[a_mirror(
            "orders",
            &[target("rewrite", "hold", "x")],
        )]))
        .into_response(),
        1..=3 => response(503, "text/plain", ""),
        _ => Json(snapshot(&[a_mirror(
            "XXXXXXXX",
            &[target("rewrite", "hold", "x")],
        )]))
        .into_response(),
    });
    let mut terminal = Terminal::start(&["watch", &stub.url(), "--interval", "300ms"]);
    terminal.sees("no contact for").await;
    // Letters that stay where they are would not be drawn again.
    terminal.sees("XXXXXXXX").await;
    terminal.press("q");
    assert_eq!(terminal.ends().await.code(), Some(0));

    let stub = Stub::start(|_, _| response(404, "text/plain", ""));
    let mut terminal = Terminal::start(&["watch", &stub.url()]);
    assert_eq!(terminal.ends().await.code(), Some(3));
    terminal.sees("mounts the page").await;
    assert!(terminal.is_as_it_was());
}

#[tokio::test]
async fn hostile_text_is_drawn_and_not_obeyed() {
    let stub = Stub::with(snapshot(&[a_mirror(
        HOSTILE,
        &[target(HOSTILE, "hold", HOSTILE)],
    )]));
    let mut terminal = Terminal::start(&["watch", &stub.url()]);
    terminal.sees("owned").await;
    terminal.press("q");
    terminal.ends().await;
    let seen = terminal.seen();
    for harmful in [
        "\u{1b}]0;",
        "\u{9b}",
        "\u{202e}",
        "\u{200b}",
        "\u{7f}",
        "\u{7}",
    ] {
        assert!(!seen.contains(harmful), "{harmful:?}");
    }
}

//! The screen of a terminal, while it is ours.

use std::{
    io,
    sync::mpsc::TryRecvError,
    thread,
    time::{Duration, Instant},
};

use ratatui::{
    DefaultTerminal,
    crossterm::event::{self, Event},
};

use super::{
    feed::Feed,
    model::{Flow, Model},
    plain, screen,
};
use crate::exit::{Exit, Stop};

/// How long a key is waited for before it looks whether something was heard.
const TICK: Duration = Duration::from_millis(200);

/// Gives the terminal back as it was, however this ends. After a panic, the hook of `ratatui` has
/// done so before its message was printed.
struct Restored;

impl Drop for Restored {
    fn drop(&mut self) {
        if !thread::panicking() {
            ratatui::restore();
        }
    }
}

pub(super) fn watch(feed: &Feed, mut model: Model) -> Result<Exit, Stop> {
    let ended = Signals::new();
    let result = held(|terminal| show(terminal, feed, &mut model, &ended));
    ended.obey();
    result
}

/// Does something with a terminal that is ours meanwhile, and is as it was afterwards.
fn held<T>(act: impl FnOnce(&mut DefaultTerminal) -> Result<T, Stop>) -> Result<T, Stop> {
    let mut terminal = ratatui::try_init().map_err(|error| unusable(&error))?;
    let _restored = Restored;
    act(&mut terminal)
}

fn unusable(error: &io::Error) -> Stop {
    Stop::new(
        Exit::Unreachable,
        format_args!("the terminal cannot be used: {error}: try `--plain`"),
    )
}

fn show(
    terminal: &mut DefaultTerminal,
    feed: &Feed,
    model: &mut Model,
    ended: &Signals,
) -> Result<Exit, Stop> {
    let mut drawn = None;
    loop {
        match feed.heard.try_recv() {
            Ok(Err(failure)) if model.heard.is_none() && plain::is_wrong(&failure) => {
                break Err(Stop::new(Exit::Unreachable, failure.text));
            }
            Ok(heard) => {
                model.hear(heard, Instant::now());
                drawn = None;
            }
            Err(TryRecvError::Disconnected) => {
                break Err(Stop::new(
                    Exit::Unreachable,
                    "the thread that asks has ended",
                ));
            }
            Err(TryRecvError::Empty) => {}
        }
        if ended.have_come() {
            break Ok(Exit::Good);
        }
        // The age of what is shown is on the screen, too.
        let now = Instant::now();
        if drawn.is_none_or(|drawn| now - drawn >= Duration::from_secs(1)) {
            drawn = Some(now);
            if let Err(error) = terminal.draw(|frame| screen::draw(frame, model, now)) {
                break Err(unusable(&error));
            }
        }
        match next_event() {
            Ok(None) => {}
            Ok(Some(Event::Key(key))) => {
                drawn = None;
                if model.key(key) == Flow::Ends {
                    break Ok(Exit::Good);
                }
            }
            Ok(Some(_)) => drawn = None,
            Err(error) => break Err(unusable(&error)),
        }
    }
}

fn next_event() -> io::Result<Option<Event>> {
    if event::poll(TICK)? {
        return event::read().map(Some);
    }
    Ok(None)
}

/// The signals that end a program, and would leave the terminal as it is.
#[cfg(unix)]
struct Signals(std::sync::Arc<std::sync::atomic::AtomicUsize>);

#[cfg(unix)]
impl Signals {
    fn new() -> Self {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

        let signals = Self(std::sync::Arc::default());
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            let value = usize::try_from(signal).unwrap_or_default();
            // Without it, the signal ends the program at once, as ever.
            let _ = signal_hook::flag::register_usize(signal, signals.0.clone(), value);
        }
        signals
    }

    fn signal(&self) -> usize {
        self.0.load(std::sync::atomic::Ordering::Relaxed)
    }

    fn have_come(&self) -> bool {
        self.signal() != 0
    }

    /// Ends as the signal would have ended the program, once the terminal is as it was.
    fn obey(&self) {
        if let Ok(signal @ 1..) = i32::try_from(self.signal()) {
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> Self {
        Self
    }

    fn have_come(&self) -> bool {
        false
    }

    fn obey(&self) {}
}

#[cfg(all(test, unix))]
mod tests {
    use std::{
        env,
        fs::{File, OpenOptions},
        io::Read,
        process::{Command, Stdio},
    };

    use rustix::{
        pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
        termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize},
    };

    use super::held;

    /// Set for the process that panics.
    const PANICS: &str = "MIRROR_TEST_PANICS";

    const THIS: &str = "command::watch::terminal::tests::a_panic_gives_the_terminal_back_first";

    #[test]
    fn a_panic_gives_the_terminal_back_first() {
        if env::var_os(PANICS).is_some() {
            let _: Result<(), _> = held(|terminal| {
                terminal
                    .draw(|frame| frame.render_widget("drawn", frame.area()))
                    .unwrap();
                panic!("as a bug may");
            });
            return;
        }
        let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&person).unwrap();
        unlockpt(&person).unwrap();
        let name = ptsname(&person, Vec::new()).unwrap().into_string().unwrap();
        let line = || {
            OpenOptions::new()
                .read(true)
                .write(true)
                .open(&name)
                .unwrap()
        };
        let kept = line();
        let size = Winsize {
            ws_row: 24,
            ws_col: 80,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&kept, size).unwrap();
        let mut child = Command::new(env::current_exe().unwrap())
            .args([THIS, "--exact", "--nocapture"])
            .env(PANICS, "1")
            .env("TERM", "xterm-256color")
            .stdin(Stdio::from(line()))
            .stdout(Stdio::from(line()))
            .stderr(Stdio::from(line()))
            .spawn()
            .unwrap();
        let reader = std::thread::spawn(move || {
            let (mut screen, mut seen, mut buffer) = (File::from(person), Vec::new(), [0; 4096]);
            // Its end is an error: nobody holds the line any more.
            while let Ok(length @ 1..) = screen.read(&mut buffer) {
                seen.extend(&buffer[..length]);
            }
            String::from_utf8_lossy(&seen).into_owned()
        });
        assert!(!child.wait().unwrap().success());
        let modes = tcgetattr(&kept).unwrap().local_modes;
        assert!(modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG));
        drop(kept);
        let seen = reader.join().unwrap();
        let place = |text: &str| {
            seen.find(text)
                .unwrap_or_else(|| panic!("{text:?}: {seen}"))
        };
        let (enter, drawn) = (place("\u{1b}[?1049h"), place("drawn"));
        let (leave, told) = (place("\u{1b}[?1049l"), place("as a bug may"));
        // The message is read on the screen that the person gets back.
        assert!(enter < drawn && drawn < leave && leave < told, "{seen}");
    }
}

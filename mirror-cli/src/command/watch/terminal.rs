//! The screen of a terminal, while it is ours.

use std::{
    io,
    sync::mpsc::TryRecvError,
    thread,
    time::{Duration, Instant},
};

use ratatui::crossterm::event::{self, Event};

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
    let unusable = |error: io::Error| {
        Stop::new(
            Exit::Unreachable,
            format_args!("the terminal cannot be used: {error}: try `--plain`"),
        )
    };
    let mut terminal = ratatui::try_init().map_err(unusable)?;
    let restored = Restored;
    let mut drawn = None;
    let result = loop {
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
            if let Err(error) = terminal.draw(|frame| screen::draw(frame, &mut model, now)) {
                break Err(unusable(error));
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
            Err(error) => break Err(unusable(error)),
        }
    };
    drop(restored);
    ended.obey();
    result
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

//! A shadow in a process of its own: the program that measures, started once more.

use std::{
    io::{BufRead, BufReader, Read as _},
    process::{Child, ChildStdin, Command, Stdio},
    time::Duration,
};

use tokio::runtime::Runtime;

use super::shadow::{self, Manner};

/// What the program is told to be the shadow.
const SHADOW: &str = "shadow";

/// The process. It ends with its standard input, and so with whoever has started it.
#[derive(Debug)]
pub struct ShadowProcess {
    child: Child,
    stdin: Option<ChildStdin>,
    url: String,
}

impl ShadowProcess {
    /// Starts this program once more, which has to call [`be_asked`](Self::be_asked) first of all. It
    /// responds after so many milliseconds.
    pub fn start(after: u64) -> Self {
        let program = std::env::current_exe().expect("the path of this program");
        let mut child = Command::new(program)
            .args([SHADOW, &after.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process");
        let stdin = child.stdin.take();
        let mut line = String::new();
        let stdout = child.stdout.take().expect("its output");
        let read = BufReader::new(stdout).read_line(&mut line);
        read.expect("the URL of the shadow");
        Self {
            child,
            stdin,
            url: line.trim().to_owned(),
        }
    }

    /// Whether this process was the shadow, until its standard input had ended.
    pub fn be_asked() -> bool {
        let mut arguments = std::env::args().skip_while(|argument| argument != SHADOW);
        let Some(after) = arguments.nth(1).and_then(|after| after.parse().ok()) else {
            return false;
        };
        let runtime = Runtime::new().expect("a runtime");
        let _inside = runtime.enter();
        let after = Duration::from_millis(after);
        println!("{}", shadow::start(Manner::Answers { after, bytes: 2 }));
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        true
    }

    /// Where it responds.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for ShadowProcess {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

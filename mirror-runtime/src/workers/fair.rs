//! Threads that mirrors share, each its part.
//!
//! What waits is served mirror by mirror, one job of each in turn, and no mirror takes the last
//! thread. So one whose jobs take long, or for ever, or of which there are many, makes its own
//! wait, and nobody else's.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use super::panic::contained;

pub(super) type Job = Box<dyn FnOnce() + Send>;

/// Threads, and what waits for them.
pub(super) struct Fair(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    /// Tells a thread that something waits.
    more: Condvar,
    /// How many threads a mirror takes at once.
    share: usize,
}

#[derive(Default)]
struct State {
    threads: usize,
    queues: HashMap<usize, Queue>,
    /// The mirrors with something that waits and may run, in the order in which it is their turn.
    turns: VecDeque<usize>,
}

/// The jobs of one mirror. There is a queue for as long as one waits or runs.
#[derive(Default)]
struct Queue {
    waiting: VecDeque<Job>,
    running: usize,
}

impl Fair {
    /// Starts threads. All but one of them may run jobs of the same mirror.
    pub(super) fn start(name: &str, threads: usize) -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            more: Condvar::new(),
            share: threads.saturating_sub(1).max(1),
        });
        for _ in 0..threads {
            let own = Arc::clone(&shared);
            let thread = thread::Builder::new().name(name.to_owned());
            match thread.spawn(move || own.work()) {
                Ok(_) => shared.lock().threads += 1,
                Err(error) => {
                    contained(|| {
                        tracing::error!(
                            thread = name,
                            %error,
                            "failed to start a thread for callbacks and comparisons: raise the limit on threads, or free memory"
                        );
                    });
                }
            }
        }
        Self(shared)
    }

    /// Runs a job of a mirror some time; `false` if it never will, because so many of the mirror
    /// wait or run already, or because there is no thread.
    pub(super) fn run(&self, mirror: usize, bound: usize, job: Job) -> bool {
        let mut state = self.0.lock();
        if state.threads == 0 {
            return false;
        }
        let queue = state.queues.entry(mirror).or_default();
        if queue.waiting.len() + queue.running >= bound {
            return false;
        }
        queue.waiting.push_back(job);
        if queue.waiting.len() == 1 && queue.running < self.0.share {
            state.turns.push_back(mirror);
        }
        drop(state);
        // Even if it is the mirror's turn already: as many threads wake as there is work for.
        self.0.more.notify_one();
        true
    }
}

impl Shared {
    fn work(&self) {
        loop {
            let (mirror, job) = self.next();
            // One that ends with a panic must not take the thread with it.
            contained(job);
            self.ended(mirror);
        }
    }

    /// Waits for something to do.
    fn next(&self) -> (usize, Job) {
        let mut state = self.lock();
        loop {
            if let Some(next) = state.take(self.share) {
                return next;
            }
            let waited = self.more.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn ended(&self, mirror: usize) {
        let mut state = self.lock();
        let Some(queue) = state.queues.get_mut(&mirror) else {
            return;
        };
        queue.running -= 1;
        if queue.waiting.is_empty() {
            if queue.running == 0 {
                state.queues.remove(&mirror);
            }
        } else if queue.running + 1 == self.share {
            // It had its share, and so it was nobody's turn. The thread that has ended this takes
            // what is next.
            state.turns.push_back(mirror);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes the job of the mirror whose turn it is.
    fn take(&mut self, share: usize) -> Option<(usize, Job)> {
        let mirror = self.turns.pop_front()?;
        let queue = self.queues.get_mut(&mirror)?;
        let job = queue.waiting.pop_front()?;
        queue.running += 1;
        if !queue.waiting.is_empty() && queue.running < share {
            self.turns.push_back(mirror);
        }
        Some((mirror, job))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::mpsc::{self, Receiver, Sender},
        time::Duration,
    };

    use super::*;

    /// More than any thread needs to be woken.
    const PATIENCE: Duration = Duration::from_secs(20);

    /// A job that says that it runs, and goes on when it is told to.
    fn held(ran: &Sender<&'static str>, name: &'static str) -> (Sender<()>, Job) {
        let (go_on, told) = mpsc::channel();
        let ran = ran.clone();
        let job = Box::new(move || {
            ran.send(name).unwrap();
            let _ = told.recv();
        });
        (go_on, job)
    }

    fn noting(ran: &Sender<&'static str>, name: &'static str) -> Job {
        let ran = ran.clone();
        Box::new(move || ran.send(name).unwrap())
    }

    fn next(ran: &Receiver<&'static str>) -> &'static str {
        ran.recv_timeout(PATIENCE).unwrap()
    }

    #[test]
    fn mirrors_have_their_turns() {
        let fair = Fair::start("test", 1);
        let (sender, ran) = mpsc::channel();
        let (go_on, job) = held(&sender, "first");
        assert!(fair.run(0, 9, job));
        assert_eq!(next(&ran), "first");
        for (mirror, name) in [
            (1, "a1"),
            (1, "a2"),
            (1, "a3"),
            (2, "b1"),
            (2, "b2"),
            (3, "c1"),
        ] {
            assert!(fair.run(mirror, 9, noting(&sender, name)));
        }
        drop(go_on);
        let order = [(); 6].map(|()| next(&ran));
        assert_eq!(order, ["a1", "b1", "c1", "a2", "b2", "a3"]);
        assert!(fair.0.lock().turns.is_empty());
    }

    #[test]
    fn no_mirror_takes_the_last_thread() {
        let fair = Fair::start("test", 3);
        let (sender, ran) = mpsc::channel();
        let (doors, jobs): (Vec<_>, Vec<_>) = (0..5).map(|_| held(&sender, "blocks")).unzip();
        for job in jobs {
            assert!(fair.run(1, 9, job));
        }
        assert_eq!([next(&ran), next(&ran)], ["blocks"; 2]);
        for _ in 0..3 {
            assert!(fair.run(2, 9, noting(&sender, "passes")));
            assert_eq!(next(&ran), "passes");
        }
        // The others come when the first have ended.
        for door in doors {
            drop(door);
        }
        assert_eq!([next(&ran), next(&ran), next(&ran)], ["blocks"; 3]);
    }

    #[test]
    fn a_mirror_s_jobs_are_bounded_and_those_of_others_are_not() {
        let fair = Fair::start("test", 2);
        let (sender, ran) = mpsc::channel();
        let (go_on, job) = held(&sender, "first");
        assert!(fair.run(1, 3, job));
        assert_eq!(next(&ran), "first");
        for fits in [true, true, false, false] {
            assert_eq!(fair.run(1, 3, noting(&sender, "more")), fits);
        }
        assert!(fair.run(2, 1, noting(&sender, "other")));
        assert_eq!(next(&ran), "other");
        drop(go_on);
        assert_eq!([next(&ran), next(&ran)], ["more"; 2]);
        // There is room again, and nothing is kept of who has none of it.
        while !fair.0.lock().queues.is_empty() {
            thread::yield_now();
        }
        assert!(fair.run(1, 3, noting(&sender, "again")));
        assert_eq!(next(&ran), "again");
    }

    #[test]
    fn threads_outlive_panics() {
        let fair = Fair::start("test", 2);
        let (sender, ran) = mpsc::channel();
        for _ in 0..20 {
            let panics = || std::panic::resume_unwind(Box::new("as a subscriber may"));
            assert!(fair.run(1, 99, Box::new(panics)));
        }
        assert!(fair.run(1, 99, noting(&sender, "after")));
        assert_eq!(next(&ran), "after");
    }
}

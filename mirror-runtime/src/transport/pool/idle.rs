//! Connections that carry nothing: who is told when something comes, whether one is still there,
//! and how long the server keeps them.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{
            AtomicBool,
            Ordering::{AcqRel, Acquire, Release},
        },
    },
    task::Wake,
    time::Duration,
};

use tokio::{net::TcpStream, sync::Notify};

/// The bell of a connection. While the connection carries nothing, whatever comes rings it: mostly
/// its end.
#[derive(Debug, Default)]
pub(super) struct Bell {
    is_idle: AtomicBool,
    has_rung: AtomicBool,
    /// Who looks after the connection.
    watch: Mutex<Option<Arc<Notify>>>,
}

impl Bell {
    /// The connection carries nothing from now on.
    pub(super) fn rest(&self) {
        self.is_idle.store(true, Release);
    }

    /// The connection is used: whoever uses it sees what comes.
    pub(super) fn mute(&self) {
        self.is_idle.store(false, Release);
        self.has_rung.store(false, Release);
    }

    /// Rings for `watch`, also if something came before.
    pub(super) fn ring_for(&self, watch: &Arc<Notify>) {
        let mut current = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        if current
            .as_ref()
            .is_none_or(|current| !Arc::ptr_eq(current, watch))
        {
            *current = Some(Arc::clone(watch));
        }
        drop(current);
        if self.has_rung.load(Acquire) {
            watch.notify_one();
        }
    }

    /// Whether something has come since this was asked last.
    pub(super) fn take_ring(&self) -> bool {
        self.has_rung.load(Acquire) && self.has_rung.swap(false, AcqRel)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.is_idle.load(Acquire) {
            self.has_rung.store(true, Release);
            let watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(watch) = &*watch {
                watch.notify_one();
            }
        }
    }
}

/// What has come over a connection and is not read yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    Nothing,
    Bytes,
    /// The server has closed it, or it is broken.
    End,
}

impl Unread {
    /// Asks the system. The runtime knows only what it was told when it asked last, and under load
    /// that is a while ago: a copy would leave over a connection that has been closed.
    #[cfg(unix)]
    pub(super) fn of(tcp: &TcpStream) -> Self {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};

        #[cfg(target_os = "linux")]
        const END: PollFlags = PollFlags::RDHUP;
        // The end is like bytes there.
        #[cfg(not(target_os = "linux"))]
        const END: PollFlags = PollFlags::empty();
        const AT_ONCE: Timespec = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };

        let mut asked = [PollFd::new(tcp, PollFlags::IN | END)];
        // An error is one of asking, and says nothing.
        let _ = poll(&mut asked, Some(&AT_ONCE));
        let found = asked[0].revents();
        if found.intersects(END | PollFlags::HUP | PollFlags::ERR) {
            Self::End
        } else if found.contains(PollFlags::IN) {
            Self::Bytes
        } else {
            Self::Nothing
        }
    }

    /// The system is not asked: what the runtime knows has to do.
    #[cfg(not(unix))]
    pub(super) fn of(_: &TcpStream) -> Self {
        Self::Nothing
    }
}

/// What a copy may be on its way to a server for.
const ON_THE_WAY: Duration = Duration::from_secs(1);

/// For how long a connection can be used that the server keeps for `timeout`.
pub(super) fn in_time(timeout: Duration) -> Duration {
    timeout.saturating_sub(ON_THE_WAY.min(timeout / 2))
}

/// How long the server keeps an idle connection, as far as it has shown without a word.
///
/// A copy that leaves as the server closes its connection may be lost: nobody knows whether it
/// arrived. So a connection is used for less than the shortest time after which one was found
/// closed. One of those that have been idle for longer is kept to find out whether that is still
/// so: if the server keeps it for twice the time, the time is forgotten.
///
/// As long as none was found closed, a copy that must not be sent twice takes a connection that has
/// been idle for less than another that is still there.
#[derive(Debug, Default)]
pub(super) struct KeepAlive {
    closed: Option<Duration>,
    kept: Duration,
}

impl KeepAlive {
    /// The least time that shows that connections are kept for longer. Enough for connections that
    /// are closed at once, whose end has to arrive; and if they are not, no more connections than
    /// those of so much time are opened in vain.
    const LEAST_PROOF: Duration = Duration::from_millis(20);

    /// The server has closed a connection that was idle for so long.
    pub(super) fn closed(&mut self, idle: Duration) {
        self.closed = Some(self.closed.map_or(idle, |closed| closed.min(idle)));
        self.kept = self.kept.min(idle);
    }

    /// The server keeps a connection that has been idle for so long, by the word of the system.
    pub(super) fn kept(&mut self, idle: Duration) {
        if self.proof().is_some_and(|proof| idle >= proof) {
            self.closed = None;
        }
        self.seems_kept(idle);
    }

    /// The same by what the runtime knows, which may be a moment old.
    pub(super) fn seems_kept(&mut self, idle: Duration) {
        self.kept = self.kept.max(idle);
    }

    /// It was not closed for being idle.
    pub(super) fn forget_closed(&mut self) {
        self.closed = None;
    }

    /// For how long an idle connection can be used, if the server has shown that.
    pub(super) fn usable(&self) -> Option<Duration> {
        self.closed.map(in_time)
    }

    /// The same for copies that must not be sent twice.
    pub(super) fn usable_once(&self) -> Duration {
        in_time(self.closed.unwrap_or(self.kept))
    }

    /// An idle connection that is there after this time shows that the server keeps them for
    /// longer than was believed.
    pub(super) fn proof(&self) -> Option<Duration> {
        self.closed
            .map(|closed| (2 * closed).max(Self::LEAST_PROOF))
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, task::Waker};

    use futures_util::FutureExt;
    use tokio::{
        io::AsyncWriteExt,
        net::{TcpListener, TcpStream},
        sync::Notify,
    };

    use super::*;

    const MILLIS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn the_shortest_time_counts_until_a_connection_is_kept_for_twice_as_long() {
        let mut keep_alive = KeepAlive::default();
        assert_eq!(keep_alive.usable(), None);
        keep_alive.kept(MILLIS(90_000));
        keep_alive.closed(MILLIS(50));
        assert_eq!(keep_alive.usable(), Some(MILLIS(25)));
        keep_alive.closed(MILLIS(40));
        keep_alive.closed(MILLIS(60));
        assert_eq!(keep_alive.usable(), Some(MILLIS(20)));
        keep_alive.kept(MILLIS(79));
        assert_eq!(keep_alive.usable(), Some(MILLIS(20)));
        keep_alive.kept(MILLIS(80));
        assert_eq!(keep_alive.usable(), None);
        // Of a long time, a copy's way is enough.
        keep_alive.closed(MILLIS(5_000));
        assert_eq!(keep_alive.usable(), Some(MILLIS(4_000)));
    }

    #[test]
    fn a_server_that_closes_at_once_is_not_believed_to_have_changed_before_that_can_be_seen() {
        let mut keep_alive = KeepAlive::default();
        keep_alive.closed(Duration::ZERO);
        assert_eq!(keep_alive.usable(), Some(Duration::ZERO));
        keep_alive.kept(MILLIS(19));
        assert_eq!(keep_alive.usable(), Some(Duration::ZERO));
        keep_alive.kept(MILLIS(20));
        assert_eq!(keep_alive.usable(), None);
    }

    #[test]
    fn a_copy_that_must_not_be_sent_twice_trusts_what_has_been_shown_alone() {
        let mut keep_alive = KeepAlive::default();
        assert_eq!(keep_alive.usable_once(), Duration::ZERO);
        keep_alive.seems_kept(MILLIS(100));
        keep_alive.seems_kept(MILLIS(10));
        assert_eq!(keep_alive.usable_once(), MILLIS(50));
        keep_alive.closed(MILLIS(60));
        assert_eq!(keep_alive.usable_once(), MILLIS(30));
        keep_alive.kept(MILLIS(120));
        assert_eq!(keep_alive.usable_once(), MILLIS(60));
    }

    #[test]
    fn a_bell_rings_while_its_connection_is_idle_and_not_while_it_is_used() {
        let (bell, watch) = (Arc::<Bell>::default(), Arc::<Notify>::default());
        let waker = Waker::from(Arc::clone(&bell));
        let is_told = || watch.notified().now_or_never().is_some();
        waker.wake_by_ref();
        bell.ring_for(&watch);
        assert!(!is_told() && !bell.take_ring());
        bell.rest();
        waker.wake_by_ref();
        assert!(is_told() && bell.take_ring() && !bell.take_ring());
        bell.mute();
        waker.wake_by_ref();
        assert!(!is_told() && !bell.take_ring());
        // What came before anybody looked after it is not lost.
        bell.rest();
        waker.wake_by_ref();
        let other = Arc::<Notify>::default();
        bell.ring_for(&other);
        assert!(other.notified().now_or_never().is_some());
    }

    /// The runtime has had no time to be told.
    #[cfg(unix)]
    #[tokio::test]
    async fn the_system_knows_what_has_come() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tcp = TcpStream::connect(listener.local_addr().unwrap()).await;
        let (tcp, (mut peer, _)) = (tcp.unwrap(), listener.accept().await.unwrap());
        assert_eq!(Unread::of(&tcp), Unread::Nothing);
        peer.write_all(b"x").await.unwrap();
        assert_eq!(Unread::of(&tcp), Unread::Bytes);
        drop(peer);
        // Behind the byte.
        let end = if cfg!(target_os = "linux") {
            Unread::End
        } else {
            Unread::Bytes
        };
        assert_eq!(Unread::of(&tcp), end);
    }
}

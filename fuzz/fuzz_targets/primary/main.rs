//! The bytes of an HTTP/1 connection, served by handlers with the attribute and by the same
//! handlers without it: both must respond the same, byte for byte but for the date, and what
//! reaches the shadow must be well-formed requests, each of which arrived.

#![no_main]

mod app;
mod connection;
mod watched;

use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::Router;
use libfuzzer_sys::fuzz_target;
use testkit::strict;
use tokio::runtime::Runtime;

thread_local! {
    static WORLD: World = World::new();
}

fuzz_target!(|data: &[u8]| {
    WORLD.with(|world| world.runtime.block_on(world.try_connection(data)));
});

struct World {
    runtime: Runtime,
    plain: Router,
    mirrored: Router,
}

impl World {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(strict::start());
        Self {
            runtime,
            plain: app::plain(),
            mirrored: app::mirrored(),
        }
    }

    async fn try_connection(&self, data: &[u8]) {
        let plain = connection::serve(self.plain.clone(), data).await;
        app::forget();
        let sent_before = app::settled_sent().await;
        let mirrored = connection::serve(self.mirrored.clone(), data).await;
        // A server closes the connection after a request whose body nobody read. With the attribute
        // it was read, and what comes behind it on the connection is answered too.
        let comparable = if watched::was_left() {
            mirrored.get(..plain.len()).unwrap_or(&mirrored)
        } else {
            &mirrored
        };
        assert_eq!(
            String::from_utf8_lossy(comparable),
            String::from_utf8_lossy(&plain),
            "the answer with the attribute, and without it"
        );
        let sent = app::settled_sent().await - sent_before;
        let received = strict::take();
        assert_eq!(received.len() as u64, sent, "each copy arrived once");
        app::check(&received);
    }
}

/// What the tasks of the one thread share.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

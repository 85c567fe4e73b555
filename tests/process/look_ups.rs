//! Name look-ups leave the blocking threads of tokio to the primary.

use std::sync::mpsc;

use mirror_runtime::Mirror;
use testkit::{Primary, Shadow, eventually, settled};
use tokio::runtime;

use crate::{TURN, app};

#[test]
fn a_copy_to_a_name_leaves_while_every_blocking_thread_is_taken() {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(1)
        .build()
        .unwrap();
    let (release, released) = mpsc::channel::<()>();
    runtime.block_on(async {
        let _turn = TURN.lock().await;
        let (began, has_begun) = tokio::sync::oneshot::channel();
        tokio::task::spawn_blocking(move || {
            let _ = began.send(());
            let _ = released.recv();
        });
        eventually("the only blocking thread is taken", has_begun)
            .await
            .unwrap();
        let shadow = Shadow::start().await;
        let mirror = Mirror::new([shadow.url().replace("127.0.0.1", "localhost")]).unwrap();
        let primary = Primary::start(app(&mirror)).await;
        assert_eq!(primary.get("/").await.text(), "primary");
        assert_eq!(settled(&mirror, 1).await[0].answered, 1);
    });
    drop(release);
}

//! Tests that run once more, in a process of their own.

use std::process::Command;

/// Runs a test of this program in another process, with environment variables of its own.
pub async fn passes_with(test: &'static str, variables: Vec<(&'static str, String)>) {
    let program = std::env::current_exe().unwrap();
    let run = move || {
        Command::new(program)
            .args(["--exact", test])
            .envs(variables)
            .output()
    };
    let output = tokio::task::spawn_blocking(run).await.unwrap().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && printed.contains("1 passed"),
        "{printed}"
    );
}

//! A primary, a shadow or a peer in a process of its own.

use std::process::Stdio;

use measure::account::Account;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use super::{
    Result, role,
    scenario::{Primary, Scenario, Shadow},
};

/// Where nobody listens: below the ports from which connections are made.
const DEAD: &str = "http://127.0.0.1:1";

/// This program in another role. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Role {
    child: Child,
    stdin: ChildStdin,
    stdout: Lines<BufReader<ChildStdout>>,
    address: String,
}

impl Role {
    async fn start(arguments: &[String]) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdin = child.stdin.take().ok_or("no standard input")?;
        let stdout = child.stdout.take().ok_or("no standard output")?;
        let mut stdout = BufReader::new(stdout).lines();
        let address = stdout.next_line().await?;
        let address = address.ok_or("a process ended before it listened")?;
        Ok(Self {
            child,
            stdin,
            stdout,
            address,
        })
    }

    /// The primary of a scenario; in front of it may be a peer.
    pub(crate) async fn primary(scenario: Scenario, targets: &[String]) -> Result<Self> {
        let kind = if scenario.primary.is_peer() {
            Primary::Plain
        } else {
            scenario.primary
        };
        let mut arguments = vec![
            role::PRIMARY.to_owned(),
            format!("{kind:?}"),
            scenario.percentage.to_string(),
            scenario.max_in_flight().to_string(),
            scenario.handlers.to_string(),
        ];
        arguments.extend_from_slice(targets);
        Self::start(&arguments).await
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn account(&self) -> Account {
        self.child.id().map(Account::of).unwrap_or_default()
    }

    /// The numbers that it tells of itself.
    pub(crate) async fn numbers(&mut self) -> Result<Vec<u64>> {
        self.stdin.write_all(b"\n").await?;
        let line = self
            .stdout
            .next_line()
            .await?
            .ok_or("a process has ended")?;
        Ok(line
            .split(' ')
            .filter_map(|number| number.parse().ok())
            .collect())
    }
}

/// Shadows, each in a process of its own, as they are on machines of their own; or the lack of one.
#[derive(Debug)]
pub(crate) struct Shadows {
    roles: Vec<Role>,
}

impl Shadows {
    pub(crate) async fn start(manner: Shadow, targets: usize) -> Result<Self> {
        let mut roles = Vec::new();
        if manner != Shadow::Dead {
            let arguments = [role::SHADOW.to_owned(), format!("{manner:?}")];
            for _ in 0..targets {
                roles.push(Role::start(&arguments).await?);
            }
        }
        Ok(Self { roles })
    }

    pub(crate) fn urls(&self) -> Vec<String> {
        if self.roles.is_empty() {
            return vec![DEAD.to_owned()];
        }
        let urls = self.roles.iter().map(Role::address);
        urls.map(|address| format!("http://{address}")).collect()
    }

    /// Connections that were made to them, and requests that arrived.
    pub(crate) async fn seen(&mut self) -> Result<[u64; 2]> {
        let mut sums = [0; 2];
        for role in &mut self.roles {
            for (sum, number) in sums.iter_mut().zip(role.numbers().await?) {
                *sum += number;
            }
        }
        Ok(sums)
    }
}

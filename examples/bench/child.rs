//! A primary, a shadow or a peer in a process of its own.

use std::process::Stdio;

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use super::{
    Result,
    account::Account,
    role,
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
    addresses: Vec<String>,
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
        let addresses = stdout.next_line().await?;
        let addresses = addresses.ok_or("a process ended before it listened")?;
        Ok(Self {
            child,
            stdin,
            stdout,
            addresses: addresses.split(' ').map(str::to_owned).collect(),
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
        &self.addresses[0]
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

/// A shadow, or the lack of one.
#[derive(Debug)]
pub(crate) struct Shadows {
    role: Option<Role>,
}

impl Shadows {
    pub(crate) async fn start(manner: Shadow, targets: usize) -> Result<Self> {
        let role = if manner == Shadow::Dead {
            None
        } else {
            let arguments = [
                role::SHADOW.to_owned(),
                format!("{manner:?}"),
                targets.to_string(),
            ];
            Some(Role::start(&arguments).await?)
        };
        Ok(Self { role })
    }

    pub(crate) fn urls(&self) -> Vec<String> {
        match &self.role {
            None => vec![DEAD.to_owned()],
            Some(role) => role
                .addresses
                .iter()
                .map(|address| format!("http://{address}"))
                .collect(),
        }
    }

    /// Connections that were made to them, and requests that arrived.
    pub(crate) async fn seen(&mut self) -> Result<[u64; 2]> {
        let Some(role) = &mut self.role else {
            return Ok([0; 2]);
        };
        let numbers = role.numbers().await?;
        numbers
            .try_into()
            .map_err(|_| "a shadow tells two numbers".into())
    }
}

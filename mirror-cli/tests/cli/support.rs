//! The program, and servers for it.

use std::{
    process::Stdio,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    body::{Bytes, to_bytes},
    extract::Request,
    response::{IntoResponse, Response},
};
use serde_json::Value;
use testkit::{demo::Server, eventually};
use tokio::process::Command;

/// What the program has printed, and what it has ended with.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    #[track_caller]
    pub(crate) fn expect(self, code: i32, said: &str) -> Self {
        let all = format!("{}{}", self.stdout, self.stderr);
        assert!(
            self.code == code && all.contains(said),
            "not {code} with `{said}`: {self:#?}"
        );
        self
    }
}

/// The program, without what the environment of a test says.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mirror"));
    command.args(args).stdin(Stdio::null()).kill_on_drop(true);
    for name in [
        "MIRROR_TOKEN",
        "NO_COLOR",
        "CLICOLOR_FORCE",
        "ALL_PROXY",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "all_proxy",
        "https_proxy",
        "http_proxy",
    ] {
        command.env_remove(name);
    }
    command
}

pub(crate) async fn mirror(args: &[&str]) -> Run {
    run(command(args)).await
}

pub(crate) async fn run(mut command: Command) -> Run {
    let output = eventually("the program ends", command.output())
        .await
        .unwrap();
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A request as a server has seen it.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) authorization: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) body: Bytes,
}

impl Asked {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A server that responds as a test says, by the number of the request, from 0.
pub(crate) struct Stub {
    server: Server,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Stub {
    pub(crate) fn start<R: IntoResponse>(
        respond: impl Fn(usize, &Asked) -> R + Send + Sync + 'static,
    ) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let of_server = asked.clone();
        let respond = Arc::new(respond);
        let app = Router::new().fallback(move |request: Request| {
            let (asked, respond) = (of_server.clone(), respond.clone());
            async move {
                let seen = seen(request).await;
                let number = {
                    let mut asked = asked.lock().unwrap();
                    asked.push(seen.clone());
                    asked.len() - 1
                };
                respond(number, &seen).into_response()
            }
        });
        Self {
            server: Server::anywhere(app).unwrap(),
            asked,
        }
    }

    /// A server that always has this snapshot.
    pub(crate) fn with(snapshot: Value) -> Self {
        Self::start(move |_, _| Json(snapshot.clone()))
    }

    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn seen(request: Request) -> Asked {
    let (head, body) = request.into_parts();
    let header = |name: &str| {
        let value = head.headers.get(name)?;
        Some(value.to_str().unwrap().to_owned())
    };
    Asked {
        method: head.method.to_string(),
        target: head.uri.to_string(),
        authorization: header("authorization"),
        content_type: header("content-type"),
        body: to_bytes(body, usize::MAX).await.unwrap(),
    }
}

/// A response with a status, a content type and a body.
pub(crate) fn response(status: u16, content_type: &str, body: impl Into<String>) -> Response {
    let status = axum::http::StatusCode::from_u16(status).unwrap();
    (status, [("content-type", content_type)], body.into()).into_response()
}

pub(crate) fn redirect(to: &str) -> Response {
    let status = axum::http::StatusCode::TEMPORARY_REDIRECT;
    (status, [("location", to)]).into_response()
}

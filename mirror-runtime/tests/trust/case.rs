//! A case, and what comes of it.

use std::{
    convert::Infallible,
    io, panic,
    sync::{Arc, Once},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    response::Response,
    routing::any,
};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use mirror_runtime::{
    CompareMode, DifferenceGroup, DifferenceKind, Mirror, MirrorBuilder, ReportVerdict, Target,
    TargetReport, Thresholds, testing::Capture,
};
use tower::ServiceExt;

use crate::{pending, random::Random, seen};

/// Whose response it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Primary = 1,
    Shadow = 2,
    Baseline = 3,
}

/// What a response is made from.
pub(crate) struct Context {
    /// The number of the request.
    pub(crate) i: u64,
    pub(crate) role: Role,
    /// The shadow's response to this request shows the planted difference.
    pub(crate) planted: bool,
    /// Of this request and this role alone.
    pub(crate) random: Random,
    /// Of this request, the same for all roles.
    pub(crate) same: Random,
}

#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    /// The body breaks off after so many bytes.
    pub(crate) cut: Option<usize>,
    /// There is no response: the copy fails.
    pub(crate) fails: bool,
}

impl Reply {
    pub(crate) fn new(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("content-type", kind.to_owned())],
            body: body.into(),
            cut: None,
            fails: false,
        }
    }

    /// The same with this header, and no other of its name.
    pub(crate) fn header(self, name: &'static str, value: impl Into<String>) -> Self {
        let mut reply = self.without(name);
        reply.headers.push((name, value.into()));
        reply
    }

    pub(crate) fn without(mut self, name: &'static str) -> Self {
        self.headers.retain(|(other, _)| *other != name);
        self
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    fn into_response(self) -> Response {
        let body = match self.cut {
            None => Body::from(self.body),
            Some(at) => {
                let piece = Bytes::copy_from_slice(&self.body[..at.min(self.body.len())]);
                let reset = io::Error::from(io::ErrorKind::ConnectionReset);
                Body::from_stream(stream::iter([Ok(piece), Err(reset)]))
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap();
        for (name, value) in self.headers {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            response.headers_mut().append(name, value);
        }
        response
    }
}

pub(crate) fn json(value: &serde_json::Value) -> Reply {
    text("application/json", value.to_string())
}

pub(crate) fn raw_json(body: impl Into<Vec<u8>>) -> Reply {
    text("application/json", body)
}

pub(crate) fn text(kind: &str, body: impl Into<Vec<u8>>) -> Reply {
    Reply::new(200, kind, body)
}

pub(crate) type Make = fn(&mut Context) -> Reply;
pub(crate) type Configure = fn(MirrorBuilder) -> MirrorBuilder;
pub(crate) type Place = (&'static str, DifferenceKind);

/// A primary, a shadow, perhaps a baseline, and how they are compared.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// How many requests there are.
    pub(crate) n: u64,
    /// In how many of a thousand the shadow shows the difference.
    pub(crate) share: u64,
    has_baseline: bool,
    mode: CompareMode,
    path: fn(u64) -> String,
    method: Method,
    configure: Configure,
    make: Make,
    /// Where the difference is to be found.
    pub(crate) places: &'static [Place],
    /// The routes of the primary; without any, one fallback serves all paths.
    routes: &'static [&'static str],
}

impl Case {
    pub(crate) fn new(
        name: &'static str,
        share: u64,
        places: &'static [Place],
        make: Make,
    ) -> Self {
        Self {
            name,
            n: 120,
            share,
            has_baseline: false,
            mode: CompareMode::Json,
            path: |i| format!("/v1/orders/{i}"),
            method: Method::GET,
            configure: |builder| builder,
            make,
            places,
            routes: &[],
        }
    }

    pub(crate) fn rules(mut self, configure: Configure) -> Self {
        self.configure = configure;
        self
    }

    pub(crate) fn mode(mut self, mode: CompareMode) -> Self {
        self.mode = mode;
        self
    }

    pub(crate) fn head(mut self) -> Self {
        self.method = Method::HEAD;
        self
    }

    pub(crate) fn with_baseline(mut self) -> Self {
        self.has_baseline = true;
        self
    }

    pub(crate) fn n(mut self, n: u64) -> Self {
        self.n = n;
        self
    }

    pub(crate) fn path(mut self, path: fn(u64) -> String) -> Self {
        self.path = path;
        self
    }

    pub(crate) fn routes(mut self, routes: &'static [&'static str]) -> Self {
        self.routes = routes;
        self
    }

    fn is_planted(&self, i: u64) -> bool {
        (i + 1) * self.share / 1000 > i * self.share / 1000
    }

    fn reply(&self, i: u64, role: Role) -> Reply {
        let name = self.name.bytes().map(u64::from);
        let name = name.fold(0, |hash: u64, byte| hash.wrapping_mul(31) + byte);
        (self.make)(&mut Context {
            i,
            role,
            planted: role == Role::Shadow && self.is_planted(i),
            random: Random::of(&[name, i, role as u64]),
            same: Random::of(&[name, i]),
        })
    }

    fn mirror(&self) -> Mirror {
        // How long a debug build takes on a busy machine decides nothing.
        let thresholds = Thresholds::default().with_latency_slack(Duration::from_mins(1));
        let target = |name: &str| {
            Target::new(format!("http://{name}.test"))
                .unwrap()
                .named(name)
        };
        let mut builder = Mirror::builder()
            .name(self.name)
            .target(target("shadow"))
            .timeout(Duration::from_secs(30))
            .thresholds(thresholds)
            .compare(self.mode);
        if self.has_baseline {
            builder = builder.baseline(target("baseline"));
        }
        (self.configure)(builder).build().unwrap()
    }

    /// Sends all requests.
    pub(crate) fn run(&self) -> Outcome {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let mirror = self.mirror();
        let case = Arc::new(self.clone());
        let primary = Arc::clone(&case);
        let handler = move |request: Request<Body>| {
            let reply = primary.reply(number(request.headers()), Role::Primary);
            async move { Ok::<_, Infallible>(reply.into_response()) }
        };
        let mut app = Router::new();
        for route in self.routes {
            app = app.route(route, any(handler.clone()));
        }
        let app = app.fallback(handler).layer(mirror.layer());
        let (mut diffs, mut told, mut i) = (Vec::new(), 0, 0);
        while i < self.n {
            let end = (i + 100).min(self.n);
            runtime.block_on(async {
                let shadow = Arc::clone(&case);
                let capture = Capture::start().responding_with(move |copy| {
                    let is_shadow = copy.target() == "shadow";
                    let role = if is_shadow {
                        Role::Shadow
                    } else {
                        Role::Baseline
                    };
                    let reply = shadow.reply(number(copy.headers()), role);
                    async move {
                        assert!(!reply.fails, "{PLANTED}");
                        reply.into_response()
                    }
                });
                for i in i..end {
                    let request = Request::builder()
                        .method(self.method.clone())
                        .uri((self.path)(i))
                        .header("x-i", i)
                        .body(Body::empty())
                        .unwrap();
                    let response = app.clone().oneshot(request).await.unwrap();
                    // A client reads it to its end, or to where it breaks off.
                    let _ = to_bytes(response.into_body(), usize::MAX).await;
                }
                for comparison in capture.comparisons().await {
                    if comparison.differs() && comparison.target == "shadow" {
                        told += 1;
                        diffs.push(comparison.to_string());
                    }
                }
            });
            i = end;
        }
        let report = mirror.report();
        Outcome {
            planted: (0..self.n).filter(|i| self.is_planted(*i)).count() as u64,
            target: report.targets[0].clone(),
            report: report.to_string(),
            diff: diffs.into_iter().next(),
            told,
        }
    }
}

fn number(headers: &HeaderMap) -> u64 {
    headers["x-i"].to_str().unwrap().parse().unwrap()
}

/// What came of a case.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) planted: u64,
    pub(crate) target: TargetReport,
    /// The report as it is printed.
    pub(crate) report: String,
    /// The first mismatch that was told, as it is printed.
    pub(crate) diff: Option<String>,
    pub(crate) told: u64,
}

impl Outcome {
    pub(crate) fn mismatched(&self) -> u64 {
        self.target.mismatched + self.target.schema_mismatch
    }

    pub(crate) fn is_promoted(&self) -> bool {
        self.target.verdict == ReportVerdict::Promote
    }

    pub(crate) fn group(&self, (pointer, kind): Place) -> Option<&DifferenceGroup> {
        let mut groups = self.target.groups.iter();
        groups.find(|group| group.pointer == pointer && group.kind == kind)
    }

    /// What is printed of the first example of a place.
    fn cell(&self, (pointer, kind): Place) -> Option<String> {
        let label = match (pointer, kind) {
            ("", DifferenceKind::Status) => "status",
            ("", _) => "(body)",
            (pointer, _) => pointer,
        };
        let table = self.report.split("\ndifferences ").nth(1)?;
        let head = format!("differences {}", table.lines().next()?);
        let column = |name: &str| head.find(name).map(|at| head[..at].chars().count() + 2);
        let (first, last) = (column("  first")?, column("  last"));
        let row = table.lines().skip(1).find(|line| {
            let mut words = line.split_whitespace();
            words.next() == Some(label) && words.next() == Some(kind.as_str())
        })?;
        let width = last.map_or(usize::MAX, |last| last - first - 2);
        let cell: String = row.chars().skip(first).take(width).collect();
        Some(cell.trim_end().to_owned())
    }

    /// What is wrong with how often the difference was found, and where.
    pub(crate) fn wrong(&self, case: &Case) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.mismatched() != self.planted {
            wrong.push(format!(
                "{} of {} are counted",
                self.mismatched(),
                self.planted
            ));
        }
        if self.is_promoted() {
            wrong.push(format!("promoted: {}", self.target.reason));
        }
        if case.share >= 500 && self.target.verdict != ReportVerdict::Regressed {
            wrong.push(format!("{}, and not regressed", self.target.verdict));
        }
        for place in case.places {
            match self.group(*place) {
                None => wrong.push(format!("{place:?} is not told")),
                Some(group) if group.noise => wrong.push(format!("{place:?} is called noise")),
                Some(group) if group.comparisons * 10 < self.planted * 9 => {
                    wrong.push(format!("{place:?} is told of {} only", group.comparisons));
                }
                Some(_) => {}
            }
        }
        wrong
    }

    /// What is wrong with how it is shown.
    pub(crate) fn unreadable(&self, case: &Case) -> Vec<String> {
        let mut wrong = Vec::new();
        for place in case.places {
            match self.cell(*place) {
                None => wrong.push(format!("{place:?} has no row in the report")),
                Some(cell) if !seen::in_cell(&cell, place.1) => {
                    wrong.push(format!("nobody can see it in the report: `{cell}`"));
                }
                Some(_) => {}
            }
        }
        match &self.diff {
            None => wrong.push("no mismatch was told".to_owned()),
            Some(diff) if !seen::in_diff(diff) => {
                wrong.push(format!("nobody can see it in the diff: `{diff}`"));
            }
            Some(_) => {}
        }
        wrong
    }
}

const PLANTED: &str = "planted: there is no response";

/// Keeps panics that are planted out of what the tests print.
fn quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if panic.payload_as_str() != Some(PLANTED) {
                hook(panic);
            }
        }));
    });
}

/// Runs cases and fails with all that is wrong.
///
/// # Panics
///
/// If something is.
pub(crate) fn check(cases: Vec<Case>, wrong: impl Fn(&Outcome, &Case) -> Vec<String>) {
    let mut failures = Vec::new();
    quiet();
    let cases = cases.into_iter();
    for case in cases.filter(|case| !pending::CASES.contains(&case.name)) {
        let outcome = case.run();
        let wrong = wrong(&outcome, &case);
        if !wrong.is_empty() {
            failures.push(format!(
                "{}: {}\n{}",
                case.name,
                wrong.join("; "),
                outcome.report
            ));
        }
    }
    assert!(
        failures.is_empty(),
        "{} cases:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

//! A program that knows `mirror-runtime` by another name, and denies every lint: what the manual of
//! `#[mirror]` has is silent in it.

#![deny(warnings, missing_docs, unreachable_pub, unused_qualifications)]
#![deny(rust_2018_idioms, nonstandard_style, unused)]
#![deny(clippy::all, clippy::pedantic)]
#![forbid(clippy::unused_async)]

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use axum::{
    Router,
    extract::{FromRequestParts, Path, State},
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use traffic::{
    BufferedResponse, CircuitBreaker, CompareMode, Comparison, Credentials, Defaults, Mirror,
    MirrorError, SkipReason, Target, Thresholds, Verdict, mirror, mirror_named,
};

/// As a company's own crate has it.
mod shared {
    pub(crate) use traffic as mirror_runtime;
}

const STAGING: &str = "http://staging.invalid";

/// For all handlers.
const SHADOW: Defaults = Defaults::new()
    .percentage(0.0)
    .timeout(Duration::from_secs(2))
    .credentials(Credentials::Strip)
    .circuit_breaker(Some(CircuitBreaker::new(3, Duration::from_secs(30))))
    .set_headers(&[("x-env", "shadow")])
    .on_skip(count)
    .on_error(|target, error| eprintln!("{target}: {error}"));

static COMPARED: Defaults = SHADOW
    .compare(CompareMode::Json)
    .ignore(&["/generated_at"])
    .redact(&["/password"])
    .on_mismatch(|comparison| eprintln!("{comparison}"));

static SKIPPED: AtomicUsize = AtomicUsize::new(0);

fn count(_: &Target, reason: SkipReason) {
    assert_eq!(reason, SkipReason::NotSampled);
    SKIPPED.fetch_add(1, Ordering::Relaxed);
}

fn failed(target: &Target, error: &MirrorError) {
    eprintln!("{target}: {error}");
}

fn responded(target: &Target, response: &BufferedResponse) {
    eprintln!("{target}: {}", response.status());
}

fn differed(comparison: &Comparison) {
    eprintln!("{comparison}");
}

fn sampled(parts: &Parts) -> bool {
    parts.uri.query().is_none()
}

fn verdict(primary: &BufferedResponse, shadow: &BufferedResponse) -> Verdict {
    if primary.status() == shadow.status() {
        Verdict::Match
    } else {
        Verdict::Mismatch
    }
}

/// An error of this API.
#[derive(Debug)]
pub enum ApiError {
    /// Nothing has this number.
    NotFound,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        StatusCode::NOT_FOUND.into_response()
    }
}

/// What is asked for; a header would say it.
#[derive(Debug)]
pub struct Form(String);

impl<S: Sync> FromRequestParts<S> for Form {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        Ok(Self(parts.uri.path().to_owned()))
    }
}

/// Is there.
#[mirror(crate = traffic, targets = [STAGING])]
pub async fn health() -> &'static str {
    "up"
}

/// Finds one.
///
/// # Errors
///
/// If nothing has this number.
#[mirror(
    crate = shared::mirror_runtime,
    defaults = SHADOW,
    targets = [STAGING],
    name = "find",
    original = find_unmirrored,
)]
pub async fn find(State(factor): State<u64>, Path(id): Path<u64>) -> Result<String, ApiError> {
    if id == 0 {
        return Err(ApiError::NotFound);
    }
    Ok((factor * id).to_string())
}

/// Takes the parts by an extractor of its own, and the body behind it.
#[mirror(crate = traffic, defaults = COMPARED, targets = [env("SHADOW_URL")], percentage = 5)]
async fn create(Form(path): Form, body: String) -> String {
    path + &body
}

#[mirror(
    crate = traffic,
    targets = [STAGING, target("http://canary.invalid", percentage = 5, timeout = "1s", name = "canary")],
    percentage = 12.5,
    timeout = "100s",
    connect_timeout = "500ms",
    max_body = "2MiB",
    body = "tee",
    max_in_flight = 64,
    rate_limit = "100/s",
    circuit_breaker = { failures = 3, cooldown = "30s" },
    on_success = responded,
    on_error = failed,
    on_skip = count,
    methods = [GET, "PURGE"],
    when = sampled,
    set_headers = { "x-env" = "shadow" },
    remove_headers = ["x-internal"],
    credentials = "strip",
    host = "preserve",
    accept_encoding = "comparable",
    compare = "json",
    compare_at = "server",
    compare_headers = ["x-total"],
    ignore_headers = ["etag"],
    ignore = ["/items/*/id"],
    unordered = ["/tags"],
    tolerance = { "/total" = 0.01 },
    redact = ["/password"],
    max_compare_body = "256KiB",
    on_mismatch = differed,
    baseline = env("OLD_REPLICA_URL"),
    thresholds = Thresholds::default().with_min_compared(1_000),
    version_header = "x-version",
    record = "mirror-fixtures",
    max_fixtures = 3,
    max_fixture_bytes = "16MiB",
)]
async fn everything(Path(id): Path<u64>) -> String {
    id.to_string()
}

#[mirror(crate = traffic, targets = [handler(candidate)], state = u64, compare = verdict)]
async fn by_a_function(State(factor): State<u64>, Path(id): Path<u64>) -> String {
    (factor * id).to_string()
}

#[mirror(crate = traffic, targets = [handler(candidate)], compare = typed)]
async fn typed(State(factor): State<u64>, Path(id): Path<u64>) -> String {
    (factor * id).to_string()
}

async fn candidate(State(factor): State<u64>, Path(id): Path<u64>) -> String {
    (id * factor).to_string()
}

/// Users.
#[derive(Debug)]
pub struct Users;

impl Users {
    const FIRST: u64 = 1;

    /// Finds the first.
    #[mirror(crate = traffic, targets = [STAGING], original = Self::first_unmirrored)]
    pub async fn first() -> String {
        tokio::task::yield_now().await;
        Self::FIRST.to_string()
    }

    /// Finds the second, and waits for nothing.
    #[mirror(crate = traffic, targets = [STAGING], original = Self::second_unmirrored)]
    pub async fn second() -> String {
        (Self::FIRST + 1).to_string()
    }

    /// Finds the third, under no name of its own.
    #[mirror(crate = traffic, targets = [STAGING])]
    pub async fn third() -> String {
        (Self::FIRST + 2).to_string()
    }
}

macro_rules! handlers {
    ($($name:ident => $body:block)*) => {
        $(
            #[mirror(crate = $crate::shared::mirror_runtime, defaults = $crate::SHADOW, targets = [$crate::STAGING])]
            async fn $name() -> String $body
        )*
    };
}

handlers! {
    one => { "1".to_owned() }
    two => { "2".to_owned() }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    assert_eq!(find_unmirrored(State(2), Path(3)).await.unwrap(), "6");
    assert_eq!(Users::first_unmirrored().await, "1");
    assert_eq!(Users::second_unmirrored().await, "2");

    let layer = Mirror::builder()
        .defaults(&SHADOW)
        .target(STAGING)
        .build()
        .unwrap();
    let app: Router = Router::new()
        .route("/health", get(health))
        .route("/find/{id}", get(find))
        .route("/create", post(create))
        .route("/everything/{id}", get(everything))
        .route("/by-a-function/{id}", get(by_a_function))
        .route("/typed/{id}", get(typed))
        .route("/first", get(Users::first))
        .route("/second", get(Users::second))
        .route("/third", get(Users::third))
        .route("/one", get(one))
        .route("/two", get(two))
        .layer(layer.layer())
        .with_state(2);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    drop((app, listener));
    assert!(mirror_named("find").is_none(), "nobody has asked for it");
    let listed = traffic::mirrors();
    assert!(listed.iter().any(|mirror| mirror.name == "find"));
    // A library that the program never names is not linked, as the chapter on control says.
    let unnamed = |name: &str| name.starts_with("mirror_tree_handlers");
    assert!(!listed.iter().any(|mirror| unnamed(&mirror.name)));
}

#[cfg(test)]
mod tests {
    async fn app() -> axum::Router {
        axum::Router::new()
    }

    traffic::replay!("mirror-fixtures", app, crate = traffic);
}

//! The router that only reads: the page and its files, the snapshot and the events.

mod events;
mod files;
mod mount;

use std::{future::ready, sync::Arc};

use axum::{
    Json, Router,
    extract::{OriginalUri, State},
    response::{IntoResponse, Response},
    routing::get,
};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode, Uri,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
        X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
    },
};
use serde_json::json;

use self::mount::Mount;
use crate::{feed::Feed, fleet::Fleet, take::Detail};

/// What the page may load: its own script and style, and data of the same router. Nothing inline, and
/// nobody may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The router of the page, with the defaults: without examples, and without controls.
///
/// ```
/// use axum::Router;
///
/// let app: Router = Router::new().nest("/admin/mirror", mirror_dashboard::dashboard());
/// ```
pub fn dashboard<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Dashboard::new().router()
}

/// Options of the page.
///
/// **The page asks nobody who they are.** Put your own authentication around it, or serve it at an
/// address that only operators reach.
///
/// ```
/// use axum::Router;
/// use mirror_dashboard::Dashboard;
///
/// let page = Dashboard::new().examples(true).router();
/// let app: Router = Router::new().nest("/admin/mirror", page);
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "its `router` serves the page"]
pub struct Dashboard {
    examples: bool,
    control_at: Option<String>,
    fleet: Option<Arc<dyn Fleet>>,
}

#[derive(Debug)]
struct Shared {
    options: Dashboard,
    feed: Feed,
}

impl Dashboard {
    /// A page without examples and without controls.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether values of responses are shown, side by side, where they differ: `false` unless it is
    /// called. Secrets are left out as they are in reports, but other values of users are shown.
    pub fn examples(mut self, examples: bool) -> Self {
        self.examples = examples;
        self
    }

    /// Gives the page controls that call the [`control_router`](crate::control_router) at this
    /// path, as the browser sees it without the prefix that a proxy strips: `/admin/mirror-control`.
    ///
    /// # Panics
    ///
    /// If it is no path, such as a URL: the page calls no other host.
    pub fn control_at(mut self, path: impl Into<String>) -> Self {
        let path = path.into();
        assert!(
            path.starts_with('/') && !path.starts_with("//") && !path.contains('\\'),
            "`control_at` takes a path that starts with one `/`, like `/admin/mirror-control`, not `{path}`"
        );
        self.control_at = Some(path.trim_end_matches('/').to_owned());
        self
    }

    /// Shows the numbers of all instances of the program beside those of this process:
    /// `FleetView` of the crate `mirror-fleet`.
    pub fn fleet(mut self, fleet: impl Fleet) -> Self {
        self.fleet = Some(Arc::new(fleet));
        self
    }

    /// The router: `GET` of the page, its script and its style, `snapshot.json` and `events`.
    ///
    /// It starts a thread that looks at the counters every five seconds, and ends with the router.
    pub fn router<S: Clone + Send + Sync + 'static>(self) -> Router<S> {
        let feed = Feed::new(self.fleet.clone());
        let shared = Arc::new(Shared {
            options: self,
            feed,
        });
        Router::new()
            .route("/", get(page))
            .route("/page.js", get(|| ready(files::script())))
            .route("/page.css", get(|| ready(files::style())))
            .route("/snapshot.json", get(snapshot))
            .route("/events", get(events::events))
            .with_state(shared)
            .layer(axum::middleware::map_response(guarded))
    }
}

/// Gives each response the headers that keep a browser from doing harm with it.
async fn guarded(mut response: Response) -> Response {
    let fixed: [(HeaderName, &'static str); 5] = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (X_FRAME_OPTIONS, "DENY"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ];
    let headers = response.headers_mut();
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Nothing of it is the same a second later, and the files go with the version of the program.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn page(
    State(shared): State<Arc<Shared>>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Response {
    let mount = Mount::new(uri.path(), &headers);
    files::page(
        &mount,
        uri.path(),
        shared.options.control_at.as_deref(),
        shared.options.examples,
    )
}

/// The answers to a query, like `?mirror=orders&examples=true`.
#[derive(Debug, Default)]
struct Asked {
    mirror: Option<String>,
    examples: bool,
    series: bool,
    summary: bool,
}

impl Asked {
    fn new(uri: &Uri) -> Self {
        let mut asked = Self::default();
        let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        for (name, value) in pairs {
            let is_on = matches!(&*value, "" | "1" | "true");
            match &*name {
                "mirror" => asked.mirror = Some(value.into_owned()),
                "examples" => asked.examples = is_on,
                "series" => asked.series = is_on,
                "summary" => asked.summary = is_on,
                _ => {}
            }
        }
        asked
    }
}

async fn snapshot(State(shared): State<Arc<Shared>>, uri: Uri) -> Response {
    let asked = Asked::new(&uri);
    let detail = Detail {
        is_full: !asked.summary,
        examples: asked.examples && shared.options.examples,
        series: asked.series,
    };
    // Reports are work, and other requests are on this thread.
    let taken = tokio::task::spawn_blocking(move || {
        let feed = &shared.feed;
        if asked.mirror.is_none()
            && detail == Detail::default()
            && let Some(tick) = feed.summaries()
        {
            let all = events::summaries(&tick, feed.process());
            return Some(([(CONTENT_TYPE, "application/json")], all).into_response());
        }
        let taken = feed.snapshot(asked.mirror.as_deref(), detail)?;
        Some(Json(taken).into_response())
    });
    match taken.await {
        Ok(Some(response)) => response,
        Ok(None) => refused(StatusCode::NOT_FOUND, "there is no mirror of this name"),
        Err(_) => refused(
            StatusCode::INTERNAL_SERVER_ERROR,
            "taking the snapshot failed",
        ),
    }
}

fn refused(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}

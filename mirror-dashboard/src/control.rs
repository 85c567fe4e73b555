//! The router that writes.

mod origin;

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, Request, State},
    response::{IntoResponse, Response},
    routing::put,
};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
    request::Parts,
};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use self::origin::Hosts;
use crate::{
    actor::Actor,
    change::{Change, Changed, Refused},
    fleet::Fleet,
    program::{self, Setting},
};

/// A change takes some hundred bytes.
const MAX_BODY: usize = 16 * 1024;

/// How long a change of this process waits until its fleet knows of it.
const PATIENCE: Duration = Duration::from_secs(3);

/// The router that switches mirrors off and on: see [`control`](crate::guide::control).
///
/// The guard is called for each request, with its head, and says who it is. `None` refuses it. The
/// hosts `localhost` and the loopback addresses are known; for others there is
/// [`control_router_for`].
///
/// ```
/// use axum::Router;
/// use http::request::Parts;
/// use mirror_dashboard::{Actor, Dashboard, control_router};
///
/// /// What your own authentication has put into the request.
/// #[derive(Clone)]
/// struct User(String);
///
/// fn guard(parts: &Parts) -> Option<Actor> {
///     let user = parts.extensions.get::<User>()?;
///     Some(Actor::new(&user.0))
/// }
///
/// let page = Dashboard::new().control_at("/admin/mirror-control").router();
/// let app: Router = Router::new()
///     .nest("/admin/mirror", page)
///     .nest("/admin/mirror-control", control_router(guard));
/// ```
pub fn control_router<S, G>(guard: G) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    G: Fn(&Parts) -> Option<Actor> + Send + Sync + 'static,
{
    control_router_for([""; 0], guard)
}

/// [`control_router`] for a program that is reached under these hosts as well:
/// `["admin.example.com"]`. A host with a port is known with this port only.
///
/// ```
/// use axum::Router;
/// use mirror_dashboard::{Actor, control_router_for};
///
/// let control = control_router_for(["admin.example.com"], |parts| {
///     let user = parts.headers.get("x-authenticated-user")?;
///     Some(Actor::new(user.to_str().ok()?))
/// });
/// let app: Router = Router::new().nest("/admin/mirror-control", control);
/// ```
pub fn control_router_for<S, H, G>(hosts: H, guard: G) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    H: IntoIterator<Item: Into<String>>,
    G: Fn(&Parts) -> Option<Actor> + Send + Sync + 'static,
{
    routes(hosts, guard, None)
}

/// [`control_router_for`] of an instance of a fleet: a change with `"fleet": true` is made in all
/// instances. `fleet` is a `FleetView` of the crate `mirror-fleet`.
pub fn control_router_of_fleet<S, H, G>(fleet: impl Fleet, hosts: H, guard: G) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    H: IntoIterator<Item: Into<String>>,
    G: Fn(&Parts) -> Option<Actor> + Send + Sync + 'static,
{
    routes(hosts, guard, Some(Arc::new(fleet)))
}

fn routes<S, H, G>(hosts: H, guard: G, fleet: Option<Arc<dyn Fleet>>) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    H: IntoIterator<Item: Into<String>>,
    G: Fn(&Parts) -> Option<Actor> + Send + Sync + 'static,
{
    let control = Arc::new(Guarded {
        hosts: Hosts::new(hosts),
        guard: Box::new(guard),
        fleet,
    });
    Router::new()
        .route("/mirrors", put(all))
        .route("/mirrors/{name}", put(one))
        .with_state(control)
        .layer(axum::middleware::map_response(unkept))
}

type Guard = Box<dyn Fn(&Parts) -> Option<Actor> + Send + Sync>;

struct Guarded {
    hosts: Hosts,
    guard: Guard,
    fleet: Option<Arc<dyn Fleet>>,
}

/// Why nothing was changed.
#[derive(Debug)]
struct Refusal(StatusCode, String);

impl Refusal {
    fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self(status, error.into())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(status, error) = self;
        (status, Json(Refused { error })).into_response()
    }
}

async fn unkept(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

async fn one(
    State(guarded): State<Arc<Guarded>>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Json<Changed>, Refusal> {
    let (actor, change) = guarded.admit(request).await?;
    let Some(known) = program::listed_as(&name) else {
        let error = format!("there is no mirror `{name}`");
        return Err(Refusal::new(StatusCode::NOT_FOUND, error));
    };
    for (target, percentage) in &change.percentage {
        let is_known = known.shares.contains_key(target);
        if !is_known {
            let names: Vec<_> = known
                .shares
                .keys()
                .map(|name| format!("`{name}`"))
                .collect();
            let error = format!(
                "`{name}` has no target `{target}` with a share: it has {}",
                names.join(", ")
            );
            return Err(Refusal::new(StatusCode::NOT_FOUND, error));
        }
        in_bounds(target, *percentage)?;
    }
    if change.fleet {
        guarded.change_fleet(Some(&name), &actor, &change).await?;
    } else {
        let setting = Setting::new(actor.as_str(), &change);
        setting
            .apply(&name, &change)
            .map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, error.to_string()))?;
        if change.restart_report {
            guarded.tell_fleet(vec![name.clone()]).await;
        }
    }
    tracing::info!(
        actor = actor.as_str(),
        mirror = name,
        ?change,
        "mirror changed"
    );
    Ok(Json(guarded.changed(&name, &change)))
}

async fn all(
    State(guarded): State<Arc<Guarded>>,
    request: Request,
) -> Result<Json<BTreeMap<&'static str, Vec<Changed>>>, Refusal> {
    let (actor, change) = guarded.admit(request).await?;
    if !change.percentage.is_empty() {
        let error = "name a mirror for `percentage`: its targets are its own";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, error));
    }
    if change.fleet {
        guarded.change_fleet(None, &actor, &change).await?;
    } else {
        Setting::new(actor.as_str(), &change).apply_to_all(&change);
        if change.restart_report {
            let mirrors = program::mirrors().into_iter();
            guarded
                .tell_fleet(mirrors.map(|listed| listed.name).collect())
                .await;
        }
    }
    tracing::info!(actor = actor.as_str(), ?change, "all mirrors changed");
    let mirrors = program::mirrors().into_iter();
    let changed = mirrors
        .map(|listed| guarded.changed(&listed.name, &change))
        .collect();
    Ok(Json(BTreeMap::from([("mirrors", changed)])))
}

fn in_bounds(target: &str, percentage: f64) -> Result<(), Refusal> {
    if (0.0..=100.0).contains(&percentage) {
        return Ok(());
    }
    let error = format!("the percentage of `{target}` must be between 0 and 100, not {percentage}");
    Err(Refusal::new(StatusCode::BAD_REQUEST, error))
}

impl Guarded {
    /// Who sends a change, and the change; in the order in which the chapter lists the refusals.
    async fn admit(&self, request: Request) -> Result<(Actor, Change), Refusal> {
        let (parts, body) = request.into_parts();
        self.hosts
            .check(&parts)
            .map_err(|error| Refusal::new(StatusCode::FORBIDDEN, error))?;
        let Some(actor) = (self.guard)(&parts) else {
            return Err(Refusal::new(StatusCode::FORBIDDEN, "the guard refused it"));
        };
        if !is_json(&parts.headers) {
            let error = "send JSON, with `Content-Type: application/json`";
            return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, error));
        }
        let change = read(body).await?;
        if change.for_seconds == Some(0) {
            let error = "`for_seconds` must be at least 1";
            return Err(Refusal::new(StatusCode::BAD_REQUEST, error));
        }
        if change == for_nothing(&change) {
            let error =
                "nothing to change: name `enabled`, `percentage`, `restart_report` or `reset`";
            return Err(Refusal::new(StatusCode::BAD_REQUEST, error));
        }
        Ok((actor, change))
    }
}

impl Guarded {
    /// The state of a mirror after a change.
    fn changed(&self, mirror: &str, change: &Change) -> Changed {
        let fleet = self.fleet.as_ref().filter(|_| change.fleet);
        Changed {
            fleet: fleet.map(|fleet| fleet.settings(mirror)),
            ..program::changed(mirror)
        }
    }

    /// Has the fleet ask which reports were begun anew here, so that the others know when the
    /// response comes. If it is away it learns of them later.
    async fn tell_fleet(&self, mirrors: Vec<String>) {
        let Some(fleet) = self.fleet.clone() else {
            return;
        };
        let told = tokio::task::spawn_blocking(move || {
            let end = Instant::now() + PATIENCE;
            for mirror in mirrors {
                let left = end.saturating_duration_since(Instant::now());
                let told = fleet.mirror(&mirror, left.max(Duration::from_millis(1)));
                if let Some(error) = told.error {
                    tracing::info!(
                        mirror,
                        error,
                        "the fleet is told later of a report begun anew"
                    );
                }
            }
        });
        let _ = told.await;
    }

    /// Changes a mirror, or all of them, in all instances.
    async fn change_fleet(
        &self,
        mirror: Option<&str>,
        actor: &Actor,
        change: &Change,
    ) -> Result<(), Refusal> {
        let Some(fleet) = &self.fleet else {
            let error = "this program is in no fleet: leave out `fleet`, or mount `control_router_of_fleet`";
            return Err(Refusal::new(StatusCode::BAD_REQUEST, error));
        };
        let (fleet, actor, change) = (Arc::clone(fleet), actor.clone(), change.clone());
        let mirror = mirror.map(str::to_owned);
        // It asks a server, and other requests are on this thread.
        let changed =
            tokio::task::spawn_blocking(move || fleet.change(mirror.as_deref(), &actor, &change));
        let changed = changed.await;
        let changed = changed.unwrap_or_else(|_| Err("changing the fleet failed".to_owned()));
        changed.map_err(|error| Refusal::new(StatusCode::SERVICE_UNAVAILABLE, error))
    }
}

/// The same without what is to be changed.
fn for_nothing(change: &Change) -> Change {
    Change {
        fleet: change.fleet,
        for_seconds: change.for_seconds,
        reason: change.reason.clone(),
        ..Change::default()
    }
}

/// Whether a request says that its body is JSON. A form of another site cannot say so.
fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let value = values.next().and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next());
    let is_json =
        essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"));
    is_json && values.next().is_none()
}

async fn read(body: Body) -> Result<Change, Refusal> {
    let body = Limited::new(body, MAX_BODY)
        .collect()
        .await
        .map_err(|error| {
            if error.is::<LengthLimitError>() {
                let error = format!("the body is larger than {MAX_BODY} bytes");
                Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, error)
            } else {
                Refusal::new(StatusCode::BAD_REQUEST, "the body broke off")
            }
        })?;
    let body = body.to_bytes();
    // To serde a list of the values is the same.
    if !body.trim_ascii_start().starts_with(b"{") {
        let error = "not a change: it must be an object";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, error));
    }
    serde_json::from_slice(&body)
        .map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, format!("not a change: {error}")))
}

//! The router that writes, as a program calls it.

mod support;

use axum::{Router, body::Body};
use http::{Method, Request, request::Parts};
use mirror_dashboard::{
    Actor, Change, Changed, Refused, control_router, control_router_for, control_router_of_fleet,
};
use mirror_runtime::{ControlSource, Mirror, control};
use serde_json::{Value, json};
use testkit::{Log, until};

use support::{Got, Shop, fleet::Three, send};

fn token(parts: &Parts) -> Option<Actor> {
    let token = parts.headers.get("authorization")?;
    (token == "Bearer of-ada").then(|| Actor::new("ada"))
}

fn router() -> Router {
    Router::new().nest("/control", control_router(token))
}

/// A request as a program sends it, with a token.
fn put(path: &str) -> http::request::Builder {
    Request::put(format!("/control{path}"))
        .header("host", "localhost:8080")
        .header("content-type", "application/json")
        .header("authorization", "Bearer of-ada")
}

async fn change(path: &str, change: &Value) -> Got {
    send(
        &router(),
        put(path).body(Body::from(change.to_string())).unwrap(),
    )
    .await
}

fn mirror(name: &str) -> Mirror {
    let builder = Mirror::builder().name(name.to_owned());
    builder.target("http://127.0.0.1:9").build().unwrap()
}

fn error(got: &Got) -> String {
    serde_json::from_str::<Refused>(&got.body).unwrap().error
}

#[tokio::test]
async fn a_mirror_is_switched_off_and_on_and_back_to_what_the_code_says() {
    let shop = Shop::start("control.switch", |builder| builder).await;
    let got = change(
        "/mirrors/control.switch",
        &json!({ "enabled": false, "reason": "too slow", "for_seconds": 3600 }),
    )
    .await;
    assert_eq!(got.status, 200, "{}", got.body);
    assert_eq!(got.header("cache-control"), "no-store");
    let changed: Changed = serde_json::from_str(&got.body).unwrap();
    let held = &changed.control;
    assert_eq!(
        (&*changed.mirror, held.is_enabled, &*held.source),
        ("control.switch", false, "api")
    );
    assert_eq!(
        (held.actor.as_deref(), held.reason.as_deref()),
        (Some("ada"), Some("too slow"))
    );
    let lasts = held.until_unix_s.unwrap() - held.since_unix_s.unwrap();
    assert!((3599..=3601).contains(&lasts), "{lasts}");
    assert_eq!(changed.targets["shadow"].percentage, Some(0.0));
    shop.differ().await;
    let stats = shop.mirror.stats();
    assert_eq!((stats.targets[0].sent, stats.targets[0].skipped), (0, 3));

    let body = serde_json::to_value(Change::default().enabled(true)).unwrap();
    assert_eq!(change("/mirrors/control.switch", &body).await.status, 200);
    shop.differ().await;
    assert_eq!(shop.mirror.stats().targets[0].sent, 3);

    let got = change("/mirrors/control.switch", &json!({ "reset": true })).await;
    let changed: Changed = serde_json::from_str(&got.body).unwrap();
    assert_eq!(
        (changed.control.is_enabled, &*changed.control.source),
        (true, "code")
    );
}

#[tokio::test]
async fn a_share_is_set_and_a_report_begun_anew() {
    let shop = Shop::start("control.share", |builder| {
        builder.compare(mirror_runtime::CompareMode::Json)
    })
    .await;
    shop.differ().await;
    assert_eq!(shop.mirror.report().targets[0].compared, 3);
    let body = Change::default()
        .percentage("shadow", 12.5)
        .restart_report();
    let got = change(
        "/mirrors/control.share",
        &serde_json::to_value(body).unwrap(),
    )
    .await;
    assert_eq!(got.status, 200, "{}", got.body);
    let changed: Changed = serde_json::from_str(&got.body).unwrap();
    let share = &changed.targets["shadow"];
    assert_eq!(
        (share.percentage, share.configured),
        (Some(12.5), Some(100.0))
    );
    assert_eq!(shop.mirror.report().targets[0].compared, 0);
    // What is compared from now on counts.
    let all = Change::default().percentage("shadow", 100.0);
    let all = serde_json::to_value(all).unwrap();
    assert_eq!(change("/mirrors/control.share", &all).await.status, 200);
    shop.primary.get("/orders/1").await;
    until("the response is compared", || {
        shop.mirror.report().targets[0].compared == 1
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_changes_nothing() {
    let _mirror = mirror("control.wrong");
    for (body, status, told) in [
        ("{", 400, "not a change"),
        ("[]", 400, "not a change"),
        ("[true, false]", 400, "not a change"),
        ("null", 400, "not a change"),
        (r#"{"enabled":"no"}"#, 400, "not a change"),
        (
            r#"{"enabled":false,"disabled":true}"#,
            400,
            "unknown field `disabled`",
        ),
        (
            r#"{"enabled":false,"enabled":true}"#,
            400,
            "duplicate field",
        ),
        ("{}", 400, "nothing to change"),
        (r#"{"for_seconds":10}"#, 400, "nothing to change"),
        (r#"{"enabled":false,"for_seconds":0}"#, 400, "`for_seconds`"),
        (r#"{"enabled":false,"for_seconds":-1}"#, 400, "not a change"),
        (
            r#"{"enabled":false,"percentage":{"http://127.0.0.1:9":101}}"#,
            400,
            "between 0 and 100",
        ),
        (
            r#"{"enabled":false,"percentage":{"http://127.0.0.1:9":-0.1}}"#,
            400,
            "between 0 and 100",
        ),
        (
            r#"{"enabled":false,"percentage":{"http://127.0.0.1:9":1e999}}"#,
            400,
            "not a change",
        ),
        (
            r#"{"enabled":false,"percentage":{"nobody":1}}"#,
            404,
            "no target `nobody`",
        ),
    ] {
        let got = send(
            &router(),
            put("/mirrors/control.wrong").body(body.into()).unwrap(),
        )
        .await;
        assert_eq!(got.status, status, "{body}: {}", got.body);
        assert!(error(&got).contains(told), "{body}: {}", got.body);
        assert_eq!(
            control("control.wrong").state().source,
            ControlSource::Code,
            "{body}"
        );
    }
    let long = format!(r#"{{"enabled":false,"reason":"{}"}}"#, "x".repeat(20_000));
    let got = send(
        &router(),
        put("/mirrors/control.wrong").body(long.into()).unwrap(),
    )
    .await;
    assert_eq!(got.status, 413);
    let got = change("/mirrors/control.nobody", &json!({ "enabled": false })).await;
    assert_eq!(
        (got.status, error(&got)),
        (404, "there is no mirror `control.nobody`".to_owned())
    );
    assert!(control("control.wrong").state().is_enabled);
}

#[tokio::test]
async fn only_put_with_json_is_taken() {
    let _mirror = mirror("control.methods");
    let path = "/control/mirrors/control.methods";
    for method in [
        "GET", "HEAD", "POST", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND",
    ] {
        for path in [path, "/control/mirrors"] {
            let request = Request::builder()
                .method(Method::from_bytes(method.as_bytes()).unwrap())
                .uri(path)
                .header("host", "localhost")
                .header("authorization", "Bearer of-ada")
                .header("content-type", "application/json")
                .body(r#"{"enabled":false}"#.into())
                .unwrap();
            let got = send(&router(), request).await;
            assert_eq!(
                (got.status, got.header("allow")),
                (405, "PUT"),
                "{method} {path}"
            );
        }
    }
    for kind in [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "text/plain; application/json",
        "application/jsonx",
    ] {
        let request = Request::put(path)
            .header("host", "localhost")
            .header("authorization", "Bearer of-ada")
            .header("content-type", kind);
        let got = send(
            &router(),
            request.body(r#"{"enabled":false}"#.into()).unwrap(),
        )
        .await;
        assert_eq!(got.status, 415, "{kind}");
    }
    assert!(control("control.methods").state().is_enabled);
    let request = put("/mirrors/control.methods")
        .body(r#"{"enabled":false}"#.into())
        .unwrap();
    let (mut parts, body) = request.into_parts();
    parts.headers.insert(
        "content-type",
        "application/json; charset=utf-8".parse().unwrap(),
    );
    assert_eq!(
        send(&router(), Request::from_parts(parts, body))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn pages_of_other_sites_unknown_hosts_and_strangers_are_refused() {
    let _mirror = mirror("control.strangers");
    let body = || Body::from(r#"{"enabled":false}"#);
    for (name, value, told) in [
        ("host", "evil.example", "is not known"),
        ("host", "localhost.evil.example", "is not known"),
        ("origin", "https://evil.example", "it comes from the origin"),
        ("origin", "null", "it comes from the origin"),
        (
            "origin",
            "http://localhost:3000",
            "it comes from the origin",
        ),
        ("sec-fetch-site", "cross-site", "another site"),
        ("sec-fetch-site", "same-site", "another site"),
        ("authorization", "Bearer of-nobody", "the guard refused it"),
        ("authorization", "", "the guard refused it"),
    ] {
        let mut request = put("/mirrors/control.strangers").body(body()).unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
        let got = send(&router(), request).await;
        assert_eq!(got.status, 403, "{name} {value}");
        assert!(error(&got).contains(told), "{}", got.body);
    }
    // Whether there is such a mirror is nothing for a stranger.
    let mut request = put("/mirrors/control.nobody").body(body()).unwrap();
    request.headers_mut().remove("authorization");
    assert_eq!(send(&router(), request).await.status, 403);
    assert!(control("control.strangers").state().is_enabled);
    for headers in [
        vec![],
        vec![
            ("origin", "http://localhost:8080"),
            ("sec-fetch-site", "same-origin"),
        ],
        vec![("host", "127.0.0.1:80")],
        vec![("host", "[::1]:80"), ("origin", "http://[::1]")],
    ] {
        let mut request = put("/mirrors/control.strangers").body(body()).unwrap();
        for (name, value) in &headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let got = send(&router(), request).await;
        assert_eq!(got.status, 200, "{headers:?} {}", got.body);
    }
    let known: Router = control_router_for(["admin.example.com"], |_| Some(Actor::new("x")));
    for (host, status) in [
        ("admin.example.com", 200),
        ("localhost", 200),
        ("evil.example.com", 403),
    ] {
        let request = Request::put("/mirrors/control.strangers")
            .header("host", host)
            .header("content-type", "application/json");
        assert_eq!(
            send(&known, request.body(body()).unwrap()).await.status,
            status,
            "{host}"
        );
    }
}

#[tokio::test]
async fn any_name_is_reached_and_every_change_is_logged_with_its_actor() {
    let name = "control/of a \"mirror\"::é";
    let _mirror = mirror(name);
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let control: Router = control_router(|_| Some(Actor::new("eve\n2027 INFO forged")));
    let request = Request::put("/mirrors/control%2Fof%20a%20%22mirror%22%3A%3A%C3%A9")
        .header("host", "localhost")
        .header("content-type", "application/json");
    let body = json!({ "enabled": false, "reason": "a\nb" }).to_string();
    let got = send(&control, request.body(body.into()).unwrap()).await;
    assert_eq!(got.status, 200, "{}", got.body);
    let text = log.text();
    let line = text
        .lines()
        .find(|line| line.contains("mirror changed"))
        .unwrap();
    assert!(
        line.contains("INFO") && line.contains("eve2027 INFO forged"),
        "{line}"
    );
    assert!(line.contains("enabled: Some(false)"), "{line}");
    assert!(
        text.lines()
            .all(|line| !line.starts_with("2027 INFO") && !line.starts_with('b')),
        "{text}"
    );
}

/// Set for the process in which no other test runs.
const ALONE: &str = "MIRROR_TEST_ALONE";

/// Those of the other tests as well: the rest is in a process of its own.
#[tokio::test]
async fn all_mirrors_are_changed_at_once() {
    let _mirror = mirror("control.all");
    let got = change("/mirrors", &json!({ "percentage": { "x": 1 } })).await;
    assert_eq!(got.status, 400);
    testkit::passes_with("all_off", vec![(ALONE, "1".to_owned())]).await;
}

/// In a process of its own: the test above starts it.
#[tokio::test]
async fn all_off() {
    if std::env::var_os(ALONE).is_none() {
        return;
    }
    let before = mirror("control.before");
    let got = change("/mirrors", &json!({ "enabled": false })).await;
    assert_eq!(got.status, 200, "{}", got.body);
    let all: Value = serde_json::from_str(&got.body).unwrap();
    assert_eq!(all["mirrors"][0]["control"]["is_enabled"], false);
    assert!(!before.control().state().is_enabled);
    let later = mirror("control.later");
    assert!(!later.control().state().is_enabled);
    assert_eq!(
        change("/mirrors", &json!({ "reset": true })).await.status,
        200
    );
    assert!(later.control().state().is_enabled);
    let shop = Shop::start("control.anew", |builder| {
        builder.compare(mirror_runtime::CompareMode::Json)
    })
    .await;
    let got = change("/mirrors", &json!({ "restart_report": true })).await;
    assert_eq!(got.status, 200, "{}", got.body);
    assert_eq!(shop.mirror.report_restarts(), 1);
}

#[tokio::test]
async fn a_change_for_the_fleet_goes_to_the_fleet_and_not_to_this_process() {
    let _mirror = mirror("control.fleet");
    let fleet = Three::default();
    let router = |fleet: Three| {
        let control = control_router_of_fleet(fleet, [""; 0], token);
        Router::new().nest("/control", control)
    };
    let off = json!({ "fleet": true, "enabled": false, "for_seconds": 60 });
    let send = async |router: Router, path: &str| {
        let request = put(path).body(Body::from(off.to_string())).unwrap();
        support::send(&router, request).await
    };
    for path in ["/mirrors/control.fleet", "/mirrors"] {
        let got = send(router(fleet.clone()), path).await;
        assert_eq!(got.status, 200);
        // What is now set for the fleet, and what counts here.
        let value: Value = serde_json::from_str(&got.body).unwrap();
        let all = value["mirrors"].as_array();
        let one = all.and_then(|all| all.iter().find(|it| it["mirror"] == "control.fleet"));
        let one = one.unwrap_or(&value);
        assert_eq!(one["fleet"][0]["is_enabled"], false, "{value}");
        assert_eq!(one["fleet"][0]["actor"], "ada");
        assert_eq!(one["control"]["is_enabled"], true);
    }
    {
        let changes = fleet.changes.lock().unwrap();
        let expected = Change::default().for_fleet().enabled(false).for_seconds(60);
        assert_eq!(
            *changes,
            [Some("control.fleet".to_owned()), None].map(|of| (
                of,
                "ada".to_owned(),
                expected.clone()
            ))
        );
    }
    assert!(control("control.fleet").state().is_enabled);
    let away = Three {
        is_away: true,
        ..Three::default()
    };
    let got = send(router(away), "/mirrors/control.fleet").await;
    assert_eq!(
        (got.status, error(&got)),
        (503, "NATS is away: nothing was changed".into())
    );
    // A process that is in none.
    let got = send(self::router(), "/mirrors/control.fleet").await;
    assert_eq!(got.status, 400);
    assert!(error(&got).contains("in no fleet"), "{}", got.body);
    let got = change("/mirrors/control.fleet", &json!({ "fleet": true })).await;
    assert_eq!(got.status, 400, "nothing to change: {}", got.body);
}

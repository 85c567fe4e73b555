//! The page over HTTP: its files, its headers, its mounts and its streams.

mod support;

use std::time::Duration;

use axum::{Router, body::Body};
use http::{Method, Request};
use http_body_util::BodyExt;
use mirror_dashboard::{Dashboard, dashboard};
use mirror_runtime::CompareMode;
use serde_json::{Value, json};
use testkit::{eventually, until};
use tower::ServiceExt;

use support::{Shop, get, send};

const FILES: [&str; 5] = ["/", "/page.js", "/page.css", "/snapshot.json", "/events"];

/// The values of an attribute, in the order of the page.
fn attributes<'p>(page: &'p str, name: &str) -> Vec<&'p str> {
    let start = format!(" {name}=\"");
    let values = page.split(&start).skip(1);
    values.map(|rest| rest.split('"').next().unwrap()).collect()
}

/// What a browser makes of a reference in a page.
fn resolved(page: &str, reference: &str) -> String {
    let url = url::Url::parse("http://page.test")
        .unwrap()
        .join(page)
        .unwrap();
    let url = url.join(reference).unwrap();
    assert_eq!(url.host_str(), Some("page.test"), "{reference}");
    url.path().to_owned()
}

/// Opens the page at a path as a browser does, and gets all that it loads. `asked` is the path that
/// the app is asked for when a browser asks for one: a proxy may take off a prefix.
async fn loads(app: &Router, page: &str, header: Option<&str>, asked: impl Fn(&str) -> String) {
    let mut request = Request::get(asked(page));
    if let Some(prefix) = header {
        request = request.header("x-forwarded-prefix", prefix);
    }
    let got = send(app, request.body(Body::empty()).unwrap()).await;
    assert_eq!(got.status, 200, "{page}");
    assert!(got.header("content-type").starts_with("text/html"));
    let mut references = attributes(&got.body, "href");
    references.retain(|reference| !reference.starts_with('#') && !reference.starts_with("data:"));
    let scripts = attributes(&got.body, "src");
    assert_eq!(scripts.len(), 1);
    let script = resolved(page, scripts[0]);
    // The script asks for its data beside itself.
    let data = ["snapshot.json", "events"].map(|name| resolved(&script, name));
    let files = references.iter().map(|reference| resolved(page, reference));
    for file in files.chain([script]).chain(data) {
        let (status, _) = head(app, &asked(&file)).await;
        assert_eq!(status, 200, "{page} loads {file}");
    }
}

/// The head of a response, whose body may never end.
async fn head(app: &Router, path: &str) -> (u16, http::HeaderMap) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let (head, _) = app.clone().oneshot(request).await.unwrap().into_parts();
    (head.status.as_u16(), head.headers)
}

fn as_it_is(path: &str) -> String {
    path.to_owned()
}

#[tokio::test]
async fn merged_at_the_root() {
    let app = Router::new().merge(dashboard());
    loads(&app, "/", None, as_it_is).await;
}

#[tokio::test]
async fn nested_and_asked_without_the_slash() {
    let app = Router::new().nest("/admin/mirror", dashboard());
    loads(&app, "/admin/mirror", None, as_it_is).await;
}

#[tokio::test]
async fn nested_as_a_service_with_and_without_the_slash() {
    let app = Router::new().nest_service("/admin/mirror", dashboard::<()>());
    loads(&app, "/admin/mirror", None, as_it_is).await;
    loads(&app, "/admin/mirror/", None, as_it_is).await;
}

#[tokio::test]
async fn nested_twice() {
    let inner = Router::new().nest("/mirror", dashboard());
    let app = Router::new().nest("/internal", Router::new().nest("/admin", inner));
    loads(&app, "/internal/admin/mirror", None, as_it_is).await;
    let inner = Router::new().nest_service("/mirror", dashboard::<()>());
    let app = Router::new().nest("/admin", inner);
    loads(&app, "/admin/mirror", None, as_it_is).await;
    loads(&app, "/admin/mirror/", None, as_it_is).await;
}

#[tokio::test]
async fn behind_a_proxy_that_strips_a_prefix() {
    let stripped = |path: &str| path.strip_prefix("/tools/shop").unwrap().to_owned();
    let app = Router::new().nest_service("/mirror", dashboard::<()>());
    loads(&app, "/tools/shop/mirror/", None, stripped).await;
    loads(&app, "/tools/shop/mirror", None, stripped).await;
    for page in ["/tools/shop/mirror/", "/tools/shop/mirror"] {
        loads(&app, page, Some("/tools/shop"), stripped).await;
    }
    // All of the path is the prefix. Without the slash only the header can tell.
    let app = Router::new().merge(dashboard());
    loads(&app, "/tools/shop/", None, stripped).await;
    let stripped = |path: &str| {
        let rest = path.strip_prefix("/tools/shop").unwrap();
        if rest.is_empty() {
            "/".to_owned()
        } else {
            rest.to_owned()
        }
    };
    loads(&app, "/tools/shop", Some("/tools/shop"), stripped).await;
}

#[tokio::test]
async fn a_hostile_prefix_leads_nowhere_and_breaks_out_of_nothing() {
    let app = Router::new().nest("/admin/mirror", dashboard());
    for prefix in [
        "//evil.example",
        "https://evil.example",
        "/\"><script>alert(1)</script>",
        "/a/../../b",
        "javascript:x",
    ] {
        let request = Request::get("/admin/mirror").header("x-forwarded-prefix", prefix);
        let got = send(&app, request.body(Body::empty()).unwrap()).await;
        assert!(!got.body.contains("evil"), "{prefix}");
        assert!(!got.body.contains("alert("), "{prefix}");
        assert_eq!(
            attributes(&got.body, "src"),
            ["./mirror/page.js"],
            "{prefix}"
        );
    }
}

#[tokio::test]
async fn a_hostile_path_breaks_out_of_nothing() {
    let app = Router::new().nest_service("/x/{name}", dashboard::<()>());
    for segment in [
        "javascript:alert(1)",
        "a\"><script>alert(1)<",
        "{base}",
        "a&quot;",
        "//evil.example",
    ] {
        let Ok(request) = Request::get(format!("/x/{segment}")).body(Body::empty()) else {
            continue;
        };
        let got = send(&app, request).await;
        if got.status == 200 {
            assert_eq!(got.body.matches("<script").count(), 1, "{segment}");
            resolved(
                "/x/y",
                &attributes(&got.body, "src")[0].replace("&quot;", "\""),
            );
        }
    }
}

#[tokio::test]
async fn every_response_keeps_the_browser_from_harm() {
    let app = Router::new().nest("/m", dashboard());
    for file in FILES {
        let path = format!("/m{}", file.trim_end_matches('/'));
        for method in [Method::GET, Method::POST] {
            let request = Request::builder().method(&method).uri(&path);
            let response = app
                .clone()
                .oneshot(request.body(Body::empty()).unwrap())
                .await
                .unwrap();
            let header = |name: &str| {
                response
                    .headers()
                    .get(name)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned()
            };
            assert_eq!(
                header("content-security-policy"),
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
                "{method} {file}"
            );
            assert_eq!(header("x-content-type-options"), "nosniff");
            assert_eq!(header("referrer-policy"), "no-referrer");
            assert_eq!(header("cache-control"), "no-store");
            assert_eq!(header("x-frame-options"), "DENY");
        }
    }
    let types = [
        ("", "text/html"),
        ("/page.js", "text/javascript"),
        ("/page.css", "text/css"),
        ("/snapshot.json", "application/json"),
        ("/events", "text/event-stream"),
    ];
    for (file, expected) in types {
        let (_, headers) = head(&app, &format!("/m{file}")).await;
        let found = headers["content-type"].to_str().unwrap();
        assert!(found.starts_with(expected), "{file}: {found}");
    }
}

#[tokio::test]
async fn only_get_is_served() {
    let app: Router = dashboard();
    for file in FILES {
        for method in [
            "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND",
        ] {
            let request = Request::builder()
                .method(method)
                .uri(file)
                .body(Body::empty())
                .unwrap();
            assert_eq!(send(&app, request).await.status, 405, "{method} {file}");
        }
    }
}

#[test]
fn the_page_makes_no_markup_of_text_and_has_nothing_inline() {
    let script = include_str!("../src/page/page.js");
    for word in [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
        "srcdoc",
        "setHTML",
        "createContextualFragment",
        "DOMParser",
        "javascript:",
        "http://",
        "https://",
        "import(",
        "setTimeout(\"",
        "localStorage",
        ".style",
    ] {
        let allowed = ["http://www.w3.org/2000/svg", "https://staging.example.com"];
        let mut text = script.to_owned();
        for allowed in allowed {
            text = text.replace(allowed, "");
        }
        assert!(!text.contains(word), "{word}");
    }
    let page = include_str!("../src/page/page.html");
    for word in [
        " style=",
        "<style",
        " onclick",
        " onload",
        " on",
        "javascript:",
        "//",
    ] {
        assert!(!page.contains(word), "{word}");
    }
    assert_eq!(page.matches("<script").count(), 1);
    let style = include_str!("../src/page/page.css");
    for word in ["@import", "url(", "http"] {
        assert!(!style.contains(word), "{word}");
    }
}

#[tokio::test]
async fn the_page_has_controls_only_where_it_is_told_and_examples_only_if_allowed() {
    let plain = get(&dashboard(), "/").await;
    assert_eq!(attributes(&plain.body, "data-control"), [""]);
    assert_eq!(attributes(&plain.body, "data-examples"), ["false"]);
    let page = Dashboard::new()
        .examples(true)
        .control_at("/admin/<\"mirror>-control/")
        .router();
    let page = get(&page, "/").await;
    assert_eq!(
        attributes(&page.body, "data-control"),
        ["/admin/&lt;&quot;mirror&gt;-control"]
    );
    assert_eq!(attributes(&page.body, "data-examples"), ["true"]);
}

#[test]
fn controls_are_called_at_no_other_host() {
    for path in [
        "https://evil.example",
        "//evil.example",
        "admin",
        "",
        "/\\evil.example",
    ] {
        let made = std::panic::catch_unwind(|| Dashboard::new().control_at(path));
        assert!(made.is_err(), "{path}");
    }
}

/// The first events of a stream, or all.
async fn events(app: &Router, last: Option<&str>, most: usize) -> Vec<(String, Value)> {
    let mut request = Request::get("/events");
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let response = app
        .clone()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    let mut body = response.into_body();
    let mut events = Vec::new();
    while events.len() < most
        && let Some(frame) = body.frame().await
    {
        let text = String::from_utf8(frame.unwrap().into_data().unwrap().to_vec()).unwrap();
        let field = |name: &str| {
            let mut lines = text.lines();
            lines
                .find_map(|line| line.strip_prefix(name))
                .unwrap()
                .trim()
                .to_owned()
        };
        events.push((field("id:"), serde_json::from_str(&field("data:")).unwrap()));
    }
    events
}

#[tokio::test]
async fn a_stream_ends_by_itself_and_goes_on_where_it_ended() {
    let shop = Shop::start("page.events", |builder| builder.compare(CompareMode::Json)).await;
    shop.differ().await;
    let app: Router = dashboard();
    let first = events(&app, None, usize::MAX).await;
    assert_eq!(first.len(), 10);
    let (_, whole) = &first[0];
    assert_eq!(whole["is_whole"], true);
    let mirrors = whole["mirrors"].as_array().unwrap();
    assert!(mirrors.iter().any(|mirror| mirror["name"] == "page.events"));
    assert_eq!(whole["count"], mirrors.len());
    for (_, event) in &first[1..] {
        assert_eq!(event["is_whole"], false);
    }
    // What has changed since is in the next stream, and nothing else of it.
    let (id, _) = first.last().unwrap();
    let (_, next) = &events(&app, Some(id), 1).await[0];
    assert_eq!(next["is_whole"], false);
    // Another process knows nothing of this one.
    let other: Router = dashboard();
    let (_, next) = &events(&other, Some(id), 1).await[0];
    assert_eq!(next["is_whole"], true);
}

#[tokio::test]
async fn at_most_sixteen_streams_are_open_and_one_that_is_left_makes_room() {
    let app: Router = dashboard();
    let open = || async {
        let request = Request::get("/events").body(Body::empty()).unwrap();
        app.clone().oneshot(request).await.unwrap()
    };
    let mut streams = Vec::new();
    for _ in 0..16 {
        let response = open().await;
        assert_eq!(response.status(), 200);
        streams.push(response);
    }
    let refused = open().await;
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "5");
    drop(refused);
    drop(streams.pop());
    assert_eq!(open().await.status(), 200);
}

#[tokio::test]
async fn streams_end_when_the_server_has_to_go() {
    let app: Router = dashboard();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(async move {
        axum::serve(listener, app)
            .with_graceful_shutdown(async {
                let _ = stopped.await;
            })
            .await
    });
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = b"GET /events HTTP/1.1\r\nhost: localhost\r\n\r\n";
    tokio::io::AsyncWriteExt::write_all(&mut stream, request)
        .await
        .unwrap();
    let mut start = [0; 512];
    let read = tokio::io::AsyncReadExt::read(&mut stream, &mut start)
        .await
        .unwrap();
    assert!(read > 0);
    stop.send(()).unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(15), server).await;
    ended
        .expect("the stream held the server up")
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_router_that_is_gone_ends_its_streams() {
    let app: Router = dashboard();
    let request = Request::get("/events").body(Body::empty()).unwrap();
    let stream = app.oneshot(request).await.unwrap();
    // Whatever it has told by then, it ends long before ten events.
    let body = eventually("the stream ends", stream.into_body().collect())
        .await
        .unwrap();
    let told = String::from_utf8_lossy(&body.to_bytes())
        .matches("data:")
        .count();
    assert!(told < 10, "{told}");
}

#[tokio::test]
async fn numbers_move_in_events_and_what_stands_still_is_in_none() {
    let shop = Shop::start("page.moves", |builder| builder).await;
    shop.differ().await;
    let app: Router = dashboard();
    let before = events(&app, None, 4).await;
    let told = |event: &Value| {
        let mut mirrors = event["mirrors"].as_array().unwrap().iter();
        let found = mirrors.find(|mirror| mirror["name"] == "page.moves")?;
        found["targets"][0]["stats"]["received"].as_u64()
    };
    // It is looked at once more after the last change, when its rate has changed.
    let [(_, first), .., (id, last)] = &*before else {
        panic!("{before:?}")
    };
    assert_eq!((told(first), told(last)), (Some(3), None));
    shop.differ().await;
    let after = events(&app, Some(id), usize::MAX).await;
    let numbers: Vec<_> = after.iter().filter_map(|(_, event)| told(event)).collect();
    assert!(numbers.contains(&6), "{numbers:?}");
}

#[tokio::test]
async fn windows_begin_with_the_mirror_and_not_with_the_router() {
    let shop = Shop::start("page.windows", |builder| builder).await;
    shop.differ().await;
    let app: Router = dashboard();
    shop.differ().await;
    let got = get(&app, "/snapshot.json?mirror=page.windows").await;
    let snapshot: Value = serde_json::from_str(&got.body).unwrap();
    let target = &snapshot["mirrors"][0]["targets"][0];
    assert_eq!(target["stats"]["received"], 6);
    let windows = target["windows"].as_array().unwrap().iter();
    let received: Vec<_> = windows
        .map(|window| window["received"].as_u64().unwrap())
        .collect();
    assert_eq!(received, [6, 6, 6]);
    // They do not say that they cover more than there is.
    let seconds = |index: usize| target["windows"][index]["seconds"].as_u64().unwrap();
    let age = shop.mirror.stats().since.elapsed().unwrap().as_secs();
    assert!(seconds(0) <= age && seconds(1) <= age, "{age}");
}

#[tokio::test]
async fn summaries_of_all_mirrors_are_those_of_each() {
    let shop = Shop::start("page.summaries", |builder| {
        builder.compare(CompareMode::Json)
    })
    .await;
    let app: Router = dashboard();
    let received = async |path: &str| {
        let got = get(&app, path).await;
        assert_eq!(got.header("content-type"), "application/json");
        let snapshot: Value = serde_json::from_str(&got.body).unwrap();
        let mut mirrors = snapshot["mirrors"].as_array().unwrap().iter();
        let found = mirrors.find(|mirror| mirror["name"] == "page.summaries");
        let target = &found.unwrap()["targets"][0];
        let stats = &target["stats"];
        let counts = ["received", "compared", "raw_mismatched"].map(|count| stats[count].clone());
        (json!(counts), target["verdict"].clone())
    };
    for count in [3, 6, 9] {
        shop.differ().await;
        let all = received("/snapshot.json?summary=true").await;
        assert_eq!(
            all,
            (json!([count, count, count]), json!("not_enough_data"))
        );
        let one = received("/snapshot.json?summary=true&mirror=page.summaries").await;
        assert_eq!(one, all);
    }
}

#[tokio::test]
async fn the_thread_ends_with_its_router() {
    // All threads of this process by name, where the system says so.
    let threads = || {
        let tasks = std::fs::read_dir("/proc/self/task")
            .into_iter()
            .flatten()
            .flatten();
        let names = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
        names
            .filter(|name| name.starts_with("mirror-dashboar"))
            .count()
    };
    let apps: Vec<Router> = (0..40).map(|_| dashboard()).collect();
    if !std::path::Path::new("/proc/self/task").exists() {
        return;
    }
    until("they run", || threads() >= 40).await;
    drop(apps);
    // Other tests have their own.
    until("they end", || threads() < 40).await;
}

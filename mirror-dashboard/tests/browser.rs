//! The page in a real browser. One test at a time: each has the mirrors of the process for itself.

#[path = "support/browser.rs"]
mod browser;
mod support;

use std::sync::LazyLock;

use axum::{Json, Router, routing::any};
use http::header::HeaderName;
use mirror_dashboard::{Actor, Dashboard, control_router, control_router_of_fleet};
use mirror_runtime::{CompareMode, Mirror, MirrorBuilder, Target};
use serde_json::{Value, json};
use testkit::{Primary, until};
use tokio::sync::{Mutex, MutexGuard};

use browser::{Browser, browse};
use support::{Shop, fleet::Three};

/// Waits until no other test is at it, and the mirrors of those before are gone: the page opens few
/// mirrors by itself, and none if there are many.
async fn turn() -> MutexGuard<'static, ()> {
    static TURN: LazyLock<Mutex<()>> = LazyLock::new(Mutex::default);
    let turn = TURN.lock().await;
    until("the mirrors of other tests are gone", || {
        mirror_runtime::mirrors().is_empty()
    })
    .await;
    turn
}

/// The page with examples and with controls, at `/admin/mirror` of a server.
async fn serve() -> (Primary, String) {
    let page = Dashboard::new()
        .examples(true)
        .control_at("/admin/mirror-control");
    let control = control_router(|_| Some(Actor::new("ada")));
    let app = Router::new()
        .nest("/admin/mirror", page.router())
        .nest("/admin/mirror-control", control);
    let server = Primary::start(app).await;
    let url = format!("http://{}/admin/mirror", server.host());
    (server, url)
}

fn comparing(builder: MirrorBuilder) -> MirrorBuilder {
    builder.compare(CompareMode::Json)
}

/// The page broke none of its own rules, and no error came up.
async fn is_quiet(browser: &Browser) {
    let console = browser.console().await;
    assert!(console.is_empty(), "{console:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_move_under_traffic_and_the_layout_fits_every_width() {
    let _turn = turn().await;
    let shop = Shop::start("orders", comparing).await;
    let (_server, url) = serve().await;
    shop.differ().await;
    browse(async |browser| {
        browser.open(&url).await;
        browser.until("document.querySelector('.equation b')?.textContent === '3'").await;
        assert_eq!(browser.text("#status").await, "Live");
        let text = browser.text("article").await;
        for told in [
            "not enough data",
            "3 compared, 100 are needed",
            "On by the code",
            "3 received = 3 sent + 0 skipped + 0 shed",
            "3 sent = 3 answered + 0 failed + 0 in flight",
            "closed",
            "ignore = [\"/at\"]",
            "GET /orders/",
        ] {
            assert!(text.contains(told), "{told}: {text}");
        }
        // Somebody reads on while numbers move: what has the focus keeps it.
        browser.value("document.querySelector('.row').focus()").await;
        shop.differ().await;
        browser.until("document.querySelector('.equation b').textContent === '6'").await;
        assert_eq!(browser.value("document.activeElement.className").await, "row");
        browser.until("document.querySelectorAll('svg path').length === 2").await;
        for (width, height) in [(320, 2200), (1280, 1100), (3840, 2160)] {
            browser.resize(width, height).await;
            let overflowing = browser.overflowing().await;
            assert!(overflowing.is_empty(), "{width}: {overflowing:#?}");
            browser.picture(&format!("at_{width}")).await;
        }
        browser.resize(1280, 1100).await;
        let paper = "getComputedStyle(document.body).backgroundColor";
        let light = browser.value(paper).await;
        browser.prefer("prefers-color-scheme", "dark").await;
        assert_ne!(browser.value(paper).await, light);
        browser.picture("dark").await;
        browser.prefer("prefers-reduced-motion", "reduce").await;
        let moving = "[...document.querySelectorAll('*')].filter((one) => parseFloat(getComputedStyle(one).transitionDuration) > 0).length";
        assert_eq!(browser.value(moving).await, 0);
        is_quiet(&browser).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_switch_and_the_share_work_after_a_confirmation() {
    let _turn = turn().await;
    let shop = Shop::start("orders", comparing).await;
    let (_server, url) = serve().await;
    shop.differ().await;
    browse(async |browser| {
        browser.open(&url).await;
        let press = async |label: &str| {
            let found = format!("[...document.querySelectorAll('article button')].find((one) => one.textContent === {label:?})");
            browser.until(&found).await;
            browser.value(&format!("{found}.click()")).await;
            browser.until("document.querySelector('dialog').open").await;
        };
        // Who thinks better of it changes nothing.
        press("Switch off…").await;
        browser.until("document.activeElement.textContent === 'Cancel'").await;
        browser.picture("dialog").await;
        browser.type_keys(&["Escape"]).await;
        browser.until("!document.querySelector('dialog').open").await;
        assert!(shop.mirror.control().state().is_enabled);

        press("Switch off…").await;
        browser.press("#sure").await;
        browser.until("document.querySelector('.switch').textContent.includes('Off by ada (api)')").await;
        assert!(!shop.mirror.control().state().is_enabled);
        let sent = shop.mirror.stats().targets[0].sent;
        shop.differ().await;
        assert_eq!(shop.mirror.stats().targets[0].sent, sent);

        press("Switch on…").await;
        browser.press("#sure").await;
        browser.until("document.querySelector('.switch').textContent.includes('On by ada (api)')").await;
        assert!(shop.mirror.control().state().is_enabled);

        press("Change…").await;
        browser.value("(document.getElementById('ask-share').value = '12.5')").await;
        browser.value("(document.getElementById('ask-lasts').value = '3600')").await;
        browser.press("#sure").await;
        browser.until("document.querySelector('.target dd').textContent.includes('12.5 % of 100 %')").await;
        let state = shop.mirror.control().state();
        assert!((state.targets[0].percentage - 12.5).abs() < 1e-9);
        assert!(state.targets[0].until.is_some());

        press("Reset…").await;
        browser.press("#sure").await;
        browser.until("document.querySelector('.switch').textContent.includes('by the code')").await;
        is_quiet(&browser).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_told_and_without_a_control_router_there_are_no_controls() {
    let _turn = turn().await;
    let shop = Shop::start("orders", comparing).await;
    shop.differ().await;
    let page = Dashboard::new().control_at("/control").router();
    let app = Router::new()
        .nest("/mirror", page)
        .nest("/control", control_router(|_| None))
        .nest("/plain", mirror_dashboard::dashboard());
    let server = Primary::start(app).await;
    browse(async |browser| {
        browser.open(&format!("http://{}/mirror", server.host())).await;
        browser.press(".switch button").await;
        browser.press("#sure").await;
        browser.until("document.getElementById('told').textContent === 'Nothing was changed: the guard refused it'").await;
        assert!(shop.mirror.control().state().is_enabled);
        browser.open(&format!("http://{}/plain", server.host())).await;
        browser.until("document.querySelector('.switch')").await;
        assert_eq!(browser.value("document.querySelectorAll('.switch button').length").await, 0);
        let text = browser.text("main").await;
        assert!(!text.contains("Example"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_without_mirrors_says_what_to_do() {
    let _turn = turn().await;
    let (_server, url) = serve().await;
    browse(async |browser| {
        browser.open(&url).await;
        browser.until("document.querySelector('.empty')").await;
        assert!(browser.text(".empty").await.contains("#[mirror(targets"));
        browser.picture("empty").await;
        is_quiet(&browser).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hidden_tab_lets_go_and_comes_back() {
    let _turn = turn().await;
    let shop = Shop::start("orders", |builder| builder).await;
    let (server, url) = serve().await;
    shop.differ().await;
    browse(async |browser| {
        browser.open(&url).await;
        browser.until("document.querySelector('.equation')").await;
        let hide = async |hidden: bool| {
            browser.value(&format!("Object.defineProperty(document, 'hidden', {{ value: {hidden}, configurable: true }}) && document.dispatchEvent(new Event('visibilitychange'))")).await;
        };
        hide(true).await;
        browser.until("document.getElementById('status').textContent === 'Paused'").await;
        let others: Vec<_> = futures_util::future::join_all((0..16).map(|_| async {
            let mut stream = server.connect().await;
            let request = b"GET /admin/mirror/events HTTP/1.1\r\nhost: localhost\r\n\r\n";
            tokio::io::AsyncWriteExt::write_all(&mut stream, request).await.unwrap();
            let mut start = [0; 12];
            tokio::io::AsyncReadExt::read_exact(&mut stream, &mut start).await.unwrap();
            (stream, start)
        }))
        .await;
        // All sixteen places are free.
        assert!(others.iter().all(|(_, start)| start == b"HTTP/1.1 200"));
        drop(others);
        shop.differ().await;
        hide(false).await;
        browser.until("document.querySelector('.equation b').textContent === '6'").await;
        assert_eq!(browser.text("#status").await, "Live");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_mirrors_of_eight_targets_are_usable() {
    let _turn = turn().await;
    let mirror = |number: usize| {
        let targets = (0..8).map(|target| {
            let url = format!("http://127.0.0.1:9/{target}");
            Target::new(url).unwrap().named(format!("target {target}"))
        });
        let builder = Mirror::builder().name(format!("service::route_{number:03}"));
        let builder = targets.fold(builder, MirrorBuilder::target);
        builder.compare(CompareMode::Json).build().unwrap()
    };
    let mirrors: Vec<_> = (0..500).map(mirror).collect();
    let (_server, url) = serve().await;
    browse(async |browser| {
        browser.open(&url).await;
        browser.until("document.querySelectorAll('article').length >= 40").await;
        assert!(browser.text("#all").await.contains("500 mirrors"));
        // Rows are made as they are needed.
        let rows = browser.value("document.querySelectorAll('article').length").await;
        assert!(rows.as_u64().unwrap() < 500);
        browser.picture("many").await;
        let rows = rows.as_u64().unwrap();
        browser.value("scrollTo(0, document.body.scrollHeight)").await;
        browser.until(&format!("document.querySelectorAll('article').length > {rows}")).await;
        let filter = async |text: &str| {
            browser.value(&format!("(document.getElementById('filter').value = {text:?}) + document.getElementById('filter').dispatchEvent(new Event('input'))")).await;
        };
        filter("route_49").await;
        browser.until("document.querySelectorAll('article').length === 10").await;
        browser.press("article .row").await;
        browser.until("document.querySelectorAll('article .target').length === 8").await;
        browser.until("document.querySelector('article .targets').textContent.includes('Nothing was compared yet')").await;
        browser.picture("many_open").await;
        filter("nothing like it").await;
        browser.until("document.querySelector('main').textContent === 'No mirror fits the filter.'").await;
        is_quiet(&browser).await;
    })
    .await;
    drop(mirrors);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_read_by_the_keyboard_and_by_screen_readers() {
    let _turn = turn().await;
    let shop = Shop::start("orders", comparing).await;
    let (_server, url) = serve().await;
    shop.differ().await;
    browse(async |browser| {
        browser.open(&url).await;
        browser.until("document.querySelector('.differences')").await;
        // Each control has a name, and each is reached with the key.
        let nameless = "[...document.querySelectorAll('button, input, select, a')].filter((one) => !(one.textContent.trim() || one.labels?.length || one.getAttribute('aria-label'))).length";
        assert_eq!(browser.value(nameless).await, 0);
        for key in 0..40 {
            if browser.value("document.activeElement.className === 'row'").await == json!(true) {
                break;
            }
            assert!(key < 39, "the row is not reached");
            browser.type_keys(&["Tab"]).await;
        }
        assert_eq!(browser.value("document.activeElement.ariaExpanded").await, "true");
        browser.value("document.activeElement.click()").await;
        browser.until("document.activeElement.ariaExpanded === 'false' && !document.querySelector('.body')").await;
        browser.value("document.activeElement.click()").await;
        browser.until("document.querySelector('.differences')").await;
        // As assistive technology is told.
        let tree = browser.devtools("Accessibility.getFullAXTree", json!({})).await;
        let nodes = tree["nodes"].as_array().unwrap();
        let has = |role: &str, name: &str| {
            nodes.iter().any(|node| {
                node["role"]["value"] == role
                    && node["name"]["value"].as_str().is_some_and(|found| found.contains(name))
            })
        };
        for (role, name) in [
            ("main", ""),
            ("heading", "Mirrors"),
            ("button", "orders"),
            ("heading", "shadow"),
            ("table", "Latency of shadow"),
            ("rowheader", "primary"),
            ("columnheader", "p99"),
            ("image", "p99 of shadow"),
            ("button", "Copy ignore"),
            ("button", "Change the share of shadow"),
            ("combobox", "Window"),
            ("searchbox", "Filter"),
        ] {
            let skips = role == "image";
            assert!(skips || has(role, name), "{role} {name}");
        }
    })
    .await;
}

/// Marks that run a script wherever they become markup.
const HOSTILE: &str = "\"'><img src=x onerror=\"window.pwned=1\"><script>window.pwned=1</script>";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_data_stays_text_and_secrets_stay_out() {
    let _turn = turn().await;
    let respond = |value: &'static str, secret: &'static str| {
        any(move || {
            let header = HeaderName::from_static("x-hostile");
            let body = json!({
                "value": format!("{HOSTILE}{value}"),
                "nested": { HOSTILE: value, "card": secret },
            });
            std::future::ready(([(header, format!("{value}{HOSTILE}"))], Json(body)))
        })
    };
    let name = format!("orders{HOSTILE}");
    let with = |builder: MirrorBuilder| {
        builder
            .compare(CompareMode::Json)
            .compare_headers(["x-hostile"])
            .redact(["/nested/card"])
            .target(
                Target::new("http://127.0.0.1:9")
                    .unwrap()
                    .named(format!("target{HOSTILE}")),
            )
    };
    let (one, other) = ("one", "other");
    let shop = Shop::with(
        &name,
        with,
        Router::new().fallback(respond(one, "4111-secret-one")),
        Router::new().fallback(respond(other, "4242-secret-other")),
    )
    .await;
    let path = "/%22%3E%3Cimg%20src=x%20onerror=window.pwned=1%3E/a'b?token=secret-of-query&x=%3Cscript%3E";
    for _ in 0..3 {
        shop.primary.get(path).await;
    }
    shop.settle(3).await;
    let (server, url) = serve().await;
    browse(async |browser| {
        browser.open(&url).await;
        browser.until("document.querySelector('.example')").await;
        // Every example once.
        let count = browser.value("document.querySelectorAll('.differences button[aria-pressed]').length").await;
        for index in 0..count.as_u64().unwrap() {
            browser.value(&format!("document.querySelectorAll('.differences button[aria-pressed]')[{index}].click()")).await;
        }
        let text = browser.text("main").await;
        assert!(text.contains(&name), "{text}");
        assert!(text.contains(&format!("target{HOSTILE}")), "{text}");
        assert!(text.contains("/nested/"), "{text}");
        assert_eq!(browser.value("window.pwned ?? null").await, Value::Null);
        assert_eq!(browser.value("document.querySelectorAll('img, main script').length").await, 0);
        let page = browser.value("document.documentElement.outerHTML").await;
        let host = server.host();
        let all = server.get("/admin/mirror/snapshot.json?examples=true&series=true").await;
        let mut events = server.connect().await;
        let request = format!("GET /admin/mirror/events HTTP/1.0\r\nhost: {host}\r\n\r\n");
        tokio::io::AsyncWriteExt::write_all(&mut events, request.as_bytes()).await.unwrap();
        let mut told = Vec::new();
        tokio::io::AsyncReadExt::read_to_end(&mut events, &mut told).await.unwrap();
        let told = String::from_utf8_lossy(&told);
        assert!(told.contains("orders"), "{told}");
        for place in [page.as_str().unwrap(), all.text(), &told] {
            assert!(!place.contains("secret"), "{place}");
        }
        is_quiet(&browser).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_instances_are_shown_and_switched_beside_this_process() {
    let _turn = turn().await;
    let shop = Shop::start("orders", comparing).await;
    shop.differ().await;
    let fleet = Three::default();
    let page = Dashboard::new()
        .fleet(fleet.clone())
        .control_at("/admin/mirror-control");
    let control = control_router_of_fleet(fleet.clone(), [""; 0], |_| Some(Actor::new("ada")));
    let app = Router::new()
        .nest("/admin/mirror", page.router())
        .nest("/admin/mirror-control", control);
    let server = Primary::start(app).await;
    let url = format!("http://{}/admin/mirror", server.host());
    browse(async |browser| {
        browser.open(&url).await;
        browser
            .until("document.querySelector('.fleet tbody td:nth-of-type(4)')?.textContent === '9'")
            .await;
        let text = browser.text(".fleet").await;
        for told in [
            "All instances, epoch 2",
            "1 running, 1 finished, ▲ 1 missing: pod-2 (since",
            "9 compared, 100 are needed",
            "Its circuit is open in 1",
            "Set for all instances: off, by ada, until ",
            ": too slow; All mirrors: rewrite 5 %.",
        ] {
            assert!(text.contains(told), "{told}: {text}");
        }
        for (width, height) in [(320, 2400), (1280, 1400)] {
            browser.resize(width, height).await;
            let overflowing = browser.overflowing().await;
            assert!(overflowing.is_empty(), "{width}: {overflowing:#?}");
            browser.picture(&format!("fleet_{width}")).await;
        }
        browser.press(".switch button").await;
        browser.press("#ask-fleet").await;
        browser.press("#sure").await;
        browser
            .until("document.getElementById('live').textContent === 'Changed.'")
            .await;
        let changes = fleet.changes.lock().unwrap().clone();
        assert_eq!(changes.len(), 1);
        assert!(changes[0].2.fleet && changes[0].2.enabled == Some(false));
        is_quiet(&browser).await;
    })
    .await;
}

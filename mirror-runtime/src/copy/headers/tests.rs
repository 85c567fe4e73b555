use http::Request;

use super::*;

fn applied(rules: &HeaderRules, request: http::request::Builder) -> HeaderMap {
    let (parts, ()) = request.body(()).unwrap().into_parts();
    rules.apply(&mut Original::of(&parts)).unwrap()
}

fn names(headers: &HeaderMap) -> Vec<&str> {
    let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    names
}

#[test]
fn end_to_end_headers_travel_and_others_do_not() {
    let request = Request::get("/")
        .header("host", "shop.example")
        .header("accept", "a")
        .header("accept", "b")
        .header("connection", "close, X-Secret")
        .header("connection", "x-other")
        .header("x-secret", "1")
        .header("x-other", "1")
        .header("te", "trailers")
        .header("keep-alive", "timeout=5")
        .header("proxy-authorization", "Basic x")
        .header("upgrade", "h2c")
        .header("http2-settings", "AAMAAABkAAQAoAAAAAIAAAAA")
        .header("expect", "100-continue")
        .header("content-length", "5");
    let headers = applied(&HeaderRules::default(), request);
    assert_eq!(names(&headers), ["accept", "x-mirrored-from"]);
    assert_eq!(
        headers.get_all("accept").iter().collect::<Vec<_>>(),
        ["a", "b"]
    );
    assert_eq!(headers[MIRRORED_FROM], "shop.example");
}

#[test]
fn the_host_is_the_authority_where_there_is_no_header() {
    let rules = HeaderRules {
        preserve_host: true,
        ..HeaderRules::default()
    };
    let headers = applied(&rules, Request::get("http://user:secret@shop.example:81/"));
    assert_eq!(headers[MIRRORED_FROM], "shop.example:81");
    assert_eq!(headers[header::HOST], "shop.example:81");
    assert_eq!(applied(&rules, Request::get("/"))[MIRRORED_FROM], "unknown");
}

#[test]
fn removing_comes_before_setting() {
    let rules = HeaderRules {
        strip_credentials: true,
        remove: vec![HeaderName::from_static("x-internal")],
        set: vec![(header::AUTHORIZATION, HeaderValue::from_static("shadow"))],
        ..HeaderRules::default()
    };
    let request = Request::get("/")
        .header("authorization", "client")
        .header("cookie", "a=b")
        .header("x-api-key", "k")
        .header("x-internal", "1")
        .header("x-internal", "2");
    let headers = applied(&rules, request);
    assert_eq!(names(&headers), ["authorization", "x-mirrored-from"]);
    assert_eq!(headers["authorization"], "shadow");
}

#[test]
fn a_copy_without_body_has_no_headers_about_one() {
    let rules = HeaderRules {
        without_body: true,
        ..HeaderRules::default()
    };
    let request = Request::post("/")
        .header("content-length", "5")
        .header("content-type", "a/b");
    assert_eq!(names(&applied(&rules, request)), ["x-mirrored-from"]);
}

#[test]
fn cookies_of_http_2_are_joined() {
    let request = |version| {
        Request::get("/")
            .version(version)
            .header("cookie", "a=1")
            .header("cookie", "b=2")
    };
    let joined = applied(&HeaderRules::default(), request(Version::HTTP_2));
    assert_eq!(
        joined.get_all("cookie").iter().collect::<Vec<_>>(),
        ["a=1; b=2"]
    );
    let verbatim = applied(&HeaderRules::default(), request(Version::HTTP_11));
    assert_eq!(verbatim.get_all("cookie").iter().count(), 2);
}

#[test]
fn trailers_about_the_framing_the_routing_and_the_connection_stay() {
    let arrived = || {
        let names = ["x-sum", "grpc-status", "x-api-key", "x-internal", "x-env"];
        let no_trailers = ["content-length", "host", "connection", "te", "cookie"];
        let all = names.into_iter().chain(no_trailers);
        all.map(|name| (HeaderName::from_static(name), HeaderValue::from_static("1")))
            .collect::<HeaderMap>()
    };
    let travel = HeaderRules::default().apply_to_trailers(arrived());
    assert_eq!(
        names(&travel),
        ["grpc-status", "x-api-key", "x-env", "x-internal", "x-sum"]
    );
    let rules = HeaderRules {
        strip_credentials: true,
        remove: vec![HeaderName::from_static("x-internal")],
        set: vec![(
            HeaderName::from_static("x-env"),
            HeaderValue::from_static("shadow"),
        )],
        ..HeaderRules::default()
    };
    let travel = rules.apply_to_trailers(arrived());
    assert_eq!(names(&travel), ["grpc-status", "x-sum"]);
}

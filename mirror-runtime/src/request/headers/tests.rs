use http::Request;

use super::*;

fn applied(rules: &HeaderRules, request: http::request::Builder) -> HeaderMap {
    let (parts, ()) = request.body(()).unwrap().into_parts();
    rules.apply(&mut Original::from_parts(&parts)).unwrap()
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
fn headers_that_are_left_out_change_nothing_in_the_order_of_the_others() {
    let rules = HeaderRules {
        without_body: true,
        strip_credentials: true,
        remove: vec![HeaderName::from_static("x-internal")],
        set: vec![(
            HeaderName::from_static("b"),
            HeaderValue::from_static("set"),
        )],
        ..HeaderRules::default()
    };
    let mut request = Request::get("/");
    for name in [
        "host",
        "cookie",
        "a",
        "x-internal",
        "b",
        "authorization",
        "c",
        "content-type",
        "d",
        "mirror-signature",
        "e",
    ] {
        request = request.header(name, "1");
    }
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let within = rules.apply_within(&Original::from_parts(&parts)).unwrap();
    let sent = rules.apply(&mut Original::from_parts(&parts)).unwrap();
    let names = |headers: &HeaderMap| -> Vec<_> {
        let names = headers.keys().filter(|name| *name != header::HOST);
        names.map(ToString::to_string).collect()
    };
    for headers in [sent, within] {
        assert_eq!(
            names(&headers),
            ["a", "b", "c", "d", "e", "x-mirrored-from"]
        );
        assert_eq!(headers["b"], "set");
    }
    let trailers = ["a", "x-internal", "b", "c", "d"];
    let trailers = trailers.map(|name| (HeaderName::from_static(name), "1".parse().unwrap()));
    let rules = HeaderRules {
        without_body: false,
        ..rules
    };
    let trailers = rules.apply_to_trailers(trailers.into_iter().collect());
    assert_eq!(names(&trailers), ["a", "c", "d"]);
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
fn the_authority_counts_instead_of_a_host_that_contradicts_it() {
    let rules = HeaderRules {
        preserve_host: true,
        ..HeaderRules::default()
    };
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let request = Request::get("http://shop.example:81/x")
            .version(version)
            .header("host", "evil.example");
        let headers = applied(&rules, request);
        assert_eq!(headers[MIRRORED_FROM], "shop.example:81");
        assert_eq!(
            headers.get_all(header::HOST).iter().collect::<Vec<_>>(),
            ["shop.example:81"]
        );
    }
}

#[test]
fn trailers_are_understood_over_http_2_alone() {
    let te = |version, value| {
        let request = Request::get("/").version(version).header("te", value);
        let headers = applied(&HeaderRules::default(), request);
        headers.get("te").map(|te| te.to_str().unwrap().to_owned())
    };
    assert_eq!(te(Version::HTTP_2, "trailers").as_deref(), Some("trailers"));
    for (version, value) in [
        (Version::HTTP_11, "trailers"),
        (Version::HTTP_2, "gzip"),
        (Version::HTTP_2, "trailers, gzip"),
        (Version::HTTP_2, ""),
    ] {
        assert_eq!(te(version, value), None, "{value}");
    }
}

/// A head with so many fields, each of which has a name of its own.
fn fields(count: usize) -> HeaderMap {
    let name = |n: usize| HeaderName::from_bytes(format!("x-{n}").as_bytes()).unwrap();
    let fields = (0..count).map(|n| (name(n), HeaderValue::from(n)));
    fields.collect()
}

#[test]
fn a_hundred_fields_are_made_of_more_where_they_mean_the_same() {
    for has_body in [false, true] {
        let room = 99 - usize::from(has_body);
        // There is room for each of them.
        let mut headers = fields(room - 1);
        headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
        fit(&mut headers, has_body, false);
        assert_eq!(headers.len(), room);
        assert_eq!(headers[header::ACCEPT], "*/*");
        // One more, and what says nothing goes.
        headers.insert("x-more", HeaderValue::from_static("1"));
        fit(&mut headers, has_body, false);
        assert_eq!(headers.len(), room);
        assert!(!headers.contains_key(header::ACCEPT));
        // And then lines are joined, as many as need be.
        headers.append("x-1", HeaderValue::from_static("b"));
        headers.append("x-1", HeaderValue::from_static("c"));
        fit(&mut headers, has_body, false);
        assert_eq!(headers.len(), room);
        assert_eq!(headers["x-1"], "1, b, c");
    }
    let mut cookies = fields(98);
    for cookie in ["a=1", "b=2"] {
        cookies.append(header::COOKIE, HeaderValue::from_static(cookie));
    }
    cookies.insert(header::ACCEPT, HeaderValue::from_static("text/html"));
    fit(&mut cookies, false, false);
    assert_eq!(cookies["cookie"], "a=1; b=2");
    // A field that says something stays, whatever the server makes of it.
    assert_eq!(cookies[header::ACCEPT], "text/html");
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

#[test]
fn encodings_that_cannot_be_undone_are_not_asked_for_if_that_is_wanted() {
    let asked = |comparable_encodings, lines: &[&str]| {
        let rules = HeaderRules {
            comparable_encodings,
            ..HeaderRules::default()
        };
        let request = lines.iter().fold(http::Request::get("/"), |request, line| {
            request.header("accept-encoding", *line)
        });
        let headers = applied(&rules, request);
        let lines = headers.get_all("accept-encoding").iter();
        lines
            .map(|line| line.to_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let all = ["gzip, Br;q=0.9", "zstd, dcz, compress, *;q=0.1"];
    assert_eq!(asked(true, &all), ["gzip, Br;q=0.9, zstd"]);
    assert_eq!(asked(false, &all), all);
    assert_eq!(asked(true, &["dcb"]), [""]);
    assert_eq!(asked(true, &[]), [""; 0]);
}

use super::*;

fn ok(url: &str) -> TargetUrl<'_> {
    parse_url(url).unwrap_or_else(|error| panic!("{url}: {error}"))
}

#[test]
fn parts_of_a_url_are_found() {
    let url = ok("https://canary.example.com:8443/api/v2/");
    assert_eq!(url.scheme, Scheme::Https);
    assert_eq!(url.host, "canary.example.com");
    assert_eq!(url.port, Some(8443));
    assert_eq!(url.base_path, "/api/v2");
    assert_eq!(ok("HTTP://localhost").base_path, "");
    assert_eq!(ok("http://localhost///").base_path, "");
    assert_eq!(ok("http://[::1]:80").host, "[::1]");
    for host in [
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::10.0.0.255]",
        "[1:2:3:4:5:6:7.8.9.10]",
    ] {
        assert_eq!(ok(&format!("http://{host}:80/x")).host, host);
    }
    assert_eq!(ok("http://10.0.0.1/a%20b").base_path, "/a%20b");
    assert_eq!(ok("http://a/@x:y").base_path, "/@x:y");
    assert_eq!(ok("http://example.com./").host, "example.com.");
}

#[test]
fn each_mistake_has_its_error() {
    for (url, error) in [
        ("", UrlError::NotAbsolute),
        ("localhost:8080", UrlError::NotAbsolute),
        ("/relative", UrlError::NotAbsolute),
        ("://x", UrlError::NotAbsolute),
        ("ftp://x", UrlError::Scheme("ftp")),
        (" http://x", UrlError::Scheme(" http")),
        ("http://", UrlError::NoHost),
        ("http:///path", UrlError::NoHost),
        ("http://:80", UrlError::NoHost),
        ("http://a b", UrlError::Host("a b")),
        ("http://ü.example", UrlError::Host("ü.example")),
        ("http://a..b", UrlError::Host("a..b")),
        ("http://.", UrlError::Host(".")),
        ("http://1.2.3", UrlError::Host("1.2.3")),
        ("http://256.1.1.1", UrlError::Host("256.1.1.1")),
        ("http://01.1.1.1", UrlError::Host("01.1.1.1")),
        ("http://127.0.0.1.", UrlError::Host("127.0.0.1.")),
        ("http://a.0x1", UrlError::Host("a.0x1")),
        ("http://[::1", UrlError::Host("[::1")),
        ("http://[:::1]", UrlError::Host("[:::1]")),
        ("http://[1:2:3:4:5:6:7]", UrlError::Host("[1:2:3:4:5:6:7]")),
        ("http://[127.0.0.1]", UrlError::Host("[127.0.0.1]")),
        ("http://[::1.2.3]", UrlError::Host("[::1.2.3]")),
        ("http://[::1.2.3.4.5]", UrlError::Host("[::1.2.3.4.5]")),
        ("http://[::1.2.3.4:5]", UrlError::Host("[::1.2.3.4:5]")),
        ("http://[::01.2.3.4]", UrlError::Host("[::01.2.3.4]")),
        ("http://[::256.2.3.4]", UrlError::Host("[::256.2.3.4]")),
        ("http://[::a.2.3.4]", UrlError::Host("[::a.2.3.4]")),
        (
            "http://[1:2:3:4:5:6:7:1.2.3.4]",
            UrlError::Host("[1:2:3:4:5:6:7:1.2.3.4]"),
        ),
        ("http://[::1]x", UrlError::Host("[::1]x")),
        ("http://[]", UrlError::Host("[]")),
        ("http://a:", UrlError::Port("")),
        ("http://a:0", UrlError::Port("0")),
        ("http://a:65536", UrlError::Port("65536")),
        ("http://a:8o", UrlError::Port("8o")),
        ("http://a:+80", UrlError::Port("+80")),
        ("http://u:p@a", UrlError::Credentials),
        ("ftp://u:p@a:x", UrlError::Credentials),
        ("u:p@a", UrlError::Credentials),
        ("http://a?x", UrlError::Query),
        ("http://a/b?x", UrlError::Query),
        ("http://a#x", UrlError::Fragment),
        ("http://a/../b", UrlError::DotSegment),
        ("http://a/%2E%2e", UrlError::DotSegment),
        ("http://a/.", UrlError::DotSegment),
        ("http://a/b c", UrlError::Path),
        ("http://a\\b", UrlError::Path),
        ("http://a/%2", UrlError::Path),
        ("http://a/ü", UrlError::Path),
        ("http://a/\"", UrlError::Path),
    ] {
        assert_eq!(parse_url(url), Err(error), "{url}");
    }
}

#[test]
fn no_error_repeats_credentials() {
    for url in [
        "http://user:s3cret@host:x",
        "ftp://s3cret@h",
        "user:s3cret@host",
        "https://s3cret@",
    ] {
        let error = parse_url(url).expect_err(url);
        assert!(
            !error.to_string().contains("s3cret") && !format!("{error:?}").contains("s3cret"),
            "{url}"
        );
    }
}

#[test]
fn the_same_target_is_found_in_another_spelling() {
    let same = |a, b| same_target(&ok(a), &ok(b));
    assert!(same("http://a", "HTTP://A:80/"));
    assert!(same("https://a:443/x", "https://a/x/"));
    assert!(!same("http://a", "https://a"));
    assert!(!same("http://a", "http://a:81"));
    assert!(!same("http://a/x", "http://a/X"));
    assert!(!same("http://a/x", "http://a/x/y"));
    assert!(!same("http://a", "http://b"));
}

#[test]
fn a_url_is_checked_in_const_evaluation() {
    const URL: Result<TargetUrl<'_>, UrlError<'_>> = parse_url("https://staging.example.com/base");
    assert!(URL.is_ok());
}

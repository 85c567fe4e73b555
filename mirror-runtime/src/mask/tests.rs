use http::header;
use proptest::prelude::*;

use super::*;

fn key() -> Key {
    Key::new("a:0123456789abcdef0123456789abcdef").unwrap()
}

fn of(content_type: &str) -> HeaderMap {
    HeaderMap::from_iter([(header::CONTENT_TYPE, content_type.parse().unwrap())])
}

fn apply(
    patterns: &[&str],
    content_type: &str,
    body: impl AsRef<[u8]>,
) -> Result<Option<String>, Unmaskable> {
    let mut mask = Mask::default();
    for pattern in patterns {
        mask.add(pattern).unwrap();
    }
    let masked = mask.apply(&key(), &of(content_type), body.as_ref())?;
    Ok(masked.map(|masked| String::from_utf8(masked).unwrap()))
}

/// A document with `m(text)` for the mask of a text and `n(number)` for that of a number.
fn expanded(expected: &str) -> String {
    let key = key();
    let values = Values::new(&key);
    let mut written = String::new();
    let mut rest = expected;
    while let Some(at) = rest.find("m(").into_iter().chain(rest.find("n(")).min() {
        let end = at + rest[at..].find(')').unwrap();
        let value = &rest[at + 2..end];
        written.push_str(&rest[..at]);
        written.push_str(&match &rest[at..=at] {
            "m" => values.text(value.as_bytes()),
            _ => values.number(value),
        });
        rest = &rest[end + 1..];
    }
    written + rest
}

#[track_caller]
fn assert_json(patterns: &[&str], body: &str, expected: &str) {
    let masked = apply(patterns, "application/json", body).unwrap();
    assert_eq!(masked.as_deref().unwrap_or(body), expanded(expected));
}

#[test]
fn fields_of_json_are_masked_and_all_else_stays_byte_for_byte() {
    for (patterns, body, expected) in [
        (
            &["/email", "/user/*/phone"][..],
            " {\"n\" : 1.50e+1,\t\"email\":\"a\\u0040b\", \"user\":{\"x\":{\"phone\":\"1\",\"é\":\"\\u00e9\"}}}\n",
            " {\"n\" : 1.50e+1,\t\"email\":\"m(a@b)\", \"user\":{\"x\":{\"phone\":\"m(1)\",\"é\":\"\\u00e9\"}}}\n",
        ),
        (
            &["/users/*/id"],
            r#"{"users":[{"id":7},{"id":-8},{"id":null},{"id":true},{"id":1.5}]}"#,
            r#"{"users":[{"id":n(7)},{"id":n(-8)},{"id":null},{"id":false},{"id":n(1.5)}]}"#,
        ),
        (
            &["/a/1"],
            r#"{"a":["x","y","z"]}"#,
            r#"{"a":["x","m(y)","z"]}"#,
        ),
        (
            &["/a~1b"],
            r#"{"a\/b":"x","a":"y"}"#,
            r#"{"a\/b":"m(x)","a":"y"}"#,
        ),
        (
            &["/email"],
            r#"{"\u0065mail":"x"}"#,
            r#"{"\u0065mail":"m(x)"}"#,
        ),
        // Which of them counts is up to the reader.
        (
            &["/a"],
            r#"{"a":"x","a":"y"}"#,
            r#"{"a":"m(x)","a":"m(y)"}"#,
        ),
        (&["/a"], r#"{"b":"x"}"#, r#"{"b":"x"}"#),
        (&["/a"], "\u{feff}{\"a\":\"x\"}", "\u{feff}{\"a\":\"m(x)\"}"),
        (&["/a"], r#"{"a":""}"#, r#"{"a":""}"#),
        (&["/a"], r#"{"a":"\ud800"}"#, r#"{"a":"m(\ud800)"}"#),
        (&[""], "\"x\"", "\"m(x)\""),
    ] {
        assert_json(patterns, body, expected);
    }
}

#[test]
fn all_in_a_masked_field_is_masked() {
    assert_json(
        &["/contact"],
        r#"{"contact":{"mail":["a@b",7,true,null],"a@b":{"x":"y"},"4917":1,"first name":"z"}}"#,
        r#"{"contact":{"mail":["m(a@b)",n(7),false,null],"m(a@b)":{"x":"m(y)"},"m(4917)":n(1),"m(first name)":"m(z)"}}"#,
    );
}

/// A client that sends another shape than the pattern knows, and a handler that takes it.
#[test]
fn a_field_in_a_shape_that_the_pattern_does_not_know_is_masked() {
    for (pattern, body, expected) in [
        ("/user/email", r#"{"user":"a@b"}"#, r#"{"user":"m(a@b)"}"#),
        (
            "/user/email",
            r#"{"user":["a@b"]}"#,
            r#"{"user":["m(a@b)"]}"#,
        ),
        (
            "/user/email",
            r#"{"user":null,"x":"y"}"#,
            r#"{"user":null,"x":"y"}"#,
        ),
        ("/email", r#"[{"email":"x"}]"#, r#"[{"email":"m(x)"}]"#),
        (
            "/users/*/email",
            r#"{"users":{"x":{"email":"y"}}}"#,
            r#"{"users":{"x":{"email":"m(y)"}}}"#,
        ),
    ] {
        assert_json(&[pattern], body, expected);
    }
}

#[test]
fn equal_values_have_equal_masks_and_others_have_others() {
    let key = key();
    let values = Values::new(&key);
    assert_eq!(values.text(b"a"), values.text(b"a"));
    assert_ne!(values.text(b"a"), values.text(b"b"));
    let other = Key::new("a:fedcba9876543210fedcba9876543210").unwrap();
    assert_ne!(values.text(b"a"), Values::new(&other).text(b"a"));
    let mail = values.text(b"a@example.com");
    assert!(
        mail.ends_with("@masked.invalid") && mail.len() < 64,
        "{mail}"
    );
    assert_ne!(mail, values.text(b"b@example.com"));
    for text in [&b"@"[..], b"a@", b"a b@c", b"a@b@c"] {
        assert!(!values.text(text).contains('@'));
    }
    for (number, least, most) in [
        ("0", 0, (1 << 31) - 1),
        ("-2147483648", 0, (1 << 31) - 1),
        ("2147483648", 1 << 31, (1 << 53) - 1),
        ("99999999999999999999999999", 1 << 31, (1 << 53) - 1),
    ] {
        let masked: u64 = values.number(number).parse().unwrap();
        assert!((least..=most).contains(&masked), "{number}: {masked}");
    }
    assert!(values.number("1.5").parse::<f64>().unwrap().fract() > 0.0);
    assert!(values.number("1e3").ends_with(".5"));
    assert_ne!(values.number("1"), values.number("2"));
}

#[test]
fn json_that_cannot_be_read_for_sure_is_not_masked() {
    let deep = format!("{}1{}", "[".repeat(129), "]".repeat(129));
    for body in [
        &b"{\"email\":\"a@b\""[..],
        b"{\"email\":\"a@b\"} x",
        b"{'email':'a@b'}",
        b"{\"email\":\"a@b\",}",
        b"{\"email\":NaN}",
        b"{\"email\":\"\xff\"}",
        // In one reader this key is `email`.
        b"{\"email\\ud800\":\"a@b\"}",
        b"email=a@b",
        b"   ",
        deep.as_bytes(),
    ] {
        let masked = apply(&["/email"], "application/json", body);
        assert_eq!(masked, Err(Unmaskable), "{}", body.escape_ascii());
    }
}

#[test]
fn documents_in_lines_are_masked_each() {
    let body = "{\"a\":\"x\"}\n{\"b\":1}\r\n\u{1e}{\"a\":\"y\"}\n";
    let masked = apply(&["/a"], "application/x-ndjson", body).unwrap();
    let expected = "{\"a\":\"m(x)\"}\n{\"b\":1}\r\n\u{1e}{\"a\":\"m(y)\"}\n";
    assert_eq!(masked, Some(expanded(expected)));
}

#[track_caller]
fn assert_form(patterns: &[&str], body: &str, expected: &str) {
    let masked = apply(patterns, "application/x-www-form-urlencoded", body).unwrap();
    let expected = expanded(expected).replace("@masked", "%40masked");
    assert_eq!(masked.as_deref().unwrap_or(body), expected);
}

#[test]
fn fields_of_forms_are_masked_and_all_else_stays_byte_for_byte() {
    for (pattern, body, expected) in [
        ("/email", "a=%20+b&email=a%40b&c", "a=%20+b&email=m(a@b)&c"),
        ("/email", "%65mail=x&email=x", "%65mail=m(x)&email=m(x)"),
        (
            "/first name",
            "first+name=x&first%20name=x",
            "first+name=m(x)&first%20name=m(x)",
        ),
        ("/age", "age=42&x=42", "age=n(42)&x=42"),
        ("/age", "age=042&on=true", "age=m(042)&on=true"),
        ("/on", "on=true", "on=false"),
        ("/email", "email=&email", "email=&email"),
        (
            "/user/*/phone",
            "user[0][phone]=x&user[][phone]=x&user[0][id]=1",
            "user[0][phone]=m(x)&user[][phone]=m(x)&user[0][id]=1",
        ),
        (
            "/user/*/phone",
            "user.0.phone=x&user.0.id=1",
            "user.0.phone=m(x)&user.0.id=1",
        ),
        (
            "/user/phone",
            "user=x&user%5Bphone%5D=y",
            "user=m(x)&user%5Bphone%5D=m(y)",
        ),
        ("/tags", "tags[]=x&tags=y", "tags[]=m(x)&tags=m(y)"),
        ("/tags/0", "tags[]=x", "tags[]=m(x)"),
        // A server that takes `;` for a separator finds the field as well.
        (
            "/email",
            "a=1;email=x&email=a;b",
            "a=1;email=m(x)&email=m(a;b)",
        ),
    ] {
        assert_form(&[pattern], body, expected);
    }
}

const MULTIPART: &str = "multipart/form-data; boundary=XX";

#[test]
fn fields_of_multipart_forms_are_masked() {
    let body = "--XX\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\na@b\r\n\
        --XX\r\ncontent-disposition: form-data; name=\"photo\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n\u{0}--X\r\n\r\n\r\n\
        --XX\r\nContent-Type: application/json\r\nContent-Disposition: form-data; name=user\r\n\r\n{\"phone\": \"1\", \"id\": 2}\r\n--XX--\r\n";
    let masked = apply(&["/email", "/user/phone"], MULTIPART, body).unwrap();
    let expected = body.replace("a@b", "m(a@b)").replace("\"1\"", "\"m(1)\"");
    assert_eq!(masked, Some(expanded(&expected)));
    assert_eq!(apply(&["/other"], MULTIPART, body), Ok(None));
}

#[test]
fn a_multipart_form_that_two_readers_could_read_in_two_ways_is_not_masked() {
    let part = |head: &str, value: &str| format!("--XX\r\n{head}\r\n\r\n{value}\r\n--XX--");
    let email = "Content-Disposition: form-data; name=\"email\"";
    assert!(apply(&["/email"], MULTIPART, part(email, "x")).is_ok());
    for body in [
        // A file in a masked field.
        part(&format!("{email}; filename=\"cv.pdf\""), "x"),
        part(&format!("{email}; filename*=utf-8''cv.pdf"), "x"),
        part(
            "Content-Disposition: form-data; name=\"a\"; name=\"email\"",
            "x",
        ),
        part(
            "Content-Disposition: form-data; name=\"a\\\"; name=\\\"email\"",
            "x",
        ),
        part("Content-Disposition: form-data; name*=utf-8''email", "x"),
        part(
            "Content-Disposition: form-data; name=\"a\"\r\nContent-Disposition: form-data; name=\"email\"",
            "x",
        ),
        part("Content-Disposition: form-data;\r\n name=\"email\"", "x"),
        part("Content-Disposition: form-data", "x"),
        part("Content-Type: text/plain", "x"),
        part(
            &format!("{email}\r\nContent-Transfer-Encoding: base64"),
            "eA==",
        ),
        part(
            &format!("{email}\r\nContent-Type: multipart/mixed; boundary=Y"),
            "x",
        ),
        part(
            email,
            "x\n--XX\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\ny",
        ),
        part(email, "x\r\n--XXY"),
        format!("preamble\r\n{}", part(email, "x")),
        format!("{}\r\nepilogue", part(email, "x")),
        "--XX\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\nx".to_owned(),
        "--XX--".replace("XX", "YY"),
    ] {
        assert_eq!(
            apply(&["/email"], MULTIPART, &body),
            Err(Unmaskable),
            "{body}"
        );
    }
}

#[test]
fn a_body_of_another_type_is_not_masked() {
    for content_type in [
        "text/plain",
        "application/xml",
        "application/grpc",
        "application/octet-stream",
        "application/json; charset=utf-16",
        "application/json; charset=\"iso-8859-1\"",
        "multipart/form-data",
        "multipart/form-data; boundary=\"a\\b\"",
        "multipart/form-data; boundary=a; boundary=b",
        "multipart/mixed; boundary=a",
        "",
    ] {
        let masked = apply(&["/email"], content_type, "{}");
        assert_eq!(masked, Err(Unmaskable), "{content_type}");
    }
    for content_type in [
        "application/json",
        "Application/JSON ;charset=UTF-8",
        "text/json",
        "application/problem+json; charset=\"utf-8\"",
    ] {
        assert_eq!(apply(&["/email"], content_type, "{}"), Ok(None));
    }
    let mut mask = Mask::default();
    mask.add("/email").unwrap();
    let applied = |headers: HeaderMap| mask.apply(&key(), &headers, b"{}");
    assert_eq!(applied(HeaderMap::new()), Err(Unmaskable));
    for (name, value) in [("content-encoding", "gzip"), ("content-type", "text/plain")] {
        let mut headers = of("application/json");
        let name = http::HeaderName::from_static(name);
        headers.append(name, value.parse().unwrap());
        assert_eq!(applied(headers), Err(Unmaskable));
    }
    let mut identity = of("application/json");
    identity.insert(header::CONTENT_ENCODING, "identity".parse().unwrap());
    assert_eq!(applied(identity), Ok(None));
    // There is nothing to mask in it, whatever it is.
    assert_eq!(mask.apply(&key(), &HeaderMap::new(), b""), Ok(None));
}

proptest! {
    /// What is masked is read as before, but for the field.
    #[test]
    fn a_masked_document_is_the_same_but_for_the_field(
        secret in "[a-z\"\\\\é\u{1F600} @]{1,20}",
        other in ".{0,20}",
    ) {
        let body = serde_json::json!({ "a": [{ "secret": secret, "other": other }], "b": other });
        let text = body.to_string();
        let masked = apply(&["/a/*/secret"], "application/json", &text).unwrap().unwrap();
        let read: serde_json::Value = serde_json::from_str(&masked).unwrap();
        let key = key();
        let expected = Values::new(&key).text(secret.as_bytes());
        prop_assert_eq!(&read["a"][0]["secret"], &serde_json::json!(expected));
        prop_assert_eq!(&read["a"][0]["other"], &body["a"][0]["other"]);
        prop_assert_eq!(&read["b"], &body["b"]);
    }

    /// Whatever it is, it is read or left, and never a panic.
    #[test]
    fn any_body_is_masked_or_left(
        body in proptest::collection::vec(any::<u8>(), 0..200),
        content in prop_oneof![
            Just("application/json"),
            Just("application/x-ndjson"),
            Just("application/x-www-form-urlencoded"),
            Just("multipart/form-data; boundary=x"),
        ],
    ) {
        let mut mask = Mask::default();
        mask.add("/a/*/b").unwrap();
        mask.add("/c").unwrap();
        let _ = mask.apply(&key(), &of(content), &body);
    }
}

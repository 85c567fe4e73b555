//! What is JSON, and what is read of it.

use bumpalo::Bump;

use super::{Node, NotJson};

fn parse(body: &[u8]) -> Result<String, NotJson> {
    super::parse(body, &Bump::new()).map(|node| format!("{node:?}"))
}

#[test]
fn numbers_stay_text_and_keys_are_sorted() {
    let memory = Bump::new();
    let body = br#" {"b": [1.0, -0, 1e400, "x\u00e9"], "a": {}, "": null} "#;
    let list = [
        Node::Number("1.0"),
        Node::Number("-0"),
        Node::Number("1e400"),
        Node::String("xé"),
    ];
    let members = [
        ("", Node::Null),
        ("a", Node::Object(&[])),
        ("b", Node::Array(&list)),
    ];
    assert_eq!(super::parse(body, &memory), Ok(Node::Object(&members)));
}

#[test]
fn objects_need_not_have_the_keys_of_the_one_before() {
    let memory = Bump::new();
    let objects = [
        r#"{"b":1,"a":2}"#,
        r#"{"b":1,"a":2}"#,
        r#"{"b":1}"#,
        r#"{"b":1,"a":2,"c":3}"#,
        r#"{"b":{"b":1,"a":2},"a":{"a":1}}"#,
        r#"{"bb":1,"a":2}"#,
        r#"{"a":1,"b":2}"#,
        r#"{"\u0061\\":1,"a\"":2}"#,
        r#"{"a\"":1,"a\\":2}"#,
        r#"{"a\\":1}"#,
        "{}",
        r#"{ "a\\" : 1 }"#,
    ];
    let list = format!("[{}]", objects.join(","));
    let Ok(Node::Array(parsed)) = super::parse(list.as_bytes(), &memory) else {
        panic!("it is a list");
    };
    assert_eq!(parsed.len(), objects.len());
    for (parsed, object) in parsed.iter().zip(objects) {
        let alone = super::parse(object.as_bytes(), &memory);
        assert_eq!(Ok(*parsed), alone, "{object}");
    }
}

#[test]
fn numbers_and_texts_are_read_to_their_end() {
    for number in ["0", "-0", "-0.0e-00", "10E+01", "0e0", "1.5e300000"] {
        let expected = format!("Number({number:?})");
        assert_eq!(parse(number.as_bytes()), Ok(expected), "{number}");
    }
    let memory = Bump::new();
    let body = r#""\"\\\/\b\f\n\r\té\ud83d\uDE00\u0000é""#;
    let text = "\"\\/\u{8}\u{C}\n\r\té😀\0é";
    assert_eq!(
        super::parse(body.as_bytes(), &memory),
        Ok(Node::String(text))
    );
}

#[test]
fn a_mark_of_the_byte_order_is_skipped() {
    assert_eq!(parse("\u{FEFF}[1]".as_bytes()), parse(b"[1]"));
    assert_eq!(parse("[\u{FEFF}1]".as_bytes()), Err(NotJson::Invalid));
}

#[test]
fn halves_of_pairs_that_stand_alone_are_told_apart() {
    let text = |body: &str| {
        let memory = Bump::new();
        let mut text = String::new();
        super::parse(body.as_bytes(), &memory)
            .unwrap()
            .write(&mut text);
        text
    };
    for (body, written) in [
        (r#""a\ud83d""#, r#""a\ud83d""#),
        (r#""\uDC00\ud800b""#, r#""\udc00\ud800b""#),
        (r#""\ud800\ud83d\ude00""#, r#""\ud800😀""#),
        (r#""\ud800\u0061\\ud800""#, r#""\ud800a\\ud800""#),
        (r#"{"\ud800":"\udfff"}"#, r#"{"\ud800":"\udfff"}"#),
    ] {
        assert_eq!(text(body), written);
    }
    for body in [
        r#""\ud8""#,
        r#""\ud800"#,
        r#"["\ud800",]"#,
        r#""\\" \ud800"#,
    ] {
        assert_eq!(parse(body.as_bytes()), Err(NotJson::Invalid), "{body}");
    }
}

#[test]
fn what_is_wrong_first_is_told() {
    let repeated = br#"[{"a":1,"a":2},"#;
    assert_eq!(
        parse(&[repeated, &b"\xff]"[..]].concat()),
        Err(NotJson::DuplicateKey)
    );
    let deep = "[".repeat(129);
    assert_eq!(
        parse(&[deep.as_bytes(), b"\xff"].concat()),
        Err(NotJson::TooDeep)
    );
    assert_eq!(parse(b"[1]\xff"), Err(NotJson::Invalid));
}

#[test]
fn what_is_not_json_is_told_apart() {
    for body in [
        "",
        " ",
        "{",
        "[1,]",
        "{\"a\":1,}",
        "01",
        "1 2",
        "nul",
        "'a'",
        "\"a",
        "[1}",
        "NaN",
        "\"\\u+123\"",
        "\"\\n\u{1F}\"",
        "{\"\n\":1}",
        "\u{FEFF}\u{FEFF}1",
        " \u{FEFF}1",
        "\u{FEFF}",
        "1\u{C}",
        "\u{A0}1",
        "<html>",
        "{\"a\"}",
        "{1:2}",
        "\"\n\"",
        "-",
        "1.",
        ".1",
        "1e",
        "1e+",
        "-01",
        "00",
        "+1",
        "1.e1",
        "[1.]",
        "[01]",
        "{\"a\":01}",
        "--1",
        "1e5.3",
        "1e5e3",
        "1e--1",
        "[1e]",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\",
        "\"\\\"",
        "\"a\u{1}",
        "truefalse",
        "[1 2]",
        "{\"a\":1 \"b\":2}",
        "]",
        "{,}",
    ] {
        assert_eq!(parse(body.as_bytes()), Err(NotJson::Invalid), "{body}");
    }
    for body in [
        &b"\"\xff\""[..],
        b"\"\xc3\\n\xa9\"",
        b"\"\\n\xed\xa0\x80\"",
        b"{\"\xff\":1}",
        b"\xff",
        b"\xef\xbb1",
    ] {
        assert_eq!(parse(body), Err(NotJson::Invalid), "{body:?}");
    }
    for body in [
        r#"{"a":1,"a":1}"#,
        r#"[{"a":1,"b":2,"\u0061":3}]"#,
        r#"[{"a":1,"b":2},{"a":1,"b":2,"a":3}]"#,
    ] {
        assert_eq!(parse(body.as_bytes()), Err(NotJson::DuplicateKey), "{body}");
    }
    let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse(nested(128).as_bytes()).is_ok());
    assert_eq!(parse(nested(129).as_bytes()), Err(NotJson::TooDeep));
    assert_eq!(parse("[".repeat(200_000).as_bytes()), Err(NotJson::TooDeep));
}

/// A document is checked for UTF-8 at once, and read as far as it is that.
#[test]
fn bytes_that_are_no_text_are_found_where_they_are() {
    for (body, expected) in [
        (&b"[\"\xC3\xA9\",\"\\n\xC3\xA9\"]"[..], None),
        (b"[\"a\",\"\xFF\"]", Some(NotJson::Invalid)),
        (b"[\"a\",\"\xC3\"]", Some(NotJson::Invalid)),
        (b"[\"\\n\xFF\"]", Some(NotJson::Invalid)),
        (b"[1,2]\xFF", Some(NotJson::Invalid)),
        (b"[\xFF]", Some(NotJson::Invalid)),
        (b"[{\"a\":1,\"a\":2},\"\xFF\"]", Some(NotJson::DuplicateKey)),
        (b"[\"\xFF\",{\"a\":1,\"a\":2}]", Some(NotJson::Invalid)),
    ] {
        assert_eq!(parse(body).err(), expected, "{}", body.escape_ascii());
    }
    assert_eq!(
        parse("[\"\",\"é\\u00e9\\\\é\"]".as_bytes()).as_deref(),
        Ok(r#"Array([String(""), String("éé\\é")])"#)
    );
}

//! Bodies by their content type.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};

use super::*;

fn of(content_type: &str, body: impl Into<bytes::Bytes>) -> BufferedResponse {
    with_header(&ok(body), "content-type", content_type)
}

/// The differences, and how the bodies were compared.
fn differences(
    content_type: &str,
    [primary, shadow]: [&[u8]; 2],
    rules: &Rules,
) -> (Vec<String>, Vec<&'static str>) {
    let [primary, shadow] = [primary, shadow].map(|body| of(content_type, body.to_vec()));
    let compared = get(&primary, &shadow, CompareMode::Json, rules);
    (list(&compared), compared.notes)
}

#[test]
fn messages_are_compared_without_their_compression() {
    let gzip = |message: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(message).unwrap();
        encoder.finish().unwrap()
    };
    let call = |coding: &str, messages: &[(u8, Vec<u8>)]| {
        let mut body = Vec::new();
        for (flag, message) in messages {
            body.push(*flag);
            body.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
            body.extend(message);
        }
        with_header(&of("application/grpc", body), "grpc-encoding", coding)
    };
    let plain = call("identity", &[(0, b"tea".to_vec()), (0, b"cup".to_vec())]);
    let found = |other: &BufferedResponse| {
        let compared = get(&plain, other, CompareMode::Json, &Rules::default());
        let differs = compared.verdict == Verdict::Mismatch;
        (
            compared.verdict,
            if differs { list(&compared) } else { vec![] },
        )
    };
    // A server compresses which it likes.
    let same = call("gzip", &[(1, gzip(b"tea")), (0, b"cup".to_vec())]);
    assert_eq!(found(&same), (Verdict::Match, vec![]));
    let other = call("gzip", &[(1, gzip(b"tea")), (1, gzip(b"cap"))]);
    let (verdict, differences) = found(&other);
    assert_eq!(verdict, Verdict::Mismatch);
    let [one, other] = ["75 70", "61 70"].map(|bytes| format!("3_bytes,_at_1:_{bytes}"));
    let shown = differences[0].replace(' ', "_");
    assert!(shown.contains(&one.replace(' ', "_")), "{shown}");
    assert!(shown.contains(&other.replace(' ', "_")), "{shown}");
    // What is not known of one is known of neither.
    let unknown = call("snappy", &[(1, b"??".to_vec()), (0, b"cup".to_vec())]);
    let encoding = Verdict::NotCompared(NotComparedReason::Encoding);
    assert_eq!(found(&unknown), (encoding, vec![]));
    let broken = call("gzip", &[(1, b"tea".to_vec()), (0, b"cup".to_vec())]);
    assert_eq!(found(&broken).1, ["value  identity broken gzip"]);
    // Few bytes take no more memory than a body may have.
    let large = call(
        "gzip",
        &[(1, gzip(&vec![0; 1 << 20])), (0, b"cup".to_vec())],
    );
    assert_eq!(found(&large).0, Verdict::Mismatch);
}

proptest::proptest! {
    /// Those that are the same in both are read once.
    #[test]
    fn many_documents_are_compared_as_the_elements_of_an_array(
        sides in proptest::array::uniform2(proptest::collection::vec(
            proptest::sample::select(
                &["1", "[]", "{}", r#""x""#, r#"{"a":[1,2],"b":{"c":[]}}"#, r#"{"a":[1,3]}"#][..],
            ),
            1..8,
        )),
        ignores in proptest::bool::ANY,
    ) {
        let rules = rules(|rules| if ignores { rules.ignore("/*/a") } else { Ok(()) });
        let compared = |content_type: &str, texts: [String; 2]| {
            let [primary, shadow] = texts.map(|text| of(content_type, text));
            let compared = get(&primary, &shadow, CompareMode::Json, &rules);
            (list(&compared), compared.verdict, compared.equal)
        };
        let [lines, array] = [("", "\n", "\n"), ("[", ",", "]")].map(|(before, between, behind)| {
            sides.each_ref().map(|side| format!("{before}{}{behind}", side.join(between)))
        });
        proptest::prop_assert_eq!(
            compared("application/x-ndjson", lines),
            compared("application/json", array)
        );
    }
}

#[test]
fn many_documents_are_compared_one_by_one() {
    let rules = rules(|rules| rules.ignore("/*/at"));
    let (primary, shadow) = (
        "{\"at\":1,\"n\":1}\n{\"n\":2}\n",
        "{\"n\":1}\r\n{\"n\":3}\n",
    );
    let expected = (vec!["value /1/n 2 3".to_owned()], vec![]);
    for kind in ["application/x-ndjson", "application/jsonl; charset=utf-8"] {
        let bodies = [primary.as_bytes(), shadow.as_bytes()];
        assert_eq!(differences(kind, bodies, &rules), expected);
    }
    let bodies = [&b"\x1e{\"n\":1}\n"[..], b"\x1e{ \"n\":1}\n"];
    assert_eq!(
        differences("application/json-seq", bodies, &rules),
        (vec![], vec![])
    );
    // A line that is none leaves the whole to be compared as it is.
    let bodies = [&b"{\"n\":1}\n{}"[..], b"{\"n\":1}\n{"];
    let (found, notes) = differences("application/x-ndjson", bodies, &rules);
    assert_eq!(found, ["value  …{} …{"]);
    assert_eq!(notes, ["the shadow's body is not JSON: compared as bytes"]);
}

#[test]
fn events_are_compared_one_by_one() {
    let rules = rules(|rules| rules.ignore("/*/id"));
    let one = b"id: 1\ndata: {\"n\":1}\n\n: still here\nid: 2\ndata: a\n\n";
    let other = b"id: 7\ndata: {\"n\":2}\n\nid: 8\ndata: a\n\n";
    let expected = (vec!["value /0/data/n 1 2".to_owned()], vec![]);
    assert_eq!(
        differences("text/event-stream", [one, other], &rules),
        expected
    );
    let cut = &one[..one.len() - 1];
    let (found, _) = differences("text/event-stream", [one, cut], &rules);
    assert_eq!(found, ["extra /1/cut_short - true"]);
}

#[test]
fn fields_parts_and_messages_are_compared_one_by_one() {
    let rules = Rules::default();
    let form = |bodies| differences("application/x-www-form-urlencoded", bodies, &rules);
    assert_eq!(form([b"a=1&b=%c3%A9", b"b=%C3%a9&a=1"]), (vec![], vec![]));
    let expected = (
        vec!["value  …b=2 …b=3".to_owned()],
        vec!["compared field by field"],
    );
    assert_eq!(form([b"b=2&a=1", b"a=1&b=3"]), expected);
    // Not every reader takes a plus for a space.
    assert_eq!(form([b"a=x+y", b"a=x%20y"]).0, ["value  a=x+y a=x%20y"]);

    let parts = |boundary: &str, value: &str| {
        let part =
            format!("--{boundary}\r\nContent-Type: a/b\r\n\r\n{value}\r\n--{boundary}--\r\n");
        of(&format!("multipart/mixed; boundary={boundary}"), part)
    };
    let compare = |one: &BufferedResponse, other: &BufferedResponse| {
        list(&get(one, other, CompareMode::Json, &rules))
    };
    assert_eq!(
        compare(&parts("XX", "tea"), &parts("7f", "tea")),
        Vec::<String>::new()
    );
    assert_eq!(
        compare(&parts("XX", "tea"), &parts("7f", "cup")),
        ["value  …tea\n …cup\n"]
    );

    let call = |bodies| differences("application/grpc", bodies, &rules);
    let (found, notes) = call([
        b"\0\0\0\0\x01a\0\0\0\0\x02bc",
        b"\0\0\0\0\x01a\0\0\0\0\x02bd",
    ]);
    let [one, other] =
        ["63", "64"].map(|it| format!("message 2 of 2, flag 0, 2 bytes, at 1: {it}"));
    assert_eq!(found, [format!("value  {one} {other}")]);
    assert_eq!(notes, ["compared message by message"]);
    let (found, _) = call([b"\0\0\0\0\x01a\0\0\0\0\x01b", b"\0\0\0\0\x01a"]);
    assert_eq!(
        found,
        ["length  message 2 of 2, flag 0, 1 bytes, at 0: 62 1 messages"]
    );
}

#[test]
fn texts_are_compared_as_they_are() {
    let rules = Rules::default();
    for kind in ["text/html", "application/xml", "text/csv"] {
        let bodies = [&b"<p>\n<b>a</b>\n"[..], b"<p>\n<b>c</b>\n"];
        let (found, notes) = differences(kind, bodies, &rules);
        assert_eq!(found, ["value  …<b>a</b>\n …<b>c</b>\n"]);
        assert_eq!(notes, ["compared as text"]);
    }
}

#[test]
fn secrets_are_hidden_in_each_of_many_documents() {
    let rules = rules(|rules| rules.redact("/*/password"));
    let line = |password: &str, other: &str| {
        format!("{{\"password\":\"{password}\",\"x\":\"{other}\"}}\n")
    };
    let (one, other) = (line("canary-1", "a"), line("canary-2", "canary-1"));
    let bodies = [one.as_bytes(), other.as_bytes()];
    let (found, _) = differences("application/x-ndjson", bodies, &rules);
    assert_eq!(
        found,
        [
            "value /0/password [redacted] [redacted]",
            r#"value /0/x "a" [redacted]"#
        ]
    );
    // Also if the rule is meant for each.
    let rules = super::rules(|rules| rules.redact("/password"));
    let (found, _) = differences("application/x-ndjson", bodies, &rules);
    assert!(!found.concat().contains("canary"), "{found:?}");
}

#[test]
fn a_body_that_ends_in_trailers_is_complete() {
    let with_trailers = |body: &'static str| {
        let status = HeaderValue::from_static("0");
        let trailers = HeaderMap::from_iter([(HeaderName::from_static("grpc-status"), status)]);
        of("application/grpc", body).with_trailers(trailers)
    };
    let (one, other) = (
        with_trailers("\0\0\0\0\x01a"),
        with_trailers("\0\0\0\0\x01b"),
    );
    let verdict = |one, other| get(one, other, CompareMode::Json, &Rules::default()).verdict;
    assert_eq!(verdict(&one, &other), Verdict::Mismatch);
    assert_eq!(verdict(&one, &one), Verdict::Match);
}

//! Bodies that are not JSON, that are not there, and of which only a part is there.

use super::*;

#[test]
fn what_is_not_json_is_compared_as_bytes_and_says_so() {
    let deep = |inner: u8| format!("{}{inner}{}", "[".repeat(129), "]".repeat(129));
    for (primary, shadow, note) in [
        ("<p>", "<b>", "not JSON: compared as bytes"),
        (
            "{}",
            "{",
            "the shadow's body is not JSON: compared as bytes",
        ),
        (
            "{",
            "{}",
            "the primary's body is not JSON: compared as bytes",
        ),
        (
            r#"{"a":1,"a":1}"#,
            r#"{"a":1}"#,
            "a key is there twice: compared as bytes",
        ),
        (
            &deep(1),
            &deep(2),
            "nested deeper than 128: compared as bytes",
        ),
    ] {
        let compared = json(primary, shadow, &Rules::default());
        assert_eq!(
            (compared.verdict, &*compared.notes),
            (Verdict::Mismatch, &[note][..])
        );
        assert_eq!(list(&compared), [format!("value  {primary} {shadow}")]);
        assert_eq!(
            json(primary, primary, &Rules::default()).verdict,
            Verdict::Match
        );
    }
}

#[test]
fn empty_bodies_agree_with_one_another_only() {
    assert_eq!(list(&json("", "", &Rules::default())), Vec::<String>::new());
    assert_eq!(list(&json("", "{}", &Rules::default())), ["extra  - {}"]);
    assert_eq!(
        list(&json("[1]", "", &Rules::default())),
        ["missing  [1] -"]
    );
}

#[test]
fn answers_without_bodies_agree_in_status_and_headers() {
    let rules = Rules::default();
    // What a careless server says of a body that is not there.
    let response = |status, body: &'static str| {
        with_header(
            &BufferedResponse::new(status, HeaderMap::new(), body),
            "content-encoding",
            "gzip",
        )
    };
    let head = |primary: &BufferedResponse, shadow: &BufferedResponse| {
        compare(
            &Method::HEAD,
            primary,
            shadow,
            CompareMode::Json,
            &rules,
            &KnownSecrets::default(),
        )
    };
    assert_eq!(
        head(&response(StatusCode::OK, ""), &ok("")).verdict,
        Verdict::Match
    );
    assert_eq!(
        list(&head(&ok(""), &response(StatusCode::NOT_FOUND, ""))),
        ["status  200 404"]
    );
    for status in [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED] {
        let compared = get(
            &response(status, ""),
            &response(status, "x"),
            CompareMode::Bytes,
            &rules,
        );
        assert_eq!(compared.verdict, Verdict::Match);
    }
}

#[test]
fn a_conditional_request_with_one_content_differs() {
    let not_modified = BufferedResponse::new(StatusCode::NOT_MODIFIED, HeaderMap::new(), "");
    let missing = BufferedResponse::new(StatusCode::NOT_FOUND, HeaderMap::new(), "");
    for mode in [CompareMode::Json, CompareMode::Status] {
        let compare = |one: &BufferedResponse, other: &BufferedResponse| {
            get(one, other, mode, &Rules::default())
        };
        let verdict = |one: &_, other: &_| compare(one, other).verdict;
        let found = |one: &_, other: &_| list(&compare(one, other));
        assert_eq!(found(&not_modified, &ok("{}")), ["not_modified  304 200"]);
        assert_eq!(found(&ok("{}"), &not_modified), ["not_modified  200 304"]);
        assert_eq!(verdict(&not_modified, &not_modified), Verdict::Match);
        assert_eq!(verdict(&not_modified, &missing), Verdict::Mismatch);
    }
}

#[test]
fn a_part_of_the_primarys_body_is_not_compared_and_one_of_the_shadows_differs() {
    let rules = Rules::default();
    let whole = ok("[1]");
    let too_large = "too_large  3 bytes more than 262144 bytes";
    for (part, reason, difference) in [
        (
            ok("[1]").with_ending(Ending::CutShort),
            NotComparedReason::CutShort,
            "cut_short  3 bytes cut short after 3 bytes",
        ),
        (
            ok("[1]").with_ending(Ending::Truncated),
            NotComparedReason::TooLarge,
            too_large,
        ),
        (
            ok("[1]".repeat(100_000)),
            NotComparedReason::TooLarge,
            too_large,
        ),
    ] {
        for mode in [
            CompareMode::Json,
            CompareMode::Bytes,
            CompareMode::typed::<String>(),
        ] {
            let compared = get(&whole, &part, mode, &rules);
            assert_eq!(
                (compared.verdict, list(&compared)),
                (Verdict::Mismatch, vec![difference.to_owned()])
            );
            assert_eq!(
                get(&part, &whole, mode, &rules).verdict,
                not_compared(reason)
            );
            assert_eq!(
                get(&part, &part, mode, &rules).verdict,
                not_compared(reason)
            );
        }
        assert_eq!(
            get(&part, &whole, CompareMode::Status, &rules).verdict,
            Verdict::Match
        );
    }
}

#[test]
fn a_difference_that_is_known_counts_whatever_the_rest_is() {
    let created = BufferedResponse::new(StatusCode::CREATED, HeaderMap::new(), "[1]")
        .with_ending(Ending::CutShort);
    let compared = get(&ok("[1]"), &created, CompareMode::Json, &Rules::default());
    let cut = "cut_short  3 bytes cut short after 3 bytes";
    assert_eq!(list(&compared), ["status  200 201", cut]);
    let compared = get(&created, &ok("[1]"), CompareMode::Json, &Rules::default());
    assert_eq!(list(&compared), ["status  201 200"]);
    assert_eq!(compared.notes, ["cut short: the bodies were not compared"]);
}

#[test]
fn bodies_of_different_classes_of_status_are_not_compared() {
    let failed =
        BufferedResponse::new(StatusCode::INTERNAL_SERVER_ERROR, HeaderMap::new(), "oh no");
    let compared = get(&ok("[1]"), &failed, CompareMode::Json, &Rules::default());
    assert_eq!(list(&compared), ["status  200 500"]);
    let created = BufferedResponse::new(StatusCode::CREATED, HeaderMap::new(), "[2]");
    let compared = get(&ok("[1]"), &created, CompareMode::Json, &Rules::default());
    assert_eq!(list(&compared), ["status  200 201", "value /0 1 2"]);
}

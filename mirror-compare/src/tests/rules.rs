//! `ignore`, `unordered` and `tolerance`.

use super::*;

#[test]
fn what_is_ignored_is_left_out_with_all_in_it() {
    for (pattern, primary, shadow) in [
        ("/at", r#"{"at":1,"b":2}"#, r#"{"at":[{}],"b":2}"#),
        ("/at", r#"{"at":1,"b":2}"#, r#"{"b":2}"#),
        (
            "/items/*/id",
            r#"{"items":[{"id":1},{"id":2}]}"#,
            r#"{"items":[{"id":3},{}]}"#,
        ),
        ("/*/id", r#"{"a":{"id":1}}"#, r#"{"a":{"id":{"x":1}}}"#),
        (
            "/a~1b/~0/~01",
            r#"{"a/b":{"~":{"~1":1}}}"#,
            r#"{"a/b":{"~":{"~1":2}}}"#,
        ),
        ("/0", "[1,2]", "[7,2]"),
        ("/1", "[1,2]", "[1]"),
        ("/*", "[1,2]", "[]"),
        ("", "[1,2]", "{}"),
        ("/", r#"{"":1}"#, r#"{"":2}"#),
    ] {
        let rules = rules(|rules| rules.ignore(pattern));
        let none = Vec::<String>::new();
        assert_eq!(
            list(&json(primary, shadow, &rules)),
            none,
            "{pattern} {primary}"
        );
        assert_eq!(
            list(&json(shadow, primary, &rules)),
            none,
            "{pattern} {primary}"
        );
        assert_ne!(
            json(primary, shadow, &Rules::default()).verdict,
            Verdict::Match
        );
    }
}

#[test]
fn what_is_beside_the_ignored_is_compared() {
    let rules = rules(|rules| rules.ignore("/items/*/id"));
    for (primary, shadow, expected) in [
        (
            r#"{"items":[{"id":1,"x":1}]}"#,
            r#"{"items":[{"id":2,"x":2}]}"#,
            "value /items/0/x 1 2",
        ),
        (
            r#"{"items":{"id":1}}"#,
            r#"{"items":{"id":2}}"#,
            "value /items/id 1 2",
        ),
        (r#"{"items":[]}"#, "{}", "missing /items [] -"),
        (r#"{"id":1}"#, r#"{"id":2}"#, "value /id 1 2"),
    ] {
        assert_eq!(list(&json(primary, shadow, &rules)), [expected]);
    }
}

#[test]
fn unordered_arrays_are_multisets() {
    let rules = rules(|rules| rules.unordered("/tags"));
    let tags = |tags: &str| format!(r#"{{"tags":{tags}}}"#);
    for (primary, shadow, expected) in [
        (r#"["a","b","a"]"#, r#"["b","a","a"]"#, vec![]),
        (
            r#"["a","b","a"]"#,
            r#"["b","b","a"]"#,
            vec![r#"value /tags/2 "a" "b""#],
        ),
        (
            r#"["a","a"]"#,
            r#"["a"]"#,
            vec!["length /tags 2 1", r#"missing /tags/1 "a" -"#],
        ),
        (
            "[1,2,3]",
            "[5,1,4]",
            vec![
                "missing /tags/1 2 -",
                "missing /tags/2 3 -",
                "extra /tags/0 - 5",
                "extra /tags/2 - 4",
            ],
        ),
        (
            r#"[{"x":1,"y":[1,2]},7]"#,
            r#"[7e0,{"y":[1,2],"x":1}]"#,
            vec![],
        ),
        // The elements themselves are in order.
        (
            "[[1,2],3]",
            "[3,[2,1]]",
            vec!["value /tags/0/0 1 2", "value /tags/0/1 2 1"],
        ),
        (
            r#"[{"x":1},{"x":2}]"#,
            r#"[{"x":2},{"x":3}]"#,
            vec!["value /tags/0/x 1 3"],
        ),
    ] {
        let compared = json(&tags(primary), &tags(shadow), &rules);
        assert_eq!(list(&compared), expected, "{primary} {shadow}");
    }
}

#[test]
fn unordered_arrays_can_be_in_one_another() {
    let rules = rules(|rules| {
        rules.unordered("")?;
        rules.unordered("/*/tags")?;
        rules.ignore("/*/id")
    });
    let primary = r#"[{"id":1,"tags":[1,2]},{"id":2,"tags":[3,4]}]"#;
    let shadow = r#"[{"id":8,"tags":[4,3]},{"tags":[2,1]}]"#;
    assert_eq!(list(&json(primary, shadow, &rules)), Vec::<String>::new());
}

#[test]
fn a_difference_at_the_border_of_its_tolerance_is_none() {
    let rules = rules(|rules| {
        rules.tolerance("/total", 0.01)?;
        rules.tolerance("/items/*", 1.0)
    });
    for (primary, shadow, expected) in [
        (r#"{"total":12.50}"#, r#"{"total":12.51}"#, vec![]),
        (r#"{"total":12.50}"#, r#"{"total":12.49}"#, vec![]),
        (
            r#"{"total":12.50}"#,
            r#"{"total":12.511}"#,
            vec!["value /total 12.50 12.511"],
        ),
        (
            r#"{"items":[1,2]}"#,
            r#"{"items":[2,4]}"#,
            vec!["value /items/1 2 4"],
        ),
        (
            r#"{"other":1}"#,
            r#"{"other":1.001}"#,
            vec!["value /other 1 1.001"],
        ),
        (
            r#"{"total":1}"#,
            r#"{"total":"1"}"#,
            vec![r#"type /total 1 "1""#],
        ),
    ] {
        assert_eq!(
            list(&json(primary, shadow, &rules)),
            expected,
            "{primary} {shadow}"
        );
    }
}

#[test]
fn under_a_tolerance_as_many_elements_as_can_be_are_matched() {
    let rules = rules(|rules| {
        rules.unordered("")?;
        rules.tolerance("/*", 1.0)?;
        rules.tolerance("/*/x", 1.0)
    });
    for (primary, shadow) in [
        ("[2,1]", "[2,3]"),
        ("[1,2,3,4]", "[5,4,3,2]"),
        (r#"[{"x":2},{"x":1}]"#, r#"[{"x":2},{"x":3}]"#),
        (
            r#"[{"x":1},{"x":2},{"x":3}]"#,
            r#"[{"x":2},{"x":3},{"x":4}]"#,
        ),
        (
            r#"[{"x":3},{"x":2},{"x":1}]"#,
            r#"[{"x":2},{"x":1},{"x":0}]"#,
        ),
    ] {
        assert_eq!(
            list(&json(primary, shadow, &rules)),
            Vec::<String>::new(),
            "{primary}"
        );
    }
    let compared = json("[1,5]", "[3,7]", &rules);
    assert_eq!(compared.differences.len(), 4);
}

#[test]
fn a_mistake_in_a_rule_is_an_error() {
    let mut rules = Rules::default();
    assert!(
        rules.ignore("a").is_err()
            && rules.unordered("/~").is_err()
            && rules.redact("#/a").is_err()
    );
    assert!(rules.tolerance("a", 1.0).is_err() && rules.tolerance("/a", -1.0).is_err());
    assert!(rules.tolerance("/a", f64::NAN).is_err());
}

#[test]
fn an_array_without_an_order_has_no_indices() {
    let message =
        "`/tags/0/id` names an element by its index, and `/tags` is `unordered`: write `*`";
    let mut rules = super::rules(|rules| rules.unordered("/tags"));
    assert_eq!(rules.ignore("/tags/0/id").unwrap_err().to_string(), message);
    assert!(rules.tolerance("/*/1", 0.1).is_err() && rules.redact("/tags/2").is_err());
    assert!(rules.ignore("/tags/*/id").is_ok() && rules.ignore("/other/0").is_ok());
    let mut rules = super::rules(|rules| rules.ignore("/tags/0/id"));
    assert_eq!(rules.unordered("/tags").unwrap_err().to_string(), message);
    let mut rules = super::rules(|rules| rules.tolerance("/tags/0", 0.1));
    assert!(rules.unordered("/tags").is_err() && rules.unordered("/tags/0").is_ok());
}

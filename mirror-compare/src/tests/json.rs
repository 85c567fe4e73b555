//! Each kind of difference between documents.

use super::*;

fn differences(primary: &str, shadow: &str) -> Vec<String> {
    list(&json(primary, shadow, &Rules::default()))
}

#[test]
fn documents_are_the_same_in_any_spelling() {
    for (primary, shadow) in [
        (
            r#"{"a":1,"b":[true,null]}"#,
            " { \"b\" : [ true , null ] , \"a\" : 1.0 } ",
        ),
        (r#"["\u00e9","/"]"#, r#"["é","\/"]"#),
        ("[1,1e0,-0,100]", "[1.0,1,0.0,1E+2]"),
        (
            "123456789012345678901234567890",
            "1.2345678901234567890123456789e29",
        ),
        ("{}", "{ }"),
    ] {
        assert_eq!(
            differences(primary, shadow),
            Vec::<String>::new(),
            "{primary}"
        );
        assert_eq!(
            differences(shadow, primary),
            Vec::<String>::new(),
            "{primary}"
        );
    }
}

#[test]
fn each_kind_of_difference_is_told_where_it_is() {
    for (primary, shadow, expected) in [
        (
            r#"{"a":1,"b":"x"}"#,
            r#"{"a":1}"#,
            vec![r#"missing /b "x" -"#],
        ),
        (r#"{"a":1}"#, r#"{"a":1,"b":null}"#, vec!["extra /b - null"]),
        (r#"{"a":1}"#, r#"{"a":"1"}"#, vec![r#"type /a 1 "1""#]),
        (
            r#"{"a":null}"#,
            r#"{"a":{"b":[]}}"#,
            vec![r#"type /a null {"b":[]}"#],
        ),
        (r#"{"a":[1,2]}"#, r#"{"a":[1,3]}"#, vec!["value /a/1 2 3"]),
        ("[true]", "[false]", vec!["value /0 true false"]),
        (
            r#"{"a/b":{"~":1}}"#,
            r#"{"a/b":{"~":2}}"#,
            vec!["value /a~1b/~0 1 2"],
        ),
        (
            "9007199254740993",
            "9007199254740992",
            vec!["value  9007199254740993 9007199254740992"],
        ),
        ("[]", "{}", vec!["type  [] {}"]),
        (
            r#"{"name":"Ann"}"#,
            r#"{"full_name":"Ann"}"#,
            vec![r#"extra /full_name - "Ann""#, r#"missing /name "Ann" -"#],
        ),
    ] {
        assert_eq!(differences(primary, shadow), expected, "{primary} {shadow}");
    }
}

#[test]
fn of_arrays_of_different_length_only_what_went_or_came_is_told() {
    for (primary, shadow, expected) in [
        ("[1,2,3]", "[1,3]", vec!["length  3 2", "missing /1 2 -"]),
        (
            "[1,3]",
            "[1,2,3,4]",
            vec!["length  2 4", "extra /1 - 2", "extra /3 - 4"],
        ),
        ("[]", "[7]", vec!["length  0 1", "extra /0 - 7"]),
        ("[1,1,1]", "[1,1]", vec!["length  3 2", "missing /2 1 -"]),
        (
            r#"[{"id":1,"x":1},{"id":2},{"id":3}]"#,
            r#"[{"id":1,"x":5},{"id":3}]"#,
            vec!["length  3 2", "value /0/x 1 5", r#"missing /1 {"id":2} -"#],
        ),
    ] {
        assert_eq!(differences(primary, shadow), expected, "{primary} {shadow}");
    }
}

#[test]
fn arrays_of_the_same_length_are_compared_in_order() {
    assert_eq!(
        differences("[1,2]", "[2,1]"),
        ["value /0 1 2", "value /1 2 1"]
    );
}

#[test]
fn long_arrays_of_different_length_are_compared_too() {
    let numbers = |from: usize, to: usize| format!("{:?}", (from..to).collect::<Vec<_>>());
    let compared = json(&numbers(0, 3000), &numbers(5, 3000), &Rules::default());
    assert_eq!(
        list(&compared)[..2],
        ["length  3000 2995", "missing /0 0 -"]
    );
    assert_eq!(compared.differences.len(), 6);
    // Nothing at the ends, and too many in between.
    let compared = json(&numbers(0, 3000), &numbers(1, 3002), &Rules::default());
    assert_eq!((compared.differences.len(), compared.more), (100, 2902));
}

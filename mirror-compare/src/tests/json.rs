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
            " { \"b\" : [ true , null ] , \"a\" : 1e0 } ",
        ),
        (r#"["\u00e9","/"]"#, r#"["é","\/"]"#),
        ("[1,1e0,-0,100,1.5]", "[1e0,1,0,1E+2,1.50]"),
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
    // The first of those that are missing behind a hundred others is one of them.
    assert_eq!((compared.differences.len(), compared.more), (101, 2901));
}

#[test]
fn an_integer_and_a_fraction_of_zeros_differ_unless_that_is_ignored() {
    assert_eq!(
        differences(r#"{"n":5}"#, r#"{"n":5.0}"#),
        ["value /n 5 5.0"]
    );
    let mut rules = Rules::default();
    rules.set_ignore_zero_fraction(true);
    assert_eq!(json("[5]", "[5.0]", &rules).verdict, Verdict::Match);
    // Nobody who lets a number differ asks how it is written.
    let rules = super::rules(|rules| rules.tolerance("/*", 0.0));
    assert_eq!(json("[5]", "[5.0]", &rules).verdict, Verdict::Match);
}

#[test]
fn a_byte_order_mark_differs_unless_that_is_ignored() {
    let marked = "\u{FEFF}[1]";
    assert_eq!(
        differences("[1]", marked),
        ["value  no byte order mark a byte order mark"]
    );
    assert_eq!(differences(marked, marked), Vec::<String>::new());
    assert_eq!(differences(marked, "\u{FEFF}[ 1]"), Vec::<String>::new());
    let mut rules = Rules::default();
    assert_eq!(
        json("a,b", "\u{FEFF}a,b", &rules).verdict,
        Verdict::Mismatch
    );
    rules.set_ignore_bom(true);
    assert_eq!(json("[1]", marked, &rules).verdict, Verdict::Match);
    assert_eq!(json("a,b", "\u{FEFF}a,b", &rules).verdict, Verdict::Match);
}

#[test]
fn rules_are_about_documents_with_halves_of_pairs() {
    let rules = super::rules(|rules| rules.ignore("/at"));
    let (one, other) = (r#"{"at":1,"t":"a\ud83d"}"#, r#"{"at":2,"t":"a\ud83d"}"#);
    assert_eq!(json(one, other, &rules).verdict, Verdict::Match);
    let compared = json(one, r#"{"at":2,"t":"a\ud83e"}"#, &rules);
    assert_eq!(list(&compared), [r#"value /t "a\ud83d" "a\ud83e""#]);
}

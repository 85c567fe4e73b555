//! What must agree: `compare`.

use axum::{Json, response::Html};
use serde::Deserialize;

use super::*;
use crate::typed::TypedResponse;

#[derive(Debug, Deserialize, PartialEq)]
struct User {
    name: String,
    #[serde(default)]
    age: f64,
}

fn typed<R: TypedResponse>(primary: &str, shadow: &str, rules: &Rules) -> Compared {
    let [primary, shadow] = [primary, shadow].map(|body| ok(body.to_owned()));
    get(&primary, &shadow, CompareMode::typed::<R>(), rules)
}

#[test]
fn status_compares_nothing_else() {
    let rules = Rules::default();
    let verdict =
        |shadow: &BufferedResponse| get(&ok("[1]"), shadow, CompareMode::Status, &rules).verdict;
    assert_eq!(verdict(&ok("{")), Verdict::Match);
    let missing = BufferedResponse::new(StatusCode::NOT_FOUND, HeaderMap::new(), "[1]");
    assert_eq!(verdict(&missing), Verdict::Mismatch);
}

#[test]
fn bytes_are_told_apart_by_a_space() {
    let compared = get(
        &ok("[1]"),
        &ok("[1 ]"),
        CompareMode::Bytes,
        &Rules::default(),
    );
    assert_eq!(
        (list(&compared), compared.notes.len()),
        (vec!["value  [1] [1 ]".to_owned()], 0)
    );
}

#[test]
fn typed_answers_are_compared_as_values() {
    type Handler = Result<(StatusCode, Json<User>), String>;
    let rules = Rules::default();
    let compare = |shadow| typed::<Handler>(r#"{"name":"Ann"}"#, shadow, &rules);
    assert_eq!(
        compare(r#"{"age":0,"name":"Ann","new":1}"#).verdict,
        Verdict::Match
    );
    let compared = compare(r#"{"name":"Bob"}"#);
    assert_eq!(
        (compared.verdict, list(&compared)),
        (
            Verdict::Mismatch,
            vec![r#"value /name "Ann" "Bob""#.to_owned()]
        )
    );
    let compared = compare(r#"{"full_name":"Ann"}"#);
    assert_eq!(compared.verdict, Verdict::SchemaMismatch);
    assert_eq!(
        list(&compared),
        [r#"extra /full_name - "Ann""#, r#"missing /name "Ann" -"#]
    );
    assert_eq!(compare("<html>").verdict, Verdict::SchemaMismatch);
    assert_eq!(compare("").verdict, Verdict::SchemaMismatch);
}

#[test]
fn an_error_answer_is_compared_as_json() {
    type Handler = Result<Json<User>, (StatusCode, String)>;
    let refused =
        |body: &'static str| BufferedResponse::new(StatusCode::BAD_REQUEST, HeaderMap::new(), body);
    let compare = |primary, shadow| {
        get(
            &refused(primary),
            &refused(shadow),
            CompareMode::typed::<Handler>(),
            &Rules::default(),
        )
    };
    assert_eq!(
        compare(r#"{"error":1}"#, r#"{ "error": 1e0 }"#).verdict,
        Verdict::Match
    );
    let compared = compare(r#"{"error":1}"#, r#"{"error":2}"#);
    assert_eq!(
        (list(&compared), compared.notes.len()),
        (vec!["value /error 1 2".to_owned()], 0)
    );
    let compared = get(
        &ok(r#"{"name":"Ann"}"#),
        &refused("no"),
        CompareMode::typed::<Handler>(),
        &Rules::default(),
    );
    assert_eq!(list(&compared), ["status  200 400"]);
}

#[test]
fn a_primary_that_is_no_such_value_is_compared_as_json() {
    let compared = typed::<Json<User>>("[1]", "[2]", &Rules::default());
    assert_eq!(list(&compared), ["value /0 1 2"]);
    assert_eq!(
        compared.notes,
        ["the primary's body is not of the handler's type: compared as JSON"]
    );
}

#[test]
fn rules_hold_for_typed_answers() {
    let rules = rules(|rules| rules.ignore("/age"));
    let compare = |shadow| typed::<Json<User>>(r#"{"name":"Ann","age":1}"#, shadow, &rules).verdict;
    assert_eq!(compare(r#"{"name":"Ann","age":2}"#), Verdict::Match);
    assert_eq!(compare(r#"{"name":"Bob","age":2}"#), Verdict::Mismatch);
    assert_eq!(compare(r#"{"age":2}"#), Verdict::SchemaMismatch);
    // The question is the type's: what it does not know is no difference, rules or not.
    assert_eq!(compare(r#"{"name":"Ann","age":2,"new":1}"#), Verdict::Match);
    // What is ignored need not be a value of the type, nor be there.
    assert_eq!(compare(r#"{"name":"Ann","age":"old"}"#), Verdict::Match);
    assert_eq!(compare(r#"{"name":"Ann"}"#), Verdict::Match);
    assert_eq!(compare("<html>"), Verdict::SchemaMismatch);
}

#[test]
fn what_the_rules_allow_is_as_in_the_primarys_value_of_a_type() {
    #[derive(Deserialize, PartialEq)]
    struct Order {
        #[serde(default)]
        items: Vec<User>,
        tags: Vec<String>,
    }
    let rules = rules(|rules| {
        rules.unordered("/tags")?;
        rules.ignore("/items/0")?;
        rules.tolerance("/items/*/age", 0.5)
    });
    let user = |name: &str, age: f64| format!(r#"{{"name":"{name}","age":{age},"x":{age}}}"#);
    let order = |first: &str, second: &str, tags: &str| {
        format!(r#"{{"items":[{first},{second}],"tags":{tags}}}"#)
    };
    let primary = order(&user("Ann", 1.0), &user("Bob", 2.0), r#"["a","b","a"]"#);
    let compare = |shadow: &str| typed::<Json<Order>>(&primary, shadow, &rules).verdict;
    let other = order("7", &user("Bob", 2.25), r#"["b","a","a"]"#);
    assert_eq!(compare(&other), Verdict::Match);
    let other = order("7", &user("Bob", 2.75), r#"["b","a","a"]"#);
    assert_eq!(compare(&other), Verdict::Mismatch);
    let other = order("7", &user("Bob", 2.0), r#"["b","b","a"]"#);
    assert_eq!(compare(&other), Verdict::Mismatch);
    let other = order("7", "{}", r#"["b","a","a"]"#);
    assert_eq!(compare(&other), Verdict::SchemaMismatch);
}

#[test]
fn values_that_differ_where_their_json_does_not_are_a_mismatch() {
    #[derive(Deserialize)]
    struct Never;
    impl PartialEq for Never {
        fn eq(&self, _: &Self) -> bool {
            false
        }
    }
    let compared = typed::<Json<Never>>("null", " null", &Rules::default());
    assert_eq!(
        (compared.verdict, compared.differences.len()),
        (Verdict::Mismatch, 0)
    );
    assert_eq!(
        compared.notes,
        ["the values differ, and their JSON does not"]
    );
}

#[test]
fn text_bytes_and_nothing_are_types_too() {
    let rules = Rules::default();
    assert_eq!(
        typed::<String>("1", "1.0", &rules).verdict,
        Verdict::Mismatch
    );
    assert_eq!(
        typed::<Html<String>>("<p>", "<b>", &rules).verdict,
        Verdict::Mismatch
    );
    assert_eq!(
        typed::<Vec<u8>>("a", "b", &rules).verdict,
        Verdict::Mismatch
    );
    assert_eq!(
        typed::<StatusCode>("", "b", &rules).verdict,
        Verdict::SchemaMismatch
    );
    let binary = ok(&b"\xff"[..]);
    let verdict = get(
        &ok("a"),
        &binary,
        CompareMode::typed::<(HeaderMap, String)>(),
        &rules,
    )
    .verdict;
    assert_eq!(verdict, Verdict::SchemaMismatch);
}

#[test]
fn a_function_decides() {
    fn same_length(primary: &BufferedResponse, shadow: &BufferedResponse) -> Verdict {
        if primary.body().len() == shadow.body().len() {
            Verdict::Match
        } else {
            Verdict::Mismatch
        }
    }
    let rules = Rules::default();
    let mode = CompareMode::Custom(same_length);
    let missing = BufferedResponse::new(StatusCode::NOT_FOUND, HeaderMap::new(), "[2]");
    assert_eq!(
        get(&ok("[1]"), &missing, mode, &rules).verdict,
        Verdict::Match
    );
    let compared = get(&ok("[11]"), &missing, mode, &rules);
    assert_eq!(list(&compared), ["status  200 404", "value /0 11 2"]);
    let cut = missing.with_ending(Ending::CutShort);
    let unknown = not_compared(NotComparedReason::CutShort);
    assert_eq!(get(&cut, &ok("[1]"), mode, &rules).verdict, unknown);
    let compared = get(&ok("[1]"), &cut, mode, &rules);
    assert_eq!(
        list(&compared),
        ["cut_short  3 bytes cut short after 3 bytes"]
    );
}

#[test]
fn a_panic_in_code_of_the_user_ends_the_comparison_alone() {
    let mode = CompareMode::Custom(|_, _| panic!("planned"));
    let verdict = get(&ok(""), &ok(""), mode, &Rules::default()).verdict;
    assert_eq!(verdict, not_compared(NotComparedReason::Panicked));
}

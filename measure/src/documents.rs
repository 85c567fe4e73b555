//! Documents of JSON to compare.

use std::fmt::Write;

/// Orders of a shop, of about so many bytes: texts, numbers, lists, and objects in one another.
pub fn orders(bytes: usize) -> String {
    orders_with(bytes, |order, text| {
        write!(
            text,
            r#"{{"id":{id},"name":"Customer number {order}","email":"customer{order}@example.com","total":{total}.{cents:02},"active":{active},"tags":["new","eu-west"],"address":{{"street":"Main Street {order}","city":"Springfield","zip":"{zip:05}"}},"note":null}}"#,
            id = 100_000 + order * 7,
            total = order * 13 % 1000,
            cents = order % 100,
            active = order % 2 == 0,
            zip = order * 31 % 100_000,
        )
    })
}

/// The same orders, with the keys of each in another order.
pub fn orders_in_other_order(bytes: usize) -> String {
    orders_with(bytes, |order, text| {
        write!(
            text,
            r#"{{"note":null,"address":{{"zip":"{zip:05}","city":"Springfield","street":"Main Street {order}"}},"tags":["new","eu-west"],"active":{active},"total":{total}.{cents:02},"email":"customer{order}@example.com","name":"Customer number {order}","id":{id}}}"#,
            id = 100_000 + order * 7,
            total = order * 13 % 1000,
            cents = order % 100,
            active = order % 2 == 0,
            zip = order * 31 % 100_000,
        )
    })
}

fn orders_with(bytes: usize, write: impl Fn(usize, &mut String) -> std::fmt::Result) -> String {
    let mut text = String::from(r#"{"orders":["#);
    for order in 0.. {
        let before = text.len();
        if order > 0 {
            text.push(',');
        }
        write(order, &mut text).expect("memory takes all");
        if text.len() + END.len() > bytes {
            text.truncate(before);
            break;
        }
    }
    text.push_str(END);
    text
}

const END: &str = r#"],"complete":true}"#;

/// A document with spaces and lines between its values.
pub fn spaced(document: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(document).expect("a document");
    serde_json::to_string_pretty(&value).expect("a document")
}

//! URLs of targets, and what requests ask for.

use proptest::prelude::*;

/// Nearly URLs of targets, and anything.
pub fn any_url() -> impl Strategy<Value = String> {
    let name = r"([A-Za-z0-9_.-]{1,12}|[a-z0-9-]{60,65}\.a|0[xX][0-9a-fA-F]{0,4}|ü)\.?";
    let ipv4 = r"[0-9]{1,3}(\.[0-9]{1,3}){1,3}";
    let ipv6 = r"\[([0-9a-fA-F]{0,4}:){1,8}[0-9a-fA-F]{0,4}\]|\[::[0-9a-f.]{0,9}\]";
    let mixed = r"\[([0-9a-f]{1,3}:{1,2}){0,7}[0-9]{1,3}(\.[0-9]{1,3}){3}\]";
    let path = r"(/([!-~ü]|[a-z.]|%[0-9a-fA-F]{2}|%2[eE]|\.){0,4}){0,4}";
    let url =
        format!("(https?|HTTP|hTTpS)://({name}|{ipv4}|{ipv6}|{mixed})(:[0-9]{{0,6}})?({path})");
    prop_oneof![
        8 => prop::string::string_regex(&url).unwrap(),
        1 => "[a-z:/@.?#\\\\ ]{0,20}",
        1 => "http://\\PC{0,20}",
    ]
}

/// Schemes, hosts and ports, in any spelling.
pub fn any_origin() -> impl Strategy<Value = String> {
    let host = r"([A-Za-z][A-Za-z0-9_-]{0,8}\.?){1,3}|[12]?[0-9](\.[0-9]){3}|\[(0{0,3}[0-9A-F]{1,3}:|0:){7}[0-9a-f]\]|\[::([Ff0]{4}:[0-9a-f]{1,4}:)?[0-9a-f]{1,4}\]|\[::([Ff0]{4}:)?[1-9][0-9]?(\.[0-9]){3}\]";
    ("https?|HTTP", host, "(:(80|443|[1-9][0-9]{0,3}))?")
        .prop_map(|(scheme, host, port)| format!("{scheme}://{host}{port}"))
}

/// URLs of targets.
pub fn any_target() -> impl Strategy<Value = String> {
    let host = r"([a-z][a-z0-9_-]{0,8}\.){0,2}[A-Za-z][a-z]{0,5}|127\.0\.0\.1|\[::[0-9a-f]{1,4}\]";
    let url = format!(
        "(http|HTTPS)://({host})(:[1-9][0-9]{{0,3}})?((/[a-z0-9@:]([a-z0-9@:.]|%25){{0,4}}){{0,2}}/?)"
    );
    prop::string::string_regex(&url).unwrap()
}

/// Targets of requests: paths, paths that look like something else, other forms, and anything.
pub fn any_original() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => "(/([a-z0-9.]|%2[eEfF]|[!-~]){0,8}){1,4}(\\?[!-~]{0,12})?".prop_map(String::into_bytes),
        1 => r"/[/\\.@]{1,3}(evil\.example)?(:[0-9]{1,5})?(/[.%]{0,3}){0,3}".prop_map(String::into_bytes),
        1 => r"(http|https|ftp)://([a-z]{1,4}@)?[a-z]{1,5}(:[0-9]{1,5})?(/[!-~]{0,8}){0,2}".prop_map(String::into_bytes),
        1 => r"\*|[a-z]{1,6}:[0-9]{1,5}|\?[a-z]{0,3}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..40),
        1 => prop::collection::vec(any::<u8>(), 0..20).prop_map(|rest| [b"/".to_vec(), rest].concat()),
    ]
}

/// Ways to write one of the characters of `/../`.
pub fn any_spelling(char: char) -> BoxedStrategy<String> {
    let byte = u32::from(char);
    let once = format!("%{byte:02x}");
    let spellings = match char {
        '.' => ["%C0%aE", "%e0%80%ae", "%u002E", "\u{ff0e}", "%EF%BC%8e"],
        _ => ["%c0%aF", "%e0%80%af", "%u2215", "\\", "%5C"],
    };
    let plain = prop_oneof![
        2 => Just(char.to_string()),
        1 => Just(once.clone()),
        1 => Just(once.to_uppercase()),
        1 => prop::sample::select(spellings.to_vec()).prop_map(str::to_owned),
    ];
    // Encoded again, as a whole or a letter of it.
    let layers = prop::collection::vec(any::<prop::sample::Index>(), 0..3);
    let encode = |(text, layers): (String, Vec<prop::sample::Index>)| {
        layers.into_iter().fold(text, |mut text, index| {
            let at = index.index(text.len());
            match text.as_bytes()[at] {
                byte if byte.is_ascii() => {
                    text.replace_range(at..=at, &format!("%{byte:02X}"));
                    text
                }
                _ => text,
            }
        })
    };
    (plain, layers).prop_map(encode).boxed()
}

/// What servers drop around `..`, or do not look at behind it.
pub fn any_rest() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => Just(String::new()),
        1 => "(%00|%20|%09|%0[aAdD]|\\+|%2520|%c2%a0|%e2%80%8b|%ff){1,2}",
        1 => "(;|%3[bB]|%253b|%23|%3f)[a-z=.]{0,3}",
        1 => "%00[a-z.]{1,3}",
    ]
}

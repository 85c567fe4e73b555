//! What looks like a secret, and what does not: measured.
//!
//! The figures stand in the assertions, so that a change of the rules shows what it costs.

use std::fmt::Write;

use super::{has_secret, hidden, hidden_alike};

/// Documents as services respond with them, invented.
const DOCUMENTS: &str = include_str!("ordinary.json");

/// splitmix64: the same values in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn of(&mut self, alphabet: &str, length: usize) -> String {
        let alphabet = alphabet.as_bytes();
        let mut one = || alphabet[usize::try_from(self.next() % alphabet.len() as u64).unwrap()];
        (0..length).map(|_| char::from(one())).collect()
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }
}

const HEX: &str = "0123456789abcdef";
const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const CROCKFORD: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const BASE36: &str = "abcdefghijklmnopqrstuvwxyz0123456789";
const BASE62: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const BASE64: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// How many of a thousand look like secrets.
fn of_1000(mut make: impl FnMut(&mut Random) -> String) -> usize {
    let mut random = Random(7);
    (0..1000).filter(|_| has_secret(&make(&mut random))).count()
}

/// All texts of a document: keys and values.
fn texts(value: &serde_json::Value, all: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => all.push(text.clone()),
        serde_json::Value::Array(elements) => elements.iter().for_each(|one| texts(one, all)),
        serde_json::Value::Object(members) => {
            for (key, member) in members {
                all.push(key.clone());
                texts(member, all);
            }
        }
        _ => {}
    }
}

#[test]
fn nothing_in_ordinary_documents_looks_like_a_secret() {
    let documents: serde_json::Value = serde_json::from_str(DOCUMENTS).unwrap();
    let mut all = Vec::new();
    texts(&documents, &mut all);
    assert!(all.len() > 300, "{}", all.len());
    let alarms: Vec<_> = all.iter().filter(|text| has_secret(text)).collect();
    assert_eq!(alarms, Vec::<&String>::new(), "of {}", all.len());
    // As they are shown, with their keys.
    for document in documents.as_array().unwrap() {
        let text = document.to_string();
        assert_eq!(hidden(text.clone()), text);
    }
}

#[test]
fn ids_hashes_stamps_slugs_and_links_do_not_look_like_secrets() {
    let word = |random: &mut Random| {
        const WORDS: [&str; 16] = [
            "order", "invoice", "with", "the", "best", "new", "shop", "london", "blue", "user",
            "report", "final", "item", "2024", "v2", "42",
        ];
        WORDS[random.below(WORDS.len())]
    };
    let words = |random: &mut Random, n: usize, between: &str| {
        let words: Vec<_> = (0..n).map(|_| word(random)).collect();
        words.join(between)
    };
    let camel = |random: &mut Random| {
        let mut name = String::new();
        for _ in 0..8 {
            let word = word(random);
            name.push_str(&word[..1].to_uppercase());
            name.push_str(&word[1..]);
        }
        name
    };
    let uuid = |random: &mut Random| {
        let h = random.of(HEX, 32);
        format!(
            "{}-{}-{}-{}-{}",
            &h[..8],
            &h[8..12],
            &h[12..16],
            &h[16..20],
            &h[20..]
        )
    };
    let false_alarms = [
        of_1000(uuid),
        of_1000(|random| format!("/v1/orders/{}/items/{}", uuid(random), uuid(random))),
        of_1000(|random| random.of(HEX, 32)),
        of_1000(|random| random.of(HEX, 40)),
        of_1000(|random| random.of(HEX, 64).to_uppercase()),
        of_1000(|random| random.of(HEX, 128)),
        of_1000(|random| format!("\"{}\"", random.of(HEX, 40))),
        of_1000(|random| random.of(CROCKFORD, 26)),
        of_1000(|random| random.of(BASE62, 27)),
        of_1000(|random| random.of(URL_SAFE, 21)),
        of_1000(|random| random.of(BASE36, 25)),
        of_1000(|random| format!("W/\"1f-{}\"", random.of(BASE64, 27))),
        of_1000(|random| format!("sha384-{}", random.of(BASE64, 64))),
        of_1000(|random| format!("data:image/webp;base64,{}", random.of(BASE64, 600))),
        of_1000(|random| {
            format!(
                "2024-05-{:02}T10:00:00.{:09}Z",
                random.below(28) + 1,
                random.below(1_000_000_000)
            )
        }),
        of_1000(|random| random.next().to_string() + &random.next().to_string()),
        of_1000(|random| words(random, 9, "-")),
        of_1000(|random| words(random, 9, "_").to_uppercase()),
        of_1000(|random| words(random, 9, " ")),
        of_1000(|random| words(random, 9, "/")),
        of_1000(|random| {
            format!(
                "https://example.com/{}?q={}",
                words(random, 5, "/"),
                words(random, 6, "+")
            )
        }),
        of_1000(camel),
        of_1000(|random| {
            use base64::{Engine, engine::general_purpose::STANDARD};
            STANDARD.encode(format!(
                "{{\"id\":{},\"at\":\"2024-05-01\"}}",
                random.next()
            ))
        }),
    ];
    assert_eq!(false_alarms, [0; 23]);
    // Drawn like a secret, and longer than most ids: these are taken for one. Ids of files and of
    // versions of objects in stores are among them.
    let ids = [
        of_1000(|random| random.of(BASE62, 33)),
        of_1000(|random| random.of(URL_SAFE, 44)),
    ];
    assert!(ids.iter().all(|alarms| *alarms > 900), "{ids:?}");
}

#[test]
fn long_tokens_without_any_order_look_like_secrets() {
    let found = [
        of_1000(|random| random.of(BASE62, 32)),
        of_1000(|random| random.of(BASE62, 48)),
        of_1000(|random| random.of(BASE64, 40)),
        of_1000(|random| random.of(BASE64, 86) + "=="),
        of_1000(|random| random.of(URL_SAFE, 43)),
        of_1000(|random| random.of(URL_SAFE, 1200)),
        of_1000(|random| random.of(BASE36, 40)),
        of_1000(|random| random.of(BASE32, 52)),
        of_1000(|random| format!("it says {}, thrice", random.of(BASE62, 40))),
        of_1000(|random| format!("https://example.com/reset/{}", random.of(URL_SAFE, 43))),
        of_1000(|random| format!("?state={}&a=b", random.of(URL_SAFE, 43))),
    ];
    assert!(found.iter().all(|found| *found >= 950), "{found:?}");
    // As the documentation of a store writes one, with a word in it.
    assert!(has_secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"));
}

/// What begins with one byte stands together.
#[test]
fn each_prefix_of_an_issuer_is_looked_for() {
    for (prefix, min) in super::ISSUED {
        let text = format!("it is {prefix}{}, once", "aB3".repeat(min));
        assert!(has_secret(&text), "{text}");
    }
}

#[test]
fn credentials_of_known_issuers_look_like_secrets() {
    let mut random = Random(11);
    let mut one = |prefix: &str, length| format!("{prefix}{}", random.of(BASE62, length));
    for secret in [
        "AKIAIOSFODNN7EXAMPLE".to_owned(),
        "ASIAIOSFODNN7EXAMPLE".to_owned(),
        one("ghp_", 36),
        one("github_pat_11ABCDEFG0_", 40),
        "xoxb-123456789012-abcdefghij".to_owned(),
        "xoxp-1234-5678-abcd".to_owned(),
        one("sk-", 48),
        one("sk-proj-", 40),
        one("sk-ant-api03-", 40),
        one("sk_live_", 24),
        one("rk_test_", 24),
        one("whsec_", 32),
        one("AIzaSy", 33),
        one("glpat-", 20),
        one("npm_", 36),
        one("hf_", 34),
        one("GOCSPX-", 28),
        one("ya29.", 60),
        one("hvs.", 24),
        format!("SG.{}.{}", one("", 22), one("", 43)),
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln".to_owned(),
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.".to_owned() + "",
        "eyJhbGciOiJkaXIifQ..aXY.Y2lwaGVy.dGFn".to_owned(),
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc=\n-----END RSA PRIVATE KEY-----".to_owned(),
        "-----BEGIN OPENSSH PRIVATE KEY-----\\nb3Bl\\n-----END OPENSSH PRIVATE KEY-----\\n"
            .to_owned(),
        "-----BEGIN CERTIFICATE-----\nMIIC".to_owned(),
    ] {
        for (before, after) in [
            ("", ""),
            ("it is ", ", once"),
            ("{\"a\":\"", "\"}"),
            ("?a=", "&b"),
        ] {
            let text = format!("{before}{secret}{after}");
            let shown = hidden(text.clone());
            assert!(
                !shown.contains(secret.trim_end_matches('.')),
                "{text}: {shown}"
            );
            assert!(shown.contains("[redacted "), "{text}: {shown}");
            assert!(shown.starts_with(before), "{text}: {shown}");
        }
    }
}

#[test]
fn what_stands_behind_the_name_of_a_credential_looks_like_one() {
    for (text, shown) in [
        (
            "/cb?access_token=hunter2&a=b",
            "/cb?access_token=[redacted]&a=b",
        ),
        (
            "/cb?code=canary-3f9a&state=x",
            "/cb?code=[redacted]&state=x",
        ),
        ("?code=SAVE20&token=a", "?code=SAVE20&token=a"),
        (
            "{\"password\":\"hun\\\"ter2\",\"a\":1}",
            "{\"password\":\"[redacted]\",\"a\":1}",
        ),
        (
            r#"{"a":"{\"password\":\"hunter2\",\"b\":2}"}"#,
            r#"{"a":"{\"password\":\"[redacted]\",\"b\":2}"}"#,
        ),
        (
            "{\"apiKey\": 12345, \"b\": 2}",
            "{\"apiKey\": [redacted], \"b\": 2}",
        ),
        (
            "{\"secrets\":[\"a\",{\"b\":1}],\"c\":2}",
            "{\"secrets\":[redacted],\"c\":2}",
        ),
        (
            "{\"password\":null,\"token\":true}",
            "{\"password\":null,\"token\":true}",
        ),
        (
            "<password>hunter2</password>",
            "<password>[redacted]</password>",
        ),
        (
            "Server=db;User=ann;Password=hunter2;",
            "Server=db;User=ann;Password=[redacted];",
        ),
        ("token: abcd1234 is refused", "token: [redacted] is refused"),
        ("token: expired", "token: expired"),
        ("Bearer abcd1234", "Bearer [redacted]"),
        ("Basic YW5uOmNhbmFyeQ==", "Basic [redacted]"),
        ("a Bearer credential", "a Bearer credential"),
        (
            "postgres://ann:hunter2@db:5432/shop",
            "postgres://ann:[redacted]@db:5432/shop",
        ),
        (
            "https://example.com:8443/@ann",
            "https://example.com:8443/@ann",
        ),
        (
            "https://hooks.slack.com/services/T00/B00/x1",
            "https://hooks.slack.com/services/[redacted]",
        ),
        ("{\"password\":[redacted]}", "{\"password\":[redacted]}"),
    ] {
        assert_eq!(hidden_alike(text.to_owned()), shown);
    }
}

#[test]
fn a_secret_that_was_cut_is_one_as_far_as_it_is_there() {
    let mut random = Random(13);
    let token = random.of(BASE62, 40);
    let jwt = format!("eyJhbGciOiJIUzI1NiJ9.{}", random.of(URL_SAFE, 40));
    for text in [
        format!("{}…", &token[..20]),
        format!("…{}", &token[20..]),
        format!("{}…", &jwt[..14]),
        "ghp_abcd…".to_owned(),
        "{\"password\":\"hunt…".to_owned(),
    ] {
        assert!(has_secret(&text), "{text}");
    }
    assert!(!has_secret("a sentence that was cut off…") && !has_secret("…orders-of-2024"));
}

#[test]
fn two_secrets_can_be_told_apart_and_equal_ones_cannot() {
    let [one, other] =
        ["sub", "sup"].map(|claim| hidden(format!("eyJhbGciOiJIUzI1NiJ9.{claim}.c2lnbmF0dXJl")));
    assert_ne!(one, other);
    assert_eq!(
        one,
        hidden("eyJhbGciOiJIUzI1NiJ9.sub.c2lnbmF0dXJl".to_owned())
    );
}

/// A text of any length is looked at once, about.
#[test]
fn a_long_text_is_no_burden() {
    for part in [
        "a/",
        "eyJ",
        "token=",
        "\"token\":\"",
        "-----BEGIN ",
        "://a:",
        "ab+",
        "\\\"",
        "Bearer ",
    ] {
        let mut text = String::new();
        while text.len() < 50_000 {
            let _ = write!(text, "{part}");
        }
        let _ = has_secret(&text);
        let _ = hidden(text);
    }
}

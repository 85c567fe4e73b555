use super::*;

const SECRET: &str = "q83vEjRWeJASNFZ4kBI0VniQEjRWeJASNFZ4kBI0Vng=";
const OTHER: &str = "0123456789abcdef0123456789abcdef";

fn reason(text: &str) -> String {
    match Key::new(text) {
        Err(ConfigError::Key(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

/// Whoever changes one of them moves all users of all who sample by user, and breaks each verifier
/// in another language. Computed with Python's `hmac` and an independent `SipHash-1-3`.
#[test]
fn hashes_and_signatures_are_the_same_in_each_release() {
    let key = Key::new(&format!("a:{SECRET}")).unwrap();
    assert_eq!(
        key.hash(Purpose::Sticky, &[b"u-1", b""]),
        0xf8e3_98d8_077b_0689
    );
    let hex = |bytes: [u8; TAG_LEN]| {
        let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
        digits.collect::<String>()
    };
    assert_eq!(
        hex(key.digest(Purpose::Mask, &[b"a@b", b""])),
        "9f42e67989d4d5d5e84982e47a35e3014599adf7fde6c49c1901211cd2169304"
    );
    assert_eq!(
        hex(key.sign(b"GET /").unwrap().tag),
        "d729f4828db38a3ab1a17d9305eb4827697087695827163421236e7196e04808"
    );
    assert_eq!(Key::new(SECRET).unwrap().id(), "375d1d8a");
}

#[test]
fn each_use_and_each_secret_has_hashes_of_its_own() {
    let keys = [Key::new(SECRET).unwrap(), Key::new(OTHER).unwrap()];
    let mut hashes = std::collections::HashSet::new();
    let mut digests = std::collections::HashSet::new();
    for key in &keys {
        for purpose in Purpose::ALL.iter().copied() {
            for parts in [&[b"ab".as_slice(), b"c"], &[b"a", b"bc"], &[b"", b"abc"]] {
                assert!(hashes.insert(key.hash(purpose, parts)));
                assert!(digests.insert(key.digest(purpose, parts)));
            }
        }
    }
}

#[test]
fn the_first_secret_is_used_and_each_is_accepted() {
    let old = Key::new(&format!("2026-10:{OTHER}")).unwrap();
    let both = Key::new(&format!("2026-11:{SECRET}, 2026-10:{OTHER}\n")).unwrap();
    let new = Key::new(&format!("2026-11:{SECRET}")).unwrap();
    assert_eq!((both.id(), old.id()), ("2026-11", "2026-10"));
    let parts: &[&[u8]] = &[b"u-1"];
    assert_eq!(
        both.hash(Purpose::Sticky, parts),
        new.hash(Purpose::Sticky, parts)
    );
    let verifies = |by: &Key, of: &Key| {
        let Signature { id, mut tag } = of.sign(b"message").unwrap();
        let is_verified = by.verify(id, b"message", &tag);
        assert!(!by.verify(id, b"messagf", &tag));
        assert!(!by.verify(id, b"message", &tag[..31]));
        assert!(!by.verify("2026-12", b"message", &tag));
        tag[0] ^= 1;
        assert!(!by.verify(id, b"message", &tag));
        is_verified
    };
    assert!(verifies(&both, &both) && verifies(&both, &old) && verifies(&both, &new));
    assert!(verifies(&new, &both));
    assert!(!verifies(&old, &both) && !verifies(&new, &old));
    // The id is right and the secret is another.
    let forged = Key::new(&format!("2026-11:{OTHER}")).unwrap();
    assert!(!verifies(&both, &forged));
}

#[test]
fn secrets_without_ids_can_be_changed_too() {
    let old = Key::new(OTHER).unwrap();
    let both = Key::new(&format!("{SECRET},{OTHER}")).unwrap();
    let Signature { id, tag } = old.sign(b"message").unwrap();
    assert!(both.verify(id, b"message", &tag));
    assert_ne!(both.id(), old.id());
    assert_eq!(old.id().len(), 8);
}

#[test]
fn a_random_key_is_the_same_in_the_process_and_signs_nothing() {
    let key = Key::from_env("MIRROR_KEY_THAT_IS_UNSET").unwrap();
    assert!(key.is_random());
    assert!(!Key::new(SECRET).unwrap().is_random());
    let again = Key::random();
    let parts: &[&[u8]] = &[b"u-1"];
    assert_eq!(
        key.hash(Purpose::Sticky, parts),
        again.hash(Purpose::Sticky, parts)
    );
    assert!(key.sign(b"message").is_none());
    let tag = key.0.versions[0].signed(b"message").finalize();
    assert!(!key.verify("random", b"message", &tag.into_bytes()));
    assert_ne!(text::from_hash_maps(), text::from_hash_maps());
}

#[test]
fn each_mistake_is_named_and_no_secret_is_repeated() {
    let weak = "hunter2hunter2hunter2hunter2";
    let many = [OTHER; 9].join(",");
    for (text, expected) in [
        (
            "",
            "the secret has 0 characters, and must have at least 32: `openssl rand -base64 32` makes one",
        ),
        (
            weak,
            "the secret has 28 characters, and must have at least 32: `openssl rand -base64 32` makes one",
        ),
        (
            &format!("a:{weak}"),
            "the secret has 28 characters, and must have at least 32: `openssl rand -base64 32` makes one",
        ),
        (
            &format!("a:{SECRET},b:{weak}"),
            "secret 2 of 2 has 28 characters, and must have at least 32: `openssl rand -base64 32` makes one",
        ),
        (
            &format!("{SECRET},"),
            "secret 2 of 2 has 0 characters, and must have at least 32: `openssl rand -base64 32` makes one",
        ),
        (
            &format!("{weak} {weak}"),
            "the secret has a character that is not visible ASCII: `openssl rand -base64 32` makes one",
        ),
        (
            &format!("a:{weak}ähunter2"),
            "the secret has a character that is not visible ASCII: `openssl rand -base64 32` makes one",
        ),
        (
            &format!(":{SECRET}"),
            "the id of the secret, before its colon, must have 1 to 32 letters, digits, `.`, `_` and `-`",
        ),
        (
            &format!("{weak}hunter2:{SECRET}"),
            "the id of the secret, before its colon, must have 1 to 32 letters, digits, `.`, `_` and `-`",
        ),
        (
            &format!("hunter2/:{SECRET}"),
            "the id of the secret, before its colon, must have 1 to 32 letters, digits, `.`, `_` and `-`",
        ),
        (
            &format!("a:{SECRET},a:{OTHER}"),
            "secret 2 of 2 has the id of an earlier one: give each an id of its own",
        ),
        (
            &many,
            "it has 9 secrets, and at most 8 are accepted: remove the oldest",
        ),
    ] {
        let found = reason(text);
        assert_eq!(found, expected);
        assert!(!found.contains("hunter2"));
    }
}

#[test]
fn no_text_of_a_key_shows_its_secret() {
    let key = Key::new(&format!("2026-11:{SECRET},{OTHER}")).unwrap();
    let text = format!("{key:?} {key:#?}");
    assert!(text.contains("2026-11"));
    assert!(
        !text.contains(&SECRET[..8]) && !text.contains(&OTHER[..8]),
        "{text}"
    );
}

//! `Content-Encoding` of either side.

use std::io::Write;

use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};

use super::*;

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn zlib(body: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn raw_deflate(body: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

/// Brotli without compression: one stored block (RFC 7932 section 9.2).
fn brotli(body: &[u8]) -> Vec<u8> {
    // From the lowest bit: `0` for a window of 16 bits; `0` for not the last block; `00` for four
    // nibbles of length; the length; `1` for stored.
    let length = u32::try_from(body.len() - 1).unwrap();
    let header = (length << 4) | (1 << 20);
    // Then the last block, which is empty.
    [&header.to_le_bytes()[..3], body, &[0b11]].concat()
}

/// Zstandard without compression (RFC 8878): a frame of one segment and one stored block.
fn zstd(body: &[u8]) -> Vec<u8> {
    let length = u8::try_from(body.len()).unwrap();
    let block = (u32::from(length) << 3) | 1;
    let magic = [0x28, 0xB5, 0x2F, 0xFD];
    [&magic[..], &[0x20, length], &block.to_le_bytes()[..3], body].concat()
}

/// A frame of zstd that is to be skipped.
const SKIPPED: &[u8] = &[0x50, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3];

fn encoded(body: Vec<u8>, encoding: &str) -> BufferedResponse {
    with_header(&ok(body), "content-encoding", encoding)
}

fn verdict(primary: &BufferedResponse, shadow: &BufferedResponse) -> Verdict {
    get(primary, shadow, CompareMode::Json, &Rules::default()).verdict
}

#[test]
fn encodings_are_undone_on_either_side() {
    let body = br#"{"a":[1,2,3]}"#;
    let plain = ok(&br#"{ "a": [1, 2, 3] }"#[..]);
    for response in [
        encoded(gzip(body), "gzip"),
        encoded(gzip(body), "X-GZIP"),
        encoded([gzip(&body[..5]), gzip(&body[5..])].concat(), "gzip"),
        encoded(zlib(body), "deflate"),
        encoded(raw_deflate(body), "deflate"),
        encoded(brotli(body), "br"),
        encoded(gzip(&brotli(body)), "br, gzip"),
        with_header(
            &encoded(gzip(&zlib(body)), "deflate"),
            "content-encoding",
            "identity,gzip",
        ),
        encoded(body.to_vec(), "identity"),
        encoded([gzip(body), vec![0; 500]].concat(), "gzip"),
        encoded(zstd(body), "zstd"),
        encoded([zstd(&body[..5]), zstd(&body[5..])].concat(), "Zstd"),
        encoded([SKIPPED, &zstd(body)].concat(), "zstd"),
        encoded(gzip(&zstd(body)), "zstd, gzip"),
    ] {
        assert_eq!(
            verdict(&plain, &response),
            Verdict::Match,
            "{:?}",
            response.headers()
        );
        assert_eq!(
            verdict(&response, &plain),
            Verdict::Match,
            "{:?}",
            response.headers()
        );
        assert_eq!(
            verdict(&response, &ok("{}")),
            Verdict::Mismatch,
            "{:?}",
            response.headers()
        );
    }
    assert_eq!(
        verdict(&encoded(gzip(body), "gzip"), &encoded(brotli(body), "br")),
        Verdict::Match
    );
}

#[test]
fn equal_bodies_of_one_encoding_are_equal_whatever_it_is() {
    let response = encoded(b"who knows".to_vec(), "compress");
    assert_eq!(verdict(&response, &response), Verdict::Match);
}

#[test]
fn what_cannot_be_undone_is_not_compared() {
    let plain = ok("[1,2,3]");
    let quadruple = gzip(&gzip(&gzip(&gzip(b"[1,2,3]"))));
    // A frame that needs a dictionary (7), and one with a window of 2 GiB.
    let mut by_dictionary = zstd(b"[1,2,3]");
    by_dictionary[4] = 0x21;
    by_dictionary.insert(5, 7);
    let mut large = zstd(b"[1,2,3]");
    (large[4], large[5]) = (0, 21 << 3);
    for response in [
        encoded(b"[1]".to_vec(), "compress"),
        encoded(b"[1]".to_vec(), "dcz"),
        encoded(by_dictionary, "zstd"),
        encoded(large, "zstd"),
        encoded(quadruple, "gzip, gzip, gzip, gzip"),
    ] {
        let unknown = not_compared(NotComparedReason::Encoding);
        assert_eq!(
            verdict(&plain, &response),
            unknown,
            "{:?}",
            response.headers()
        );
        assert_eq!(
            verdict(&response, &plain),
            unknown,
            "{:?}",
            response.headers()
        );
    }
}

#[test]
fn a_shadow_whose_body_is_not_in_its_encoding_differs() {
    let body = gzip(b"[1,2,3]");
    let mut broken = body.clone();
    broken[12] ^= 0xFF;
    let mut cut = zstd(b"[1,2,3]");
    cut.pop();
    for response in [
        encoded(b"[1]".to_vec(), "zstd"),
        encoded(b"[1]".to_vec(), "gzip"),
        encoded(b"[1]".to_vec(), "br"),
        encoded(b"[1]".to_vec(), "deflate"),
        encoded(body[..body.len() - 3].to_vec(), "gzip"),
        encoded(broken, "gzip"),
        encoded([&body[..], b"trailing"].concat(), "gzip"),
        encoded(cut, "zstd"),
    ] {
        let unknown = not_compared(NotComparedReason::Encoding);
        let compared = get(
            &ok("[1,2,3]"),
            &response,
            CompareMode::Json,
            &Rules::default(),
        );
        let encoding = response.headers()["content-encoding"].to_str().unwrap();
        assert_eq!(
            list(&compared),
            [format!("value  no encoding broken {encoding}")]
        );
        assert_eq!(
            verdict(&response, &ok("[1,2,3]")),
            unknown,
            "{:?}",
            response.headers()
        );
    }
}

#[test]
fn a_bomb_is_given_up_at_the_limit() {
    // 64 MiB, in 64 KiB, and once more.
    let bomb = gzip(&vec![b' '; 64 << 20]);
    assert!(bomb.len() < 70_000);
    for bomb in [encoded(gzip(&bomb), "gzip, gzip"), encoded(bomb, "gzip")] {
        let unknown = not_compared(NotComparedReason::TooLarge);
        assert_eq!(verdict(&ok("[1]"), &bomb), Verdict::Mismatch);
        assert_eq!(verdict(&bomb, &ok("[1]")), unknown);
    }
    let exact = |size| encoded(gzip(&vec![b'x'; size]), "gzip");
    assert_eq!(verdict(&exact(256 * 1024), &ok("[1]")), Verdict::Mismatch);
    assert_eq!(
        verdict(&exact(256 * 1024 + 1), &ok("[1]")),
        not_compared(NotComparedReason::TooLarge)
    );
}

#[test]
fn an_empty_body_is_empty_in_every_encoding() {
    assert_eq!(
        verdict(&encoded(Vec::new(), "gzip"), &ok("")),
        Verdict::Match
    );
    assert_eq!(
        verdict(&encoded(gzip(b""), "gzip"), &ok("")),
        Verdict::Match
    );
}

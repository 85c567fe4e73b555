//! A document in the encodings that servers use, as they make it.

pub(crate) const DOC: &str = r#"{"id":7,"name":"Ann","total":19.99,"items":["tea","cup"]}"#;

/// The same with another number in it.
pub(crate) const OTHER: &str = r#"{"id":7,"name":"Ann","total":20.99,"items":["tea","cup"]}"#;

pub(crate) fn gzip(document: &str) -> Vec<u8> {
    of(
        document,
        [
            "1f8b0800000000000003ab56ca4c51b232d751ca4bcc4d55b25272cccb53d2512ac92f49cc51b232b4d4b3b4d451ca2c49cd2d56b28a562a494d044a26971628c5d6020030711df239000000",
            "1f8b0800000000000003ab56ca4c51b232d751ca4bcc4d55b25272cccb53d2512ac92f49cc51b23232d0b3b4d451ca2c49cd2d56b28a562a494d044a26971628c5d60200dcbbcd5c39000000",
        ],
    )
}

/// `deflate` as RFC 9110 says it.
pub(crate) fn zlib(document: &str) -> Vec<u8> {
    of(
        document,
        [
            "789cab56ca4c51b232d751ca4bcc4d55b25272cccb53d2512ac92f49cc51b232b4d4b3b4d451ca2c49cd2d56b28a562a494d044a26971628c5d60200d9fe10b9",
            "789cab56ca4c51b232d751ca4bcc4d55b25272cccb53d2512ac92f49cc51b23232d0b3b4d451ca2c49cd2d56b28a562a494d044a26971628c5d60200d92710b1",
        ],
    )
}

/// `deflate` as some servers send it.
pub(crate) fn deflate(document: &str) -> Vec<u8> {
    let zlib = zlib(document);
    zlib[2..zlib.len() - 4].to_vec()
}

pub(crate) fn br(document: &str) -> Vec<u8> {
    of(
        document,
        [
            "0b1c807b226964223a372c226e616d65223a22416e6e222c22746f74616c223a31392e39392c226974656d73223a5b22746561222c22637570225d7d03",
            "0b1c807b226964223a372c226e616d65223a22416e6e222c22746f74616c223a32302e39392c226974656d73223a5b22746561222c22637570225d7d03",
        ],
    )
}

pub(crate) fn zstd(document: &str) -> Vec<u8> {
    of(
        document,
        [
            "28b52ffd0458c901007b226964223a372c226e616d65223a22416e6e222c22746f74616c223a31392e39392c226974656d73223a5b22746561222c22637570225d7dd56e0bdb",
            "28b52ffd0458c901007b226964223a372c226e616d65223a22416e6e222c22746f74616c223a32302e39392c226974656d73223a5b22746561222c22637570225d7db7de6949",
        ],
    )
}

fn of(document: &str, encoded: [&str; 2]) -> Vec<u8> {
    let digits = encoded[usize::from(document == OTHER)];
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

/// Base64 of bytes that need no padding to be told apart.
pub(crate) fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| usize::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..=chunk.len() {
            text.push(char::from(ALPHABET[bits >> (18 - 6 * digit) & 63]));
        }
    }
    text
}

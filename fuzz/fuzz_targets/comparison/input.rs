//! Reading an input.
//!
//! Four bytes of options, then lines: rules such as `ignore /a`, `tolerance /a 0.5` and `header
//! etag`, up to a line `---`; then the primary's body up to the next one, and the shadow's.

use std::io::Write;

use axum::Json;
use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use mirror_compare::{Subject, compare};
use mirror_runtime::{BufferedResponse, CompareMode, Comparison, Ending, Rules, Verdict};

/// What stands where it is redacted, and may stand anywhere else.
pub(crate) const SECRET: &str = "hunter2-of-the-fuzzer";

/// Larger bodies take long, and show nothing that smaller ones do not.
const MAX_BODY: usize = 256 << 10;

const SEPARATOR: &[u8] = b"\n---\n";

pub(crate) struct Input {
    pub(crate) method: Method,
    pub(crate) mode: CompareMode,
    pub(crate) rules: Rules,
    pub(crate) primary_body: Vec<u8>,
    pub(crate) shadow_body: Vec<u8>,
    pub(crate) has_secret: bool,
    /// Some rule is about an element by its index, which means little where an array has no order.
    pub(crate) has_indices: bool,
    options: [u8; 4],
}

impl Input {
    pub(crate) fn read(data: &[u8]) -> Option<Self> {
        let (options, rest) = data.split_first_chunk::<4>()?;
        let (lines, rest) = split(rest);
        let (primary, shadow) = split(rest);
        let [modes, _, shape, extent] = *options;
        let mut input = Self {
            method: if modes & 0x80 > 0 {
                Method::HEAD
            } else {
                Method::GET
            },
            mode: mode(modes),
            rules: Rules::default(),
            primary_body: shaped(primary, shape, extent),
            shadow_body: shaped(shadow, shape, extent),
            has_secret: modes & 0x40 > 0,
            has_indices: false,
            options: *options,
        };
        for line in str::from_utf8(lines).unwrap_or_default().lines() {
            input.add_rule(line);
        }
        if input.has_secret {
            let _ = input.rules.redact("/password");
            input.primary_body = beside_secret(&input.primary_body);
            input.shadow_body = beside_secret(&input.shadow_body);
        }
        if extent & 1 > 0 {
            input.rules.set_max_compare_body(64);
        }
        Some(input)
    }

    /// Whether the bodies are of a type that is compared in parts.
    pub(crate) fn has_parts(&self) -> bool {
        self.options[2] >> 5 > 1
    }

    fn add_rule(&mut self, line: &str) {
        let (rule, what) = line.split_once(' ').unwrap_or((line, ""));
        let digits = |token: &str| {
            token
                .bytes()
                .next()
                .is_some_and(|byte| byte.is_ascii_digit())
        };
        self.has_indices |= what.split('/').any(digits);
        let _ = match rule {
            "ignore" => self.rules.ignore(what),
            "unordered" => self.rules.unordered(what),
            "redact" => self.rules.redact(what),
            "tolerance" => {
                let (pointer, tolerance) = what.rsplit_once(' ').unwrap_or((what, "1"));
                self.rules
                    .tolerance(pointer, tolerance.parse().unwrap_or(0.5))
            }
            "header" => {
                if let Ok(name) = what.parse() {
                    self.rules.compare_header(name);
                }
                Ok(())
            }
            "ignore_header" => {
                if let Ok(name) = what.parse() {
                    self.rules.ignore_header(name);
                }
                Ok(())
            }
            "ignore_zero_fraction" => {
                self.rules.set_ignore_zero_fraction(true);
                Ok(())
            }
            "ignore_bom" => {
                self.rules.set_ignore_bom(true);
                Ok(())
            }
            _ => Ok(()),
        };
    }

    /// Whether the primary's body is in the encoding that its header names.
    pub(crate) fn is_encoded_as_it_says(&self) -> bool {
        let how = self.options[1];
        match how & 3 {
            0 => true,
            1 | 2 => how & 4 > 0,
            _ => false,
        }
    }

    pub(crate) fn primary(&self) -> BufferedResponse {
        self.answer(&self.primary_body, self.options[1], self.options[3])
    }

    pub(crate) fn shadow(&self) -> BufferedResponse {
        self.answer(
            &self.shadow_body,
            self.options[1] >> 4,
            self.options[3] >> 4,
        )
    }

    pub(crate) fn compare(
        &self,
        primary: &BufferedResponse,
        shadow: &BufferedResponse,
    ) -> Comparison {
        compare(
            Subject::new(&self.method, "/"),
            primary,
            shadow,
            self.mode,
            &self.rules,
        )
    }

    /// A response like the primary's, with another body.
    pub(crate) fn like_primary(&self, body: &[u8]) -> BufferedResponse {
        self.answer(body, self.options[1], self.options[3])
    }

    /// `how`: the encoding, and whether the body is in it. `ending`: how the body ended, and the
    /// status.
    fn answer(&self, body: &[u8], how: u8, ending: u8) -> BufferedResponse {
        let encoding = ["identity", "gzip", "deflate", "br"][usize::from(how & 3)];
        let encoded = how & 4 > 0;
        let mut headers = HeaderMap::new();
        if how & 11 > 0 {
            headers.insert("content-encoding", HeaderValue::from_static(encoding));
        }
        let plain = ["application/json", "text/plain"][usize::from(how >> 3 & 1)];
        let types = [
            plain,
            plain,
            "application/x-ndjson",
            "application/json-seq",
            "text/event-stream",
            "application/x-www-form-urlencoded",
            "multipart/mixed; boundary=x",
            "application/grpc",
        ];
        let media_type = HeaderValue::from_static(types[usize::from(self.options[2] >> 5)]);
        headers.insert("content-type", media_type);
        if self.has_secret {
            headers.insert("x-api-key", HeaderValue::from_static(SECRET));
        }
        if let Ok(etag) = HeaderValue::from_bytes(body) {
            headers.insert("etag", etag);
        }
        let body = match encoding {
            "gzip" if encoded => written(
                GzEncoder::new(Vec::new(), Compression::fast()),
                body,
                GzEncoder::finish,
            ),
            "deflate" if encoded => written(
                DeflateEncoder::new(Vec::new(), Compression::fast()),
                body,
                DeflateEncoder::finish,
            ),
            _ => body.to_vec(),
        };
        let status = match ending & 0b1100 {
            0b0100 => StatusCode::NOT_MODIFIED,
            0b1000 => StatusCode::NOT_FOUND,
            _ => StatusCode::OK,
        };
        let answer = BufferedResponse::new(status, headers, body);
        match ending & 0b10 {
            0 => answer,
            _ if how & 8 > 0 => answer.with_ending(Ending::Truncated),
            _ => answer.with_ending(Ending::CutShort),
        }
    }
}

fn mode(modes: u8) -> CompareMode {
    match modes & 7 {
        0 => CompareMode::Status,
        1 => CompareMode::Bytes,
        2 => CompareMode::typed::<Json<String>>(),
        3 => CompareMode::typed::<Json<Vec<u8>>>(),
        4 => CompareMode::Custom(|_, _| Verdict::Mismatch),
        _ => CompareMode::Json,
    }
}

fn split(data: &[u8]) -> (&[u8], &[u8]) {
    let at = data
        .windows(SEPARATOR.len())
        .position(|window| window == SEPARATOR);
    match at {
        Some(at) => (&data[..at], &data[at + SEPARATOR.len()..]),
        None => (data, &[]),
    }
}

/// Many of a body, or a body deep down: near the bounds of what is compared.
fn shaped(body: &[u8], shape: u8, extent: u8) -> Vec<u8> {
    // The largest are rare: they take a thousand times as long.
    let most = if extent == 0x1C { 20_000 } else { 300 };
    let times = [0, 0, 0, 1, 3, 20, 126, most][usize::from(shape & 7)];
    let times = times.min(MAX_BODY / (body.len() + 16));
    if times == 0 {
        return body.to_vec();
    }
    match shape >> 3 & 3 {
        0 => [b"[", &*vec![body; times].join(&b","[..]), b"]"].concat(),
        1 => {
            let members = (0..times).map(|i| [format!("\"{i}\":").as_bytes(), body].concat());
            [b"{", &*members.collect::<Vec<_>>().join(&b","[..]), b"}"].concat()
        }
        2 => {
            // Each a little different.
            let members =
                (0..times).map(|i| [format!("{{\"n\":{i},\"x\":").as_bytes(), body, b"}"].concat());
            [b"[", &*members.collect::<Vec<_>>().join(&b","[..]), b"]"].concat()
        }
        _ => [&*b"[".repeat(times), body, &*b"]".repeat(times)].concat(),
    }
}

fn beside_secret(body: &[u8]) -> Vec<u8> {
    let start = format!("{{\"password\":\"{SECRET}\",\"x\":");
    [start.as_bytes(), body, b"}"].concat()
}

fn written<W: Write>(
    mut encoder: W,
    body: &[u8],
    finish: impl FnOnce(W) -> std::io::Result<Vec<u8>>,
) -> Vec<u8> {
    encoder.write_all(body).expect("memory takes all");
    finish(encoder).expect("memory takes all")
}

//! Telling tokens that were drawn from names, hashes and data.

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// Longer runs are data: credentials are shorter.
const MAX: usize = 2048;

/// The beginnings of pictures, documents and archives in base64, of hashes that say so, and of what
/// separates the parts of a form.
const DATA: [&[u8]; 15] = [
    b"9j/4", b"AAAA", b"H4sI", b"JVBE", b"PHN2", b"PD94", b"R0lG", b"UEsD", b"UklG", b"iVBO",
    b"md5-", b"sha256-", b"sha384-", b"sha512-", b"----",
];

/// Letters in a row that make a word of them, with or without a capital.
const WORD: usize = 3;

/// Capitals in a row that do.
const CAPITALS: usize = 4;

/// Whether a run of the characters of base64 was drawn by chance: none of an order that names have,
/// no hexadecimal number, as hashes and ids are, and no text in base64.
pub(super) fn is_random(run: &[u8], min: usize) -> bool {
    if !(min..=MAX).contains(&run.len()) || is_data(run) {
        return false;
    }
    let seen = Seen::new(run);
    let n = run.len();
    let is_drawn = match (seen.lower > 0, seen.upper > 0, seen.digits > 0) {
        (true, true, true) => seen.changes * 10 >= n * 3 && seen.in_words * 10 < n * 6,
        // Of one case: with separators it is a name.
        (true, false, true) | (false, true, true) => {
            seen.others == 0
                && seen.digits * 12 >= n
                && seen.digits * 12 <= n * 8
                && seen.changes * 6 >= n
        }
        _ => false,
    };
    is_drawn && seen.distinct * 10 >= n.min(40) * 4 && !is_hexadecimal(run) && !is_text(run)
}

/// Whether a run is data that is known by its beginning.
pub(super) fn is_data(run: &[u8]) -> bool {
    DATA.iter().any(|start| run.starts_with(start))
}

/// Characters that belong to words: `Order` and `order` of `OrderNo7`, `NEW` of `NEW-7`.
fn in_words(run: &[u8]) -> usize {
    let (mut sum, mut at) = (0, 0);
    let is_separator = |at: usize| {
        let byte = run.get(at);
        byte.is_none_or(|byte| !byte.is_ascii_alphanumeric())
    };
    while at < run.len() {
        let row = |start: usize, is: fn(&u8) -> bool| {
            run[start..].iter().take_while(|byte| is(byte)).count()
        };
        let capitals = row(at, u8::is_ascii_uppercase);
        let lower = row(at + capitals, u8::is_ascii_lowercase);
        if lower > 0 {
            let word = lower + capitals.min(1);
            sum += if word >= WORD { word } else { 0 };
        } else if capitals >= CAPITALS
            && (at == 0 || is_separator(at - 1))
            && is_separator(at + capitals)
        {
            sum += capitals;
        }
        at += (capitals + lower).max(1);
    }
    sum
}

/// What a run consists of.
#[derive(Default)]
struct Seen {
    lower: usize,
    upper: usize,
    digits: usize,
    others: usize,
    distinct: usize,
    /// From a kind of character to another.
    changes: usize,
    /// Characters of words.
    in_words: usize,
}

impl Seen {
    fn new(run: &[u8]) -> Self {
        let mut seen = Self {
            in_words: in_words(run),
            ..Self::default()
        };
        let (mut known, mut before) = (0_u128, None);
        for byte in run {
            let kind = match byte {
                b'a'..=b'z' => 0,
                b'A'..=b'Z' => 1,
                b'0'..=b'9' => 2,
                _ => 3,
            };
            *[
                &mut seen.lower,
                &mut seen.upper,
                &mut seen.digits,
                &mut seen.others,
            ][kind] += 1;
            seen.changes += usize::from(before.is_some_and(|before| before != kind));
            before = Some(kind);
            known |= 1 << (byte & 0x7F);
        }
        seen.distinct = known.count_ones() as usize;
        seen
    }
}

/// Also a UUID.
fn is_hexadecimal(run: &[u8]) -> bool {
    let is_digit = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b'-';
    run.iter().all(is_digit)
}

/// Whether it is a text in base64, such as a cursor. What is in there is no credential in a form that
/// somebody would take.
fn is_text(run: &[u8]) -> bool {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let is_url_safe = run.iter().any(|byte| b"-_".contains(byte));
    let alphabet = if is_url_safe {
        &alphabet::URL_SAFE
    } else {
        &alphabet::STANDARD
    };
    // A run that was cut has some characters too many.
    let whole = &run[..run.len() / 4 * 4];
    let decoded = GeneralPurpose::new(alphabet, config).decode(whole);
    decoded.is_ok_and(|bytes| {
        let is_plain = |byte: &&u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
        let plain = bytes.iter().filter(is_plain).count();
        plain * 4 >= bytes.len() * 3
    })
}

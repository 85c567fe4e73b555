//! Whether a path could leave the base path of a target, at any server.
//!
//! Servers differ in what they take for `..`: some decode a path twice, some take a backslash for a slash, cut off what
//! stands behind a `;` or a NUL, drop spaces, or read forms of a dot that UTF-8 forbids. Nobody knows which of them a
//! shadow is, and what stands in front of it. So a path is read as the most obliging of them would, and a path that one
//! of them could climb by is refused: few are, and none is what it seems.

/// Whether a server could take a segment of a path for `..` (RFC 3986 section 5.2.4).
pub(super) fn climbs(path: &str) -> bool {
    // Nearly all paths have none of this.
    if !path.contains("..") && !path.contains(".+") && !path.bytes().any(is_encoding) {
        return false;
    }
    let decoded = decoded(path);
    let decoded = String::from_utf8_lossy(&decoded);
    decoded.split(['/', '\\']).any(is_parent)
}

fn is_encoding(byte: u8) -> bool {
    byte == b'%' || !byte.is_ascii()
}

/// Whether a segment is `..`, alone or before what some servers drop or do not look at.
fn is_parent(segment: &str) -> bool {
    let mut dots = 0;
    for char in segment.chars() {
        match char {
            '.' => dots += 1,
            // Parameters, a query, a fragment, a stream of NTFS, and an encoding that is none.
            ';' | '?' | '#' | ':' | '%' => break,
            // Dropped by some, the end of the path for others.
            _ if is_dropped(char) && dots == 2 => return true,
            _ if is_dropped(char) => {}
            _ => return false,
        }
    }
    dots == 2
}

/// Spaces and control characters, `+` for a space as in forms, what has no width, and what is no UTF-8.
fn is_dropped(char: char) -> bool {
    let has_no_width = matches!(char, '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}');
    let is_space = char == '+' || char.is_whitespace() || char.is_control();
    has_no_width || is_space || char == char::REPLACEMENT_CHARACTER
}

/// A path with nothing left to decode, however often it was encoded, and in whatever way: each byte that completes an
/// encoding is decoded at once, together with what stands before it.
fn decoded(path: &str) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(path.len());
    for byte in path.bytes() {
        decoded.push(byte);
        while decode_end(&mut decoded) {}
    }
    decoded
}

/// Decodes what the end of a path encodes; `false` if it encodes nothing. What is decoded is shorter.
fn decode_end(path: &mut Vec<u8>) -> bool {
    let end = match path[..] {
        [.., b'%', high, low] => hex(&[high, low]).map(|value| (3, value)),
        // As IIS has it.
        [.., b'%', b'u' | b'U', a, b, c, d] => hex(&[a, b, c, d]).map(|value| (6, value)),
        _ => None,
    };
    let (length, bytes) = match end {
        Some((length @ 3, value)) => (length, vec![value.to_le_bytes()[0]]),
        Some((length, value)) => {
            // Half of a surrogate pair is no character, and may be dropped.
            let char = char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER);
            (length, char.to_string().into_bytes())
        }
        None => match ascii_form(path) {
            Some((length, ascii)) => (length, ascii.as_bytes().to_vec()),
            None => return false,
        },
    };
    path.truncate(path.len() - length);
    path.extend(bytes);
    true
}

fn hex(digits: &[u8]) -> Option<u32> {
    let text = str::from_utf8(digits).ok()?;
    let is_hex = digits.iter().all(u8::is_ascii_hexdigit);
    is_hex.then(|| u32::from_str_radix(text, 16).ok()).flatten()
}

/// What some servers read for the last character of a path, if it is not ASCII: its length, and a text in ASCII.
fn ascii_form(path: &[u8]) -> Option<(usize, &'static str)> {
    let (&last, before) = path.split_last()?;
    if last.is_ascii() {
        // Half of an encoding in two bytes, which some complete with any byte at all.
        let first = *before.last()?;
        let completes = matches!(first, 0xc0 | 0xc1);
        let form = completes.then(|| in_ascii(u32::from(first & 1) << 6 | u32::from(last & 0x3f)));
        return form?.filter(|form| *form != "%").map(|form| (2, form));
    }
    // UTF-8, also in more bytes than are needed, which it forbids (RFC 3629 section 3).
    let rest = path.iter().rev().take_while(|byte| **byte & 0xc0 == 0x80);
    let rest = rest.count().min(5);
    let first = *path.get(path.len().checked_sub(rest + 1)?)?;
    if rest == 0 || usize::try_from(first.leading_ones()).ok()? != rest + 1 {
        return None;
    }
    let start = u32::from(first) & (0x3f >> rest);
    let code = path[path.len() - rest..].iter();
    let code = code.fold(start, |code, byte| code << 6 | u32::from(byte & 0x3f));
    in_ascii(code).map(|form| (rest + 1, form))
}

/// What looks like a character of a climbing path, or is turned into one when text is normalized.
fn in_ascii(code: u32) -> Option<&'static str> {
    let char = match code {
        // Half and full width (U+FF01 to U+FF5E).
        0xff01..=0xff5e => code - 0xfee0,
        _ => code,
    };
    match char::from_u32(char)? {
        '.' | '\u{2024}' | '\u{3002}' | '\u{fe52}' | '\u{ff61}' => Some("."),
        '\u{2025}' | '\u{fe30}' => Some(".."),
        '\u{2026}' | '\u{fe19}' => Some("..."),
        '/' | '\u{2044}' | '\u{2215}' | '\u{29f8}' => Some("/"),
        '\\' | '\u{2216}' | '\u{29f5}' | '\u{fe68}' => Some("\\"),
        ';' => Some(";"),
        '?' => Some("?"),
        '#' => Some("#"),
        ':' => Some(":"),
        '%' => Some("%"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_some_server_takes_for_the_parent_climbs() {
        for path in [
            "/..",
            "/x/../y",
            "/..;/y",
            "/..;a=b/y",
            "/..%3b/y",
            "/..%3Ba/y",
            "/..%253b/y",
            "/..%00",
            "/..%00/y",
            "/..%00.html",
            "/.%00./y",
            "/..%20/y",
            "/..%09/y",
            "/..%0d%0a/y",
            "/..%20x",
            "/%20../y",
            "/.+./y",
            "/..+/y",
            "/.%20.",
            "/..%a0/y",
            "/..%c2%a0/y",
            "/..%e2%80%8b/y",
            "/.%c2%ad./y",
            "/%252e%252e/y",
            "/%252E.",
            "/%25252e%25252E%25252f",
            "/%%32e%2e/y",
            "/%%32%65%%32%65",
            "/%2%65./y",
            "/%25%32%65%25%32%65",
            "/x%2f..%2fy",
            "/x%252f..%252fy",
            "/..%5cy",
            "/..%255cy",
            "/..\\y",
            "/x%5c..",
            "/%u002e%u002e/y",
            "/..%u2215y",
            "/..%uff0fy",
            "/%uff0e%uff0e/y",
            "/%u0025u002e.",
            "/%c0%ae%c0%ae/y",
            "/%c0%ae%c0%ae%c0%afy",
            "/..%c0%afy",
            "/..%c1%9cy",
            "/..%c1%1cy",
            "/%c0%2e%c0%2e/y",
            "/..%c0%2fy",
            "/..%c0%5cy",
            "/%e0%80%ae./y",
            "/%f0%80%80%ae./y",
            "/%f8%80%80%80%ae./y",
            "/%fc%80%80%80%80%ae./y",
            "/%25c0%25ae%25c0%25ae",
            "/%c0%a52e./y",
            "/\u{ff0e}\u{ff0e}/y",
            "/..\u{ff0f}y",
            "/\u{2025}/y",
            "/%e2%80%a5/y",
            "/%ef%bc%852e./y",
            "/..%3fy",
            "/..%23y",
            "/..::$INDEX_ALLOCATION/y",
            "/..%",
            "/..%zz/y",
        ] {
            assert!(climbs(path), "{path}");
        }
    }

    #[test]
    fn what_no_server_takes_for_it_does_not_climb() {
        for path in [
            "/",
            "/.",
            "/x/./y",
            "/...",
            "/..x",
            "/x..",
            "/x..;y",
            "/..-/y",
            "/.;..x/y",
            "/%2e",
            "/%2e/%252e",
            "/%2e%2e%2e",
            "/%2fx",
            "/a%20b.c+d.e",
            "/1.2.3/x%2Fy%25z",
            "/caf\u{e9}/%e2%82%ac.%c3%a9.",
            "/\u{e9}.\u{e9}./x",
            "/\u{2026}",
            "/x%00",
            "/%ff%fe",
            "/%u0041..",
            "/;..",
        ] {
            assert!(!climbs(path), "{path}");
        }
    }

    #[test]
    fn a_long_path_is_decoded_in_one_go() {
        // Decoded once for each layer, this would take some 2^32 steps.
        let path = format!("/%{}2e.", "25".repeat(32_000));
        assert!(climbs(&path));
        assert!(!climbs(&path[..path.len() - 1]));
    }
}

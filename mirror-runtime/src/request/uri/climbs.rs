//! Whether a path could leave the base path of a target, at any server.
//!
//! Servers differ in what they take for `..`: some decode a path twice, some take a backslash for a
//! slash, cut off what stands behind a `;` or a NUL, drop spaces, or read forms of a dot that UTF-8
//! forbids. Nobody knows which of them a shadow is, and what stands in front of it. So a path is
//! read as the most obliging of them would, and a path that one of them could climb by is refused:
//! few are, and none is what it seems.

use std::iter::repeat_n;

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

/// Spaces and control characters, `+` for a space as in forms, what has no width, and what is no
/// UTF-8.
fn is_dropped(char: char) -> bool {
    let has_no_width = matches!(char, '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}');
    let is_space = char == '+' || char.is_whitespace() || char.is_control();
    has_no_width || is_space || char == char::REPLACEMENT_CHARACTER
}

/// A path with nothing left to decode, however often it was encoded, and in whatever way: each byte
/// that completes an encoding is decoded at once, together with what stands before it.
fn decoded(path: &str) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(path.len());
    for byte in path.bytes() {
        decoded.push(byte);
        while decode_end(&mut decoded) {}
    }
    decoded
}

/// Decodes what the end of a path encodes; `false` if it encodes nothing. What is decoded is
/// shorter.
fn decode_end(path: &mut Vec<u8>) -> bool {
    if let Some(byte) = escaped(path, 3, b"%").and_then(|code| u8::try_from(code).ok()) {
        path.truncate(path.len() - 3);
        path.push(byte);
    } else if let Some(code) = escaped(path, 6, b"%u").or_else(|| escaped(path, 6, b"%U")) {
        // As IIS has it. Half of a surrogate pair is no character, and may be dropped.
        let char = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        path.truncate(path.len() - 6);
        path.extend(char.encode_utf8(&mut [0; 4]).bytes());
    } else if let Some((length, byte, count)) = ascii_form(path) {
        path.truncate(path.len() - length);
        path.extend(repeat_n(byte, count));
    } else {
        return false;
    }
    true
}

/// The number in hexadecimal digits behind a mark, at the end of a path.
fn escaped(path: &[u8], length: usize, mark: &[u8]) -> Option<u32> {
    let start = path.len().checked_sub(length)?;
    let digits = path[start..].strip_prefix(mark)?;
    digits.iter().try_fold(0, |number, digit| {
        Some(number << 4 | char::from(*digit).to_digit(16)?)
    })
}

/// What some servers read for the last character of a path, if it is not ASCII: its length, a
/// character in ASCII, and how often.
fn ascii_form(path: &[u8]) -> Option<(usize, u8, usize)> {
    let (&last, before) = path.split_last()?;
    if last.is_ascii() {
        // Half of an encoding in two bytes, which some complete with any byte at all.
        let first = before.last().filter(|first| matches!(first, 0xc0 | 0xc1))?;
        let byte = (first & 1) << 6 | (last & 0x3f);
        return b"./\\".contains(&byte).then_some((2, byte, 1));
    }
    // UTF-8, also in more bytes than are needed, which it forbids (RFC 3629 section 3).
    // Not one by one through all that a path may have of them.
    let last = path.iter().rev().take(5);
    let rest = last.take_while(|byte| **byte & 0xc0 == 0x80).count();
    let (first, rest) = path[path.len().checked_sub(rest + 1)?..].split_first()?;
    if rest.is_empty() || usize::try_from(first.leading_ones()).ok()? != rest.len() + 1 {
        return None;
    }
    let start = u32::from(first & (0x3f >> rest.len()));
    let code = rest
        .iter()
        .fold(start, |code, byte| code << 6 | u32::from(byte & 0x3f));
    let (byte, count) = in_ascii(code)?;
    Some((rest.len() + 1, byte, count))
}

/// What looks like a character in ASCII, or is turned into one, or into several of it, when text is
/// normalized.
fn in_ascii(code: u32) -> Option<(u8, usize)> {
    let once = match code {
        0x00..=0x7f => code,
        // Half and full width.
        0xff01..=0xff5e => code - 0xfee0,
        0x2024 | 0x3002 | 0xfe52 | 0xff61 => '.'.into(),
        0x2025 | 0xfe30 => return Some((b'.', 2)),
        0x2026 | 0xfe19 => return Some((b'.', 3)),
        0x2044 | 0x2215 | 0x29f8 => '/'.into(),
        0x2216 | 0x29f5 | 0xfe68 => '\\'.into(),
        0xfe54 => ';'.into(),
        0xfe55 => ':'.into(),
        0xfe56 => '?'.into(),
        0xfe5f => '#'.into(),
        0xfe6a => '%'.into(),
        _ => return None,
    };
    Some((u8::try_from(once).ok()?, 1))
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
            "/%25%c0%b2e./y",
            "/\u{ff05}\u{ff12}\u{ff45}./y",
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
        // Nor is what is no UTF-8 looked for the beginning of, again and again.
        assert!(climbs(&format!("/{}/..%80", "%80".repeat(20_000))));
    }
}

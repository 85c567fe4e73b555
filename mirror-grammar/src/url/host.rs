//! Hosts: names in ASCII, IPv4 addresses, IPv6 addresses in brackets. What passes here, the URL
//! parser of the HTTP client takes as it stands and resolves to the same host; all but labels that
//! start with `xn--`, which only the tables of Unicode tell from names that mean nothing. Who looks
//! such a name up may not find it, and a client may refuse to.

/// DNS allows 253 characters in a name and 63 in a label (RFC 1035 section 2.3.4).
const MAX_NAME: usize = 253;
const MAX_LABEL: usize = 63;

pub(super) const fn is_host(host: &str) -> bool {
    let bytes = host.as_bytes();
    if bytes[0] == b'[' {
        return bytes[bytes.len() - 1] == b']' && is_ipv6(bytes, 1, bytes.len() - 1);
    }
    // One dot at the end makes a name fully qualified.
    let end = if bytes[bytes.len() - 1] == b'.' {
        bytes.len() - 1
    } else {
        bytes.len()
    };
    if end == 0 || end > MAX_NAME {
        return false;
    }
    let (mut i, mut label) = (0, 0);
    while i <= end {
        if i == end || bytes[i] == b'.' {
            if i == label || i - label > MAX_LABEL {
                return false;
            }
            if i == end && is_number(bytes, label, end) {
                // A client reads a name that ends in a number as an IPv4 address, in several
                // spellings.
                return end == bytes.len() && is_ipv4(bytes, 0, end);
            }
            label = i + 1;
        } else if !(bytes[i].is_ascii_alphanumeric() || bytes[i] == b'-' || bytes[i] == b'_') {
            return false;
        }
        i += 1;
    }
    true
}

/// Decimal digits, or `0x` and hexadecimal ones.
const fn is_number(bytes: &[u8], start: usize, end: usize) -> bool {
    let hex = end - start >= 2 && bytes[start] == b'0' && (bytes[start + 1] | 0x20) == b'x';
    let mut i = if hex { start + 2 } else { start };
    while i < end {
        if !(bytes[i].is_ascii_digit() || hex && bytes[i].is_ascii_hexdigit()) {
            return false;
        }
        i += 1;
    }
    true
}

/// Four decimal octets without leading zeros.
const fn is_ipv4(bytes: &[u8], start: usize, end: usize) -> bool {
    let (mut octets, mut first, mut i, mut octet) = (0, start, start, 0_u32);
    while i <= end {
        if i == end || bytes[i] == b'.' {
            if i == first || octet > 255 || (i - first > 1 && bytes[first] == b'0') {
                return false;
            }
            octets += 1;
            first = i + 1;
            octet = 0;
        } else if bytes[i].is_ascii_digit() && i - first < 3 {
            octet = octet * 10 + (bytes[i] - b'0') as u32;
        } else {
            return false;
        }
        i += 1;
    }
    octets == 4
}

/// Eight groups of up to four hexadecimal digits, one run of zero groups as `::`. The last two
/// groups may be written as an IPv4 address, as in `::ffff:127.0.0.1` (RFC 4291 section 2.2).
const fn is_ipv6(bytes: &[u8], start: usize, end: usize) -> bool {
    let (mut groups, mut digits, mut compressed, mut i) = (0, 0, false, start);
    while i < end {
        if bytes[i] == b':' {
            let double = i + 1 < end && bytes[i + 1] == b':';
            if double {
                if compressed {
                    return false;
                }
                compressed = true;
            } else if digits == 0 || i + 1 == end {
                return false;
            }
            if digits > 0 {
                groups += 1;
            }
            digits = 0;
            i += if double { 2 } else { 1 };
        } else if bytes[i] == b'.' {
            // What was taken for a group is the first octet. There is a colon before it.
            if i - digits == start || !is_ipv4(bytes, i - digits, end) {
                return false;
            }
            (groups, digits, i) = (groups + 2, 0, end);
        } else if bytes[i].is_ascii_hexdigit() && digits < 4 {
            digits += 1;
            i += 1;
        } else {
            return false;
        }
    }
    if digits > 0 {
        groups += 1;
    }
    if compressed { groups < 8 } else { groups == 8 }
}

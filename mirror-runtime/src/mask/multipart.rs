//! Masking in `multipart/form-data` (RFC 7578).
//!
//! It is read as strictly as it can be: a body that two readers could take apart in two ways is not
//! masked, and its copy does not leave.

use super::{
    Places, Spliced, Unmaskable,
    content::{Content, unquoted},
    form, json,
    value::Values,
};

/// What is known of a part from its headers.
struct Head<'a> {
    name: &'a str,
    is_file: bool,
    content: Option<&'a str>,
}

pub(super) fn masked(
    body: &[u8],
    boundary: &[u8],
    places: &Places<'_>,
    values: Values<'_>,
) -> Result<Option<Vec<u8>>, Unmaskable> {
    let delimiter = [b"--", boundary].concat();
    let mut spliced = Spliced::new(body);
    let mut at = delimiter.len();
    if !body.starts_with(&delimiter) {
        return Err(Unmaskable);
    }
    loop {
        let rest = &body[at..];
        if let Some(end) = rest.strip_prefix(b"--") {
            let is_end = end.is_empty() || end == b"\r\n";
            return if is_end {
                Ok(spliced.finish())
            } else {
                Err(Unmaskable)
            };
        }
        at += 2;
        let part = rest.strip_prefix(b"\r\n").ok_or(Unmaskable)?;
        let length = find(part, &delimiter).ok_or(Unmaskable)?;
        let part = part[..length].strip_suffix(b"\r\n").ok_or(Unmaskable)?;
        let head_length = find(part, b"\r\n\r\n").ok_or(Unmaskable)?;
        let head = head(&part[..head_length])?;
        let content = at + head_length + 4..at + part.len();
        if let Some(places) = form::at(head.name, places) {
            if head.is_file {
                // Its name says as much as its content.
                return Err(Unmaskable);
            }
            let value = &body[content.clone()];
            if let Some(masked) = masked_value(value, &head, &places, values)? {
                spliced.replace(content, &masked);
            }
        }
        at += length + delimiter.len();
    }
}

fn masked_value(
    value: &[u8],
    head: &Head<'_>,
    places: &Places<'_>,
    values: Values<'_>,
) -> Result<Option<Vec<u8>>, Unmaskable> {
    if head.content.map(Content::parse) == Some(Ok(Content::Json)) {
        return json::masked(value, places, values);
    }
    let masked = match str::from_utf8(value) {
        Ok(text) => values.written(text),
        Err(_) => values.text(value),
    };
    Ok(Some(masked.into_bytes()))
}

/// Reads the headers of a part.
fn head(lines: &[u8]) -> Result<Head<'_>, Unmaskable> {
    let lines = str::from_utf8(lines).map_err(|_| Unmaskable)?;
    let (mut disposition, mut content) = (None, None);
    for line in lines.split("\r\n") {
        // A bare end of line, and a line that goes on, are read differently by different readers.
        if line.contains(['\r', '\n', '\0']) {
            return Err(Unmaskable);
        }
        let (name, value) = line.split_once(':').ok_or(Unmaskable)?;
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err(Unmaskable);
        }
        let value = value.trim();
        let twice = match name.to_ascii_lowercase().as_str() {
            "content-disposition" => disposition.replace(value),
            "content-type" => content.replace(value),
            "content-transfer-encoding" => {
                let is_plain = ["7bit", "8bit", "binary"]
                    .iter()
                    .any(|plain| value.eq_ignore_ascii_case(plain));
                (!is_plain).then_some(value)
            }
            _ => None,
        };
        if twice.is_some() {
            return Err(Unmaskable);
        }
    }
    if content.is_some_and(|content| content.to_ascii_lowercase().starts_with("multipart/")) {
        return Err(Unmaskable);
    }
    let (name, is_file) = parameters(disposition.ok_or(Unmaskable)?)?;
    Ok(Head {
        name,
        is_file,
        content,
    })
}

/// The name of a field, and whether it is a file.
fn parameters(disposition: &str) -> Result<(&str, bool), Unmaskable> {
    let (kind, mut rest) = disposition.split_once(';').ok_or(Unmaskable)?;
    if !kind.trim().eq_ignore_ascii_case("form-data") {
        return Err(Unmaskable);
    }
    let (mut field, mut is_file) = (None, false);
    loop {
        let (name, value) = rest.trim_start().split_once('=').ok_or(Unmaskable)?;
        let quoted = value.strip_prefix('"').and_then(|inner| inner.find('"'));
        let end = match quoted {
            Some(end) => end + 2,
            None => value.find(';').unwrap_or(value.len()),
        };
        let value_text = unquoted(value[..end].trim())?;
        let twice = match name.to_ascii_lowercase().as_str() {
            "name" => field.replace(value_text).is_some(),
            "filename" | "filename*" => {
                is_file = true;
                false
            }
            // What it is a parameter of is not known, or is written in another way.
            _ => true,
        };
        if twice {
            return Err(Unmaskable);
        }
        match value[end..].trim_start().strip_prefix(';') {
            Some(more) => rest = more,
            None if value[end..].trim().is_empty() => break,
            None => return Err(Unmaskable),
        }
    }
    Ok((field.ok_or(Unmaskable)?, is_file))
}

/// Where something begins.
fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|part| part == wanted)
}

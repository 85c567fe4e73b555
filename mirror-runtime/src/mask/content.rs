//! The format of a body, from its headers.

use http::{HeaderMap, header};

use super::Unmaskable;

/// A format whose fields can be masked.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    Json,
    /// Documents one after another, mostly one a line.
    JsonLines,
    Form,
    /// With its boundary.
    Multipart(Vec<u8>),
}

impl Content {
    /// The format that the headers state, if there is no doubt about it.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Unmaskable> {
        let mut codings = headers.get_all(header::CONTENT_ENCODING).iter();
        if codings.any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
            return Err(Unmaskable);
        }
        let mut types = headers.get_all(header::CONTENT_TYPE).iter();
        let (Some(written), None) = (types.next(), types.next()) else {
            return Err(Unmaskable);
        };
        Self::parse(written.to_str().map_err(|_| Unmaskable)?)
    }

    /// Of one media type (RFC 9110 section 8.3.1).
    pub(super) fn parse(written: &str) -> Result<Self, Unmaskable> {
        let mut parts = written.split(';');
        let essence = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let mut boundary = None;
        for parameter in parts.map(str::trim).filter(|part| !part.is_empty()) {
            let (name, value) = parameter.split_once('=').ok_or(Unmaskable)?;
            let value = unquoted(value)?;
            if name.eq_ignore_ascii_case("charset") {
                let is_utf8 = ["utf-8", "utf8", "us-ascii"]
                    .iter()
                    .any(|known| value.eq_ignore_ascii_case(known));
                if !is_utf8 {
                    return Err(Unmaskable);
                }
            } else if name.eq_ignore_ascii_case("boundary")
                && boundary.replace(value.as_bytes().to_vec()).is_some()
            {
                return Err(Unmaskable);
            }
        }
        match essence.as_str() {
            "application/json" | "text/json" => Ok(Self::Json),
            "application/x-www-form-urlencoded" => Ok(Self::Form),
            "application/x-ndjson"
            | "application/ndjson"
            | "application/jsonl"
            | "application/x-jsonlines"
            | "application/json-seq" => Ok(Self::JsonLines),
            "multipart/form-data" => boundary
                .filter(|boundary| !boundary.is_empty())
                .map(Self::Multipart)
                .ok_or(Unmaskable),
            other if other.starts_with("application/") && other.ends_with("+json") => {
                Ok(Self::Json)
            }
            _ => Err(Unmaskable),
        }
    }
}

/// The value of a parameter, without quotes. One with anything escaped is not read.
pub(super) fn unquoted(value: &str) -> Result<&str, Unmaskable> {
    let inner = match value.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"').ok_or(Unmaskable)?,
        None => value,
    };
    if inner.contains(['"', '\\']) {
        return Err(Unmaskable);
    }
    Ok(inner)
}

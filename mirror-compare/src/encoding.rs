//! The codings of a body (RFC 9110 section 8.4).

use http::{HeaderMap, header};

use crate::model::NotComparedReason;

/// The encodings of a body, in the order in which they were applied.
pub(crate) fn encodings(headers: &HeaderMap) -> Result<Vec<String>, NotComparedReason> {
    let mut encodings = Vec::new();
    for line in headers.get_all(header::CONTENT_ENCODING) {
        let line = line.to_str().map_err(|_| NotComparedReason::Encoding)?;
        let names = line.split(',').map(|name| name.trim().to_ascii_lowercase());
        encodings.extend(names.filter(|name| !name.is_empty() && name != "identity"));
    }
    Ok(encodings)
}

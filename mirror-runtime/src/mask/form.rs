//! Masking in forms: `name=value&name=value`.

use super::{Places, Spliced, value::Values};

/// Masks the values of a form. What else stands in it stays byte for byte.
pub(super) fn masked(body: &[u8], places: &Places<'_>, values: Values<'_>) -> Option<Vec<u8>> {
    let mut spliced = Spliced::new(body);
    let mut from = 0;
    for pair in body.split(|byte| *byte == b'&') {
        if let Some(value) = value_of(pair, places) {
            let raw = &pair[value..];
            spliced.replace(
                from + value..from + pair.len(),
                masked_value(raw, values).as_bytes(),
            );
        } else if pair.contains(&b';') {
            // Some servers still take it for a separator.
            let mut from = from;
            for pair in pair.split(|byte| *byte == b';') {
                if let Some(value) = value_of(pair, places) {
                    let masked = masked_value(&pair[value..], values);
                    spliced.replace(from + value..from + pair.len(), masked.as_bytes());
                }
                from += pair.len() + 1;
            }
        }
        from += pair.len() + 1;
    }
    spliced.finish()
}

/// Where the value of a pair begins, if it is to be masked. A pair without `=` is a name with an
/// empty value to most, and a value without a name to some: then it is masked if its name is.
fn value_of(pair: &[u8], places: &Places<'_>) -> Option<usize> {
    let end = pair.iter().position(|byte| *byte == b'=');
    let name = decoded(&pair[..end.unwrap_or(pair.len())]);
    let is_masked = !pair.is_empty() && at(&name, places).is_some_and(|rest| !rest.is_empty());
    is_masked.then(|| end.map_or(pair.len(), |end| end + 1))
}

fn masked_value(raw: &[u8], values: Values<'_>) -> String {
    // Nothing of a mask but `@` is reserved in a form.
    values.written(&decoded(raw)).replace('@', "%40")
}

/// As a form writes it (`application/x-www-form-urlencoded` of the URL Standard).
fn decoded(written: &[u8]) -> String {
    let spaced: Vec<u8> = written
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    percent_encoding::percent_decode(&spaced)
        .decode_utf8_lossy()
        .into_owned()
}

/// What is left of the patterns at the value of a name, in any of the ways in which forms write
/// names of fields within fields: `user[0][phone]` and `user.0.phone`. `None` if no pattern is about
/// it.
///
/// A value that stands for an object which has a masked field may hold that field.
pub(super) fn at<'a>(name: &str, places: &Places<'a>) -> Option<Places<'a>> {
    let by_brackets = name
        .split('[')
        .map(|token| token.strip_suffix(']').unwrap_or(token));
    let by_dots = name
        .split(['.', '['])
        .map(|token| token.strip_suffix(']').unwrap_or(token));
    let as_written = std::iter::once(name);
    [
        walked(as_written, places),
        walked(by_brackets, places),
        walked(by_dots, places),
    ]
    .into_iter()
    .find(|places| !places.is_empty())
}

/// Goes down the tokens of a name, until a pattern ends.
fn walked<'n, 'a>(tokens: impl Iterator<Item = &'n str>, places: &Places<'a>) -> Places<'a> {
    let mut places = places.clone();
    for token in tokens {
        if places.are_reached() || places.is_empty() {
            break;
        }
        places = match token {
            // The next of a list, whichever that is.
            "" => places.any(),
            token => places.key(token),
        };
    }
    places
}

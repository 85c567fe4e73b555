//! `ignore = ["/items/*/id"]` and `tolerance = { "/total" = 0.01 }`

mod foreign;

use mirror_grammar::{check_pointer, check_tolerance};
use syn::{Expr, LitStr};

use crate::{
    amount,
    error::{Errors, error, error_with_help},
    value::{Setting, peel, string},
};

/// A list of JSON pointers.
pub(crate) fn pointers(setting: &Setting<'_>, errors: &mut Errors) -> Vec<LitStr> {
    let mut pointers = Vec::new();
    for item in setting.items(errors) {
        let pointer = keep(item, &pointers, errors);
        pointers.extend(pointer);
    }
    pointers
}

/// A map from JSON pointers to numbers.
pub(crate) fn tolerances(setting: &Setting<'_>, errors: &mut Errors) -> Vec<(LitStr, f64)> {
    let mut pointers = Vec::new();
    let mut tolerances = Vec::new();
    let entries = setting.map(errors);
    if entries.as_ref().is_some_and(Vec::is_empty)
        && setting.braces().is_some_and(|b| b.stream().is_empty())
    {
        errors.push(setting.must("not be empty"));
    }
    for (key, value) in entries.unwrap_or_default() {
        let pointer = keep(&key, &pointers, errors);
        let tolerance = errors.check(tolerance(&value));
        let Some(pointer) = pointer else { continue };
        pointers.push(pointer.clone());
        if let Some(tolerance) = tolerance {
            tolerances.push((pointer, tolerance));
        }
    }
    tolerances
}

/// A pointer that is one, and not there yet.
fn keep(item: &Expr, earlier: &[LitStr], errors: &mut Errors) -> Option<LitStr> {
    let literal = errors.check(pointer(item))?;
    if earlier.iter().any(|other| other.value() == literal.value()) {
        let message = format!("`{}` is listed twice", literal.value());
        errors.push(error(literal, message));
        return None;
    }
    Some(literal)
}

fn pointer(item: &Expr) -> syn::Result<LitStr> {
    let Some(literal) = string(item) else {
        let message = "a JSON pointer must be a string, like `\"/items/*/id\"`";
        return Err(error(item, message));
    };
    let text = literal.value();
    let Err(mistake) = check_pointer(&text) else {
        return Ok(literal.clone());
    };
    let message = format!("invalid JSON pointer `{text}`: {mistake}");
    match foreign::translated(&text) {
        Some(pointer) if check_pointer(&pointer).is_ok() => {
            let help = format!("write `\"{pointer}\"`");
            Err(error_with_help(literal, message, help))
        }
        _ if text.contains("..") => {
            let help = "write one pointer for each depth, like `\"/items/*/id\"`";
            Err(error_with_help(literal, message, help))
        }
        _ => Err(error(literal, message)),
    }
}

fn tolerance(value: &Expr) -> syn::Result<f64> {
    let Some(number) = amount::signed(peel(value)) else {
        return Err(error(value, "a tolerance must be a number, like `0.01`"));
    };
    check_tolerance(number)
        // Written as a literal in the expansion, where `-0` has no sign.
        .map(f64::abs)
        .map_err(|mistake| error(value, mistake))
}

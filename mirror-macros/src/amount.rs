//! Percentages, counts, durations, sizes and rates.

mod repaired;

use std::time::Duration;

use mirror_grammar::{
    DateError, DurationError, Rate, RateError, SizeError, check_percentage, options::Limit,
    parse_date, parse_duration, parse_rate, parse_size_up_to,
};
use quote::ToTokens;
use syn::{Expr, Lit, LitStr, UnOp};

use crate::{
    error::{error, error_with_help},
    value::{Setting, peel},
};

/// `percentage = 10`
pub(crate) fn percentage(setting: &Setting<'_>) -> syn::Result<f64> {
    let Some(number) = setting.expr().and_then(signed) else {
        return Err(not_a_number(setting));
    };
    match check_percentage(number) {
        // Written as a literal in the expansion, where `-0` has no sign.
        Ok(percentage) => Ok(percentage.abs()),
        Err(out_of_range) => Err(error(setting.value, out_of_range)),
    }
}

/// A number, with a sign or without.
pub(crate) fn signed(expr: &Expr) -> Option<f64> {
    match expr {
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => {
            number(peel(&unary.expr)).map(|number| -number)
        }
        expr => number(expr),
    }
}

fn number(expr: &Expr) -> Option<f64> {
    let Expr::Lit(literal) = expr else {
        return None;
    };
    match &literal.lit {
        Lit::Int(int) if int.suffix().is_empty() => int.base10_parse().ok(),
        Lit::Float(float) if float.suffix().is_empty() => float.base10_parse().ok(),
        _ => None,
    }
}

fn not_a_number(setting: &Setting<'_>) -> syn::Error {
    let what = format!("be a number {}", setting.spec.limit);
    let text = setting.string().map(syn::LitStr::value).unwrap_or_default();
    let text = text.trim().trim_end_matches('%').trim_end();
    if text.parse().is_ok_and(|n| check_percentage(n).is_ok()) {
        setting.must_like(&what, text)
    } else {
        setting.must(&what)
    }
}

/// `max_in_flight = 256`, at least 1.
pub(crate) fn count<T: TryFrom<u128>>(setting: &Setting<'_>) -> syn::Result<T> {
    let number = match setting.expr() {
        Some(Expr::Unary(unary)) if matches!(unary.op, UnOp::Neg(_)) => {
            integer(peel(&unary.expr)).map(|_| 0)
        }
        Some(expr) => integer(expr),
        None => None,
    };
    match number {
        None => Err(not_a_count(setting)),
        Some(0) => Err(setting.must(&format!("be {}", setting.spec.limit))),
        Some(number) => {
            let bits = 8 * size_of::<T>();
            T::try_from(number).map_err(|_| setting.must(&format!("be below 2^{bits}")))
        }
    }
}

fn integer(expr: &Expr) -> Option<u128> {
    let Expr::Lit(literal) = expr else {
        return None;
    };
    match &literal.lit {
        // What is too large even for this is too large for every count.
        Lit::Int(int) if int.suffix().is_empty() => Some(int.base10_parse().unwrap_or(u128::MAX)),
        _ => None,
    }
}

fn not_a_count(setting: &Setting<'_>) -> syn::Error {
    let what = "be a whole number";
    let digits = match setting.literal() {
        Some(Lit::Str(literal)) => literal.value().trim().to_owned(),
        Some(Lit::Int(literal)) => literal.base10_digits().to_owned(),
        _ => String::new(),
    };
    if digits.parse().is_ok_and(|n: u32| n > 0) {
        setting.must_like(what, &digits)
    } else {
        setting.must(what)
    }
}

/// `until = "2027-01-31"`
pub(crate) fn date(setting: &Setting<'_>) -> syn::Result<LitStr> {
    let Some(text) = setting.string() else {
        return Err(setting.must_like("be a date in quotes", setting.spec.example));
    };
    match parse_date(&text.value()) {
        Ok(_) => Ok(text.clone()),
        Err(DateError::Malformed) => {
            Err(setting.must_like("be a date with year, month and day", setting.spec.example))
        }
        Err(error) => Err(setting.must(&format!("be {}: {error}", setting.spec.limit))),
    }
}

/// `timeout = "2s"`
pub(crate) fn duration(setting: &Setting<'_>) -> syn::Result<Duration> {
    let parse = |text: &str| {
        parse_duration(text).map_err(|error| match error {
            DurationError::WithoutUnit(_) => None,
            error => Some(error.to_string()),
        })
    };
    // Nobody waits for minutes, and means so: more is milliseconds.
    let usual_unit = |text: &str| match text.parse::<u64>() {
        Ok(number) if number >= 100 => "ms",
        _ => "s",
    };
    with_unit(setting, usual_unit, parse, repaired::duration)
}

/// `max_body = "2MiB"`, up to the limit of the option.
pub(crate) fn size(setting: &Setting<'_>) -> syn::Result<usize> {
    let max = match setting.spec.limit {
        Limit::Bytes { max } => max,
        _ => usize::MAX,
    };
    let parse = |text: &str| {
        parse_size_up_to(text, max).map_err(|error| match error {
            SizeError::WithoutUnit(_) => None,
            error => Some(error.to_string()),
        })
    };
    with_unit(setting, |_| "B", parse, repaired::size)
}

/// `rate_limit = "100/s"`
pub(crate) fn rate(setting: &Setting<'_>) -> syn::Result<Rate> {
    let parse = |text: &str| {
        parse_rate(text).map_err(|error| match error {
            RateError::WithoutUnit(_) => None,
            error => Some(error.to_string()),
        })
    };
    with_unit(setting, |_| "/s", parse, repaired::rate)
}

/// A string like `"2s"`. `parse` fails with `None` if nothing but the unit is missing, which is
/// then most likely `usual_unit`. What else can be meant, `repaired` knows.
fn with_unit<T>(
    setting: &Setting<'_>,
    usual_unit: impl Fn(&str) -> &'static str,
    parse: impl Fn(&str) -> Result<T, Option<String>>,
    repaired: impl Fn(&Setting<'_>) -> Option<String>,
) -> syn::Result<T> {
    let quoted = setting.string().map(syn::LitStr::value);
    // `100/s` is an expression, too.
    let unquoted = || {
        setting
            .expr()
            .to_token_stream()
            .to_string()
            .replace(' ', "")
    };
    let text = quoted.clone().unwrap_or_else(unquoted);
    let result = parse(&text);
    let repaired = || repaired(setting).filter(|repaired| parse(repaired).is_ok());
    let text = text.trim();
    let to_type = match result {
        Ok(value) if quoted.is_some() => return Ok(value),
        // `2s`, which lacks the quotes only.
        Ok(_) => text.to_owned(),
        Err(Some(reason)) if quoted.is_some() => {
            let message = format!("invalid `{}` `{text}`: {reason}", setting.spec.name);
            return Err(match repaired() {
                Some(repaired) => {
                    let help = format!("write `{} = \"{repaired}\"`", setting.spec.name);
                    error_with_help(setting.value, message, help)
                }
                None => error(setting.value, message),
            });
        }
        Err(None) if parse(&format!("{text}{}", usual_unit(text))).is_ok() => {
            format!("{text}{}", usual_unit(text))
        }
        Err(_) => match repaired() {
            Some(repaired) => repaired,
            None => setting.spec.example.trim_matches('"').to_owned(),
        },
    };
    Err(setting.must_like("be a string with a unit", &format!("\"{to_type}\"")))
}

//! Amounts in other notations, as they are written here. What comes out is checked by the caller.

use quote::ToTokens;
use syn::{BinOp, Expr, ExprCall, ExprLit, Lit, LitStr};

use crate::value::{Setting, peel};

const KIB: u128 = 1024;
const MIB: u128 = 1024 * KIB;

/// `2 seconds`, `1.5s` and `Duration::from_secs(2)`.
pub(super) fn duration(setting: &Setting<'_>) -> Option<String> {
    if let Some(Expr::Call(call)) = setting.expr() {
        let (function, number) = call_of_number(call)?;
        let unit = match function.as_str() {
            "from_millis" => "ms",
            "from_secs" | "from_secs_f32" | "from_secs_f64" => "s",
            "from_mins" => "m",
            "from_hours" => "h",
            _ => return None,
        };
        return time(number, unit);
    }
    let text = setting.string().map(LitStr::value)?;
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(digits);
    let unit = match unit.trim().to_ascii_lowercase().as_str() {
        "ms" | "msec" | "msecs" | "milli" | "millis" | "millisecond" | "milliseconds" => "ms",
        "s" | "sec" | "secs" | "second" | "seconds" => "s",
        "m" | "min" | "mins" | "minute" | "minutes" => "m",
        "h" | "hr" | "hrs" | "hour" | "hours" => "h",
        _ => return None,
    };
    time(number.parse().ok()?, unit)
}

fn time(number: f64, unit: &str) -> Option<String> {
    if number.fract() == 0.0 {
        return Some(format!("{number}{unit}"));
    }
    let millis = number
        * match unit {
            "s" => 1_000.0,
            "m" => 60_000.0,
            "h" => 3_600_000.0,
            _ => return None,
        };
    (millis.fract() == 0.0).then(|| format!("{millis}ms"))
}

/// `2 * 1024 * 1024`, and `2mb` in another case.
pub(super) fn size(setting: &Setting<'_>) -> Option<String> {
    if let Some(expr) = setting.expr()
        && let Some(bytes) = product(expr)
    {
        return Some(match bytes {
            bytes if bytes > 0 && bytes % MIB == 0 => format!("{}MiB", bytes / MIB),
            bytes if bytes > 0 && bytes % KIB == 0 => format!("{}KiB", bytes / KIB),
            bytes => format!("{bytes}B"),
        });
    }
    let text = setting.string().map(LitStr::value)?;
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let unit = match unit.trim().to_ascii_lowercase().as_str() {
        "b" | "byte" | "bytes" => "B",
        "k" | "kb" | "kib" | "kilobytes" => "KiB",
        "m" | "mb" | "mib" | "megabytes" => "MiB",
        "g" | "gb" | "gib" | "gigabytes" => "GiB",
        _ => return None,
    };
    Some(format!("{number}{unit}"))
}

/// `100 per second` and `100rps`.
pub(super) fn rate(setting: &Setting<'_>) -> Option<String> {
    let text = setting.string().map(LitStr::value)?;
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let unit = unit
        .trim()
        .trim_start_matches(['/', ' '])
        .trim_start_matches("per");
    let unit = match unit.trim().to_ascii_lowercase().as_str() {
        "s" | "sec" | "second" | "rps" | "qps" | "1s" => "s",
        "m" | "min" | "minute" | "rpm" | "1m" => "m",
        "h" | "hour" | "rph" | "1h" => "h",
        _ => return None,
    };
    Some(format!("{number}/{unit}"))
}

/// The last name of a function and the number that it is called with.
fn call_of_number(call: &ExprCall) -> Option<(String, f64)> {
    let Expr::Path(function) = peel(&call.func) else {
        return None;
    };
    let function = function.path.segments.last()?.ident.to_string();
    let argument = call.args.first().filter(|_| call.args.len() == 1)?;
    let number = argument.to_token_stream().to_string().replace('_', "");
    Some((function, number.parse().ok()?))
}

fn product(expr: &Expr) -> Option<u128> {
    match peel(expr) {
        Expr::Lit(ExprLit {
            lit: Lit::Int(int), ..
        }) => int.base10_parse().ok(),
        Expr::Binary(binary) if matches!(binary.op, BinOp::Mul(_)) => {
            product(&binary.left)?.checked_mul(product(&binary.right)?)
        }
        Expr::Binary(binary) if matches!(binary.op, BinOp::Shl(_)) => {
            let bits = u32::try_from(product(&binary.right)?).ok()?;
            product(&binary.left)?.checked_shl(bits)
        }
        Expr::Paren(paren) => product(&paren.expr),
        _ => None,
    }
}

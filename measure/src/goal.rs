//! A figure with its goal beside it.

/// Prints the heading of a table of goals.
pub fn heading() {
    println!(
        "\n{:>2}  {:44} {:>8} {:>6} {:>6}",
        "#", "figure", "is", "must", "aim"
    );
}

/// Prints a row of it; `f64::NAN` where there is no bound.
pub fn row(number: u8, what: &str, is: f64, must: f64, aim: f64) {
    let bound = |bound: f64| {
        if bound.is_nan() {
            String::new()
        } else {
            bound.to_string()
        }
    };
    println!(
        "{number:>2}  {what:44} {is:8.2} {:>6} {:>6}",
        bound(must),
        bound(aim)
    );
}

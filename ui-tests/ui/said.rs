//! What rustc says, without what differs from machine to machine, and from one version of a dependency to the next: where
//! crates are, on which line of them something is, and how far an excerpt of them is indented.

/// How many of a list of types are shown.
const SHOWN_TYPES: usize = 8;

/// The text of all messages, in the form in which it is kept.
pub(crate) fn normal(said: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut elsewhere = false;
    let mut types = 0;
    for said in said.lines().filter(|line| !is_about_the_run(line)) {
        let mut line = said.trim_end().to_owned();
        let place = said.trim_start();
        if place.starts_with("--> ") || place.starts_with("::: ") {
            let (before, place) = said.split_at(said.len() - place.len() + 4);
            let (short, is_elsewhere) = shortened(place);
            line = format!("{before}{short}");
            elsewhere = is_elsewhere;
        } else if elsewhere && place.starts_with(|c: char| c.is_ascii_digit() || "|.".contains(c)) {
            line = without_number(&line);
        } else {
            elsewhere = false;
        }
        if place.contains("types implement trait ") {
            types = 1;
        } else if types > 0 && line.starts_with("            ") {
            types += 1;
            match types {
                n if n > SHOWN_TYPES + 2 => continue,
                n if n > SHOWN_TYPES + 1 => {
                    let spaces = said.len() - place.len() - 2;
                    line = format!("{:spaces$}and $N others", "");
                }
                _ => {}
            }
        } else {
            types = 0;
        }
        if !(line.is_empty() && lines.last().is_none_or(String::is_empty)) {
            lines.push(line);
        }
    }
    let text = unindented(&lines).join("\n");
    text.trim_end().to_owned() + "\n"
}

/// What is said about the run of rustc, and no message.
fn is_about_the_run(line: &str) -> bool {
    [
        "error: aborting due to ",
        "For more information about ",
        "Some errors have detailed explanations: ",
    ]
    .iter()
    .any(|start| line.starts_with(start))
}

/// A place, and whether it is in another crate. Then it is one without the directories before it, its version and its line.
fn shortened(place: &str) -> (String, bool) {
    if let Some(path) = place.strip_prefix("ui-tests/") {
        return (path.to_owned(), false);
    }
    let path = if let Some((_, path)) = place.split_once("/library/") {
        format!("$RUST/{path}")
    } else if let Some((_, path)) = place.split_once("/registry/src/") {
        let path = path.split_once('/').map_or(path, |(_, path)| path);
        let (krate, path) = path.split_once('/').unwrap_or((path, ""));
        let name = krate.rsplit_once('-').map_or(krate, |(name, _)| name);
        format!("$CARGO/{name}-$VERSION/{path}")
    } else {
        format!("$WORKSPACE/{place}")
    };
    let end = path.find(".rs:").map_or(path.len(), |end| end + 3);
    (path[..end].to_owned(), true)
}

/// An excerpt's line with spaces in place of its number.
fn without_number(line: &str) -> String {
    let number = line.find(|c: char| c != ' ' && !c.is_ascii_digit());
    let rest = &line[number.unwrap_or(line.len())..];
    format!("{:1$}{rest}", "", line.len() - rest.len())
}

/// How far rustc indents excerpts depends on the largest number of a line among them.
fn unindented(lines: &[String]) -> Vec<String> {
    let mut done = Vec::new();
    let mut rest = lines;
    while let Some((heading, after)) = rest.split_first() {
        done.push(heading.clone());
        rest = after;
        let starts = ["error", "warning", "note: "];
        let is_heading = starts.iter().any(|start| heading.starts_with(start));
        if is_heading
            && after
                .first()
                .is_some_and(|l| l.trim_start().starts_with("--> "))
        {
            let message = after.iter().position(String::is_empty);
            let (message, next) = after.split_at(message.unwrap_or(after.len()));
            let spaces = message.iter().filter_map(|line| margin(line)).min();
            let cut = |line: &String| {
                // What goes on in a further line is as far to the right as what it goes on with.
                let goes_on = line.starts_with("           ");
                match margin(line) {
                    None if !goes_on => line.clone(),
                    _ => cut(line, spaces.unwrap_or(0)),
                }
            };
            done.extend(message.iter().map(cut));
            rest = next;
        }
    }
    done
}

/// The spaces before the border of an excerpt that are no more than a margin.
fn margin(line: &str) -> Option<usize> {
    let border = line.find(|c: char| c != ' ' && !c.is_ascii_digit())?;
    let is_border = ["|", "-->", ":::", "=", "+", "-", "~"]
        .iter()
        .any(|start| line[border..].starts_with(start));
    let spaces = line[..border].matches(' ').count();
    (is_border && spaces > 0).then(|| spaces - 1)
}

/// Takes so many of the first spaces away, which stand behind a number if there is one.
fn cut(line: &str, spaces: usize) -> String {
    let at = line.find(' ').unwrap_or(0);
    format!("{}{}", &line[..at], &line[at + spaces..])
}

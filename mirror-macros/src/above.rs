//! The attributes above `#[mirror]`, which have been expanded when it is: no token shows them.

use std::{fs, path::PathBuf};

use proc_macro2::Span;

/// The attributes in the lines above the one that is expanded now, as they are written there, the
/// nearest first. There are none if the source cannot be read.
pub(crate) fn attributes() -> Vec<String> {
    let place = Span::call_site();
    let Some(file) = place.local_file() else {
        return Vec::new();
    };
    read(file, place.start().line).unwrap_or_default()
}

fn read(file: PathBuf, line: usize) -> Option<Vec<String>> {
    let source = fs::read_to_string(file).ok()?;
    let lines: Vec<_> = source.lines().take(line.checked_sub(1)?).collect();
    let above = lines.iter().rev().map(|line| line.trim());
    let above = above.take_while(|line| line.starts_with("#[") || line.starts_with("//"));
    let attributes = above.filter(|line| line.starts_with("#["));
    Some(attributes.map(str::to_owned).collect())
}

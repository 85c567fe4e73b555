//! The manual of the attribute has each option of the table, with its default.

use std::{fs, path::Path};

use mirror_grammar::options::{self, Spec};

/// A row of a table of options: the option and its default.
struct Row {
    name: String,
    default: String,
}

/// The rows of the tables of options in a text, which may be comments.
fn rows(text: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut in_table = false;
    for line in text.lines() {
        let line = line.trim_start_matches(['/', '!', ' ']).trim_end();
        if line == "| option | meaning | default |" {
            in_table = true;
        } else if !line.starts_with('|') {
            in_table = false;
        } else if in_table && !line.starts_with("|---") {
            let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            let [option, _, default] = cells[..] else {
                panic!("not three cells: {line}");
            };
            let name = option.trim_start_matches('`').split(' ').next();
            rows.push(Row {
                name: name.unwrap_or_default().to_owned(),
                default: default.to_owned(),
            });
        }
    }
    rows
}

/// The manual, wherever in the package it stands.
fn manual() -> String {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manual = fs::read_to_string(package.join("docs/mirror.md"));
    manual.unwrap_or_else(|_| fs::read_to_string(package.join("src/lib.rs")).unwrap())
}

#[test]
fn the_manual_has_each_option_with_its_default() {
    let specs: Vec<&Spec> = options::ALL
        .iter()
        .copied()
        .filter(|spec| spec.in_attribute)
        .collect();
    let rows = rows(&manual());
    let found: Vec<_> = rows.iter().map(|row| row.name.as_str()).collect();
    let expected: Vec<_> = specs.iter().map(|spec| spec.name).collect();
    assert_eq!(found, expected);
    for (row, spec) in rows.iter().zip(specs) {
        assert_eq!(row.default, spec.default.to_string(), "{}", spec.name);
    }
}

/// What the runtime's chapters say of options is no other.
#[test]
fn no_chapter_has_another_default() {
    let chapters = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mirror-runtime/docs");
    let chapters = fs::read_dir(chapters).into_iter().flatten().flatten();
    for chapter in chapters.filter(|chapter| chapter.path().extension() == Some("md".as_ref())) {
        for row in rows(&fs::read_to_string(chapter.path()).unwrap()) {
            let spec = options::find(&row.name);
            let spec = spec.unwrap_or_else(|| panic!("no option `{}`", row.name));
            assert_eq!(row.default, spec.default.to_string(), "{}", spec.name);
        }
    }
}

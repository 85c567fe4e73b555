//! `replay!` from outside: a directory in, tests or mistakes out.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use super::mistakes_in;
use crate::replay::replay;

/// A package that goes away with its test.
struct Package(PathBuf);

impl Package {
    fn new(name: &str, fixtures: &[(&str, &str)]) -> Self {
        let path = env::temp_dir().join(format!("mirror-macros-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(path.join("mirror-fixtures")).unwrap();
        for (name, content) in fixtures {
            fs::write(path.join("mirror-fixtures").join(name), content).unwrap();
        }
        Self(path)
    }

    fn mistakes(&self, source: &str) -> Vec<(String, String)> {
        mistakes_in(source, replay(source.parse().unwrap(), &self.0))
    }
}

impl Drop for Package {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const FIXTURE: &str = r#"{"format":"mirror-fixture","version":1}"#;

#[test]
fn each_fixture_becomes_a_test() {
    let package = Package::new(
        "tests",
        &[
            ("orders--staging--value_total--3fa9c2d1.json", FIXTURE),
            ("7.json", FIXTURE),
            ("Type.json", FIXTURE),
            ("a-b.json", FIXTURE),
            ("a_b.json", FIXTURE),
            ("README.md", "no fixture"),
            (".mirror-fixture-1-2.tmp", "{"),
        ],
    );
    let source = r#""mirror-fixtures", crate::app,"#.parse().unwrap();
    let file: syn::File = syn::parse2(replay(source, &package.0)).unwrap();
    let expansion = prettyplease::unparse(&file);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/snapshots/replay.rs");
    if env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&path, &expansion).unwrap();
    }
    assert_eq!(expansion, fs::read_to_string(&path).unwrap_or_default());
}

#[test]
fn what_is_no_directory_and_app_is_a_mistake() {
    let package = Package::new("syntax", &[]);
    let usage =
        "`replay!` takes a directory and an app\n= help: write `replay!(\"mirror-fixtures\", app)`";
    for (source, at) in [
        ("app", "app"),
        ("\"mirror-fixtures\" app", "app"),
        ("mirror_fixtures, app", "mirror_fixtures, app"),
    ] {
        let expected = [(at.to_owned(), usage.to_owned())];
        assert_eq!(package.mistakes(source), expected, "{source}");
    }
    let outside =
        "the directory must be a path in the package\n= help: write `\"mirror-fixtures\"`";
    for at in ["\"/mirror-fixtures\"", "\"\""] {
        let expected = [(at.to_owned(), outside.to_owned())];
        assert_eq!(package.mistakes(&format!("{at}, app")), expected);
    }
}

#[test]
fn without_fixtures_there_is_a_test_that_is_ignored_and_says_so() {
    let package = Package::new("none", &[]);
    for (directory, name) in [
        ("mirror-fixtures", "no_fixtures_in_mirror_fixtures"),
        ("tests/missing", "no_fixtures_in_tests_missing"),
    ] {
        let source = format!("\"{directory}\", app").parse().unwrap();
        let file: syn::File = syn::parse2(replay(source, &package.0)).unwrap();
        let expansion = prettyplease::unparse(&file);
        let says = format!(
            "#[ignore = \"nothing is replayed: record mismatches into `{directory}` with `MIRROR_RECORD={directory}`\"]\nfn {name}() {{}}"
        );
        assert!(expansion.contains(&says), "{expansion}");
        // What is recorded from now on is replayed without compiling anew.
        assert!(expansion.contains("_without_a_test"), "{expansion}");
    }
}

#[test]
fn a_crate_has_another_path_if_it_is_told_so() {
    let package = Package::new("crate", &[("a.json", FIXTURE)]);
    let source = "\"mirror-fixtures\", app, crate = shared::mirror_runtime";
    let expansion = replay(source.parse().unwrap(), &package.0).to_string();
    assert!(
        !expansion.contains(":: mirror_runtime :: __private") || !expansion.contains("( :: mirror")
    );
    assert_eq!(
        expansion
            .matches("shared :: mirror_runtime :: __private")
            .count(),
        2
    );
}

#[test]
fn every_file_that_is_no_fixture_is_a_mistake() {
    let package = Package::new(
        "files",
        &[
            ("a.json", r#"{"format":"mirror-fixture","version":7}"#),
            ("b.json", r#"{"name":"package"}"#),
            ("c.json", r#"{"format":"mirror-fixture","ver"#),
            ("d.json", FIXTURE),
        ],
    );
    fs::create_dir(package.0.join("mirror-fixtures/e.json")).unwrap();
    let mistakes = package.mistakes("\"mirror-fixtures\", app");
    let messages: Vec<_> = mistakes
        .iter()
        .map(|(_, message)| message.as_str())
        .collect();
    assert_eq!(
        messages[..3],
        [
            "`mirror-fixtures/a.json` is not a fixture: unsupported version 7 (expected 1)",
            "`mirror-fixtures/b.json` is not a fixture: its `format` is not `mirror-fixture`",
            "`mirror-fixtures/c.json` is not a fixture: it is not JSON",
        ]
    );
    assert!(messages[3].starts_with("cannot read the fixture `mirror-fixtures/e.json`: "));
    assert!(mistakes.iter().all(|(at, _)| at == "\"mirror-fixtures\""));
}

//! What the attribute accepts, and what it says about the rest.
//!
//! Each file of `pass` is a program that compiles and runs. Each of `fail` is one that does not compile, with what rustc says
//! in a file beside it; `BLESS=1 cargo test -p mirror-ui-tests` writes those files. The programs are compiled with the crates
//! that this test is compiled with, which are there already.

mod said;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Mutex,
    thread,
};

/// Where crates are, as rustc is told.
const CRATES: &[&str] = &mirror_ui_crates::crate_arguments!();

/// For what is compiled.
const OUTPUT: &str = env!("CARGO_TARGET_TMPDIR");

/// The programs in a directory.
fn programs(directory: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("the package's directory is the current one");
    let paths = entries.map(|entry| entry.expect("a file that is there").path());
    let mut programs: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    programs.sort_unstable();
    assert!(!programs.is_empty(), "no program in {directory}");
    programs
}

/// Compiles a program, in the directory of the workspace: that is where cargo compiles its crates, and rustc looks for
/// what it shows of them from there.
fn compile(program: &Path, emit: &str) -> Output {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    Command::new(rustc)
        .current_dir("..")
        .arg(Path::new("ui-tests").join(program))
        .args(["--edition", "2024", "--emit", emit, "--out-dir", OUTPUT])
        .args(["--diagnostic-width", "140", "--verbose", "-A", "dead_code"])
        .args(CRATES)
        .output()
        .expect("rustc runs")
}

/// Does something with each program, on as many threads as there are processors, and fails if it failed for any.
fn each(directory: &str, check: impl Fn(&Path) -> Result<(), String> + Sync) {
    let programs = Mutex::new(programs(directory).into_iter());
    let next = || programs.lock().expect("nobody panics").next();
    let work = || {
        let mut failed = Vec::new();
        while let Some(program) = next() {
            if let Err(why) = check(&program) {
                failed.push(format!("{}: {why}", program.display()));
            }
        }
        failed
    };
    let at_once = thread::available_parallelism().map_or(1, usize::from);
    let failed: Vec<String> = thread::scope(|scope| {
        let threads: Vec<_> = (0..at_once).map(|_| scope.spawn(work)).collect();
        let failed = threads.into_iter().map(thread::ScopedJoinHandle::join);
        failed
            .flat_map(|failed| failed.expect("no panic"))
            .collect()
    });
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

#[test]
fn good_handlers_compile() {
    each("pass", |program| {
        let compiled = compile(program, "link");
        if !compiled.status.success() {
            return Err(String::from_utf8_lossy(&compiled.stderr).into_owned());
        }
        let name = program.file_stem().expect("a name");
        let ran = Command::new(Path::new(OUTPUT).join(name)).output();
        let ran = ran.map_err(|error| error.to_string())?;
        if ran.status.success() {
            Ok(())
        } else {
            Err(String::from_utf8_lossy(&ran.stderr).into_owned())
        }
    });
}

#[test]
fn bad_handlers_are_compile_errors_at_the_mistake() {
    let bless = std::env::var_os("BLESS").is_some();
    each("fail", |program| {
        let compiled = compile(program, "metadata");
        if compiled.status.success() {
            return Err("it compiles".to_owned());
        }
        let said = said::normal(&String::from_utf8_lossy(&compiled.stderr));
        let file = program.with_extension("stderr");
        if bless {
            return fs::write(&file, said).map_err(|error| error.to_string());
        }
        let expected = fs::read_to_string(&file).unwrap_or_default();
        if said == expected {
            Ok(())
        } else {
            Err(format!(
                "rustc says\n\n{said}\nand is expected to say\n\n{expected}"
            ))
        }
    });
}

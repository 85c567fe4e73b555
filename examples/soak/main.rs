//! cargo run --release --example soak -- --seconds 60
//!
//! Drives a mirrored and an unmirrored copy of one app through all faults that a shadow can have, one after another,
//! under load, and says whether anybody noticed. It ends by itself, with an exit code other than 0 where something is
//! off. The faults are those of the tests.

mod app;
#[allow(dead_code, unreachable_pub, reason = "the tests use all of it")]
#[path = "../../tests/support"]
mod support {
    pub mod faulty;
}
mod load;
mod process;
mod report;

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use load::Load;
use process::App;
use report::{Phase, Report};
use support::faulty::{Fault, Faulty};

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["app", shadows @ ..] => {
            app::serve(shadows).await;
            ExitCode::SUCCESS
        }
        ["--seconds", seconds] => match seconds.parse() {
            Ok(seconds) => soak(Duration::from_secs(seconds)).await,
            Err(_) => usage(),
        },
        [] => soak(Duration::from_mins(1)).await,
        _ => usage(),
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: soak [--seconds N]");
    ExitCode::FAILURE
}

async fn soak(time: Duration) -> ExitCode {
    let mut shadows = Vec::new();
    for fault in Fault::HTTP_1 {
        shadows.push((fault, Faulty::start(fault)));
    }
    let urls: Vec<String> = shadows.iter().map(|(_, shadow)| shadow.url()).collect();
    let mirrored = App::start(&urls).await;
    let plain = App::start(&[]).await;
    let mut report = Report::default();
    let each = time / u32::try_from(shadows.len()).unwrap_or(1);
    for (route, (fault, _)) in shadows.iter().enumerate() {
        let until = Instant::now() + each;
        let (with, without) = tokio::join!(
            Load::run(&mirrored, route, until),
            Load::run(&plain, route, until)
        );
        let phase = Phase {
            fault: format!("{fault:?}"),
            mirrored: with,
            plain: without,
        };
        println!("{phase}");
        report.note(phase, &mirrored, &plain);
    }
    report.finish(&mirrored, &plain).await;
    println!("\n{report}");
    if report.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

//! cargo run --release --example soak -- --seconds 60
//!
//! Drives a mirrored and an unmirrored copy of one app through all faults that a shadow can have,
//! one after another, under load, over HTTP/1 and over HTTP/2, and says whether anybody noticed. It
//! ends by itself, with an exit code other than 0 where something is off. The faults are those of
//! the tests.

mod app;
mod load;
mod process;
mod report;

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use load::Load;
use process::App;
use report::{Phase, Report, Side};
use testkit::{Fault, Faulty, RawH2, raw_h2::faults};

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

/// A shadow with a fault, for as long as this is kept.
enum Shadow {
    Http1(Faulty),
    Http2(RawH2),
}

impl Shadow {
    /// All of them, and what each does wrong.
    fn all() -> Vec<(String, Self)> {
        let http1 =
            Fault::HTTP_1.map(|fault| (format!("{fault:?}"), Self::Http1(Faulty::start(fault))));
        let http2 = faults::all().into_iter();
        let http2 = http2.map(|(fault, shadow)| (format!("HTTP/2: {fault}"), Self::Http2(shadow)));
        http1.into_iter().chain(http2).collect()
    }

    /// How the app is told of it.
    fn argument(&self) -> String {
        match self {
            Self::Http1(shadow) => shadow.url(),
            Self::Http2(shadow) => format!("{}{}", app::HTTP2, shadow.url()),
        }
    }
}

async fn soak(time: Duration) -> ExitCode {
    let shadows = Shadow::all();
    let urls: Vec<String> = shadows
        .iter()
        .map(|(_, shadow)| shadow.argument())
        .collect();
    let mirrored = App::start(&urls).await;
    let plain = App::start(&[]).await;
    let mut report = Report::default();
    let each = time / u32::try_from(shadows.len()).unwrap_or(1);
    for (route, (fault, _)) in shadows.iter().enumerate() {
        let until = Instant::now() + each;
        let before = [&mirrored, &plain].map(App::processor_time);
        let (with, without) = tokio::join!(
            Load::run(&mirrored, route, until),
            Load::run(&plain, route, until)
        );
        let phase = Phase {
            fault: fault.clone(),
            mirrored: Side::new(with, &mirrored, before[0]),
            plain: Side::new(without, &plain, before[1]),
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

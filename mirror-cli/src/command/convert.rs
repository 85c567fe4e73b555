//! `mirror import` and `mirror export`: logs from and to files of other programs.

use std::{
    fs::File,
    io::{BufReader, BufWriter, Write},
    path::{Path, PathBuf},
};

use clap::ValueEnum;
use flate2::{Compression, write::GzEncoder};
use mirror_replay::convert::{
    ConvertError, Converted, LogReader, Record, open_log, read_gor, read_har, write_gor, write_har,
    write_log,
};

use crate::{
    exit::{Exit, Stop},
    output,
};

/// A format of another program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// HTTP Archive, of browsers
    Har,
    /// Capture of GoReplay
    Gor,
}

/// Make records of a browser's .har or a .gor of GoReplay
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The records hold what the file holds: nothing is redacted.

Examples:
  mirror import --from checkout.har --to checkout-log --mirror orders
  mirror replay --from checkout-log --mirror orders --to http://localhost:3000")]
pub(crate) struct ImportArgs {
    /// File to read
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// Directory to which a segment is added
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Name of the mirror that the records are of
    #[arg(long, value_name = "NAME")]
    mirror: String,
    /// Format of the file [default: by its name]
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
}

/// Make a .har or a .gor of GoReplay of records
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mirror export --from mirror-log --to orders.har --mirror orders
  mirror export --from mirror-log --to orders.gor")]
pub(crate) struct ExportArgs {
    /// Log to read: a directory of segments, or one of them
    #[arg(long, value_name = "LOG")]
    from: PathBuf,
    /// File to write
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// Name of the mirror whose records are written [default: all]
    #[arg(long, value_name = "NAME")]
    mirror: Option<String>,
    /// Format of the file [default: by its name]
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
}

/// The format that is named, or that the name of the file says: that before `.gz`, if there is one.
fn format_of(named: Option<Format>, path: &Path) -> Result<Format, Stop> {
    let name = if is_compressed(path) {
        Path::new(path.file_stem().unwrap_or_default())
    } else {
        path
    };
    let extension = name.extension().unwrap_or_default().to_ascii_lowercase();
    match named {
        Some(format) => Ok(format),
        None if extension == "har" => Ok(Format::Har),
        None if extension == "gor" => Ok(Format::Gor),
        None => Err(Stop::usage(format!(
            "{}: the format is not known by the name; write `--format har` or `--format gor`",
            path.display()
        ))),
    }
}

/// Refuses a file of another program where a log is to be read.
pub(super) fn no_archive(path: &Path) -> Result<(), Stop> {
    if !path.is_file() || format_of(None, path).is_err() {
        return Ok(());
    }
    let path = path.display();
    Err(Stop::new(
        Exit::Unreachable,
        format!(
            "{path}: this is no log; make one of it: \
             `mirror import --from {path} --to DIR --mirror NAME`"
        ),
    ))
}

fn is_compressed(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default();
    extension.eq_ignore_ascii_case("gz")
}

fn failed(path: &Path) -> impl Fn(ConvertError) -> Stop {
    move |error| Stop::new(Exit::Unreachable, format!("{}: {error}", path.display()))
}

impl ImportArgs {
    pub(crate) fn run(self) -> Result<Exit, Stop> {
        let format = format_of(self.format, &self.from)?;
        let failed_from = failed(&self.from);
        let failed_to = failed(&self.to);
        let file = File::open(&self.from).map_err(|error| failed_from(error.into()))?;
        let mut log = open_log(&self.to).map_err(|error| failed_to(error.into()))?;
        let file = BufReader::new(file);
        let converted = match format {
            Format::Har => read_har(file, &self.mirror, |record| write_log(&mut log, &record)),
            Format::Gor => read_gor(file, &self.mirror, |record| write_log(&mut log, &record)),
        };
        let converted = converted.map_err(failed_from)?;
        log.close().map_err(|error| failed_to(error.into()))?;
        print(&converted, 0);
        Ok(Exit::Good)
    }
}

impl ExportArgs {
    pub(crate) fn run(self) -> Result<Exit, Stop> {
        let format = format_of(self.format, &self.to)?;
        let failed_to = failed(&self.to);
        if self.from.to_string_lossy().contains("://") {
            return Err(Stop::usage(
                "`export` reads files, and no stream: give the mirror a target `file(\"DIR\")` beside \
                 the stream, and export that directory",
            ));
        }
        no_archive(&self.from)?;
        let mut log =
            LogReader::open(&self.from).map_err(|error| Stop::new(Exit::Unreachable, error))?;
        let mut error = None;
        let mut records = std::iter::from_fn(|| {
            loop {
                match log.next_record() {
                    Ok(Some(record))
                        if self.mirror.as_ref().is_some_and(|it| *it != record.mirror) => {}
                    Ok(record) => return record,
                    Err(failed) => {
                        error = Some(failed);
                        return None;
                    }
                }
            }
        });
        let file = output::private_file(&self.to).map_err(|error| failed_to(error.into()))?;
        let mut file = BufWriter::new(file);
        let converted = if is_compressed(&self.to) {
            let mut encoder = GzEncoder::new(&mut file, Compression::default());
            let converted = write(format, &mut encoder, &mut records).map_err(&failed_to)?;
            let ended = encoder.finish();
            ended.map_err(|error| failed_to(error.into()))?;
            converted
        } else {
            write(format, &mut file, &mut records).map_err(&failed_to)?
        };
        file.flush().map_err(|error| failed_to(error.into()))?;
        if let Some(error) = error {
            return Err(Stop::new(Exit::Unreachable, error));
        }
        if converted.redacted > 0 {
            output::note(&format!(
                "{} with `[redacted]` in the place of what was there: other programs send that, and \
                 the header `mirror-redacted`, which says where it is",
                counted(converted.redacted, "request")
            ));
        }
        print(&converted, log.damaged());
        Ok(Exit::Good)
    }
}

fn write(
    format: Format,
    file: impl Write,
    records: impl Iterator<Item = Record>,
) -> Result<Converted, ConvertError> {
    match format {
        Format::Har => write_har(file, records),
        Format::Gor => write_gor(file, records),
    }
}

/// `1 record`, `2 records`.
fn counted(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

fn print(converted: &Converted, damaged: u64) {
    for reason in &converted.reasons {
        output::note(&crate::text::message(reason));
    }
    let left_out = converted.left_out + converted.responses_left_out;
    let named = converted.reasons.len() as u64;
    if left_out > named {
        output::note(&format!("and {} more were left out", left_out - named));
    }
    let responses = match converted.responses_left_out {
        0 => String::new(),
        responses => format!(", {} left out", counted(responses, "response")),
    };
    let damaged = match damaged {
        0 => String::new(),
        damaged => format!(", {damaged} damaged"),
    };
    output::line(format_args!(
        "{}, {} with a response, {} left out{responses}{damaged}",
        counted(converted.records, "record"),
        converted.with_response,
        converted.left_out
    ));
}

//! `mirror import` and `mirror export`: logs from and to files of other programs.

use std::{
    fs::File,
    io::{BufReader, BufWriter, Write as _},
    path::{Path, PathBuf},
};

use clap::ValueEnum;
use mirror_replay::convert::{
    ConvertError, Converted, LogReader, open_log, read_gor, read_har, write_gor, write_har,
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

/// The format that is named, or that the name of the file says.
fn format_of(named: Option<Format>, path: &Path) -> Result<Format, Stop> {
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
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
        print(converted, 0);
        Ok(Exit::Good)
    }
}

impl ExportArgs {
    pub(crate) fn run(self) -> Result<Exit, Stop> {
        let format = format_of(self.format, &self.to)?;
        let failed_to = failed(&self.to);
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
        let file = create(&self.to).map_err(|error| failed_to(error.into()))?;
        let mut file = BufWriter::new(file);
        let mut converted = Converted::default();
        match format {
            Format::Har => converted = write_har(&mut file, &mut records).map_err(&failed_to)?,
            Format::Gor => {
                for record in &mut records {
                    let is_written = write_gor(&mut file, &record).map_err(&failed_to)?;
                    converted.records += u64::from(is_written);
                    converted.left_out += u64::from(!is_written);
                    let has_response = is_written && record.response.is_some();
                    converted.with_response += u64::from(has_response);
                }
            }
        }
        file.flush().map_err(|error| failed_to(error.into()))?;
        if let Some(error) = error {
            return Err(Stop::new(Exit::Unreachable, error));
        }
        print(converted, log.damaged());
        Ok(Exit::Good)
    }
}

/// A new file, for nobody else on the machine: what is in it comes from production.
fn create(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;

        options.mode(0o600);
    }
    options.open(path)
}

fn print(converted: Converted, damaged: u64) {
    let damaged = match damaged {
        0 => String::new(),
        damaged => format!(", {damaged} damaged"),
    };
    output::line(format_args!(
        "{} records, {} with a response, {} left out{damaged}",
        converted.records, converted.with_response, converted.left_out
    ));
}

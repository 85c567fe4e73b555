//! Headers that each copy is given.

use http::{HeaderName, HeaderValue};

use super::SENDING;
use crate::exit::Stop;

/// Headers that each copy is given.
#[derive(Debug, clap::Args)]
pub(super) struct Headers {
    /// Header of each request, in place of the recorded one, like 'x-env: staging'
    #[arg(long, value_name = "NAME: VALUE", help_heading = SENDING)]
    header: Vec<String>,
    /// Header of each request from an environment variable, like `authorization=STAGING_TOKEN`:
    /// recorded credentials are redacted
    #[arg(long, value_name = "NAME=VARIABLE", help_heading = SENDING)]
    header_env: Vec<String>,
}

impl Headers {
    pub(super) fn read(&self) -> Result<Vec<(HeaderName, HeaderValue)>, Stop> {
        let mut headers = Vec::new();
        for header in &self.header {
            let Some((name, value)) = header.split_once(':') else {
                return Err(Stop::usage(
                    "invalid value for `--header`: write `name: value`",
                ));
            };
            headers.push(read("--header", name, value.trim())?);
        }
        for header in &self.header_env {
            let Some((name, variable)) = header.split_once('=') else {
                return Err(Stop::usage(
                    "invalid value for `--header-env`: write `name=VARIABLE`",
                ));
            };
            let value = std::env::var(variable).map_err(|_| {
                Stop::usage(format!(
                    "`--header-env`: the variable `{variable}` is not set"
                ))
            })?;
            headers.push(read("--header-env", name, value.trim())?);
        }
        Ok(headers)
    }
}

/// Without the value in an error: it may be a secret.
fn read(option: &str, name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Stop> {
    let parsed: Result<HeaderName, _> = name.trim().parse();
    let parsed = parsed
        .map_err(|_| Stop::usage(format!("`{option}`: `{name}` is not the name of a header")))?;
    let mut value = HeaderValue::from_str(value).map_err(|_| {
        Stop::usage(format!(
            "`{option}`: the value of `{name}` is none of a header"
        ))
    })?;
    value.set_sensitive(option == "--header-env");
    Ok((parsed, value))
}

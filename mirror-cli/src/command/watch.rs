//! `mirror watch`: the page in a terminal.

mod feed;
mod model;
mod plain;
mod row;
mod screen;
mod terminal;

use std::{env, io, io::IsTerminal as _, time::Duration};

use self::{
    feed::{Feed, Source},
    model::Model,
};
use crate::{
    args::{Access, interval},
    client::{Address, Client},
    exit::{Exit, Stop},
    output,
};

/// Watch the mirrors of a program: the page in a terminal
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Keys: q quit, / filter, s sort by the next column, r turn the order around, arrows and PgUp, PgDn,
Home, End move. In a pipe it prints a line for each target, and again whenever one changes.

Examples:
  mirror watch http://localhost:8080/admin/mirror
  mirror watch http://localhost:8080/admin/mirror --once
  mirror watch http://localhost:8080/admin/mirror --fleet
  mirror watch http://localhost:8080/admin/mirror | grep regressed")]
pub(crate) struct Args {
    /// URL of the page, or of its snapshot.json
    url: String,
    /// Only the mirror of this name
    #[arg(long, value_name = "NAME")]
    mirror: Option<String>,
    /// Of all instances of the service together, whichever of them is asked
    #[arg(long)]
    fleet: bool,
    /// How often to ask, from 100ms to 1h
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = interval)]
    interval: Duration,
    /// Print lines, also to a terminal
    #[arg(long)]
    plain: bool,
    /// Print a line for each target, and end
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    access: Access,
}

impl Args {
    pub(crate) fn run(self) -> Result<Exit, Stop> {
        let address = Address::new(&self.url)?;
        let client = Client::new(&self.access, &address)?;
        let mut asked = vec![("summary", "true")];
        if let Some(mirror) = &self.mirror {
            asked.push(("mirror", mirror));
        }
        let source = Source {
            client,
            address: address.snapshot(&asked),
            fleet: self.fleet,
        };
        if self.once {
            return plain::once(&source);
        }
        let feed = Feed::start(source, self.interval)?;
        if self.plain || !is_screen() {
            return plain::watch(&feed);
        }
        let model = Model::new(&address.to_string(), output::is_plain(), self.fleet);
        terminal::watch(&feed, model)
    }
}

/// Whether there is a terminal that can do more than print lines.
fn is_screen() -> bool {
    let term = env::var_os("TERM");
    let is_known = cfg!(windows) || term.is_some_and(|term| !term.is_empty() && term != "dumb");
    is_known && io::stdout().is_terminal()
}

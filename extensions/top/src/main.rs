//! `actors`: the actors of a running service in a terminal.
//!
//! ```text
//!   actors top URL          a screen that polls the dashboard's `/snapshot.json` and `/decisions.json`
//!   actors top URL --once   one table, or one object (`--json`)
//!   actors boundaries URL   the four questions about each bound
//! ```
//!
//! | module | what it does |
//! |---|---|
//! | `args` | the command line |
//! | `net` | addresses, requests with limits, polls that survive an outage |
//! | `data` | what two snapshots say together; pure |
//! | `columns`, `once`, `boundaries` | the table, its plain form, the four questions |
//! | `screen` | the state of the screen, keys, drawing, the terminal |
//! | `text`, `number` | foreign texts made harmless, numbers in few characters |
//!
//! Exit codes: 0, 1 where the dashboard cannot be read, 2 for a mistake in the command line, 128
//! and its number for a signal.

mod args;
mod boundaries;
mod columns;
mod data;
mod net;
mod number;
mod once;
mod screen;
mod text;

use args::{Cli, Command, Dashboard, Top};
use clap::Parser;
use data::Watch;
use net::{Client, Failure, Limits};
use once::Selection;
use screen::Ended;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

/// The exit code for a mistake in the command line; clap uses it too.
const USAGE: u8 = 2;
/// Columns of a text that goes to a file or a program: those of a wide terminal.
const WIDTH_OF_FILES: usize = 200;

/// Why the program ends without what was asked for.
#[derive(Debug, thiserror::Error)]
enum Stopped {
    #[error(transparent)]
    Failure(#[from] Failure),
    #[error("{0}")]
    Usage(&'static str),
    #[error("the terminal or the output failed: {0}")]
    Output(#[from] io::Error),
    #[error("the answer cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Top(top) if top.once => once(top),
        Command::Top(top) => live(top),
        Command::Boundaries(dashboard) => boundaries(dashboard),
    };
    match done {
        Ok(code) => code,
        // The reader has seen enough, as `head` does.
        Err(Stopped::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(stopped) => {
            eprintln!("actors: {}", text::harmless(&stopped.to_string()));
            ExitCode::from(if matches!(stopped, Stopped::Usage(_)) { USAGE } else { 1 })
        }
    }
}

/// Shows the screen.
fn live(top: Top) -> Result<ExitCode, Stopped> {
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        return Err(Stopped::Usage(
            "a screen needs a terminal; use --once for a table, and --json for scripts",
        ));
    }
    let (every, sort) = (top.every, top.sort);
    Ok(match screen::run(client(top.dashboard), every, sort)? {
        Ended::Quit => ExitCode::SUCCESS,
        #[cfg(unix)]
        Ended::Signal(signal) => ExitCode::from(128_u8.wrapping_add(signal as u8)),
    })
}

/// Prints a table or an object of one or two samples.
fn once(top: Top) -> Result<ExitCode, Stopped> {
    let client = client(top.dashboard);
    let mut watch = Watch::default();
    watch.add(client.snapshot()?, client.decisions(0)?);
    if !top.no_rates {
        std::thread::sleep(top.every);
        watch.add(client.snapshot()?, Vec::new());
    }
    let selection = Selection { sort: top.sort, search: top.search, limit: top.limit };
    let printed = match watch.frame() {
        Some(frame) if top.json => once::json(frame, &selection)?,
        Some(frame) => once::table(&watch, frame, &selection, width()),
        None => String::new(),
    };
    print(&printed)
}

/// Prints the answers to the four questions.
fn boundaries(dashboard: Dashboard) -> Result<ExitCode, Stopped> {
    let lines = client(dashboard).boundaries()?.lines(width());
    print(&(lines.join("\n") + "\n"))
}

fn client(dashboard: Dashboard) -> Client {
    let Dashboard { address, token } = dashboard;
    if token.is_some() && !address.is_loopback() {
        eprintln!("actors: the token is sent to {address} without encryption; a tunnel is safer (ssh -L)");
    }
    Client::new(address, token, Limits::DEFAULT)
}

fn print(text: &str) -> Result<ExitCode, Stopped> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// The columns of the terminal that is written to.
fn width() -> usize {
    let is_terminal = io::stdout().is_terminal();
    let size = is_terminal.then(ratatui::crossterm::terminal::size).and_then(Result::ok);
    size.map_or(WIDTH_OF_FILES, |(columns, _)| columns.into())
}

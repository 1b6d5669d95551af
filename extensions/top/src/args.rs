//! The command line.

use crate::data::order::Sort;
use crate::net::{Address, Token};
use clap::{Args, Parser, Subcommand};
use std::time::Duration;

/// Each poll visits every actor of the service.
const EVERY_MIN: Duration = Duration::from_millis(100);
/// Rates over a longer time say little.
const EVERY_MAX: Duration = Duration::from_secs(3600);

/// Looks at the actors of a running service, through its dashboard.
#[derive(Debug, Parser)]
#[command(name = "actors", version, about)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Shows the actors, their waits, the bottleneck, and what was decided
    Top(Top),
    /// Answers four questions about each bound: what is it, what happens when it is full, where
    /// does the pressure go, what can see it
    Boundaries(Dashboard),
}

/// The dashboard of a service.
#[derive(Debug, Args)]
pub(crate) struct Dashboard {
    /// Where the dashboard is, as in http://127.0.0.1:9000
    #[arg(value_name = "URL")]
    pub(crate) address: Address,
    /// The token of a dashboard that asks for one; the variable is not seen in lists of processes
    #[arg(long, env = "ACTORS_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<Token>,
}

#[derive(Debug, Args)]
pub(crate) struct Top {
    #[command(flatten)]
    pub(crate) dashboard: Dashboard,
    /// The time between two polls, 100ms to 1h
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = every)]
    pub(crate) every: Duration,
    /// The order of the actors
    #[arg(long, value_name = "ORDER", default_value = "tree")]
    pub(crate) sort: Sort,
    /// Prints one table and ends
    #[arg(long)]
    pub(crate) once: bool,
    /// Prints JSON instead of the table
    #[arg(long, requires = "once")]
    pub(crate) json: bool,
    /// Takes one sample only, which has no rates
    #[arg(long, requires = "once")]
    pub(crate) no_rates: bool,
    /// Prints only so many actors
    #[arg(long, value_name = "ACTORS", requires = "once")]
    pub(crate) limit: Option<usize>,
    /// Prints only actors whose name or type contains this
    #[arg(long, value_name = "TEXT", requires = "once", default_value = "", hide_default_value = true)]
    pub(crate) search: String,
}

/// Reads a time: a number with `ms`, `s`, `m` or `h`.
fn every(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let millis = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err("write a number and a unit, as in 500ms, 1s or 5m".to_owned()),
    };
    let number: u64 =
        number.parse().map_err(|_| "write a number and a unit, as in 500ms, 1s or 5m".to_owned())?;
    let every = Duration::from_millis(number.saturating_mul(millis));
    if (EVERY_MIN..=EVERY_MAX).contains(&every) {
        Ok(every)
    } else {
        Err("write a time from 100ms to 1h".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn times_have_a_unit_and_limits() {
        assert_eq!(every("100ms"), Ok(EVERY_MIN));
        assert_eq!((every("2s"), every("1m")), (Ok(Duration::from_secs(2)), Ok(Duration::from_secs(60))));
        for text in
            ["", "1", "s", "1.5s", "-1s", "99ms", "2h", "99999999999999999999s", "18446744073709551615h"]
        {
            assert!(every(text).is_err(), "{text}");
        }
    }
}

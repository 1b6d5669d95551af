//! The command line.

use clap::Parser;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Moves events into a database that may be slow: nothing is lost, and no buffer grows.
#[derive(Debug, Parser)]
pub(crate) struct Cli {
    /// A file with one event as JSON per line; without it one is generated
    #[arg(conflicts_with = "http")]
    pub(crate) file: Option<PathBuf>,
    /// How many events are generated
    #[arg(long, default_value_t = 60_000, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    pub(crate) events: u64,
    /// Keeps the rows in this file, which must be new, instead of a temporary one
    #[arg(long, value_name = "PATH")]
    pub(crate) db: Option<PathBuf>,
    /// Makes each commit this much slower in the middle third
    #[arg(long, value_name = "MS", value_parser = parse_ms)]
    pub(crate) slow_db: Option<Duration>,
    /// Takes events by POST at this address instead of reading a file
    #[arg(long, value_name = "ADDR", conflicts_with = "slow_db")]
    pub(crate) http: Option<SocketAddr>,
}

fn parse_ms(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(ms) if (1..=60_000).contains(&ms) => Ok(Duration::from_millis(ms)),
        _ => Err("a number of milliseconds from 1 to 60000".into()),
    }
}

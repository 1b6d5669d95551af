//! The command line.

use clap::Parser;
use std::net::SocketAddr;
use std::time::Duration;
use tracing_subscriber::filter::LevelFilter;

/// A leaderboard made of actors, live over WebSocket; with --clients, it checks itself.
#[derive(Debug, Parser)]
pub(crate) struct Cli {
    /// Where to listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// Viewers at a time; one more is answered 503
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub(crate) viewers_max: u16,
    /// Seconds after which a viewer that takes nothing is closed
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    patience: u64,
    /// Scores a second that the program makes up; 0 for none [default: 50; of the check 1000]
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub(crate) rate: Option<u32>,
    /// Off, error, warn, info, debug or trace [default: warn]
    #[arg(long, value_name = "LEVEL")]
    pub(crate) log: Option<LevelFilter>,
    /// Does not serve: connects so many viewers of its own, and checks what each of them sees
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) clients: Option<u16>,
    /// How many viewers more read nothing before the end
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(0..=1000))]
    pub(crate) slow: u16,
    /// How long the check lasts
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(2..=3600))]
    pub(crate) seconds: u64,
}

impl Cli {
    pub(crate) fn patience(&self) -> Duration {
        Duration::from_secs(self.patience)
    }
}

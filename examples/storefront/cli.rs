//! The command line.

use crate::endpoints;
use actors_core::Reason;
use actors_dashboard::{Token, WeakToken};
use axum::http::StatusCode;
use clap::{Parser, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tracing_subscriber::filter::LevelFilter;

/// A shop made of actors, over HTTP; with --storm, under more load than it can handle.
#[derive(Debug, Parser)]
#[command(after_help = format!("What can be asked for:\n{}", endpoints::list()))]
pub(crate) struct Cli {
    /// Where to listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// Keeps the orders in this file instead of a temporary one
    #[arg(long, value_name = "PATH")]
    pub(crate) db: Option<PathBuf>,
    /// The status of a refusal for this reason, for example full=429; can be repeated
    #[arg(long = "status", value_name = "REASON=CODE", value_parser = parse_status)]
    pub(crate) statuses: Vec<(Reason, StatusCode)>,
    /// Off, error, warn, info, debug or trace [default: warn]; docs/guide/operations.md explains
    /// each line
    #[arg(long, value_name = "LEVEL")]
    pub(crate) log: Option<LevelFilter>,
    /// How long GET /readyz answers 503 before the shop stops accepting connections: as long as a
    /// load balancer needs to notice
    #[arg(long, value_name = "MS", default_value = "0", value_parser = parse_notice)]
    pub(crate) notice: Duration,
    /// Where the page over the running actors is served, on this machine only; port 0 takes a free
    /// one, `off` serves none
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0", value_parser = parse_page)]
    pub(crate) dashboard: Page,
    /// Lets the page change limits, with this token: 16 characters or more
    #[arg(long, value_name = "TOKEN", env = "STOREFRONT_TOKEN", hide_env_values = true, value_parser = parse_token)]
    pub(crate) allow_changes: Option<Token>,
    /// Does not serve: measures the capacity, then offers this many times as much
    #[arg(long, value_name = "TIMES", value_parser = parse_times)]
    pub(crate) storm: Option<f64>,
    /// How long the storm lasts
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) seconds: u64,
    /// What the storm consists of
    #[arg(long, value_enum, default_value_t = Mix::Default)]
    pub(crate) mix: Mix,
    /// Makes each write of the database this much slower in the middle third of the storm
    #[arg(long, value_name = "MS", value_parser = parse_ms)]
    pub(crate) slow_db: Option<Duration>,
}

/// The messages of a storm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mix {
    /// 3 % charges, 2 % order status, 55 % page views, 35 % prices, 5 % audits: at ten times the
    /// capacity, the messages that matter ask for half of the capacity
    Default,
    /// Charges only
    Charges,
}

/// Where the page is served.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Page {
    At(SocketAddr),
    Off,
}

impl Page {
    pub(crate) fn address(self) -> Option<SocketAddr> {
        match self {
            Page::At(address) => Some(address),
            Page::Off => None,
        }
    }
}

fn parse_page(text: &str) -> Result<Page, String> {
    match text.parse() {
        _ if text == "off" => Ok(Page::Off),
        Ok(address) => Ok(Page::At(address)),
        Err(_) => Err("an address with a port, for example 127.0.0.1:8080, or `off`".into()),
    }
}

fn parse_token(text: &str) -> Result<Token, WeakToken> {
    Token::new(text)
}

/// Parses `full=429`.
fn parse_status(text: &str) -> Result<(Reason, StatusCode), String> {
    let (word, code) =
        text.split_once('=').ok_or_else(|| "write it as REASON=CODE, for example full=429".to_owned())?;
    let reason = Reason::ALL.iter().copied().find(|reason| reason.word() == word);
    let reason = reason.ok_or_else(|| {
        let words = Reason::ALL.iter().map(|reason| reason.word()).collect::<Vec<_>>().join(", ");
        format!("`{word}` is no reason; the reasons are {words}")
    })?;
    match code {
        "429" => Ok((reason, StatusCode::TOO_MANY_REQUESTS)),
        "503" => Ok((reason, StatusCode::SERVICE_UNAVAILABLE)),
        _ => Err(format!("a refusal is 429 or 503, not `{code}`: both say that it can be tried again")),
    }
}

fn parse_times(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(times) if (0.01..=10_000.0).contains(&times) => Ok(times),
        _ => Err("a number from 0.01 to 10000".into()),
    }
}

fn parse_notice(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(ms) if ms <= 600_000 => Ok(Duration::from_millis(ms)),
        _ => Err("a number of milliseconds from 0 to 600000".into()),
    }
}

fn parse_ms(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(ms) if (1..=60_000).contains(&ms) => Ok(Duration::from_millis(ms)),
        _ => Err("a number of milliseconds from 1 to 60000".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_429_or_503_for_a_reason_that_exists() {
        assert_eq!(parse_status("full=429"), Ok((Reason::Full, StatusCode::TOO_MANY_REQUESTS)));
        for (text, hint) in
            [("full", "REASON=CODE"), ("fool=429", "rate_limited"), ("full=500", "429 or 503")]
        {
            let why = parse_status(text).unwrap_err();
            assert!(why.contains(hint), "{why}");
        }
    }
}

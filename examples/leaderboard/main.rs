//! A leaderboard that is shown live: scores come in over HTTP, and every viewer has a WebSocket.
//!
//! ```text
//!   cargo run --release --example leaderboard                                          serves until ctrl-c
//!   cargo run --release --example leaderboard -- --clients 50 --slow 5 --seconds 10    checks itself
//! ```
//!
//! # The problem
//!
//! One board, many viewers, and some of them are slow: a phone in a tunnel, a tab in the
//! background. A loop that writes to one viewer after the other is as slow as the slowest. A queue
//! per viewer keeps the fast ones going, but grows without a limit, and its viewer sees the past.
//!
//! # The answer
//!
//! ```text
//!                                      ┌─► viewer ──► WebSocket      fast: handles each update
//!   POST /scores ──► board ── update ──┼─► viewer ──► WebSocket
//!                                      └─► viewer ──► WebSocket      slow: one write is pending, and the newest
//!                                            └ mailbox: one update at most      update waits; older ones are conflated
//! ```
//!
//! Each viewer is an actor, a child of the board, and its `update` is declared as `overflow =
//! conflate`: of the updates that wait, only the newest counts. While a write is pending, the
//! viewer's turn is suspended and holds up no other viewer. What a slow viewer has missed is in its
//! ledger, in the column `conflated`.
//!
//! Start with [`viewer`], then [`board`]. [`http`] is the edge, [`service`] starts and stops
//! everything, [`drive`] is the check.

mod board;
mod cli;
mod drive;
mod http;
mod score;
mod service;
#[cfg(test)]
mod tests;
mod viewer;
mod watcher;

use crate::cli::Cli;
use crate::service::Service;
use actors_core::prelude::*;
use clap::Parser;
use std::io::IsTerminal;
use std::process::ExitCode;
use tracing_subscriber::filter::LevelFilter;

/// Scores a second: enough that the board moves while it is looked at.
const RATE: u32 = 50;

#[tokio::main]
async fn main() -> Result<ExitCode, BoxError> {
    let cli = Cli::parse();
    let level = cli.log.unwrap_or(LevelFilter::WARN);
    // No colours in a file.
    let has_colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_ansi(has_colours)
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .init();
    let is_well =
        if let Some(clients) = cli.clients { drive::run(&cli, clients).await? } else { serve(&cli).await? };
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Serves until ctrl-c, and prints the ledgers. Returns whether they balance.
async fn serve(cli: &Cli) -> Result<bool, BoxError> {
    let service = Service::open(cli.patience(), cli.viewers_max)?;
    let listener = http::listen(cli.listen)?;
    println!("listening on http://{}", listener.local_addr()?);
    let generator = tokio::spawn(score::generate(service.board.clone(), cli.rate.unwrap_or(RATE)));
    http::serve(listener, service.clone(), async {
        // Without a signal handler, only ending the process stops the server.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
    .await?;
    generator.abort();
    let books = service.close().await;
    println!("{books}");
    Ok(books.is_balanced())
}

//! A shop over HTTP, made of actors.
//!
//! ```text
//!   cargo run --release --example storefront                              serves on a free port until ctrl-c
//!   cargo run --release --example storefront -- --storm 10 --seconds 20   offers ten times its capacity
//!                                                                         (with --slow-db 50: a slow database)
//! ```
//!
//! Start with [`shop`]: each handler declares there what its message is worth. [`orders`] writes
//! many orders in one transaction and answers each when it is in the file. [`http`] turns an
//! overload into a status code, with `actors-http`. [`service`] starts and stops everything,
//! and [`page`] shows it.
//! [`storm`] is the experiment that checks all this.

mod cli;
mod db;
mod endpoints;
mod http;
mod orders;
mod page;
mod service;
mod shop;
mod stop;
mod storm;
#[cfg(test)]
mod tests;

use crate::cli::Cli;
use crate::db::DbFile;
use crate::http::App;
use crate::service::Service;
use actors_core::prelude::*;
use actors_http::refusal::StatusTable;
use clap::Parser;
use std::io::IsTerminal;
use std::process::ExitCode;
use tokio::net::TcpListener;
use tracing_subscriber::filter::LevelFilter;

#[tokio::main]
async fn main() -> Result<ExitCode, BoxError> {
    let cli = Cli::parse();
    tracing_subscriber::fmt()
        // No colours in a file.
        .with_ansi(std::io::stderr().is_terminal())
        .with_max_level(cli.log.unwrap_or(LevelFilter::WARN))
        .with_writer(std::io::stderr)
        .init();
    let file = DbFile::new(cli.db.clone());
    let is_well = match cli.storm {
        Some(times) => storm::run(&cli, times, &file).await?,
        None => serve(&cli, &file).await?,
    };
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Serves until ctrl-c or SIGTERM, drains, and prints the ledgers. Returns `true` when they
/// balance.
async fn serve(cli: &Cli, file: &DbFile) -> Result<bool, BoxError> {
    let stop = stop::signal()?;
    let service = Service::open(file).await?;
    let page = page::open(cli, &service).await?;
    let listener = TcpListener::bind(cli.listen).await?;
    println!("listening on http://{}; GET / lists what can be asked for", listener.local_addr()?);
    let changes = cli.statuses.iter().copied();
    let statuses = changes.fold(StatusTable::default(), |table, (reason, code)| table.with(reason, code));
    let app = App::new(service.clone(), statuses);
    http::serve(listener, app, stop, cli.notice).await?;
    let books = service.close().await;
    if let Some(page) = page {
        page.await??;
    }
    println!("{books}");
    Ok(books.is_balanced())
}

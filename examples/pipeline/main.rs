//! A pipeline from a file, or from POST, into a database that becomes slow.
//!
//! ```text
//!   cargo run --release --example pipeline                                  generates a file of events
//!   cargo run --release --example pipeline -- --slow-db 20                  the middle third of it is slow
//!   cargo run --release --example pipeline -- events.jsonl --db events.db   reads a file, keeps the database
//!   cargo run --release --example pipeline -- --http 127.0.0.1:8080         takes events by POST /events
//!
//!   file ── line ──► parser (64) ── row ──► writer (128) ── batch (64) ──► SQLite
//!        ◄─ no slot ─          ◄─ waits in line ─        ◄──── no turn ────
//! ```
//!
//! When the database slows down, the writer takes no turns during a commit. Its mailbox fills, the
//! parser waits in line, the parser's mailbox fills, and the reader has no slot: it reads more
//! slowly. No part of the program knows how fast another part is, and no buffer grows. With POST
//! the last step is another one, because a client cannot be read more slowly: 503 with
//! `Retry-After`.
//!
//! At the end the program compares the database with the file: every event, in the order of its
//! source, undamaged. It exits with an error if a promise is broken.
//!
//! Start with [`reader`], [`parser`] and [`writer`], one page each. [`service`] starts and stops
//! the actors, [`http`] is the other source, [`verdict`] checks.

mod cli;
mod db;
mod event;
mod http;
mod memory;
mod parser;
mod progress;
mod reader;
mod service;
#[cfg(test)]
mod tests;
mod verdict;
mod writer;

use crate::cli::Cli;
use crate::db::Scratch;
use crate::http::App;
use crate::service::{Books, Service};
use crate::verdict::Check;
use actors_core::prelude::*;
use clap::Parser as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use tokio::fs::File;
use tokio::net::TcpListener;
use tokio::task::spawn_blocking;
use tracing_subscriber::filter::LevelFilter;

#[tokio::main]
async fn main() -> Result<ExitCode, BoxError> {
    tracing_subscriber::fmt().with_max_level(LevelFilter::WARN).with_writer(std::io::stderr).init();
    let cli = Cli::parse();
    let scratch = Scratch::create("run")?;
    let db = cli.db.clone().unwrap_or_else(|| scratch.file("events.db"));
    let checks = match cli.http {
        Some(address) => serve(address, &db).await?,
        None => run(&cli, &scratch, &db).await?,
    };
    Ok(if verdict::print(&checks) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Moves a file into the database.
async fn run(cli: &Cli, scratch: &Scratch, db: &Path) -> Result<Vec<Check>, BoxError> {
    let path = cli.file.clone().unwrap_or_else(|| scratch.file("events.jsonl"));
    let (is_generated, count, events) = (cli.file.is_none(), cli.events, path.clone());
    let content = spawn_blocking(move || {
        if is_generated {
            event::generate(&events, count)?;
        }
        event::content(&events)
    });
    let content = content.await??;
    let before = memory::resident();

    let slow = db::slow_in_the_middle(cli.slow_db.unwrap_or_default(), content.events);
    let service = Service::open(db, content.events, slow).await?;
    let read = reader::read(File::open(&path).await?, &service.parser, interrupt()).await;
    let books = service.close().await?;
    let read = read?;

    print(&books);
    let memory = verdict::of_memory(before);
    let found = read_back(db).await?;
    let mut checks = match read.is_stopped {
        true => verdict::of_part(read.lines, &found, &books),
        false => verdict::of_file(&content, read.lines, &found, &books),
    };
    checks.extend(memory);
    Ok(checks)
}

/// Takes events by POST until ctrl-c.
async fn serve(address: SocketAddr, db: &Path) -> Result<Vec<Check>, BoxError> {
    let service = Service::open(db, 0, Box::new(|_| {})).await?;
    let listener = TcpListener::bind(address).await?;
    println!("POST http://{}/events; ctrl-c ends it", listener.local_addr()?);
    let app = App::new(service.clone());
    http::serve(listener, app.clone(), interrupt(), http::GRACE).await?;
    let books = service.close().await?;
    print(&books);
    Ok(verdict::of_requests(app.accepted(), &read_back(db).await?, &books))
}

/// Resolves with ctrl-c: what was accepted until then is still written.
async fn interrupt() {
    // Without a signal handler, only ending the process stops it.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

async fn read_back(db: &Path) -> Result<verdict::Found, BoxError> {
    let db = db.to_owned();
    Ok(spawn_blocking(move || verdict::found(&db)).await??)
}

fn print(books: &Books) {
    println!("{} events are written", books.progress.rows());
    let thirds = books.progress.thirds();
    if !thirds.is_empty() {
        let seconds: Vec<_> = thirds.iter().map(Duration::as_secs_f64).map(|s| format!("{s:.2}")).collect();
        println!("seconds of each third: {}", seconds.join(", "));
    }
}

//! Stock quotes over gRPC: an actor with overload policies behind unary and streaming calls.
//!
//! ```text
//!   cargo run --release --example quotes                 serves on a free port until ctrl-c
//!   cargo run --release --example quotes -- --check      calls itself once in each way, and ends
//! ```
//!
//! Start with [`quotes`]: each handler declares there what its message is worth. [`service`] makes
//! messages of calls and streams, with `actors_http::grpc`. [`server`] puts the layers in front,
//! and starts and stops everything. [`wire`] is what a code generator would write.

mod client;
mod quotes;
mod server;
mod service;
#[path = "../storefront/stop.rs"]
mod stop;
#[cfg(test)]
mod tests;
mod wire;

use crate::client::{Client, quote};
use crate::server::Server;
use actors_core::prelude::*;
use clap::Parser;
use futures_util::TryStreamExt;
use futures_util::stream::iter;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot};

/// Stock quotes over gRPC; GET /readyz, /ledger and /metrics over HTTP on the same port.
#[derive(Debug, Parser)]
struct Cli {
    /// Where to listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Calls itself once in each way, prints what it got, and ends
    #[arg(long)]
    check: bool,
}

#[tokio::main]
async fn main() -> Result<ExitCode, BoxError> {
    let cli = Cli::parse();
    let server = Server::open(Arc::new(Semaphore::new(1)))?;
    let quotes = server.quotes.clone();
    let listener = TcpListener::bind(cli.listen).await?;
    let address = listener.local_addr()?;
    println!("listening on http://{address}");
    let report = if cli.check {
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(server.serve(listener, async move {
            // An error is a check that has failed: the server stops too.
            let _ = stopped.await;
        }));
        check(address).await?;
        drop(stop);
        serving.await??
    } else {
        server.serve(listener, stop::signal()?).await?
    };
    println!("{}\nshutdown: {report}", quotes.ledger());
    let is_well = report.total.is_balanced() && quotes.ledger().is_balanced();
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Publishes, prices and reads back.
async fn check(address: SocketAddr) -> Result<(), BoxError> {
    let mut client = Client::connect(address).await?;
    let published = client.publish(iter((1..=500).map(|cents| quote("ACME", cents)))).await?;
    let sum = client.price("ACME", 3).await?;
    let history: Vec<_> = client.history(0).await?.try_collect().await?;
    println!("{published} quotes published, three ACME cost {sum} cents, {} quotes read", history.len());
    match (published, sum, history.len()) {
        (500, 1500, 500) => Ok(()),
        other => Err(format!("expected 500, 1500 and 500, not {other:?}").into()),
    }
}

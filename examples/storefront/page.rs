//! The page over the running shop: rows, outcomes, which turns wait for which actors, what the
//! supervisor decided.

use crate::cli::Cli;
use crate::service::Service;
use actors_core::prelude::*;
use actors_dashboard::{Dashboard, ServeError};
use actors_metrics::Exporter;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Serves the page until the system shuts down, and prints its address. `None` where it is turned
/// off.
///
/// # Errors
/// The address cannot be used.
pub(crate) async fn open(
    cli: &Cli,
    service: &Service,
) -> Result<Option<JoinHandle<Result<(), ServeError>>>, BoxError> {
    let Some(address) = cli.dashboard.address() else { return Ok(None) };
    let listener = TcpListener::bind(address).await?;
    println!("dashboard: http://{}/", listener.local_addr()?);
    let mut dashboard =
        Dashboard::new(&service.system).ready_while(["shop"]).metrics(Exporter::new(&service.system));
    if let Some(token) = &cli.allow_changes {
        dashboard = dashboard.allow_changes(token.clone());
    }
    Ok(Some(tokio::spawn(dashboard.serve_on(listener))))
}

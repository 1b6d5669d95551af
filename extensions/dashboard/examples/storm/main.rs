//! A shop in a storm, and the dashboard over it.
//!
//! ```sh
//! cargo run -p actors-dashboard --example storm
//! ```
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `DASHBOARD_ADDRESS` | where the dashboard listens | `127.0.0.1:9900` |
//! | `DASHBOARD_TOKEN` | allows changes of limits with this token | reads only |
//! | `STORM_SESSIONS` | idle actors below `lobby` | 40 |
//! | `STORM_SEED` | the seed of load and runtime | 1 |

mod shop;

use actors_core::prelude::*;
use actors_dashboard::{Dashboard, Token};
use std::env;
use std::net::SocketAddr;
use std::time::Duration;

/// The time for messages that are queued when the storm ends.
const DRAIN_MAX: Duration = Duration::from_secs(10);

fn number(variable: &str, default: u64) -> Result<u64, BoxError> {
    env::var(variable)
        .map_or(Ok(default), |text| text.parse().map_err(|error| format!("{variable}: {error}").into()))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let seed = number("STORM_SEED", 1)?;
    let sessions = usize::try_from(number("STORM_SESSIONS", 40)?)?;
    let address = env::var("DASHBOARD_ADDRESS").unwrap_or_else(|_| "127.0.0.1:9900".into());
    let address: SocketAddr = address.parse()?;
    let system = System::builder("storm").seed(seed).histograms(shop::EVERY).build();
    shop::start(&system, sessions, seed)?;
    let mut dashboard = Dashboard::new(&system).ready_while(["web", "shop", "orders"]);
    if let Ok(token) = env::var("DASHBOARD_TOKEN") {
        dashboard = dashboard.allow_changes(Token::new(token)?);
    }
    println!("http://{address}/  (Ctrl-C ends it)");
    tokio::select! {
        served = dashboard.serve(address) => served?,
        stopped = tokio::signal::ctrl_c() => stopped?,
    }
    println!("{}", system.shutdown(DRAIN_MAX).await);
    Ok(())
}

//! Writes a page in each format, of two systems with busy, refusing and strangely named actors:
//!
//! ```text
//!   cargo run -p actors-metrics --example page -- DIRECTORY
//! ```
//!
//! `.ci/alerts` lets Prometheus's own tools read them.

use actors_core::prelude::*;
use actors_core::testing;
use actors_metrics::{Exporter, Format};
use std::path::PathBuf;
use std::time::Duration;

struct Till;

#[actor(capacity = 4, reserve = 0)]
impl Till {
    #[message(priority = high, overflow = reject)]
    async fn pay(&mut self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    #[message(priority = low, overflow = drop_oldest)]
    fn looked_at(&mut self) {}
}

async fn fill(system: &System) -> Result<Vec<TillHandle>, BoxError> {
    let till = system.instance(Till).name("till").spawn()?;
    till.pay(Duration::from_millis(3)).ask().await?;
    till.pay(Duration::from_secs(100)).await?;
    tokio::task::yield_now().await;
    for _ in 0..6 {
        till.looked_at().await?;
        // Refused once the mailbox is full.
        let _ = till.pay(Duration::ZERO).try_send();
    }
    let mut kept = vec![till];
    for name in ["a \"quoted\" \\ name\nof two lines", "{actor=\"x\"} 1", "\u{1F3AD} # HELP", "\r\t\0", ""] {
        kept.push(system.instance(Till).name(name).spawn()?);
    }
    kept.extend((0..100).map(|_| system.spawn(Till)));
    tokio::time::advance(Duration::from_secs(40)).await;
    Ok(kept)
}

fn main() -> Result<(), BoxError> {
    let directory: PathBuf = std::env::args_os().nth(1).ok_or("write to which directory?")?.into();
    let mut written = Ok(());
    testing::run(async |system| {
        written = write(&directory, system).await;
    });
    written
}

async fn write(directory: &std::path::Path, system: System) -> Result<(), BoxError> {
    let other = System::builder("test").histograms(1).build();
    let kept = (fill(&system).await?, fill(&other).await?);
    let exporter = Exporter::new(&system).also(&other);
    std::fs::write(directory.join("page.txt"), exporter.page(Format::Text))?;
    std::fs::write(directory.join("page.openmetrics"), exporter.page(Format::OpenMetrics))?;
    std::fs::write(directory.join("types.txt"), exporter.clone().by_type().page(Format::Text))?;
    drop(kept);
    other.shutdown(Duration::from_secs(200)).await;
    std::fs::write(directory.join("ended.txt"), exporter.page(Format::Text))?;
    Ok(())
}

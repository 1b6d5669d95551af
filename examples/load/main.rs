//! Draws what a server said about itself while a load script drove it, and prints what the load
//! generator saw. The scripts next to this file call it.
//!
//! It fails if a request of the generator got no answer, or if the generator made none.

mod chart;
mod generator;
mod scraped;

use actors_core::prelude::*;
use clap::Parser;
use std::path::PathBuf;

#[derive(Debug, Parser)]
struct Cli {
    /// The actor under load
    #[arg(long)]
    actor: String,
    /// The title of the chart
    #[arg(long)]
    title: String,
    /// The directory with the pages of /metrics, `MILLISECOND.txt`
    #[arg(long)]
    metrics: PathBuf,
    /// Where the chart is written
    #[arg(long)]
    svg: PathBuf,
    /// What oha wrote, as JSON
    reports: Vec<PathBuf>,
}

fn main() -> Result<(), BoxError> {
    let cli = Cli::parse();
    let samples = scraped::read(&cli.metrics, &cli.actor)?;
    chart::draw(&cli.svg, &cli.title, &samples)?;
    println!("{} pages drawn in {}", samples.len() + 1, cli.svg.display());
    let mut unanswered = 0;
    for path in &cli.reports {
        unanswered += generator::print(path)?;
    }
    match unanswered {
        0 => Ok(()),
        some => Err(format!("{some} requests got no answer").into()),
    }
}

//! Starts the board, and stops it together with its viewers.

use crate::board::{Board, BoardHandle};
use crate::viewer::{Tally, Terms};
use actors_core::observe::Row;
use actors_core::prelude::*;
use actors_core::system::ShutdownReport;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// The limit for draining, in which each viewer writes its last update and says goodbye.
const DRAIN_MAX: Duration = Duration::from_secs(3);

/// A running leaderboard.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) system: System,
    pub(crate) board: BoardHandle,
    pub(crate) terms: Terms,
    /// A permit for each viewer. A viewer costs an actor, two buffers, and the buffers of the
    /// kernel: some forty kilobytes, so a thousand viewers are forty megabytes.
    pub(crate) places: Arc<Semaphore>,
}

impl Service {
    pub(crate) fn open(patience: Duration, viewers_max: u16) -> Result<Service, BoxError> {
        let system = System::new("leaderboard");
        let board = system.instance(Board::default()).name("board").spawn()?;
        let terms = Terms { patience, tally: Arc::new(Tally::default()) };
        let places = Arc::new(Semaphore::new(viewers_max.into()));
        Ok(Service { system, board, terms, places })
    }

    /// Stops everything, and returns the ledgers.
    pub(crate) async fn close(self) -> Books {
        let report = self.system.shutdown(DRAIN_MAX).await;
        let totals = self.system.totals();
        let viewers = totals.iter().find(|total| total.type_name == "Viewer");
        Books {
            board: self.board.ledger(),
            viewers: viewers.map(|of| of.rows.clone()).unwrap_or_default(),
            report,
        }
    }
}

/// The ledgers of the board and of all viewers together.
#[derive(Debug)]
pub(crate) struct Books {
    pub(crate) board: Ledger,
    pub(crate) viewers: Vec<Row>,
    pub(crate) report: ShutdownReport,
}

impl Books {
    pub(crate) fn is_balanced(&self) -> bool {
        self.board.is_balanced()
            && self.viewers.iter().all(Row::is_balanced)
            && self.report.total.is_balanced()
    }
}

impl fmt::Display for Books {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "ledger of the board\n{}", self.board)?;
        for row in &self.viewers {
            writeln!(f, "all viewers, {}: {}", row.message, Outcomes(row))?;
        }
        let balance = if self.is_balanced() { "balanced" } else { "NOT BALANCED" };
        write!(f, "shutdown: {}; {balance}", self.report)
    }
}

/// The counts of a row that are not zero.
struct Outcomes<'a>(&'a Row);

impl fmt::Display for Outcomes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} offered", self.0.offered)?;
        let counts = self.0.outcomes().filter(|(_, count)| *count > 0);
        counts.into_iter().try_for_each(|(outcome, count)| write!(f, ", {count} {outcome}"))
    }
}

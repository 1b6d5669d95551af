//! Starts the two actors, and stops them in order.

use crate::db::{BeforeCommit, Db};
use crate::parser::{Parser, ParserHandle};
use crate::progress::Progress;
use crate::writer::{Writer, WriterHandle};
use actors_core::StopReason;
use actors_core::lifecycle::Ending;
use actors_core::prelude::*;
use actors_core::system::ShutdownReport;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The limit for draining: longer than the slowest database of this program takes for two full
/// mailboxes.
const DRAIN_MAX: Duration = Duration::from_secs(3600);

/// A running pipeline without its source.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    system: System,
    pub(crate) parser: ParserHandle,
    pub(crate) writer: WriterHandle,
    pub(crate) progress: Progress,
    malformed: Arc<AtomicU64>,
}

impl Service {
    /// Creates the database and starts the actors. `expected` is the number of rows, for the
    /// report; 0 if it is not known.
    pub(crate) async fn open(
        db: &Path,
        expected: u64,
        before_commit: BeforeCommit,
    ) -> Result<Service, BoxError> {
        let path = db.to_owned();
        let db = tokio::task::spawn_blocking(move || Db::create(&path, before_commit)).await??;
        let system = System::new("pipeline");
        let progress = Progress::of(expected);
        let writer: WriterHandle =
            system.instance(Writer::new(db, progress.clone())).name("writer").spawn()?;
        let malformed = Arc::<AtomicU64>::default();
        let parser = Parser::new(writer.clone(), malformed.clone());
        let parser = system.instance(parser).name("parser").spawn()?;
        Ok(Service { system, parser, writer, progress, malformed })
    }

    /// Handles what was accepted, and returns the books. The parser ends first: it drains into the
    /// writer.
    pub(crate) async fn close(self) -> Result<Books, BoxError> {
        let parsed = self.parser.stop().within(DRAIN_MAX).await;
        let written = self.writer.stop().within(DRAIN_MAX).await;
        let ends = [("parser", end(&parsed)), ("writer", end(&written))];
        let malformed = self.malformed.load(Ordering::Relaxed);
        let peaks = [peak("parser", &self.parser), peak("writer", &self.writer)];
        let report = self.system.shutdown(DRAIN_MAX).await;
        Ok(Books { malformed, ends, peaks, report, progress: self.progress })
    }
}

/// What an actor that has handled all that it had accepted says of its end.
pub(crate) const DRAINED: &str = "drained";

fn end(ending: &Ending) -> String {
    match ending.reason() {
        Ok(StopReason::Stopped) => DRAINED.into(),
        Ok(reason) => reason.to_string(),
        Err(error) => error.to_string(),
    }
}

fn peak<A: Actor>(name: &'static str, actor: &Handle<A>) -> Peak {
    let reading = actor.reading();
    Peak { name, depth: reading.depth_peak, capacity: reading.capacity }
}

/// The fullest that a mailbox was.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peak {
    pub(crate) name: &'static str,
    pub(crate) depth: usize,
    pub(crate) capacity: usize,
}

/// What is known when the actors have ended.
#[derive(Debug)]
pub(crate) struct Books {
    /// Lines that were no events.
    pub(crate) malformed: u64,
    /// How each actor ended: [`DRAINED`], or why it had not.
    pub(crate) ends: [(&'static str, String); 2],
    pub(crate) peaks: [Peak; 2],
    pub(crate) report: ShutdownReport,
    pub(crate) progress: Progress,
}

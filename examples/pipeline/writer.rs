//! The actor that writes: many rows in one transaction.
//!
//! The mailbox is the buffer, and its depth ends a batch: when nothing more is queued, there is
//! nothing to wait for. While a transaction runs, the actor takes no turns. Behind a slow database
//! its mailbox fills, then the parser waits in line, then the parser's mailbox fills, and then the
//! reader has no slot.

use crate::db::{Db, Row};
use crate::progress::Progress;
use actors_core::prelude::*;

/// Rows in one transaction at most: enough that a commit is cheap per row, and half of the mailbox,
/// so that the next batch gathers while this one is written.
const BATCH_MAX: usize = 64;

/// The owner of the database.
#[derive(Debug)]
pub(crate) struct Writer {
    db: Db,
    progress: Progress,
    /// The open batch.
    batch: Vec<Row>,
}

impl Writer {
    pub(crate) fn new(db: Db, progress: Progress) -> Self {
        Writer { db, progress, batch: Vec::with_capacity(BATCH_MAX) }
    }

    /// Writes the open batch. Rows that the database refuses are reported, and fail the run.
    async fn commit(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        let rows = batch.len();
        if rows == 0 {
            return;
        }
        match self.db.insert(batch).await {
            Ok(()) => self.progress.written(rows as u64),
            Err(error) => self.progress.failed(&error),
        }
    }
}

#[actor(vis = pub(crate), capacity = 128, reserve = 0)]
impl Writer {
    /// No row is refused: its sender waits.
    #[message(overflow = block, timeout = "1h")]
    async fn store(&mut self, row: Row, ctx: &mut Context<Self>) {
        self.batch.push(row);
        // A queued row will have its turn: it is one-way and has no ttl.
        if self.batch.len() >= BATCH_MAX || ctx.reading().depth == 0 {
            self.commit().await;
        }
    }

    /// Writes the rest of an open batch.
    #[stopped]
    async fn close(&mut self) {
        self.commit().await;
    }
}

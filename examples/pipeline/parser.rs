//! The actor in the middle: a line becomes a row.

use crate::db::Row;
use crate::event::Event;
use crate::writer::WriterHandle;
use actors_core::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Parses and enriches lines, in order.
#[derive(Debug)]
pub(crate) struct Parser {
    writer: WriterHandle,
    /// Read when this actor has ended, however it ended.
    malformed: Arc<AtomicU64>,
}

impl Parser {
    pub(crate) fn new(writer: WriterHandle, malformed: Arc<AtomicU64>) -> Self {
        Parser { writer, malformed }
    }

    /// Hands a row on, and waits as long as that takes. A wait in line is bounded by the timeout of
    /// the message: a row that comes back is sent again, unless the writer has closed.
    async fn pass_on(&self, mut row: Row) {
        while let Err(refused) = self.writer.store(row).await {
            if refused.reason() == Reason::Closed {
                // Only after a kill: the writer is stopped after this actor.
                tracing::error!(error = %refused, "a row is lost");
                return;
            }
            row = refused.into_message().row;
        }
    }
}

// 64 lines: the buffer between reading and parsing only has to cover the turns of the scheduler,
// and a short one lets the reader feel a slow database after a few milliseconds.
#[actor(vis = pub(crate), capacity = 64, reserve = 0)]
impl Parser {
    /// `reject` is for POST, whose client can come again. The reader of a file has a slot before it
    /// takes a line, so it is never refused: it reads more slowly.
    #[message(overflow = reject)]
    async fn line(&mut self, text: String) {
        match serde_json::from_str::<Event>(&text) {
            Ok(event) if event.is_intact() => {
                let region = region(event.source);
                self.pass_on(Row { event, region }).await;
            }
            Ok(_) | Err(_) => {
                self.malformed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// The region of a source: what an enricher looks up.
fn region(source: u16) -> &'static str {
    ["north", "east", "south", "west"][usize::from(source % 4)]
}

//! The actor that writes orders: many in one transaction, each answered when it is in the file.
//!
//! ```text
//!   shop ── Place { order, reply } ──► mailbox (64) ──► batch (32) ──► one transaction ──► every reply
//! ```
//!
//! The mailbox is the buffer, and its depth ends a batch: when nothing more is queued there is nothing to wait for. So a
//! lone order is written at once, a flood is written by the batch, and no timer decides. While a transaction runs the actor
//! takes no turns: behind a slow disk the mailbox fills, then whoever sends waits, and so the pressure reaches the source.

use crate::db::{self, Db, Order};
use crate::shop::{Charged, Receipt, Status};
use actors_core::prelude::*;

/// Orders in one transaction at most: enough that a commit is cheap for each of them, few enough that the first does not
/// wait long for the last.
const BATCH_MAX: usize = 32;

/// A paid order to be written. Whoever asked for the charge is answered from here: the reply travels in the message.
#[derive(Debug, Message)]
#[message(priority = high, overflow = block)]
pub(crate) struct Place {
    pub(crate) order: Order,
    pub(crate) reply: ReplyTo<Charged>,
}

/// A question that the shop passes on, with what it found out itself. An urgent message always has room: half of the
/// reserve is its own.
#[derive(Debug, Message)]
#[message(priority = urgent, overflow = reject)]
pub(crate) struct Lookup {
    pub(crate) order: u64,
    pub(crate) parcel: &'static str,
    pub(crate) reply: ReplyTo<Option<Status>>,
}

/// Owns the file.
#[derive(Debug)]
pub(crate) struct Orders {
    db: Db,
    /// The open batch.
    batch: Vec<Place>,
}

impl Orders {
    pub(crate) fn new(db: Db) -> Self {
        Orders { db, batch: Vec::with_capacity(BATCH_MAX) }
    }

    /// Ends the batch, unless there is room in it and somebody behind. Somebody who is queued will have a turn: both messages
    /// of this actor are one-way and without a ttl, so none is taken back, and [`close`](Orders::close) sees to the rest.
    async fn go_on(&mut self, ctx: &Context<Self>) {
        if self.batch.len() >= BATCH_MAX || ctx.reading().depth == 0 {
            self.commit().await;
        }
    }

    /// Writes the open batch and answers everybody in it.
    ///
    /// The answers are given by the blocking thread, after the commit: whatever happens to this turn meanwhile, an order in
    /// the file is told as paid. When the file cannot be written the replies are dropped, which tells their askers so.
    async fn commit(&mut self) {
        let mut batch = std::mem::take(&mut self.batch);
        // Nobody waits for these any more, and was told that they timed out: not written, not paid.
        batch.retain(|place| place.reply.is_wanted());
        if batch.is_empty() {
            return;
        }
        let slowness = self.db.slowness();
        let written = self.db.run(move |connection| {
            std::thread::sleep(slowness);
            let ids = db::insert(connection, batch.iter().map(|place| place.order))?;
            for (place, order) in batch.into_iter().zip(ids) {
                // Fails for one who stopped waiting during the commit: paid, though told otherwise. A shop that takes real
                // money lets its clients number their charges, so that trying again does not pay again.
                let _ = place.reply.send(Ok(Receipt { order }));
            }
            Ok(())
        });
        if let Err(error) = written.await {
            tracing::error!(%error, "orders not written");
        }
    }
}

// There is one writer, so there are no workers to add; no order may be refused here that the shop has taken, so there is nothing to
// shed. What is left is to take fewer at a time: then the shop feels the slow disk sooner, and the queue is where something can be
// done about it. A batch is under way for tens of milliseconds on a slow disk, so the target is longer than one.
#[actor(vis = pub(crate), capacity = 64, reserve = 48, pressure(target = "100ms", respond = block))]
impl Orders {
    #[handler]
    async fn place(&mut self, place: Place, ctx: &mut Context<Self>) {
        self.batch.push(place);
        self.go_on(ctx).await;
    }

    #[handler]
    async fn lookup(&mut self, lookup: Lookup, ctx: &mut Context<Self>) {
        let Lookup { order, parcel, reply } = lookup;
        match self.db.run(move |connection| db::find(connection, order)).await {
            Ok(cents) => {
                // Fails for one who stopped waiting.
                let _ = reply.send(cents.map(|cents| Status { order, cents, parcel }));
            }
            Err(error) => tracing::error!(%error, order, "order not read"),
        }
        self.go_on(ctx).await;
    }

    /// What is left in an open batch is still written.
    #[stopped]
    async fn close(&mut self) {
        self.commit().await;
    }
}

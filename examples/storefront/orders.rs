//! The actor that writes orders: many in one transaction, each answered when it is in the file.
//!
//! ```text
//!   shop ── Place { order, reply } ──► mailbox (64) ──► batch (32) ──► one transaction ──► every reply
//! ```
//!
//! The mailbox is the buffer, and its depth ends a batch: when nothing more is queued, there is
//! nothing to wait for. So a single order is written at once, a flood is written in batches, and no
//! timer is needed. While a transaction runs, the actor takes no turns. Behind a slow disk the
//! mailbox fills, then its senders wait, and so the pressure reaches the source.

use crate::db::{self, Db, Order};
use crate::shop::{Charged, Receipt, Status};
use actors_core::prelude::*;

/// Orders in one transaction at most: enough that a commit is cheap per order, and few enough that
/// the first does not wait long for the last.
const BATCH_MAX: usize = 32;

/// A paid order to be written. The reply travels in the message, so this actor answers the caller
/// of the charge.
#[derive(Debug, Message)]
#[message(priority = high, overflow = block)]
pub(crate) struct Place {
    pub(crate) order: Order,
    pub(crate) reply: ReplyTo<Charged>,
}

/// A query that the shop forwards, with what the shop found out itself. An urgent message always
/// has room: half of the reserve is for it.
#[derive(Debug, Message)]
#[message(priority = urgent, overflow = reject)]
pub(crate) struct Lookup {
    pub(crate) order: u64,
    pub(crate) envelope: &'static str,
    pub(crate) reply: ReplyTo<Option<Status>>,
}

/// The owner of the file.
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

    /// Commits the batch, unless it has room and more messages are queued. A queued message will
    /// have its turn: both messages of this actor are one-way and without a ttl, so none is
    /// withdrawn, and [`close`](Orders::close) commits the rest.
    async fn go_on(&mut self, ctx: &Context<Self>) {
        if self.batch.len() >= BATCH_MAX || ctx.reading().depth == 0 {
            self.commit().await;
        }
    }

    /// Writes the open batch and answers every asker in it.
    ///
    /// The blocking thread sends the answers after the commit. So an order in the file is reported
    /// as paid, whatever happens to this turn meanwhile. When the file cannot be written, the
    /// replies are dropped, and their askers learn that.
    async fn commit(&mut self) {
        let mut batch = std::mem::take(&mut self.batch);
        // These askers have timed out and know it: not written, not paid.
        batch.retain(|place| place.reply.is_wanted());
        if batch.is_empty() {
            return;
        }
        let slowness = self.db.slowness();
        let written = self.db.run(move |connection| {
            std::thread::sleep(slowness);
            let ids = db::insert(connection, batch.iter().map(|place| place.order))?;
            for (place, order) in batch.into_iter().zip(ids) {
                // Fails for an asker that stopped waiting during the commit: the order is paid, but
                // its asker got a time-out. A shop that takes real money lets its clients number
                // their charges, so that a retry does not pay twice.
                let _ = place.reply.send(Ok(Receipt { order }));
            }
            Ok(())
        });
        if let Err(error) = written.await {
            tracing::error!(%error, "orders not written");
        }
    }
}

// There is one writer, so no worker can be added. No order may be refused that the shop has taken,
// so nothing can be shed. The only action left is `block`: the shop then feels the slow disk
// sooner, and the backlog is where it can be acted on. A batch takes tens of milliseconds on a slow
// disk, so the target is longer than one batch.
#[actor(vis = pub(crate), capacity = 64, reserve = 48, pressure(target = "100ms", respond = block))]
impl Orders {
    #[handler]
    async fn place(&mut self, place: Place, ctx: &mut Context<Self>) {
        self.batch.push(place);
        self.go_on(ctx).await;
    }

    #[handler]
    async fn lookup(&mut self, lookup: Lookup, ctx: &mut Context<Self>) {
        let Lookup { order, envelope, reply } = lookup;
        match self.db.run(move |connection| db::find(connection, order)).await {
            Ok(cents) => {
                // Fails for an asker that stopped waiting.
                let _ = reply.send(cents.map(|cents| Status { order, cents, envelope }));
            }
            Err(error) => tracing::error!(%error, order, "order not read"),
        }
        self.go_on(ctx).await;
    }

    /// Writes the rest of an open batch.
    #[stopped]
    async fn close(&mut self) {
        self.commit().await;
    }
}

//! The front: one mailbox, up to four workers and five messages. Each message declares what happens
//! when there is too much of it.
//!
//! # How long a queue may be
//!
//! A payment is worth nothing two seconds after it was requested, so a queue in which it waits
//! longer only spends the shop's time on callers who have left. Little's law gives the length of
//! that queue: L = λ · W, where λ is the slowest useful rate and W the time available. With a
//! database so slow that only a hundred orders a second pass, and the two seconds of a charge, the
//! shop may hold 200 charges, wherever they are:
//!
//! ```text
//!    32 in line + 96 in the shop's mailbox + 40 in the mailbox of orders + 32 in an open batch = 200
//! ```
//!
//! Each worker holds one more, and pressure reduces all of these (see the comments on the actors).
//! One more charge is refused at once, with a time to try again, which its sender can use better
//! than a timeout. A longer queue would not sell more: the shop is as fast with ten charges waiting
//! as with ten thousand.

use crate::db::Order;
use crate::orders::{Lookup, OrdersHandle, Place};
use actors_core::prelude::*;
use serde::Serialize;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Products are numbered from 0. No other product has a price, so prices are a table of fixed size.
pub(crate) const SKUS: u32 = 64;

/// Proof of a payment: the order is in the file.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Receipt {
    pub(crate) order: u64,
}

/// The card's bank declined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Declined;

/// The answer to a charge.
pub(crate) type Charged = Result<Receipt, Declined>;

/// The state of an order.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Status {
    pub(crate) order: u64,
    pub(crate) cents: u64,
    pub(crate) envelope: &'static str,
}

/// The shop's own counts.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Audit {
    pub(crate) charges: u64,
    pub(crate) views: u64,
    pub(crate) prices: HashMap<u32, u64>,
}

/// An external service: payments, envelopes, statistics. The turns of this shop consist of waiting
/// for it.
#[derive(Debug)]
struct Downstream {
    takes: Duration,
}

impl Downstream {
    async fn call(&self) {
        tokio::time::sleep(self.takes).await;
    }
}

/// A worker of the shop. All workers share one set of counts.
#[derive(Debug)]
pub(crate) struct Shop {
    orders: OrdersHandle,
    downstream: Downstream,
    books: Arc<Mutex<Audit>>,
}

impl Shop {
    pub(crate) fn new(orders: OrdersHandle, books: Arc<Mutex<Audit>>) -> Self {
        let downstream = Downstream { takes: Duration::from_millis(1) };
        Shop { orders, downstream, books }
    }

    /// Locked for one statement, never across an await.
    fn books(&self) -> MutexGuard<'_, Audit> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reserves the money. It is transferred when the order is in the file; a reservation without
    /// an order lapses by itself.
    async fn authorise(&self, card: u64) -> Result<(), Declined> {
        self.downstream.call().await;
        if card == 0 { Err(Declined) } else { Ok(()) }
    }
}

// The reserve is half of the mailbox. Views, prices and audits, which come in floods, never take
// the room of payments. Each of them has a part of the other half (`max`), so that none crowds out
// another. Turns are weighted: payments get what they need, and under a flood of prices, views
// still get one turn in seven.
//
// That holds under any load. The actions against pressure come in addition, in this order. `spawn`:
// turns wait for others, so more turns at once do more, until all wait for the same database.
// `shed`: views are refused before the mailbox, then prices and audits, instead of being queued and
// lost. `block`: when only payments are left, payers wait in line instead of in the mailbox. The
// marks follow from the limits below. In a storm the half for views, prices and audits is always
// full, which is no pressure (`low` is above it). `high` must be reached before the three quarters
// that payments may fill.
#[actor(
    vis = pub(crate),
    capacity = 128,
    reserve = 64,
    max_waiting = 32,
    schedule = weighted,
    workers = 1..=4,
    keep_alive = "5s",
    pressure(high = 0.65, low = 0.55, target = "20ms", respond = [spawn, shed, block])
)]
impl Shop {
    /// Payments are never lost: when the mailbox is full the caller waits in line, and when the
    /// line is full it is refused. The shop continues while the order is written; the writer sends
    /// the answer.
    #[message(priority = high, overflow = block, timeout = "2s")]
    async fn charge(&mut self, card: u64, cents: u64, reply: ReplyTo<Charged>) {
        if let Err(declined) = self.authorise(card).await {
            let _ = reply.send(Err(declined));
            return;
        }
        let order = Order { card, cents };
        // Waits while the writer's mailbox is full, as long as the caller does.
        match self.orders.place(Place { order, reply }).await {
            Ok(_) => self.books().charges += 1,
            // The order comes back with its reply. Dropping it tells the caller that there is no
            // answer.
            Err(unplaced) => drop(unplaced.into_message()),
        }
    }

    /// Goes before all other messages, and a flood of them never fills the room that is kept for
    /// it. A flood of status requests leaves room to payments: with 64 slots of views and prices
    /// and 16 of these, `high` still has 16.
    #[message(priority = urgent, overflow = reject, max = 16, timeout = "1s")]
    async fn status(&mut self, order: u64, reply: ReplyTo<Option<Status>>) {
        self.downstream.call().await;
        let envelope = if order.is_multiple_of(2) { "packed" } else { "on its way" };
        // A refused message comes back and is dropped, and its asker is told.
        let _ = self.orders.lookup(Lookup { order, envelope, reply }).try_send();
    }

    /// Page views are worth losing, oldest first, and worth nothing after five seconds.
    #[message(priority = low, overflow = drop_oldest, max = 32, ttl = "5s")]
    async fn viewed(&mut self, page: String) {
        self.downstream.call().await;
        drop(page);
        self.books().views += 1;
    }

    /// Of prices only the newest one of each product counts, whichever worker takes it. Prices of
    /// one product stay in order.
    #[message(overflow = conflate, key = sku, max = 24)]
    async fn priced(&mut self, sku: u32, cents: u64) {
        self.downstream.call().await;
        self.books().prices.insert(sku, cents);
    }

    /// An export can be requested again tomorrow. It is not in the lane of the views: those drop
    /// their oldest and queue up again, so that an export behind them would never reach the front.
    #[message(overflow = reject, max = 8, timeout = "2s")]
    async fn audit(&mut self) -> Audit {
        self.downstream.call().await;
        self.books().clone()
    }
}

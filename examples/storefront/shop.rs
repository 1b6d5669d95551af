//! The front: one mailbox, up to four workers, five messages, and each of them says for itself what happens when there is too
//! much of it.
//!
//! # How long a queue may be
//!
//! A payment is worth nothing two seconds after it was asked for, so a queue in which it waits for longer only burns the
//! shop's time on people who have gone. Little's law says how long that queue is: L = λ · W, with λ the slowest rate at which
//! the shop is still of use and W the time there is. With a database so slow that only a hundred orders a second pass, and
//! the two seconds of a charge, that is 200 charges in the house, wherever they stand:
//!
//! ```text
//!    32 in line + 96 in the shop's mailbox + 40 in the mailbox of orders + 32 in an open batch = 200
//! ```
//!
//! Each worker holds one more, and while there is pressure it is fewer everywhere: see the words beside the actors. One more is refused at once and told when to come back, which is worth more to its sender than a timeout. A longer
//! queue would not sell more: the shop is as fast with ten waiting as with ten thousand.

use crate::db::Order;
use crate::orders::{Lookup, OrdersHandle, Place};
use actors_core::prelude::*;
use serde::Serialize;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Products are numbered from 0; no other has a price, so that prices are a table of fixed size.
pub(crate) const SKUS: u32 = 64;

/// Proof of a payment: the order is in the file.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Receipt {
    pub(crate) order: u64,
}

/// The card's bank said no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Declined;

/// The answer to a charge.
pub(crate) type Charged = Result<Receipt, Declined>;

/// Where an order is.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Status {
    pub(crate) order: u64,
    pub(crate) cents: u64,
    pub(crate) parcel: &'static str,
}

/// The shop's own books.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Audit {
    pub(crate) charges: u64,
    pub(crate) views: u64,
    pub(crate) prices: HashMap<u32, u64>,
}

/// Somebody else's service: payments, parcels, statistics. Waiting for it is what a turn of this shop consists of.
#[derive(Debug)]
struct Downstream {
    takes: Duration,
}

impl Downstream {
    async fn call(&self) {
        tokio::time::sleep(self.takes).await;
    }
}

/// A worker at the front of the service. What all of them write down is in one place.
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

    /// Held for a line, never while anything is awaited.
    fn books(&self) -> MutexGuard<'_, Audit> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reserves the money. It moves when the order is in the file; a reservation without an order lapses by itself.
    async fn authorise(&self, card: u64) -> Result<(), Declined> {
        self.downstream.call().await;
        if card == 0 { Err(Declined) } else { Ok(()) }
    }
}

// The reserve is half of the mailbox: views, prices and audits, which come in floods, never take the payments' room; and each
// of them has a part of the other half (`max`), so that none crowds out another. Turns are shared by weight: payments have what
// they need, and under a flood of prices views still have one turn in seven.
//
// That holds whatever the load is. What is done about pressure comes on top, in this order: the turns wait for others, so more of
// them at once do more, until they all wait for the same database; then views are refused at the door, then prices and audits,
// instead of being queued and lost; and when nothing but payments is left, who pays waits in line instead of in the mailbox.
// The marks follow from the limits below: in a storm the half that views, prices and audits may have is always full, which is
// no pressure (`low` is above it), and `high`, which may have no more than three quarters, must get there first.
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
    /// Payments are never lost: when the mailbox is full the caller waits in line, when the line is full it is told. The
    /// shop goes on while the order is written; the answer is given by whoever writes it.
    #[message(priority = high, overflow = block, timeout = "2s")]
    async fn charge(&mut self, card: u64, cents: u64, reply: ReplyTo<Charged>) {
        if let Err(declined) = self.authorise(card).await {
            let _ = reply.send(Err(declined));
            return;
        }
        let order = Order { card, cents };
        // Waits while the writer's mailbox is full, for as long as the caller does.
        match self.orders.place(Place { order, reply }).await {
            Ok(_) => self.books().charges += 1,
            // The order is back, and the reply in it: dropped, it tells the caller that there is no answer.
            Err(unplaced) => drop(unplaced.into_message()),
        }
    }

    /// Goes before everything else, and a flood of the rest never fills the room that is kept for it. In turn its own floods
    /// leave room to the payments: with 64 slots of views and prices and 16 of these, 16 are left that `high` may have.
    #[message(priority = urgent, overflow = reject, max = 16, timeout = "1s")]
    async fn status(&mut self, order: u64, reply: ReplyTo<Option<Status>>) {
        self.downstream.call().await;
        let parcel = if order.is_multiple_of(2) { "packed" } else { "on its way" };
        // Refused, it comes back and is dropped, and its asker is told.
        let _ = self.orders.lookup(Lookup { order, parcel, reply }).try_send();
    }

    /// Page views are worth losing, oldest first, and worth nothing after five seconds.
    #[message(priority = low, overflow = drop_oldest, max = 32, ttl = "5s")]
    async fn viewed(&mut self, page: String) {
        self.downstream.call().await;
        drop(page);
        self.books().views += 1;
    }

    /// Of prices only the newest one of each product counts, whichever worker takes it: those of one product stay in order.
    #[message(overflow = conflate, key = sku, max = 24)]
    async fn priced(&mut self, sku: u32, cents: u64) {
        self.downstream.call().await;
        self.books().prices.insert(sku, cents);
    }

    /// The export can be asked for again tomorrow. Not in the lane of the views: those give up their oldest and queue up behind,
    /// and would never come to the front of a lane in which others stand still.
    #[message(overflow = reject, max = 8, timeout = "2s")]
    async fn audit(&mut self) -> Audit {
        self.downstream.call().await;
        self.books().clone()
    }
}

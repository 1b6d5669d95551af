//! The open loop: messages are sent by the clock, on a thread and a runtime of their own, whatever
//! the shop does.
//!
//! Every message has an instant at which it should be sent. A thousand times a second the driver
//! sends the messages that are due. It polls each ask once at that instant. A refused ask ends
//! there; the others wait in [`Driver::pending`]. The shop bounds their number: an ask that is
//! neither in a mailbox nor in line was refused.

use super::Plan;
use super::tally::{Kind, Tally};
use crate::cli::Mix;
use crate::service::Service;
use crate::shop::{SKUS, Shop};
use actors_core::prelude::*;
use actors_core::{Message, send::Ask};
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::time::{Duration, Instant};

/// A message that is being sent.
#[derive(Clone, Copy)]
struct Due {
    kind: Kind,
    intended: Instant,
    begun: Instant,
}

/// The end of a send. The order is `Some` for a charge that was paid.
type Done = (Due, Result<Option<u64>, AskError>);

struct Driver {
    service: Service,
    plan: Plan,
    tally: Tally,
    pending: FuturesUnordered<BoxFuture<'static, Done>>,
    dice: u64,
}

/// Drives the whole storm and waits for the last answer.
pub(super) fn on_own_thread(service: Service, plan: Plan) -> Result<Tally, BoxError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let driver = Driver {
        service,
        plan,
        tally: Tally::new(plan.length)?,
        pending: FuturesUnordered::new(),
        dice: 0x5EED,
    };
    Ok(runtime.block_on(driver.storm()))
}

impl Driver {
    async fn storm(mut self) -> Tally {
        let (rate, length) = (self.plan.rate(), self.plan.length);
        let total = (rate * length.as_secs_f64()) as u64;
        let mut ticks = tokio::time::interval(Duration::from_millis(1));
        let began = Instant::now();
        self.tally.begin(began);
        let mut sent = 0;
        while sent < total {
            tokio::select! {
                Some((due, answer)) = self.pending.next() => self.note(due, answer),
                _ = ticks.tick() => {
                    let due = (began.elapsed().as_secs_f64() * rate) as u64;
                    while sent < due.min(total) {
                        self.send(began + Duration::from_secs_f64(sent as f64 / rate));
                        sent += 1;
                    }
                    self.look(began);
                }
            }
        }
        self.service.slowness.set(Duration::ZERO);
        while let Some((due, answer)) = self.pending.next().await {
            self.note(due, answer);
        }
        self.tally
    }

    /// Records the depth of the queues, and sets how slow the database is.
    fn look(&mut self, began: Instant) {
        let (shop, orders) = (self.service.shop.reading(), self.service.orders.reading());
        let depth = &mut self.tally.depth;
        *depth = [depth[0].max(shop.depth), depth[1].max(orders.depth)];
        self.tally.line = self.tally.line.max(shop.waiting);
        if let Some(by) = self.plan.slow_db {
            let third = began.elapsed().as_secs_f64() * 3.0 / self.plan.length.as_secs_f64();
            let is_slow = (1.0..2.0).contains(&third);
            self.service.slowness.set(if is_slow { by } else { Duration::ZERO });
        }
    }

    fn send(&mut self, intended: Instant) {
        let shop = &self.service.shop;
        let number = roll(&mut self.dice);
        let kind = pick(self.plan.mix, number % 100);
        let number = number / 100;
        let due = Due { kind, intended, begun: Instant::now() };
        self.tally.offered(kind, intended);
        match kind {
            Kind::Charge => {
                let ask = shop.charge(1 + number % 1_000_000, 990).owned();
                self.ask(due, ask, |charged| charged.ok().map(|receipt| receipt.order));
            }
            Kind::Status => {
                let known = &self.tally.receipts;
                let order = known.get(number as usize % known.len().max(1));
                let ask = shop.status(order.copied().unwrap_or(1)).owned();
                self.ask(due, ask, |_| None);
            }
            Kind::Audit => {
                let ask = shop.audit().owned();
                self.ask(due, ask, |_| None);
            }
            Kind::View => {
                let sent = shop.viewed(format!("/page/{}", number % 1000)).try_send();
                self.tally.sent(kind, sent.map_err(|error| error.reason()));
            }
            Kind::Price => {
                let sku = (number % u64::from(SKUS)) as u32;
                let sent = shop.priced(sku, 100 + number % 900).try_send();
                self.tally.sent(kind, sent.map_err(|error| error.reason()));
            }
        }
    }

    /// Polls an ask for the first time, after which it is refused or in flight.
    fn ask<M: Message>(
        &mut self,
        due: Due,
        mut ask: Ask<'static, Shop, M>,
        order: fn(M::Reply) -> Option<u64>,
    ) where
        Shop: Handler<M>,
    {
        match (&mut ask).now_or_never() {
            Some(answer) => {
                if answer.is_err() {
                    let ns = u64::try_from(due.begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
                    self.tally.refusals.saturating_record(ns);
                }
                self.note(due, answer.map(order));
            }
            None => self.pending.push(Box::pin(async move { (due, ask.await.map(order)) })),
        }
    }

    fn note(&mut self, due: Due, answer: Result<Option<u64>, AskError>) {
        match answer {
            Ok(receipt) => {
                self.tally.receipts.extend(receipt);
                self.tally.answered(due.kind, due.intended);
            }
            Err(why) => self.tally.told(due.kind, &why),
        }
    }
}

/// Chooses the type of the next message from a number below 100.
fn pick(mix: Mix, percent: u64) -> Kind {
    match (mix, percent) {
        (Mix::Charges, _) | (Mix::Default, 0..3) => Kind::Charge,
        (Mix::Default, 3..5) => Kind::Status,
        (Mix::Default, 5..60) => Kind::View,
        (Mix::Default, 60..95) => Kind::Price,
        (Mix::Default, _) => Kind::Audit,
    }
}

/// SplitMix64 (Steele, Lea, Flood). Every storm has the same sequence.
fn roll(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (z ^ (z >> 31)) >> 1
}

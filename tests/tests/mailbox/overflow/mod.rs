//! O: what a full mailbox does, as each message type declares it.

mod all;
mod block;
mod conflate;
mod lists;
mod losses;
mod own_type;
mod reject_and_drop;

use actors_core::prelude::*;
use actors_core::{observe::Row, policy::Overflow, spawn::SpawnError, testing};
use actors_tests::{HOUR, Record, SECOND, letters, losses, pending, poll, row, run, run_other_tasks};
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use store_messages as m;
use tokio::sync::Notify;

type Log = Record<(&'static str, u32)>;

/// A key. All keys have the same hash.
#[derive(Debug, PartialEq, Eq)]
struct Sku(u32);

impl Hash for Sku {
    fn hash<H: Hasher>(&self, state: &mut H) {
        0_u8.hash(state);
    }
}

/// One message type per policy. The log has the handled messages, in order.
#[derive(Default)]
struct Store {
    log: Log,
}

impl Store {
    fn note(&self, kind: &'static str, n: u32) {
        self.log.write((kind, n));
    }
}

#[actor(capacity = 4, reserve = 0)]
impl Store {
    #[message]
    fn blocked(&mut self, n: u32) {
        self.note("blocked", n);
    }

    #[message]
    fn also_blocked(&mut self, n: u32) {
        self.note("also_blocked", n);
    }

    #[message(priority = high)]
    fn pressing(&mut self, n: u32) {
        self.note("pressing", n);
    }

    #[message(overflow = reject)]
    fn rejected(&mut self, n: u32) {
        self.note("rejected", n);
    }

    #[message(overflow = drop_newest)]
    fn newest(&mut self, n: u32) {
        self.note("newest", n);
    }

    #[message(overflow = drop_newest)]
    fn newest_asked(&mut self, n: u32) -> u32 {
        self.note("newest_asked", n);
        n
    }

    #[message(overflow = drop_oldest)]
    fn oldest(&mut self, n: u32) {
        self.note("oldest", n);
    }

    #[message(overflow = drop_oldest)]
    fn oldest_asked(&mut self, n: u32) -> u32 {
        self.note("oldest_asked", n);
        n
    }

    #[message(overflow = [drop_oldest, block])]
    fn oldest_or_block(&mut self, n: u32) {
        self.note("oldest_or_block", n);
    }

    #[message(overflow = [drop_oldest, reject])]
    fn oldest_or_reject(&mut self, n: u32) {
        self.note("oldest_or_reject", n);
    }

    #[message(overflow = conflate, key = sku)]
    fn priced(&mut self, sku: Sku, cents: u32) {
        self.note("priced", sku.0 * 1000 + cents);
    }

    #[message(overflow = conflate, key = sku)]
    fn priced_asked(&mut self, sku: Sku, cents: u32) -> u32 {
        self.note("priced_asked", sku.0 * 1000 + cents);
        cents
    }

    #[message(overflow = conflate, key = sku, ttl = "10s")]
    fn fresh(&mut self, sku: Sku, cents: u32) {
        self.note("fresh", sku.0 * 1000 + cents);
    }

    #[message(overflow = [conflate, block], key = sku)]
    fn priced_or_block(&mut self, sku: Sku, cents: u32) {
        self.note("priced_or_block", sku.0 * 1000 + cents);
    }

    #[message(overflow = [conflate, reject], key = sku)]
    fn priced_or_reject(&mut self, sku: Sku, cents: u32) {
        self.note("priced_or_reject", sku.0 * 1000 + cents);
    }

    #[message(overflow = [conflate, drop_oldest, reject], key = sku)]
    fn priced_or_oldest(&mut self, sku: Sku, cents: u32) {
        self.note("priced_or_oldest", sku.0 * 1000 + cents);
    }

    #[message(overflow = conflate, key = sku)]
    async fn slow(&mut self, sku: Sku, cents: u32) {
        self.note("slow", sku.0 * 1000 + cents);
        tokio::time::sleep(SECOND).await;
    }

    #[message(overflow = drop_oldest)]
    async fn rest(&mut self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    #[message(overflow = reject)]
    fn reject_asked(&mut self, n: u32) -> u32 {
        n
    }

    #[message(overflow = reject, ttl = "5s")]
    fn brief(&mut self, n: u32) {
        self.note("brief", n);
    }

    #[message]
    fn fails(&mut self) {
        panic!("on purpose");
    }
}

fn store(system: &System) -> (StoreHandle, Log) {
    let log = Log::default();
    let store = system.spawn(Store { log: log.clone() });
    (store, log)
}

/// Whether no message of this row was lost.
fn lost_nothing(row: &Row) -> bool {
    row.dropped + row.conflated + row.evicted + row.expired + row.cancelled + row.undelivered == 0
}

//! Each word, in each way of writing it.
#![deny(warnings)]

use actors_core::prelude::*;
use std::sync::Arc;

struct Shop;

#[actor(capacity = 64, max_waiting = 8, max_bytes = 65_536, reserve = 0x8, jobs = 0, schedule = weighted(by = time))]
impl Shop {
    #[message(priority = low, overflow = [evict_lower, drop_random(from = 0.5)], max = 64, weight = page, ttl = "5s")]
    fn viewed(&mut self, page: String) {
        drop(page);
    }

    #[message(overflow = drop_random(from = 0), order = lifo_under_pressure, weight = picture)]
    fn pictured(&mut self, picture: Option<Arc<[u8]>>) {
        drop(picture);
    }

    #[message(overflow = drop_random, order = fifo, weight = sizes::of_note)]
    fn noted(&mut self, note: String) {
        drop(note);
    }

    #[message(overflow = [conflate, drop_oldest, evict_lower, block], key = sku, weight = of_price)]
    fn priced(&mut self, sku: u32, tags: Vec<String>) {
        let _ = (sku, tags);
    }
}

fn of_price(message: &shop_messages::Priced) -> usize {
    message.tags.iter().map(String::len).sum()
}

mod sizes {
    pub fn of_note(message: &super::shop_messages::Noted) -> usize {
        message.note.len()
    }
}

struct Cart;

#[actor(schedule = weighted, workers = 4, pressure(respond = shed))]
impl Cart {
    #[started]
    fn begin(&mut self) {}
}

struct Till;

#[actor(
    schedule = weighted(by = turns),
    workers = 0x1..=1_024,
    keep_alive = "10s",
    pressure(high = 1, low = 0, target = "20ms", dwell = "0.5s", respond = [spawn, shed, block]),
)]
impl Till {
    #[message(key = customer)]
    fn paid(&mut self, customer: u64) {
        let _ = customer;
    }

    #[message(overflow = [drop_oldest, block], key = customer)]
    fn refunded(&mut self, customer: u64) {
        let _ = customer;
    }
}

struct Shelf;

#[actor(schedule = strict, workers = 1..=8)]
impl Shelf {
    #[message]
    fn viewed(&mut self) {}
}

struct Door;

#[actor(workers = 1, pressure(low = 0.25, respond = [block]))]
impl Door {
    #[message(key = r#type)]
    fn opened(&mut self, r#type: u8) {
        let _ = r#type;
    }
}

#[derive(Message)]
#[message(weight = 0, max = 4, key = 0)]
pub struct Stocked(pub [u8; 16]);

#[derive(Message)]
#[message(weight = Self::bytes)]
pub enum Change {
    Up(Box<str>),
    Down,
}

impl Change {
    fn bytes(&self) -> usize {
        match self {
            Self::Up(text) => text.len(),
            Self::Down => 0,
        }
    }
}

#[derive(Message)]
#[message(weight = items)]
pub struct Batch<T> {
    pub items: Vec<T>,
}

fn main() {}

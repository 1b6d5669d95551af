//! A program that knows the runtime by another path only: `actors_core` is not the runtime here.

extern crate core as actors_core;

mod face {
    pub use actors_tests::runtime as actors;
}

use face::actors::prelude::*;
use std::marker::PhantomData;

#[derive(Debug, Message)]
#[message(crate = crate::face::actors, reply = u32, key = sku, weight = sku, overflow = reject)]
pub struct GetStock {
    pub sku: u32,
}

pub struct Shop {
    views: u64,
}

#[actor(
    crate = crate::face::actors,
    capacity = 64,
    schedule = weighted,
    workers = 1..=2,
    pressure(high = 0.8, respond = [spawn, block])
)]
impl Shop {
    #[message(priority = low, overflow = [conflate, drop_oldest], key = page, ttl = "5s")]
    fn viewed(&mut self, page: String) {
        let _ = page;
        self.views += 1;
    }

    #[message]
    async fn total(&mut self, ctx: &mut Context<Self>) -> u64 {
        let _ = ctx.name();
        self.views
    }

    #[message(overflow = reject)]
    fn report(&mut self, reply: ReplyTo<u64>) {
        let _ = reply.send(self.views);
    }

    #[handler]
    fn get_stock(&mut self, ask: GetStock) -> u32 {
        ask.sku
    }

    #[started]
    async fn open(&mut self) -> Result<(), BoxError> {
        Ok(())
    }

    #[stopped]
    fn close(&mut self, _why: StopReason) {}
}

pub struct Shelf<T> {
    of: PhantomData<T>,
}

#[actor(crate = actors_tests::runtime)]
impl<T: Send + 'static> Shelf<T> {
    #[message]
    fn put(&mut self, thing: T) {
        drop(thing);
    }
}

fn main() {
    fn local() {
        struct Lamp;

        #[actor(crate = crate::face::actors, local)]
        impl Lamp {
            #[message(boxed)]
            fn lit(&mut self, by: u64) {
                let _ = by;
            }
        }
        let _ = Lamp;
    }
    local();
    let _ = (Shop { views: 0 }, Shelf::<u64> { of: PhantomData });
}

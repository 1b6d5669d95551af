//! A call borrows its handle; a task needs `.owned()`.
use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    #[message]
    fn price(&self) -> u64 {
        990
    }
}

async fn ask(system: System) {
    let shop = system.spawn(Shop);
    tokio::spawn(shop.price().owned());
    tokio::spawn(shop.price());
}

fn main() {}

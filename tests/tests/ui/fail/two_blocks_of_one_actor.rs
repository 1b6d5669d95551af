//! An actor has one block. The first error says so; the others are names that the compiler finds twice.
use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    #[message]
    fn viewed(&mut self, page: String) {
        let _ = page;
    }
}

#[actor]
impl Shop {
    #[message]
    async fn sold(&mut self, cents: u64) -> u64 {
        cents
    }
}

async fn sell(system: System) -> u64 {
    let shop = system.spawn(Shop);
    shop.viewed("/".into()).await.unwrap();
    shop.sold(990).await.unwrap()
}

fn main() {}

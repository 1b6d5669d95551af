//! A reply that is not `Send` is one error, on the reply, and says what to write.
use actors_core::prelude::*;
use std::error::Error;

struct Shop;

#[actor]
impl Shop {
    #[message]
    async fn sold(&mut self, cents: u64) -> Result<u64, Box<dyn Error>> {
        Ok(cents)
    }
}

async fn sell(shop: &ShopHandle) -> u64 {
    shop.sold(990).await.unwrap().unwrap()
}

fn main() {}

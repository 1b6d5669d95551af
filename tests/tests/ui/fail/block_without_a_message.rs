//! A block whose methods lack their mark is one error, on the first of them. Their calls are no errors.
use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    fn new() -> Self {
        Shop
    }

    async fn charge(&mut self, cents: u64) -> u64 {
        cents
    }

    fn price(&self, sku: u32) -> u32 {
        sku
    }
}

struct Cart;

#[actor]
impl Cart {}

struct Till;

#[actor]
impl Till {
    const SIZE: usize = 3;

    fn new() -> Self {
        Till
    }
}

async fn sell(system: System) -> u64 {
    let shop: ShopHandle = system.spawn(Shop::new());
    shop.price(7).await.unwrap();
    let _ = (system.spawn(Cart), system.spawn(Till::new()), Till::SIZE);
    shop.charge(990).await.unwrap()
}

fn main() {}

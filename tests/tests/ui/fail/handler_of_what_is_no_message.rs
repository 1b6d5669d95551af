//! A struct without `derive(Message)` is one error, on the argument.
use actors_core::prelude::*;

struct GetStock {
    sku: u32,
}

struct Shop;

#[actor]
impl Shop {
    #[handler]
    async fn stock(&mut self, ask: GetStock) -> u32 {
        ask.sku
    }

    #[message]
    fn viewed(&mut self, page: String) {
        let _ = page;
    }
}

async fn sell(shop: &ShopHandle) {
    shop.stock(GetStock { sku: 7 }).await.unwrap();
}

fn main() {}

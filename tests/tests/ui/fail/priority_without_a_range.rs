use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    #[message(priority = high)]
    async fn order(&mut self, sku: u32) -> u32 {
        sku
    }
}

async fn send(shop: &ShopHandle) {
    let _ = shop.order(7).priority(Priority::Urgent).await;
}

fn main() {}

//! An argument that is not `Send` is one error, on the argument, whether or not its method is `async`.
use actors_core::prelude::*;

trait Db {}

struct Shop;

#[actor]
impl Shop {
    #[message]
    async fn swap(&mut self, db: Box<dyn Db>) {
        let _ = db;
    }

    #[message]
    fn price(&mut self, of: Box<dyn Fn(u32) -> u64>) -> u64 {
        of(1)
    }
}

async fn sell(shop: &ShopHandle) -> u64 {
    shop.price(Box::new(|sku| u64::from(sku))).await.unwrap()
}

fn main() {}

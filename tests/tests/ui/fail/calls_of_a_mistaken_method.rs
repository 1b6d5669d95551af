//! A method with a mistake is on the handle nevertheless, so that its calls are no errors.
use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    #[message]
    fn viewed(&mut self, page: &str) {}

    #[message]
    async fn sold<T>(&mut self, item: T, ctx: &mut Context<Self>) -> u64 {
        1
    }

    #[message]
    fn first<'a>(&'a mut self, of: u32) -> &'a u32 {
        todo!()
    }
}

async fn sell(shop: &ShopHandle) -> u64 {
    shop.viewed("/").await.unwrap();
    let first: u32 = shop.first(7).await.unwrap();
    shop.sold(first).await.unwrap()
}

fn main() {}

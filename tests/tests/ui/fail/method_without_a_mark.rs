//! The handle has only messages. The error of another call shows where the mark is missing.
use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    #[message]
    fn viewed(&mut self, page: String) {
        self.note(&page);
    }

    async fn charge(&mut self, cents: u64) -> u64 {
        cents
    }

    fn note(&self, _: &str) {}
}

struct Till<D>(D);

#[actor]
impl<D: Send + 'static> Till<D> {
    #[message]
    fn pay(&mut self, with: D) {
        self.keep(with);
    }

    fn keep(&mut self, with: D) {
        self.0 = with;
    }
}

async fn sell(shop: ShopHandle, till: &TillHandle<u64>) {
    shop.charge(990).await.unwrap();
    till.keep(5).await.unwrap();
    till.charge(5).await.unwrap();
}

fn main() {}

//! `boxed` on messages of all kinds, with parameters and without.
#![deny(warnings)]

use actors_core::prelude::*;

#[derive(Message)]
struct Load<R>(R);

struct Shop<D>(D);

#[actor]
impl<D: Send + 'static> Shop<D> {
    #[message(boxed)]
    fn put(&mut self, db: D) -> D {
        std::mem::replace(&mut self.0, db)
    }

    #[handler(boxed)]
    async fn load(&mut self, load: Load<D>) {
        self.0 = load.0;
    }
}

struct Cart;

#[actor]
impl Cart {
    #[message(boxed, priority = high, overflow = [conflate, block], key = sku)]
    async fn put(&mut self, sku: u32, pages: [u64; 64]) {
        let _ = (sku, pages);
    }
}

fn main() {
    let _ = |shop: &ShopHandle<u8>, cart: &CartHandle| {
        drop((shop.put(1), shop.load(Load(2)), cart.put(1, [0; 64])));
    };
    let _ = (Shop(1), Cart);
}

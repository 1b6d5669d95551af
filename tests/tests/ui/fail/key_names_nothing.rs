use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    #[message(overflow = conflate, key = id)]
    fn priced(&mut self, sku: u32, cents: u64) {
        let _ = (sku, cents);
    }

    #[message(overflow = conflate, key = sku)]
    fn locked(&mut self) {}

    #[message(overflow = conflate, key = answer)]
    fn report(&mut self, sku: u32, answer: ReplyTo<u32>) {
        answer.send(sku);
    }

    #[message(overflow = conflate, key = product.sku)]
    fn stocked(&mut self, product: u32) {
        let _ = product;
    }
}

#[derive(Message)]
#[message(overflow = conflate, key = 1)]
struct Priced(#[allow(dead_code)] u32);

fn main() {}

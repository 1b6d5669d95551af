use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    #[message(overflow = conflate)]
    fn priced(&mut self, sku: u32, cents: u64) {
        let _ = (sku, cents);
    }

    #[message(overflow = [conflate, block])]
    fn locked(&mut self) {}
}

#[derive(Message)]
#[message(overflow = conflate)]
struct Priced {
    #[allow(dead_code)]
    sku: u32,
}

fn main() {}

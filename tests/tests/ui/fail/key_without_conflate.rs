use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    #[message(overflow = block, key = sku)]
    fn priced(&mut self, sku: u32, cents: u64) {
        let _ = (sku, cents);
    }
}

#[derive(Message)]
#[message(key = sku)]
struct Priced {
    #[allow(dead_code)]
    sku: u32,
}

fn main() {}

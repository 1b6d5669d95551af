use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    #[message(overflow = conflate, key = price)]
    fn priced(&mut self, price: f64) {
        let _ = price;
    }
}

fn main() {}

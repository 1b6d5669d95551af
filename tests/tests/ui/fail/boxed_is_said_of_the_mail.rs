use actors_core::prelude::*;

#[derive(Message)]
#[message(boxed, reply = u32)]
struct GetStock {
    sku: u32,
}

#[derive(Message)]
struct Load;

struct Shop;

#[actor(boxed)]
impl Shop {
    #[message(boxed = true)]
    fn viewed(&mut self) {}

    #[message(boxd)]
    fn opened(&mut self) {}

    #[handler(boxed, priority = high)]
    fn stock(&mut self, ask: GetStock) -> u32 {
        ask.sku
    }

    #[handler(boxed(64), volume = 3)]
    fn load(&mut self, load: Load) {
        let _ = load;
    }
}

fn main() {}

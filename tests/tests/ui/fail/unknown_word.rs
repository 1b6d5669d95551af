use actors_core::prelude::*;

struct Shop;

#[actor(capcity = 64, volume = 3, priority = high)]
impl Shop {
    #[message(prority = high)]
    fn viewed(&mut self) {}

    #[message(volume = 3)]
    fn locked(&mut self) {}

    #[message(capacity = 3)]
    fn opened(&mut self) {}
}

fn main() {}

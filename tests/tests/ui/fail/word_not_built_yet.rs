use actors_core::prelude::*;

struct Shop;

#[actor(workers = 1..=8, inline = never)]
impl Shop {
    #[message(attempts = 3, durable, inline = never)]
    fn viewed(&mut self, page: String) {
        drop(page);
    }

    #[message(overflow = [drop_random, evict_lower, spill])]
    fn locked(&mut self) {}

    #[message(overflow = spill)]
    fn opened(&mut self) {}
}

fn main() {}

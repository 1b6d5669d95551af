use actors_core::prelude::*;

struct Shop;

#[actor(workers = 1..=8, inline = never)]
impl Shop {
    #[message(fair_by = page, cancel = on_abandon, inline = never)]
    fn viewed(&mut self, page: String) {
        drop(page);
    }

    #[message(overflow = [drop_random, evict_lower, spill])]
    fn locked(&mut self) {}

    #[message(overflow = spill)]
    fn opened(&mut self) {}
}

fn main() {}

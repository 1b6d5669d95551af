use actors_core::prelude::*;

struct Shop;

#[actor(
    max_bytes = 4096,
    schedule = weighted,
    workers = 1..=8,
    pressure(high = 0.8, respond = [spawn, shed]),
    inline = never
)]
impl Shop {
    #[message(max = 256, rate = "1000/s", burst = 5, weight = page, boxed, inline = never)]
    fn viewed(&mut self, page: String) {
        drop(page);
    }

    #[message(overflow = [drop_random, evict_lower, spill])]
    fn closed(&mut self) {}

    #[message(overflow = spill)]
    fn opened(&mut self) {}
}

fn main() {}

use actors_core::prelude::*;

struct Shop;

#[actor(capacity = 0, reserv = 3, workers = 1..8, pressure(high = 2, respond = shde))]
impl Shop {
    #[message(priority = hihg, ttl = "soon", overflow = conflate)]
    fn viewed(page: &str, (x, y): (u32, u32)) -> &str {
        let _ = (x, y);
        page
    }

    #[message]
    fn clone(&self) {}

    #[started]
    fn open(&mut self, page: &str) {
        let _ = page;
    }
}

fn main() {}

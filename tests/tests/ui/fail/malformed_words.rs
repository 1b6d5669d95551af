use actors_core::prelude::*;

struct Shop;

#[actor(capacity, "local", reserve(3))]
impl Shop {
    #[message(priority, overflow =, key: page)]
    fn viewed(&mut self, page: String) {
        drop(page);
    }

    #[message = "high"]
    fn locked(&mut self) {}

    #[message(priority = high low, ttl(5) ms)]
    fn opened(&mut self) {}
}

fn main() {}

use actors_core::prelude::*;

struct Shop;

#[actor(capacity = 64, capacity = 32)]
impl Shop {
    #[message(ttl = "5s", priority = low, ttl = "6s")]
    fn viewed(&mut self) {}

    #[message]
    #[message(priority = low)]
    fn locked(&mut self) {}
}

#[derive(Message)]
#[message(priority = low)]
#[message(ttl = "5s")]
struct Closed;

fn main() {}

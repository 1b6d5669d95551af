use actors_core::prelude::*;

struct Shop;

#[actor(capacity = 64, workers = 1..=8)]
impl Shop {
    #[message(max_per_key = 4)]
    fn charge(&mut self, customer: u32) {
        let _ = customer;
    }

    #[message(max_per_key = 4)]
    fn locked(&mut self) {}

    #[message(key = customer, max_per_key = 0)]
    fn refund(&mut self, customer: u32) {
        let _ = customer;
    }

    #[message(key = customer, max_per_key = 65)]
    fn block(&mut self, customer: u32) {
        let _ = customer;
    }

    #[message(key = customer, max_per_key = some)]
    fn release(&mut self, customer: u32) {
        let _ = customer;
    }

    #[message(key = customer, max_per_key = 64)]
    fn greet(&mut self, customer: u32) {
        let _ = customer;
    }
}

// The actor that will handle it is unknown.
#[derive(Message)]
#[message(max_per_key = 4)]
struct Sold {
    #[allow(dead_code)]
    customer: u32,
}

fn main() {}

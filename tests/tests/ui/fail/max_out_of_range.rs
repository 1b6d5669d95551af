use actors_core::prelude::*;

struct Shop;

#[actor(capacity = 64)]
impl Shop {
    #[message(max = 0)]
    fn viewed(&mut self) {}

    #[message(max = 65)]
    fn locked(&mut self) {}

    #[message(max = 64)]
    fn opened(&mut self) {}

    #[message(max = few)]
    fn counted(&mut self) {}
}

struct Cart;

#[actor]
impl Cart {
    #[message(max = 300)]
    fn filled(&mut self) {}
}

struct Hidden;

// The number of slots is unknown.
#[actor(capacity = 0)]
impl Hidden {
    #[message(max = 300)]
    fn filled(&mut self) {}
}

// The actor that will handle it is unknown.
#[derive(Message)]
#[message(max = 16_777_217)]
struct Sold;

fn main() {}

//! An argument is moved into a message, so it has a size; the compiler says so too, of the method itself.
use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    #[message]
    fn viewed(&mut self, page: str) {}

    #[message]
    fn each(&mut self, run: dyn Fn(u32)) {}
}

fn main() {}

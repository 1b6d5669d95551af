//! An argument is moved into a message, so it needs a size. The compiler also reports the method.
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

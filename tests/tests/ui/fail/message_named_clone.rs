use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    #[message]
    fn clone(&mut self) {}
}

fn main() {}

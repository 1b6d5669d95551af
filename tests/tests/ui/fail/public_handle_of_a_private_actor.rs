use actors_core::prelude::*;

struct Shop;

#[actor(vis = pub)]
impl Shop {
    #[message]
    fn viewed(&mut self) {}
}

fn main() {}

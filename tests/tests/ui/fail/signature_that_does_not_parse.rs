use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    #[message]
    fn viewed(&mut self, page: ) {}

    #[message]
    fn locked(&mut self) {}
}

fn main() {}

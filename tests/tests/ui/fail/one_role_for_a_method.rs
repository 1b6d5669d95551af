use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    #[message]
    #[started]
    fn open(&mut self) {}

    #[handler]
    const LIMIT: u32 = 5;
}

fn main() {}

use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    #[started]
    fn open(&mut self) -> u32 {
        1
    }
}

fn main() {}

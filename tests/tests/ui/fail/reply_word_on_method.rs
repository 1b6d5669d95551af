use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    #[message(reply = u32)]
    fn count(&mut self) -> u32 {
        1
    }
}

fn main() {}

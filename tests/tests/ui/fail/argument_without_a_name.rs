use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    #[message]
    fn viewed(&mut self, (page, at): (String, u64)) {
        let _ = (page, at);
    }

    #[message]
    fn locked(&mut self, _: u32) {}

    #[message]
    fn opened(&mut self, mut at: u32) {
        at += 1;
        let _ = at;
    }
}

fn main() {}

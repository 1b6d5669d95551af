use actors_core::prelude::*;

struct Shop;

#[actor]
impl<D: Send + 'static> Shop {
    #[message]
    fn viewed(&mut self, by: D) {
        drop(by);
    }
}

fn main() {}

use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    #[message]
    fn viewed(page: String) {
        let _ = page;
    }

    #[message]
    fn consumed(self) {}

    #[message]
    fn boxed(self: Box<Self>) {}

    #[started]
    fn open() {}

    #[message]
    fn looked(&self) {}
}

fn main() {}

use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    #[message]
    fn viewed(&mut self, page: impl Into<String>) {
        let _: String = page.into();
    }

    #[message]
    fn all(&mut self) -> impl Iterator<Item = u32> {
        0..3
    }
}

fn main() {}

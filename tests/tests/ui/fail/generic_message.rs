use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    #[message]
    fn viewed<T: Send>(&mut self, page: T) {
        let _ = page;
    }

    #[message]
    fn closed<'a>(&'a mut self) {}

    #[started]
    fn open<T>(&mut self) {}

    #[message]
    fn opened(&mut self)
    where
        String: Clone,
    {
    }
}

fn main() {}

use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    #[message(priority = hihg)]
    fn viewed(&mut self) {}

    #[message(priority = 3)]
    fn locked(&mut self) {}

    #[message(priority = important)]
    fn opened(&mut self) {}
}

fn main() {}

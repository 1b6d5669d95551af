use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    #[cfg(test)]
    #[message]
    fn viewed(&mut self) {}

    #[message]
    fn locked(&mut self, #[cfg(test)] at: u32) {}
}

fn main() {}

use actors_core::prelude::*;

struct Shop;

#[actor]
impl Drop for Shop {
    fn drop(&mut self) {}
}

fn main() {}

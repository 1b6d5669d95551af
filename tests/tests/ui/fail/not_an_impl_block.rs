use actors_core::prelude::*;

#[actor]
struct Shop;

fn main() {}

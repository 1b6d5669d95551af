use actors_core::prelude::*;

struct Shop;

#[actor(reserve = 64, capacity = 64)]
impl Shop {}

struct Cart;

#[actor(reserve = 300)]
impl Cart {}

fn main() {}

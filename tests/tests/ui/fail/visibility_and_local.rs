use actors_core::prelude::*;

struct Shop;

#[actor(vis = public, local = true)]
impl Shop {}

struct Cart;

#[actor(vis, schedule = fair)]
impl Cart {}

fn main() {}

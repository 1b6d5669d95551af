//! Only a type with an `#[actor]` block can be spawned.
use actors_core::prelude::*;

struct Shop;

fn start(system: System) {
    system.spawn(Shop);
}

fn main() {}

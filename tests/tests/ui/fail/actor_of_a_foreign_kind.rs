use actors_core::prelude::*;

#[actor]
impl [u8; 4] {}

fn main() {}

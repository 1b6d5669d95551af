use actors_core::prelude::*;

struct Shop;

#[actor(crate = super::actors)]
impl Shop {
    #[message(crate = actors_core)]
    fn viewed(&mut self) {}
}

struct Till;

#[actor(crate = "actors_core")]
impl Till {
    #[message]
    fn paid(&mut self) {}
}

fn main() {}

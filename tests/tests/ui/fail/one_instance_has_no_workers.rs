//! Several instances need a factory, and the error says how to write one.
use actors_core::prelude::*;
use std::time::Duration;

struct Shop;

#[actor]
impl Shop {
    #[message]
    fn viewed(&mut self) {}
}

fn start(system: System) {
    let _ = system.instance(Shop).workers(1..=4);
    let _ = system.instance(Shop).name("shop").restart(Restart::on_failure());
    let _ = system.instance(Shop).keep_alive(Duration::from_secs(1));
}

fn main() {}

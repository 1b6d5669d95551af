//! `actor` takes a factory; the one error for a value, whatever is set after it, names the method that takes a value.
use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    #[message]
    fn viewed(&mut self) {}
}

struct Mall;

#[actor]
impl Mall {
    #[started]
    fn open(&mut self, ctx: &mut Context<Self>) {
        let _: ShopHandle = ctx.actor(Shop).name("shop").spawn().unwrap();
    }
}

fn start(system: System) {
    let _: ShopHandle = system.actor(Shop).spawn().unwrap();
    let _: ShopHandle = system.actor(Shop).name("shop").detached().spawn().unwrap();
    let _: ShopHandle = system.actor(Shop).workers(1..=8).spawn().unwrap();
    let _: ShopHandle = system.actor(Shop).restart(Restart::never()).spawn().unwrap();
    let _: ShopHandle = system.actor(|_| Shop).spawn().unwrap();
}

fn main() {}

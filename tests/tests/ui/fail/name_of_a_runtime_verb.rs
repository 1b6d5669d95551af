//! A message that would hide a method of each handle needs another name, or `shadows`.
use actors_core::prelude::*;

#[derive(Message)]
#[message(shadows)]
struct Watch;

struct Shop;

#[actor]
impl Shop {
    #[message]
    fn stop(&mut self) {}

    #[message]
    async fn kill(&mut self, id: u32) -> u32 {
        id
    }

    #[handler]
    fn watch(&mut self, ask: Watch) {
        let _ = ask;
    }

    #[message(shadows)]
    fn viewed(&mut self) {}

    #[message(shadows = true)]
    fn ledger(&mut self) {}
}

fn main() {}

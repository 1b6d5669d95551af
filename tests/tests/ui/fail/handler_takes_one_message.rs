use actors_core::prelude::*;

#[derive(Message)]
struct Ping;

struct Shop;

#[actor]
impl Shop {
    #[handler]
    fn none(&mut self, ctx: &mut Context<Self>) {
        let _ = ctx;
    }

    #[handler]
    fn two(&mut self, ping: Ping, again: Ping) {
        let _ = (ping, again);
    }

    #[handler(priority = high)]
    fn ping(&mut self, ping: Ping) {
        let _ = ping;
    }
}

fn main() {}

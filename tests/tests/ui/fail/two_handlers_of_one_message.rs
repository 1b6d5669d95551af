use actors_core::prelude::*;

#[derive(Message)]
struct Ping;

struct Shop;

#[actor]
impl Shop {
    #[handler]
    fn ping(&mut self, ping: Ping) {
        let _ = ping;
    }

    #[handler]
    fn pong(&mut self, ping: Ping) {
        let _ = ping;
    }
}

fn main() {}

use actors_core::prelude::*;

struct Ping;

struct Shop;

#[actor]
impl Shop {
    #[handler]
    fn ping(&mut self, ping: Ping) {
        let _ = ping;
    }
}

fn main() {}

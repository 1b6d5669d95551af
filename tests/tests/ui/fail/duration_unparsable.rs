use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    #[message(ttl = "soon")]
    fn viewed(&mut self) {}

    #[message(ttl = 5)]
    fn locked(&mut self) {}

    #[message(ttl = "5 seconds", timeout = "0s")]
    fn opened(&mut self) {}

    #[message(ttl = "9000h")]
    fn counted(&mut self) {}

    #[message(timeout = Duration::from_secs(5))]
    fn sold(&mut self) {}
}

fn main() {}

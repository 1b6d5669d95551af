use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    #[message(rate = "1000 a second")]
    fn viewed(&mut self) {}

    #[message(rate = 1000)]
    fn opened(&mut self) {}

    #[message(rate = "0/s")]
    fn shut(&mut self) {}

    #[message(burst = 5)]
    fn locked(&mut self) {}

    #[message(rate = "10 per 1m, sliding", burst = 5)]
    fn unlocked(&mut self) {}

    #[message(rate = "1000000 per 1h, sliding")]
    fn counted(&mut self) {}
}

fn main() {}

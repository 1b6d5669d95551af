use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    #[message(overflow = drop_odlest)]
    fn viewed(&mut self) {}

    #[message(overflow = [drop_oldest, explode])]
    fn locked(&mut self) {}

    #[message(overflow = "block")]
    fn opened(&mut self) {}
}

fn main() {}

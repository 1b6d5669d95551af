use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    #[message(overflow = drop_random(from = 1))]
    fn viewed(&mut self) {}

    #[message(overflow = drop_random(from = -0.5))]
    fn locked(&mut self) {}

    #[message(overflow = [drop_random(form = 0.5), block])]
    fn opened(&mut self) {}

    #[message(overflow = [evict_lower, drop_random()])]
    fn counted(&mut self) {}

    #[message(overflow = drop_oldest(from = 0.5))]
    fn sold(&mut self) {}

    #[message(overflow = drop_randon(from = 0.5))]
    fn listed(&mut self) {}
}

fn main() {}

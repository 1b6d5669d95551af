use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    #[message(overflow = [])]
    fn viewed(&mut self) {}

    #[message(overflow = [block, drop_oldest])]
    fn locked(&mut self) {}

    #[message(overflow = [reject, drop_newest])]
    fn opened(&mut self) {}

    #[message(overflow = [drop_newest, drop_oldest, block])]
    fn counted(&mut self) {}

    #[message(overflow = [drop_oldest, conflate], key = sku)]
    fn priced(&mut self, sku: u32) {
        let _ = sku;
    }

    #[message(overflow = [drop_oldest, drop_oldest])]
    fn stocked(&mut self) {}

    #[message(overflow = [drop_oldest, evict_lower, drop_random(from = 0.5)])]
    fn listed(&mut self) {}

    #[message(overflow = [conflate, drop_oldest, evict_lower, block], key = sku)]
    fn sold(&mut self, sku: u32) {
        let _ = sku;
    }
}

fn main() {}

use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    #[message]
    fn _1(&mut self) {}

    #[message]
    fn self_(&mut self) {}
}

fn main() {
    struct Cart;

    #[actor(local)]
    impl Cart {
        #[message]
        fn handle(&mut self) {}
    }
}

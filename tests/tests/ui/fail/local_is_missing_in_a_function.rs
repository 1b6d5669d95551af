use actors_core::prelude::*;

fn main() {
    struct Shop;

    #[actor]
    impl Shop {
        #[message]
        fn viewed(&mut self, page: String) {
            let _ = page;
        }
    }
}

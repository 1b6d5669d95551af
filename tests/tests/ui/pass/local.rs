//! Inside a function there is no module: the structs have the actor's name as a prefix.
#![deny(warnings)]

use actors_core::prelude::*;

fn main() {
    struct Page(String);

    #[derive(Default)]
    struct Shop {
        views: usize,
    }

    #[actor(local)]
    impl Shop {
        #[message]
        fn viewed(&mut self, page: Page) {
            self.views += page.0.len();
        }

        #[message]
        fn cleared(&mut self) {
            self.views = 0;
        }
    }

    let _ = |shop: &ShopHandle| {
        drop(shop.viewed(Page(String::new())));
        drop(shop.tell(ShopViewed { page: Page(String::new()) }));
        drop(shop.tell(ShopCleared.clone()));
    };
    let _ = Shop::default();
}

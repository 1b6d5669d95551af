//! A handle is private to the module of its block, unless the block has `vis`.
mod shop {
    use actors_core::prelude::*;

    pub struct Shop;

    #[actor]
    impl Shop {
        #[message]
        fn viewed(&mut self) {}
    }
}

fn view(shop: &shop::ShopHandle) {
    drop(shop.viewed());
    drop(shop.tell(shop::shop_messages::Viewed));
}

fn main() {}

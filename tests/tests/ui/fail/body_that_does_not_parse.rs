use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    #[message]
    fn viewed(&mut self, page: String) {
        let shown = ;
    }
}

fn sound(shop: &ShopHandle) {
    drop(shop.viewed(String::new()));
}

fn main() {
    let _ = sound;
}

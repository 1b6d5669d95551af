use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    #[message]
    fn viewed(&mut self, page: &str) {
        let _ = page;
    }

    #[message(ttl = "soon")]
    fn locked(&mut self, at: u64) {
        let _ = at;
    }

    #[message]
    fn opened(&mut self) {}
}

fn sound(shop: &ShopHandle) {
    drop(shop.locked(5));
    drop(shop.opened());
    drop(shop.tell(shop_messages::Opened));
}

fn main() {
    let _ = sound;
}

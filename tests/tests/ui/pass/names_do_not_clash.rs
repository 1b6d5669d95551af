//! A message may have the name of its argument's type, and an argument any name that the expansion uses.
#![deny(warnings)]

use actors_core::prelude::*;

#[derive(Clone)]
struct Order {
    id: u32,
}

struct Shop {
    orders: Vec<Order>,
}

#[actor]
impl Shop {
    const SHELVES: usize = 2;

    #[message]
    fn order(&mut self, order: Order) {
        self.orders.push(order);
    }

    #[message]
    fn string(&mut self, string: String) -> String {
        string
    }

    #[message]
    fn result(&mut self, option: Option<u32>) -> Result<u32, String> {
        option.ok_or_else(String::new)
    }

    #[message]
    async fn merge(&mut self, other: Box<Self>, shelves: [u32; Self::SHELVES]) -> Vec<Self> {
        let _ = shelves;
        vec![*other]
    }

    #[message(overflow = [conflate, block], key = other)]
    fn keyed(&mut self, state: u32, other: u32, f: u32) -> u32 {
        state + other + f
    }

    #[message]
    fn hygiene(&mut self, actor: u32, ctx: u32, message: u32, answer: u32, reply: u32, envelope: u32) -> u32 {
        actor + ctx + message + answer + reply + envelope
    }

    #[message]
    fn r#type(&mut self, r#match: u32, _unused: u32) -> u32 {
        r#match
    }

    #[message(shadows)]
    fn stop(&mut self) {}

    #[message(shadows)]
    fn tell(&mut self) {}

    #[message]
    fn deliver(&self) {}

    fn first(&self) -> Option<u32> {
        self.orders.first().map(|order| order.id)
    }
}

fn compiles(shop: &ShopHandle, other: Shop) {
    drop(shop.order(Order { id: 1 }));
    drop(shop.string(String::new()));
    drop(shop.result(other.first()));
    drop(shop.merge(Box::new(other), [1, 2]));
    drop(shop.keyed(1, 2, 3));
    drop(shop.hygiene(1, 2, 3, 4, 5, 6));
    drop(shop.r#type(1, 2));
    drop(shop.stop());
    drop(shop.tell());
    drop(Handle::tell(shop, shop_messages::Order { order: Order { id: 1 } }));
    drop(shop.ask(shop_messages::Type { r#match: 1, _unused: 2 }));
}

fn main() {
    let _ = compiles;
}

//! An actor that is not `Send` is one error, on its name, with what to write. Its handlers cause none.
use actors_core::prelude::*;
use std::rc::Rc;

struct Shop {
    cache: Rc<u32>,
}

#[actor]
impl Shop {
    #[message]
    fn viewed(&mut self, page: String) {
        let _ = page;
    }

    #[message]
    async fn sold(&mut self, cents: u64) -> u64 {
        cents + u64::from(*self.cache)
    }
}

async fn sell(system: System) -> u64 {
    let shop = system.spawn(Shop { cache: Rc::new(1) });
    shop.viewed("/".into()).await.unwrap();
    shop.sold(990).await.unwrap()
}

fn main() {}

use actors_core::prelude::*;
use std::rc::Rc;

struct Shop;

#[actor]
impl Shop {
    #[message]
    async fn viewed(&mut self) {
        let kept = Rc::new(5);
        std::future::ready(()).await;
        drop(kept);
    }

    #[started]
    async fn open(&mut self) {
        let kept = Rc::new(5);
        std::future::ready(()).await;
        drop(kept);
    }
}

fn main() {}

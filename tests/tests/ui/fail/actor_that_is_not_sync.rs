//! An `async` handler with `&self` needs a `Sync` actor; the error suggests `&mut self`.
use actors_core::prelude::*;
use std::cell::RefCell;

struct Shop {
    views: RefCell<u32>,
}

#[actor]
impl Shop {
    #[message]
    async fn viewed(&self) {
        tokio::task::yield_now().await;
        *self.views.borrow_mut() += 1;
    }
}

fn main() {}

//! An `async` handler that only borrows the actor needs one that is `Sync`; the error says that `&mut self` does not.
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

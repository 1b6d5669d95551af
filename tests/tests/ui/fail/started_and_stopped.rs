use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    #[started]
    fn open(&mut self) {}

    #[started]
    fn open_again(&mut self) {}

    #[stopped]
    fn close(&mut self) {}

    #[stopped]
    fn close_again(&mut self) {}
}

struct Cart;

#[actor]
impl Cart {
    #[started]
    fn open(&mut self, page: String) {
        let _ = page;
    }

    #[stopped]
    fn close(&mut self, ctx: &mut Context<Self>) -> u32 {
        let _ = ctx;
        1
    }
}

struct Till;

#[actor]
impl Till {
    #[started(late)]
    fn open(&mut self, ctx: &mut Context<Self>, why: StopReason) {
        let _ = (ctx, why);
    }

    #[stopped]
    fn close(&mut self, why: StopReason, again: StopReason) {
        let _ = (why, again);
    }
}

fn main() {}

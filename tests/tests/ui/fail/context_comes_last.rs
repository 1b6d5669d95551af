use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    #[message]
    fn viewed(&mut self, ctx: &mut Context<Self>, page: String) {
        let _ = (ctx, page);
    }

    #[message]
    fn locked(&mut self, ctx: Context<Self>) {
        let _ = ctx;
    }

    #[message]
    fn opened(&mut self, ctx: &Context<Self>) {
        let _ = ctx;
    }

    #[message]
    fn counted(&mut self, one: &mut Context<Self>, two: &mut Context<Self>) {
        let _ = (one, two);
    }
}

fn main() {}

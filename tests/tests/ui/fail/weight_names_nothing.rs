use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    #[message(weight)]
    fn viewed(&mut self, page: String) {
        drop(page);
    }

    #[message(weight = page.len())]
    fn locked(&mut self, page: String) {
        drop(page);
    }

    #[message(weight = "page")]
    fn opened(&mut self, page: String) {
        drop(page);
    }
}

#[derive(Message)]
#[message(weight = 1)]
struct Priced(#[allow(dead_code)] u32);

#[derive(Message)]
#[message(weight = 0)]
enum Change {
    Up(#[allow(dead_code)] u32),
}

fn main() {}

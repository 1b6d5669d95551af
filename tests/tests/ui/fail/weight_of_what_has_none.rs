use actors_core::prelude::*;

struct Shop;

#[actor(max_bytes = 4096)]
impl Shop {
    #[message(weight = price)]
    fn priced(&mut self, price: f64) {
        let _ = price;
    }

    #[message(weight = pages)]
    fn viewed(&mut self, page: String) {
        drop(page);
    }

    #[message(weight = bytes_of_text)]
    fn noted(&mut self, note: String) {
        drop(note);
    }
}

fn bytes_of_text(text: &str) -> usize {
    text.len()
}

#[derive(Message)]
#[message(weight = bytes)]
struct Sold;

fn bytes(_: &Sold) -> u32 {
    1
}

fn main() {}

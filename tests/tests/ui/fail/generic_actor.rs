use actors_core::prelude::*;

struct Shop<D>(D);

#[actor]
impl<D> Shop<D> {
    #[message]
    fn viewed(&mut self) {}
}

struct Cart<T>(T);

#[actor]
impl Cart<u32> {
    #[message]
    fn put(&mut self, sku: u32) {
        self.0 = sku;
    }
}

fn main() {}

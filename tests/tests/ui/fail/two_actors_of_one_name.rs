use actors_core::prelude::*;

struct Cart<T>(T);

#[actor]
impl Cart<u32> {
    #[message]
    fn put(&mut self, sku: u32) {
        self.0 = sku;
    }
}

#[actor]
impl Cart<String> {
    #[message]
    fn put(&mut self, sku: String) {
        self.0 = sku;
    }
}

fn main() {}

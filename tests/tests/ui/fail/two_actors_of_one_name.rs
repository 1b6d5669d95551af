use actors_core::prelude::*;

struct Cart<T>(T);

#[actor]
impl Cart<u32> {
    #[message]
    fn viewed(&mut self) {}
}

#[actor]
impl Cart<String> {
    #[message]
    fn sold(&mut self) {}
}

fn main() {
    let _ = (Cart(1).0, Cart(String::new()).0);
}

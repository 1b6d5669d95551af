use actors_core::prelude::*;

struct Cart<T>(T);

#[actor]
impl Cart<u32> {}

#[actor]
impl Cart<String> {}

fn main() {
    let _ = (Cart(1).0, Cart(String::new()).0);
}

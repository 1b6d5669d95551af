use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    #[message]
    const fn viewed(&mut self) {}

    #[message]
    unsafe fn locked(&mut self) {}

    #[handler]
    extern "C" fn stock(&mut self, ask: u32) {
        let _ = ask;
    }
}

fn main() {}

use actors_core::prelude::*;
use std::rc::Rc;

struct Shop;

#[actor]
impl Shop {
    #[message]
    fn viewed(&mut self, page: Rc<str>) {
        let _ = page;
    }
}

fn main() {}

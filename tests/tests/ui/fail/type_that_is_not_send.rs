use actors_core::prelude::*;
use std::rc::Rc;

struct Shop;

#[actor]
impl Shop {
    #[message]
    fn viewed(&mut self, page: Vec<Rc<str>>, at: *const u8) {
        let _ = (page, at);
    }

    #[message]
    fn rank(&mut self) -> std::rc::Rc<str> {
        "shop".into()
    }
}

fn main() {}

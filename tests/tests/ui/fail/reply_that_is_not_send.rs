use actors_core::prelude::*;
use std::rc::Rc;

struct Shop;

#[actor]
impl Shop {
    #[message]
    fn name(&mut self) -> Rc<str> {
        "shop".into()
    }
}

fn main() {}

use actors_core::prelude::*;
use std::borrow::Cow;
use std::path::Path;

struct Shop;

#[actor]
impl Shop {
    #[message]
    fn viewed(&mut self, page: &str) {
        let _ = page;
    }

    #[message]
    fn ordered(&mut self, skus: &[u32], at: &Path) {
        let _ = (skus, at);
    }

    #[message]
    fn merged(&mut self, other: &mut Shop, all: Vec<&str>, some: Cow<'_, str>) {
        let _ = (other, all, some);
    }

    #[message]
    fn named(&mut self) -> &str {
        "shop"
    }

    #[message]
    fn hooked(&mut self, with: &dyn Fn(u32)) {
        with(1);
    }

    #[message]
    fn fine(&mut self, name: &'static str, then: Box<dyn Fn(&str) + Send>) {
        then(name);
    }
}

fn main() {}

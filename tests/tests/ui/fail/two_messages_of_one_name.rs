#![allow(non_snake_case)]

use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    #[message]
    fn page_viewed(&mut self) {}

    #[message]
    fn pageViewed(&mut self) {}
}

fn main() {}

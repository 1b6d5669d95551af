//! Methods whose names would trigger a lint, deprecated ones, and one that is never sent.
#![deny(warnings)]

use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    /// Old.
    #[deprecated = "use `next`"]
    #[message]
    fn into_cash(&mut self, cents: u64) -> u64 {
        cents
    }

    #[message]
    fn next(&mut self) -> u64 {
        1
    }
}

fn main() {
    let _ = Shop;
}

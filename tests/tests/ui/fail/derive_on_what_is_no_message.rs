use actors_core::prelude::*;

#[derive(Message)]
union Bits {
    whole: u32,
    part: u8,
}

#[derive(Message)]
#[message(overflow = conflate, key = sku)]
enum Change {
    Up { sku: u32 },
    Down { sku: u32 },
}

#[derive(Message)]
struct Named<'a>(&'a str);

#[derive(Message)]
#[message(reply = &str, priority = top, timeout = "1", max = 5)]
struct Wrong;

#[derive(Message)]
#[message(reply)]
struct Vague;

#[derive(Message)]
#[message(reply = 5)]
struct Five;

fn main() {}

use actors_core::prelude::*;

struct Shop;

#[actor]
impl Shop {
    #[message]
    fn both(&mut self, reply: ReplyTo<u32>) -> u32 {
        drop(reply);
        1
    }

    #[message]
    fn twice(&mut self, one: ReplyTo<u32>, other: ReplyTo<u32>) {
        drop((one, other));
    }

    #[message]
    fn borrowed(&mut self, reply: ReplyTo<&str>) {
        drop(reply);
    }
}

fn main() {}

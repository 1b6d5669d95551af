use actors_core::prelude::*;

#[derive(Message)]
#[message(reply = u32)]
struct Count;

#[derive(Message)]
#[message(reply = String)]
struct Name;

#[derive(Message)]
#[message(reply = bool)]
struct Open;

struct Shop;

#[actor]
impl Shop {
    #[handler]
    async fn count(&mut self, ask: Count) -> u64 {
        let _ = ask;
        1
    }

    #[handler]
    fn rank(&mut self, ask: Name) {
        let _ = ask;
    }

    #[handler]
    fn open(&mut self, ask: Open, reply: ReplyTo<u8>) {
        let _ = (ask, reply);
    }
}

fn main() {}

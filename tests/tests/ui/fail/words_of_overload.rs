use actors_core::prelude::*;

struct Shop;

#[derive(Message)]
#[message(fair_by = 0)]
enum Either {
    One(u32),
}

#[actor(rate = "fast")]
impl Shop {
    #[message(cancel = on_abandon)]
    fn plain(&mut self) -> u32 {
        7
    }

    #[message(cancel = always)]
    async fn always(&mut self) -> u32 {
        7
    }

    #[message(cancel = on_abandon)]
    async fn later(&mut self, reply: ReplyTo<u32>) {
        let _ = reply.send(7);
    }

    #[message(exempt)]
    fn trifle(&mut self) {}

    #[message(rate = "1/s", cost = 7)]
    fn costly(&mut self) {}

    #[message(fair_by = account)]
    fn nobody(&mut self, user: u32) {
        let _ = user;
    }

    #[message(fair_by = user, key = user)]
    fn both(&mut self, user: u32) {
        let _ = user;
    }

    #[message(priority = high..=normal)]
    fn reversed(&mut self) {}

    #[message(priority = normal..high)]
    fn open(&mut self) {}

    #[message(priority = normal..=high, overflow = conflate, key = sku)]
    fn priced(&mut self, sku: u32) {
        let _ = sku;
    }

    #[message(fair_by = user, order = lifo_under_pressure)]
    fn newest(&mut self, user: u32) {
        let _ = user;
    }

    #[message(fair_by = user, overflow = drop_all)]
    fn cleared(&mut self, user: u32) {
        let _ = user;
    }
}

fn main() {}

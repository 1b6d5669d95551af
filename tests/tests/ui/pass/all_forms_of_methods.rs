//! Plain and async, with and without context, answers now and later, and all hooks.
#![deny(warnings)]

use actors_core::prelude::*;

#[derive(Debug, Message)]
#[message(reply = u32, priority = urgent, overflow = reject, timeout = "20ms")]
struct GetStock {
    sku: u32,
}

#[derive(Message)]
#[message(overflow = conflate, key = 0, ttl = "1h")]
struct Priced(u32, u64);

#[derive(Debug, Message)]
enum Change {
    Up,
    Down(u32),
}

#[derive(Debug, Clone, Message)]
#[message(reply = Vec<T>)]
struct Load<T: Clone + Sync> {
    item: T,
}

#[derive(Debug)]
struct Never;

impl std::fmt::Display for Never {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("never")
    }
}

impl std::error::Error for Never {}

struct Shop {
    stock: u32,
}

#[actor]
impl Shop {
    #[message]
    fn plain(&mut self) {}

    #[message]
    async fn later(&mut self) -> () {}

    #[message]
    fn shared(&self, _by: u32, ctx: &mut Context<Self>) -> u32 {
        let _ = ctx;
        self.stock
    }

    #[message]
    async fn waits(&self, _: &mut actors_core::Context<Self>) -> u32 {
        self.stock
    }

    #[message(overflow = reject)]
    fn report(&mut self, reply: ReplyTo<u32>) {
        let _ = reply.send(self.stock);
    }

    #[message]
    async fn report_later(&mut self, by: u32, reply: ReplyTo<Result<u32, Never>>, ctx: &mut Context<Self>) {
        let _ = ctx;
        let _ = reply.send(if by == 0 { Err(Never) } else { Ok(by) });
    }

    #[handler]
    async fn stock(&mut self, ask: GetStock, ctx: &mut Context<Self>) -> u32 {
        let _ = ctx;
        ask.sku
    }

    #[handler]
    fn priced(&mut self, mut price: Priced) {
        price.0 += 1;
        self.stock += price.0 + u32::try_from(price.1).unwrap_or(0);
    }

    #[handler]
    fn changed(&mut self, change: Change) {
        self.stock = match change {
            Change::Up => self.stock + 1,
            Change::Down(by) => self.stock - by,
        };
    }

    #[handler]
    fn load(&mut self, load: Load<u8>, reply: ReplyTo<Vec<u8>>) {
        let _ = reply.send(vec![load.item]);
    }

    #[handler]
    async fn load_text(&mut self, load: Load<String>) -> Vec<String> {
        vec![load.item]
    }

    #[started]
    async fn open(&mut self, ctx: &mut Context<Self>) -> Result<(), Never> {
        let _ = ctx;
        if self.stock == 0 { Err(Never) } else { Ok(()) }
    }

    #[stopped]
    async fn close(&mut self, why: StopReason) {
        let _ = why;
    }
}

struct Cart;

#[actor]
impl Cart {
    #[started]
    fn open(&mut self) {}

    #[stopped]
    fn close(&mut self) {}
}

struct Till;

#[actor]
impl Till {
    #[started]
    fn started(&mut self, _: &mut Context<Self>) -> Result<(), BoxError> {
        Ok(())
    }

    #[stopped]
    async fn stopped(&self) {}
}

fn compiles(shop: &ShopHandle, cart: &CartHandle, till: &TillHandle) {
    drop((shop.plain(), shop.later(), shop.shared(1), shop.waits(), shop.report(), shop.report_later(1)));
    drop((shop.stock(GetStock { sku: 1 }), shop.priced(Priced(1, 2))));
    drop((shop.changed(Change::Up), shop.changed(Change::Down(1))));
    drop((shop.load(Load { item: 1 }), shop.load_text(Load { item: String::new() })));
    drop((cart.clone(), till.clone()));
}

fn main() {
    let _ = (compiles, Shop { stock: 1 }, Cart, Till);
}

//! A message type that several actors share, and an actor that handles it, boxed.

#[derive(Debug, Message)]
#[message(reply = u32, priority = urgent, overflow = reject, key = sku)]
pub struct GetStock {
    pub sku: u32,
}

struct Stock;

#[actor(vis = pub(crate))]
impl Stock {
    #[handler(boxed)]
    fn get_stock(&mut self, get: GetStock) -> u32 {
        get.sku
    }
}

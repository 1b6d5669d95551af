//! The shop with the macros.

use super::*;

pub(super) struct Shop<D>(pub(super) Books<D>);

#[actor(capacity = 4, reserve = 0, max_waiting = 2, vis = pub(super))]
impl<D: Db> Shop<D> {
    #[message(priority = high, timeout = "2s")]
    async fn charge(&mut self, card: u64, cents: u64) -> Result<u64, Declined> {
        tokio::time::sleep(SECOND).await;
        self.0.charge(card, cents)
    }

    #[message(priority = low, overflow = drop_oldest, ttl = "5s")]
    fn viewed(&mut self, page: String) {
        self.0.pages.push(page);
    }

    #[message(overflow = conflate, key = sku)]
    fn priced(&mut self, sku: u32, cents: u64) {
        self.0.prices.insert(sku, cents);
    }

    #[message]
    fn put(&mut self, row: D::Row) -> usize {
        self.0.db.put(row)
    }

    #[message(overflow = reject)]
    fn last(&mut self, reply: ReplyTo<Option<D::Row>>) {
        let _ = reply.send(self.0.db.last());
    }

    #[message(boxed)]
    fn load(&mut self, page: Page) -> usize {
        self.0.load(&page)
    }

    #[handler]
    fn stock(&mut self, ask: GetStock, ctx: &mut Context<Self>) -> u32 {
        assert_eq!(ctx.name().as_str(), "shop");
        ask.sku + self.0.pages.len() as u32
    }

    #[started]
    async fn open(&mut self, ctx: &mut Context<Self>) -> Result<(), BoxError> {
        assert_eq!(ctx.name().as_str(), "shop");
        tokio::task::yield_now().await;
        self.0.open()
    }

    #[stopped]
    fn close(&mut self, why: StopReason) {
        assert!(self.0.is_open && why == StopReason::Stopped);
    }
}

//! `boxed`: a large message does not widen every slot, and is a message like any other for the
//! rest.

use actors_core::prelude::*;
use actors_core::testing;
use actors_tests::run;
use std::mem::size_of;

/// A kilobyte.
type Page = [u8; 1024];

/// A large message that several actors share.
#[derive(Clone, Message)]
#[message(reply = usize)]
struct Load {
    page: Page,
}

#[derive(Default)]
struct Shop {
    bytes: usize,
}

/// The same shop without `boxed`, to compare sizes.
struct Wide;

#[actor(capacity = 4, reserve = 0)]
impl Shop {
    #[message(boxed)]
    async fn put(&mut self, page: Page) -> usize {
        tokio::task::yield_now().await;
        self.add(&page)
    }

    #[message(boxed, overflow = conflate, key = sku)]
    fn priced(&mut self, sku: u32, page: Page) {
        self.add(&page);
        assert!(sku < 3);
    }

    #[message(overflow = reject, boxed)]
    fn later(&mut self, page: Page, reply: ReplyTo<usize>) {
        let _ = reply.send(self.add(&page));
    }

    #[handler(boxed)]
    fn load(&mut self, load: Load) -> usize {
        self.add(&load.page)
    }

    #[message]
    fn viewed(&mut self, by: u64) {
        let _ = by;
    }
}

impl Shop {
    fn add(&mut self, page: &Page) -> usize {
        self.bytes += page.iter().map(|byte| usize::from(*byte)).sum::<usize>();
        self.bytes
    }
}

#[actor]
impl Wide {
    #[message]
    fn put(&mut self, page: Page) -> usize {
        page.len()
    }

    #[message]
    fn viewed(&mut self, by: u64) {
        let _ = by;
    }
}

fn page(first: u8) -> Page {
    let mut page = [0; 1024];
    page[0] = first;
    page
}

#[test]
fn a_boxed_message_does_not_widen_the_slots() {
    assert!(size_of::<<Wide as Actor>::Mail>() > 1024);
    // The tag, a message of one word, and the reply sender.
    assert!(size_of::<<Shop as Actor>::Mail>() <= 32, "{}", size_of::<<Shop as Actor>::Mail>());
}

#[test]
fn a_boxed_message_is_told_asked_answered_and_conflated() {
    run(async |system| {
        let shop = system.spawn(Shop::default());
        assert_eq!(shop.put(page(1)).await.unwrap(), 1);
        assert_eq!(shop.later(page(2)).await.unwrap(), 3);
        assert_eq!(shop.load(Load { page: page(3) }).await.unwrap(), 6);
        assert_eq!(shop.ask(shop_messages::Put { page: page(4) }).await.unwrap(), 10);
        let recipient: Recipient<Load> = shop.recipient();
        assert_eq!(recipient.ask(Load { page: page(5) }).await.unwrap(), 15);
        let held = testing::hold(&shop);
        for first in [10, 20, 30] {
            shop.priced(1, page(first)).await.unwrap();
        }
        shop.priced(2, page(1)).await.unwrap();
        held.release();
        testing::quiet(&system).await;
        assert_eq!(shop.put(page(0)).await.unwrap(), 46);
        assert_eq!(shop.ledger().of::<shop_messages::Priced>().conflated, 2);
        assert!(shop.ledger().is_balanced());
    });
}

#[test]
fn a_boxed_message_comes_back_and_is_seen_among_the_lost() {
    run(async |system| {
        let mut lost = system.dead_letters();
        let shop = system.spawn(Shop::default());
        let held = testing::hold(&shop);
        for by in 0..4 {
            shop.viewed(by).await.unwrap();
        }
        let (error, message) = shop.later(page(7)).returning().await.unwrap_err();
        assert_eq!((error.reason(), message.unwrap().page[0]), (Reason::Full, 7));
        shop.kill();
        drop(held);
        shop.closed().await;
        assert_eq!(lost.next().await.unwrap().message, "Viewed");
        let (error, message) = shop.load(Load { page: page(8) }).returning().await.unwrap_err();
        assert_eq!((error.reason(), message.unwrap().page[0]), (Reason::Closed, 8));
    });
}

//! Private actors, arguments and replies cause no error and no warning, not even where everything is denied.
#![deny(warnings, missing_docs, unreachable_pub, unused_qualifications, rust_2018_idioms)]

mod shop {
    use actors_core::prelude::*;

    #[derive(Clone)]
    struct Page(String);
    struct Receipt(u64);
    struct Declined;

    struct Shop {
        views: u64,
        last: Option<Page>,
    }

    #[actor(capacity = 1024, reserve = 16, max_waiting = 0, schedule = strict)]
    impl Shop {
        #[message(priority = high, overflow = block, timeout = "2s")]
        async fn charge(&mut self, card: u64, cents: u64) -> Result<Receipt, Declined> {
            if card == 0 { Err(Declined) } else { Ok(Receipt(cents)) }
        }

        #[message(priority = low, overflow = drop_oldest, ttl = "1.5s")]
        async fn viewed(&mut self, page: Page) {
            self.views += page.0.len() as u64;
            self.last = Some(page);
        }

        #[message]
        fn views(&self) -> (u64, Option<Page>) {
            (self.views, self.last.clone())
        }
    }

    fn compiles(shop: &ShopHandle) {
        drop(shop.charge(1, 2));
        drop(shop.viewed(Page(String::new())));
        drop(shop.views());
        drop(shop.tell(shop_messages::Viewed { page: Page(String::new()) }));
        drop(shop.clone());
        let _ = |receipt: Receipt| receipt.0;
        let _ = format!("{shop:?}");
    }

    pub(crate) fn seen() {
        let _ = (compiles, Shop { views: 0, last: None });
    }
}

fn main() {
    shop::seen();
}

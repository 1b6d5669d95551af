//! Inside of a function, with parameters.
#![deny(warnings)]

use actors_core::prelude::*;

fn main() {
    trait Db: Send + 'static {
        type Row: Send;
        fn row(&mut self) -> Option<Self::Row>;
    }

    struct Mock(Vec<u32>);

    impl Db for Mock {
        type Row = u32;

        fn row(&mut self) -> Option<u32> {
            self.0.pop()
        }
    }

    struct Shop<D, const N: usize> {
        db: D,
    }

    #[actor(local)]
    impl<D, const N: usize> Shop<D, N>
    where
        D: Db,
    {
        #[message]
        fn viewed(&mut self, page: String) -> usize {
            page.len() + N
        }

        #[message]
        fn swap(&mut self, db: D) {
            self.db = db;
        }

        #[message]
        async fn put(&mut self, row: D::Row) {
            drop(row);
        }

        #[message]
        fn row(&mut self) -> Option<D::Row> {
            self.db.row()
        }
    }

    let _ = |shop: &ShopHandle<Mock, 2>| {
        drop((shop.viewed(String::new()), shop.swap(Mock(Vec::new())), shop.put(1), shop.row()));
        drop(shop.tell(ShopViewed { page: String::new() }));
        drop(shop.tell(ShopPut::<Mock> { row: 1 }));
        drop(shop.ask(ShopRow::new().clone()));
    };
    let _ = Shop::<Mock, 2> { db: Mock(Vec::new()) };
}

//! `vis` with parameters: handle, module and messages are as visible as it says, and private bounds stay unmentioned.
#![deny(warnings, missing_docs, unreachable_pub, unused_qualifications, rust_2018_idioms)]

/// A crate's public part.
pub mod orders {
    use actors_core::prelude::*;

    /// Where orders are kept.
    pub trait Db: Send + 'static {
        /// One of them.
        type Row: Clone + Send + std::fmt::Debug;
    }

    /// Keeps orders.
    #[derive(Debug)]
    pub struct OrderBook<D: Db, const N: usize> {
        orders: Vec<D::Row>,
    }

    impl<D: Db, const N: usize> OrderBook<D, N> {
        /// An empty one.
        #[must_use]
        pub fn new() -> Self {
            Self { orders: Vec::new() }
        }
    }

    impl<D: Db, const N: usize> Default for OrderBook<D, N> {
        fn default() -> Self {
            Self::new()
        }
    }

    #[actor(vis = pub)]
    impl<D: Db, const N: usize> OrderBook<D, N> {
        /// Puts an order into the book.
        #[message]
        fn placed(&mut self, order: D::Row) -> usize {
            self.orders.push(order);
            N
        }

        #[message]
        fn last(&mut self) -> Option<D::Row> {
            self.orders.last().cloned()
        }

        #[message]
        fn scores(&mut self, of: [u8; N]) {
            let _ = of;
        }
    }

    trait Secret: Send + 'static {
        type Row: Send;
    }

    impl Secret for u8 {
        type Row = u8;
    }

    mod inner {
        use super::Secret;
        use actors_core::prelude::*;

        pub(super) struct Till<S: Secret>(pub(super) Vec<S::Row>);

        #[actor(vis = pub(super))]
        impl<S: Secret> Till<S> {
            #[message]
            fn opened(&mut self, by: S::Row) {
                self.0.push(by);
            }

            #[message]
            fn counted(&mut self) -> Option<S::Row> {
                self.0.pop()
            }
        }
    }

    struct Desk<S>(S);

    #[actor]
    impl<S: Secret> Desk<S> {
        #[message]
        fn put(&mut self, secret: S) {
            self.0 = secret;
        }

        #[message]
        fn rang(&mut self, at: S::Row) {
            drop(at);
        }
    }

    /// Uses what the inner module exports.
    pub fn opened() {
        let _ = |till: &inner::TillHandle<u8>, desk: &DeskHandle<u8>| {
            drop((till.opened(1), desk.put(1), desk.rang(2)));
            drop(till.tell(inner::till_messages::Opened { by: 1 }));
            drop(till.ask(inner::till_messages::Counted::new()));
        };
        let _ = (inner::Till::<u8>(Vec::new()), Desk(1_u8));
    }
}

use orders::order_book_messages::{Last, Placed, Scores};

struct Mock;

impl orders::Db for Mock {
    type Row = u32;
}

fn compiles(book: &orders::OrderBookHandle<Mock, 2>) {
    drop((book.placed(1), book.last(), book.scores([1, 2])));
    drop(book.ask(Placed::<Mock> { order: 2 }));
    drop(book.ask(Last::new()));
    drop(book.tell(Scores { of: [1, 2] }));
}

fn main() {
    orders::opened();
    let _ = (compiles, orders::OrderBook::<Mock, 2>::new());
}

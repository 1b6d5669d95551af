//! `vis` makes handle, module and messages as visible as it says, with docs on all of them.
#![deny(warnings, missing_docs)]

/// A crate's public part.
pub mod orders {
    use actors_core::prelude::*;

    /// An order.
    #[derive(Debug, Clone)]
    pub struct Order {
        /// Which one.
        pub id: u32,
    }

    /// Keeps orders.
    #[derive(Debug, Default)]
    pub struct OrderBook {
        orders: Vec<Order>,
    }

    #[actor(vis = pub)]
    impl OrderBook {
        /// Puts an order into the book.
        #[message]
        fn placed(&mut self, order: Order) -> usize {
            self.orders.push(order);
            self.orders.len()
        }

        #[message]
        fn cleared(&mut self) {
            self.orders.clear();
        }
    }

    /// Visible in the crate only.
    pub(crate) struct Desk;

    #[actor(vis = pub(crate))]
    impl Desk {
        #[message]
        fn rang(&mut self, at: u64) {
            let _ = at;
        }
    }

    mod inner {
        use actors_core::prelude::*;

        pub(super) struct Till;

        #[actor(vis = pub(super))]
        impl Till {
            #[message]
            fn opened(&mut self, by: String) {
                drop(by);
            }
        }
    }

    /// Uses what the inner module exports.
    pub fn opened() {
        let _ = |till: &inner::TillHandle| {
            drop(till.opened(String::new()));
            drop(till.tell(inner::till_messages::Opened { by: String::new() }));
        };
    }
}

use orders::order_book_messages::{Cleared, Placed};

fn compiles(book: &orders::OrderBookHandle, desk: &orders::DeskHandle) {
    drop(book.placed(orders::Order { id: 1 }));
    drop(book.tell(Cleared));
    drop(book.ask(Placed { order: orders::Order { id: 2 } }));
    drop(desk.tell(orders::desk_messages::Rang { at: 1 }.clone()));
    drop(desk.rang(1));
}

fn main() {
    orders::opened();
    let _ = compiles;
}

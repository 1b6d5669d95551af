//! The actors put together, and taken apart in order.

use crate::db::{Db, DbFile, Slowness};
use crate::orders::{Orders, OrdersHandle};
use crate::shop::{Shop, ShopHandle};
use actors_core::ShutdownReport;
use actors_core::prelude::*;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What every request in the house has time for: longer than any of their deadlines.
const DRAIN_MAX: Duration = Duration::from_secs(10);

/// A running shop.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) system: System,
    pub(crate) orders: OrdersHandle,
    pub(crate) shop: ShopHandle,
    pub(crate) slowness: Slowness,
}

impl Service {
    /// Opens the file and starts the actors. The shop is started last, so that it is the first to stop: it drains into the
    /// writer.
    pub(crate) async fn open(file: &DbFile) -> Result<Service, BoxError> {
        let slowness = Slowness::default();
        let (path, slow) = (file.path().to_owned(), slowness.clone());
        let db = tokio::task::spawn_blocking(move || Db::open(&path, slow)).await??;
        let system = System::new("storefront");
        let orders = system.instance(Orders::new(db)).name("orders").spawn()?;
        let (writer, books) = (orders.clone(), Arc::default());
        let shop =
            system.actor(move || Shop::new(writer.clone(), Arc::clone(&books))).name("shop").spawn()?;
        Ok(Service { system, orders, shop, slowness })
    }

    /// Stops taking messages, handles those that were taken, and closes the books.
    pub(crate) async fn close(self) -> Books {
        let report = self.system.shutdown(DRAIN_MAX).await;
        Books { shop: self.shop.ledger(), orders: self.orders.ledger(), report }
    }
}

/// What became of every message.
#[derive(Debug)]
pub(crate) struct Books {
    pub(crate) shop: Ledger,
    pub(crate) orders: Ledger,
    pub(crate) report: ShutdownReport,
}

impl Books {
    pub(crate) fn is_balanced(&self) -> bool {
        self.shop.is_balanced() && self.orders.is_balanced() && self.report.total.is_balanced()
    }
}

impl fmt::Display for Books {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "ledger of shop\n{}", self.shop)?;
        writeln!(f, "ledger of orders\n{}", self.orders)?;
        let balance = if self.is_balanced() { "balanced" } else { "NOT BALANCED" };
        write!(f, "shutdown: {}; {balance}", self.report)
    }
}

//! Starts the actors, and stops them in order.

use crate::db::{Db, DbFile, Slowness};
use crate::orders::{Orders, OrdersHandle};
use crate::shop::{Shop, ShopHandle};
use actors_core::prelude::*;
use actors_core::system::ShutdownReport;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The limit for draining: longer than the deadline of any request.
const DRAIN_MAX: Duration = Duration::from_secs(10);
/// One turn in so many is sampled for the histograms of `/metrics`. A payment takes milliseconds,
/// so the price of a sample, some 50 ns, does not show.
const SAMPLE_EVERY: u32 = 8;

/// A running shop.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) system: System,
    pub(crate) orders: OrdersHandle,
    pub(crate) shop: ShopHandle,
    pub(crate) slowness: Slowness,
}

impl Service {
    /// Opens the file and starts the actors. The shop starts last and therefore stops first: it
    /// drains into the writer.
    pub(crate) async fn open(file: &DbFile) -> Result<Service, BoxError> {
        let slowness = Slowness::default();
        let (path, slow) = (file.path().to_owned(), slowness.clone());
        let db = tokio::task::spawn_blocking(move || Db::open(&path, slow)).await??;
        let system = System::builder("storefront").histograms(SAMPLE_EVERY).build();
        let orders = system.instance(Orders::new(db)).name("orders").spawn()?;
        let (writer, books) = (orders.clone(), Arc::default());
        let shop =
            system.actor(move || Shop::new(writer.clone(), Arc::clone(&books))).name("shop").spawn()?;
        Ok(Service { system, orders, shop, slowness })
    }

    /// Stops accepting messages, handles those that were accepted, and returns the ledgers.
    pub(crate) async fn close(self) -> Books {
        let report = self.system.shutdown(DRAIN_MAX).await;
        Books { shop: self.shop.ledger(), orders: self.orders.ledger(), report }
    }
}

/// The ledgers of both actors.
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

//! The actor: a board with the latest price of each symbol, and the recent quotes in order.

use crate::wire::Quote;
use actors_core::prelude::*;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// The symbols that are traded. The set never grows, so the board has a fixed size.
pub(crate) const SYMBOLS: [&str; 4] = ["ACME", "ECHO", "INIT", "NULL"];
/// The quotes that are kept: some minutes of a market of this size.
pub(crate) const KEPT: usize = 1024;
/// How long the exchange takes to price an order.
const EXCHANGE: Duration = Duration::from_millis(2);

/// What the history has under a number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Past {
    Quote(Quote),
    /// Older than what is kept.
    Gone,
    /// Nothing was published under this number yet.
    NotYet,
}

#[derive(Debug)]
pub(crate) struct Quotes {
    /// The line to the exchange: a permit for each order that it prices at once.
    exchange: Arc<Semaphore>,
    latest: [Option<u64>; SYMBOLS.len()],
    recent: VecDeque<Quote>,
    /// The number of the next quote.
    next: u64,
}

impl Quotes {
    pub(crate) fn new(exchange: Arc<Semaphore>) -> Self {
        Quotes { exchange, latest: Default::default(), recent: VecDeque::new(), next: 0 }
    }
}

// Prices are asked for by people, so they go first and are refused when there are too many; the
// reserve keeps room for them. Publishers are programs that can wait. A history is read as slowly
// as its client likes. `max` bounds the slots of streams whose clients send nothing.
#[actor(
    vis = pub(crate),
    capacity = 128,
    pressure(high = 0.8, low = 0.5, target = "20ms", respond = [shed])
)]
impl Quotes {
    /// Prices an order at the exchange, in cents; `None` while the symbol has no quote.
    #[message(priority = high, overflow = reject, timeout = "1s")]
    async fn price(&mut self, symbol: usize, shares: u32) -> Option<u64> {
        // Fails when the line is closed, which is not done.
        let _line = self.exchange.acquire().await.ok()?;
        tokio::time::sleep(EXCHANGE).await;
        let cents = self.latest.get(symbol).copied().flatten()?;
        Some(cents.saturating_mul(shares.into()))
    }

    /// Takes a quote that a publisher has sent.
    #[message(overflow = block, max = 64)]
    fn publish(&mut self, symbol: usize, cents: u64) {
        let Some(latest) = self.latest.get_mut(symbol) else { return };
        *latest = Some(cents);
        if self.recent.len() == KEPT {
            self.recent.pop_front();
        }
        self.recent.push_back(Quote { number: self.next, symbol: SYMBOLS[symbol].to_owned(), cents });
        self.next += 1;
    }

    /// Returns the quote with a number.
    #[message(priority = low, overflow = reject, max = 16, timeout = "2s")]
    fn past(&mut self, number: u64) -> Past {
        let oldest = self.next - self.recent.len() as u64;
        if number < oldest {
            return Past::Gone;
        }
        let at = usize::try_from(number - oldest).ok();
        at.and_then(|at| self.recent.get(at)).cloned().map_or(Past::NotYet, Past::Quote)
    }
}

//! Three services that wait for each other, and how the runtime reports it.
//!
//! ```text
//!   customer ──► orders ──take──► stock ──quote──► pricing
//!                  ▲                                  │
//!                  └───────────── bought ─────────────┘     regular customers pay less
//! ```
//!
//! Each of these calls is reasonable, and each service may have another author. Together they are a
//! deadlock. `orders` is in the turn of this order and can count the customer's purchases only
//! after it. The turn ends after `stock` has answered, and `stock` answers after `pricing` has.
//!
//! With other runtimes all of them would wait for a time-out that says nothing about the cause.
//! Here the call that closes the cycle fails at once, in the service that made it, with the names
//! around the cycle in order. `pricing` answers with an error, as it would if `orders` were down.
//! `stock` and `orders` receive that error in the usual way, and the next order is served.
//!
//! The error also shows the fix: one arrow must go. Here `orders` knows the customer's purchases
//! before it asks, and can send them along. (Other fixes: `tell` instead of `ask`; a `ReplyTo` that
//! is answered later; the call in a task of its own.)
//!
//! `cargo run --release --example deadlock`

use actors_core::prelude::*;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// The text that a customer gets instead.
type Refusal = String;

#[derive(Default)]
struct Orders {
    stock: Option<StockHandle>,
    bought: HashMap<u32, u32>,
}

#[actor]
impl Orders {
    #[message]
    fn open(&mut self, stock: StockHandle) {
        self.stock = Some(stock);
    }

    /// `is_known`: whether the customer's purchases are sent along.
    #[message]
    async fn place(&mut self, customer: u32, is_known: bool) -> Result<u32, Refusal> {
        let Some(stock) = &self.stock else { return Err("not open yet".into()) };
        let bought = is_known.then(|| self.bought.get(&customer).copied().unwrap_or(0));
        let cents = stock.take(customer, bought).await.map_err(|error| error.to_string())??;
        *self.bought.entry(customer).or_default() += 1;
        Ok(cents)
    }

    /// Returns how much this customer has bought.
    #[message]
    fn bought(&mut self, customer: u32) -> u32 {
        self.bought.get(&customer).copied().unwrap_or(0)
    }
}

struct Stock {
    pricing: PricingHandle,
    books: u32,
}

#[actor]
impl Stock {
    /// Takes a book from the shelf, at its price.
    #[message]
    async fn take(&mut self, customer: u32, bought: Option<u32>) -> Result<u32, Refusal> {
        let cents = self.pricing.quote(customer, bought).await.map_err(|error| error.to_string())??;
        self.books -= 1;
        Ok(cents)
    }
}

struct Pricing {
    orders: OrdersHandle,
}

#[actor]
impl Pricing {
    #[message]
    async fn quote(&mut self, customer: u32, bought: Option<u32>) -> Result<u32, Refusal> {
        let bought = match bought {
            Some(bought) => bought,
            None => match self.orders.bought(customer).await {
                Ok(bought) => bought,
                Err(error) => {
                    println!("pricing got an error: {error}");
                    return Err("there is no price now".into());
                }
            },
        };
        Ok(if bought > 0 { 900 } else { 990 })
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let system = System::new("bookshop");
    let orders: OrdersHandle = system.instance(Orders::default()).name("orders").spawn()?;
    let pricing = system.instance(Pricing { orders: orders.clone() }).name("pricing").spawn()?;
    let stock: StockHandle = system.instance(Stock { pricing, books: 10 }).name("stock").spawn()?;
    orders.open(stock.clone()).await?;

    for (customer, is_known) in [(7, false), (7, true), (7, false), (7, true)] {
        let began = Instant::now();
        let placed = orders.place(customer, is_known).await?;
        assert!(began.elapsed() < Duration::from_secs(5), "no call waits for a time-out");
        match placed {
            Ok(cents) => println!("customer {customer} pays {cents} cents"),
            Err(why) => println!("customer {customer} gets: {why}"),
        }
    }
    println!("{}", orders.ledger());
    drop((orders, stock));
    assert!(system.shutdown(Duration::from_secs(5)).await.total.is_balanced());
    Ok(())
}
